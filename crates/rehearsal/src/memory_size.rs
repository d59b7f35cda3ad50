//! How much memory to give the function, from the hashes that it will have to check. Lambda sells
//! CPU by memory, so memory decides whether a check ends within the seconds that Cognito waits.
//! Made by the census; must not know where a cost or a speed comes from.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

use django_password::Cost;
use serde::Serialize;

/// Sizes to choose from, in MB. Any number is allowed; these are enough to decide.
const SIZES: [u32; 8] = [256, 512, 768, 1024, 1280, 1536, 1769, 2048];

/// The memory at which a function has one whole vCPU (AWS Lambda developer guide, "Configure Lambda
/// function memory"). Below it gets the same part of one.
pub(crate) const ONE_CPU_MB: u32 = 1769;
const MB_OF_ONE_CPU: f64 = ONE_CPU_MB as f64;

/// What a check may take by this estimate, in milliseconds. An invocation has 4.5 s, of which the
/// look-up may use 2.5 s; the rest is halved, because a core of Lambda may be half as fast as one
/// here.
const ALLOWED_MS: f64 = 1000.0;

/// How long the function has for one sign-in, in milliseconds: what Cognito waits, less the way there
/// and back (`user-migration-trigger`, `budget.rs`).
pub(crate) const FUNCTION_MS: u64 = 4500;

/// What the function needs beside the hash's own memory: it counts on 40 MB itself.
const MB_OF_THE_REST: u64 = 64;

/// A recommendation, with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemorySize {
    /// What to give the function, in MB; `None` where no size makes the slowest check fit.
    pub recommended_mb: Option<u32>,
    /// The cost of the slowest check in the table.
    pub slowest_check: String,
    /// CPU time of that check on this machine, in milliseconds.
    pub slowest_check_cpu_ms: f64,
    /// What a check may take at most by the estimate, in milliseconds.
    pub allowed_ms: f64,
    /// The most memory that one check needs, in KiB.
    pub most_hash_memory_kib: u64,
    /// The slowest check at each size.
    pub sizes: Vec<SizeEstimate>,
}

/// What to expect of one memory size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeEstimate {
    /// The size, in MB.
    pub memory_mb: u32,
    /// The part of one CPU that it buys, at most 1.
    pub cpu_share: f64,
    /// The slowest check by the estimate, in milliseconds.
    pub slowest_check_ms: f64,
    /// Whether time and memory suffice.
    pub suffices: bool,
}

impl MemorySize {
    /// How the estimate is made, and how far to trust it, for people.
    pub const METHOD: &str = "CPU time measured on this machine, divided by memory / 1769 MB; a core \
        of Lambda may be half or twice as fast: look at VerifyDuration in the first minutes";
}

/// The dearest check in the table, kept while it is read.
#[derive(Debug, Default)]
pub(crate) struct DearestCheck {
    cost: String,
    cpu_ms: f64,
    memory_kib: u64,
}

impl DearestCheck {
    /// Takes note of a check that takes `elapsed_ms` on this machine with all its cores.
    pub(crate) fn note(&mut self, cost: &Cost, elapsed_ms: f64) {
        let cpu_ms = elapsed_ms * f64::from(lanes_at_once(cost));
        if self.cost.is_empty() || cpu_ms > self.cpu_ms {
            self.cost = cost.to_string();
            self.cpu_ms = cpu_ms;
        }
        self.memory_kib = self.memory_kib.max(cost.memory_kib());
    }

    /// The recommendation; `None` where there is no hash to check.
    pub(crate) fn memory_size(self) -> Option<MemorySize> {
        if self.cost.is_empty() {
            return None;
        }
        let hash_mb = self.memory_kib.div_ceil(1024);
        let sizes: Vec<_> = SIZES
            .iter()
            .map(|&memory_mb| {
                let cpu_share = cpu_share(memory_mb);
                let slowest_check_ms = self.cpu_ms / cpu_share;
                SizeEstimate {
                    memory_mb,
                    cpu_share,
                    slowest_check_ms,
                    suffices: slowest_check_ms <= ALLOWED_MS
                        && hash_mb + MB_OF_THE_REST <= u64::from(memory_mb),
                }
            })
            .collect();
        Some(MemorySize {
            recommended_mb: sizes.iter().find(|size| size.suffices).map(|s| s.memory_mb),
            slowest_check: self.cost,
            slowest_check_cpu_ms: self.cpu_ms,
            allowed_ms: ALLOWED_MS,
            most_hash_memory_kib: self.memory_kib,
            sizes,
        })
    }
}

/// The part of one CPU that a function of this memory has.
pub(crate) fn cpu_share(memory_mb: u32) -> f64 {
    (f64::from(memory_mb.max(1)) / MB_OF_ONE_CPU).min(1.0)
}

/// Whether a check that needs so much memory has it in a function of this size.
pub(crate) fn fits_memory(memory_kib: u64, memory_mb: u32) -> bool {
    memory_kib <= 1024 || memory_kib.div_ceil(1024) + MB_OF_THE_REST <= u64::from(memory_mb)
}

/// How many cores of this machine one check keeps busy.
pub(crate) fn lanes_at_once(cost: &Cost) -> u32 {
    cost.lanes().min(cores()).max(1)
}

/// The cores of this machine. Asked once: the system reads files to tell, and a table has a million
/// hashes.
fn cores() -> u32 {
    static CORES: OnceLock<u32> = OnceLock::new();
    *CORES.get_or_init(|| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        u32::try_from(cores).unwrap_or(u32::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pbkdf2(iterations: u32) -> Cost {
        Cost::pbkdf2_sha256(iterations)
    }

    fn recommended(checks: &[(Cost, f64)]) -> Option<u32> {
        let mut dearest = DearestCheck::default();
        for (cost, ms) in checks {
            dearest.note(cost, *ms);
        }
        dearest
            .memory_size()
            .expect("there are checks")
            .recommended_mb
    }

    #[test]
    fn memory_follows_from_the_slowest_check() {
        assert_eq!(recommended(&[(pbkdf2(1), 0.001)]), Some(256));
        // 144 ms at 256 MB's share of 0.145 are 995 ms; 145 ms are 1002 ms.
        assert_eq!(recommended(&[(pbkdf2(1), 144.0)]), Some(256));
        assert_eq!(
            recommended(&[(pbkdf2(1), 145.0), (pbkdf2(2), 1.0)]),
            Some(512)
        );
        assert_eq!(recommended(&[(pbkdf2(1), 999.0)]), Some(1769));
        assert_eq!(recommended(&[(pbkdf2(1), 1001.0)]), None);
    }

    #[test]
    fn a_hash_that_needs_memory_gets_it_however_fast_it_is() {
        let argon2 = |memory_kib| Cost::argon2(memory_kib, 1, 1);
        assert_eq!(recommended(&[(argon2(192 * 1024), 1.0)]), Some(256));
        assert_eq!(recommended(&[(argon2(192 * 1024 + 1), 1.0)]), Some(512));
        assert_eq!(
            recommended(&[(argon2(512 * 1024), 1.0), (pbkdf2(1), 2.0)]),
            Some(768)
        );
    }

    #[test]
    fn without_a_hash_to_check_nothing_is_recommended() {
        assert_eq!(DearestCheck::default().memory_size(), None);
    }
}
