//! `argon2`: the string of the reference implementation, without its first `$`.
//!
//! Responsible for the format as that library's `decode_string` reads it, by way of argon2-cffi:
//! `argon2id$v=19$m=102400,t=2,p=8$salt$hash`, with `argon2i` and `argon2d`, and without `v=` for
//! version 1.0. The computation is RustCrypto's.

use std::borrow::Cow;
use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::lanes;
use crate::cognito::{self, CognitoHash, NotImportable};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::format::{Format, Hash, Outer, Unaffordable, parsed};
use crate::limits::{ExceededLimit, Limits, Quantity};
use crate::malformation::{Fault, Field, Malformation};
use crate::work::{Parameters, Work};

pub(crate) static ARGON2: Format = Format {
    outer: Outer::SharedSalt,
    ..Format::of_django("argon2", |rest| parsed(Argon2Hash::parse(rest)))
};

/// `ARGON2_MIN_SALT_LENGTH` and `ARGON2_MIN_OUTLEN` of the reference implementation.
const MIN_SALT: usize = 8;
const MIN_DIGEST: usize = 4;
/// `ARGON2_MAX_LANES`.
const MAX_LANES: u32 = 0xff_ffff;
/// `ARGON2_SYNC_POINTS`, times the two blocks a segment has at least.
const MIN_BLOCKS_PER_LANE: u32 = 8;

/// An argon2 hash.
#[derive(Debug)]
pub(super) struct Argon2Hash {
    variety: Algorithm,
    version: Version,
    memory_kib: u32,
    time_cost: u32,
    parallelism: u32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Argon2Hash {
    pub(super) fn parse(rest: &str) -> Result<Self, Malformation> {
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
}

impl Hash for Argon2Hash {
    fn cost(&self) -> Cost {
        Cost::argon2(self.memory_kib, self.time_cost, self.parallelism)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let params = Params::new(self.memory_kib, self.time_cost, self.parallelism, None)
            .map_err(|_| Unaffordable)?;
        let argon2 = Argon2::new(self.variety, self.version, params);
        let mut computed = Zeroizing::new(vec![0; self.expected.len()]);
        derive(&argon2, password, &self.salt, &mut computed)?;
        Ok(computed.as_slice().ct_eq(&self.expected).into())
    }

    /// The salt as `Argon2PasswordHasher.decode` gives it: Latin-1.
    fn salt_for_inner(&self) -> Cow<'_, [u8]> {
        let text: String = self.salt.iter().copied().map(char::from).collect();
        Cow::Owned(text.into_bytes())
    }

    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        if self.variety != Algorithm::Argon2id {
            return Err(NotImportable::Argon2Variety);
        }
        if self.version != Version::V0x13 {
            return Err(NotImportable::Argon2Version);
        }
        let parameters = (self.memory_kib, self.time_cost, self.parallelism);
        cognito::argon2id(parameters, &self.salt, &self.expected)
    }
}

/// Whichever variety of argon2: m in KiB, t and p.
pub(crate) struct Argon2Work;

impl Work for Argon2Work {
    fn name(&self) -> &'static str {
        "argon2"
    }

    fn describe(
        &self,
        [memory_kib, time_cost, parallelism]: &Parameters,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        write!(
            formatter,
            "argon2 m={memory_kib} t={time_cost} p={parallelism}"
        )
    }

    fn admit(
        &self,
        [memory_kib, time_cost, parallelism]: &Parameters,
        limits: &Limits,
    ) -> Result<(), ExceededLimit> {
        limits.admit(Quantity::ARGON2_MEMORY_KIB, *memory_kib)?;
        limits.admit(Quantity::ARGON2_TIME_COST, *time_cost)?;
        limits.admit(Quantity::ARGON2_PARALLELISM, *parallelism)?;
        let work = memory_kib.saturating_mul(*time_cost);
        limits.admit(Quantity::ARGON2_WORK_KIB, work)
    }

    fn units(&self, [memory_kib, time_cost, _]: &Parameters) -> f64 {
        // Exact up to 2^53, and each is a `u32`.
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let [memory, passes] = [*memory_kib, *time_cost].map(|number| number.max(1) as f64);
        memory * passes
    }

    /// Lanes that share cores are measured apart from one alone.
    fn samples(&self) -> Vec<Parameters> {
        vec![[8 * 1024, 1, 1], [8 * 1024, 1, 8]]
    }

    fn sample(&self, [_, _, parallelism]: &Parameters) -> Parameters {
        let lanes = if *parallelism == 1 { 1 } else { 8 };
        [8 * 1024, 1, lanes]
    }

    fn spend(&self, password: &[u8], parameters: &Parameters) {
        let [memory_kib, time_cost, parallelism] =
            parameters.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
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

    fn memory_kib(&self, [memory_kib, ..]: &Parameters) -> u64 {
        *memory_kib
    }

    fn lanes(&self, [_, _, parallelism]: &Parameters) -> u32 {
        u32::try_from(*parallelism).unwrap_or(u32::MAX)
    }
}

impl Quantity {
    /// argon2 memory, in KiB.
    // Django has asked for 100 MiB since 3.2 and 512 KiB before; five times that. RFC 9106 section 4
    // also recommends 2 GiB, which no default web worker could serve: raise the cap if a project
    // really does.
    pub const ARGON2_MEMORY_KIB: Self = Self::new("argon2 memory in KiB", 512 * 1024);

    /// argon2 passes over its memory.
    // Django uses 2 passes. RFC 9106 recommends 1 or 3; the work cap below bounds the product, this
    // one bounds many passes over little memory.
    pub const ARGON2_TIME_COST: Self = Self::new("argon2 time cost", 1_000);

    /// argon2 lanes.
    // Django uses 8 lanes, RFC 9106 recommends 4.
    pub const ARGON2_PARALLELISM: Self = Self::new("argon2 parallelism", 128);

    /// argon2 memory times passes, in KiB.
    // m * t. Django's default is 204,800 KiB; this is 40 times that, some four seconds of one core.
    pub const ARGON2_WORK_KIB: Self = Self::new("argon2 work m*t in KiB", 8 * 1024 * 1024);
}

impl Cost {
    /// argon2 of whichever variety: m in KiB, the passes t over that memory, the lanes p.
    #[must_use]
    pub const fn argon2(memory_kib: u32, time_cost: u32, parallelism: u32) -> Self {
        Self::new(
            &Argon2Work,
            [memory_kib as u64, time_cost as u64, parallelism as u64],
        )
    }
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
