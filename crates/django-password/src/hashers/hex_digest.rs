//! `passlib:hex_md4`, `hex_md5`, `hex_sha1`, `hex_sha256`, `hex_sha512`: one pass over the password
//! alone, in hexadecimal digits of either case.
//!
//! Responsible for their formats. Where the digits stand alone, 32 of them are Django's own
//! `unsalted_md5`; the longer ones are told by their number.

use super::digest_algorithm::{DigestAlgorithm, OnePass};
use super::hexadecimal::{hex_bytes, is_hex};
use crate::format::{Format, Parsed, Shape, parsed};
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static MD4: Format = Format::foreign(
    "passlib:hex_md4",
    &["hex_md4"],
    |text| possible(is_hex(text, 32)),
    |text| parse(DigestAlgorithm::Md4, text),
);

pub(crate) static MD5: Format = Format::foreign(
    "passlib:hex_md5",
    &["hex_md5"],
    |text| possible(is_hex(text, 32)),
    |text| parse(DigestAlgorithm::Md5, text),
);

pub(crate) static SHA1: Format = Format::foreign(
    "passlib:hex_sha1",
    &["hex_sha1"],
    |text| Shape::own_if(is_hex(text, 40)),
    |text| parse(DigestAlgorithm::Sha1, text),
);

pub(crate) static SHA256: Format = Format::foreign(
    "passlib:hex_sha256",
    &["hex_sha256"],
    |text| Shape::own_if(is_hex(text, 64)),
    |text| parse(DigestAlgorithm::Sha256, text),
);

pub(crate) static SHA512: Format = Format::foreign(
    "passlib:hex_sha512",
    &["hex_sha512"],
    |text| Shape::own_if(is_hex(text, 128)),
    |text| parse(DigestAlgorithm::Sha512, text),
);

const fn possible(holds: bool) -> Shape {
    if holds { Shape::Possible } else { Shape::Other }
}

fn parse(algorithm: DigestAlgorithm, text: &str) -> Parsed<'_> {
    let expected = hex_bytes(text).and_then(|bytes| {
        if bytes.len() == algorithm.length() {
            Ok(bytes)
        } else {
            Err(Malformation::new(Field::Hash, Fault::WrongShape))
        }
    });
    parsed(expected.map(|expected| OnePass::unsalted(algorithm, expected)))
}
