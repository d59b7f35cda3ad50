//! `passlib:phpass`: `$P$`, one character of rounds, eight of salt, 22 of MD5.
//!
//! Responsible for Solar Designer's "portable hash", which phpass, WordPress up to 6.7, phpBB (`$H$`),
//! Joomla 2.5 and others wrote: MD5 of salt and password, then 2^rounds times MD5 of the result and
//! the password.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::passlib::after_mark;
use super::radix64::{encode_little_endian, is_radix64, radix64_value};
use crate::cost::Cost;
use crate::format::{Format, Hash, Shape, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::work::Rounds;

pub(crate) static PHPASS: Format = Format::foreign(
    "passlib:phpass",
    &["phpass"],
    |text| Shape::own_if(text.len() == 34 && (text.starts_with("$P$") || text.starts_with("$H$"))),
    |text| parsed(PhpassHash::parse(text)),
);

static WORK: Rounds = Rounds {
    name: "phpass",
    noun: "rounds",
    quantity: Some(Quantity::PHPASS_ROUNDS),
    sample: 2_048,
    spend: |password, rounds| {
        std::hint::black_box(stretch(b"unknown ", password, rounds.into()));
    },
    weak_up_to: 0,
};

impl Quantity {
    /// phpass rounds.
    // WordPress uses 2^13, phpBB 2^11, passlib 2^19; the format has room for 2^30, which is minutes.
    // 2^24 is 32 times passlib's, some four seconds of one core.
    pub const PHPASS_ROUNDS: Self = Self::new("phpass rounds", 1 << 24);
}

/// A portable hash.
#[derive(Debug)]
pub(super) struct PhpassHash<'a> {
    rounds: u64,
    salt: &'a str,
    expected: &'a str,
}

impl<'a> PhpassHash<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformation> {
        let rest = after_mark(text, "$P$")
            .or_else(|| after_mark(text, "$H$"))
            .ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
        let (rounds, rest) = rest
            .split_at_checked(1)
            .ok_or(Malformation::new(Field::Iterations, Fault::Missing))?;
        let rounds = match rounds.bytes().next().and_then(radix64_value) {
            Some(logarithm @ 7..=30) => 1 << logarithm,
            _ => return Err(Malformation::new(Field::Iterations, Fault::OutOfRange)),
        };
        let (salt, expected) = rest
            .split_at_checked(8)
            .ok_or(Malformation::new(Field::Salt, Fault::WrongShape))?;
        if !salt.is_ascii() {
            return Err(Malformation::new(Field::Salt, Fault::WrongShape));
        }
        if expected.len() != 22 || !expected.bytes().all(is_radix64) {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        Ok(Self {
            rounds,
            salt,
            expected,
        })
    }
}

impl Hash for PhpassHash<'_> {
    fn cost(&self) -> Cost {
        WORK.cost(self.rounds)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let computed = stretch(self.salt.as_bytes(), password, self.rounds);
        let computed = encode_little_endian(&computed);
        Ok(computed.as_bytes().ct_eq(self.expected.as_bytes()).into())
    }
}

fn stretch(salt: &[u8], password: &[u8], rounds: u64) -> [u8; 16] {
    let mut digest = Md5::new()
        .chain_update(salt)
        .chain_update(password)
        .finalize();
    for _ in 0..rounds {
        digest = Md5::new()
            .chain_update(digest)
            .chain_update(password)
            .finalize();
    }
    digest.into()
}
