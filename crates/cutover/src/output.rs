//! The only ways out: results to stdout, everything else to stderr, files whole or not at all.
//! Nothing else in this crate prints.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::arguments::LogFormat;
use crate::exit_status::{ExitStatus, Failure};

/// Writes one line of result. A closed pipe ends the program quietly, as `head` expects.
pub(crate) fn result(line: impl Display) {
    if writeln!(io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Writes one line for the person watching.
pub(crate) fn note(line: impl Display) {
    // Nobody watching is no reason to stop.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a failure with its causes and the next step.
pub(crate) fn failure(failure: &Failure) {
    note(format_args!("error: {}", failure.message));
    let mut cause = failure
        .source
        .as_deref()
        .map(|source| source as &dyn std::error::Error);
    while let Some(error) = cause {
        note(format_args!("  caused by: {error}"));
        cause = error.source();
    }
    if let Some(hint) = &failure.hint {
        note(format_args!("hint: {hint}"));
    }
}

/// Prints what clap has to say: help to stdout with 0, a usage error to stderr with 2.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.use_stderr() {
        true => ExitStatus::Usage.into(),
        false => ExitStatus::Fine.into(),
    }
}

/// Starts the log on stderr. RUST_LOG chooses the levels; warnings are the default.
pub(crate) fn start_log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::WARN.into())
        .from_env_lossy();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().init(),
    }
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
