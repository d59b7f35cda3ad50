//! Flags of the user table: rows that nobody signs in as, people who may not, and passwords that
//! nobody knows. Each condition is one for `cutover.toml`.

use std::collections::BTreeSet;

use django_password::{CustomHashers, EncodedPassword, HashState, Limits, Verifier};
use legacy_users::{Holds, SurveyedColumn};

use super::meaning::{Meaning, is_name_of_nobody, is_type_of_nobody, of_flag, of_moment};
use super::sampled::{percent, values};
use super::toml::quoted;
use super::{Choosable, Writer};

/// Columns that say what kind of account a row is.
const TYPES: &[&str] = &[
    "type",
    "user_type",
    "usertype",
    "account_type",
    "kind",
    "user_kind",
];

/// More different values than that are no types of account.
const MOST_TYPES: usize = 12;

/// What does not hold for the rows meant, and what the sample shows of it.
struct Told {
    others: String,
    why: String,
}

impl Writer<'_> {
    /// Rows that nobody signs in as: bots, the deleted, accounts of the app's own.
    pub(super) fn rows_that_are_nobody(&mut self, password: &str) {
        let mut told = self.told_by_flags(Meaning::Nobody);
        told.extend(self.told_by_type());
        told.extend(self.told_by_name(password));
        if told.is_empty() {
            return;
        }
        let conditions: Vec<&str> = told.iter().map(|told| told.others.as_str()).collect();
        let reasons: Vec<&str> = told.iter().map(|told| told.why.as_str()).collect();
        let without = Choosable {
            value: quoted(&conditions.join(" and ")),
            why: format!(
                "Rows that are nobody who signs in are left out: {}.",
                reasons.join("; ")
            ),
        };
        let with = Choosable {
            value: String::new(),
            why: "Every row is moved.".to_owned(),
        };
        self.choice("legacy", "where", vec![without, with], true);
    }

    /// Flags and moments of this meaning.
    fn told_by_flags(&self, meaning: Meaning) -> Vec<Told> {
        let mut told = Vec::new();
        for column in &self.table.columns {
            let name = &column.name;
            let is_flag = column.holds == Holds::Booleans || self.is_zero_or_one(column);
            if is_flag && of_flag(name) == Some(meaning) {
                let yes = match column.holds {
                    Holds::Booleans => "true",
                    _ => "1",
                };
                let share = self.share(column, |value| matches!(value, "true" | "1"));
                told.push(Told {
                    others: format!("{name} != {yes}"),
                    why: format!("{name} is true for {}", percent(share)),
                });
            }
            if column.holds == Holds::Moments && of_moment(name) == Some(meaning) {
                told.push(Told {
                    others: format!("{name} is null"),
                    why: format!("{name} is set for {}", percent(self.filled(column))),
                });
            }
        }
        told
    }

    /// A column of account types, some of which are no people.
    fn told_by_type(&self) -> Option<Told> {
        let mut types = TYPES.iter().filter_map(|name| self.table.column(name));
        types.find_map(|column| {
            let found: BTreeSet<&str> = values(self.sample, &column.name).into_iter().collect();
            let nobody: Vec<String> = found
                .iter()
                .filter(|value| is_type_of_nobody(value) && !value.contains('\''))
                .map(|value| format!("'{value}'"))
                .collect();
            if column.holds != Holds::Text || nobody.is_empty() || found.len() > MOST_TYPES {
                return None;
            }
            let share = self.share(column, is_type_of_nobody);
            Some(Told {
                others: format!("{} not in ({})", column.name, nobody.join(", ")),
                why: format!(
                    "{} is {} for {}",
                    column.name,
                    nobody.join(" or "),
                    percent(share)
                ),
            })
        })
    }

    /// Accounts that the app keeps for itself: named so, and without a password that anybody has.
    /// django-guardian's has the name in whatever field people sign in by.
    fn told_by_name(&self, password: &str) -> Option<Told> {
        let fields = ["username", "email"];
        let column = *fields.iter().find_map(|field| self.fields.get(field))?;
        let mut names = self.names_of_nobody(column, password);
        let has_guardian = self.other_table("guardian_userobjectpermission").is_some();
        if has_guardian && self.fields.contains_key("username") {
            names.insert("AnonymousUser".to_owned());
        }
        let list: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        let why = match has_guardian && names.contains("AnonymousUser") {
            true if names.len() == 1 => "django-guardian keeps a row for nobody".to_owned(),
            _ => "the app keeps rows of its own, without a password".to_owned(),
        };
        let name = &column.name;
        match &list[..] {
            [] => None,
            [only] => Some(Told {
                others: format!("{name} != {only}"),
                why,
            }),
            several => Some(Told {
                others: format!("{name} not in ({})", several.join(", ")),
                why,
            }),
        }
    }

    fn names_of_nobody(&self, column: &SurveyedColumn, password: &str) -> BTreeSet<String> {
        let verifier = Verifier::new(CustomHashers::default(), Limits::default());
        let column_of = |name: &str| self.sample.values.get(name).map_or(&[][..], Vec::as_slice);
        let rows = column_of(&column.name).iter().zip(column_of(password));
        let nobody = rows.filter_map(|(name, password)| {
            let name = name.as_deref().filter(|name| is_name_of_nobody(name))?;
            let password = EncodedPassword::from_column(password.clone());
            let state = verifier.inspect(&password).state;
            (state == HashState::Unusable && !name.contains('\'')).then(|| name.to_owned())
        });
        nobody.collect()
    }

    /// Passwords that the app made up at a sign-up by another service.
    pub(super) fn unknown_passwords(&mut self) {
        for (name, flag) in [
            ("is_password_autoset", "is_password_autoset"),
            ("password_autoset", "password_autoset"),
            ("is_random_password", "is_random_password"),
            ("has_usable_password", "not:has_usable_password"),
        ] {
            let column = self.table.column(name);
            let Some(column) = column.filter(|column| column.holds == Holds::Booleans) else {
                continue;
            };
            let share = self.share(column, |value| matches!(value, "true" | "1"));
            let why = format!(
                "Nobody knows a password that the app has set by itself: {name} is true for {}.",
                percent(share)
            );
            self.sure("legacy", "unusable_password", quoted(flag), why);
            return;
        }
    }

    /// What says who may not sign in, beside Django's `is_active` or in its place.
    pub(super) fn inactive_flags(&mut self) {
        let told = self.told_by_flags(Meaning::Inactive);
        if told.is_empty() {
            return;
        }
        let mut conditions: Vec<String> = told.iter().map(|told| told.others.clone()).collect();
        let whys: Vec<&str> = told.iter().map(|told| told.why.as_str()).collect();
        let why = format!("{}: they are inactive.", whys.join("; "));
        let Some(active) = self.fields.get("is_active") else {
            let value = quoted(&conditions.join(" and "));
            self.sure("legacy.columns", "is_active", value, why);
            return;
        };
        let yes = match active.holds {
            Holds::Booleans => "true",
            _ => "1",
        };
        conditions.insert(0, format!("{} = {yes}", active.name));
        let all = Choosable {
            value: quoted(&conditions.join(" and ")),
            why,
        };
        let alone = Choosable {
            value: match active.name.as_str() {
                "is_active" => String::new(),
                other => quoted(other),
            },
            why: format!("{} alone says who may sign in.", active.name),
        };
        let written = |choice: &super::Choice| {
            choice.section == "legacy.columns" && choice.key == "is_active"
        };
        self.choices.retain(|choice| !written(choice));
        self.choice("legacy.columns", "is_active", vec![all, alone], true);
    }
}
