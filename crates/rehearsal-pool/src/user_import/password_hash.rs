//! Password hashes that come with an import.
//!
//! Responsible for the four formats, their caps, and checking a password against one. It must not
//! know users.
//!
//! Source: guide page cognito-user-pools-using-import-tool, "Supported password hashing
//! algorithms". Whether the base64 of PBKDF2 hashes has `.` or `+` is not documented: both are
//! taken.

use std::num::NonZeroU32;

use argon2::{Algorithm as Argon2Variety, Argon2, Params, Version};
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::alphabet::{BCRYPT, STANDARD};
use base64::engine::general_purpose::NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize, Serializer};
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// `PasswordHashingAlgorithmType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum HashAlgorithm {
    Bcrypt,
    Scrypt,
    #[serde(rename = "ARGON2ID")]
    Argon2id,
    #[serde(rename = "PBKDF2_SHA256")]
    Pbkdf2Sha256,
}

impl HashAlgorithm {
    const ALL: [Self; 4] = [
        Self::Bcrypt,
        Self::Scrypt,
        Self::Argon2id,
        Self::Pbkdf2Sha256,
    ];

    fn read(self, text: &str) -> Result<ImportedHash, HashRefused> {
        match self {
            Self::Bcrypt => read_bcrypt(text),
            Self::Scrypt => read_scrypt(text),
            Self::Argon2id => read_argon2id(text),
            Self::Pbkdf2Sha256 => read_pbkdf2(text),
        }
    }
}

/// Why a hash is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashRefused {
    Malformed,
    OutOfBounds,
    /// A hash of another algorithm than the job's.
    Mismatch,
}

impl HashRefused {
    /// The guide's own words ("Troubleshooting password hash import errors").
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "Malformed hash",
            Self::OutOfBounds => "Parameter out of bounds",
            Self::Mismatch => "Algorithm mismatch",
        }
    }
}

/// A hash taken in, read and within its caps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportedHash {
    parameters: Parameters,
    salt: Vec<u8>,
    #[serde(serialize_with = "revealed")]
    hash: Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Parameters {
    Bcrypt { cost: u32 },
    Scrypt { log_n: u8 },
    Argon2id { memory: u32, time: u32, lanes: u32 },
    Pbkdf2 { iterations: NonZeroU32 },
}

const LENIENT: GeneralPurposeConfig =
    NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent);

impl ImportedHash {
    pub(crate) fn read(algorithm: HashAlgorithm, text: &str) -> Result<Self, HashRefused> {
        let of_another = || {
            HashAlgorithm::ALL
                .iter()
                .any(|other| !matches!(other.read(text), Err(HashRefused::Malformed)))
        };
        match algorithm.read(text) {
            Err(HashRefused::Malformed) if of_another() => Err(HashRefused::Mismatch),
            read => read,
        }
    }

    fn new(parameters: Parameters, salt: Vec<u8>, hash: &[u8]) -> Result<Self, HashRefused> {
        if salt.is_empty() || hash.is_empty() {
            return Err(HashRefused::Malformed);
        }
        // Kept as text, which is what wipes itself here.
        let hash = Secret::new(hexadecimal(hash));
        Ok(Self {
            parameters,
            salt,
            hash,
        })
    }

    /// Whether this is the password; takes as long as the hash is costly.
    pub(crate) fn matches(&self, password: &str) -> bool {
        let wanted = self.hash.reveal();
        let mut derived = vec![0; wanted.len() / 2];
        let done = match self.parameters {
            Parameters::Bcrypt { cost } => bcrypted(cost, &self.salt, password, &mut derived),
            Parameters::Scrypt { log_n } => scrypt::Params::new(log_n, 8, 1)
                .ok()
                .and_then(|params| {
                    scrypt::scrypt(password.as_bytes(), &self.salt, &params, &mut derived).ok()
                })
                .is_some(),
            Parameters::Argon2id {
                memory,
                time,
                lanes,
            } => Params::new(memory, time, lanes, Some(derived.len()))
                .map(|params| Argon2::new(Argon2Variety::Argon2id, Version::V0x13, params))
                .and_then(|argon2| {
                    argon2.hash_password_into(password.as_bytes(), &self.salt, &mut derived)
                })
                .is_ok(),
            Parameters::Pbkdf2 { iterations } => {
                let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
                pbkdf2::derive(
                    algorithm,
                    iterations,
                    &self.salt,
                    password.as_bytes(),
                    &mut derived,
                );
                true
            }
        };
        done && bool::from(hexadecimal(&derived).as_bytes().ct_eq(wanted.as_bytes()))
    }
}

/// For the state file, which has verifiers and private keys too.
fn revealed<S: Serializer>(hash: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(hash.reveal())
}

