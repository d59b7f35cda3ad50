//! The cost most users' hashes have, as far as this process can tell: what a refusal spends, so
//! that its time does not tell who exists. Must not know passwords. Held by the hash checker.
//!
//! Chosen simply: the most frequent cost among the last hashes checked here, and until one was, a
//! cost given at start (`CUTOVER_USUAL_HASH`) or the default of Django 5.2. It can equal the
//! majority only: users whose hash costs something else answer in another time, with Django's own
//! login as with this.

use std::collections::VecDeque;

use django_password::Cost;

/// How many checks are remembered: enough for a majority, few enough to follow a change.
const REMEMBERED: usize = 31;

/// A running majority of hash costs.
#[derive(Clone, Debug)]
pub struct UsualCost {
    initial: Cost,
    seen: VecDeque<Cost>,
}

impl Default for UsualCost {
    fn default() -> UsualCost {
        UsualCost::starting_with(Cost::DJANGO_5_2_DEFAULT)
    }
}

impl UsualCost {
    /// Begins with this cost.
    pub fn starting_with(initial: Cost) -> UsualCost {
        UsualCost {
            initial,
            seen: VecDeque::with_capacity(REMEMBERED),
        }
    }

    /// Takes note of a check.
    pub fn learn(&mut self, cost: &Cost) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(cost.clone());
    }

    /// The usual cost; of equally frequent ones, the one seen last.
    pub fn current(&self) -> &Cost {
        let frequency = |cost: &Cost| self.seen.iter().filter(|other| *other == cost).count();
        self.seen
            .iter()
            .max_by_key(|cost| frequency(cost))
            .unwrap_or(&self.initial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(iterations: u32) -> Cost {
        Cost::pbkdf2_sha256(iterations)
    }

    #[test]
    fn until_something_was_checked_the_initial_cost_is_usual() {
        assert_eq!(UsualCost::default().current(), &Cost::DJANGO_5_2_DEFAULT);
        assert_eq!(UsualCost::starting_with(rounds(7)).current(), &rounds(7));
    }

    #[test]
    fn the_majority_wins_over_the_latest() {
        let mut usual = UsualCost::default();
        for cost in [rounds(1), rounds(1), rounds(2)] {
            usual.learn(&cost);
        }
        assert_eq!(usual.current(), &rounds(1));
    }

    #[test]
    fn a_changed_majority_is_followed() {
        let mut usual = UsualCost::default();
        (0..100).for_each(|_| usual.learn(&rounds(1)));
        (0..16).for_each(|_| usual.learn(&rounds(2)));
        assert_eq!(usual.current(), &rounds(2));
    }
}
