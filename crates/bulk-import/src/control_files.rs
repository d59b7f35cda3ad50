//! Steers a run by files beside its journal, for whoever has a shell and not the terminal:
//! `NAME.pause` pauses for as long as it exists, `NAME.stop` stops, and `NAME.share` holds the
//! share of the limits to take, such as `0.25`. Looked at four times a second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cognito_user_pool::{Share, UserPool};

use crate::control::{RunControl, Stop};
use crate::run_name::RunName;

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a control file brought about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Obeyed {
    /// The run is paused.
    Paused,
    /// The run goes on after a pause.
    Resumed,
    /// The run takes no new users.
    Stopped,
    /// The run takes this share of the limits from now on.
    Share(Share),
    /// The share file holds no share; the run goes on at the share it had.
    NoShare,
}

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

    /// Obeys the files until dropped, and tells each thing it does.
    pub async fn obey(&self, control: &RunControl, pool: &UserPool, mut tell: impl FnMut(Obeyed)) {
        let mut paused = false;
        let mut seen = None;
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tick.tick().await;
            if control.stopping() == Stop::No && self.stop.exists() {
                control.stop(Stop::Finish);
                tell(Obeyed::Stopped);
            }
            // Only changes: a pause made in another way is not this file's to lift.
            if self.pause.exists() != paused {
                paused = !paused;
                control.pause(paused);
                tell(if paused {
                    Obeyed::Paused
                } else {
                    Obeyed::Resumed
                });
            }
            let text = std::fs::read_to_string(&self.share).ok();
            if text == seen {
                continue;
            }
            match text.as_deref().map(str::parse::<Share>) {
                Some(Ok(share)) => {
                    pool.set_share(share);
                    tell(Obeyed::Share(share));
                }
                Some(Err(_)) => tell(Obeyed::NoShare),
                None => {}
            }
            seen = text;
        }
    }
}
