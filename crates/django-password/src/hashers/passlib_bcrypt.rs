//! `passlib:bcrypt`: bcrypt's string alone, `$2a$`, `$2b$` or `$2y$`, as passlib, PHP's
//! `password_hash`, Laravel, Rails and most others write it; `passlib:bcrypt_sha256` in both its
//! versions.
//!
//! Responsible for the spellings and for what is done to the password first. The computation is that
//! of `bcrypt.rs`.

use super::bcrypt::{self, BcryptHash, Prehash};
use super::digest_algorithm::DigestAlgorithm;
use super::passlib::after_mark;
use crate::decimal::canonical_decimal_u32;
use crate::format::{Format, Shape, parsed};
use crate::malformation::{Fault, Field, Malformation};

pub(crate) static BCRYPT: Format = Format::foreign(
    "passlib:bcrypt",
    &[],
    |text| {
        Shape::own_if(
            text.len() == 60
                && ["$2a$", "$2b$", "$2y$"]
                    .iter()
                    .any(|mark| text.starts_with(mark)),
        )
    },
    |text| parsed(parse_bcrypt(text)),
);

pub(crate) static BCRYPT_SHA256: Format = Format::foreign(
    "passlib:bcrypt_sha256",
    &["bcrypt-sha256"],
    |text| Shape::own_if(after_mark(text, SHA256_MARK).is_some()),
    |text| parsed(parse_bcrypt_sha256(text)),
);

const SHA256_MARK: &str = "$bcrypt-sha256$";

/// Without `2x`, which outside Python marks the hashes of a library with a bug.
pub(super) fn parse_bcrypt(text: &str) -> Result<BcryptHash, Malformation> {
    let whole = text.strip_prefix('$').unwrap_or(text);
    let parts = bcrypt::split(whole)?;
    if parts.variety == "2x" {
        return Err(Malformation::new(Field::Variety, Fault::Unknown));
    }
    BcryptHash::lenient(Prehash::NoNul, &parts)
}

/// `2b,12$salt$hash`, or `v=2,t=2b,r=12$salt$hash` with the salt's text as HMAC's key.
fn parse_bcrypt_sha256(text: &str) -> Result<BcryptHash, Malformation> {
    let missing = |field| Malformation::new(field, Fault::Missing);
    let rest =
        after_mark(text, SHA256_MARK).ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
    let (settings, rest) = rest.split_once('$').ok_or(missing(Field::Salt))?;
    let (salt, hash) = rest.split_once('$').ok_or(missing(Field::Hash))?;
    let (variety, work_factor, prehash) = match settings.strip_prefix("v=2,t=") {
        Some(settings) => {
            let (variety, work_factor) = settings
                .split_once(",r=")
                .ok_or(missing(Field::WorkFactor))?;
            let key = salt.as_bytes().to_vec();
            let algorithm = DigestAlgorithm::Sha256;
            (variety, work_factor, Prehash::Base64Hmac { algorithm, key })
        }
        None => {
            let (variety, work_factor) =
                settings.split_once(',').ok_or(missing(Field::WorkFactor))?;
            (variety, work_factor, Prehash::Base64Sha256)
        }
    };
    if !matches!(variety, "2a" | "2b") {
        return Err(Malformation::new(Field::Variety, Fault::Unknown));
    }
    let work_factor = match canonical_decimal_u32(work_factor) {
        Some(work_factor @ 4..=31) => work_factor,
        Some(_) => return Err(Malformation::new(Field::WorkFactor, Fault::OutOfRange)),
        None => return Err(Malformation::new(Field::WorkFactor, Fault::NotANumber)),
    };
    let parts = bcrypt::Parts {
        variety,
        work_factor,
        salt,
        hash,
    };
    BcryptHash::lenient(prehash, &parts)
}
