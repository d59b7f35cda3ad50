//! How much work one hash may ask for.
//!
//! Responsible for the caps and for naming the one that was exceeded. A hash comes from a database
//! that somebody else wrote to: without caps one row could stop a sign-in service.

use std::fmt;

use crate::cost::{Cost, scrypt_lane_bytes};

/// Caps on what a single encoded password may ask for. Checked before any work is done.
///
/// No default sits at what Django uses today: ten more years of Django must fit. Every default
/// bounds one check to some seconds of one core; a caller with less time compares
/// [`Speed::estimate`](crate::Speed::estimate) with its deadline besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    encoded_bytes: usize,
    pbkdf2_iterations: u32,
    bcrypt_work_factor: u32,
    scrypt_memory_kib: u64,
    scrypt_work: u64,
    argon2_memory_kib: u32,
    argon2_time_cost: u32,
    argon2_parallelism: u32,
    argon2_work_kib: u64,
    crypt_rounds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Django's column holds 128 characters (AbstractBaseUser.password); projects that
            // widen it do so for argon2 or peppered salts, never by this much.
            encoded_bytes: 4_096,
            // Django 6.1 uses 1,500,000, twice Django 5.0's 720,000 less than three years before.
            // Ten more years at that pace end near 24,000,000; this is twice that, and about what
            // a core with SHA extensions does within Cognito's five seconds.
            pbkdf2_iterations: 50_000_000,
            // Django has used 12 since 1.4. Each step doubles: 16 is sixteen times today's work,
            // some four seconds. Ory Kratos stops at 15 (hash/hash_limits.go).
            bcrypt_work_factor: 16,
            // Django asks for 16 MiB a lane (N = 2^14, r = 8); four lanes run at once.
            scrypt_memory_kib: 512 * 1024,
            // N * r * p. Django 5.1's default is 655,360; this is 25 times that, some eight
            // seconds of one core. OWASP's strongest advice (2^17, 8, 1) is 1,048,576.
            scrypt_work: 1 << 24,
            // Django has asked for 100 MiB since 3.2 and 512 KiB before; five times that. RFC 9106
            // section 4 also recommends 2 GiB, which no default web worker could serve: raise the
            // cap if a project really does.
            argon2_memory_kib: 512 * 1024,
            // Django uses 2 passes. RFC 9106 recommends 1 or 3; the work cap below bounds the
            // product, this one bounds many passes over little memory.
            argon2_time_cost: 1_000,
            // Django uses 8 lanes, RFC 9106 recommends 4.
            argon2_parallelism: 128,
            // m * t. Django's default is 204,800 KiB; this is 40 times that, some four seconds
            // of one core.
            argon2_work_kib: 8 * 1024 * 1024,
            // crypt(3)'s own default is 5,000 for SHA, 725 for BSDi's DES; glibc would allow
            // 999,999,999, which is minutes.
            crypt_rounds: 1_000_000,
        }
    }
}

impl Limits {
    /// Caps the length of the whole encoded password, in bytes.
    #[must_use]
    pub fn with_encoded_bytes(mut self, cap: usize) -> Self {
        self.encoded_bytes = cap;
        self
    }

    /// Caps PBKDF2's iterations. OpenSSL, hence Django, counts them in a C `int`; a higher cap
    /// means that.
    #[must_use]
    pub fn with_pbkdf2_iterations(mut self, cap: u32) -> Self {
        self.pbkdf2_iterations = cap.min(i32::MAX.unsigned_abs());
        self
    }

    /// Caps bcrypt's work factor, a base-2 logarithm.
    #[must_use]
    pub fn with_bcrypt_work_factor(mut self, cap: u32) -> Self {
        self.bcrypt_work_factor = cap;
        self
    }

    /// Caps scrypt's memory over the lanes that run at once, in KiB.
    #[must_use]
    pub fn with_scrypt_memory_kib(mut self, cap: u64) -> Self {
        self.scrypt_memory_kib = cap;
        self
    }

    /// Caps scrypt's N · r · p.
    #[must_use]
    pub fn with_scrypt_work(mut self, cap: u64) -> Self {
        self.scrypt_work = cap;
        self
    }

    /// Caps argon2's memory, in KiB.
    #[must_use]
    pub fn with_argon2_memory_kib(mut self, cap: u32) -> Self {
        self.argon2_memory_kib = cap;
        self
    }

    /// Caps argon2's passes over its memory.
    #[must_use]
    pub fn with_argon2_time_cost(mut self, cap: u32) -> Self {
        self.argon2_time_cost = cap;
        self
    }

    /// Caps argon2's lanes.
    #[must_use]
    pub fn with_argon2_parallelism(mut self, cap: u32) -> Self {
        self.argon2_parallelism = cap;
        self
    }

    /// Caps argon2's memory times passes, in KiB.
    #[must_use]
    pub fn with_argon2_work_kib(mut self, cap: u64) -> Self {
        self.argon2_work_kib = cap;
        self
    }

