//! `crypt`: `salt$result`, where the salt is ignored and the result is one of crypt(3)'s.
//!
//! Responsible for telling crypt(3)'s schemes apart and for the strings each writes. Django's own
//! `CryptPasswordHasher` (removed in 5.0) only ever made traditional DES, but it hands the stored
//! result to the C library as setting, so results of the other schemes, for example from
//! `/etc/shadow`, worked too. Follows libxcrypt, what Linux distributions have as libcrypt.
//!
//! Computed here: traditional and BSDi DES, `$1$`, `$5$`, `$6$`, `$2a$`, `$2b$`, `$2y$`. Reported
//! as unsupported: `$y$`, `$gy$`, `$7$`, `$md5`, `$sha1$`, `$3$`, and `$2x$` (here the bug it
//! stands for).

pub(super) mod des;
mod md5_crypt;
mod sha_crypt;

use subtle::ConstantTimeEq;

use super::bcrypt::{BcryptHash, Prehash};
use super::radix64::{is_radix64, radix64_little_endian, radix64_value};
use crate::cost::Cost;
use crate::format::{Format, Hash, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::parsed_hash::Refusal;
use crate::work::Rounds;
pub(super) use sha_crypt::ShaCryptDigest;

pub(crate) static CRYPT: Format = Format::of_django("crypt", |rest| parsed(CryptHash::parse(rest)));

/// crypt(3), traditional (25 rounds) or BSDi's extended DES: encryptions, each of 16 rounds.
pub(crate) static DES: Rounds = Rounds {
    name: "des-crypt",
    noun: "iterations",
    quantity: Some(Quantity::CRYPT_ROUNDS),
    sample: 2_000,
    spend: |password, iterations| {
        let extended = iterations != DES_ITERATIONS;
        std::hint::black_box(des::crypt(cut(password), 1, iterations, extended));
    },
    weak_up_to: DES_ITERATIONS,
};

/// crypt(3) with `$1$`.
pub(crate) static MD5: Rounds = Rounds {
    name: "md5-crypt",
    noun: "rounds",
    quantity: None,
    sample: MD5_ROUNDS,
    spend: |password, _| {
        std::hint::black_box(md5_crypt::crypt(cut(password), ANY_SALT, b"$1$"));
    },
    weak_up_to: 0,
};

/// crypt(3) with `$5$`.
pub(crate) static SHA256: Rounds = Rounds {
    name: "sha256-crypt",
    noun: "rounds",
    quantity: Some(Quantity::CRYPT_ROUNDS),
    sample: 1_000,
    spend: |password, rounds| {
        let password = cut(password);
        let digest = ShaCryptDigest::Sha256;
        std::hint::black_box(sha_crypt::crypt(digest, password, ANY_SALT, rounds));
    },
    weak_up_to: 0,
};

/// crypt(3) with `$6$`.
pub(crate) static SHA512: Rounds = Rounds {
    name: "sha512-crypt",
    noun: "rounds",
    quantity: Some(Quantity::CRYPT_ROUNDS),
    sample: 1_000,
    spend: |password, rounds| {
        let password = cut(password);
        let digest = ShaCryptDigest::Sha512;
        std::hint::black_box(sha_crypt::crypt(digest, password, ANY_SALT, rounds));
    },
    weak_up_to: 0,
};

impl Quantity {
    /// The rounds of crypt(3)'s `$5$`, `$6$` and DES hashes.
    // crypt(3)'s own default is 5,000 for SHA, 725 for BSDi's DES; glibc would allow 999,999,999,
    // which is minutes.
    pub const CRYPT_ROUNDS: Self = Self::new("crypt rounds", 1_000_000);
}

/// `CRYPT_MAX_PASSPHRASE_SIZE`: from this length on libxcrypt refuses, and Python raises.
const MAX_PASSPHRASE: usize = 512;

/// Iterations of traditional DES.
const DES_ITERATIONS: u32 = 25;

/// Rounds of `$1$`.
const MD5_ROUNDS: u32 = 1_000;

/// For work that stands in for a check; which salt does not change it.
const ANY_SALT: &[u8] = b"unknown ";

/// A result of crypt(3).
#[derive(Debug)]
pub(super) struct CryptHash<'a> {
    scheme: Scheme<'a>,
    /// Passwords of so many bytes and more are never right.
    too_long: usize,
    /// The result's last part, in crypt's base 64; empty for bcrypt.
    expected: &'a str,
}

