//! The only ways out: results to stdout, everything else to stderr, files whole or not at all.
//! Nothing else in this crate prints.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{SecondsFormat, Utc};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::LogFormat;
use crate::exit_status::{ExitStatus, Failure};
use crate::telemetry::Telemetry;

/// Writes one line of result. A closed pipe ends the program quietly, as `head` expects.
pub(crate) fn result(line: impl Display) {
    let line = for_reader(&line.to_string(), io::stdout().is_terminal());
    if writeln!(io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Clears the screen of a terminal, so that a view stands where the last one stood.
pub(crate) fn clear_screen() {
    if io::stdout().is_terminal() {
        // CSI 2 J and H: ECMA-48.
        result("\u{1b}[2J\u{1b}[H");
    }
}

/// Writes one line for the person watching.
pub(crate) fn note(line: impl Display) {
    tell("INFO", &line.to_string(), Map::new());
}

/// Writes a command to be copied: on a line of its own, whole however long.
pub(crate) fn command(command: &str) {
    if is_json() {
        tell("INFO", command, Map::new());
    } else {
        write_note(&format!("  {command}"));
    }
}

/// Writes one line of progress where no bar is drawn; a program reads its fields.
pub(crate) fn progress(line: &str, fields: Map<String, Value>) {
    tell("INFO", if is_json() { "progress" } else { line }, fields);
}

/// Prints a failure with its causes and the next step.
pub(crate) fn failure(failure: &Failure) {
    let mut causes = Vec::new();
    let mut cause = failure
        .source
        .as_deref()
        .map(|source| source as &dyn std::error::Error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    if is_json() {
        let fields = json!({"causes": causes, "hint": failure.hint, "resume": failure.resume});
        tell(
            "ERROR",
            &failure.message,
            fields.as_object().cloned().unwrap_or_default(),
        );
        return;
    }
    note(format_args!("error: {}", failure.message));
    for cause in causes {
        note(format_args!("  caused by: {cause}"));
    }
    if let Some(hint) = &failure.hint {
        note(format_args!("hint: {hint}"));
    }
    if let Some(resume) = &failure.resume {
        note("to go on:");
        command(resume);
    }
}

/// The bar that stands on the last lines of the terminal, if one does: whatever else is written
/// goes above it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Says which bar is drawn from now on, if any.
pub(crate) fn set_bar(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Whether stderr is for a program, not for a person.
pub(crate) fn is_json() -> bool {
    matches!(FORMAT.get(), Some(LogFormat::Json))
}

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

fn tell(level: &str, message: &str, mut fields: Map<String, Value>) {
    if !is_json() {
        write_note(&for_reader(message, io::stderr().is_terminal()));
        return;
    }
    // The form of the log's own JSON lines, so that one reader takes both.
    fields.insert("message".to_owned(), json!(message));
    let timestamp = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let line =
        json!({"timestamp": timestamp, "level": level, "fields": fields, "target": "cutover"});
    write_note(&line.to_string());
}

fn write_note(line: &str) {
    above_the_bar(|| {
        // Nobody watching is no reason to stop.
        let _ = writeln!(io::stderr(), "{line}");
    });
}

fn above_the_bar(write: impl FnOnce()) {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner);
    match &*bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Stderr, above the bar; the log hands over whole lines.
struct AboveTheBar;

impl Write for AboveTheBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = for_reader(&text, io::stderr().is_terminal() && !is_json());
        above_the_bar(|| {
            let _ = io::stderr().write_all(text.as_bytes());
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// What fits every terminal.
const COLUMNS: usize = 80;

/// A line broken between words where a person reads it; as it is for a file or another program.
fn for_reader(text: &str, is_terminal: bool) -> String {
    if !is_terminal {
        return text.to_owned();
    }
    text.split('\n').map(broken).collect::<Vec<_>>().join("\n")
}

/// One line, broken between words; the rest stands two columns further in.
fn broken(line: &str) -> String {
    let indent = line.chars().take_while(|c| *c == ' ').count() + 2;
    let mut lines = String::new();
    let mut column = 0;
    for (index, word) in line.split(' ').enumerate() {
        let length = columns_of(word);
        if index > 0 && column + 1 + length > COLUMNS && column > indent {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if index > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

/// How many columns a word takes: the log's colours take none.
fn columns_of(word: &str) -> usize {
    let mut in_escape = false;
    word.chars()
        .filter(|c| match in_escape {
            true => {
                in_escape = !c.is_ascii_alphabetic();
                false
            }
            false => {
                in_escape = *c == '\u{1b}';
                !in_escape
            }
        })
        .count()
}

/// Prints what clap has to say: help to stdout with 0, a usage error to stderr with 2.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitStatus::Fine.into();
    }
    let text = error.render().to_string();
    write_note(&for_reader(text.trim_end(), io::stderr().is_terminal()));
    ExitStatus::Usage.into()
}

/// Starts the log on stderr. RUST_LOG chooses the levels; warnings are the default.
pub(crate) fn start_log(format: LogFormat, telemetry: Option<&Telemetry>) {
    let mut filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::WARN.into())
        .from_env_lossy();
    if std::env::var_os("RUST_LOG").is_none() {
        // Each look for credentials in vain fills a screen; what that means is our error to say.
        let quiet = "aws_config=error".parse();
        filter = filter.add_directive(quiet.expect("a target and a level"));
    }
    let lines = tracing_subscriber::fmt::layer().with_writer(|| AboveTheBar);
    let lines = match format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let _ = FORMAT.set(format);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(telemetry.map(Telemetry::layer))
        .init();
}

/// Writes a JSON file by rename, so that a reader finds the whole of it or none.
pub(crate) fn json_file(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| {
        Failure::new(ExitStatus::Halted, "a report has no JSON form").source(error)
    })?;
    text.push('\n');
    whole_file(path, text.as_bytes())
}

/// Writes a file by rename beside it.
pub(crate) fn whole_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let partial = Partial::beside(path);
    std::fs::write(partial.write_to(), bytes).map_err(|error| partial.failure(error))?;
    partial.complete()
}

/// Finds out before the work whether its result can be written afterwards.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    let partial = Partial::beside(path);
    std::fs::write(partial.write_to(), "").map_err(|error| partial.failure(error))
}

/// A file that is being written; it takes its name only when it is whole, and is removed when it
/// never becomes so.
pub(crate) struct Partial {
    path: PathBuf,
    partial: PathBuf,
}

impl Partial {
    pub(crate) fn beside(path: &Path) -> Partial {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        Partial {
            path: path.to_owned(),
            partial: partial.into(),
        }
    }

    pub(crate) fn write_to(&self) -> &Path {
        &self.partial
    }

    pub(crate) fn complete(self) -> Result<(), Failure> {
        std::fs::rename(&self.partial, &self.path).map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> Failure {
        Failure::usage(format!("could not write {}", self.path.display()))
            .source(error)
            .hint("check that the folder exists, is yours, and has room")
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already when it was completed.
        let _ = std::fs::remove_file(&self.partial);
    }
}

/// A CSV file that takes its name only when its last row is written.
pub(crate) struct CsvFile {
    partial: Partial,
    writer: csv::Writer<std::fs::File>,
}

impl CsvFile {
    /// Begins a file with its header row.
    pub(crate) fn begin(path: &Path, columns: &[&str]) -> Result<CsvFile, Failure> {
        let partial = Partial::beside(path);
        let writer = csv::Writer::from_path(partial.write_to())
            .map_err(|error| partial.failure(error.into()))?;
        let mut file = CsvFile { partial, writer };
        file.row(columns)?;
        Ok(file)
    }

    pub(crate) fn row(&mut self, fields: &[&str]) -> Result<(), Failure> {
        let written = self.writer.write_record(fields);
        written.map_err(|error| self.partial.failure(error.into()))
    }

    pub(crate) fn complete(mut self) -> Result<(), Failure> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| self.partial.failure(error))?;
        drop(self.writer);
        self.partial.complete()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_between_words_on_a_terminal_alone() {
        let text = "hint: a sentence that is so long that it does not fit into the eighty columns of a terminal";
        assert_eq!(for_reader(text, false), text);
        let shown = for_reader(text, true);
        assert_eq!(shown.lines().count(), 2);
        assert!(
            shown.lines().all(|line| line.chars().count() <= COLUMNS),
            "{shown}"
        );
        assert_eq!(shown.replace("\n  ", " "), text);
        let coloured = text.replacen("hint", "\u{1b}[33mhint\u{1b}[0m", 1);
        let plain = for_reader(&coloured, true);
        let plain = plain.replace("\u{1b}[33m", "").replace("\u{1b}[0m", "");
        assert_eq!(plain, shown, "colours take no columns");
        let path = format!("could not write {}", "x".repeat(100));
        assert_eq!(for_reader(&path, true).replace("\n  ", " "), path);
    }
}
