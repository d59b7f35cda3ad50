//! `argon2`: the string of the reference implementation, without its first `$`.
//!
//! Responsible for the format as that library's `decode_string` reads it, by way of argon2-cffi:
//! `argon2id$v=19$m=102400,t=2,p=8$salt$hash`, with `argon2i` and `argon2d`, and without `v=` for
//! version 1.0. The computation is RustCrypto's.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Unaffordable, lanes};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::malformation::{Fault, Field, Malformation};

/// `ARGON2_MIN_SALT_LENGTH` and `ARGON2_MIN_OUTLEN` of the reference implementation.
const MIN_SALT: usize = 8;
const MIN_DIGEST: usize = 4;
/// `ARGON2_MAX_LANES`.
const MAX_LANES: u32 = 0xff_ffff;
/// `ARGON2_SYNC_POINTS`, times the two blocks a segment has at least.
const MIN_BLOCKS_PER_LANE: u32 = 8;

/// An argon2 hash.
#[derive(Debug)]
pub(crate) struct Argon2Hash {
    variety: Algorithm,
    version: Version,
    memory_kib: u32,
    time_cost: u32,
    parallelism: u32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Argon2Hash {
    pub(crate) fn parse(rest: &str) -> Result<Self, Malformation> {
        let missing = |field| Malformation::new(field, Fault::Missing);
        if !rest.is_ascii() {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        // The library is C: for it the string ends at the first NUL.
        let rest = rest.split('\0').next().unwrap_or(rest);

        let (variety, rest) = rest.split_once('$').ok_or(missing(Field::Version))?;
        let variety = match variety {
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            "argon2id" => Algorithm::Argon2id,
            _ => return Err(Malformation::new(Field::Variety, Fault::Unknown)),
        };
        let (version, rest) = match rest.strip_prefix("v=") {
            None => (Version::V0x10, rest),
            Some(rest) => {
                let (version, rest) = rest.split_once('$').ok_or(missing(Field::MemoryCost))?;
                (read_version(version)?, rest)
            }
        };
        let (parameters, rest) = rest.split_once('$').ok_or(missing(Field::Salt))?;
        let (memory_kib, time_cost, parallelism) = read_parameters(parameters)?;
        let (salt, hash) = rest.split_once('$').ok_or(missing(Field::Hash))?;
        let salt = decode(Field::Salt, salt, MIN_SALT)?;
        let expected = decode(Field::Hash, hash, MIN_DIGEST)?;
        Ok(Self {
            variety,
            version,
            memory_kib,
            time_cost,
            parallelism,
            salt,
            expected,
        })
    }

    pub(crate) fn cost(&self) -> Cost {
        Cost::Argon2 {
            memory_kib: self.memory_kib,
            time_cost: self.time_cost,
            parallelism: self.parallelism,
        }
    }

    pub(crate) fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let params = Params::new(self.memory_kib, self.time_cost, self.parallelism, None)
            .map_err(|_| Unaffordable)?;
        let argon2 = Argon2::new(self.variety, self.version, params);
        let mut computed = Zeroizing::new(vec![0; self.expected.len()]);
        derive(&argon2, password, &self.salt, &mut computed)?;
        Ok(computed.as_slice().ct_eq(&self.expected).into())
    }

    /// The salt as `Argon2PasswordHasher.decode` gives it: Latin-1.
    pub(crate) fn salt_as_text(&self) -> String {
        self.salt.iter().copied().map(char::from).collect()
    }

    pub(crate) fn variety(&self) -> Algorithm {
        self.variety
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// m in KiB, t and p.
    pub(crate) fn parameters(&self) -> (u32, u32, u32) {
        (self.memory_kib, self.time_cost, self.parallelism)
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(crate) fn digest(&self) -> &[u8] {
        &self.expected
    }
}

pub(crate) fn spend(password: &[u8], memory_kib: u32, time_cost: u32, parallelism: u32) {
    let Ok(params) = Params::new(memory_kib, time_cost, parallelism, None) else {
        return;
    };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut output = Zeroizing::new([0; 32]);
    let _ = derive(
        &argon2,
        password,
        b"unknown user, no salt.",
        output.as_mut_slice(),
    );
    std::hint::black_box(&output);
}

fn derive(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    output: &mut [u8],
) -> Result<(), Unaffordable> {
    let mut compute = || argon2.hash_password_into(password, salt, output);
    if argon2.params().p_cost() == 1 {
        compute().map_err(|_| Unaffordable)
    } else {
        lanes::run(compute)?.map_err(|_| Unaffordable)
    }
}

/// The reference library computes with any number here, but only 16 and 19 were ever versions.
fn read_version(text: &str) -> Result<Version, Malformation> {
    match canonical_decimal(text) {
        Some(0x10) => Ok(Version::V0x10),
        Some(0x13) => Ok(Version::V0x13),
        Some(_) => Err(Malformation::new(Field::Version, Fault::Unknown)),
        None => Err(Malformation::new(Field::Version, Fault::NotANumber)),
    }
}

/// `m=…,t=…,p=…`, in that order and nothing else, with the bounds of `validate_inputs`.
fn read_parameters(text: &str) -> Result<(u32, u32, u32), Malformation> {
    let mut parts = text.split(',');
    let mut number = |prefix, field| {
        let text = parts.next().and_then(|part| part.strip_prefix(prefix));
        let value = canonical_decimal(text.ok_or(Malformation::new(field, Fault::Missing))?)
            .ok_or(Malformation::new(field, Fault::NotANumber))?;
        match u32::try_from(value) {
            Ok(0) | Err(_) => Err(Malformation::new(field, Fault::OutOfRange)),
            Ok(value) => Ok(value),
        }
    };
    let memory_kib = number("m=", Field::MemoryCost)?;
    let time_cost = number("t=", Field::TimeCost)?;
    let parallelism = number("p=", Field::Parallelism)?;
    if parts.next().is_some() {
        return Err(Malformation::new(Field::Parallelism, Fault::NotANumber));
    }
    if parallelism > MAX_LANES {
        return Err(Malformation::new(Field::Parallelism, Fault::OutOfRange));
    }
    if memory_kib < MIN_BLOCKS_PER_LANE.saturating_mul(parallelism) {
        return Err(Malformation::new(Field::MemoryCost, Fault::OutOfRange));
    }
    Ok((memory_kib, time_cost, parallelism))
}

fn decode(field: Field, text: &str, minimum: usize) -> Result<Vec<u8>, Malformation> {
    STANDARD_NO_PAD
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() >= minimum)
        .ok_or(Malformation::new(field, Fault::WrongShape))
}
