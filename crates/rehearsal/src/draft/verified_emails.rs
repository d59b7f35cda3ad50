//! Which e-mails were verified: what django-allauth keeps, a flag, or the moment of it.

use legacy_users::{Holds, Survey, SurveyedTable};

use super::sampled::percent;
use super::toml::quoted;
use super::{Choosable, Writer};

/// django-allauth's table of addresses.
const ALLAUTH: &str = "account_emailaddress";

/// Where it stands in the survey, wherever there is one.
pub(super) fn allauths_tables(survey: &Survey) -> impl Iterator<Item = usize> {
    let tables = survey.tables.iter().enumerate();
    let allauths = tables.filter(|(_, table)| table.name == ALLAUTH);
    allauths.map(|(position, _)| position)
}

/// Columns that say an e-mail was verified: a flag, or the moment.
const VERIFIED_FLAGS: &[&str] = &[
    "email_verified",
    "is_email_verified",
    "email_confirmed",
    "is_email_confirmed",
    "email_is_verified",
];

const VERIFIED_MOMENTS: &[&str] = &[
    "email_verified_at",
    "email_confirmed_at",
    "email_verified_on",
    "confirmed_at",
    "verified_at",
];

/// Columns that say something was verified, which may be the e-mail and may be a person.
const PERHAPS_VERIFIED: &[&str] = &["is_verified", "verified", "is_confirmed", "confirmed"];

impl Writer<'_> {
    pub(super) fn email_verified(&mut self) {
        let never = Choosable {
            value: "\"never\"".to_owned(),
            why: "Nothing here says which e-mails were verified. Nobody can reset a password by an unverified one.".to_owned(),
        };
        let always = Choosable {
            value: "\"always\"".to_owned(),
            why: "Every e-mail counts as verified: true only where nobody gets in without confirming theirs.".to_owned(),
        };
        let mut options = Vec::new();
        if let Some((table, rows)) = self.allauths_emails()
            && table.column("verified").is_some()
        {
            options.push(Choosable {
                value: "\"allauth\"".to_owned(),
                why: format!(
                    "django-allauth keeps which addresses were verified ({ALLAUTH}: {rows} rows)."
                ),
            });
        }
        for name in VERIFIED_FLAGS {
            if let Some(column) = self.table.column(name)
                && (column.holds == Holds::Booleans || self.is_zero_or_one(column))
            {
                let share = self.share(column, |value| matches!(value, "true" | "1"));
                options.push(Choosable {
                    value: quoted(&format!("column:{}", column.name)),
                    why: format!("Column {}: true for {}.", column.name, percent(share)),
                });
            }
        }
        for name in VERIFIED_MOMENTS {
            let moments = self.table.column(name);
            if let Some(column) = moments.filter(|column| column.holds == Holds::Moments) {
                options.push(Choosable {
                    value: quoted(&format!("notnull:{}", column.name)),
                    why: format!(
                        "Column {} holds when an e-mail was verified: it is set for {}.",
                        column.name,
                        percent(self.filled(column))
                    ),
                });
            }
        }
        let unsure = options.is_empty();
        let never = match unsure {
            true => never,
            false => Choosable {
                why: "No e-mail counts as verified: nobody can reset a password by one.".to_owned(),
                ..never
            },
        };
        let perhaps = match unsure {
            true => self.perhaps_verified(),
            false => None,
        };
        options.push(match &perhaps {
            Some(perhaps) => Choosable {
                why: format!(
                    "{} {} Then write {}.",
                    never.why, perhaps.why, perhaps.value
                ),
                ..never
            },
            None => never,
        });
        options.extend(perhaps);
        options.push(always);
        self.choice("legacy", "email_verified", options, unsure);
    }
    /// django-allauth's table of addresses, with how many rows it has.
    fn allauths_emails(&self) -> Option<(&SurveyedTable, u64)> {
        let table = self.other_table(ALLAUTH)?;
        let position = self
            .survey
            .tables
            .iter()
            .position(|other| std::ptr::eq(other, table))?;
        Some((table, self.others.get(&position)?.rows))
    }

    /// Whether people's addresses are django-allauth's business: where it only serves accounts of other
    /// services, its table is there and all but empty.
    pub(super) fn keeps_emails_by_allauth(&self) -> bool {
        let rows = self.allauths_emails().map_or(0, |(_, rows)| rows);
        rows > 0 && rows.saturating_mul(10) >= self.sample.rows
    }

    /// A flag that does not say what was verified: offered, and not taken.
    fn perhaps_verified(&self) -> Option<Choosable> {
        let mut columns = PERHAPS_VERIFIED
            .iter()
            .filter_map(|name| self.table.column(name));
        let column = columns.find(|column| column.holds == Holds::Booleans)?;
        let share = self.share(column, |value| matches!(value, "true" | "1"));
        Some(Choosable {
            value: quoted(&format!("column:{}", column.name)),
            why: format!(
                "Column {} is true for {}, where it speaks of the e-mail.",
                column.name,
                percent(share)
            ),
        })
    }
}
