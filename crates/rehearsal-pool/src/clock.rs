//! The pool's one source of time.
//!
//! Responsible for a wall clock that never goes back and that a test or a rehearsal can move
//! forward, so that expiry (codes, temporary passwords, tokens, lockout) is shown without waiting.
//! It must not know what expires.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::header::HeaderValue;

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = i64;

pub(crate) const SECOND: Millis = 1_000;
pub(crate) const MINUTE: Millis = 60 * SECOND;
pub(crate) const HOUR: Millis = 60 * MINUTE;
pub(crate) const DAY: Millis = 24 * HOUR;

#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Millis,
    moved_by: AtomicI64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started: Instant::now(),
            started_at: whole_millis(since_epoch),
            moved_by: AtomicI64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.started_at
            + whole_millis(self.started.elapsed())
            + self.moved_by.load(Ordering::Relaxed)
    }

    /// The time as HTTP's `Date` has it.
    pub(crate) fn date_header(&self) -> Option<HeaderValue> {
        let since_epoch = Duration::from_millis(u64::try_from(self.now()).ok()?);
        // Beyond the year 9999, which the clock can be moved to, there is no such header.
        let last = Duration::from_secs(253_402_300_799);
        let date = UNIX_EPOCH + since_epoch.min(last);
        HeaderValue::from_str(&httpdate::fmt_http_date(date)).ok()
    }

    pub(crate) fn moved_by(&self) -> Millis {
        self.moved_by.load(Ordering::Relaxed)
    }

    /// Moves the clock as far as another one was.
    pub(crate) fn put(&self, moved_by: Millis) {
        self.moved_by.store(moved_by.max(0), Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.moved_by.fetch_add(whole_millis(by), Ordering::Relaxed);
    }
}

fn whole_millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// A time as Cognito writes it: seconds since the epoch with milliseconds as the fraction.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds stay exact for 285,000 years"
)]
pub(crate) fn epoch_seconds(at: Millis) -> f64 {
    at as f64 / 1_000.0
}
