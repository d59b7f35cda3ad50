//! From the column's text to a hash that could be checked.
//!
//! Responsible for Django's order of recognition (`identify_hasher`) and for what name is reported.
//! The formats themselves are under `hashers/`. Follows django/contrib/auth/hashers.py of Django
//! 4.2, which has every hasher this crate knows, and 5.2; where they differ, it says so.

use crate::cost::Cost;
use crate::custom_hashers::{CustomHasher, CustomHashers};
use crate::declaration::{self, Declaration};
use crate::format::{Format, Hash, InnerDigest, Shape, Unaffordable};
use crate::hashers;
use crate::limits::{ExceededLimit, Limits};
use crate::malformation::{Fault, Field, Malformation};
use crate::pepper::Pepper;

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
    /// The declaration under which a hash of a foreign format could be checked.
    pub(crate) remedy: Option<Declaration>,
}

impl<'a> Reading<'a> {
    fn new(algorithm: Option<&str>, hash: Result<ParsedHash<'a>, impl Into<Refusal>>) -> Self {
        Self {
            algorithm: algorithm.map(str::to_owned),
            hash: hash.map_err(Into::into),
            remedy: None,
        }
    }

    fn refused(algorithm: Option<&str>, refusal: impl Into<Refusal>) -> Self {
        Self::new(algorithm, Err(refusal))
    }
}

/// A well-formed encoded password, its parts borrowed from the text.
#[derive(Debug)]
pub(crate) struct ParsedHash<'a> {
    pub(crate) inner: Option<InnerDigest>,
    pub(crate) pepper: Option<&'a Pepper>,
    /// Which passwords are refused unread.
    refuses: fn(&[u8]) -> bool,
    pub(crate) hash: Box<dyn Hash + 'a>,
}

