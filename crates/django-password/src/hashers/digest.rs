//! `md5`, `sha1`, `unsalted_md5`, `unsalted_sha1`: one pass of a digest, in lower-case hex.
//!
//! Responsible for their formats and for the inner half of wrapped hashers. Django 5.1 removed all
//! but `md5`; the formats are those of Django 1.0 to 5.0.

use std::fmt;

use md5::{Digest, Md5};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::hexadecimal::{hex, lower_hex};
use crate::cost::Cost;
use crate::format::{Format, Hash, InnerDigest, Unaffordable, parsed};
use crate::limits::{ExceededLimit, Limits};
use crate::malformation::{Fault, Field, Malformation};
use crate::work::{Parameters, Work};

pub(crate) static MD5: Format = Format {
    inner: Some(InnerDigest::Md5),
    ..Format::of_django("md5", |rest| parsed(DigestHash::parse_md5(rest)))
};

pub(crate) static SHA1: Format = Format {
    inner: Some(InnerDigest::Sha1),
    ..Format::of_django("sha1", |rest| parsed(DigestHash::parse_sha1(rest)))
};

pub(crate) static UNSALTED_MD5: Format = Format {
    is_nameless: true,
    inner: Some(InnerDigest::UnsaltedMd5),
    ..Format::of_django("unsalted_md5", |encoded| {
        parsed(DigestHash::parse_unsalted_md5(encoded))
    })
};

pub(crate) static UNSALTED_SHA1: Format = Format {
    is_nameless: true,
    inner: Some(InnerDigest::UnsaltedSha1),
    ..Format::of_django("unsalted_sha1", |encoded| {
        parsed(DigestHash::parse_unsalted_sha1(encoded))
    })
};

/// One pass of MD5, SHA-1 or the like over salt and password.
pub(crate) struct OneDigest;

pub(crate) static ONE_DIGEST: OneDigest = OneDigest;

impl OneDigest {
    /// The one cost there is.
    pub(crate) const COST: Cost = Cost::new(&ONE_DIGEST, [0; 3]);
}

impl Work for OneDigest {
    fn name(&self) -> &'static str {
        "one digest"
    }

    fn describe(&self, _: &Parameters, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }

    fn admit(&self, _: &Parameters, _: &Limits) -> Result<(), ExceededLimit> {
        Ok(())
    }

    fn units(&self, _: &Parameters) -> f64 {
        1.0
    }

    fn samples(&self) -> Vec<Parameters> {
        vec![[0; 3]]
    }

    fn sample(&self, _: &Parameters) -> Parameters {
        [0; 3]
    }

    fn spend(&self, password: &[u8], _: &Parameters) {
        std::hint::black_box(Sha1::new().chain_update(password).finalize());
    }

    fn is_weak(&self, _: &Parameters) -> bool {
        true
    }
}

/// A hash made in one pass.
#[derive(Debug)]
struct DigestHash<'a> {
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
    fn parse_md5(rest: &'a str) -> Result<Self, Malformation> {
        let (salt, hash) = split_salt(rest)?;
        Ok(Self {
            salt,
            expected: Expected::Md5(lower_hex(hash)?),
        })
    }

    /// `salt$hash` after `sha1$`.
    fn parse_sha1(rest: &'a str) -> Result<Self, Malformation> {
        let (salt, hash) = split_salt(rest)?;
        Ok(Self {
            salt,
            expected: Expected::Sha1(lower_hex(hash)?),
        })
    }

    /// The whole text: 32 hex digits, or those after `md5$$`.
    fn parse_unsalted_md5(encoded: &'a str) -> Result<Self, Malformation> {
        let hash = encoded.strip_prefix("md5$$").unwrap_or(encoded);
        Ok(Self {
            salt: "",
            expected: Expected::Md5(lower_hex(hash)?),
        })
    }

    /// The whole text: 40 hex digits after `sha1$$`.
    fn parse_unsalted_sha1(encoded: &'a str) -> Result<Self, Malformation> {
        let hash = encoded.strip_prefix("sha1$$").unwrap_or(encoded);
        Ok(Self {
            salt: "",
            expected: Expected::Sha1(lower_hex(hash)?),
        })
    }
}

impl Hash for DigestHash<'_> {
    fn cost(&self) -> Cost {
        OneDigest::COST
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        Ok(match &self.expected {
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
        })
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

fn split_salt(rest: &str) -> Result<(&str, &str), Malformation> {
    let (salt, hash) = rest
        .split_once('$')
        .ok_or(Malformation::new(Field::Hash, Fault::Missing))?;
    if salt.is_empty() {
        return Err(Malformation::new(Field::Salt, Fault::Missing));
    }
    Ok((salt, hash))
}
