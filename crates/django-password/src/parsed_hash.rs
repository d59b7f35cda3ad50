//! From the column's text to a hash that could be checked.
//!
//! Responsible for Django's order of recognition (`identify_hasher`) and for what name is reported.
//! The formats themselves are under `hashers/`. Follows django/contrib/auth/hashers.py of Django
//! 4.2, which has every hasher this crate knows, and 5.2; where they differ, it says so.

use crate::algorithm::{Algorithm, InnerDigest};
use crate::cost::Cost;
use crate::custom_hashers::CustomHashers;
use crate::hashers::{Hash, Unaffordable};
use crate::limits::{ExceededLimit, Limits};
use crate::malformation::{Fault, Field, Malformation};

/// Django's mark for "no password": `UNUSABLE_PASSWORD_PREFIX`. Text after it is random filler.
const UNUSABLE_PASSWORD_PREFIX: char = '!';

/// The longest unknown name that is reported. Django's longest is 13 characters; projects' own
/// names get longer (`pbkdf2_wrapped_sha1`).
const REPORTED_NAME_BYTES: usize = 64;

/// Why a password cannot be checked against an encoded password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unusable,
    Unsupported,
    Malformed(Malformation),
    TooCostly(ExceededLimit),
}

impl From<Malformation> for Refusal {
    fn from(malformation: Malformation) -> Self {
        Self::Malformed(malformation)
    }
}

/// What became of reading an encoded password.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The name to report.
    pub(crate) algorithm: Option<String>,
    pub(crate) hash: Result<ParsedHash<'a>, Refusal>,
}

/// A well-formed encoded password, its parts borrowed from the text.
#[derive(Debug)]
pub(crate) struct ParsedHash<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) inner: Option<InnerDigest>,
    pub(crate) hash: Hash<'a>,
}

impl<'a> ParsedHash<'a> {
    /// Reads `encoded` and refuses what exceeds `limits`.
    pub(crate) fn read(encoded: &'a str, hashers: &CustomHashers, limits: &Limits) -> Reading<'a> {
        let mut reading = Self::parse(encoded, hashers);
        reading.hash = reading.hash.and_then(|parsed| {
            limits
                .admit_length(encoded)
                .and_then(|()| limits.admit(&parsed.cost()))
                .map_err(Refusal::TooCostly)
                .map(|()| parsed)
        });
        reading
    }

    /// Reads `encoded`, whatever it would cost. Linear in its length, allocates only the name.
    pub(crate) fn parse(encoded: &'a str, hashers: &CustomHashers) -> Reading<'a> {
        if encoded.is_empty() || encoded.starts_with(UNUSABLE_PASSWORD_PREFIX) {
            return Reading {
                algorithm: None,
                hash: Err(Refusal::Unusable),
            };
        }
        if let Some(algorithm) = identify_nameless(encoded) {
            return Self::parse_as(algorithm.name(), algorithm, None, encoded);
        }
        let Some((name, rest)) = encoded.split_once('$') else {
            return Self::parse_without_separator(encoded, hashers);
        };
        let custom = hashers.get(name);
        if let Some(algorithm) = Algorithm::from_name(name).filter(|known| !known.is_nameless()) {
            Self::parse_as(name, algorithm, None, rest)
        } else if let Some(custom) = custom {
            Self::parse_as(name, custom.outer, custom.inner, rest)
        } else if name.is_empty() {
            let malformation = Malformation::new(Field::Algorithm, Fault::Missing);
            Reading {
                algorithm: None,
                hash: Err(malformation.into()),
            }
        } else {
            let reported = is_reportable(name, rest).then(|| name.to_owned());
            Reading {
                algorithm: reported,
                hash: Err(Refusal::Unsupported),
            }
        }
    }

    /// A name alone is a truncated hash; anything else without `$` never was one.
    fn parse_without_separator(encoded: &'a str, hashers: &CustomHashers) -> Reading<'a> {
        let known = Algorithm::from_name(encoded).is_some() || hashers.get(encoded).is_some();
        let (algorithm, field) = if known {
            (Some(encoded.to_owned()), Field::Hash)
        } else {
            (None, Field::Algorithm)
        };
        Reading {
            algorithm,
            hash: Err(Malformation::new(field, Fault::Missing).into()),
        }
    }

    fn parse_as(
        name: &str,
        algorithm: Algorithm,
        inner: Option<InnerDigest>,
        rest: &'a str,
    ) -> Reading<'a> {
        let hash = Hash::parse(algorithm, rest).map(|hash| Self {
            algorithm,
            inner,
            hash,
        });
        Reading {
            algorithm: Some(name.to_owned()),
            hash,
        }
    }

    pub(crate) fn cost(&self) -> Cost {
        self.hash.cost()
    }

    /// Whether `password` is right. Takes as long as the cost says.
    pub(crate) fn matches(&self, password: &str) -> Result<bool, Unaffordable> {
        match self.inner {
            None => self.hash.matches(password.as_bytes()),
            Some(inner) => {
                let salt = self.hash.salt_for_inner();
                let hex = crate::hashers::digest::inner_hex(inner, &salt, password.as_bytes());
                self.hash.matches(hex.as_bytes())
            }
        }
    }
}

/// The hashes that ancient Django stored without a name, by length, counted in characters.
fn identify_nameless(encoded: &str) -> Option<Algorithm> {
    // No more than 46 characters of at most 4 bytes; spares counting through a long string.
    if encoded.len() > 46 * 4 {
        return None;
    }
    let length = encoded.chars().count();
    if (length == 32 && !encoded.contains('$')) || (length == 37 && encoded.starts_with("md5$$")) {
        Some(Algorithm::UnsaltedMd5)
    } else if length == 46 && encoded.starts_with("sha1$$") {
        Some(Algorithm::UnsaltedSha1)
    } else {
        None
    }
}

/// Whether an unknown name may be shown: it looks like a hasher's name in front of a salt and a
/// hash. A password that somebody stored in the clear must not be shown, not even in part.
fn is_reportable(name: &str, rest: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= REPORTED_NAME_BYTES
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && rest.contains('$')
}
