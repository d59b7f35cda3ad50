//! `scrypt`: `N$salt$r$p$base64` with a 64-byte digest.
//!
//! Responsible for the format (`ScryptPasswordHasher`, Django 4.0 on). The computation is
//! RustCrypto's.
//!
//! Stock Django leaves `maxmem` at 0, with which OpenSSL refuses more than 32 MiB by raising an
//! exception. A project whose hasher raises `maxmem` and N has larger hashes under the same name,
//! so those are checked here, up to the limits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::{Unaffordable, lanes};
use crate::cost::Cost;
use crate::decimal::canonical_decimal;
use crate::malformation::{Fault, Field, Malformation};

/// Django's `dklen`.
const DIGEST: usize = 64;

/// OpenSSL, hence Django, refuses a product of r and p over this (`SCRYPT_PR_MAX`).
const BLOCK_SIZE_TIMES_PARALLELISM: u64 = (1 << 30) - 1;

/// A scrypt hash; the salt is the text's UTF-8 bytes.
#[derive(Debug)]
pub(crate) struct ScryptHash<'a> {
    work_factor: u64,
    block_size: u32,
    parallelism: u32,
    salt: &'a str,
    expected: [u8; DIGEST],
}

impl<'a> ScryptHash<'a> {
    pub(crate) fn parse(rest: &'a str) -> Result<Self, Malformation> {
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

    pub(crate) fn cost(&self) -> Cost {
        Cost::Scrypt {
            work_factor: self.work_factor,
            block_size: self.block_size,
            parallelism: self.parallelism,
        }
    }

    pub(crate) fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let salt = self.salt.as_bytes();
        let computed = derive(
            password,
            salt,
            self.work_factor,
            self.block_size,
            self.parallelism,
        )?;
        Ok(computed.ct_eq(&self.expected).into())
    }

    /// N, r and p.
    pub(crate) fn parameters(&self) -> (u64, u32, u32) {
        (self.work_factor, self.block_size, self.parallelism)
    }

    pub(crate) fn salt(&self) -> &'a str {
        self.salt
    }

    pub(crate) fn digest(&self) -> &[u8; DIGEST] {
        &self.expected
    }
}

pub(crate) fn spend(password: &[u8], work_factor: u64, block_size: u32, parallelism: u32) {
    let salt = b"unknown user, no salt.";
    let _ = std::hint::black_box(derive(password, salt, work_factor, block_size, parallelism));
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
    work_factor: u64,
    block_size: u32,
    parallelism: u32,
) -> Result<[u8; DIGEST], Unaffordable> {
    let log_n = u8::try_from(work_factor.trailing_zeros()).map_err(|_| Unaffordable)?;
    let params = ::scrypt::Params::new(log_n, block_size, parallelism).map_err(|_| Unaffordable)?;
    let cost = Cost::Scrypt {
        work_factor,
        block_size,
        parallelism,
    };
    if !can_be_allocated(cost.memory_kib()) {
        return Err(Unaffordable);
    }
    let mut output = [0; DIGEST];
    lanes::run(|| ::scrypt::scrypt(password, salt, &params, &mut output))?
        .map_err(|_| Unaffordable)?;
    Ok(output)
}

/// Whether the system would grant that much memory. The scrypt crate allocates without asking and
/// would end the process; argon2's asks itself.
fn can_be_allocated(kib: u64) -> bool {
    let bytes = usize::try_from(kib.saturating_mul(1024)).unwrap_or(usize::MAX);
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}
