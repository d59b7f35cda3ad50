//! The strings by which a run is watched, paused and stopped from outside. Knows nothing of
//! signals and files: programs translate those.

use std::sync::Arc;

use tokio::sync::watch;

use crate::progress::Progress;

/// How far a run has been asked to stop.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stop {
    /// Not at all.
    #[default]
    No,
    /// Take no new users, finish those in work.
    Finish,
    /// End now; what is in work is left to the journal and the next run.
    Now,
}

/// Watches and steers one run. Clones steer the same run.
#[derive(Clone, Debug)]
pub struct RunControl(Arc<Strings>);

#[derive(Debug)]
struct Strings {
    progress: watch::Sender<Progress>,
    stop: watch::Sender<Stop>,
    paused: watch::Sender<bool>,
}

impl Default for RunControl {
    fn default() -> Self {
        RunControl::new()
    }
}

impl RunControl {
    /// A control for a run that is going to start.
    pub fn new() -> RunControl {
        RunControl(Arc::new(Strings {
            progress: watch::Sender::new(Progress::default()),
            stop: watch::Sender::new(Stop::No),
            paused: watch::Sender::new(false),
        }))
    }

    /// The run's progress, a few times a second.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Asks the run to stop. It cannot be asked to stop less.
    pub fn stop(&self, stop: Stop) {
        self.0.stop.send_if_modified(|current| {
            let more = stop > *current;
            *current = stop.max(*current);
            more
        });
    }

    /// Pauses the run, or lets it go on.
    pub fn pause(&self, paused: bool) {
        self.0.paused.send_replace(paused);
    }

    /// Whether the run is paused.
    pub fn is_paused(&self) -> bool {
        *self.0.paused.borrow()
    }

    /// How far the run has been asked to stop.
    pub fn stopping(&self) -> Stop {
        *self.0.stop.borrow()
    }

    /// Returns when the run is asked to stop at all.
    pub(crate) async fn stop_asked(&self) {
        let mut stop = self.0.stop.subscribe();
        // The sender lives as long as this value: waiting cannot fail.
        let _ = stop.wait_for(|stop| *stop != Stop::No).await;
    }

    /// Returns when the run is asked to stop at once.
    pub(crate) async fn stop_now_asked(&self) {
        let mut stop = self.0.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop == Stop::Now).await;
    }

    pub(crate) fn pauses(&self) -> watch::Receiver<bool> {
        self.0.paused.subscribe()
    }

    pub(crate) fn show(&self, change: impl FnOnce(&mut Progress)) {
        self.0.progress.send_modify(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_hard_cannot_be_taken_back() {
        let control = RunControl::new();
        control.stop(Stop::Now);
        control.stop(Stop::Finish);
        assert_eq!(control.stopping(), Stop::Now);
    }
}
