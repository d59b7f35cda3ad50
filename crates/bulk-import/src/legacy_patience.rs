//! Waits out an outage of the legacy database, as `Patience` does for the pool.

use std::time::Duration;

use cognito_user_pool::Patience;
use legacy_users::LegacyError;
use tokio::time::Instant;

use crate::control::RunControl;
use crate::import_error::ImportError;
use crate::progress::Waiting;

const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The outages of one phase.
pub(crate) struct LegacyPatience<'a> {
    patience: Patience,
    control: &'a RunControl,
    since: Option<Instant>,
    pause: Duration,
}

impl<'a> LegacyPatience<'a> {
    pub(crate) fn new(patience: Patience, control: &'a RunControl) -> Self {
        LegacyPatience {
            patience,
            control,
            since: None,
            pause: FIRST_PAUSE,
        }
    }

    /// Asks until there is an answer; `None` when somebody asked to stop meanwhile.
    pub(crate) async fn repeat<T, F>(
        &mut self,
        mut ask: impl FnMut() -> F,
    ) -> Result<Option<T>, ImportError>
    where
        F: Future<Output = Result<T, LegacyError>>,
    {
        loop {
            match ask().await {
                Ok(answer) => {
                    self.since = None;
                    self.pause = FIRST_PAUSE;
                    return Ok(Some(answer));
                }
                Err(error) => {
                    if !self.wait_after(error).await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Waits before the next attempt; false when somebody asked to stop meanwhile. Hands back
    /// errors that waiting does not mend, and outages that outlast our patience.
    pub(crate) async fn wait_after(&mut self, error: LegacyError) -> Result<bool, ImportError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        if !error.is_outage() || since.elapsed() >= self.patience.outage {
            return Err(ImportError::Legacy(error));
        }
        tracing::warn!(%error, "waiting for the legacy database");
        self.control
            .show(|progress| progress.waiting = Some(Waiting::LegacyUnavailable));
        let stopped = tokio::select! {
            () = tokio::time::sleep(self.pause) => false,
            () = self.control.stop_asked() => true,
        };
        self.control.show(|progress| progress.waiting = None);
        self.pause = (self.pause * 2).min(self.patience.longest_pause);
        Ok(!stopped)
    }
}
