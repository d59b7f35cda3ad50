//! `wordpress`: `$wp$2y$…`, WordPress 6.8's bcrypt of an HMAC, and what older versions wrote.
//!
//! Responsible for the rule of `wp_check_password` (wp-includes/pluggable.php): the HMAC-SHA384 with
//! the key `wp-sha384`, in base64, is what bcrypt hashes. Before 6.8 it was phpass; plugins and
//! hosts have long used bcrypt itself.

use super::bcrypt::{self, BcryptHash, Prehash};
use super::digest_algorithm::DigestAlgorithm;
use super::passlib_bcrypt::parse_bcrypt;
use super::phpass::PhpassHash;
use crate::format::{Format, Parsed, Shape, parsed};
use crate::malformation::Malformation;

pub(crate) static WORDPRESS: Format = Format {
    refuses: |password| password.len() > 4_096,
    ..Format::foreign(
        "wordpress",
        &["wordpress", "wp"],
        |text| Shape::own_if(text.len() == 63 && text.starts_with("$wp$2")),
        parse,
    )
};

fn parse(text: &str) -> Parsed<'_> {
    if let Some(bcrypt) = text.strip_prefix("$wp").or_else(|| {
        text.strip_prefix("wp$2")
            .map(|_| text.trim_start_matches("wp"))
    }) {
        parsed(parse_wp(bcrypt))
    } else if text.starts_with("$P$") || text.starts_with("$H$") {
        parsed(PhpassHash::parse(text))
    } else {
        parsed(parse_bcrypt(text))
    }
}

fn parse_wp(text: &str) -> Result<BcryptHash, Malformation> {
    let prehash = Prehash::Base64Hmac {
        algorithm: DigestAlgorithm::Sha384,
        key: b"wp-sha384".to_vec(),
    };
    let whole = text.strip_prefix('$').unwrap_or(text);
    BcryptHash::lenient(prehash, &bcrypt::split(whole)?)
}
