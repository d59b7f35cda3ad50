//! What checking one hash costs.
//!
//! Responsible for the cost's parameters, their order and their text. Knows nothing about clocks
//! (`speed` does) or about what is allowed (`limits` does).

use std::fmt;

/// How many lanes of one scrypt check run at once, each with its own memory.
///
/// Django's default since 5.1 is p = 5; more workers than this would buy little time for much
/// memory.
pub(crate) const SCRYPT_LANES_AT_ONCE: u32 = 4;

/// The work that one check of an encoded password takes, known without a password.
///
/// Ordered by algorithm, then by parameters, so that it can key a report's table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cost {
    /// One pass of MD5 or SHA-1 over salt and password.
    Digest,
    /// crypt(3), traditional (25 rounds) or BSDi's extended DES.
    DesCrypt {
        /// DES encryptions, each of 16 rounds.
        iterations: u32,
    },
    /// crypt(3) with `$1$`: 1,000 rounds of MD5.
    Md5Crypt,
    /// crypt(3) with `$5$` or `$6$`.
    ShaCrypt {
        /// Which digest.
        digest: ShaCryptDigest,
        /// Rounds.
        rounds: u32,
    },
    /// PBKDF2-HMAC.
    Pbkdf2 {
        /// Which digest.
        digest: Pbkdf2Digest,
        /// Rounds, each two compressions of the digest.
        iterations: u32,
    },
    /// bcrypt, with or without SHA-256 before it.
    Bcrypt {
        /// Base-2 logarithm of the key schedule's rounds.
        work_factor: u32,
    },
    /// scrypt.
    Scrypt {
        /// N, a power of two.
        work_factor: u64,
        /// r.
        block_size: u32,
        /// p.
        parallelism: u32,
    },
    /// argon2, whichever variety.
    Argon2 {
        /// m, in KiB.
        memory_kib: u32,
        /// t, the passes over that memory.
        time_cost: u32,
        /// p, the lanes.
        parallelism: u32,
    },
}

/// The digest under a PBKDF2 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pbkdf2Digest {
    /// `pbkdf2_sha1`.
    Sha1,
    /// `pbkdf2_sha256`.
    Sha256,
}

/// The digest under a crypt(3) `$5$` or `$6$` hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShaCryptDigest {
    /// `$5$`.
    Sha256,
    /// `$6$`.
    Sha512,
}

impl Cost {
    /// What Django 5.2 spends on an unknown user: its default `pbkdf2_sha256` at 1,000,000
    /// iterations. For `Verifier::spend` where nothing is known about the table.
    pub const DJANGO_5_2_DEFAULT: Self = Self::Pbkdf2 {
        digest: Pbkdf2Digest::Sha256,
        iterations: 1_000_000,
    };

    /// The most memory one check takes, in KiB, rounded up; 0 where it is next to nothing.
    ///
    /// For scrypt that counts the lanes that may run at once.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        match self {
            Self::Digest
            | Self::DesCrypt { .. }
            | Self::Md5Crypt
            | Self::ShaCrypt { .. }
            | Self::Pbkdf2 { .. } => 0,
            // Blowfish's boxes: 4 KiB and 72 bytes.
            Self::Bcrypt { .. } => 5,
            Self::Scrypt {
                work_factor,
                block_size,
                parallelism,
            } => {
                let lanes = (*parallelism).clamp(1, SCRYPT_LANES_AT_ONCE);
                scrypt_lane_bytes(*work_factor, *block_size)
                    .saturating_mul(u64::from(lanes))
                    .div_ceil(1024)
            }
            Self::Argon2 { memory_kib, .. } => u64::from(*memory_kib),
        }
    }
}

/// The bytes of scrypt's array V for one lane: 128 · N · r (RFC 7914, section 2).
pub(crate) fn scrypt_lane_bytes(work_factor: u64, block_size: u32) -> u64 {
    work_factor
        .saturating_mul(u64::from(block_size))
        .saturating_mul(128)
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest => formatter.write_str("one digest"),
            Self::DesCrypt { iterations } => write!(formatter, "des-crypt {iterations} iterations"),
            Self::Md5Crypt => formatter.write_str("md5-crypt 1000 rounds"),
            Self::ShaCrypt {
                digest: ShaCryptDigest::Sha256,
                rounds,
            } => {
                write!(formatter, "sha256-crypt {rounds} rounds")
            }
            Self::ShaCrypt {
                digest: ShaCryptDigest::Sha512,
                rounds,
            } => {
                write!(formatter, "sha512-crypt {rounds} rounds")
            }
            Self::Pbkdf2 {
                digest: Pbkdf2Digest::Sha256,
                iterations,
            } => {
                write!(formatter, "pbkdf2-sha256 {iterations} iterations")
            }
            Self::Pbkdf2 {
                digest: Pbkdf2Digest::Sha1,
                iterations,
            } => {
                write!(formatter, "pbkdf2-sha1 {iterations} iterations")
            }
            Self::Bcrypt { work_factor } => write!(formatter, "bcrypt work factor {work_factor}"),
            Self::Scrypt {
                work_factor,
                block_size,
                parallelism,
            } => {
                write!(
                    formatter,
                    "scrypt N={work_factor} r={block_size} p={parallelism}"
                )
            }
            Self::Argon2 {
                memory_kib,
                time_cost,
                parallelism,
            } => {
                write!(
                    formatter,
                    "argon2 m={memory_kib} t={time_cost} p={parallelism}"
                )
            }
        }
    }
}
