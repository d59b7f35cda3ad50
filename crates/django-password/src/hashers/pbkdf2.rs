//! `pbkdf2_sha256` and `pbkdf2_sha1`: `iterations$salt$base64`.
//!
//! Responsible for the format (django/contrib/auth/hashers.py, `PBKDF2PasswordHasher`, unchanged
//! in every version since 1.4). The rounds themselves are in `pbkdf2/rounds.rs`.

mod rounds;
#[cfg(all(target_arch = "x86_64", not(django_password_portable)))]
mod sha_instructions;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha512;
use subtle::ConstantTimeEq;

use crate::cognito::{self, CognitoHash, NotImportable};
use crate::cost::Cost;
use crate::decimal::canonical_decimal_u32;
use crate::format::{Format, Hash, Outer, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::work::Rounds;

pub(crate) static SHA256: Format = Format {
    outer: Outer::SharedSalt,
    ..Format::of_django("pbkdf2_sha256", |rest| {
        parsed(Pbkdf2Hash::parse_sha256(rest))
    })
};

pub(crate) static SHA1: Format = Format {
    outer: Outer::SharedSalt,
    ..Format::of_django("pbkdf2_sha1", |rest| parsed(Pbkdf2Hash::parse_sha1(rest)))
};

/// A salt of the length Django draws; which one does not change the work.
const ANY_SALT: &[u8] = b"unknown user, no salt.";

/// PBKDF2-HMAC-SHA256 for one digest, each round two compressions.
pub(crate) static SHA256_WORK: Rounds = Rounds {
    name: "pbkdf2-sha256",
    noun: "iterations",
    quantity: Some(Quantity::PBKDF2_ITERATIONS),
    sample: 10_000,
    spend: |password, iterations| {
        std::hint::black_box(rounds::pbkdf2_sha256(password, ANY_SALT, iterations));
    },
    weak_up_to: 0,
};

/// PBKDF2-HMAC-SHA1 for one digest.
pub(crate) static SHA1_WORK: Rounds = Rounds {
    name: "pbkdf2-sha1",
    noun: "iterations",
    quantity: Some(Quantity::PBKDF2_ITERATIONS),
    sample: 10_000,
    spend: |password, iterations| {
        std::hint::black_box(rounds::pbkdf2_sha1(password, ANY_SALT, iterations));
    },
    weak_up_to: 0,
};

/// PBKDF2-HMAC-SHA512 for one digest. Django never asks for it.
pub(super) static SHA512_WORK: Rounds = Rounds {
    name: "pbkdf2-sha512",
    noun: "iterations",
    quantity: Some(Quantity::PBKDF2_SHA512_ITERATIONS),
    sample: 2_000,
    spend: |password, iterations| {
        let mut output = [0; 64];
        ::pbkdf2::pbkdf2_hmac::<Sha512>(password, ANY_SALT, iterations, &mut output);
        std::hint::black_box(&output);
    },
    weak_up_to: 0,
};

impl Quantity {
    /// PBKDF2 iterations with SHA-512.
    // passlib uses 25,000, Grub 10,000, OWASP advises 220,000; twenty times that, some four seconds
    // of one core.
    pub const PBKDF2_SHA512_ITERATIONS: Self = Self::new("pbkdf2-sha512 iterations", 4_500_000);

    /// PBKDF2 iterations. OpenSSL, hence Django, counts them in a C `int`; a higher cap means that.
    // Django 6.1 uses 1,500,000, twice Django 5.0's 720,000 less than three years before. Ten more
    // years at that pace end near 24,000,000; this is twice that, and about what a core with SHA
    // extensions does within Cognito's five seconds.
    pub const PBKDF2_ITERATIONS: Self =
        Self::new("pbkdf2 iterations", 50_000_000).at_most(i32::MAX.unsigned_abs() as u64);
}

impl Cost {
    /// What Django 5.2 spends on an unknown user: its default `pbkdf2_sha256` at 1,000,000
    /// iterations. For `Verifier::spend` where nothing is known about the table.
    pub const DJANGO_5_2_DEFAULT: Self = Self::pbkdf2_sha256(1_000_000);

    /// PBKDF2-HMAC-SHA256, as Django asks for it.
    #[must_use]
    pub const fn pbkdf2_sha256(iterations: u32) -> Self {
        SHA256_WORK.cost(iterations as u64)
    }

    /// PBKDF2-HMAC-SHA1, as Django asks for it.
    #[must_use]
    pub const fn pbkdf2_sha1(iterations: u32) -> Self {
        SHA1_WORK.cost(iterations as u64)
    }
}

/// A PBKDF2 hash; the salt is the text's UTF-8 bytes.
#[derive(Debug)]
struct Pbkdf2Hash<'a> {
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
    fn parse_sha256(rest: &'a str) -> Result<Self, Malformation> {
        let (iterations, salt, hash) = split(rest)?;
        Ok(Self {
            iterations,
            salt,
            expected: Expected::Sha256(decode(hash)?),
        })
    }

    fn parse_sha1(rest: &'a str) -> Result<Self, Malformation> {
        let (iterations, salt, hash) = split(rest)?;
        Ok(Self {
            iterations,
            salt,
            expected: Expected::Sha1(decode(hash)?),
        })
    }
}

