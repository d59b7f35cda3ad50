//! How fast this machine checks hashes.
//!
//! Responsible for turning a [`Cost`] into a time. The only module with a clock. Asked by the
//! trigger against its deadline, by inspect and forecast for totals.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::cost::{Cost, Pbkdf2Digest, ShaCryptDigest};
use crate::hashers;

/// Times each sample is taken; the shortest counts, being the least disturbed.
const SAMPLES: u32 = 3;

/// The speed of this machine, one check at a time.
///
/// Each kind of hash is measured when first asked about, in a few milliseconds, and remembered.
///
/// An estimate, not a promise: it knows nothing of other load, nor of a CPU share that the system
/// hands out in slices. Where that share is known, as on AWS Lambda (memory size over 1,769 MB, at
/// most 1 for one thread), divide by it. Lambda also runs a function's initialisation faster than
/// its invocations: ask from an invocation.
#[derive(Debug, Clone, Default)]
pub struct Speed {
    digest: Unit,
    des_crypt: Unit,
    md5_crypt: Unit,
    sha256_crypt: Unit,
    sha512_crypt: Unit,
    pbkdf2_sha1: Unit,
    pbkdf2_sha256: Unit,
    bcrypt: Unit,
    scrypt_one_lane: Unit,
    scrypt_lanes: Unit,
    argon2_one_lane: Unit,
    argon2_lanes: Unit,
}

/// Seconds for one unit of work, once measured.
type Unit = OnceLock<f64>;

static THIS_MACHINE: OnceLock<Speed> = OnceLock::new();

impl Speed {
    /// The speed of this machine, shared by the whole process.
    #[must_use]
    pub fn of_this_machine() -> &'static Self {
        THIS_MACHINE.get_or_init(Self::default)
    }

    /// Measures every kind of hash at once, afresh. Takes under 150 ms on one current core.
    #[must_use]
    pub fn measure() -> Self {
        let speed = Self::default();
        for sample in Sample::ALL {
            speed.unit(sample);
        }
        speed
    }

    /// How long one check of `cost` takes here, if nothing else runs.
    ///
    /// The first question about a kind of hash measures it. Saturates instead of failing.
    #[must_use]
    pub fn estimate(&self, cost: &Cost) -> Duration {
        let sample = Sample::of(cost);
        let seconds = self.unit(sample) * work(cost);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    fn unit(&self, sample: Sample) -> f64 {
        let unit = match sample {
            Sample::Digest => &self.digest,
            Sample::DesCrypt => &self.des_crypt,
            Sample::Md5Crypt => &self.md5_crypt,
            Sample::Sha256Crypt => &self.sha256_crypt,
            Sample::Sha512Crypt => &self.sha512_crypt,
            Sample::Pbkdf2Sha1 => &self.pbkdf2_sha1,
            Sample::Pbkdf2Sha256 => &self.pbkdf2_sha256,
            Sample::Bcrypt => &self.bcrypt,
            Sample::ScryptOneLane => &self.scrypt_one_lane,
            Sample::ScryptLanes => &self.scrypt_lanes,
            Sample::Argon2OneLane => &self.argon2_one_lane,
            Sample::Argon2Lanes => &self.argon2_lanes,
        };
        *unit.get_or_init(|| sample.seconds_per_unit())
    }
}

/// What is measured. Lanes that share cores are measured apart from one alone.
#[derive(Debug, Clone, Copy)]
enum Sample {
    Digest,
    DesCrypt,
    Md5Crypt,
    Sha256Crypt,
    Sha512Crypt,
    Pbkdf2Sha1,
    Pbkdf2Sha256,
    Bcrypt,
    ScryptOneLane,
    ScryptLanes,
    Argon2OneLane,
    Argon2Lanes,
}

impl Sample {
    const ALL: [Self; 12] = [
        Self::Digest,
        Self::DesCrypt,
        Self::Md5Crypt,
        Self::Sha256Crypt,
        Self::Sha512Crypt,
        Self::Pbkdf2Sha1,
        Self::Pbkdf2Sha256,
        Self::Bcrypt,
        Self::ScryptOneLane,
        Self::ScryptLanes,
        Self::Argon2OneLane,
        Self::Argon2Lanes,
    ];

    fn of(cost: &Cost) -> Self {
        match cost {
            Cost::Digest => Self::Digest,
            Cost::DesCrypt { .. } => Self::DesCrypt,
            Cost::Md5Crypt => Self::Md5Crypt,
            Cost::ShaCrypt {
                digest: ShaCryptDigest::Sha256,
                ..
            } => Self::Sha256Crypt,
            Cost::ShaCrypt {
                digest: ShaCryptDigest::Sha512,
                ..
            } => Self::Sha512Crypt,
            Cost::Pbkdf2 {
                digest: Pbkdf2Digest::Sha1,
                ..
            } => Self::Pbkdf2Sha1,
            Cost::Pbkdf2 {
                digest: Pbkdf2Digest::Sha256,
                ..
            } => Self::Pbkdf2Sha256,
            Cost::Bcrypt { .. } => Self::Bcrypt,
            Cost::Scrypt { parallelism: 1, .. } => Self::ScryptOneLane,
            Cost::Scrypt { .. } => Self::ScryptLanes,
            Cost::Argon2 { parallelism: 1, .. } => Self::Argon2OneLane,
            Cost::Argon2 { .. } => Self::Argon2Lanes,
        }
    }