fn bcrypted(cost: u32, salt: &[u8], password: &str, derived: &mut [u8]) -> bool {
    let Ok(salt) = salt.try_into() else {
        return false;
    };
    // bcrypt hashes the password with a zero byte after it, and 72 bytes at most.
    let mut bytes = zeroize::Zeroizing::new(password.as_bytes().to_vec());
    bytes.push(0);
    bytes.truncate(72);
    let full = bcrypt::bcrypt(cost, salt, &bytes);
    derived.copy_from_slice(&full[..derived.len()]);
    true
}

/// `$2b$10$<22 characters of salt><31 of hash>`, cost at most 12.
fn read_bcrypt(text: &str) -> Result<ImportedHash, HashRefused> {
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "2a" | "2b" | "2x" | "2y", cost, rest] = parts[..] else {
        return Err(HashRefused::Malformed);
    };
    let cost: u32 = two_digits(cost)?;
    if rest.len() != 53 || !rest.is_ascii() {
        return Err(HashRefused::Malformed);
    }
    if cost > 12 {
        return Err(HashRefused::OutOfBounds);
    }
    if cost < 4 {
        return Err(HashRefused::Malformed);
    }
    // The last character of each part has bits to spare.
    let engine = GeneralPurpose::new(&BCRYPT, LENIENT.with_decode_allow_trailing_bits(true));
    let (salt, hash) = rest.split_at(22);
    let decoded = |text: &str| engine.decode(text).map_err(|_| HashRefused::Malformed);
    ImportedHash::new(Parameters::Bcrypt { cost }, decoded(salt)?, &decoded(hash)?)
}

fn two_digits(text: &str) -> Result<u32, HashRefused> {
    if text.len() == 2 {
        number(text)
    } else {
        Err(HashRefused::Malformed)
    }
}

/// `N$r$p$hexSalt$hexHash`, N at most 65,536, r 8, p 1.
fn read_scrypt(text: &str) -> Result<ImportedHash, HashRefused> {
    let parts: Vec<&str> = text.split('$').collect();
    let [n, r, p, salt, hash] = parts[..] else {
        return Err(HashRefused::Malformed);
    };
    let (n, r, p) = (number(n)?, number(r)?, number(p)?);
    if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
        return Err(HashRefused::Malformed);
    }
    if n > 65_536 || r > 8 || p > 1 {
        return Err(HashRefused::OutOfBounds);
    }
    if r != 8 {
        return Err(HashRefused::Malformed);
    }
    let log_n = u8::try_from(n.ilog2()).map_err(|_| HashRefused::OutOfBounds)?;
    ImportedHash::new(
        Parameters::Scrypt { log_n },
        bytes_of(salt)?,
        &bytes_of(hash)?,
    )
}

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, m at most 19,456, t 2, p 1.
fn read_argon2id(text: &str) -> Result<ImportedHash, HashRefused> {
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "argon2id", "v=19", costs, salt, hash] = parts[..] else {
        return Err(HashRefused::Malformed);
    };
    let costs: Vec<&str> = costs.split(',').collect();
    let [memory, time, lanes] = costs[..] else {
        return Err(HashRefused::Malformed);
    };
    let cost =
        |text: &str, name: &str| number(text.strip_prefix(name).ok_or(HashRefused::Malformed)?);
    let (memory, time, lanes) = (cost(memory, "m=")?, cost(time, "t=")?, cost(lanes, "p=")?);
    if memory > 19_456 || time > 2 || lanes > 1 {
        return Err(HashRefused::OutOfBounds);
    }
    let (salt, hash) = (base64_of(salt)?, base64_of(hash)?);
    if Params::new(memory, time, lanes, Some(hash.len())).is_err() || salt.len() < 8 {
        return Err(HashRefused::Malformed);
    }
    ImportedHash::new(
        Parameters::Argon2id {
            memory,
            time,
            lanes,
        },
        salt,
        &hash,
    )
}

/// `$pbkdf2-sha256$iterations$salt$hash`, at most 600,000 iterations.
fn read_pbkdf2(text: &str) -> Result<ImportedHash, HashRefused> {
    let parts: Vec<&str> = text.split('$').collect();
    let ["", "pbkdf2-sha256", iterations, salt, hash] = parts[..] else {
        return Err(HashRefused::Malformed);
    };
    let iterations = NonZeroU32::new(number(iterations)?).ok_or(HashRefused::Malformed)?;
    if iterations.get() > 600_000 {
        return Err(HashRefused::OutOfBounds);
    }
    ImportedHash::new(
        Parameters::Pbkdf2 { iterations },
        base64_of(salt)?,
        &base64_of(hash)?,
    )
}

fn number(text: &str) -> Result<u32, HashRefused> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, text.parse()) {
        (true, Ok(number)) => Ok(number),
        // More digits than any cap has.
        (true, Err(_)) => Err(HashRefused::OutOfBounds),
        (false, _) => Err(HashRefused::Malformed),
    }
}

