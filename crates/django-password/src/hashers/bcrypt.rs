//! `bcrypt` and `bcrypt_sha256`: a bcrypt string with its own leading `$`.
//!
//! Responsible for the format as Python's `bcrypt` reads and rewrites it, which Django compares
//! text by text, and for the two rules about passwords:
//!
//! - Only the first 72 bytes count. Python's `bcrypt` cut silently up to 4.3; 5.0 raises an
//!   exception, so that Django answers such a sign-in with a server error. The stored hash is the
//!   same, and whoever chose the password under an older version still types it: this crate cuts.
//! - NUL is a byte like any other, as from `bcrypt` 4.0 on. Before, such passwords were refused, so
//!   no hash of one exists.
//!
//! `bcrypt_sha256` meets neither: it hands bcrypt the 64 hex digits of the password's SHA-256.
//!
//! The prefixes `2a`, `2b`, `2x` and `2y` all mean the same correct algorithm, as in Python's
//! `bcrypt` since 4.0 (before, `2x` raised an exception). `2x` elsewhere marks hashes of a library
//! with a sign-extension bug; Django has never been able to check those.

use std::borrow::Cow;
use std::fmt;

use ::bcrypt::bcrypt as bcrypt_raw;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::digest_algorithm::DigestAlgorithm;
use super::hexadecimal::hex;
use crate::cognito::{self, CognitoHash, NotImportable};
use crate::cost::Cost;
use crate::format::{Format, Hash, Outer, Unaffordable, parsed};
use crate::limits::{ExceededLimit, Limits, Quantity};
use crate::malformation::{Fault, Field, Malformation};
use crate::work::{Parameters, Work};

pub(crate) static BCRYPT: Format = Format {
    outer: Outer::OwnSalt,
    ..Format::of_django("bcrypt", |rest| {
        parsed(BcryptHash::parse(rest, Prehash::None))
    })
};

pub(crate) static BCRYPT_SHA256: Format = Format {
    outer: Outer::OwnSalt,
    ..Format::of_django("bcrypt_sha256", |rest| {
        parsed(BcryptHash::parse(rest, Prehash::HexSha256))
    })
};

const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

/// bcrypt's key length in bytes, of which the last one for shorter passwords is a NUL.
const KEY: usize = 72;
/// Length of the salt in the string: 16 bytes, in 22 characters.
const SALT_CHARACTERS: usize = 22;
/// bcrypt's output is 24 bytes; its string has always left out the last.
const DIGEST: usize = 23;

/// What is done to the password before bcrypt sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prehash {
    /// Nothing.
    None,
    /// Nothing, and one with NUL is refused.
    NoNul,
    /// Lower-case hex of its SHA-256: Django's `bcrypt_sha256`.
    HexSha256,
    /// base64 of its SHA-256.
    Base64Sha256,
    /// base64 of its HMAC.
    Base64Hmac {
        /// HMAC's digest.
        algorithm: DigestAlgorithm,
        /// HMAC's key.
        key: Vec<u8>,
    },
}

impl Prehash {
    /// What bcrypt sees; `None` for what is never right.
    fn key<'a>(&self, password: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        Some(match self {
            Self::None => Cow::Borrowed(password),
            Self::NoNul if password.contains(&0) => return None,
            Self::NoNul => Cow::Borrowed(password),
            Self::HexSha256 => Cow::Owned(hex(&Sha256::digest(password)).into_bytes()),
            Self::Base64Sha256 => {
                Cow::Owned(STANDARD.encode(Sha256::digest(password)).into_bytes())
            }
            Self::Base64Hmac { algorithm, key } => {
                Cow::Owned(STANDARD.encode(algorithm.hmac(key, password)).into_bytes())
            }
        })
    }
}

/// A bcrypt hash.
#[derive(Debug)]
pub(super) struct BcryptHash {
    prehash: Prehash,
    work_factor: u32,
    salt: [u8; 16],
    expected: [u8; DIGEST],
}

impl BcryptHash {
    /// After Django's name. `prehash` tells `bcrypt_sha256` from `bcrypt`.
    pub(super) fn parse(rest: &str, prehash: Prehash) -> Result<Self, Malformation> {
        let missing = Malformation::new(Field::Variety, Fault::Missing);
        let parts = split(rest.strip_prefix('$').ok_or(missing)?)?;
        Ok(Self {
            prehash,
            work_factor: parts.work_factor,
            salt: decode(&BASE64, Field::Salt, parts.salt)?,
            expected: decode(&BASE64, Field::Hash, parts.hash)?,
        })
    }

    /// As other libraries read it: stray bits in the last characters do not count.
    pub(super) fn lenient(prehash: Prehash, parts: &Parts<'_>) -> Result<Self, Malformation> {
        Ok(Self {
            prehash,
            work_factor: parts.work_factor,
            salt: decode(&LENIENT, Field::Salt, parts.salt)?,
            expected: decode(&LENIENT, Field::Hash, parts.hash)?,
        })
    }
}

/// The parts of bcrypt's string.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) variety: &'a str,
    pub(super) work_factor: u32,
    pub(super) salt: &'a str,
    pub(super) hash: &'a str,
}

