//! The answers this crate gives.
//!
//! Responsible for the words and for the proof of a match, which nothing else can make.

use crate::cost::Cost;
use crate::declaration::Declaration;
use crate::limits::ExceededLimit;
use crate::malformation::Malformation;

/// What can be said about an encoded password without a password and without work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The algorithm as Django names it, custom names kept.
    ///
    /// `None` where there is none to name: unusable passwords, strings that are not encoded
    /// passwords, and names that do not look like a hasher's (a password stored in the clear must
    /// not end up in a report).
    pub algorithm: Option<String>,
    /// Whether, and at what cost, a password could be checked against it.
    pub state: HashState,
    /// Where it cannot be checked but looks like a foreign format: the declaration that would have
    /// it checked.
    pub remedy: Option<Declaration>,
}

/// Whether a password could be checked against an encoded password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashState {
    /// Yes, at this cost.
    Verifiable(Cost),
    /// Django's mark for "no password": `!…`, empty, or NULL.
    Unusable,
    /// A hasher this crate does not know and the configuration does not declare.
    Unsupported,
    /// No password can match it.
    Malformed(Malformation),
    /// Well formed, but over a limit.
    TooCostly(ExceededLimit),
}

/// The outcome of checking one password against one encoded password.
///
/// Not `Clone`: see [`PasswordMatch`].
#[derive(Debug)]
#[must_use]
pub struct Verification {
    /// As in [`Inspection::algorithm`].
    pub algorithm: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of checking a password. Only `Match` and `Mismatch` are about the password; the
/// others are about the encoded password and the same for every password.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// The password is right.
    Match(PasswordMatch),
    /// The password is wrong.
    Mismatch,
    /// Django's mark for "no password": `!…`, empty, or NULL.
    Unusable,
    /// A hasher this crate does not know and the configuration does not declare.
    Unsupported,
    /// No password can match the string: Django raises an exception or always answers no.
    Malformed(Malformation),
    /// Over a limit; nothing was computed.
    TooCostly(ExceededLimit),
}

impl Verdict {
    /// The verdict as one kebab-case word, the same in every output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Match(_) => "match",
            Self::Mismatch => "mismatch",
            Self::Unusable => "unusable",
            Self::Unsupported => "unsupported",
            Self::Malformed(_) => "malformed",
            Self::TooCostly(_) => "too-costly",
        }
    }

    /// Whether the password is right.
    #[must_use]
    pub fn is_match(&self) -> bool {
        matches!(self, Self::Match(_))
    }
}

/// Proof that a password was checked against an encoded password and was right.
///
/// Only [`Verifier::verify`](crate::Verifier::verify) makes one. It cannot be copied, so a
/// function that takes it by value runs at most once for each successful check.
///
/// ```compile_fail
/// let forged = django_password::PasswordMatch(());
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct PasswordMatch(());

impl PasswordMatch {
    pub(crate) fn proven() -> Self {
        Self(())
    }
}
