//! The shapes of legacy app in `migrations-fixtures/shapes`: each a likeness of what apps have.

use std::fmt;
use std::path::PathBuf;

use crate::python::root;

/// One shape of legacy app.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Shape {
    /// `auth_user`, sign-in by username.
    Stock,
    /// A custom user model with renamed columns, sign-in by e-mail alone.
    EmailLogin,
    /// A UUID as primary key, sign-in by username or e-mail, a column for verified e-mails.
    Uuid,
    /// `auth_user` with django-allauth and django-otp, sign-in by username or e-mail.
    Allauth,
}

impl Shape {
    /// Its name, which is its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Stock => "stock",
            Shape::EmailLogin => "email-login",
            Shape::Uuid => "uuid",
            Shape::Allauth => "allauth",
        }
    }

    /// Its cutover.toml, as checked in.
    ///
    /// # Panics
    ///
    /// When it is not there.
    pub fn cutover_toml(self) -> String {
        let path = self.folder().join("cutover.toml");
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Whether people sign in by e-mail alone, so that the pool's usernames are its own.
    pub fn has_usernames(self) -> bool {
        self != Shape::EmailLogin
    }

    /// Whether an e-mail is a second name to sign in by.
    pub fn has_email_alias(self) -> bool {
        matches!(self, Shape::Uuid | Shape::Allauth)
    }

    fn folder(self) -> PathBuf {
        root().join("migrations-fixtures/shapes").join(self.name())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