/// Splits the string without its first `$`.
pub(super) fn split(rest: &str) -> Result<Parts<'_>, Malformation> {
    let missing = |field| Malformation::new(field, Fault::Missing);
    let (variety, rest) = rest.split_once('$').ok_or(missing(Field::WorkFactor))?;
    if !matches!(variety, "2a" | "2b" | "2x" | "2y") {
        return Err(Malformation::new(Field::Variety, Fault::Unknown));
    }
    let (work_factor, rest) = rest.split_once('$').ok_or(missing(Field::Salt))?;
    let work_factor = read_work_factor(work_factor)?;
    let (salt, hash) = rest
        .split_at_checked(SALT_CHARACTERS)
        .ok_or(Malformation::new(Field::Salt, Fault::WrongShape))?;
    Ok(Parts {
        variety,
        work_factor,
        salt,
        hash,
    })
}

impl Hash for BcryptHash {
    fn cost(&self) -> Cost {
        Cost::bcrypt(self.work_factor)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let Some(key) = self.prehash.key(password) else {
            return Ok(false);
        };
        let computed = bcrypt(&key, self.salt, self.work_factor);
        if let Cow::Owned(mut key) = key {
            key.zeroize();
        }
        Ok(computed.ct_eq(&self.expected).into())
    }

    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        if !matches!(self.prehash, Prehash::None | Prehash::NoNul) {
            return Err(NotImportable::PrehashedBcrypt);
        }
        // Under the prefix that every library reads the same way.
        let (salt, hash) = (BASE64.encode(self.salt), BASE64.encode(self.expected));
        cognito::bcrypt(self.work_factor, &salt, &hash)
    }
}

/// bcrypt, with or without a digest before it: the base-2 logarithm of the key schedule's rounds.
pub(crate) struct Bcrypt;

impl Work for Bcrypt {
    fn name(&self) -> &'static str {
        "bcrypt"
    }

    fn describe(
        &self,
        [work_factor, ..]: &Parameters,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        write!(formatter, "bcrypt work factor {work_factor}")
    }

    fn admit(&self, [work_factor, ..]: &Parameters, limits: &Limits) -> Result<(), ExceededLimit> {
        limits.admit(Quantity::BCRYPT_WORK_FACTOR, *work_factor)
    }

    fn units(&self, [work_factor, ..]: &Parameters) -> f64 {
        f64::from(u32::try_from(*work_factor).unwrap_or(u32::MAX)).exp2()
    }

    fn samples(&self) -> Vec<Parameters> {
        vec![[5, 0, 0]]
    }

    fn sample(&self, _: &Parameters) -> Parameters {
        [5, 0, 0]
    }

    fn spend(&self, password: &[u8], [work_factor, ..]: &Parameters) {
        if let Ok(work_factor @ 4..=31) = u32::try_from(*work_factor) {
            std::hint::black_box(bcrypt(password, *b"unknown user's  ", work_factor));
        }
    }

    /// Blowfish's boxes: 4 KiB and 72 bytes.
    fn memory_kib(&self, _: &Parameters) -> u64 {
        5
    }
}

impl Quantity {
    /// bcrypt's work factor, a base-2 logarithm.
    // Django has used 12 since 1.4. Each step doubles: 16 is sixteen times today's work, some four
    // seconds. Ory Kratos stops at 15 (hash/hash_limits.go).
    pub const BCRYPT_WORK_FACTOR: Self = Self::new("bcrypt work factor", 16);
}

impl Cost {
    /// bcrypt, with or without a digest before it.
    #[must_use]
    pub const fn bcrypt(work_factor: u32) -> Self {
        Self::new(&Bcrypt, [work_factor as u64, 0, 0])
    }
}

fn bcrypt(password: &[u8], salt: [u8; 16], work_factor: u32) -> [u8; DIGEST] {
    let mut key = Zeroizing::new([0; KEY]);
    for (target, byte) in key.iter_mut().zip(password) {
        *target = *byte;
    }
    // The password and its NUL, as far as there is room; neither zero nor over 72, and the work
    // factor is below 32: what `bcrypt_raw` demands.
    let length = password.len().saturating_add(1).min(KEY);
    let key = key.get(..length).unwrap_or(key.as_slice());
    let output = Zeroizing::new(bcrypt_raw(work_factor, salt, key));
    let mut digest = [0; DIGEST];
    for (target, byte) in digest.iter_mut().zip(output.iter()) {
        *target = *byte;
    }
    digest
}

/// Two digits, 04 to 31: Python's `bcrypt` rewrites it so.
fn read_work_factor(text: &str) -> Result<u32, Malformation> {
    let (tens, units) = match text.as_bytes() {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => (*tens, *units),
        _ => return Err(Malformation::new(Field::WorkFactor, Fault::NotANumber)),
    };
    let digit = |digit: u8| u32::from(digit.wrapping_sub(b'0'));
    let work_factor = digit(tens).saturating_mul(10).saturating_add(digit(units));
    if (4..=31).contains(&work_factor) {
        Ok(work_factor)
    } else {
        Err(Malformation::new(Field::WorkFactor, Fault::OutOfRange))
    }
}

/// Django is strict: stray bits in the last character are rewritten as zeros, and then the text
/// differs.
fn decode<const N: usize>(
    base64: &GeneralPurpose,
    field: Field,
    text: &str,
) -> Result<[u8; N], Malformation> {
    let mut bytes = [0; N];
    match base64.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(Malformation::new(field, Fault::WrongShape)),
    }
}
