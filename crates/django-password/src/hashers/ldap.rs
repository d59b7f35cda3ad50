//! `passlib:ldap_salted_md5`, `ldap_salted_sha1`, …: a mark in braces, then base64 of the digest and
//! the salt after it.
//!
//! Responsible for RFC 2307's `{MD5}` and `{SHA}`, OpenLDAP's `{SMD5}` and `{SSHA}`, and their
//! successors with SHA-2.

use super::digest_algorithm::{Characters, DigestAlgorithm, OnePass};
use super::passlib::base64;
use crate::format::{Format, Parsed, Shape, parsed};
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static MD5: Format = Format::foreign(
    "passlib:ldap_md5",
    &["ldap_md5"],
    |text| Shape::own_if(text.starts_with("{MD5}")),
    |text| parse(DigestAlgorithm::Md5, "{MD5}", false, text),
);

pub(crate) static SHA1: Format = Format::foreign(
    "passlib:ldap_sha1",
    &["ldap_sha1"],
    |text| Shape::own_if(text.starts_with("{SHA}")),
    |text| parse(DigestAlgorithm::Sha1, "{SHA}", false, text),
);

pub(crate) static SALTED_MD5: Format = Format::foreign(
    "passlib:ldap_salted_md5",
    &["ldap_salted_md5"],
    |text| Shape::own_if(text.starts_with("{SMD5}")),
    |text| parse(DigestAlgorithm::Md5, "{SMD5}", true, text),
);

pub(crate) static SALTED_SHA1: Format = Format::foreign(
    "passlib:ldap_salted_sha1",
    &["ldap_salted_sha1"],
    |text| Shape::own_if(text.starts_with("{SSHA}")),
    |text| parse(DigestAlgorithm::Sha1, "{SSHA}", true, text),
);

pub(crate) static SALTED_SHA256: Format = Format::foreign(
    "passlib:ldap_salted_sha256",
    &["ldap_salted_sha256"],
    |text| Shape::own_if(text.starts_with("{SSHA256}")),
    |text| parse(DigestAlgorithm::Sha256, "{SSHA256}", true, text),
);

pub(crate) static SALTED_SHA512: Format = Format::foreign(
    "passlib:ldap_salted_sha512",
    &["ldap_salted_sha512"],
    |text| Shape::own_if(text.starts_with("{SSHA512}")),
    |text| parse(DigestAlgorithm::Sha512, "{SSHA512}", true, text),
);

fn parse<'a>(algorithm: DigestAlgorithm, mark: &str, is_salted: bool, text: &'a str) -> Parsed<'a> {
    parsed(read(algorithm, mark, is_salted, text))
}

fn read(
    algorithm: DigestAlgorithm,
    mark: &str,
    is_salted: bool,
    text: &str,
) -> Result<OnePass, Malformation> {
    let rest = text
        .strip_prefix(mark)
        .ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
    let mut expected = base64(Field::Hash, rest)?;
    let length = algorithm.length();
    if expected.len() < length {
        return Err(Malformation::new(Field::Hash, Fault::WrongShape));
    }
    let salt = expected.split_off(length);
    // passlib reads salts of 4 to 16 bytes; other libraries write longer ones.
    if salt.is_empty() == is_salted {
        return Err(Malformation::new(Field::Salt, Fault::WrongShape));
    }
    Ok(OnePass {
        algorithm,
        characters: Characters::Utf8,
        salt,
        expected,
    })
}