    /// A cost of this kind that is large enough to tell and small enough to wait for.
    const fn cost(self) -> Cost {
        match self {
            Self::Digest => Cost::Digest,
            Self::DesCrypt => Cost::DesCrypt { iterations: 2_000 },
            Self::Md5Crypt => Cost::Md5Crypt,
            Self::Sha256Crypt => Cost::ShaCrypt {
                digest: ShaCryptDigest::Sha256,
                rounds: 1_000,
            },
            Self::Sha512Crypt => Cost::ShaCrypt {
                digest: ShaCryptDigest::Sha512,
                rounds: 1_000,
            },
            Self::Pbkdf2Sha1 => Cost::Pbkdf2 {
                digest: Pbkdf2Digest::Sha1,
                iterations: 10_000,
            },
            Self::Pbkdf2Sha256 => Cost::Pbkdf2 {
                digest: Pbkdf2Digest::Sha256,
                iterations: 10_000,
            },
            Self::Bcrypt => Cost::Bcrypt { work_factor: 5 },
            Self::ScryptOneLane => Cost::Scrypt {
                work_factor: 1 << 11,
                block_size: 8,
                parallelism: 1,
            },
            Self::ScryptLanes => Cost::Scrypt {
                work_factor: 1 << 10,
                block_size: 8,
                parallelism: 5,
            },
            Self::Argon2OneLane => Cost::Argon2 {
                memory_kib: 8 * 1024,
                time_cost: 1,
                parallelism: 1,
            },
            Self::Argon2Lanes => Cost::Argon2 {
                memory_kib: 8 * 1024,
                time_cost: 1,
                parallelism: 8,
            },
        }
    }

    fn seconds_per_unit(self) -> f64 {
        let cost = self.cost();
        let shortest = (0..SAMPLES)
            .map(|_| {
                let start = Instant::now();
                hashers::spend(b"a password of some length", &cost);
                start.elapsed()
            })
            .min()
            .unwrap_or_default();
        shortest.as_secs_f64() / work(&cost)
    }
}

/// The units of work in a cost; at least a fraction of one, never zero.
fn work(cost: &Cost) -> f64 {
    match cost {
        Cost::Digest | Cost::Md5Crypt => 1.0,
        Cost::DesCrypt { iterations: rounds }
        | Cost::ShaCrypt { rounds, .. }
        | Cost::Pbkdf2 {
            iterations: rounds, ..
        } => f64::from((*rounds).max(1)),
        Cost::Bcrypt { work_factor } => f64::from(*work_factor).exp2(),
        Cost::Scrypt {
            work_factor,
            block_size,
            parallelism,
        } => {
            // Exact up to 2^53, which no limit comes near.
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let work_factor = (*work_factor).max(1) as f64;
            work_factor * f64::from((*block_size).max(1)) * f64::from((*parallelism).max(1))
        }
        Cost::Argon2 {
            memory_kib,
            time_cost,
            ..
        } => f64::from((*memory_kib).max(1)) * f64::from((*time_cost).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Speed;
    use crate::cost::{Cost, Pbkdf2Digest};

    #[test]
    fn an_estimate_grows_with_the_cost() {
        let speed = Speed::of_this_machine();
        let estimate = |iterations| {
            speed.estimate(&Cost::Pbkdf2 {
                digest: Pbkdf2Digest::Sha256,
                iterations,
            })
        };
        assert!(estimate(1) > Duration::ZERO);
        assert!(estimate(1_500_000) > estimate(1_000_000));
    }

    #[test]
    fn an_estimate_beyond_time_itself_saturates() {
        let cost = Cost::Scrypt {
            work_factor: u64::MAX,
            block_size: u32::MAX,
            parallelism: u32::MAX,
        };
        assert_eq!(Speed::of_this_machine().estimate(&cost), Duration::MAX);
    }

    #[test]
    fn measuring_covers_every_kind_of_hash() {
        let speed = Speed::measure();
        for unit in [
            &speed.digest,
            &speed.des_crypt,
            &speed.md5_crypt,
            &speed.sha256_crypt,
            &speed.sha512_crypt,
            &speed.pbkdf2_sha1,
            &speed.pbkdf2_sha256,
            &speed.bcrypt,
            &speed.scrypt_one_lane,
            &speed.scrypt_lanes,
            &speed.argon2_one_lane,
            &speed.argon2_lanes,
        ] {
            assert!(unit.get().is_some_and(|seconds| *seconds > 0.0));
        }
    }
}
