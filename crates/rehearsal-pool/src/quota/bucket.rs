//! One budget: so many tokens a second, one for each call.

use crate::clock::{Millis, SECOND, epoch_seconds};

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) rate: f64,
    pub(super) maximum: f64,
    pub(super) customers: f64,
    pub(super) tokens: f64,
    pub(super) filled_at: Millis,
    pub(super) granted: u64,
    pub(super) throttled: u64,
}

impl Bucket {
    pub(super) fn full(rate: f64, tokens: f64, now: Millis) -> Self {
        Self {
            rate,
            maximum: rate,
            customers: 0.0,
            tokens,
            filled_at: now,
            granted: 0,
            throttled: 0,
        }
    }

    /// Whether nothing was taken for so long that the bucket is full again.
    pub(super) fn is_full(&self, now: Millis) -> bool {
        now - self.filled_at >= SECOND
    }

    pub(super) fn take(&mut self, now: Millis) -> bool {
        let free = (self.rate - self.customers).max(0.0);
        let elapsed = epoch_seconds(now - self.filled_at).max(0.0);
        self.filled_at = now;
        self.tokens = (self.tokens + elapsed * free).min(free.max(1.0));
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// Counts a call that was granted or refused, and says which.
    pub(super) fn count(&mut self, granted: bool) -> bool {
        *(if granted {
            &mut self.granted
        } else {
            &mut self.throttled
        }) += 1;
        granted
    }
}
