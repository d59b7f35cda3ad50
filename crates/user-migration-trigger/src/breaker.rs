//! Leaves a database alone that is known to be away: sign-ins fail at once instead of waiting, and
//! a server that comes back is not met by everybody at the same moment. Must not know what is
//! asked. Held by the trigger, before every question.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Questions in a row without an answer after which the database counts as away. One may be an
/// accident: a connection cut, a slow statement.
const FAILURES: u32 = 2;

/// The first pause; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How long a database that is back may go unnoticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Whether the database may be asked.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// While set and in the future nobody asks.
    paused_until: Option<Instant>,
}

impl Breaker {
    /// Whether to ask now; if not, how often in a row there was no answer. In a pause's end one
    /// question is let through; the others wait for what becomes of it, or for another pause.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), u32> {
        let mut state = self.state();
        match state.paused_until {
            Some(until) if now < until => Err(state.failures),
            Some(_) => {
                state.paused_until = now.checked_add(pause(state.failures));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// There was an answer, whatever it said.
    pub(crate) fn answered(&self) {
        *self.state() = State::default();
    }

    /// There was none.
    pub(crate) fn unanswered(&self, now: Instant) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.paused_until = now.checked_add(pause(state.failures));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(FAILURES).min(8);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(begin: Instant) -> Breaker {
        let breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.unanswered(begin));
        breaker
    }

    #[test]
    fn one_failure_is_an_accident_and_two_are_an_outage() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        breaker.unanswered(begin);
        assert_eq!(breaker.admit(begin), Ok(()));
        breaker.unanswered(begin);
        assert_eq!(breaker.admit(begin), Err(2));
    }

    #[test]
    fn after_the_pause_one_question_is_let_through_and_an_answer_ends_the_outage() {
        let begin = Instant::now();
        let breaker = away(begin);
        let later = begin + FIRST_PAUSE;
        assert_eq!(breaker.admit(later), Ok(()));
        assert_eq!(breaker.admit(later), Err(2), "one is on its way");
        breaker.answered();
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.unanswered(later);
        assert_eq!(breaker.admit(later), Ok(()), "the count began anew");
    }

    #[test]
    fn a_question_that_nobody_tells_the_end_of_blocks_nothing_for_long() {
        let begin = Instant::now();
        let breaker = away(begin);
        assert_eq!(breaker.admit(begin + FIRST_PAUSE), Ok(()));
        assert_eq!(breaker.admit(begin + FIRST_PAUSE * 2), Ok(()));
    }

    #[test]
    fn pauses_grow_and_never_beyond_half_a_second() {
        let begin = Instant::now();
        let breaker = away(begin);
        let mut now = begin;
        for _ in 0..50 {
            breaker.unanswered(now);
            now += LONGEST_PAUSE;
            assert_eq!(breaker.admit(now), Ok(()), "a returned database is noticed");
        }
        assert_eq!(pause(2), FIRST_PAUSE);
        assert_eq!(pause(3), FIRST_PAUSE * 2);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
