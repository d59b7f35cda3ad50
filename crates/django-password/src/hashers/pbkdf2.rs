//! `pbkdf2_sha256` and `pbkdf2_sha1`: `iterations$salt$base64`.
//!
//! Responsible for the format (django/contrib/auth/hashers.py, `PBKDF2PasswordHasher`, unchanged
//! in every version since 1.4). The rounds themselves are in `pbkdf2/rounds.rs`.

mod rounds;
#[cfg(all(target_arch = "x86_64", not(django_password_portable)))]
mod sha_instructions;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use crate::cost::{Cost, Pbkdf2Digest};
use crate::decimal::canonical_decimal_u32;
use crate::malformation::{Fault, Field, Malformation};

/// A PBKDF2 hash; the salt is the text's UTF-8 bytes.
#[derive(Debug)]
pub(crate) struct Pbkdf2Hash<'a> {
    iterations: u32,
    salt: &'a str,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
}

impl<'a> Pbkdf2Hash<'a> {
    pub(crate) fn parse_sha256(rest: &'a str) -> Result<Self, Malformation> {
        let (iterations, salt, hash) = split(rest)?;
        Ok(Self {
            iterations,
            salt,
            expected: Expected::Sha256(decode(hash)?),
        })
    }

    pub(crate) fn parse_sha1(rest: &'a str) -> Result<Self, Malformation> {
        let (iterations, salt, hash) = split(rest)?;
        Ok(Self {
            iterations,
            salt,
            expected: Expected::Sha1(decode(hash)?),
        })
    }

    pub(crate) fn cost(&self) -> Cost {
        let digest = match self.expected {
            Expected::Sha1(_) => Pbkdf2Digest::Sha1,
            Expected::Sha256(_) => Pbkdf2Digest::Sha256,
        };
        Cost::Pbkdf2 {
            digest,
            iterations: self.iterations,
        }
    }

    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        let salt = self.salt.as_bytes();
        match &self.expected {
            Expected::Sha1(expected) => rounds::pbkdf2_sha1(password, salt, self.iterations)
                .ct_eq(expected)
                .into(),
            Expected::Sha256(expected) => rounds::pbkdf2_sha256(password, salt, self.iterations)
                .ct_eq(expected)
                .into(),
        }
    }

    pub(crate) fn salt(&self) -> &'a str {
        self.salt
    }

    pub(crate) fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The digest's bytes, of the length that tells which digest.
    pub(crate) fn digest(&self) -> &[u8] {
        match &self.expected {
            Expected::Sha1(bytes) => bytes,
            Expected::Sha256(bytes) => bytes,
        }
    }
}

pub(crate) fn spend(password: &[u8], digest: Pbkdf2Digest, iterations: u32) {
    // A salt of the length Django draws; which one does not change the work.
    let salt = b"unknown user, no salt.";
    match digest {
        Pbkdf2Digest::Sha1 => {
            std::hint::black_box(rounds::pbkdf2_sha1(password, salt, iterations));
        }
        Pbkdf2Digest::Sha256 => {
            std::hint::black_box(rounds::pbkdf2_sha256(password, salt, iterations));
        }
    }
}

/// Splits as `encoded.split("$", 3)` does: a `$` in the hash stays there, and no digest equals it.
fn split(rest: &str) -> Result<(u32, &str, &str), Malformation> {
    let missing = |field| Malformation::new(field, Fault::Missing);
    let (iterations, rest) = rest.split_once('$').ok_or(missing(Field::Salt))?;
    let (salt, hash) = rest.split_once('$').ok_or(missing(Field::Hash))?;
    let iterations = canonical_decimal_u32(iterations)
        .ok_or(Malformation::new(Field::Iterations, Fault::NotANumber))?;
    if iterations == 0 {
        // `iterations or self.iterations`: Django computes with its default and then compares
        // with a string that says so.
        return Err(Malformation::new(Field::Iterations, Fault::OutOfRange));
    }
    if salt.is_empty() {
        return Err(missing(Field::Salt));
    }
    Ok((iterations, salt, hash))
}

/// Strict base64, padded, no stray bits: Django compares the text, so there is one spelling.
fn decode<const N: usize>(hash: &str) -> Result<[u8; N], Malformation> {
    let mut bytes = [0; N];
    match STANDARD.decode_slice(hash, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(Malformation::new(Field::Hash, Fault::WrongShape)),
    }
}
