//! `joomla`: MD5 or SHA-256 of password and salt, `hash:salt`, and what Joomla uses since 3.2.
//!
//! Responsible for the rules of `UserHelper::verifyPassword` (libraries/src/User/UserHelper.php): the
//! mark tells phpass, bcrypt, argon2 and `{SHA256}` apart, and the rest is MD5.

use super::argon2::Argon2Hash;
use super::digest_algorithm::{Characters, DigestAlgorithm, OnePass};
use super::hexadecimal::{hex_bytes, is_hex};
use super::passlib_bcrypt::parse_bcrypt;
use super::phpass::PhpassHash;
use crate::format::{Format, Parsed, Shape, parsed};
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static JOOMLA: Format = Format {
    refuses: |_| false,
    ..Format::foreign(
        "joomla",
        &["joomla"],
        |text| {
            let salted = |digits| {
                text.split_once(':')
                    .is_some_and(|(hash, salt)| is_hex(hash, digits) && !salt.is_empty())
            };
            Shape::own_if(salted(32) || text.starts_with(SHA256_MARK))
        },
        parse,
    )
};

const SHA256_MARK: &str = "{SHA256}";

fn parse(text: &str) -> Parsed<'_> {
    if text.starts_with("$P$") {
        parsed(PhpassHash::parse(text))
    } else if let Some(argon2) = text
        .strip_prefix('$')
        .filter(|text| text.starts_with("argon2"))
    {
        parsed(Argon2Hash::parse(argon2))
    } else if text.starts_with('$') {
        parsed(parse_bcrypt(text))
    } else if let Some(rest) = text.strip_prefix(SHA256_MARK) {
        parsed(parse_digest(DigestAlgorithm::Sha256, rest))
    } else {
        parsed(parse_digest(DigestAlgorithm::Md5, text))
    }
}

/// `hash:salt`, or the hash alone.
fn parse_digest(algorithm: DigestAlgorithm, text: &str) -> Result<OnePass, Malformation> {
    let (hash, salt) = text.split_once(':').unwrap_or((text, ""));
    // PHP cuts the text at every `:` and looks at the second part alone.
    let salt = salt.split(':').next().unwrap_or_default();
    let expected = hex_bytes(hash)?;
    if expected.len() != algorithm.length() {
        return Err(Malformation::new(Field::Hash, Fault::WrongShape));
    }
    Ok(OnePass {
        algorithm,
        characters: Characters::Utf8,
        salt: salt.as_bytes().to_vec(),
        expected,
    })
}