#[derive(Debug)]
enum Scheme<'a> {
    Des {
        salt: u32,
        iterations: u32,
        extended: bool,
    },
    Md5 {
        salt: &'a str,
        mark: &'static [u8],
    },
    Sha {
        digest: ShaCryptDigest,
        rounds: u32,
        salt: &'a str,
    },
    Bcrypt(BcryptHash),
}

impl<'a> CryptHash<'a> {
    fn parse(rest: &'a str) -> Result<Self, Refusal> {
        let (_salt, result) = rest
            .split_once('$')
            .ok_or(Malformation::new(Field::Hash, Fault::Missing))?;
        Self::parse_result(result)
    }

    /// Reads what crypt(3) wrote.
    pub(super) fn parse_result(result: &'a str) -> Result<Self, Refusal> {
        if let Some(modular) = result.strip_prefix('$') {
            Self::parse_modular(modular, result)
        } else if let Some(extended) = result.strip_prefix('_') {
            Ok(Self::parse_bsdi(extended)?)
        } else {
            Ok(Self::parse_traditional(result)?)
        }
    }

    /// `$id$…`; `modular` is without the first `$`.
    fn parse_modular(modular: &'a str, result: &'a str) -> Result<Self, Refusal> {
        let missing = Malformation::new(Field::Salt, Fault::Missing);
        let (id, rest) = modular.split_once('$').ok_or(missing)?;
        match id {
            "1" => Ok(Self::parse_md5(rest, b"$1$")?),
            "5" => Ok(Self::parse_sha(ShaCryptDigest::Sha256, rest, 43, 16)?),
            "6" => Ok(Self::parse_sha(ShaCryptDigest::Sha512, rest, 86, 4)?),
            "2a" | "2b" | "2y" => {
                let bcrypt = BcryptHash::parse(result, Prehash::None)?;
                Ok(Self::new(Scheme::Bcrypt(bcrypt), ""))
            }
            _ => Err(Refusal::Unsupported),
        }
    }

    const fn new(scheme: Scheme<'a>, expected: &'a str) -> Self {
        Self {
            scheme,
            too_long: MAX_PASSPHRASE,
            expected,
        }
    }

    /// Has passwords of any length checked, as libraries do that compute without crypt(3).
    pub(super) fn of_any_length(mut self) -> Self {
        self.too_long = usize::MAX;
        self
    }

    /// `salt$result` after `mark`, `$1$` or `$apr1$`.
    pub(super) fn parse_md5(rest: &'a str, mark: &'static [u8]) -> Result<Self, Malformation> {
        let (salt, expected) = split_result(rest, 8, 22, 4)?;
        Ok(Self::new(Scheme::Md5 { salt, mark }, expected))
    }

    fn parse_sha(
        digest: ShaCryptDigest,
        rest: &'a str,
        length: usize,
        last_values: u8,
    ) -> Result<Self, Malformation> {
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            None => (sha_crypt::DEFAULT_ROUNDS, rest),
            Some(rest) => {
                let (rounds, rest) = rest
                    .split_once('$')
                    .ok_or(Malformation::new(Field::Salt, Fault::Missing))?;
                (sha_crypt::read_rounds(rounds)?, rest)
            }
        };
        let (salt, expected) = split_result(rest, 16, length, last_values)?;
        let scheme = Scheme::Sha {
            digest,
            rounds,
            salt,
        };
        Ok(Self::new(scheme, expected))
    }

    /// `_`, four characters of count, four of salt, eleven of result.
    fn parse_bsdi(extended: &'a str) -> Result<Self, Malformation> {
        let (count, rest) = split_setting(extended, 4)?;
        let (salt, expected) = split_setting(rest, 4)?;
        let iterations = radix64_little_endian(count);
        if iterations == 0 {
            return Err(Malformation::new(Field::Iterations, Fault::OutOfRange));
        }
        check_des_result(expected)?;
        let salt = radix64_little_endian(salt);
        let scheme = Scheme::Des {
            salt,
            iterations,
            extended: true,
        };
        Ok(Self::new(scheme, expected))
    }

    /// Two characters of salt, eleven of result.
    fn parse_traditional(result: &'a str) -> Result<Self, Malformation> {
        let (salt, expected) = split_setting(result, 2)?;
        check_des_result(expected)?;
        let salt = radix64_little_endian(salt);
        let scheme = Scheme::Des {
            salt,
            iterations: DES_ITERATIONS,
            extended: false,
        };
        Ok(Self::new(scheme, expected))
    }
}

