//! Flags of the user table: rows that nobody signs in as, people who may not, and passwords that
//! nobody knows.

use legacy_users::Holds;

use super::sampled::percent;
use super::toml::quoted;
use super::{Choosable, Writer};

/// Flags of rows that are nobody who signs in, with whether true means so.
const NOBODY_IF_TRUE: &[&str] = &[
    "is_bot",
    "bot",
    "is_deleted",
    "deleted",
    "is_removed",
    "is_system",
    "is_service",
];

/// Flags of people who may not sign in.
const INACTIVE_IF_TRUE: &[&str] = &[
    "is_disabled",
    "disabled",
    "is_banned",
    "banned",
    "is_blocked",
    "blocked",
    "is_suspended",
    "suspended",
];

const NOBODY_IF_SET: &[&str] = &["deleted_at", "deleted_on", "removed_at", "date_deleted"];

impl Writer<'_> {
    /// Rows that nobody signs in as: bots, the deleted, django-guardian's anonymous one.
    pub(super) fn rows_that_are_nobody(&mut self) {
        let mut conditions = Vec::new();
        let mut reasons = Vec::new();
        for name in NOBODY_IF_TRUE {
            if let Some(column) = self.table.column(name)
                && (column.holds == Holds::Booleans || self.is_zero_or_one(column))
            {
                let yes = match column.holds {
                    Holds::Booleans => "true",
                    _ => "1",
                };
                conditions.push(format!("{} != {yes}", column.name));
                let share = self.share(column, |value| matches!(value, "true" | "1"));
                reasons.push(format!("{} is true for {}", column.name, percent(share)));
            }
        }
        for name in NOBODY_IF_SET {
            let moments = self.table.column(name);
            if let Some(column) = moments.filter(|column| column.holds == Holds::Moments) {
                conditions.push(format!("{} is null", column.name));
                reasons.push(format!(
                    "{} is set for {}",
                    column.name,
                    percent(self.filled(column))
                ));
            }
        }
        if let (Some(column), true) = (
            self.fields.get("username"),
            self.other_table("guardian_userobjectpermission").is_some(),
        ) {
            conditions.push(format!("{} != 'AnonymousUser'", column.name));
            reasons.push("django-guardian keeps a row for nobody".to_owned());
        }
        if conditions.is_empty() {
            return;
        }
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

    /// A flag that says who may not sign in, where none says who may.
    pub(super) fn inactive_flag(&mut self) {
        if self.fields.contains_key("is_active") {
            return;
        }
        for name in INACTIVE_IF_TRUE {
            let column = self.table.column(name);
            let Some(column) = column.filter(|column| column.holds == Holds::Booleans) else {
                continue;
            };
            let share = self.share(column, |value| matches!(value, "true" | "1"));
            let why = format!("{name} is true for {}: they are inactive.", percent(share));
            self.sure(
                "legacy.columns",
                "is_active",
                quoted(&format!("not:{name}")),
                why,
            );
            return;
        }
    }
}
