//! Which hashes a Cognito user import job can take over, and how they are spelled there.
//!
//! Responsible for the rules of `CreateUserImportJob`'s `PasswordHashingAlgorithm` (Amazon Cognito
//! Developer Guide, "Importing users into user pools from a CSV file", July 2026). Pure; knows
//! nothing about CSV files beyond the one column, nor about pools. The formats that Cognito has too
//! call it with their parts.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::hashers::hexadecimal::hex;
use crate::malformation::Malformation;
use crate::parsed_hash::{Reading, Refusal};

/// Cognito's maximum for PBKDF2, in iterations. Exactly Django 4.2's default.
const MAX_PBKDF2_ITERATIONS: u64 = 600_000;
/// Cognito's maximum for bcrypt. Exactly Django's default.
const MAX_BCRYPT_COST: u64 = 12;
/// Cognito's maxima for scrypt. Django's parallelism is 1 up to 5.0 and 5 from 5.1 on.
const MAX_SCRYPT_N: u64 = 65_536;
const MAX_SCRYPT_R: u64 = 8;
const MAX_SCRYPT_P: u64 = 1;
/// Cognito's maxima for argon2id. Django's default is m=102400, t=2, p=8.
const MAX_ARGON2_MEMORY_KIB: u64 = 19_456;
const MAX_ARGON2_TIME_COST: u64 = 2;
const MAX_ARGON2_PARALLELISM: u64 = 1;

/// The value of `PasswordHashingAlgorithm`. One import job takes hashes of one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CognitoAlgorithm {
    /// `BCRYPT`
    Bcrypt,
    /// `SCRYPT`
    Scrypt,
    /// `ARGON2ID`
    Argon2id,
    /// `PBKDF2_SHA256`
    Pbkdf2Sha256,
}

impl CognitoAlgorithm {
    /// The word the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bcrypt => "BCRYPT",
            Self::Scrypt => "SCRYPT",
            Self::Argon2id => "ARGON2ID",
            Self::Pbkdf2Sha256 => "PBKDF2_SHA256",
        }
    }
}

impl fmt::Display for CognitoAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A hash in the spelling of an import file's `password_hash` column. Masked and wiped like
/// [`EncodedPassword`](crate::EncodedPassword).
#[derive(Clone)]
pub struct CognitoHash {
    algorithm: CognitoAlgorithm,
    password_hash: Zeroizing<String>,
    caveat: Option<Caveat>,
}

impl CognitoHash {
    /// The job this hash belongs in.
    #[must_use]
    pub fn algorithm(&self) -> CognitoAlgorithm {
        self.algorithm
    }

    /// The column's value in the clear, not yet escaped for the file: Cognito's CSV has no quotes
    /// and wants commas, which argon2id hashes contain, as `\,`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.password_hash
    }

    /// What AWS's documentation leaves open about this very hash: try one such user first.
    #[must_use]
    pub fn caveat(&self) -> Option<Caveat> {
        self.caveat
    }
}

impl fmt::Debug for CognitoHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CognitoHash")
            .field("algorithm", &self.algorithm)
            .field("caveat", &self.caveat)
            .finish_non_exhaustive()
    }
}

/// A point about a hash on which Cognito's documentation is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Caveat {
    /// The base64 of salt or hash has a character that the modular crypt format writes `.` and
    /// other formats write `+`; AWS's sample shows neither. Written as `.` here, as passlib does.
    Base64Alphabet,
    /// Django's scrypt digest is 64 bytes long; AWS's sample is 32.
    ScryptHashLength,
}

impl fmt::Display for Caveat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Base64Alphabet => "its base64 has a character AWS does not document (`.` or `+`)",
            Self::ScryptHashLength => "its digest has 64 bytes, AWS documents only one of 32",
        })
    }
}

/// Why Cognito could not take a hash over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NotImportable {
    /// There is no password.
    #[error("the user has no usable password")]
    Unusable,
    /// Not a hash this crate can read.
    #[error("its algorithm is not known")]
    Unsupported,
    /// No password can match it, here or there.
    #[error("it cannot be read: {0}")]
    Malformed(Malformation),
    /// Cognito has no such algorithm.
    #[error("Cognito has no such algorithm")]
    Algorithm,
    /// `bcrypt_sha256` would import as bcrypt, and then refuse every sign-in.
    #[error("it is bcrypt of the password's SHA-256, which Cognito would take for plain bcrypt")]
    PrehashedBcrypt,
    /// A wrapped hasher digests the password first, which Cognito would not.
    #[error("it is a hash of an older hash, not of the password")]
    Wrapped,
    /// A secret is mixed into the password first, which Cognito would not know.
    #[error("a secret is mixed into the password first, which Cognito does not have")]
    Peppered,
    /// Cognito takes argon2id alone.
    #[error("it is argon2i or argon2d, and Cognito takes argon2id alone")]
    Argon2Variety,
    /// Cognito takes argon2 version 19 alone.
    #[error("it is argon2 version 16, and Cognito takes version 19 alone")]
    Argon2Version,
    /// A parameter is over Cognito's maximum.
    #[error("its {parameter} of {value} is over Cognito's maximum of {maximum}")]
    OverMaximum {
        /// Which one.
        parameter: CognitoParameter,
        /// The hash's value.
        value: u64,
        /// Cognito's maximum.
        maximum: u64,
    },
}