    /// Caps the rounds of crypt(3)'s `$5$`, `$6$` and BSDi hashes.
    #[must_use]
    pub fn with_crypt_rounds(mut self, cap: u32) -> Self {
        self.crypt_rounds = cap;
        self
    }

    /// Refuses an encoded password that is longer than the cap.
    pub(crate) fn admit_length(&self, encoded: &str) -> Result<(), ExceededLimit> {
        within(
            Quantity::EncodedBytes,
            encoded.len() as u64,
            self.encoded_bytes as u64,
        )
    }

    /// Refuses a cost that is over any of the caps that apply to it.
    pub(crate) fn admit(&self, cost: &Cost) -> Result<(), ExceededLimit> {
        match cost {
            // Fixed by the algorithm.
            Cost::Digest | Cost::Md5Crypt => Ok(()),
            Cost::DesCrypt { iterations: rounds } | Cost::ShaCrypt { rounds, .. } => within(
                Quantity::CryptRounds,
                u64::from(*rounds),
                u64::from(self.crypt_rounds),
            ),
            Cost::Pbkdf2 { iterations, .. } => within(
                Quantity::Pbkdf2Iterations,
                u64::from(*iterations),
                u64::from(self.pbkdf2_iterations),
            ),
            Cost::Bcrypt { work_factor } => within(
                Quantity::BcryptWorkFactor,
                u64::from(*work_factor),
                u64::from(self.bcrypt_work_factor),
            ),
            Cost::Scrypt {
                work_factor,
                block_size,
                parallelism,
            } => {
                within(
                    Quantity::ScryptMemoryKib,
                    cost.memory_kib(),
                    self.scrypt_memory_kib,
                )?;
                let one_lane = scrypt_lane_bytes(*work_factor, *block_size) / 128;
                let work = one_lane.saturating_mul(u64::from(*parallelism));
                within(Quantity::ScryptWork, work, self.scrypt_work)
            }
            Cost::Argon2 {
                memory_kib,
                time_cost,
                parallelism,
            } => {
                let (memory, passes) = (u64::from(*memory_kib), u64::from(*time_cost));
                within(
                    Quantity::Argon2MemoryKib,
                    memory,
                    u64::from(self.argon2_memory_kib),
                )?;
                within(
                    Quantity::Argon2TimeCost,
                    passes,
                    u64::from(self.argon2_time_cost),
                )?;
                within(
                    Quantity::Argon2Parallelism,
                    u64::from(*parallelism),
                    u64::from(self.argon2_parallelism),
                )?;
                within(
                    Quantity::Argon2WorkKib,
                    memory.saturating_mul(passes),
                    self.argon2_work_kib,
                )
            }
        }
    }
}

fn within(quantity: Quantity, declared: u64, limit: u64) -> Result<(), ExceededLimit> {
    if declared <= limit {
        Ok(())
    } else {
        Err(ExceededLimit {
            quantity,
            declared,
            limit,
        })
    }
}

/// The cap that a hash exceeds, with both numbers. Nothing was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceededLimit {
    /// What is capped.
    pub quantity: Quantity,
    /// What the hash asks for; saturated where the number in it is greater than any machine's.
    pub declared: u64,
    /// The cap.
    pub limit: u64,
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            quantity,
            declared,
            limit,
        } = self;
        write!(
            formatter,
            "{quantity} of {declared} is over the limit of {limit}"
        )
    }
}

/// What a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Length of the encoded password, in bytes.
    EncodedBytes,
    /// PBKDF2 iterations.
    Pbkdf2Iterations,
    /// bcrypt work factor.
    BcryptWorkFactor,
    /// scrypt memory of the lanes that run at once, in KiB.
    ScryptMemoryKib,
    /// scrypt N · r · p.
    ScryptWork,
    /// argon2 memory, in KiB.
    Argon2MemoryKib,
    /// argon2 passes.
    Argon2TimeCost,
    /// argon2 lanes.
    Argon2Parallelism,
    /// argon2 memory times passes, in KiB.
    Argon2WorkKib,
    /// crypt(3) rounds.
    CryptRounds,
    /// Memory the machine could give at that moment, in KiB; not one of the configured caps.
    AvailableMemoryKib,
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EncodedBytes => "length in bytes",
            Self::Pbkdf2Iterations => "pbkdf2 iterations",
            Self::BcryptWorkFactor => "bcrypt work factor",
            Self::ScryptMemoryKib => "scrypt memory in KiB",
            Self::ScryptWork => "scrypt work N*r*p",
            Self::Argon2MemoryKib => "argon2 memory in KiB",
            Self::Argon2TimeCost => "argon2 time cost",
            Self::Argon2Parallelism => "argon2 parallelism",
            Self::Argon2WorkKib => "argon2 work m*t in KiB",
            Self::CryptRounds => "crypt rounds",
            Self::AvailableMemoryKib => "memory in KiB",
        })
    }
}
