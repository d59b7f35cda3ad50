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

use ::bcrypt::bcrypt as bcrypt_raw;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::digest::hex;
use crate::cost::Cost;
use crate::malformation::{Fault, Field, Malformation};

const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);

/// bcrypt's key length in bytes, of which the last one for shorter passwords is a NUL.
const KEY: usize = 72;
/// Length of the salt in the string: 16 bytes, in 22 characters.
const SALT_CHARACTERS: usize = 22;
/// bcrypt's output is 24 bytes; its string has always left out the last.
const DIGEST: usize = 23;

/// A bcrypt hash.
#[derive(Debug)]
pub(crate) struct BcryptHash {
    prehashed: bool,
    work_factor: u32,
    salt: [u8; 16],
    expected: [u8; DIGEST],
}

impl BcryptHash {
    /// `prehashed` tells `bcrypt_sha256` from `bcrypt`.
    pub(crate) fn parse(rest: &str, prehashed: bool) -> Result<Self, Malformation> {
        let missing = |field| Malformation::new(field, Fault::Missing);
        let rest = rest.strip_prefix('$').ok_or(missing(Field::Variety))?;
        let (variety, rest) = rest.split_once('$').ok_or(missing(Field::WorkFactor))?;
        if !matches!(variety, "2a" | "2b" | "2x" | "2y") {
            return Err(Malformation::new(Field::Variety, Fault::Unknown));
        }
        let (work_factor, rest) = rest.split_once('$').ok_or(missing(Field::Salt))?;
        let work_factor = read_work_factor(work_factor)?;
        let (salt, hash) = rest
            .split_at_checked(SALT_CHARACTERS)
            .ok_or(Malformation::new(Field::Salt, Fault::WrongShape))?;
        Ok(Self {
            prehashed,
            work_factor,
            salt: decode(Field::Salt, salt)?,
            expected: decode(Field::Hash, hash)?,
        })
    }

    pub(crate) fn cost(&self) -> Cost {
        Cost::Bcrypt {
            work_factor: self.work_factor,
        }
    }

    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        let computed = if self.prehashed {
            let hex = Zeroizing::new(hex(&Sha256::digest(password)));
            bcrypt(hex.as_bytes(), self.salt, self.work_factor)
        } else {
            bcrypt(password, self.salt, self.work_factor)
        };
        computed.ct_eq(&self.expected).into()
    }

    pub(crate) fn work_factor(&self) -> u32 {
        self.work_factor
    }

    /// The hash under the prefix that every library reads the same way.
    pub(crate) fn as_2b(&self) -> String {
        let (salt, hash) = (BASE64.encode(self.salt), BASE64.encode(self.expected));
        format!("$2b${:02}${salt}{hash}", self.work_factor)
    }
}

pub(crate) fn spend(password: &[u8], work_factor: u32) {
    if (4..=31).contains(&work_factor) {
        std::hint::black_box(bcrypt(password, *b"unknown user's  ", work_factor));
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

/// Strict: stray bits in the last character are rewritten as zeros, and then the text differs.
fn decode<const N: usize>(field: Field, text: &str) -> Result<[u8; N], Malformation> {
    let mut bytes = [0; N];
    match BASE64.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(Malformation::new(field, Fault::WrongShape)),
    }
}
