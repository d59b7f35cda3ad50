//! `scrypt`: `N$salt$r$p$base64` with a 64-byte digest.
//!
//! Responsible for the format (`ScryptPasswordHasher`, Django 4.0 on). The computation is
//! RustCrypto's.
//!
//! Stock Django leaves `maxmem` at 0, with which OpenSSL refuses more than 32 MiB by raising an
//! exception. A project whose hasher raises `maxmem` and N has larger hashes under the same name,
//! so those are checked here, up to the limits.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::lanes::{self, LANES_AT_ONCE};
use super::radix64::encode_little_endian;
use crate::cognito::{self, CognitoHash, NotImportable};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::format::{Format, Hash, Outer, Unaffordable, parsed};
use crate::limits::{ExceededLimit, Limits, Quantity};
use crate::malformation::{Fault, Field, Malformation};
use crate::work::{Parameters, Work};

pub(crate) static SCRYPT: Format = Format {
    outer: Outer::SharedSalt,
    ..Format::of_django("scrypt", |rest| parsed(ScryptHash::parse(rest)))
};

/// Django's `dklen`.
const DIGEST: usize = 64;

/// OpenSSL, hence Django, refuses a product of r and p over this (`SCRYPT_PR_MAX`).
const BLOCK_SIZE_TIMES_PARALLELISM: u64 = (1 << 30) - 1;

/// A scrypt hash; the salt is the text's UTF-8 bytes.
#[derive(Debug)]
struct ScryptHash<'a> {
    work_factor: u64,
    block_size: u32,
    parallelism: u32,
    salt: &'a str,
    expected: [u8; DIGEST],
}

impl<'a> ScryptHash<'a> {
    fn parse(rest: &'a str) -> Result<Self, Malformation> {
        let mut parts = rest.split('$');
        let mut part = |field| parts.next().ok_or(Malformation::new(field, Fault::Missing));
        let work_factor = part(Field::WorkFactor)?;
        let salt = part(Field::Salt)?;
        let block_size = part(Field::BlockSize)?;
        let parallelism = part(Field::Parallelism)?;
        let hash = part(Field::Hash)?;
        if parts.next().is_some() {
            return Err(Malformation::new(Field::Hash, Fault::WrongShape));
        }
        if salt.is_empty() {
            return Err(Malformation::new(Field::Salt, Fault::Missing));
        }

        let number = |field, text| {
            canonical_decimal(text).ok_or(Malformation::new(field, Fault::NotANumber))
        };
        let work_factor = number(Field::WorkFactor, work_factor)?;
        let block_size = number(Field::BlockSize, block_size)?;
        let parallelism = number(Field::Parallelism, parallelism)?;
        let (block_size, parallelism) = check(work_factor, block_size, parallelism)?;

        let mut expected = [0; DIGEST];
        match STANDARD.decode_slice(hash, &mut expected) {
            Ok(DIGEST) => Ok(Self {
                work_factor,
                block_size,
                parallelism,
                salt,
                expected,
            }),
            _ => Err(Malformation::new(Field::Hash, Fault::WrongShape)),
        }
    }
}

impl Hash for ScryptHash<'_> {
    fn cost(&self) -> Cost {
        Cost::scrypt(self.work_factor, self.block_size, self.parallelism)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let mut computed = [0; DIGEST];
        derive(
            password,
            self.salt.as_bytes(),
            (self.work_factor, self.block_size, self.parallelism),
            &mut computed,
        )?;
        Ok(computed.ct_eq(&self.expected).into())
    }

    fn salt_for_inner(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.salt.as_bytes())
    }

    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        let parameters = (self.work_factor, self.block_size, self.parallelism);
        cognito::scrypt(parameters, self.salt.as_bytes(), &self.expected)
    }
}

/// scrypt as formats other than Django's have it: any salt, and a digest of another length.
#[derive(Debug)]
pub(super) struct DerivedHash {
    parameters: (u64, u32, u32),
    salt: Vec<u8>,
    expected: Expected,
}

/// The digest a format has.
#[derive(Debug)]
pub(super) enum Expected {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// 32 bytes in crypt(3)'s base 64.
    Radix64(String),
}

impl DerivedHash {
    /// Of N, r and p.
    pub(super) fn new(
        (work_factor, block_size, parallelism): (u64, u64, u64),
        salt: Vec<u8>,
        expected: Expected,
    ) -> Result<Self, Malformation> {
        let (block_size, parallelism) = check(work_factor, block_size, parallelism)?;
        Ok(Self {
            parameters: (work_factor, block_size, parallelism),
            salt,
            expected,
        })
    }
}

impl Hash for DerivedHash {
    fn cost(&self) -> Cost {
        let (work_factor, block_size, parallelism) = self.parameters;
        Cost::scrypt(work_factor, block_size, parallelism)
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let length = match &self.expected {
            Expected::Bytes(bytes) => bytes.len(),
            Expected::Radix64(_) => 32,
        };
        let mut computed = vec![0; length];
        derive(password, &self.salt, self.parameters, &mut computed)?;
        Ok(match &self.expected {
            Expected::Bytes(bytes) => computed.ct_eq(bytes).into(),
            Expected::Radix64(text) => {
                let computed = encode_little_endian(&computed);
                computed.as_bytes().ct_eq(text.as_bytes()).into()
            }
        })
    }

    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        match &self.expected {
            Expected::Bytes(digest) => cognito::scrypt(self.parameters, &self.salt, digest),
            Expected::Radix64(_) => Err(NotImportable::Algorithm),
        }
    }
}

/// scrypt: N, a power of two, r and p.
pub(crate) struct Scrypt;

