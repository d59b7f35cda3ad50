//! Which e-mails were verified: what django-allauth keeps, a flag, or the moment of it.

use legacy_users::Holds;

use super::sampled::percent;
use super::toml::quoted;
use super::{Choosable, Writer};

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
        if self
            .other_table("account_emailaddress")
            .is_some_and(|table| table.column("verified").is_some())
        {
            options.push(Choosable {
                value: "\"allauth\"".to_owned(),
                why: "django-allauth keeps which addresses were verified (account_emailaddress)."
                    .to_owned(),
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
