//! Lockout after failed password attempts.
//!
//! Responsible for when a user is locked. Source: guide page authentication: after five failed
//! attempts the user is locked for one second, and each further failure doubles the time up to
//! about 15 minutes. It is tied to a user record: for names not in the pool none is documented.

use crate::clock::{MINUTE, Millis, SECOND};

const FREE_ATTEMPTS: u32 = 5;
const LONGEST: Millis = 15 * MINUTE;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lockout {
    failures: u32,
    until: Millis,
}

impl Lockout {
    pub(crate) fn is_locked(&self, now: Millis) -> bool {
        now < self.until
    }

    pub(crate) fn failed(&mut self, now: Millis) {
        // A quarter of an hour without an attempt forgets the earlier ones.
        if self.failures > 0 && now > self.until + LONGEST {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.until = match self.failures.checked_sub(FREE_ATTEMPTS) {
            None => now,
            Some(beyond) => now + (SECOND << beyond.min(10)).min(LONGEST),
        };
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_locks_for_a_second_and_each_further_one_doubles_it() {
        let mut lockout = Lockout::default();
        for _ in 0..4 {
            lockout.failed(0);
            assert!(!lockout.is_locked(0));
        }
        let mut now = 0;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            lockout.failed(now);
            assert!(lockout.is_locked(now + seconds * SECOND - 1), "{seconds}");
            now += seconds * SECOND;
            assert!(!lockout.is_locked(now), "{seconds}");
        }
    }

    #[test]
    fn success_and_time_forget_failures() {
        let mut lockout = Lockout::default();
        for _ in 0..5 {
            lockout.failed(0);
        }
        lockout.succeeded();
        assert_eq!(lockout, Lockout::default());
        for _ in 0..5 {
            lockout.failed(0);
        }
        lockout.failed(16 * MINUTE + SECOND);
        assert!(!lockout.is_locked(16 * MINUTE + SECOND));
    }
}
