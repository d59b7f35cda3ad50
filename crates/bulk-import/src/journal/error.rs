//! What can go wrong with a journal, one kind for each thing an operator would do about it.

use std::path::{Path, PathBuf};

use crate::RunName;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The directory or a file in it cannot be made or opened.
    #[error("the journal directory cannot be used: {}", path.display())]
    Directory {
        /// The path that failed.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another process is writing this run.
    #[error(
        "another import is writing this run{}",
        process.map(|process| format!(" (process {process})")).unwrap_or_default()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Its process id, where it said so.
        process: Option<u32>,
    },
    /// There is no such run.
    #[error("there is no run `{run}`: {} does not exist", path.display())]
    Missing {
        /// The name asked for.
        run: RunName,
        /// Where its journal would be.
        path: PathBuf,
    },
    /// The ledger is another pool's.
    #[error("{} is the ledger of another user pool: its {what} differs", path.display())]
    OtherPool {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The run was started in shards, and again in another number of them.
    #[error("run `{run}` has journals of {} and of {} shards", counts[0], counts[1])]
    MixedShards {
        /// The run.
        run: RunName,
        /// Two of the numbers.
        counts: [u16; 2],
    },
    /// The file is something else, or damaged.
    #[error("{} is not the journal of an import run", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// The journal was written by another version.
    #[error("{} has format {found}, this version writes format {known}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// No space is left for the journal.
    #[error("no space is left for the journal {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// SQLite or the file system failed.
    #[error("{during} failed for the journal {}: {message}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// What was being done.
        during: &'static str,
        /// What SQLite said.
        message: String,
    },
}

impl JournalError {
    pub(crate) fn storage(path: &Path, during: &'static str, error: &sqlx::Error) -> JournalError {
        let path = path.to_owned();
        let code = |error: &dyn sqlx::error::DatabaseError| {
            error
                .code()
                .and_then(|code| code.parse::<i32>().ok())
                .unwrap_or_default()
        };
        match error {
            // sqlite.org "Result and Error Codes": FULL; NOTADB and CORRUPT by their low byte.
            // IOERR_SHMSIZE: no room even for the index of the write-ahead log, which is what a
            // disk that was full before says.
            sqlx::Error::Database(error) => match code(error.as_ref()) {
                4874 => JournalError::Full { path },
                code if code & 0xff == 13 => JournalError::Full { path },
                code if matches!(code & 0xff, 11 | 26) => JournalError::NotAJournal { path },
                _ => {
                    let message = error.message().to_owned();
                    JournalError::Storage {
                        path,
                        during,
                        message,
                    }
                }
            },
            // The values are names and ids; sqlx's texts for other errors carry none of them.
            other => JournalError::Storage {
                path,
                during,
                message: other.to_string(),
            },
        }
    }

    /// What to do about it, in one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            JournalError::Directory { .. } => {
                "give a directory that this user may write to, on a local disk"
            }
            JournalError::Locked { .. } => {
                "wait until it has ended, or give this import another name with --run"
            }
            JournalError::OtherPool { .. } => {
                "name the pool's own ledger with --ledger, or leave the flag out"
            }
            JournalError::Missing { .. } => "check the run's name and the directory of the runs",
            JournalError::MixedShards { .. } => {
                "move the journals of the division that is not meant to another directory"
            }
            JournalError::NotAJournal { .. } => {
                "give another run name, or restore the file from a backup"
            }
            JournalError::Format { .. } => "finish this run with the version that started it",
            JournalError::Full { .. } => "make space, then repeat the command: it resumes",
            JournalError::Storage { .. } => {
                "check the disk (a local one; WAL does not work over a network), then repeat the \
                 command: it resumes"
            }
        }
    }
}
