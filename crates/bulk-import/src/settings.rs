//! What an operator chooses for one run, beyond cutover.toml.

use std::path::PathBuf;

use crate::{KeepForFirstLogin, RunName};

/// The settings of an import run.
#[derive(Clone, Debug)]
pub struct ImportRun {
    /// The run's name; the same name resumes.
    pub name: RunName,
    /// The directory of the journals.
    pub directory: PathBuf,
    /// Import users who could still keep their password by signing in.
    pub approve_password_reset: bool,
    /// Of those, whom to leave for first login all the same.
    pub keep_for_first_login: Option<KeepForFirstLogin>,
    /// Try users again who failed in this run.
    pub retry_failed: bool,
    /// Users in work at a time.
    pub concurrency: usize,
}

impl ImportRun {
    /// Users in work at a time unless told otherwise. With Cognito's limits a fraction of them is
    /// ever in flight; without limits it hides the journal's commits (about 4 ms each).
    pub const DEFAULT_CONCURRENCY: usize = 96;

    /// A run with the cautious choices.
    pub fn new(name: RunName, directory: impl Into<PathBuf>) -> ImportRun {
        ImportRun {
            name,
            directory: directory.into(),
            approve_password_reset: false,
            keep_for_first_login: None,
            retry_failed: false,
            concurrency: Self::DEFAULT_CONCURRENCY,
        }
    }
}
