//! A user of the legacy database as real Django reads them (`python/legacy_users.py`).

use serde::Deserialize;

/// One user.
#[derive(Clone, Debug, Deserialize)]
pub struct LegacyUser {
    /// Primary key as text, UUIDs hyphenated.
    pub id: String,
    /// `None` where the model has no usernames.
    pub username: Option<String>,
    /// Empty where there is none.
    pub email: String,
    /// The encoded password.
    pub encoded: String,
    /// Django's `has_usable_password()`.
    pub usable: bool,
    /// Django's name of the hasher that can check the encoded password, where one can.
    pub algorithm: Option<String>,
    /// Django's `is_active`.
    pub is_active: bool,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// `None` where the model has no such field.
    pub phone_number: Option<String>,
    /// Group names, sorted.
    pub groups: Vec<String>,
    /// Addresses that the app knows to be verified.
    pub verified_emails: Vec<String>,
}

impl LegacyUser {
    /// Whether the user's own e-mail is one that the app knows to be verified.
    pub fn email_is_verified(&self) -> bool {
        let own = self.email.to_lowercase();
        !own.is_empty()
            && self
                .verified_emails
                .iter()
                .any(|email| email.to_lowercase() == own)
    }

    /// Whether this is one of the many without any peculiarity (`population/crowd.py`): what
    /// becomes of them is beyond doubt.
    pub fn is_ordinary(&self) -> bool {
        const FIRST: [&str; 10] = [
            "amy", "ben", "cleo", "dina", "egon", "faye", "gus", "hedy", "ike", "jade",
        ];
        let name = self.username.as_deref().unwrap_or(&self.email);
        let (first, rest) = name.split_once('.').unwrap_or_default();
        FIRST.contains(&first.to_lowercase().as_str())
            && rest
                .split('@')
                .next()
                .is_some_and(|last| last.ends_with(|c: char| c.is_ascii_digit()))
    }
}
