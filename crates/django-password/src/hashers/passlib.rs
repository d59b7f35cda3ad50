//! What the formats of passlib share: how marks, numbers and base64 are spelled.
//!
//! Responsible for passlib's rules where they differ from Django's. Its hashes come into Django's
//! column by django-hashers-passlib, either whole behind a name (`phpass$$P$…`) or without their
//! first `$`, their own mark being the name (`apr1$…`). Each format reads both.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::decimal::canonical_decimal;
use crate::malformation::{Fault, Field, Malformation};

/// As lenient as Python's `b64decode` is on what stands at the end.
const CONFIGURATION: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIGURATION);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIGURATION);

/// What follows `mark`, whose first `$` may have become the separator after Django's name.
pub(super) fn after_mark<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.strip_prefix(mark)
        .or_else(|| text.strip_prefix(mark.strip_prefix('$')?))
}

/// `rounds$salt$hash`, as passlib's `parse_mc3` reads it, with another separator where a format
/// has one.
pub(super) fn three_parts(text: &str, separator: char) -> Result<[&str; 3], Malformation> {
    let missing = |field| Malformation::new(field, Fault::Missing);
    let mut parts = text.split(separator);
    let mut part = |field| parts.next().ok_or(missing(field));
    let three = [
        part(Field::Iterations)?,
        part(Field::Salt)?,
        part(Field::Hash)?,
    ];
    if parts.next().is_some() {
        return Err(Malformation::new(Field::Hash, Fault::WrongShape));
    }
    Ok(three)
}

/// A number from 1 to 2^32 - 1 without leading zeros; beyond that it saturates.
pub(super) fn rounds(text: &str) -> Result<u32, Malformation> {
    match canonical_decimal(text) {
        None => Err(Malformation::new(Field::Iterations, Fault::NotANumber)),
        Some(0) => Err(Malformation::new(Field::Iterations, Fault::OutOfRange)),
        Some(rounds) => Ok(u32::try_from(rounds).unwrap_or(u32::MAX)),
    }
}

/// `ab64`: base64 without padding, `.` in place of `+`; `+` is read as well.
pub(super) fn ab64(field: Field, text: &str) -> Result<Vec<u8>, Malformation> {
    base64(field, &text.replace('.', "+"))
}

/// base64, padded or not.
pub(super) fn base64(field: Field, text: &str) -> Result<Vec<u8>, Malformation> {
    STANDARD
        .decode(text)
        .map_err(|_| Malformation::new(field, Fault::WrongShape))
}

/// base64 with `-` and `_`, padded or not.
pub(super) fn url_safe_base64(field: Field, text: &str) -> Result<Vec<u8>, Malformation> {
    URL_SAFE
        .decode(text)
        .map_err(|_| Malformation::new(field, Fault::WrongShape))
}
