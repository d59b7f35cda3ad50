//! How fast this machine checks hashes.
//!
//! Responsible for turning a [`Cost`] into a time. The only module with a clock. Asked by the
//! trigger against its deadline, by inspect and forecast for totals.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::cost::Cost;
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
    units: Arc<Mutex<BTreeMap<Cost, Unit>>>,
}

/// Seconds for one unit of work, once measured. Shared, so that no lock is held while measuring.
type Unit = Arc<OnceLock<f64>>;

static THIS_MACHINE: OnceLock<Speed> = OnceLock::new();

impl Speed {
    /// The speed of this machine, shared by the whole process.
    #[must_use]
    pub fn of_this_machine() -> &'static Self {
        THIS_MACHINE.get_or_init(Self::default)
    }

    /// Measures every kind of hash of Django's at once, afresh. Takes under 150 ms on one current
    /// core.
    #[must_use]
    pub fn measure() -> Self {
        let speed = Self::default();
        for sample in hashers::samples() {
            speed.seconds_per_unit(sample);
        }
        speed
    }

    /// How long one check of `cost` takes here, if nothing else runs.
    ///
    /// The first question about a kind of hash measures it. Saturates instead of failing.
    #[must_use]
    pub fn estimate(&self, cost: &Cost) -> Duration {
        let seconds = self.seconds_per_unit(cost.sample()) * cost.units();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    fn seconds_per_unit(&self, sample: Cost) -> f64 {
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let unit = Arc::clone(units.entry(sample.clone()).or_default());
        drop(units);
        *unit.get_or_init(|| measure(&sample))
    }
}

fn measure(sample: &Cost) -> f64 {
    let shortest = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            sample.spend(b"a password of some length");
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    shortest.as_secs_f64() / sample.units()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Speed;
    use crate::cost::Cost;
    use crate::hashers;

    #[test]
    fn an_estimate_grows_with_the_cost() {
        let speed = Speed::of_this_machine();
        let estimate = |iterations| speed.estimate(&Cost::pbkdf2_sha256(iterations));
        assert!(estimate(1) > Duration::ZERO);
        assert!(estimate(1_500_000) > estimate(1_000_000));
    }

    #[test]
    fn an_estimate_beyond_time_itself_saturates() {
        let cost = Cost::scrypt(u64::MAX, u32::MAX, u32::MAX);
        assert_eq!(Speed::of_this_machine().estimate(&cost), Duration::MAX);
    }

    #[test]
    fn measuring_covers_every_kind_of_hash() {
        let speed = Speed::measure();
        let units = speed.units.lock().expect("nothing panicked");
        assert_eq!(units.len(), hashers::samples().count());
        for (sample, unit) in units.iter() {
            assert!(unit.get().is_some_and(|seconds| *seconds > 0.0), "{sample}");
        }
    }
}
