//! The hash formats, one file each: text, cost, limits and computation together (see `format`).
//!
//! Responsible for the two lists: Django's own, and the foreign ones that a configuration must
//! declare. A format's file knows nothing about names before the first `$`.

mod argon2;
mod bare;
mod bcrypt;
mod crypt;
mod database_logins;
pub(crate) mod digest;
pub(crate) mod digest_algorithm;
mod drupal7;
mod fshp;
mod hex_digest;
pub(crate) mod hexadecimal;
mod joomla;
mod lanes;
mod ldap;
mod passlib;
mod passlib_argon2;
mod passlib_bcrypt;
mod passlib_crypt;
mod passlib_pbkdf2;
mod passlib_scrypt;
mod pbkdf2;
mod phpass;
mod radix64;
mod scrypt;
mod sha1_crypt;
mod sun_md5_crypt;
mod werkzeug;
mod windows;
mod wordpress;

use crate::cost::Cost;
use crate::format::{Format, Shape};
use crate::work::Work;
pub(crate) use bare::BARE;

/// The hashers Django has shipped, from 1.0 on.
static DJANGO: &[&Format] = &[
    &pbkdf2::SHA256,
    &pbkdf2::SHA1,
    &argon2::ARGON2,
    &bcrypt::BCRYPT_SHA256,
    &bcrypt::BCRYPT,
    &scrypt::SCRYPT,
    &digest::MD5,
    &digest::SHA1,
    &digest::UNSALTED_MD5,
    &digest::UNSALTED_SHA1,
    &crypt::CRYPT,
];

/// Formats that Django checks only by somebody else's hasher, each under the name by which a
/// configuration declares it. Of two that could be meant by a text, the first is asked.
static FOREIGN: &[&Format] = &[
    &wordpress::WORDPRESS,
    &passlib_bcrypt::BCRYPT,
    &passlib_bcrypt::BCRYPT_SHA256,
    &passlib_argon2::ARGON2,
    &passlib_scrypt::SCRYPT,
    &phpass::PHPASS,
    &drupal7::DRUPAL7,
    &joomla::JOOMLA,
    &werkzeug::WERKZEUG,
    &passlib_crypt::SHA512_CRYPT,
    &passlib_crypt::SHA256_CRYPT,
    &passlib_crypt::MD5_CRYPT,
    &passlib_crypt::APR_MD5_CRYPT,
    &passlib_crypt::BSDI_CRYPT,
    &passlib_crypt::DES_CRYPT,
    &passlib_crypt::BIGCRYPT,
    &passlib_crypt::CRYPT16,
    &sha1_crypt::SHA1_CRYPT,
    &sun_md5_crypt::SUN_MD5_CRYPT,
    &passlib_pbkdf2::SHA512,
    &passlib_pbkdf2::SHA256,
    &passlib_pbkdf2::SHA1,
    &passlib_pbkdf2::CTA,
    &passlib_pbkdf2::DLITZ,
    &passlib_pbkdf2::ATLASSIAN,
    &passlib_pbkdf2::GRUB,
    &fshp::FSHP,
    &ldap::SALTED_SHA512,
    &ldap::SALTED_SHA256,
    &ldap::SALTED_SHA1,
    &ldap::SALTED_MD5,
    &ldap::SHA1,
    &ldap::MD5,
    &hex_digest::SHA512,
    &hex_digest::SHA256,
    &hex_digest::SHA1,
    &hex_digest::MD5,
    &hex_digest::MD4,
    &windows::NTHASH,
    &database_logins::MYSQL41,
    &database_logins::MYSQL323,
    &database_logins::MSSQL2005,
    &database_logins::MSSQL2000,
    &database_logins::ORACLE11,
    &BARE,
];

/// The kinds of work in Django's.
static WORK: &[&dyn Work] = &[
    &digest::ONE_DIGEST,
    &crypt::DES,
    &crypt::MD5,
    &crypt::SHA256,
    &crypt::SHA512,
    &pbkdf2::SHA1_WORK,
    &pbkdf2::SHA256_WORK,
    &bcrypt::Bcrypt,
    &scrypt::Scrypt,
    &argon2::Argon2Work,
];

/// The format of this name among Django's.
pub(crate) fn of_django(name: &str) -> Option<&'static Format> {
    DJANGO.iter().copied().find(|format| format.name == name)
}

/// The foreign format that is declared by this name.
pub(crate) fn foreign(name: &str) -> Option<&'static Format> {
    FOREIGN.iter().copied().find(|format| format.name == name)
}

/// The foreign format whose own mark a text bears.
pub(crate) fn by_own_mark(text: &str) -> Option<&'static Format> {
    FOREIGN
        .iter()
        .copied()
        .filter(|format| **format != BARE)
        .find(|format| (format.shape)(text) == Shape::Own)
}

/// The foreign format that hashes under this name in front of a text of this shape usually are of.
pub(crate) fn by_usual_name(name: &str, text: &str) -> Option<&'static Format> {
    FOREIGN
        .iter()
        .copied()
        .filter(|format| format.usual_names.contains(&name))
        .find(|format| (format.shape)(text) != Shape::Other)
}

/// The names of the foreign formats, for an error's text.
pub(crate) fn foreign_names() -> String {
    quoted(FOREIGN)
}

/// The names of Django's formats, for an error's text.
pub(crate) fn django_names() -> String {
    quoted(DJANGO)
}

/// A small cost for every kind of work in Django's formats.
pub(crate) fn samples() -> impl Iterator<Item = Cost> {
    WORK.iter().flat_map(|work| {
        let samples = work.samples().into_iter();
        samples.map(|parameters| Cost::new(*work, parameters))
    })
}

fn quoted(formats: &[&Format]) -> String {
    let names: Vec<String> = formats
        .iter()
        .map(|format| format!("`{}`", format.name))
        .collect();
    names.join(", ")
}
