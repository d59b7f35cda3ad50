//! `passlib:des_crypt`, `bsdi_crypt`, `md5_crypt`, `sha256_crypt`, `sha512_crypt`, `apr_md5_crypt`,
//! `bigcrypt`, `crypt16`: crypt(3)'s results without Django's ignored salt in front, and their
//! relatives.
//!
//! Responsible for the spellings. The computation is that of `crypt.rs`.

use subtle::ConstantTimeEq;

use super::crypt::{self, CryptHash, des};
use super::passlib::after_mark;
use super::radix64::{is_radix64, radix64_little_endian};
use crate::cost::Cost;
use crate::format::{Format, Hash, Parsed, Shape, Unaffordable, parsed};
use crate::malformation::{Fault, Field, Malformation};
use crate::parsed_hash::Refusal;

pub(crate) static DES_CRYPT: Format = Format::foreign(
    "passlib:des_crypt",
    &["des_crypt"],
    |text| possible(text, 13),
    |text| parse(text, |text| text.len() == 13),
);

pub(crate) static BSDI_CRYPT: Format = Format::foreign(
    "passlib:bsdi_crypt",
    &["bsdi_crypt"],
    |text| Shape::own_if(is_bsdi(text)),
    |text| parse(text, is_bsdi),
);

pub(crate) static MD5_CRYPT: Format = Format::foreign(
    "passlib:md5_crypt",
    &["md5_crypt"],
    |text| Shape::own_if(text.starts_with("$1$")),
    |text| parse(text, |text| text.starts_with("$1$")),
);

pub(crate) static SHA256_CRYPT: Format = Format::foreign(
    "passlib:sha256_crypt",
    &["sha256_crypt"],
    |text| Shape::own_if(text.starts_with("$5$")),
    |text| parse(text, |text| text.starts_with("$5$")),
);

pub(crate) static SHA512_CRYPT: Format = Format::foreign(
    "passlib:sha512_crypt",
    &["sha512_crypt"],
    |text| Shape::own_if(text.starts_with("$6$")),
    |text| parse(text, |text| text.starts_with("$6$")),
);

/// Apache's change of `$1$`.
pub(crate) static APR_MD5_CRYPT: Format = Format::foreign(
    "passlib:apr_md5_crypt",
    &["apr1"],
    |text| Shape::own_if(after_mark(text, "$apr1$").is_some()),
    |text| {
        let rest = after_mark(text, "$apr1$").ok_or(unknown());
        let hash = rest.and_then(|rest| CryptHash::parse_md5(rest, b"$apr1$"));
        parsed(hash.map(CryptHash::of_any_length))
    },
);

/// Digital's DES: eleven characters for every eight of the password.
pub(crate) static BIGCRYPT: Format = Format::foreign(
    "passlib:bigcrypt",
    &["bigcrypt"],
    |text| {
        let blocks = text
            .len()
            .checked_sub(2)
            .is_some_and(|rest| rest.is_multiple_of(11));
        if blocks {
            possible(text, text.len())
        } else {
            Shape::Other
        }
    },
    |text| parsed(LongDes::parse(text, Long::Big)),
);

/// Ultrix's DES: sixteen characters of the password, in two halves of unlike rounds.
pub(crate) static CRYPT16: Format = Format::foreign(
    "passlib:crypt16",
    &["crypt16"],
    |text| possible(text, 24),
    |text| parsed(LongDes::parse(text, Long::Sixteen)),
);

fn possible(text: &str, length: usize) -> Shape {
    if text.len() == length && text.len() > 2 && text.bytes().all(is_radix64) {
        Shape::Possible
    } else {
        Shape::Other
    }
}

fn is_bsdi(text: &str) -> bool {
    text.len() == 20
        && text
            .strip_prefix('_')
            .is_some_and(|rest| rest.bytes().all(is_radix64))
}

fn unknown() -> Malformation {
    Malformation::new(Field::Variety, Fault::Unknown)
}

/// passlib computes itself what the C library refuses for its length.
fn parse<'a>(text: &'a str, is_it: fn(&str) -> bool) -> Parsed<'a> {
    if !is_it(text) {
        return Err(Refusal::Malformed(unknown()));
    }
    parsed(CryptHash::parse_result(text).map(CryptHash::of_any_length))
}

/// DES over more than eight characters.
#[derive(Debug)]
struct LongDes<'a> {
    long: Long,
    salt: &'a str,
    expected: &'a str,
}

#[derive(Debug, Clone, Copy)]
enum Long {
    Big,
    Sixteen,
}

impl<'a> LongDes<'a> {
    fn parse(text: &'a str, long: Long) -> Result<Self, Malformation> {
        let shape = |field| Malformation::new(field, Fault::WrongShape);
        let (salt, expected) = text.split_at_checked(2).ok_or(shape(Field::Salt))?;
        let length_fits = match long {
            Long::Big => !expected.is_empty() && expected.len().is_multiple_of(11),
            Long::Sixteen => expected.len() == 22,
        };
        if !length_fits || !text.bytes().all(is_radix64) {
            return Err(shape(Field::Hash));
        }
        Ok(Self {
            long,
            salt,
            expected,
        })
    }

    /// Each block's salt is the first two characters of the block before.
    fn bigcrypt(&self, password: &[u8]) -> String {
        let mut output = String::with_capacity(self.expected.len());
        let mut salt = self.salt.to_owned();
        let blocks = password.len().div_ceil(8).max(1);
        for index in 0..blocks {
            let from = index.saturating_mul(8);
            let block = password.get(from..).unwrap_or_default();
            let result = des::crypt(block, radix64_little_endian(&salt), 25, false);
            salt = result.chars().take(2).collect();
            output.push_str(&result);
        }
        output
    }

    fn crypt16(&self, password: &[u8]) -> String {
        let salt = radix64_little_endian(self.salt);
        let second = password.get(8..).unwrap_or_default();
        let first = des::crypt(password, salt, 20, false);
        first + &des::crypt(second, salt, 5, false)
    }
}

impl Hash for LongDes<'_> {
    fn cost(&self) -> Cost {
        // No longer password than the hash has blocks for can match; a longer one is cut before.
        let blocks = self.expected.len().div_ceil(11) as u64;
        crypt::DES.cost(blocks.saturating_mul(25))
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let computed = match self.long {
            // More blocks than there are in the hash: another length of result.
            Long::Big if password.len() > self.expected.len() => return Ok(false),
            Long::Big if password.contains(&0) => return Ok(false),
            Long::Big => self.bigcrypt(password),
            Long::Sixteen => self.crypt16(password),
        };
        Ok(computed.as_bytes().ct_eq(self.expected.as_bytes()).into())
    }
}
