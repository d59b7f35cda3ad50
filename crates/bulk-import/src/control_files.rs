//! Steers a run by files beside its journal, for whoever has a shell and not the terminal:
//! `NAME.pause` pauses for as long as it exists, `NAME.stop` stops, and `NAME.share` holds the
//! share of the limits to take, such as `0.25`. Looked at four times a second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cognito_user_pool::{Share, UserPool};

use crate::control::{RunControl, Stop};
use crate::run_name::RunName;

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The three files of a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControlFiles {
    /// Pauses the run for as long as it exists.
    pub pause: PathBuf,
    /// Stops the run; to go on, remove it first.
    pub stop: PathBuf,
    /// Holds the share of the limits to take.
    pub share: PathBuf,
}

impl ControlFiles {
    /// The files of a run whose journal is in this directory.
    pub fn of_run(directory: &Path, run: &RunName) -> ControlFiles {
        let file = |ending: &str| directory.join(format!("{run}.{ending}"));
        ControlFiles {
            pause: file("pause"),
            stop: file("stop"),
            share: file("share"),
        }
    }

    /// Obeys the files until dropped. Calls `unreadable` once for each content of the share file
    /// that is no share; the run goes on at the share it had.
    pub async fn obey(
        &self,
        control: &RunControl,
        pool: &UserPool,
        mut unreadable: impl FnMut(&Path),
    ) {
        let mut paused = false;
        let mut seen = None;
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tick.tick().await;
            if self.stop.exists() {
                control.stop(Stop::Finish);
            }
            // Only changes: a pause made in another way is not this file's to lift.
            if self.pause.exists() != paused {
                paused = !paused;
                control.pause(paused);
            }
            let text = std::fs::read_to_string(&self.share).ok();
            if text == seen {
                continue;
            }
            match text.as_deref().map(str::parse::<Share>) {
                Some(Ok(share)) => pool.set_share(share),
                Some(Err(_)) => unreadable(&self.share),
                None => {}
            }
            seen = text;
        }
    }
}
