//! `passlib:fshp`: `{FSHP1|16|480000}` and base64 of salt and digest.
//!
//! Responsible for the "Fairly Secure Hashed Password" (B. Duman, 2009): PBKDF1 of SHA-1 or SHA-2
//! with password and salt in each other's place, so that the salt comes first.

use subtle::ConstantTimeEq;

use super::digest_algorithm::DigestAlgorithm;
use super::passlib::{base64, rounds};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::format::{Format, Hash, Shape, Unaffordable, parsed};
use crate::limits::Quantity;
use crate::malformation::{Fault, Field, Malformation};
use crate::work::Rounds;

pub(crate) static FSHP: Format = Format::foreign(
    "passlib:fshp",
    &["fshp"],
    |text| Shape::own_if(text.starts_with(MARK)),
    |text| parsed(FshpHash::parse(text)),
);

/// Measured with the slowest of its digests.
static WORK: Rounds = Rounds {
    name: "fshp",
    noun: "rounds",
    quantity: Some(Quantity::FSHP_ROUNDS),
    sample: 2_048,
    spend: |password, rounds| {
        let digest = DigestAlgorithm::Sha512;
        std::hint::black_box(stretch(digest, b"unknown user   ", password, rounds));
    },
    weak_up_to: 0,
};

impl Quantity {
    /// FSHP's rounds.
    // passlib uses 480,000, FSHP itself 4,096; ten times the former, some four seconds of one core.
    pub const FSHP_ROUNDS: Self = Self::new("fshp rounds", 5_000_000);
}

const MARK: &str = "{FSHP";

#[derive(Debug)]
struct FshpHash {
    algorithm: DigestAlgorithm,
    rounds: u32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl FshpHash {
    fn parse(text: &str) -> Result<Self, Malformation> {
        let missing = |field| Malformation::new(field, Fault::Missing);
        let rest = text
            .strip_prefix(MARK)
            .ok_or(Malformation::new(Field::Variety, Fault::Unknown))?;
        let (settings, data) = rest.split_once('}').ok_or(missing(Field::Hash))?;
        let mut settings = settings.split('|');
        let algorithm = match settings.next() {
            Some("0") => DigestAlgorithm::Sha1,
            Some("1") => DigestAlgorithm::Sha256,
            Some("2") => DigestAlgorithm::Sha384,
            Some("3") => DigestAlgorithm::Sha512,
            _ => return Err(Malformation::new(Field::Variety, Fault::Unknown)),
        };
        let salt_length = settings.next().ok_or(missing(Field::Salt))?;
        let salt_length = canonical_decimal(salt_length)
            .and_then(|length| usize::try_from(length).ok())
            .ok_or(Malformation::new(Field::Salt, Fault::NotANumber))?;
        let rounds = rounds(settings.next().ok_or(missing(Field::Iterations))?)?;
        if settings.next().is_some() {
            return Err(Malformation::new(Field::Iterations, Fault::WrongShape));
        }
        let mut salt = base64(Field::Hash, data)?;
        if salt.len() != salt_length.saturating_add(algorithm.length()) {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        let expected = salt.split_off(salt_length);
        Ok(Self {
            algorithm,
            rounds,
            salt,
            expected,
        })
    }
}

impl Hash for FshpHash {
    fn cost(&self) -> Cost {
        WORK.cost(self.rounds.into())
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let computed = stretch(self.algorithm, &self.salt, password, self.rounds);
        Ok(computed.ct_eq(&self.expected).into())
    }
}

fn stretch(algorithm: DigestAlgorithm, salt: &[u8], password: &[u8], rounds: u32) -> Vec<u8> {
    let mut digest = algorithm.digest(&[salt, password]);
    for _ in 1..rounds {
        digest = algorithm.digest(&[&digest]);
    }
    digest
}
