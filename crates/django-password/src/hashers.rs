//! Django's hashers, one module each: format, cost and computation together.
//!
//! Responsible for dispatching to them. They know nothing about names before the first `$`, about
//! limits, or about each other.

pub(crate) mod argon2;
pub(crate) mod bcrypt;
pub(crate) mod crypt;
pub(crate) mod digest;
mod lanes;
pub(crate) mod pbkdf2;
pub(crate) mod scrypt;

use std::borrow::Cow;

use crate::algorithm::Algorithm;
use crate::cost::Cost;
use crate::parsed_hash::Refusal;

/// The machine could not give the memory or threads that a hash within the limits needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unaffordable;

/// A well-formed hash without the name in front.
#[derive(Debug)]
pub(crate) enum Hash<'a> {
    Pbkdf2(pbkdf2::Pbkdf2Hash<'a>),
    Argon2(argon2::Argon2Hash),
    Bcrypt(bcrypt::BcryptHash),
    Scrypt(scrypt::ScryptHash<'a>),
    Digest(digest::DigestHash<'a>),
    Crypt(crypt::CryptHash<'a>),
}

impl<'a> Hash<'a> {
    /// Reads what follows the first `$`, or the whole text for hashes without a name.
    pub(crate) fn parse(algorithm: Algorithm, rest: &'a str) -> Result<Self, Refusal> {
        Ok(match algorithm {
            Algorithm::Pbkdf2Sha256 => Self::Pbkdf2(pbkdf2::Pbkdf2Hash::parse_sha256(rest)?),
            Algorithm::Pbkdf2Sha1 => Self::Pbkdf2(pbkdf2::Pbkdf2Hash::parse_sha1(rest)?),
            Algorithm::Argon2 => Self::Argon2(argon2::Argon2Hash::parse(rest)?),
            Algorithm::Bcrypt => Self::Bcrypt(bcrypt::BcryptHash::parse(rest, false)?),
            Algorithm::BcryptSha256 => Self::Bcrypt(bcrypt::BcryptHash::parse(rest, true)?),
            Algorithm::Scrypt => Self::Scrypt(scrypt::ScryptHash::parse(rest)?),
            Algorithm::Md5 => Self::Digest(digest::DigestHash::parse_md5(rest)?),
            Algorithm::Sha1 => Self::Digest(digest::DigestHash::parse_sha1(rest)?),
            Algorithm::UnsaltedMd5 => Self::Digest(digest::DigestHash::parse_unsalted_md5(rest)?),
            Algorithm::UnsaltedSha1 => Self::Digest(digest::DigestHash::parse_unsalted_sha1(rest)?),
            Algorithm::Crypt => Self::Crypt(crypt::CryptHash::parse(rest)?),
        })
    }

    pub(crate) fn cost(&self) -> Cost {
        match self {
            Self::Pbkdf2(hash) => hash.cost(),
            Self::Argon2(hash) => hash.cost(),
            Self::Bcrypt(hash) => hash.cost(),
            Self::Scrypt(hash) => hash.cost(),
            Self::Digest(_) => Cost::Digest,
            Self::Crypt(hash) => hash.cost(),
        }
    }

    /// Computes the hash of `password` and compares in constant time.
    pub(crate) fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        match self {
            Self::Pbkdf2(hash) => Ok(hash.matches(password)),
            Self::Argon2(hash) => hash.matches(password),
            Self::Bcrypt(hash) => Ok(hash.matches(password)),
            Self::Scrypt(hash) => hash.matches(password),
            Self::Digest(hash) => Ok(hash.matches(password)),
            Self::Crypt(hash) => Ok(hash.matches(password)),
        }
    }

    /// The salt that a wrapped hasher hands to its inner digest.
    pub(crate) fn salt_for_inner(&self) -> Cow<'a, [u8]> {
        match self {
            Self::Pbkdf2(hash) => Cow::Borrowed(hash.salt().as_bytes()),
            Self::Scrypt(hash) => Cow::Borrowed(hash.salt().as_bytes()),
            Self::Argon2(hash) => Cow::Owned(hash.salt_as_text().into_bytes()),
            // bcrypt wraps only unsalted digests, the rest wraps nothing (`CustomHashers`).
            Self::Bcrypt(_) | Self::Digest(_) | Self::Crypt(_) => Cow::Borrowed(&[]),
        }
    }
}

/// Does the work of one check at `cost` and throws the result away.
pub(crate) fn spend(password: &[u8], cost: &Cost) {
    match cost {
        Cost::Digest => digest::spend(password),
        Cost::DesCrypt { .. } | Cost::Md5Crypt | Cost::ShaCrypt { .. } => {
            crypt::spend(password, cost);
        }
        Cost::Pbkdf2 { digest, iterations } => pbkdf2::spend(password, *digest, *iterations),
        Cost::Bcrypt { work_factor } => bcrypt::spend(password, *work_factor),
        Cost::Scrypt {
            work_factor,
            block_size,
            parallelism,
        } => {
            scrypt::spend(password, *work_factor, *block_size, *parallelism);
        }
        Cost::Argon2 {
            memory_kib,
            time_cost,
            parallelism,
        } => {
            argon2::spend(password, *memory_kib, *time_cost, *parallelism);
        }
    }
}
