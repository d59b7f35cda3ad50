//! Where the users are, and which of their columns is which of Django's fields, by name and type.

use legacy_users::Holds;

use super::sampled::values;
use super::toml::quoted;
use super::{Choosable, UserTableCandidate, Writer};

pub(super) const FIELDS: &[(&str, &[&str])] = &[
    (
        "username",
        &[
            "username",
            "user_name",
            "login",
            "handle",
            "nickname",
            "screen_name",
        ],
    ),
    (
        "email",
        &["email", "email_address", "e_mail", "mail", "delivery_email"],
    ),
    (
        "is_active",
        &["is_active", "active", "is_enabled", "enabled"],
    ),
    (
        "first_name",
        &["first_name", "given_name", "firstname", "forename"],
    ),
    (
        "last_name",
        &["last_name", "family_name", "lastname", "surname"],
    ),
    (
        "last_login",
        &["last_login", "last_login_at", "last_signed_in", "last_seen"],
    ),
    (
        "date_joined",
        &[
            "date_joined",
            "joined_at",
            "created_at",
            "created",
            "date_created",
            "registered_at",
        ],
    ),
    ("is_staff", &["is_staff", "staff"]),
    ("is_superuser", &["is_superuser", "superuser", "is_admin"]),
    (
        "phone_number",
        &[
            "phone_number",
            "phone",
            "mobile",
            "mobile_number",
            "telephone",
        ],
    ),
];

impl Writer<'_> {
    pub(super) fn database(&mut self, url: Option<&str>, candidate: &UserTableCandidate) {
        match url {
            Some(url) => self.sure(
                "legacy",
                "url",
                quoted(url),
                "CUTOVER_LEGACY_URL overrides it.",
            ),
            None => self.sure(
                "legacy",
                "url",
                "",
                "The URL holds a password: keep it in the environment as CUTOVER_LEGACY_URL.",
            ),
        }
        let shown = self.table.shown();
        self.sure(
            "legacy",
            "user_table",
            quoted(&shown),
            format!("{}.", candidate.why),
        );
    }

    pub(super) fn columns(&mut self, candidate: &UserTableCandidate) {
        match self.table.columns.iter().find(|column| column.is_key) {
            Some(key) if key.name != "id" => {
                self.sure(
                    "legacy.columns",
                    "id",
                    quoted(&key.name),
                    "The primary key.",
                );
            }
            Some(_) => {}
            None => {
                let unique: Vec<_> = self
                    .table
                    .columns
                    .iter()
                    .filter(|column| self.is_unique_in_fact(column))
                    .collect();
                let options = unique.iter().map(|column| Choosable {
                    value: quoted(&column.name),
                    why: "No primary key is known (a view?); every value looked at is there once."
                        .to_owned(),
                });
                let options: Vec<_> = options
                    .filter(|option| option.value != "\"id\"" || unique.len() > 1)
                    .collect();
                if !options.is_empty() {
                    self.choice("legacy.columns", "id", options, true);
                }
            }
        }
        if candidate.password != "password" {
            self.sure(
                "legacy.columns",
                "password",
                quoted(&candidate.password),
                "Its values have the form of stored hashes.",
            );
        }
        let table = self.table;
        for (field, names) in FIELDS {
            let Some(column) = names.iter().find_map(|name| table.column(name)) else {
                continue;
            };
            let fits = match *field {
                "is_active" | "is_staff" | "is_superuser" => {
                    column.holds == Holds::Booleans || self.is_zero_or_one(column)
                }
                "last_login" | "date_joined" => column.holds == Holds::Moments,
                _ => column.holds == Holds::Text,
            };
            if !fits {
                continue;
            }
            let no_phones = || {
                let numbers = values(self.sample, &column.name);
                let filled = numbers.iter().filter(|number| !number.trim().is_empty());
                let phones = filled.clone().filter(|number| is_phone(number)).count();
                phones * 10 < filled.count() * 9
            };
            if *field == "phone_number" && no_phones() {
                self.notes.push(format!(
                    "Column {} looks like phone numbers, but fewer than nine in ten have the form +4915112345678, which Cognito needs: not mapped.",
                    column.name
                ));
                continue;
            }
            self.fields.insert(field, column);
            if column.name != *field {
                let why = format!("Taken for Django's {field} by its name and type.");
                self.sure("legacy.columns", field, quoted(&column.name), why);
            }
        }
    }
}

fn is_phone(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
