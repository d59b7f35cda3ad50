//! How long to keep trying while the network or Cognito is away, and the loop that does so for
//! calls which may be repeated. The SDK's own retries are off: under a pacer they would multiply
//! calls and hide throttling. Used by reads here and by the importer's steps.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Disposition, PoolError, PoolFault};

/// How failed calls are repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// For how long a call without an answer is repeated before its error is returned.
    pub outage: Duration,
    /// The longest pause between two attempts.
    pub longest_pause: Duration,
}

impl Default for Patience {
    /// A quarter of an hour: longer than the restart of anything on the way.
    fn default() -> Self {
        Patience {
            outage: Duration::from_secs(15 * 60),
            longest_pause: Duration::from_secs(15),
        }
    }
}

impl Patience {
    /// No waiting for an endpoint that does not answer. Throttled calls are repeated all the same.
    pub const NONE: Patience = Patience {
        outage: Duration::ZERO,
        longest_pause: Duration::ZERO,
    };

    /// Starts counting for one call.
    pub fn begin(self) -> Attempts {
        Attempts {
            patience: self,
            failed_since: None,
            pause: FIRST_PAUSE,
            count: 0,
        }
    }

    /// Repeats a call that may be repeated until it succeeds, fails for good, or patience ends.
    ///
    /// # Errors
    ///
    /// The call's last error.
    pub async fn repeat<T, F>(self, mut call: impl FnMut() -> F) -> Result<T, PoolError>
    where
        F: Future<Output = Result<T, PoolError>>,
    {
        let mut attempts = self.begin();
        loop {
            match call().await {
                Ok(value) => return Ok(value),
                Err(error) => attempts.pause_after(error).await?,
            }
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The failed attempts of one call.
#[derive(Debug)]
pub struct Attempts {
    patience: Patience,
    failed_since: Option<Instant>,
    pause: Duration,
    count: u32,
}

impl Attempts {
    /// How many attempts have failed, throttled ones left out.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Waits before the next attempt, twice as long each time.
    ///
    /// # Errors
    ///
    /// Hands the error back when no further attempt shall be made.
    pub async fn pause_after(&mut self, error: PoolError) -> Result<(), PoolError> {
        if error.disposition() != Disposition::Retry {
            return Err(error);
        }
        // A throttled call is answered: Cognito is there, and the pacer has slowed down.
        let outage = error.fault() != PoolFault::Throttled;
        let since = *self.failed_since.get_or_insert_with(Instant::now);
        if outage && since.elapsed() >= self.patience.outage {
            return Err(error);
        }
        match outage {
            true => self.count += 1,
            false => self.failed_since = None,
        }
        tracing::debug!(operation = error.operation().name(), %error, "trying again");
        tokio::time::sleep(spread(self.pause)).await;
        self.pause = (self.pause * 2).min(self.patience.longest_pause.max(FIRST_PAUSE));
        Ok(())
    }
}

/// Between half of the pause and all of it, so that callers who failed together part.
fn spread(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8) % 1024;
    let random = u32::try_from(random).expect("below 1024");
    pause / 2 + pause / 2 * random / 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use std::future::ready;

    fn error(exception: &str, status: u16) -> PoolError {
        PoolError::from_exception(Operation::ListUsers, Some(exception), Some(status), None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_outage_is_waited_out() {
        let mut left = 5;
        let outcome = Patience::default().repeat(|| {
            left -= 1;
            let answer = if left > 0 {
                Err(error("ServiceUnavailable", 503))
            } else {
                Ok("answer")
            };
            ready(answer)
        });
        assert_eq!(outcome.await.ok(), Some("answer"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_is_gone_for_ten_minutes_is_waited_for() {
        let start = Instant::now();
        let outcome = Patience::default().repeat(|| {
            let gone = start.elapsed() < Duration::from_secs(600);
            ready(if gone {
                Err(error("ServiceUnavailable", 503))
            } else {
                Ok(())
            })
        });
        assert!(outcome.await.is_ok());
        let waited = start.elapsed().as_secs();
        assert!((600..620).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_outage_ends_with_the_error() {
        let start = Instant::now();
        let away = || ready(Err::<(), _>(error("ServiceUnavailable", 503)));
        assert!(Patience::default().repeat(away).await.is_err());
        let waited = start.elapsed();
        assert!((900..930).contains(&waited.as_secs()), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_never_ends_patience() {
        let start = Instant::now();
        let outcome = Patience::default().repeat(|| {
            let throttled = start.elapsed() < Duration::from_secs(3600);
            ready(if throttled {
                Err(error("TooManyRequestsException", 400))
            } else {
                Ok(())
            })
        });
        assert!(outcome.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_get_better_is_not_repeated() {
        let mut calls = 0;
        let outcome = Patience::default().repeat(|| {
            calls += 1;
            ready(Err::<(), _>(error("AccessDeniedException", 400)))
        });
        assert!(outcome.await.is_err());
        assert_eq!(calls, 1);
    }
}
