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

mod des;
mod md5_crypt;
mod radix64;
mod sha_crypt;

use subtle::ConstantTimeEq;

use super::bcrypt::BcryptHash;
use crate::cost::{Cost, ShaCryptDigest};
use crate::malformation::{Fault, Field, Malformation};
use crate::parsed_hash::Refusal;
use radix64::{is_radix64, radix64_little_endian, radix64_value};

/// `CRYPT_MAX_PASSPHRASE_SIZE`: from this length on libxcrypt refuses, and Python raises.
const MAX_PASSPHRASE: usize = 512;

/// Iterations of traditional DES.
const DES_ITERATIONS: u32 = 25;

/// A result of crypt(3).
#[derive(Debug)]
pub(crate) struct CryptHash<'a> {
    scheme: Scheme<'a>,
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
    },
    Sha {
        digest: ShaCryptDigest,
        rounds: u32,
        salt: &'a str,
    },
    Bcrypt(BcryptHash),
}

impl<'a> CryptHash<'a> {
    pub(crate) fn parse(rest: &'a str) -> Result<Self, Refusal> {
        let (_salt, result) = rest
            .split_once('$')
            .ok_or(Malformation::new(Field::Hash, Fault::Missing))?;
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
            "1" => {
                let (salt, expected) = split_result(rest, 8, 22, 4)?;
                Ok(Self {
                    scheme: Scheme::Md5 { salt },
                    expected,
                })
            }
            "5" => Ok(Self::parse_sha(ShaCryptDigest::Sha256, rest, 43, 16)?),
            "6" => Ok(Self::parse_sha(ShaCryptDigest::Sha512, rest, 86, 4)?),
            "2a" | "2b" | "2y" => {
                let bcrypt = BcryptHash::parse(result, false)?;
                Ok(Self {
                    scheme: Scheme::Bcrypt(bcrypt),
                    expected: "",
                })
            }
            _ => Err(Refusal::Unsupported),
        }
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
        Ok(Self {
            scheme: Scheme::Sha {
                digest,
                rounds,
                salt,
            },
            expected,
        })
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
        Ok(Self {
            scheme: Scheme::Des {
                salt,
                iterations,
                extended: true,
            },
            expected,
        })
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
        Ok(Self { scheme, expected })
    }

    pub(crate) fn cost(&self) -> Cost {
        match &self.scheme {
            Scheme::Des { iterations, .. } => Cost::DesCrypt {
                iterations: *iterations,
            },
            Scheme::Md5 { .. } => Cost::Md5Crypt,
            Scheme::Sha { digest, rounds, .. } => Cost::ShaCrypt {
                digest: *digest,
                rounds: *rounds,
            },
            Scheme::Bcrypt(bcrypt) => bcrypt.cost(),
        }
    }

    /// A password with NUL, or of 512 bytes and more, is one for which Python's `crypt.crypt`
    /// raises an exception: never right.
    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        if password.contains(&0) || password.len() >= MAX_PASSPHRASE {
            return false;
        }
        let computed = match &self.scheme {
            Scheme::Des {
                salt,
                iterations,
                extended,
            } => des::crypt(password, *salt, *iterations, *extended),
            Scheme::Md5 { salt } => md5_crypt::crypt(password, salt.as_bytes()),
            Scheme::Sha {
                digest,
                rounds,
                salt,
            } => sha_crypt::crypt(*digest, password, salt.as_bytes(), *rounds),
            Scheme::Bcrypt(bcrypt) => return bcrypt.matches(password),
        };
        computed.as_bytes().ct_eq(self.expected.as_bytes()).into()
    }
}

pub(crate) fn spend(password: &[u8], cost: &Cost) {
    // Longer passwords are refused unread, above.
    let password = password.get(..MAX_PASSPHRASE).unwrap_or(password);
    let salt = b"unknown ";
    std::hint::black_box(match cost {
        Cost::DesCrypt { iterations } => {
            des::crypt(password, 1, *iterations, *iterations != DES_ITERATIONS)
        }
        Cost::ShaCrypt { digest, rounds } => sha_crypt::crypt(*digest, password, salt, *rounds),
        _ => md5_crypt::crypt(password, salt),
    });
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
