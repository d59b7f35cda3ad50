//! What an operator sees while an import runs, and how they stop it: one live line and a bar on a
//! terminal, plain lines elsewhere; the first Ctrl-C finishes what is in flight, the second ends
//! at once.

use std::io::IsTerminal;
use std::time::Duration;

use bulk_import::{Phase, Progress, RunControl, Stop, Waiting};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::exit_status::Failure;
use crate::output;

/// How often a terminal's line is drawn again.
const REDRAW: Duration = Duration::from_millis(200);
/// How often a plain line is written where no terminal is.
const PLAIN: Duration = Duration::from_secs(10);

/// Shows a run's progress until it is finished.
pub(crate) struct Watcher {
    task: JoinHandle<()>,
    bar: ProgressBar,
}

impl Watcher {
    /// Starts watching.
    pub(crate) fn start(control: &RunControl) -> Watcher {
        let progress = control.progress();
        let bar = ProgressBar::hidden();
        let task = if std::io::stderr().is_terminal() {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            bar.set_style(style());
            let bar = bar.clone();
            tokio::spawn(async move {
                let mut tick = interval(REDRAW);
                tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
                loop {
                    tick.tick().await;
                    draw(&bar, &progress.borrow());
                }
            })
        } else {
            tokio::spawn(async move {
                let mut tick = interval(PLAIN);
                tick.tick().await;
                loop {
                    tick.tick().await;
                    let line = line(&progress.borrow());
                    output::note(line);
                }
            })
        };
        Watcher { task, bar }
    }

    /// Stops watching and clears the line.
    pub(crate) async fn finish(self) {
        self.task.abort();
        let _ = self.task.await;
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:20} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▌░")
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total.max(1));
    bar.set_position(progress.done.min(progress.total.max(1)));
    bar.set_message(line(progress));
}

/// One line of progress: it fits 80 columns beside the bar.
fn line(progress: &Progress) -> String {
    let mut parts = vec![phase(progress.phase).to_owned()];
    if progress.total > 0 {
        parts.push(format!("{}/{}", progress.done, progress.total));
    } else if progress.done > 0 {
        parts.push(progress.done.to_string());
    }
    if progress.rate > 0.0 {
        parts.push(format!("{:.0}/s", progress.rate));
    }
    if let Some(left) = progress.time_left {
        parts.push(format!("{} left", duration(left)));
    }
    for (number, word) in [
        (progress.failed, "failed"),
        (progress.throttled, "throttled"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    parts.extend(progress.waiting.map(waiting));
    parts.join("  ")
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::ReadingPool => "reading the pool",
        Phase::Planning => "planning",
        Phase::CreatingGroups => "creating groups",
        Phase::Importing => "importing",
        Phase::AddingMemberships => "adding to groups",
        Phase::Undoing => "deleting",
        Phase::Finished => "finished",
    }
}

fn waiting(waiting: Waiting) -> String {
    match waiting {
        Waiting::Paused => "paused".to_owned(),
        Waiting::PoolUnreachable => "waits: the pool does not answer".to_owned(),
        Waiting::LegacyUnavailable => "waits: the legacy database does not answer".to_owned(),
        Waiting::Throttled(category) => format!("waits: {} throttled", category.name()),
        Waiting::Quota(category) => format!("paced by {}", category.name()),
    }
}

/// A time as `1 h 05 min`, `3 min 20 s`, `12 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// Lets SIGINT and SIGTERM stop the run: first gently, then at once.
pub(crate) fn obey_signals(control: &RunControl) -> Result<(), Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::usage("could not listen for signals").source(error))
    };
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    let control = control.clone();
    tokio::spawn(async move {
        for stop in [Stop::Finish, Stop::Now] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            output::note(match stop {
                Stop::Now => "stopping at once",
                _ => "finishing what is in flight; once more stops at once",
            });
            control.stop(stop);
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_everything_in_it_fits_a_terminal_beside_the_bar() {
        let progress = Progress {
            phase: Phase::Importing,
            done: 123_456,
            total: 9_999_999,
            rate: 25.0,
            time_left: Some(Duration::from_secs(360_000)),
            waiting: None,
            ..Progress::default()
        };
        let line = line(&progress);
        assert_eq!(line, "importing  123456/9999999  25/s  100 h 00 min left");
        assert!(line.chars().count() <= 58);
    }

    #[test]
    fn durations_are_said_in_two_units_at_most() {
        let said: Vec<_> = [12, 200, 3900]
            .map(|s| duration(Duration::from_secs(s)))
            .into_iter()
            .collect();
        assert_eq!(said, ["12 s", "3 min 20 s", "1 h 05 min"]);
    }
}
