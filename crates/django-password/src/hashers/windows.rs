//! `passlib:nthash`: MD4 of the password's UTF-16, as Windows and Samba keep it.
//!
//! Responsible for its format, with or without BSD's mark `$3$$`. Nothing slows a guess, and there is
//! no salt.

use super::digest_algorithm::{Characters, DigestAlgorithm, OnePass};
use super::hexadecimal::{any_hex, is_hex};
use crate::format::{Format, Shape, parsed};

pub(crate) static NTHASH: Format = Format::foreign(
    "passlib:nthash",
    &["nthash"],
    |text| match text.strip_prefix(BSD_MARK) {
        Some(digits) => Shape::own_if(is_hex(digits, 32)),
        None if is_hex(text, 32) => Shape::Possible,
        None => Shape::Other,
    },
    |text| {
        let digits = text.strip_prefix(BSD_MARK).unwrap_or(text);
        parsed(any_hex::<16>(digits).map(|expected| OnePass {
            characters: Characters::Utf16,
            ..OnePass::unsalted(DigestAlgorithm::Md4, expected.to_vec())
        }))
    },
);

const BSD_MARK: &str = "$3$$";
