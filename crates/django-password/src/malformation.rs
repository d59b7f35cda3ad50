//! What is wrong with a string that no password can ever match.
//!
//! Responsible for naming the field and the fault without quoting the string. Made by the parsers
//! under `hashers/`, read by reports.

use std::fmt;

/// Why an encoded password cannot be read: which part of it, and what is wrong there.
///
/// Django either raises an exception for such a value or answers "wrong password" to every
/// password. It never quotes the value itself, which is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Malformation {
    /// The part of the encoded password that is wrong.
    pub field: Field,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Malformation {
    pub(crate) const fn new(field: Field, fault: Fault) -> Self {
        Self { field, fault }
    }
}

impl fmt::Display for Malformation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.field, self.fault)
    }
}

/// A part of an encoded password, in Django's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The name before the first `$`.
    Algorithm,
    /// PBKDF2's rounds.
    Iterations,
    /// bcrypt's cost, scrypt's N.
    WorkFactor,
    /// scrypt's r.
    BlockSize,
    /// scrypt's p, argon2's lanes.
    Parallelism,
    /// argon2's m, in KiB.
    MemoryCost,
    /// argon2's t.
    TimeCost,
    /// argon2's `v=`.
    Version,
    /// argon2's `argon2i`, `argon2d` or `argon2id`; bcrypt's `2a`, `2b`, `2x` or `2y`.
    Variety,
    /// The salt.
    Salt,
    /// The digest.
    Hash,
    /// The setting that crypt(3) reads.
    Setting,
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Algorithm => "algorithm",
            Self::Iterations => "iterations",
            Self::WorkFactor => "work factor",
            Self::BlockSize => "block size",
            Self::Parallelism => "parallelism",
            Self::MemoryCost => "memory cost",
            Self::TimeCost => "time cost",
            Self::Version => "version",
            Self::Variety => "variety",
            Self::Salt => "salt",
            Self::Hash => "hash",
            Self::Setting => "crypt(3) setting",
        })
    }
}

/// What is wrong with a part of an encoded password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The part is not there, or empty where it may not be.
    Missing,
    /// Not the plain decimal number Django would have written (no sign, no leading zero).
    NotANumber,
    /// A number that the algorithm is not defined for.
    OutOfRange,
    /// Not in the alphabet or of the length that Django writes, so no digest can equal it.
    WrongShape,
    /// A value that no library behind Django knows.
    Unknown,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "is missing",
            Self::NotANumber => "is not a plain decimal number",
            Self::OutOfRange => "is outside what the algorithm is defined for",
            Self::WrongShape => "is not in the form Django writes",
            Self::Unknown => "is not known",
        })
    }
}
