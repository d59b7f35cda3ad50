//! Saving a running service's state: at the start, now and then, and at the end.
//!
//! Responsible for when to save. Called by `running`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{SavedMain, SavedService, StateError, StateFile};
use crate::service::Service;

/// How often a changed state is saved: what a crash can cost.
const EVERY: Duration = Duration::from_secs(1);
/// Saving may take one part in so many of a core, whatever the pool's size.
const SHARE: u32 = 20;

pub(crate) struct Keeper {
    file: StateFile,
    main: SavedMain,
    trigger_env: BTreeMap<String, String>,
    /// Digest of what the file has.
    written: Mutex<Option<Vec<u8>>>,
}

impl Keeper {
    pub(crate) fn new(
        file: StateFile,
        main: SavedMain,
        trigger_env: BTreeMap<String, String>,
    ) -> Self {
        Self {
            file,
            main,
            trigger_env,
            written: Mutex::default(),
        }
    }

    /// Saves the state as it is now, unless the file has it already.
    pub(crate) fn save(&self, service: &Service) -> Result<(), StateError> {
        let saved = SavedService::of(service, &self.main, &self.trigger_env);
        let text = Zeroizing::new(serde_json::to_vec(&saved).expect("names are texts"));
        let now = digest(&SHA256, &text).as_ref().to_vec();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.as_ref() != Some(&now) {
            self.file.write(&text)?;
            *written = Some(now);
        }
        Ok(())
    }

    /// Saves now and then until told to stop.
    pub(crate) async fn keep(
        self: Arc<Self>,
        service: Arc<Service>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let mut pause = EVERY;
        loop {
            tokio::select! {
                _ = stopped.changed() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let (keeper, of) = (Arc::clone(&self), Arc::clone(&service));
            let began = Instant::now();
            let saved = tokio::task::spawn_blocking(move || keeper.save(&of)).await;
            match saved {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the state was not saved"
                ),
                Err(error) => tracing::error!(%error, "the state was not saved"),
            }
            pause = EVERY.max(began.elapsed() * SHARE);
        }
    }
}
