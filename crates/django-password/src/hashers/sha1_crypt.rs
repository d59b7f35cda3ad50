//! `passlib:sha1_crypt`: `$sha1$rounds$salt$hash`.
//!
//! Responsible for NetBSD's crypt(3) with HMAC-SHA1 (S. J. Gerraty, 2004): the password is the key,
//! salt, mark and rounds the first message, each result the next.

use ::hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::passlib::{after_mark, rounds, three_parts};
use super::radix64::{is_radix64, push_little_endian};
use crate::cost::Cost;
use crate::format::{Format, Hash, Shape, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::work::Rounds;

pub(crate) static SHA1_CRYPT: Format = Format::foreign(
    "passlib:sha1_crypt",
    &["sha1_crypt"],
    |text| Shape::own_if(text.starts_with(MARK)),
    |text| parsed(Sha1CryptHash::parse(text)),
);

static WORK: Rounds = Rounds {
    name: "sha1-crypt",
    noun: "rounds",
    quantity: Some(Quantity::SHA1_CRYPT_ROUNDS),
    sample: 2_048,
    spend: |password, rounds| {
        std::hint::black_box(crypt(password, "unknown ", rounds));
    },
    weak_up_to: 0,
};

impl Quantity {
    /// sha1-crypt rounds.
    // passlib uses 480,000, NetBSD some 20,000; twenty times the former, some four seconds of one
    // core.
    pub const SHA1_CRYPT_ROUNDS: Self = Self::new("sha1-crypt rounds", 10_000_000);
}

const MARK: &str = "$sha1$";

#[derive(Debug)]
struct Sha1CryptHash<'a> {
    rounds: u32,
    salt: &'a str,
    expected: &'a str,
}

impl<'a> Sha1CryptHash<'a> {
    fn parse(text: &'a str) -> Result<Self, Malformation> {
        let rest =
            after_mark(text, MARK).ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
        let [iterations, salt, expected] = three_parts(rest, '$')?;
        let iterations = rounds(iterations)?;
        if salt.len() > 64 || !salt.bytes().all(is_radix64) {
            return Err(Malformation::new(Field::Salt, Fault::WrongShape));
        }
        if expected.len() != 28 || !expected.bytes().all(is_radix64) {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        Ok(Self {
            rounds: iterations,
            salt,
            expected,
        })
    }
}

impl Hash for Sha1CryptHash<'_> {
    fn cost(&self) -> Cost {
        WORK.cost(self.rounds.into())
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        if password.contains(&0) {
            return Ok(false);
        }
        let computed = crypt(password, self.salt, self.rounds);
        Ok(computed.as_bytes().ct_eq(self.expected.as_bytes()).into())
    }
}

fn crypt(password: &[u8], salt: &str, rounds: u32) -> String {
    // A key of any length is one.
    let Ok(keyed) = <Hmac<Sha1> as KeyInit>::new_from_slice(password) else {
        return String::new();
    };
    let first = format!("{salt}{MARK}{rounds}");
    let mut digest = keyed
        .clone()
        .chain_update(first.as_bytes())
        .finalize()
        .into_bytes();
    for _ in 1..rounds {
        digest = keyed.clone().chain_update(digest).finalize().into_bytes();
    }
    let byte = |index: usize| u32::from(digest.get(index).copied().unwrap_or(0));
    let mut output = String::with_capacity(28);
    for [low, middle, high] in [
        [2, 1, 0],
        [5, 4, 3],
        [8, 7, 6],
        [11, 10, 9],
        [14, 13, 12],
        [17, 16, 15],
        [0, 19, 18],
    ] {
        let value = byte(high) << 16 | byte(middle) << 8 | byte(low);
        push_little_endian(&mut output, value, 4);
    }
    output
}
