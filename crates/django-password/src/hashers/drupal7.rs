//! `drupal7`: `$S$`, one character of rounds, eight of salt, 43 of SHA-512.
//!
//! Responsible for Drupal 7's own change of phpass (includes/password.inc), and for the spellings in
//! which it comes into Django's column: whole (`drupal$$S$D…`, django-drupal-password-hasher),
//! without its first `$` (`S$D…`), and without its mark (`drupal_sha512$D…`,
//! django-drupal-auth-backend). `U$S$…` is of the MD5 that Drupal 6 had stored.

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use super::digest_algorithm::DigestAlgorithm;
use super::hexadecimal::hex;
use super::radix64::{encode_little_endian, is_radix64, radix64_value};
use crate::cost::Cost;
use crate::format::{Format, Hash, Shape, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::work::Rounds;

pub(crate) static DRUPAL7: Format = Format {
    refuses: |password| password.len() > MAX_PASSWORD,
    ..Format::foreign(
        "drupal7",
        &["drupal_sha512", "drupal", "S"],
        |text| match (text.len(), text) {
            (55, text) if text.starts_with("$S$") => Shape::Own,
            (56, text) if text.starts_with("U$S$") => Shape::Own,
            (54, text) if text.starts_with("S$") => Shape::Own,
            (BARE, text) if text.bytes().all(is_radix64) => Shape::Possible,
            _ => Shape::Other,
        },
        |text| parsed(DrupalHash::parse(text)),
    )
};

static WORK: Rounds = Rounds {
    name: "drupal7",
    noun: "rounds",
    quantity: Some(Quantity::DRUPAL_ROUNDS),
    sample: 2_048,
    spend: |password, rounds| {
        let password = password.get(..MAX_PASSWORD).unwrap_or(password);
        std::hint::black_box(stretch(b"unknown ", password, rounds.into()));
    },
    weak_up_to: 0,
};

impl Quantity {
    /// Drupal's rounds of SHA-512.
    // Drupal 7 uses 2^15 and allows 2^30, which is minutes. 2^22 is 128 times its default, some four
    // seconds of one core.
    pub const DRUPAL_ROUNDS: Self = Self::new("drupal7 rounds", 1 << 22);
}

/// The length without the mark: rounds, salt and hash.
const BARE: usize = 52;

/// Of SHA-512's 86 characters Drupal keeps so many (`DRUPAL_HASH_LENGTH` less the settings).
const HASH: usize = 43;

/// `_password_crypt` refuses longer passwords, so no hash of one exists.
const MAX_PASSWORD: usize = 512;

/// A hash of Drupal 7.
#[derive(Debug)]
struct DrupalHash<'a> {
    of_md5: bool,
    rounds: u64,
    salt: &'a str,
    expected: &'a str,
}

impl<'a> DrupalHash<'a> {
    fn parse(text: &'a str) -> Result<Self, Malformation> {
        let (of_md5, text) = match text.strip_prefix('U') {
            Some(rest) if rest.starts_with("$S$") => (true, rest),
            _ => (false, text),
        };
        let rest = text
            .strip_prefix("$S$")
            .or_else(|| text.strip_prefix("S$"))
            .unwrap_or(text);
        let (rounds, rest) = rest
            .split_at_checked(1)
            .ok_or(Malformation::new(Field::Iterations, Fault::Missing))?;
        // Drupal holds itself to 7 and more; the Python packages read less, too.
        let rounds = match rounds.bytes().next().and_then(radix64_value) {
            Some(logarithm @ 0..=30) => 1 << logarithm,
            _ => return Err(Malformation::new(Field::Iterations, Fault::OutOfRange)),
        };
        let (salt, expected) = rest
            .split_at_checked(8)
            .filter(|(salt, _)| salt.is_ascii())
            .ok_or(Malformation::new(Field::Salt, Fault::WrongShape))?;
        if expected.len() != HASH || !expected.bytes().all(is_radix64) {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        Ok(Self {
            of_md5,
            rounds,
            salt,
            expected,
        })
    }
}

impl Hash for DrupalHash<'_> {
    fn cost(&self) -> Cost {
        WORK.cost(self.rounds)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let salt = self.salt.as_bytes();
        let computed = if self.of_md5 {
            let md5 = zeroize::Zeroizing::new(hex(&DigestAlgorithm::Md5.digest(&[password])));
            stretch(salt, md5.as_bytes(), self.rounds)
        } else {
            stretch(salt, password, self.rounds)
        };
        let computed = encode_little_endian(&computed);
        let computed = computed.as_bytes().get(..HASH).unwrap_or_default();
        Ok(computed.ct_eq(self.expected.as_bytes()).into())
    }
}

fn stretch(salt: &[u8], password: &[u8], rounds: u64) -> [u8; 64] {
    let mut digest = Sha512::new()
        .chain_update(salt)
        .chain_update(password)
        .finalize();
    for _ in 0..rounds {
        digest = Sha512::new()
            .chain_update(digest)
            .chain_update(password)
            .finalize();
    }
    digest.into()
}
