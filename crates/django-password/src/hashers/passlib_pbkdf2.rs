//! `passlib:pbkdf2_sha1`, `pbkdf2_sha256`, `pbkdf2_sha512` and PBKDF2 as other software spells it:
//! `cta_pbkdf2_sha1` (Cryptacular), `dlitz_pbkdf2_sha1`, `atlassian_pbkdf2_sha1`,
//! `grub_pbkdf2_sha512`.
//!
//! Responsible for the spellings. The computation is that of `pbkdf2.rs`.

use super::hexadecimal::hex_bytes;
use super::passlib::{ab64, after_mark, base64, rounds, three_parts, url_safe_base64};
use super::pbkdf2::{DerivedHash, Prf};
use crate::format::{Format, Parsed, Shape, parsed};
use crate::malformation::{Fault, Field, Malformation};

/// The mark is that of a hash; LDAP's are written in its place in directories.
pub(crate) static SHA1: Format = Format::foreign(
    "passlib:pbkdf2_sha1",
    &["pbkdf2"],
    |text| own_mark(text, "$pbkdf2$", "{PBKDF2}"),
    |text| parse(text, "$pbkdf2$", "{PBKDF2}", Prf::Sha1),
);

pub(crate) static SHA256: Format = Format::foreign(
    "passlib:pbkdf2_sha256",
    &["pbkdf2-sha256"],
    |text| own_mark(text, "$pbkdf2-sha256$", "{PBKDF2-SHA256}"),
    |text| parse(text, "$pbkdf2-sha256$", "{PBKDF2-SHA256}", Prf::Sha256),
);

pub(crate) static SHA512: Format = Format::foreign(
    "passlib:pbkdf2_sha512",
    &["pbkdf2-sha512"],
    |text| own_mark(text, "$pbkdf2-sha512$", "{PBKDF2-SHA512}"),
    |text| parse(text, "$pbkdf2-sha512$", "{PBKDF2-SHA512}", Prf::Sha512),
);

/// `$p5k2$rounds$salt$hash`, the rounds in hexadecimal, the rest in padded URL-safe base64.
pub(crate) static CTA: Format = Format::foreign(
    "passlib:cta_pbkdf2_sha1",
    &["cta_pbkdf2_sha1"],
    |text| Shape::own_if(after_mark(text, P5K2).is_some() && text.ends_with('=')),
    |text| parsed(parse_cta(text)),
);

/// `$p5k2$rounds$salt$hash`, where the salt is all before the hash, mark included, and the hash has
/// 24 bytes in 32 characters.
pub(crate) static DLITZ: Format = Format::foreign(
    "passlib:dlitz_pbkdf2_sha1",
    &["dlitz_pbkdf2_sha1"],
    |text| Shape::own_if(after_mark(text, P5K2).is_some() && !text.ends_with('=')),
    |text| parsed(parse_dlitz(text)),
);

/// `{PKCS5S2}` and base64 of 16 bytes of salt and 32 of hash.
pub(crate) static ATLASSIAN: Format = Format::foreign(
    "passlib:atlassian_pbkdf2_sha1",
    &["atlassian_pbkdf2_sha1"],
    |text| Shape::own_if(text.starts_with(PKCS5S2)),
    |text| parsed(parse_atlassian(text)),
);

/// `grub.pbkdf2.sha512.rounds.salt.hash`, both in hexadecimal.
pub(crate) static GRUB: Format = Format::foreign(
    "passlib:grub_pbkdf2_sha512",
    &["grub_pbkdf2_sha512"],
    |text| Shape::own_if(text.starts_with("grub.pbkdf2.sha512.")),
    |text| parsed(parse_grub(text)),
);

const P5K2: &str = "$p5k2$";
const PKCS5S2: &str = "{PKCS5S2}";

/// dlitz's rounds where none are written.
const DLITZ_ROUNDS: u32 = 400;
/// Atlassian's rounds, which are never written.
const ATLASSIAN_ROUNDS: u32 = 10_000;

fn own_mark(text: &str, mark: &str, ldap: &str) -> Shape {
    Shape::own_if(after_mark(text, mark).is_some() || text.starts_with(ldap))
}

fn no_mark() -> Malformation {
    Malformation::new(Field::Variety, Fault::Unknown)
}

fn parse<'a>(text: &'a str, mark: &str, ldap: &str, prf: Prf) -> Parsed<'a> {
    let rest = after_mark(text, mark)
        .or_else(|| text.strip_prefix(ldap))
        .ok_or(no_mark());
    parsed(rest.and_then(|rest| {
        let [iterations, salt, hash] = three_parts(rest, '$')?;
        let iterations = rounds(iterations)?;
        let (salt, hash) = (ab64(Field::Salt, salt)?, ab64(Field::Hash, hash)?);
        DerivedHash::new(prf, iterations, salt, hash, prf.length())
    }))
}

fn parse_cta(text: &str) -> Result<DerivedHash, Malformation> {
    let rest = after_mark(text, P5K2).ok_or(no_mark())?;
    let [iterations, salt, hash] = three_parts(rest, '$')?;
    let iterations = hexadecimal_rounds(iterations)?;
    let salt = url_safe_base64(Field::Salt, salt)?;
    let hash = url_safe_base64(Field::Hash, hash)?;
    DerivedHash::new(Prf::Sha1, iterations, salt, hash, Prf::Sha1.length())
}

fn parse_dlitz(text: &str) -> Result<DerivedHash, Malformation> {
    let rest = after_mark(text, P5K2).ok_or(no_mark())?;
    let [iterations, salt, hash] = three_parts(rest, '$')?;
    // The rounds are left out of the salt where they are dlitz's own, written or not.
    let (iterations, salt) = match iterations {
        "" | "190" => (DLITZ_ROUNDS, format!("{P5K2}${salt}")),
        written => {
            let iterations = hexadecimal_rounds(written)?;
            (iterations, format!("{P5K2}{iterations:x}${salt}"))
        }
    };
    let hash = ab64(Field::Hash, hash)?;
    DerivedHash::new(Prf::Sha1, iterations, salt.into_bytes(), hash, 24)
}

fn parse_atlassian(text: &str) -> Result<DerivedHash, Malformation> {
    let rest = text.strip_prefix(PKCS5S2).ok_or(no_mark())?;
    let bytes = base64(Field::Hash, rest)?;
    let (salt, hash) = bytes
        .split_at_checked(16)
        .ok_or(Malformation::new(Field::Salt, Fault::WrongShape))?;
    DerivedHash::new(Prf::Sha1, ATLASSIAN_ROUNDS, salt.into(), hash.into(), 32)
}

fn parse_grub(text: &str) -> Result<DerivedHash, Malformation> {
    let rest = text.strip_prefix("grub.pbkdf2.sha512.").ok_or(no_mark())?;
    let [iterations, salt, hash] = three_parts(rest, '.')?;
    let iterations = rounds(iterations)?;
    let (salt, hash) = (hex_bytes(salt)?, hex_bytes(hash)?);
    DerivedHash::new(Prf::Sha512, iterations, salt, hash, Prf::Sha512.length())
}

/// As `rounds`, with the base of 16.
fn hexadecimal_rounds(text: &str) -> Result<u32, Malformation> {
    let is_number = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_number || text.is_empty() {
        return Err(Malformation::new(Field::Iterations, Fault::NotANumber));
    }
    Ok(u32::from_str_radix(text, 16).unwrap_or(u32::MAX))
}