/// A parameter Cognito has a maximum for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CognitoParameter {
    /// PBKDF2's iterations.
    Iterations,
    /// bcrypt's cost.
    BcryptCost,
    /// scrypt's N.
    ScryptN,
    /// scrypt's r.
    ScryptR,
    /// scrypt's p.
    ScryptP,
    /// argon2's m, in KiB.
    Argon2Memory,
    /// argon2's t.
    Argon2Time,
    /// argon2's p.
    Argon2Parallelism,
}

impl fmt::Display for CognitoParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Iterations => "iteration count",
            Self::BcryptCost => "bcrypt cost",
            Self::ScryptN => "scrypt N",
            Self::ScryptR => "scrypt r",
            Self::ScryptP => "scrypt p",
            Self::Argon2Memory => "argon2 memory in KiB",
            Self::Argon2Time => "argon2 time cost",
            Self::Argon2Parallelism => "argon2 parallelism",
        })
    }
}

pub(crate) fn convert(reading: Reading<'_>) -> Result<CognitoHash, NotImportable> {
    let parsed = reading.hash.map_err(|refusal| match refusal {
        Refusal::Unusable => NotImportable::Unusable,
        Refusal::Unsupported | Refusal::TooCostly(_) => NotImportable::Unsupported,
        Refusal::Malformed(malformation) => NotImportable::Malformed(malformation),
    })?;
    if parsed.inner.is_some() {
        return Err(NotImportable::Wrapped);
    }
    if parsed.pepper.is_some() {
        return Err(NotImportable::Peppered);
    }
    parsed.hash.cognito()
}

/// `$pbkdf2-sha256$iterations$salt$hash`, both in the modular crypt format's base64.
pub(crate) fn pbkdf2_sha256(
    iterations: u32,
    salt: &[u8],
    digest: &[u8],
) -> Result<CognitoHash, NotImportable> {
    within(
        CognitoParameter::Iterations,
        iterations.into(),
        MAX_PBKDF2_ITERATIONS,
    )?;
    let salt = adapted_base64(salt);
    let digest = adapted_base64(digest);
    let dotted = salt.contains('.') || digest.contains('.');
    Ok(CognitoHash {
        algorithm: CognitoAlgorithm::Pbkdf2Sha256,
        password_hash: Zeroizing::new(format!("$pbkdf2-sha256${iterations}${salt}${digest}")),
        caveat: dotted.then_some(Caveat::Base64Alphabet),
    })
}

/// `$2b$cost$salthash`, whatever the stored prefix: see `hashers/bcrypt.rs` on `2x`. Salt and hash
/// as bcrypt spells them.
pub(crate) fn bcrypt(
    work_factor: u32,
    salt: &str,
    hash: &str,
) -> Result<CognitoHash, NotImportable> {
    within(
        CognitoParameter::BcryptCost,
        work_factor.into(),
        MAX_BCRYPT_COST,
    )?;
    Ok(CognitoHash {
        algorithm: CognitoAlgorithm::Bcrypt,
        password_hash: Zeroizing::new(format!("$2b${work_factor:02}${salt}{hash}")),
        caveat: None,
    })
}

/// `N$r$p$hexSalt$hexHash`.
pub(crate) fn scrypt(
    (n, r, p): (u64, u32, u32),
    salt: &[u8],
    digest: &[u8],
) -> Result<CognitoHash, NotImportable> {
    within(CognitoParameter::ScryptN, n, MAX_SCRYPT_N)?;
    within(CognitoParameter::ScryptR, r.into(), MAX_SCRYPT_R)?;
    within(CognitoParameter::ScryptP, p.into(), MAX_SCRYPT_P)?;
    // AWS's sample digest has 32 bytes.
    let caveat = (digest.len() != 32).then_some(Caveat::ScryptHashLength);
    let (salt, digest) = (hex(salt), hex(digest));
    Ok(CognitoHash {
        algorithm: CognitoAlgorithm::Scrypt,
        password_hash: Zeroizing::new(format!("{n}${r}${p}${salt}${digest}")),
        caveat,
    })
}

/// The reference implementation's string, of argon2id version 19.
pub(crate) fn argon2id(
    (m, t, p): (u32, u32, u32),
    salt: &[u8],
    digest: &[u8],
) -> Result<CognitoHash, NotImportable> {
    within(
        CognitoParameter::Argon2Memory,
        m.into(),
        MAX_ARGON2_MEMORY_KIB,
    )?;
    within(CognitoParameter::Argon2Time, t.into(), MAX_ARGON2_TIME_COST)?;
    within(
        CognitoParameter::Argon2Parallelism,
        p.into(),
        MAX_ARGON2_PARALLELISM,
    )?;
    let salt = STANDARD_NO_PAD.encode(salt);
    let digest = STANDARD_NO_PAD.encode(digest);
    Ok(CognitoHash {
        algorithm: CognitoAlgorithm::Argon2id,
        password_hash: Zeroizing::new(format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${digest}")),
        caveat: None,
    })
}

fn within(parameter: CognitoParameter, value: u64, maximum: u64) -> Result<(), NotImportable> {
    if value <= maximum {
        Ok(())
    } else {
        Err(NotImportable::OverMaximum {
            parameter,
            value,
            maximum,
        })
    }
}

/// passlib's `ab64`: base64 without padding, `.` in place of `+`.
fn adapted_base64(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes).replace('+', ".")
}
