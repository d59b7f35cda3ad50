//! `passlib:scrypt`: `$scrypt$ln=16,r=8,p=1$salt$hash`, and `$7$` as crypt(3) spells it.
//!
//! Responsible for the spellings. The computation is that of `scrypt.rs`. Without its first `$` the
//! former begins as Django's own scrypt does; `ln=` tells them apart.

use super::passlib::{after_mark, base64};
use super::radix64::{encode_little_endian, is_radix64, radix64_little_endian, radix64_value};
use super::scrypt::{DerivedHash, Expected};
use crate::decimal::canonical_decimal;
use crate::format::{Format, Shape, parsed};
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static SCRYPT: Format = Format::foreign(
    "passlib:scrypt",
    &["scrypt"],
    |text| Shape::own_if(after_mark(text, MARK).is_some() || text.starts_with(MARK_7)),
    |text| {
        parsed(match after_mark(text, MARK) {
            Some(rest) => parse(rest),
            None => parse_7(text),
        })
    },
);

const MARK: &str = "$scrypt$ln=";
const MARK_7: &str = "$7$";

/// passlib's `checksum_size`.
const DIGEST: usize = 32;

/// What follows `ln=`.
fn parse(rest: &str) -> Result<DerivedHash, Malformation> {
    let missing = |field| Malformation::new(field, Fault::Missing);
    let number =
        |field, text| canonical_decimal(text).ok_or(Malformation::new(field, Fault::NotANumber));
    let (settings, rest) = rest.split_once('$').ok_or(missing(Field::Salt))?;
    let (salt, hash) = rest.split_once('$').ok_or(missing(Field::Hash))?;
    let (logarithm, settings) = settings
        .split_once(",r=")
        .ok_or(missing(Field::BlockSize))?;
    let (block_size, parallelism) = settings
        .split_once(",p=")
        .ok_or(missing(Field::Parallelism))?;
    let logarithm = number(Field::WorkFactor, logarithm)?;
    let block_size = number(Field::BlockSize, block_size)?;
    let parallelism = number(Field::Parallelism, parallelism)?;
    let salt = base64(Field::Salt, salt)?;
    let hash = base64(Field::Hash, hash)?;
    if hash.len() != DIGEST {
        return Err(Malformation::new(Field::Hash, Fault::WrongShape));
    }
    let parameters = (power_of_two(logarithm)?, block_size, parallelism);
    DerivedHash::new(parameters, salt, Expected::Bytes(hash))
}

/// `$7$`, one character of N's logarithm, five of r, five of p, the salt, `$`, the hash.
fn parse_7(text: &str) -> Result<DerivedHash, Malformation> {
    let shape = |field| Malformation::new(field, Fault::WrongShape);
    let rest = text
        .strip_prefix(MARK_7)
        .ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
    let (logarithm, rest) = rest.split_at_checked(1).ok_or(shape(Field::WorkFactor))?;
    let (block_size, rest) = rest.split_at_checked(5).ok_or(shape(Field::BlockSize))?;
    let (parallelism, rest) = rest.split_at_checked(5).ok_or(shape(Field::Parallelism))?;
    let (salt, hash) = rest
        .split_once('$')
        .ok_or(Malformation::new(Field::Hash, Fault::Missing))?;
    let logarithm = logarithm
        .bytes()
        .next()
        .and_then(radix64_value)
        .ok_or(shape(Field::WorkFactor))?;
    for (field, text) in [
        (Field::BlockSize, block_size),
        (Field::Parallelism, parallelism),
        (Field::Hash, hash),
    ] {
        if !text.bytes().all(is_radix64) {
            return Err(shape(field));
        }
    }
    if !salt.is_ascii() {
        return Err(shape(Field::Salt));
    }
    // Compared as text: its last character has bits to spare.
    if hash.len() != encode_little_endian(&[0; DIGEST]).len() {
        return Err(shape(Field::Hash));
    }
    let parameters = (
        power_of_two(logarithm.into())?,
        radix64_little_endian(block_size).into(),
        radix64_little_endian(parallelism).into(),
    );
    let expected = Expected::Radix64(hash.to_owned());
    DerivedHash::new(parameters, salt.as_bytes().to_vec(), expected)
}

fn power_of_two(logarithm: u64) -> Result<u64, Malformation> {
    match logarithm {
        1..=31 => Ok(1 << logarithm),
        _ => Err(Malformation::new(Field::WorkFactor, Fault::OutOfRange)),
    }
}
