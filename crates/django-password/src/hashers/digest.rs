//! `md5`, `sha1`, `unsalted_md5`, `unsalted_sha1`: one pass of a digest, in lower-case hex.
//!
//! Responsible for their formats and for the inner half of wrapped hashers. Django 5.1 removed all
//! but `md5`; the formats are those of Django 1.0 to 5.0.

use md5::{Digest, Md5};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::algorithm::InnerDigest;
use crate::malformation::{Fault, Field, Malformation};

/// A hash made in one pass.
#[derive(Debug)]
pub(crate) struct DigestHash<'a> {
    salt: &'a str,
    expected: Expected,
}

#[derive(Debug)]
enum Expected {
    Md5([u8; 16]),
    Sha1([u8; 20]),
}

impl<'a> DigestHash<'a> {
    /// `salt$hash` after `md5$`.
    pub(crate) fn parse_md5(rest: &'a str) -> Result<Self, Malformation> {
        let (salt, hash) = split_salt(rest)?;
        Ok(Self {
            salt,
            expected: Expected::Md5(lower_hex(hash)?),
        })
    }

    /// `salt$hash` after `sha1$`.
    pub(crate) fn parse_sha1(rest: &'a str) -> Result<Self, Malformation> {
        let (salt, hash) = split_salt(rest)?;
        Ok(Self {
            salt,
            expected: Expected::Sha1(lower_hex(hash)?),
        })
    }

    /// The whole text: 32 hex digits, or those after `md5$$`.
    pub(crate) fn parse_unsalted_md5(encoded: &'a str) -> Result<Self, Malformation> {
        let hash = encoded.strip_prefix("md5$$").unwrap_or(encoded);
        Ok(Self {
            salt: "",
            expected: Expected::Md5(lower_hex(hash)?),
        })
    }

    /// The whole text: 40 hex digits after `sha1$$`.
    pub(crate) fn parse_unsalted_sha1(encoded: &'a str) -> Result<Self, Malformation> {
        let hash = encoded.strip_prefix("sha1$$").unwrap_or(encoded);
        Ok(Self {
            salt: "",
            expected: Expected::Sha1(lower_hex(hash)?),
        })
    }

    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        match &self.expected {
            Expected::Md5(expected) => {
                let computed = Md5::new()
                    .chain_update(self.salt)
                    .chain_update(password)
                    .finalize();
                computed.as_slice().ct_eq(expected).into()
            }
            Expected::Sha1(expected) => {
                let computed = Sha1::new()
                    .chain_update(self.salt)
                    .chain_update(password)
                    .finalize();
                computed.as_slice().ct_eq(expected).into()
            }
        }
    }
}

/// The inner hash of a wrapped hasher: what stood after the last `$` of the old hash.
pub(crate) fn inner_hex(inner: InnerDigest, salt: &[u8], password: &[u8]) -> Zeroizing<String> {
    let salt = if inner.is_salted() { salt } else { &[] };
    Zeroizing::new(match inner {
        InnerDigest::Md5 | InnerDigest::UnsaltedMd5 => hex(&Md5::new()
            .chain_update(salt)
            .chain_update(password)
            .finalize()),
        InnerDigest::Sha1 | InnerDigest::UnsaltedSha1 => hex(&Sha1::new()
            .chain_update(salt)
            .chain_update(password)
            .finalize()),
    })
}

pub(crate) fn spend(password: &[u8]) {
    std::hint::black_box(Sha1::new().chain_update(password).finalize());
}

fn split_salt(rest: &str) -> Result<(&str, &str), Malformation> {
    let (salt, hash) = rest
        .split_once('$')
        .ok_or(Malformation::new(Field::Hash, Fault::Missing))?;
    if salt.is_empty() {
        return Err(Malformation::new(Field::Salt, Fault::Missing));
    }
    Ok((salt, hash))
}

/// Lower case only: Python's `hexdigest()` writes nothing else, and Django compares text.
fn lower_hex<const N: usize>(text: &str) -> Result<[u8; N], Malformation> {
    let wrong_shape = || Malformation::new(Field::Hash, Fault::WrongShape);
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !odd.is_empty() {
        return Err(wrong_shape());
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = nibble(*high).zip(nibble(*low)).ok_or_else(wrong_shape)?;
        *byte = high << 4 | low;
    }
    Ok(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}

/// Lower-case hexadecimal digits, two for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}
