//! How long one invocation may take, and what is left of it. Must not know what the time is spent
//! on. Made by the Lambda glue, asked by the decisions before every step.

use std::time::{Duration, Instant};

/// Cognito waits 5 s for a trigger and that cannot be changed (developer guide, "Things to know
/// about Lambda triggers"). Half a second stays for Lambda's own way there and back.
pub(crate) const TOTAL: Duration = Duration::from_millis(4500);

/// What is left between the function's own timeout and the answer.
pub(crate) const RESERVE: Duration = Duration::from_millis(500);

/// Time for finding the user, connecting included: with the usual hash it leaves room for both.
pub(crate) const LOOK_UP: Duration = Duration::from_millis(2500);

/// The time of one invocation. Past its end no step is begun, and none is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    ends: Instant,
}

impl Budget {
    /// From now until the sooner of 4.5 s and the function's deadline less half a second.
    ///
    /// `spent` is what Cognito has waited already: on a cold start, the time the process took to
    /// come up.
    pub fn new(until_deadline: Duration, spent: Duration) -> Budget {
        let total = TOTAL
            .saturating_sub(spent)
            .min(until_deadline.saturating_sub(RESERVE));
        let now = Instant::now();
        Budget {
            ends: now.checked_add(total).unwrap_or(now),
        }
    }

    /// So much from now, whoever waits.
    pub(crate) fn of(time: Duration) -> Budget {
        let now = Instant::now();
        Budget {
            ends: now.checked_add(time).unwrap_or(now),
        }
    }

    /// What is left; zero when it is over.
    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// The time a step may take: its own limit, or what is left if that is less.
    pub fn step(&self, limit: Duration) -> Duration {
        self.left().min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_sooner_of_both_deadlines_counts() {
        assert!(Budget::new(HOUR, Duration::ZERO).left() <= TOTAL);
        assert!(Budget::new(HOUR, Duration::ZERO).left() > Duration::from_secs(4));
        let short = Budget::new(Duration::from_secs(3), Duration::ZERO).left();
        assert!(short <= Duration::from_millis(2500), "{short:?}");
    }

    #[test]
    fn a_cold_start_counts_as_spent() {
        let left = Budget::new(HOUR, Duration::from_secs(3)).left();
        assert!(left <= Duration::from_millis(1500), "{left:?}");
        assert_eq!(Budget::new(HOUR, HOUR).left(), Duration::ZERO);
    }

    #[test]
    fn a_deadline_already_past_leaves_nothing() {
        let budget = Budget::new(Duration::ZERO, Duration::ZERO);
        assert_eq!(budget.step(LOOK_UP), Duration::ZERO);
    }
}
