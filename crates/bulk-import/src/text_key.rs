//! Names and addresses as 64-bit keys, by which collisions are counted in SQL: smaller and
//! faster than the text, and the journal keeps no e-mail for it.

use migration_model::{fold_login_name, normalize_login_name};
use sha2::{Digest, Sha256};

/// How two names are compared in the target pool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Folding {
    /// The pool takes `Ada` and `ada` for one.
    Case,
    /// The pool tells them apart; NFKC is folded all the same, because Django does.
    NfkcOnly,
}

impl Folding {
    pub(crate) fn of_pool(case_sensitive: bool) -> Folding {
        if case_sensitive {
            Folding::NfkcOnly
        } else {
            Folding::Case
        }
    }

    /// The key of a name. Among ten million names two share one by chance once in 370,000 moves
    /// (birthday bound for 64 bits), and both would be held, not lost.
    pub(crate) fn key(self, name: &str) -> i64 {
        match self {
            Folding::Case => text_key(&fold_login_name(name)),
            Folding::NfkcOnly => text_key(&normalize_login_name(name)),
        }
    }
}

/// The key of a text as it is.
pub(crate) fn text_key(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk().expect("SHA-256 has 32 bytes");
    i64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_one_for_the_pool_have_one_key() {
        assert_eq!(Folding::Case.key("Ada"), Folding::Case.key("aDA"));
        assert_ne!(Folding::NfkcOnly.key("Ada"), Folding::NfkcOnly.key("aDA"));
        assert_eq!(Folding::NfkcOnly.key("ﬁ"), Folding::NfkcOnly.key("fi"));
    }
}