fn base64_of(text: &str) -> Result<Vec<u8>, HashRefused> {
    let engine = GeneralPurpose::new(&STANDARD, LENIENT.with_decode_allow_trailing_bits(true));
    engine
        .decode(text.replace('.', "+"))
        .map_err(|_| HashRefused::Malformed)
}

fn bytes_of(text: &str) -> Result<Vec<u8>, HashRefused> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(HashRefused::Malformed);
    }
    (0..text.len())
        .step_by(2)
        .map(|start| u8::from_str_radix(&text[start..start + 2], 16))
        .collect::<Result<_, _>>()
        .map_err(|_| HashRefused::Malformed)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes anything");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by passlib 1.7.4, bcrypt 4.3.0, hashlib.scrypt and argon2-cffi 25.1.0 (see
    /// `tests/it/make_hashes.py`), all of the password below.
    const HASHES: &str = include_str!("../../tests/it/hashes.json");

    #[derive(Deserialize)]
    struct Made {
        algorithm: HashAlgorithm,
        hash: String,
    }

    fn made() -> (String, Vec<Made>) {
        #[derive(Deserialize)]
        struct File {
            password: String,
            hashes: Vec<Made>,
        }
        let file: File = serde_json::from_str(HASHES).expect("the file in the repository");
        (file.password, file.hashes)
    }

    #[test]
    fn hashes_of_other_libraries_match_their_password_only() {
        let (password, hashes) = made();
        for Made { algorithm, hash } in hashes {
            let read = ImportedHash::read(algorithm, &hash).expect(&hash);
            assert!(read.matches(&password), "{hash}");
            assert!(!read.matches("another"), "{hash}");
        }
    }

    #[test]
    fn the_guides_own_examples_are_taken() {
        use HashAlgorithm::{Argon2id, Bcrypt, Pbkdf2Sha256, Scrypt};
        for (algorithm, hash) in [
            (
                Bcrypt,
                "$2b$10$CtA.Rcu/szzn9U00wpUjOuN3vrgJRZycv4aOzcP3GzqzO8UDPEFq6",
            ),
            (
                Scrypt,
                "65536$8$1$304dbaef7c5e828dc19c98f0600d18fe\
                 $4f69c498c12cd102d057356facf8d77e8d42407090491ea32c5b038f5a18c099",
            ),
            (
                Argon2id,
                "$argon2id$v=19$m=19456,t=2,p=1$ko/G5o1ms+ML08P95sQ8DA\
                 $AkVbvWSOqz7Hs3qthhWKxicOWnGLN+MBmpwc3emi5VA",
            ),
            (
                Pbkdf2Sha256,
                "$pbkdf2-sha256$600000$1XZlmwLQ2hhM3JYuCPiArQ\
                 $Pfheg9Zi/v5lXU4yyLA0WFUYEd/rlaVbzrM9oMD6IrA",
            ),
        ] {
            ImportedHash::read(algorithm, hash).expect(hash);
        }
    }

    #[test]
    fn costs_beyond_the_caps_are_refused() {
        use HashAlgorithm::{Argon2id, Bcrypt, Pbkdf2Sha256, Scrypt};
        for (algorithm, hash) in [
            (
                Bcrypt,
                "$2b$13$CtA.Rcu/szzn9U00wpUjOuN3vrgJRZycv4aOzcP3GzqzO8UDPEFq6",
            ),
            (Scrypt, "131072$8$1$304dbaef7c5e828d$4f69c498c12cd102"),
            (Scrypt, "16384$8$5$304dbaef7c5e828d$4f69c498c12cd102"),
            (
                Argon2id,
                "$argon2id$v=19$m=102400,t=2,p=8$ko/G5o1ms+ML08P95sQ8DA$AkVbvWSOqz7Hs3",
            ),
            (Pbkdf2Sha256, "$pbkdf2-sha256$600001$1XZlmwLQ$Pfheg9Zi"),
        ] {
            let refused = ImportedHash::read(algorithm, hash).expect_err(hash);
            assert_eq!(refused, HashRefused::OutOfBounds, "{hash}");
        }
    }

    #[test]
    fn a_hash_of_another_kind_is_told_from_no_hash() {
        let nonsense = ImportedHash::read(HashAlgorithm::Bcrypt, "nonsense");
        assert_eq!(nonsense.expect_err("no hash"), HashRefused::Malformed);
        let (_, hashes) = made();
        for Made { algorithm, hash } in &hashes {
            for other in hashes.iter().filter(|other| other.algorithm != *algorithm) {
                let refused = ImportedHash::read(other.algorithm, hash).expect_err(hash);
                assert_eq!(refused, HashRefused::Mismatch, "{hash}");
            }
        }
    }
}
