//! The value of Django's `password` column.
//!
//! Responsible for carrying it without leaking it. Does not look inside; `parsed_hash` does.
//! Made by whoever reads the legacy database.

use std::fmt;

use zeroize::Zeroizing;

/// A value of Django's `password` column, taken as it is.
///
/// `Debug` is masked, there is no `Display` and no `Serialize`, and the text is wiped when the
/// value is dropped: a hash is as good as a password to whoever can run a dictionary against it.
#[derive(Clone)]
pub struct EncodedPassword(Zeroizing<String>);

impl EncodedPassword {
    /// Takes the column value as it is, untrimmed: Django compares it to the last character.
    pub fn new(encoded: impl Into<String>) -> Self {
        Self(Zeroizing::new(encoded.into()))
    }

    /// Takes a nullable column value. NULL is treated like the empty string: nobody can sign in
    /// with it, and it is reported as unusable.
    pub fn from_column(encoded: Option<impl Into<String>>) -> Self {
        encoded.map_or_else(|| Self::new(String::new()), Self::new)
    }

    /// The column value in the clear. Every call is a place where it could leak: keep them few.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EncodedPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncodedPassword(masked)")
    }
}

impl From<String> for EncodedPassword {
    fn from(encoded: String) -> Self {
        Self::new(encoded)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for EncodedPassword {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
