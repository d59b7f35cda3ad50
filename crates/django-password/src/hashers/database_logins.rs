//! `passlib:mysql323`, `mysql41`, `mssql2000`, `mssql2005`, `oracle11`: how database servers keep the
//! passwords of their own logins. Some applications borrowed the servers' functions for it.
//!
//! Responsible for their formats. None of them slows a guess.

use subtle::ConstantTimeEq;

use super::digest::OneDigest;
use super::digest_algorithm::{Characters, DigestAlgorithm, OnePass};
use super::hexadecimal::{any_hex, is_hex};
use crate::cost::Cost;
use crate::format::{Format, Hash, Shape, Unaffordable, parsed};
use crate::malformation::{Fault, Field, Malformation};

/// MySQL's `OLD_PASSWORD()`.
pub(crate) static MYSQL323: Format = Format::foreign(
    "passlib:mysql323",
    &["mysql323"],
    |text| {
        if is_hex(text, 16) {
            Shape::Possible
        } else {
            Shape::Other
        }
    },
    |text| parsed(any_hex(text).map(|expected| Mysql323 { expected })),
);

/// MySQL's `PASSWORD()`: SHA-1 of SHA-1.
pub(crate) static MYSQL41: Format = Format::foreign(
    "passlib:mysql41",
    &["mysql41"],
    |text| Shape::own_if(text.strip_prefix('*').is_some_and(|text| is_hex(text, 40))),
    |text| {
        let digits = text
            .strip_prefix('*')
            .ok_or(Malformation::new(Field::Variety, Fault::Unknown));
        parsed(
            digits
                .and_then(any_hex)
                .map(|expected| Mysql41 { expected }),
        )
    },
);

/// SQL Server 2000: of the password and of its upper case, which alone is looked at.
pub(crate) static MSSQL2000: Format = Format::foreign(
    "passlib:mssql2000",
    &["mssql2000"],
    |text| Shape::own_if(is_mssql(text, 88)),
    |text| {
        let hash = after_mssql_mark(text, 88).and_then(|digits| {
            let bytes: [u8; 44] = any_hex(digits)?;
            let (salt, digests) = bytes.split_at(4);
            let (_exact, upper) = digests.split_at(20);
            Ok(one_pass(Characters::UpperUtf16, salt, upper))
        });
        parsed(hash)
    },
);

/// SQL Server 2005 to 2008.
pub(crate) static MSSQL2005: Format = Format::foreign(
    "passlib:mssql2005",
    &["mssql2005"],
    |text| Shape::own_if(is_mssql(text, 48)),
    |text| {
        let hash = after_mssql_mark(text, 48).and_then(|digits| {
            let bytes: [u8; 24] = any_hex(digits)?;
            let (salt, digest) = bytes.split_at(4);
            Ok(one_pass(Characters::Utf16, salt, digest))
        });
        parsed(hash)
    },
);

/// Oracle 11g: `S:`, the digest and the salt.
pub(crate) static ORACLE11: Format = Format::foreign(
    "passlib:oracle11",
    &["oracle11"],
    |text| Shape::own_if(text.strip_prefix("S:").is_some_and(|text| is_hex(text, 60))),
    |text| {
        let digits = text
            .strip_prefix("S:")
            .or_else(|| text.strip_prefix("s:"))
            .ok_or(Malformation::new(Field::Variety, Fault::Unknown));
        let hash = digits.and_then(|digits| {
            let bytes: [u8; 30] = any_hex(digits)?;
            let (digest, salt) = bytes.split_at(20);
            Ok(one_pass(Characters::Utf8, salt, digest))
        });
        parsed(hash)
    },
);

fn is_mssql(text: &str, digits: usize) -> bool {
    text.strip_prefix("0x0100")
        .is_some_and(|text| is_hex(text, digits))
}

fn after_mssql_mark(text: &str, digits: usize) -> Result<&str, Malformation> {
    text.strip_prefix("0x0100")
        .filter(|text| text.len() == digits)
        .ok_or(Malformation::new(Field::Variety, Fault::Unknown))
}

fn one_pass(characters: Characters, salt: &[u8], digest: &[u8]) -> OnePass {
    OnePass {
        algorithm: DigestAlgorithm::Sha1,
        characters,
        salt: salt.to_vec(),
        expected: digest.to_vec(),
    }
}

#[derive(Debug)]
struct Mysql41 {
    expected: [u8; 20],
}

impl Hash for Mysql41 {
    fn cost(&self) -> Cost {
        OneDigest::COST
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let once = DigestAlgorithm::Sha1.digest(&[password]);
        let twice = DigestAlgorithm::Sha1.digest(&[&once]);
        Ok(twice.ct_eq(&self.expected).into())
    }
}

#[derive(Debug)]
struct Mysql323 {
    expected: [u8; 8],
}

impl Hash for Mysql323 {
    fn cost(&self) -> Cost {
        OneDigest::COST
    }

    /// Two sums of 31 bits (sql/password.c, `hash_password`). Blanks and tabs do not count.
    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let (mut first, mut second, mut add) = (0x5030_5735_u32, 0x1234_5671_u32, 7_u32);
        for byte in password.iter().filter(|byte| !b" \t".contains(byte)) {
            let byte = u32::from(*byte);
            let product = (first & 63).wrapping_add(add).wrapping_mul(byte);
            first ^= product.wrapping_add(first << 8);
            second = second.wrapping_add((second << 8) ^ first);
            add = add.wrapping_add(byte);
        }
        let mask = 0x7fff_ffff;
        let computed = u64::from(first & mask) << 32 | u64::from(second & mask);
        Ok(computed.to_be_bytes().ct_eq(&self.expected).into())
    }
}