impl<'a> ParsedHash<'a> {
    /// Reads `encoded` and refuses what exceeds `limits`.
    pub(crate) fn read(
        encoded: &'a str,
        hashers: &'a CustomHashers,
        limits: &Limits,
    ) -> Reading<'a> {
        let mut reading = Self::parse(encoded, hashers);
        reading.hash = reading.hash.and_then(|parsed| {
            limits
                .admit_length(encoded)
                .and_then(|()| parsed.cost().admit(limits))
                .map_err(Refusal::TooCostly)
                .map(|()| parsed)
        });
        reading
    }

    /// Reads `encoded`, whatever it would cost. Linear in its length, allocates only the name.
    pub(crate) fn parse(encoded: &'a str, hashers: &'a CustomHashers) -> Reading<'a> {
        let mut reading = Self::parse_declared_only(encoded, hashers);
        // What is not declared but looks like a foreign format is unsupported, not malformed.
        if let Err(Refusal::Unsupported | Refusal::Malformed(_)) = reading.hash
            && let Some((remedy, format)) = declaration::that_would_help(encoded)
            && hashers.get(&remedy.name).is_none()
        {
            reading.algorithm = reading.algorithm.or(Some(format.name.to_owned()));
            reading.hash = Err(Refusal::Unsupported);
            reading.remedy = Some(remedy);
        }
        reading
    }

    fn parse_declared_only(encoded: &'a str, hashers: &'a CustomHashers) -> Reading<'a> {
        if encoded.is_empty() || encoded.starts_with(UNUSABLE_PASSWORD_PREFIX) {
            return Reading::refused(None, Refusal::Unusable);
        }
        let (name, rest) = match encoded.split_once('$') {
            Some((name, rest)) => (name, Some(rest)),
            None => (encoded, None),
        };
        let known = hashers::of_django(name).filter(|known| !known.is_nameless);
        let declared = hashers.get(name).filter(|_| !name.is_empty());
        if let Some(reading) =
            Self::parse_bare(encoded, known.or(declared.map(|it| it.outer)), hashers)
        {
            return reading;
        }
        if let Some(format) = identify_nameless(encoded) {
            return Self::parse_as(format.name, format, None, encoded);
        }
        let Some(rest) = rest else {
            return Self::parse_without_separator(encoded, hashers);
        };
        match (declared, known) {
            (Some(declared), known) => {
                let reading = Self::parse_declared(name, declared, encoded, rest);
                // A name of Django's that somebody else uses, too.
                match (known, &reading.hash) {
                    (Some(format), Err(Refusal::Malformed(_))) => {
                        Self::parse_as(name, format, None, rest)
                    }
                    _ => reading,
                }
            }
            (None, Some(format)) => Self::parse_as(name, format, None, rest),
            (None, None) if name.is_empty() => {
                let malformation = Malformation::new(Field::Algorithm, Fault::Missing);
                Reading::refused(None, malformation)
            }
            (None, None) => {
                let reported = is_reportable(name, rest).then_some(name);
                Reading::refused(reported, Refusal::Unsupported)
            }
        }
    }

    /// What stands without a hasher's name, where that is declared. What could be something else
    /// as well counts only where no other format is named.
    fn parse_bare(
        encoded: &'a str,
        named: Option<&Format>,
        hashers: &'a CustomHashers,
    ) -> Option<Reading<'a>> {
        let declared = hashers.get("")?;
        let format = match (declared.outer.shape)(encoded) {
            Shape::Own => declared.outer,
            Shape::Possible if named.is_none() => declared.outer,
            _ => return None,
        };
        // The name to report is that of the format found.
        let format = hashers::by_own_mark(encoded)
            .filter(|_| *format == hashers::BARE)
            .unwrap_or(format);
        Some(Self::parse_as(format.name, format, Some(declared), encoded))
    }

    /// A foreign hash stands whole behind its name, or its own mark is the name.
    fn parse_declared(
        name: &str,
        declared: &'a CustomHasher,
        encoded: &'a str,
        rest: &'a str,
    ) -> Reading<'a> {
        let text = match (declared.outer.shape)(encoded) {
            Shape::Own => encoded,
            Shape::Possible if (declared.outer.shape)(rest) == Shape::Other => encoded,
            _ => rest,
        };
        Self::parse_as(name, declared.outer, Some(declared), text)
    }

    /// A name alone is a truncated hash; anything else without `$` never was one.
    fn parse_without_separator(encoded: &'a str, hashers: &CustomHashers) -> Reading<'a> {
        let known = hashers::of_django(encoded).is_some() || hashers.get(encoded).is_some();
        let (algorithm, field) = if known {
            (Some(encoded), Field::Hash)
        } else {
            (None, Field::Algorithm)
        };
        Reading::refused(algorithm, Malformation::new(field, Fault::Missing))
    }

    fn parse_as(
        name: &str,
        format: &Format,
        declared: Option<&'a CustomHasher>,
        text: &'a str,
    ) -> Reading<'a> {
        let hash = (format.parse)(text).map(|hash| Self {
            inner: declared.and_then(|declared| declared.inner),
            pepper: declared.and_then(|declared| declared.pepper.as_ref()),
            refuses: format.refuses,
            hash,
        });
        Reading::new(Some(name), hash)
    }

    pub(crate) fn cost(&self) -> Cost {
        self.hash.cost()
    }

    /// Whether `password` is right; `None` where the secret to check it with is missing. Takes as
    /// long as the cost says.
    pub(crate) fn matches(&self, password: &str) -> Result<Option<bool>, Unaffordable> {
        let peppered = match self.pepper.map(|pepper| pepper.mix(password.as_bytes())) {
            None => None,
            Some(None) => return Ok(None),
            Some(Some(peppered)) => Some(peppered),
        };
        let password = peppered
            .as_ref()
            .map_or(password.as_bytes(), |peppered| peppered.as_slice());
        if (self.refuses)(password) {
            return Ok(Some(false));
        }
        let answer = match self.inner {
            None => self.hash.matches(password),
            Some(inner) => {
                let salt = self.hash.salt_for_inner();
                let hex = hashers::digest::inner_hex(inner, &salt, password);
                self.hash.matches(hex.as_bytes())
            }
        };
        answer.map(Some)
    }
}

/// The hashes that ancient Django stored without a name, by length, counted in characters.
fn identify_nameless(encoded: &str) -> Option<&'static Format> {
    // No more than 46 characters of at most 4 bytes; spares counting through a long string.
    if encoded.len() > 46 * 4 {
        return None;
    }
    let length = encoded.chars().count();
    if (length == 32 && !encoded.contains('$')) || (length == 37 && encoded.starts_with("md5$$")) {
        Some(&hashers::digest::UNSALTED_MD5)
    } else if length == 46 && encoded.starts_with("sha1$$") {
        Some(&hashers::digest::UNSALTED_SHA1)
    } else {
        None
    }
}

/// Whether an unknown name may be shown: it looks like a hasher's name in front of a salt and a
/// hash. A password that somebody stored in the clear must not be shown, not even in part.
pub(crate) fn is_reportable(name: &str, rest: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= REPORTED_NAME_BYTES
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && rest.contains('$')
}
