//! What an operator sees while an import runs, and how they stop it: a bar and a live line on a
//! terminal, plain or JSON lines elsewhere; the first Ctrl-C finishes what is in flight, the second ends
//! at once.

use std::io::IsTerminal;
use std::time::Duration;

use bulk_import::{Phase, Progress, RunControl, Stop, Waiting};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};
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
    bar: Option<ProgressBar>,
}

impl Watcher {
    /// Starts watching.
    pub(crate) fn start(control: &RunControl) -> Watcher {
        let progress = control.progress();
        if !std::io::stderr().is_terminal() || output::is_json() {
            let task = tokio::spawn(async move {
                let mut tick = interval(PLAIN);
                tick.tick().await;
                loop {
                    tick.tick().await;
                    let now = *progress.borrow();
                    let [first, second] = lines(&now);
                    output::progress(format!("{first}  {second}").trim_end(), fields(&now));
                }
            });
            return Watcher { task, bar: None };
        }
        let bar = ProgressBar::new(1);
        bar.set_style(style());
        output::set_bar(Some(bar.clone()));
        let drawn = bar.clone();
        let task = tokio::spawn(async move {
            let mut tick = interval(REDRAW);
            tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                tick.tick().await;
                draw(&drawn, &progress.borrow());
            }
        });
        Watcher {
            task,
            bar: Some(bar),
        }
    }

    /// Stops watching and clears the lines.
    pub(crate) async fn finish(self) {
        self.task.abort();
        let _ = self.task.await;
        if let Some(bar) = self.bar {
            output::set_bar(None);
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    // No line is padded to the terminal's width: the ^C that a terminal echoes would start another.
    ProgressStyle::with_template("{bar:16} {prefix}\n{msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▌░")
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let [first, second] = lines(progress);
    bar.set_length(progress.total.max(1));
    bar.set_position(progress.done.min(progress.total.max(1)));
    bar.set_prefix(first);
    bar.set_message(second);
}

/// What is done, and how it goes: the first fits 80 columns beside the bar, the second a line of
/// its own.
fn lines(progress: &Progress) -> [String; 2] {
    let mut first = vec![phase(progress.phase).to_owned()];
    if progress.total > 0 {
        first.push(format!("{}/{}", progress.done, progress.total));
    } else if progress.done > 0 {
        first.push(progress.done.to_string());
    }
    if progress.rate > 0.0 {
        first.push(format!("{:.0}/s", progress.rate));
    }
    if let Some(left) = progress.time_left {
        first.push(format!("{} left", duration(left)));
    }
    let counts = [
        (progress.in_flight, "in flight"),
        (progress.throttled, "throttled"),
        (progress.failed, "failed"),
    ];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let mut second: Vec<String> = counts
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    second.extend(progress.waiting.map(waiting));
    [first.join("  "), second.join(", ")]
}

/// The same for a program.
fn fields(progress: &Progress) -> Map<String, Value> {
    let fields = json!({
        "phase": phase(progress.phase),
        "done": progress.done,
        "total": progress.total,
        "created": progress.created,
        "already_in_pool": progress.already_in_pool,
        "held": progress.held,
        "failed": progress.failed,
        "in_flight": progress.in_flight,
        "throttled": progress.throttled,
        "users_a_second": progress.rate,
        "seconds_left": progress.time_left.map(|left| left.as_secs()),
        "waiting": progress.waiting.map(waiting),
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::ReadingPool => "reading the pool",
        Phase::Planning => "planning",
        Phase::CreatingGroups => "creating groups",
        Phase::WritingImportFile => "writing the import file",
        Phase::ImportJob => "import job",
        Phase::Importing => "importing",
        Phase::Fixing => "fixing differences",
        Phase::Undoing => "deleting",
        Phase::Finished => "finished",
    }
}

fn waiting(waiting: Waiting) -> String {
    match waiting {
        Waiting::Paused => "paused".to_owned(),
        Waiting::PoolUnreachable => "waits: the pool does not answer".to_owned(),
        Waiting::SessionExpired => "waits: the AWS session has ended, sign in again".to_owned(),
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
    use cognito_user_pool::QuotaCategory;

    #[test]
    fn lines_with_everything_in_them_fit_a_terminal() {
        let progress = Progress {
            phase: Phase::Importing,
            done: 8_123_456,
            total: 9_999_999,
            rate: 25.0,
            time_left: Some(Duration::from_secs(360_000)),
            in_flight: 256,
            throttled: 1_234,
            failed: 567,
            waiting: Some(Waiting::Throttled(QuotaCategory::UserAccountRecovery)),
            ..Progress::default()
        };
        let [first, second] = lines(&progress);
        assert_eq!(first, "importing  8123456/9999999  25/s  100 h 00 min left");
        assert!(16 + 1 + first.chars().count() <= 80);
        let expected =
            "256 in flight, 1234 throttled, 567 failed, waits: UserAccountRecovery throttled";
        assert_eq!(second, expected);
        assert!(second.chars().count() <= 80);
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