impl Work for Scrypt {
    fn name(&self) -> &'static str {
        "scrypt"
    }

    fn describe(
        &self,
        [work_factor, block_size, parallelism]: &Parameters,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        write!(
            formatter,
            "scrypt N={work_factor} r={block_size} p={parallelism}"
        )
    }

    fn admit(&self, parameters: &Parameters, limits: &Limits) -> Result<(), ExceededLimit> {
        let [work_factor, block_size, parallelism] = parameters;
        limits.admit(Quantity::SCRYPT_MEMORY_KIB, self.memory_kib(parameters))?;
        let work = lane_bytes(*work_factor, *block_size) / 128;
        limits.admit(Quantity::SCRYPT_WORK, work.saturating_mul(*parallelism))
    }

    fn units(&self, parameters: &Parameters) -> f64 {
        // Exact up to 2^53, which no limit comes near.
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let [n, r, p] = parameters.map(|number| number.max(1) as f64);
        n * r * p
    }

    /// Lanes that share cores are measured apart from one alone.
    fn samples(&self) -> Vec<Parameters> {
        vec![[1 << 11, 8, 1], [1 << 10, 8, 5]]
    }

    fn sample(&self, [_, _, parallelism]: &Parameters) -> Parameters {
        if *parallelism == 1 {
            [1 << 11, 8, 1]
        } else {
            [1 << 10, 8, 5]
        }
    }

    fn spend(&self, password: &[u8], [work_factor, block_size, parallelism]: &Parameters) {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let parameters = (*work_factor, narrow(*block_size), narrow(*parallelism));
        let mut output = [0; DIGEST];
        let _ = derive(password, b"unknown user, no salt.", parameters, &mut output);
        std::hint::black_box(&output);
    }

    /// Counts the lanes that may run at once.
    fn memory_kib(&self, [work_factor, block_size, parallelism]: &Parameters) -> u64 {
        let lanes = (*parallelism).clamp(1, u64::from(LANES_AT_ONCE));
        lane_bytes(*work_factor, *block_size)
            .saturating_mul(lanes)
            .div_ceil(1024)
    }

    fn lanes(&self, [_, _, parallelism]: &Parameters) -> u32 {
        u32::try_from(*parallelism).unwrap_or(u32::MAX)
    }
}

/// The bytes of scrypt's array V for one lane: 128 · N · r (RFC 7914, section 2).
fn lane_bytes(work_factor: u64, block_size: u64) -> u64 {
    work_factor.saturating_mul(block_size).saturating_mul(128)
}

impl Quantity {
    /// scrypt memory of the lanes that run at once, in KiB.
    // Django asks for 16 MiB a lane (N = 2^14, r = 8); four lanes run at once.
    pub const SCRYPT_MEMORY_KIB: Self = Self::new("scrypt memory in KiB", 512 * 1024);

    /// scrypt's N · r · p.
    // Django 5.1's default is 655,360; this is 25 times that, some eight seconds of one core.
    // OWASP's strongest advice (2^17, 8, 1) is 1,048,576.
    pub const SCRYPT_WORK: Self = Self::new("scrypt work N*r*p", 1 << 24);
}

impl Cost {
    /// scrypt: N, a power of two, r and p.
    #[must_use]
    pub const fn scrypt(work_factor: u64, block_size: u32, parallelism: u32) -> Self {
        Self::new(
            &Scrypt,
            [work_factor, block_size as u64, parallelism as u64],
        )
    }
}

/// What OpenSSL's `EVP_PBE_scrypt` demands of N, r and p, memory aside.
fn check(work_factor: u64, block_size: u64, parallelism: u64) -> Result<(u32, u32), Malformation> {
    let out_of_range = |field| Malformation::new(field, Fault::OutOfRange);
    // Not a power of two above one; and a greater number than the limits could ever admit is left
    // to them, since saturation made it odd.
    if work_factor != u64::MAX && (work_factor < 2 || !work_factor.is_power_of_two()) {
        return Err(out_of_range(Field::WorkFactor));
    }
    if block_size == 0 {
        return Err(out_of_range(Field::BlockSize));
    }
    if parallelism == 0 || block_size.saturating_mul(parallelism) > BLOCK_SIZE_TIMES_PARALLELISM {
        return Err(out_of_range(Field::Parallelism));
    }
    // N < 2^(16 r), checked where 16 r is not over 63.
    let bits = u32::try_from(block_size.saturating_mul(16)).unwrap_or(u32::MAX);
    if 1_u64
        .checked_shl(bits)
        .is_some_and(|bound| work_factor >= bound)
    {
        return Err(out_of_range(Field::WorkFactor));
    }
    let narrow = |field, value| u32::try_from(value).map_err(|_| out_of_range(field));
    Ok((
        narrow(Field::BlockSize, block_size)?,
        narrow(Field::Parallelism, parallelism)?,
    ))
}

fn derive(
    password: &[u8],
    salt: &[u8],
    (work_factor, block_size, parallelism): (u64, u32, u32),
    output: &mut [u8],
) -> Result<(), Unaffordable> {
    let log_n = u8::try_from(work_factor.trailing_zeros()).map_err(|_| Unaffordable)?;
    let params = ::scrypt::Params::new(log_n, block_size, parallelism).map_err(|_| Unaffordable)?;
    let cost = Cost::scrypt(work_factor, block_size, parallelism);
    if !can_be_allocated(cost.memory_kib()) {
        return Err(Unaffordable);
    }
    lanes::run(|| ::scrypt::scrypt(password, salt, &params, output))?.map_err(|_| Unaffordable)
}

/// Whether the system would grant that much memory. The scrypt crate allocates without asking and
/// would end the process; argon2's asks itself.
fn can_be_allocated(kib: u64) -> bool {
    let bytes = usize::try_from(kib.saturating_mul(1024)).unwrap_or(usize::MAX);
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}
