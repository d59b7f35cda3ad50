//! How long hashes really take here, beside what a quick measurement says. Must not know what is
//! hashed. Held by the hash checker.
//!
//! A measurement of some milliseconds cannot know the share of a CPU that Lambda hands out in
//! slices, nor who else is on the machine. Whole hashes can: so the first one is begun if the
//! measurement allows it, and each that ends, or overruns its time, corrects the next estimate.

use std::time::Duration;

/// What estimates are multiplied by beside what was learnt: no two hashes take the same time.
const ALLOWANCE: f64 = 1.15;

/// After so many checks in a row that were not begun, one is tried again if the measurement alone
/// allows it: a stall of the machine must not lock everybody out for as long as it runs.
const SKIPS_BEFORE_A_TRY: u32 = 3;

/// What was learnt from whole hashes.
#[derive(Debug)]
pub(crate) struct Pace {
    factor: f64,
    skipped: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            factor: 1.0,
            skipped: 0,
        }
    }
}

impl Pace {
    /// Whether a hash that was measured to take so long will end within the time left.
    pub(crate) fn fits(&mut self, measured: Duration, left: Duration) -> bool {
        let needed = |factor: f64| measured.as_secs_f64() * factor * ALLOWANCE;
        let left = left.as_secs_f64();
        let tried_again = self.skipped >= SKIPS_BEFORE_A_TRY && needed(1.0) <= left;
        let fits = needed(self.factor) <= left || tried_again;
        self.skipped = if fits {
            0
        } else {
            self.skipped.saturating_add(1)
        };
        fits
    }

    /// A hash ended after this time.
    pub(crate) fn ended(&mut self, measured: Duration, took: Duration) {
        // Half of what was known stays: one stall is not the rule.
        self.factor = f64::midpoint(self.factor, ratio(measured, took));
    }

    /// A hash had not ended after this time.
    pub(crate) fn overran(&mut self, measured: Duration, after: Duration) {
        self.factor = self.factor.max(ratio(measured, after));
    }
}

fn ratio(measured: Duration, took: Duration) -> f64 {
    // A digest takes next to nothing; what was measured then says nothing of the machine.
    let measured = measured.max(Duration::from_millis(1)).as_secs_f64();
    (took.as_secs_f64() / measured).clamp(0.1, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn at_first_the_measurement_decides() {
        assert!(Pace::default().fits(ms(1000), ms(1200)));
        assert!(!Pace::default().fits(ms(1000), ms(1100)));
        assert!(!Pace::default().fits(ms(1), Duration::ZERO));
    }

    #[test]
    fn a_slow_machine_is_learnt_from_hashes_that_end() {
        let mut pace = Pace::default();
        (0..8).for_each(|_| pace.ended(ms(300), ms(1500)));
        assert!(pace.fits(ms(300), ms(1800)));
        assert!(!pace.fits(ms(300), ms(1600)));
    }

    #[test]
    fn an_overrun_keeps_the_next_from_being_begun() {
        let mut pace = Pace::default();
        pace.overran(ms(350), ms(4400));
        assert!(!pace.fits(ms(350), ms(4400)));
    }

    #[test]
    fn after_some_skips_one_is_tried_unless_even_the_measurement_forbids_it() {
        let mut pace = Pace::default();
        pace.overran(ms(350), ms(4400));
        let begun: Vec<bool> = (0..5).map(|_| pace.fits(ms(350), ms(4400))).collect();
        assert_eq!(begun, [false, false, false, true, false]);
        assert!((0..9).all(|_| !pace.fits(ms(5000), ms(4400))));
    }

    #[test]
    fn one_stall_is_forgotten() {
        let mut pace = Pace::default();
        pace.ended(ms(300), ms(3000));
        (0..4).for_each(|_| pace.ended(ms(300), ms(300)));
        assert!(pace.fits(ms(300), ms(600)));
    }
}
