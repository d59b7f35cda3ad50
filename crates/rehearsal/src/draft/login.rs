//! What a person may type at sign-in: usernames, e-mails, or another column that tells people apart.

use legacy_users::{Holds, SurveyedColumn};

use super::columns::FIELDS;
use super::toml::quoted;
use super::user_tables::PASSWORDS;
use super::{Choosable, Writer};

impl Writer<'_> {
    pub(super) fn login(&mut self) {
        let username = self.fields.get("username").copied();
        let email = self.fields.get("email").copied();
        let random = username.is_some_and(|column| self.share(column, looks_random) > 0.5);
        let usable_email =
            email.filter(|column| column.is_unique || self.is_unique_in_fact(column));
        let by_username = Choosable {
            value: "[\"username\"]".to_owned(),
            why: match username {
                Some(column) if column.is_unique => {
                    "People sign in by username: its column is unique.".to_owned()
                }
                _ => "People sign in by username.".to_owned(),
            },
        };
        let by_email = Choosable {
            value: "[\"email\"]".to_owned(),
            why: format!(
                "People sign in by e-mail: {}. The pool needs e-mail as username attribute.",
                match (username, random) {
                    (None, _) => "there is no username",
                    (_, true) => "usernames look made by a program",
                    _ => "its column is unique",
                }
            ),
        };
        let by_both = Choosable {
            value: "[\"username\", \"email\"]".to_owned(),
            why: "Either name may be typed. The pool needs e-mail as alias, and only verified e-mails work there.".to_owned(),
        };
        let allauth = self.keeps_emails_by_allauth();
        let shared = username.filter(|column| !column.is_unique && !self.is_unique_in_fact(column));
        if let Some(username) = shared {
            self.login_without_unique_username(
                username,
                usable_email.is_some().then_some(by_email),
            );
            return;
        }
        let (options, unsure) = match (username, usable_email) {
            (None, _) => (vec![by_email], usable_email.is_none()),
            (Some(_), Some(_)) if random => (vec![by_email, by_username, by_both], true),
            (Some(_), Some(_)) if allauth => (vec![by_both, by_username, by_email], true),
            (Some(_), Some(_)) => (vec![by_username, by_both, by_email], true),
            (Some(_), None) => (vec![by_username], false),
        };
        self.choice("legacy", "login", options, unsure);
    }

    /// Usernames that several rows share: unique within a tenant, perhaps, or no sign-in name at all.
    pub(super) fn login_without_unique_username(
        &mut self,
        username: &SurveyedColumn,
        by_email: Option<Choosable>,
    ) {
        let others = self.table.columns.iter().filter(|column| {
            column.holds == Holds::Text
                && column.is_unique
                && !PASSWORDS.contains(&column.name.as_str())
                && !FIELDS
                    .iter()
                    .any(|(_, names)| names.contains(&column.name.as_str()))
        });
        let mut options: Vec<Choosable> = others
            .map(|column| Choosable {
                value: format!("[{}]", quoted(&column.name)),
                why: format!(
                    "Several rows share a {}; {} is unique.",
                    username.name, column.name
                ),
            })
            .collect();
        options.extend(by_email);
        options.push(Choosable {
            value: "[\"username\"]".to_owned(),
            why: format!(
                "Several rows share a {}: whoever does cannot be told apart.",
                username.name
            ),
        });
        self.choice("legacy", "login", options, true);
    }
}

/// UUIDs, and long runs of letters and digits that nobody chose.
fn looks_random(value: &str) -> bool {
    let hex = value
        .bytes()
        .filter(|b| b.is_ascii_hexdigit() || *b == b'-')
        .count()
        == value.len();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (hex && value.len() >= 24)
        || (value.len() >= 20 && digits >= 4 && !value.contains(['@', '.', '_']))
}