impl Hash for CryptHash<'_> {
    fn cost(&self) -> Cost {
        match &self.scheme {
            Scheme::Des { iterations, .. } => DES.cost((*iterations).into()),
            Scheme::Md5 { .. } => MD5.cost(MD5_ROUNDS.into()),
            Scheme::Sha {
                digest: ShaCryptDigest::Sha256,
                rounds,
                ..
            } => SHA256.cost((*rounds).into()),
            Scheme::Sha {
                digest: ShaCryptDigest::Sha512,
                rounds,
                ..
            } => SHA512.cost((*rounds).into()),
            Scheme::Bcrypt(bcrypt) => bcrypt.cost(),
        }
    }

    /// A password with NUL, or of 512 bytes and more, is one for which Python's `crypt.crypt`
    /// raises an exception: never right.
    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        if password.contains(&0) || password.len() >= self.too_long {
            return Ok(false);
        }
        let computed = match &self.scheme {
            Scheme::Des {
                salt,
                iterations,
                extended,
            } => des::crypt(password, *salt, *iterations, *extended),
            Scheme::Md5 { salt, mark } => md5_crypt::crypt(password, salt.as_bytes(), mark),
            Scheme::Sha {
                digest,
                rounds,
                salt,
            } => sha_crypt::crypt(*digest, password, salt.as_bytes(), *rounds),
            Scheme::Bcrypt(bcrypt) => return bcrypt.matches(password),
        };
        Ok(computed.as_bytes().ct_eq(self.expected.as_bytes()).into())
    }
}

/// What a check would look at: longer passwords are refused unread.
fn cut(password: &[u8]) -> &[u8] {
    password.get(..MAX_PASSPHRASE).unwrap_or(password)
}

/// `salt$result`, with the salt no longer than `salt_length` (the C library cuts it in its output,
/// which then differs) and the result of `length` characters, the last of which has fewer bits.
fn split_result(
    rest: &str,
    salt_length: usize,
    length: usize,
    last_values: u8,
) -> Result<(&str, &str), Malformation> {
    let (salt, result) = rest
        .split_once('$')
        .ok_or(Malformation::new(Field::Hash, Fault::Missing))?;
    // libxcrypt's `check_badsalt_chars`: no white space, no control characters, none of `!*:;\`.
    let bad = |byte: u8| !byte.is_ascii_graphic() || b"!*:;\\".contains(&byte);
    if salt.len() > salt_length || salt.bytes().any(bad) {
        return Err(Malformation::new(Field::Salt, Fault::WrongShape));
    }
    let last = result.bytes().last().and_then(radix64_value);
    let well_formed = result.len() == length && result.bytes().all(is_radix64);
    if well_formed && last.is_some_and(|value| value < last_values) {
        Ok((salt, result))
    } else {
        Err(Malformation::new(Field::Hash, Fault::WrongShape))
    }
}

/// The first `length` characters, all of crypt's base 64, and the rest.
fn split_setting(text: &str, length: usize) -> Result<(&str, &str), Malformation> {
    text.split_at_checked(length)
        .filter(|(setting, _)| setting.bytes().all(is_radix64))
        .ok_or(Malformation::new(Field::Setting, Fault::WrongShape))
}

/// Eleven characters for 64 bits: the last has two bits to spare, which are zero.
fn check_des_result(result: &str) -> Result<(), Malformation> {
    let last = result.bytes().last().and_then(radix64_value);
    let well_formed = result.len() == 11 && result.bytes().all(is_radix64);
    if well_formed && last.is_some_and(|value| value & 0b11 == 0) {
        Ok(())
    } else {
        Err(Malformation::new(Field::Hash, Fault::WrongShape))
    }
}
