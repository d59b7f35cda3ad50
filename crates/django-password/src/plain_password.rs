//! The password a person typed.
//!
//! Responsible for keeping it out of logs, errors and serialised output, and for wiping it.
//! Knows nothing about hashes. Made at the edges (the trigger's event, `cutover verify`).

use std::fmt;

use zeroize::Zeroizing;

/// A password in the clear, as typed.
///
/// `Debug` is masked, there is no `Display` and no `Serialize`, and the text is wiped when the
/// value is dropped. Any Unicode text is allowed, including empty and with NUL characters; Django
/// hashes its UTF-8 bytes without normalising them.
///
/// With the feature `serde` it can be deserialised from a string. The deserialiser's own buffers
/// are outside this type's reach and are not wiped.
#[derive(Clone)]
pub struct PlainPassword(Zeroizing<String>);

impl PlainPassword {
    /// Takes over `password`; the caller keeps no copy.
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()))
    }

    /// The password in the clear. Every call is a place where it could leak: keep them few.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlainPassword(masked)")
    }
}

impl From<String> for PlainPassword {
    fn from(password: String) -> Self {
        Self::new(password)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for PlainPassword {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