impl Hash for Pbkdf2Hash<'_> {
    fn cost(&self) -> Cost {
        match self.expected {
            Expected::Sha1(_) => Cost::pbkdf2_sha1(self.iterations),
            Expected::Sha256(_) => Cost::pbkdf2_sha256(self.iterations),
        }
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let salt = self.salt.as_bytes();
        Ok(match &self.expected {
            Expected::Sha1(expected) => rounds::pbkdf2_sha1(password, salt, self.iterations)
                .ct_eq(expected)
                .into(),
            Expected::Sha256(expected) => rounds::pbkdf2_sha256(password, salt, self.iterations)
                .ct_eq(expected)
                .into(),
        })
    }

    fn salt_for_inner(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.salt.as_bytes())
    }

    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        match &self.expected {
            Expected::Sha1(_) => Err(NotImportable::Algorithm),
            Expected::Sha256(digest) => {
                cognito::pbkdf2_sha256(self.iterations, self.salt.as_bytes(), digest)
            }
        }
    }
}

/// The digest under PBKDF2's HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha512,
}

impl Prf {
    /// The digest's length in bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn work(self) -> &'static Rounds {
        match self {
            Self::Sha1 => &SHA1_WORK,
            Self::Sha256 => &SHA256_WORK,
            Self::Sha512 => &SHA512_WORK,
        }
    }

    fn derive(self, password: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
        if let Self::Sha512 = self {
            ::pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, output);
            return;
        }
        for (block, chunk) in (1_u32..).zip(output.chunks_mut(self.length())) {
            let copy = |target: &mut [u8], source: &[u8]| {
                for (target, byte) in target.iter_mut().zip(source) {
                    *target = *byte;
                }
            };
            if let Self::Sha1 = self {
                copy(
                    chunk,
                    &rounds::pbkdf2_sha1_block(password, salt, iterations, block),
                );
            } else {
                copy(
                    chunk,
                    &rounds::pbkdf2_sha256_block(password, salt, iterations, block),
                );
            }
        }
    }
}

/// PBKDF2 as formats other than Django's have it: any salt, and a result of another length than the
/// digest's where the format wants that.
#[derive(Debug)]
pub(super) struct DerivedHash {
    prf: Prf,
    iterations: u32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl DerivedHash {
    pub(super) fn new(
        prf: Prf,
        iterations: u32,
        salt: Vec<u8>,
        expected: Vec<u8>,
        length: usize,
    ) -> Result<Self, Malformation> {
        if expected.len() != length {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        Ok(Self {
            prf,
            iterations,
            salt,
            expected,
        })
    }
}

impl Hash for DerivedHash {
    /// Every block of the result takes all the iterations.
    fn cost(&self) -> Cost {
        let blocks = self.expected.len().div_ceil(self.prf.length()) as u64;
        let iterations = u64::from(self.iterations).saturating_mul(blocks);
        self.prf.work().cost(iterations)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let mut computed = vec![0; self.expected.len()];
        self.prf
            .derive(password, &self.salt, self.iterations, &mut computed);
        Ok(computed.ct_eq(&self.expected).into())
    }

    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        if self.prf != Prf::Sha256 || self.expected.len() != self.prf.length() {
            return Err(NotImportable::Algorithm);
        }
        cognito::pbkdf2_sha256(self.iterations, &self.salt, &self.expected)
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
