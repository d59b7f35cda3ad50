//! `werkzeug`: `pbkdf2:sha256:600000$salt$hash`, `scrypt:32768:8:1$salt$hash`, and the plain digests
//! of versions up to 2, `sha256$salt$hash`.
//!
//! Responsible for the spellings of Flask's companion (werkzeug/security.py). Hashes are lower-case
//! hexadecimal digits, salts are text. The method is all before the first `$`, so these hashes stand
//! under as many names as there were settings: they are declared as bare.

use subtle::ConstantTimeEq;

use super::digest::OneDigest;
use super::digest_algorithm::DigestAlgorithm;
use super::hexadecimal::{hex_bytes, lower_hex};
use super::passlib::rounds;
use super::pbkdf2::{self, Prf};
use super::scrypt::{self, Expected};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::format::{Format, Hash, Parsed, Shape, Unaffordable, parsed};
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static WERKZEUG: Format = Format {
    refuses: |_| false,
    ..Format::foreign(
        "werkzeug",
        &["werkzeug", "sha256", "sha512", "sha224", "sha384"],
        |text| {
            let Some((method, rest)) = text.split_once('$') else {
                return Shape::Other;
            };
            if method.starts_with("pbkdf2:") || method.starts_with("scrypt:") {
                Shape::own_if(rest.contains('$'))
            } else if digest(method).is_some() && rest.contains('$') {
                Shape::Possible
            } else {
                Shape::Other
            }
        },
        parse,
    )
};

fn parse(text: &str) -> Parsed<'_> {
    let missing = |field| Malformation::new(field, Fault::Missing);
    let (method, rest) = text.split_once('$').ok_or(missing(Field::Salt))?;
    let (salt, hash) = rest.split_once('$').ok_or(missing(Field::Hash))?;
    if let Some(settings) = method.strip_prefix("pbkdf2:") {
        parsed(parse_pbkdf2(settings, salt, hash))
    } else if let Some(settings) = method.strip_prefix("scrypt:") {
        parsed(parse_scrypt(settings, salt, hash))
    } else {
        parsed(parse_digest(method, salt, hash))
    }
}

fn parse_pbkdf2(
    settings: &str,
    salt: &str,
    hash: &str,
) -> Result<pbkdf2::DerivedHash, Malformation> {
    let (prf, iterations) = settings
        .split_once(':')
        .ok_or(Malformation::new(Field::Iterations, Fault::Missing))?;
    let prf = match prf {
        "sha1" => Prf::Sha1,
        "sha256" => Prf::Sha256,
        "sha512" => Prf::Sha512,
        _ => return Err(Malformation::new(Field::Variety, Fault::Unknown)),
    };
    let salt = salt.as_bytes().to_vec();
    pbkdf2::DerivedHash::new(
        prf,
        rounds(iterations)?,
        salt,
        lower_digits(hash)?,
        prf.length(),
    )
}

fn parse_scrypt(
    settings: &str,
    salt: &str,
    hash: &str,
) -> Result<scrypt::DerivedHash, Malformation> {
    let mut settings = settings.split(':');
    let mut number = |field| {
        let text = settings
            .next()
            .ok_or(Malformation::new(field, Fault::Missing))?;
        canonical_decimal(text).ok_or(Malformation::new(field, Fault::NotANumber))
    };
    let parameters = (
        number(Field::WorkFactor)?,
        number(Field::BlockSize)?,
        number(Field::Parallelism)?,
    );
    if settings.next().is_some() {
        return Err(Malformation::new(Field::Parallelism, Fault::WrongShape));
    }
    let hash: [u8; 64] = lower_hex(hash)?;
    let expected = Expected::Bytes(hash.to_vec());
    scrypt::DerivedHash::new(parameters, salt.as_bytes().to_vec(), expected)
}

fn parse_digest(method: &str, salt: &str, hash: &str) -> Result<KeyedDigest, Malformation> {
    let algorithm = digest(method).ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
    let expected = lower_digits(hash)?;
    if expected.len() != algorithm.length() {
        return Err(Malformation::new(Field::Hash, Fault::WrongShape));
    }
    Ok(KeyedDigest {
        algorithm,
        salt: salt.as_bytes().to_vec(),
        expected,
    })
}

fn lower_digits(hash: &str) -> Result<Vec<u8>, Malformation> {
    if hash.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Malformation::new(Field::Hash, Fault::WrongShape));
    }
    hex_bytes(hash)
}

fn digest(method: &str) -> Option<DigestAlgorithm> {
    Some(match method {
        "md5" => DigestAlgorithm::Md5,
        "sha1" => DigestAlgorithm::Sha1,
        "sha224" => DigestAlgorithm::Sha224,
        "sha256" => DigestAlgorithm::Sha256,
        "sha384" => DigestAlgorithm::Sha384,
        "sha512" => DigestAlgorithm::Sha512,
        _ => return None,
    })
}

/// HMAC with the salt as key. Without a salt versions up to 2.0 took the digest itself, later ones an
/// HMAC all the same.
#[derive(Debug)]
struct KeyedDigest {
    algorithm: DigestAlgorithm,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Hash for KeyedDigest {
    fn cost(&self) -> Cost {
        OneDigest::COST
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let keyed = self.algorithm.hmac(&self.salt, password);
        let mut right = keyed.ct_eq(&self.expected);
        if self.salt.is_empty() {
            right |= self.algorithm.digest(&[password]).ct_eq(&self.expected);
        }
        Ok(right.into())
    }
}
