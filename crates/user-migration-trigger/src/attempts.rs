//! How often passwords may be guessed: refused sign-ins by login and by app client, counted in
//! this process. Must not know why they were refused. Asked by the authentication decision.
//!
//! Cognito locks a user after wrong passwords, but whom it does not know it hands to the trigger
//! each time, and no lock-out is documented for them. Each of the function's processes counts for
//! itself, so the limit in all is this one times their number: cap that (reserved concurrency), or
//! let them count together ([`crate::shared_attempts`]).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use migration_model::{AttemptLimits, fold_login_name};

/// Names remembered at most, so that spraying names fills no memory. A process cannot check so
/// many passwords within the default window.
const REMEMBERED: usize = 10_000;

/// The counts. Names are kept as keyed hashes alone.
#[derive(Debug)]
pub(crate) struct Attempts {
    limits: AttemptLimits,
    hashes: RandomState,
    counts: Mutex<HashMap<u64, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    refused: u32,
}

impl Attempts {
    pub(crate) fn new(limits: AttemptLimits) -> Attempts {
        Attempts {
            limits,
            hashes: RandomState::new(),
            counts: Mutex::default(),
        }
    }

    /// Whether this sign-in is one too many: its login has no guess left. Through an app client with
    /// too many refusals a login has one, and a right password at the first try always counts:
    /// otherwise anybody could shut out everybody of that client.
    pub(crate) fn exceeded(&self, login: &str, client: Option<&str>, now: Instant) -> bool {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |key: u64| {
            let count = counts.get(&key).filter(|count| !self.is_over(count, now));
            count.map_or(0, |count| count.refused)
        };
        let reached = |count: u32, limit: u32| limit > 0 && count >= limit;
        let guesses = count(self.login_key(login));
        let client = count(self.client_key(client));
        reached(guesses, self.limits.per_login)
            || (guesses > 0 && reached(client, self.limits.per_client))
    }

    /// Counts a sign-in that was refused, or a reset; of one that failed only through which client: a
    /// failure must not end in "wrong password".
    pub(crate) fn counted(&self, login: Option<&str>, client: Option<&str>, now: Instant) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let login = login.map(|login| self.login_key(login));
        for key in login.into_iter().chain([self.client_key(client)]) {
            if counts.len() >= REMEMBERED && !counts.contains_key(&key) {
                self.make_room(&mut counts, now);
            }
            let fresh = Count {
                since: now,
                refused: 0,
            };
            let count = counts.entry(key).or_insert(fresh);
            if self.is_over(count, now) {
                *count = fresh;
            }
            count.refused = count.refused.saturating_add(1);
        }
    }

    /// Forgets what is over, and if nothing is, the count that began first.
    fn make_room(&self, counts: &mut HashMap<u64, Count>, now: Instant) {
        counts.retain(|_, count| !self.is_over(count, now));
        if counts.len() >= REMEMBERED {
            let oldest = counts.iter().min_by_key(|(_, count)| count.since);
            if let Some(key) = oldest.map(|(key, _)| *key) {
                counts.remove(&key);
            }
        }
    }

    fn is_over(&self, count: &Count, now: Instant) -> bool {
        now.saturating_duration_since(count.since) >= self.limits.window
    }

    fn login_key(&self, login: &str) -> u64 {
        self.hashes.hash_one(("login", fold_login_name(login)))
    }

    fn client_key(&self, client: Option<&str>) -> u64 {
        self.hashes.hash_one(("client", client))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    fn attempts(per_login: u32, per_client: u32) -> Attempts {
        Attempts::new(AttemptLimits {
            per_login,
            per_client,
            window: WINDOW,
        })
    }

    #[test]
    fn a_login_is_limited_however_typed_and_free_again_after_the_window() {
        let (attempts, begin) = (attempts(2, 0), Instant::now());
        assert!(!attempts.exceeded("ann", Some("web"), begin));
        attempts.counted(Some("ann"), Some("web"), begin);
        assert!(!attempts.exceeded("ann", Some("web"), begin));
        attempts.counted(Some("ANN"), Some("app"), begin);
        for login in ["ann", "Ann"] {
            assert!(attempts.exceeded(login, Some("web"), begin));
        }
        assert!(!attempts.exceeded("bob", Some("web"), begin));
        assert!(!attempts.exceeded("ann", Some("web"), begin + WINDOW));
        attempts.counted(Some("ann"), Some("web"), begin + WINDOW);
        assert!(!attempts.exceeded("ann", Some("web"), begin + WINDOW));
    }

    #[test]
    fn a_client_over_its_limit_leaves_each_login_one_guess_and_locks_nobody_out() {
        let (attempts, now) = (attempts(5, 3), Instant::now());
        for login in ["a", "b", "c"] {
            attempts.counted(Some(login), Some("web"), now);
        }
        assert!(
            !attempts.exceeded("d", Some("web"), now),
            "d has not guessed"
        );
        attempts.counted(Some("d"), Some("web"), now);
        assert!(attempts.exceeded("d", Some("web"), now));
        assert!(!attempts.exceeded("d", Some("app"), now));
        assert!(!attempts.exceeded("d", None, now));
    }

    #[test]
    fn zero_switches_a_limit_off() {
        let (attempts, now) = (attempts(0, 0), Instant::now());
        (0..100).for_each(|_| attempts.counted(Some("ann"), Some("web"), now));
        assert!(!attempts.exceeded("ann", Some("web"), now));
    }

    #[test]
    fn spraying_names_fills_no_memory() {
        let (attempts, now) = (attempts(1, 0), Instant::now());
        for number in 0..REMEMBERED + 100 {
            attempts.counted(Some(&number.to_string()), None, now);
        }
        let counts = attempts.counts.lock().expect("nobody panicked");
        assert!(counts.len() <= REMEMBERED);
    }
}
