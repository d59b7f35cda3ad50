//! Waiting for something that another process does. Never decides a test by time: it returns as
//! soon as the thing happened, and panics only long after it should have.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks `look` again and again until it answers, and returns the answer.
///
/// # Panics
///
/// When `limit` is over, naming `what` was awaited.
#[track_caller]
pub fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = look() {
            return answer;
        }
        assert!(
            started.elapsed() < limit,
            "waited {limit:?} in vain for {what}"
        );
        sleep(Duration::from_millis(2));
    }
}
