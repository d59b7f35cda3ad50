//! Which columns become attributes of the pool's users: e-mail, names, phone number, the legacy id.
//! Names may stand in a profile table of their own.

use std::collections::BTreeSet;

use legacy_users::Holds;

use super::Writer;
use super::toml::quoted;

/// Columns that hold a whole name.
const WHOLE_NAMES: &[&str] = &["full_name", "name", "display_name", "fullname"];

/// Columns of a profile, with the attributes that they become.
const PROFILE_NAMES: &[(&str, &str)] = &[
    ("first_name", "given_name"),
    ("last_name", "family_name"),
    ("full_name", "name"),
    ("name", "name"),
];

impl Writer<'_> {
    pub(super) fn attributes(&mut self) {
        if self.fields.contains_key("email") {
            self.sure(
                "attributes",
                "email",
                quoted("email"),
                "For messages, such as password resets.",
            );
        }
        for (attribute, field) in [
            ("given_name", "first_name"),
            ("family_name", "last_name"),
            ("phone_number", "phone_number"),
        ] {
            if self.fields.contains_key(field) {
                self.sure(
                    "attributes",
                    attribute,
                    quoted(field),
                    "Leave out what no app client needs.",
                );
            }
        }
        let named = self.fields.contains_key("first_name");
        if let Some(column) = WHOLE_NAMES
            .iter()
            .find_map(|name| self.table.column(name))
            .filter(|_| !named)
        {
            self.sure(
                "attributes",
                "name",
                quoted(&column.name),
                "Leave out what no app client needs.",
            );
        }
        self.sure(
            "attributes",
            "\"custom:legacy_id\"",
            quoted("id"),
            "Which Django row somebody is: groups, reconciliation and your foreign keys need it. No app client may write it.",
        );
    }

    /// Names in a table that has one row for a user, where the user table has none.
    pub(super) fn profile(&mut self) {
        let names = ["first_name", "last_name"];
        let has_names = names.iter().any(|field| self.fields.contains_key(field))
            || WHOLE_NAMES
                .iter()
                .any(|name| self.table.column(name).is_some());
        if has_names {
            return;
        }
        let found = self.survey.tables.iter().find_map(|table| {
            let mut columns = table.columns.iter();
            let on = columns.find(|column| {
                let target = column.refers_to.as_ref();
                let is_users = target.is_some_and(|target| {
                    target.table == self.table.name && target.schema == self.table.schema
                });
                is_users && column.is_unique
            })?;
            let mut named = PROFILE_NAMES.iter().filter(|(column, _)| {
                let found = table.column(column);
                found.is_some_and(|column| column.holds == Holds::Text)
            });
            named.next()?;
            Some((table, on))
        });
        let Some((table, on)) = found else { return };
        let mut attributes = BTreeSet::new();
        let columns: Vec<_> = PROFILE_NAMES
            .iter()
            .filter(|(column, _)| table.column(column).is_some())
            .filter(|(_, attribute)| attributes.insert(*attribute))
            .collect();
        let section = "legacy.joins.profile";
        let why = format!("{} has one row for a user, and their names.", table.shown());
        self.sure(section, "table", quoted(&table.shown()), why);
        self.sure(
            section,
            "on",
            quoted(&on.name),
            "Unique, and refers to the user.",
        );
        let list: Vec<String> = columns.iter().map(|(column, _)| quoted(column)).collect();
        let why = "Referred to as profile.COLUMN.";
        self.sure(section, "columns", format!("[{}]", list.join(", ")), why);
        for (column, attribute) in columns {
            let value = quoted(&format!("profile.{column}"));
            self.sure(
                "attributes",
                attribute,
                value,
                "Leave out what no app client needs.",
            );
        }
    }
}
