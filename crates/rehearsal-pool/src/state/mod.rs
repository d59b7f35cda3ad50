//! Keeping a service's state in a file, so that an app under development keeps its users.
//!
//! Responsible for the file: one owner at a time, whole at every instant, for its owner's eyes.
//! What is in it is `saved_service`'s. Called by `running`, which says when.
//!
//! What goes on after a restart: pools, app clients, keys, users with their passwords, groups,
//! revocations, the clock. What ends with the program: open challenges, codes that were sent, the
//! outbox, import jobs, counts of requests and failures, faults.

mod keeper;
mod saved_pool;
mod saved_service;
mod saved_user;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub(crate) use self::keeper::Keeper;
pub(crate) use self::saved_service::{SavedMain, SavedService};

/// Why the state cannot be kept in a file, or not be taken from it.
#[derive(Debug, Error)]
pub enum StateError {
    /// Another running pool has it.
    #[error("another pool keeps its state in {path}")]
    Taken {
        /// The file.
        path: String,
    },
    /// It cannot be read or written.
    #[error("the state file {path} cannot be read or written")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is none, or of another version of this program.
    #[error("{path} is no state of this version of the rehearsal pool")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The options and the state do not go together.
    #[error("the state in {path} does not fit: {reason}")]
    Unfit {
        /// The file.
        path: String,
        /// What does not fit.
        reason: String,
    },
}

/// The file, and the right to it for as long as this value lives.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    _lock: File,
}

impl StateFile {
    /// Takes the right to the file, which need not be there yet.
    pub(crate) fn take(path: &Path) -> Result<Self, StateError> {
        let shown = || path.display().to_string();
        let file_error = |source| StateError::File {
            path: shown(),
            source,
        };
        // Beside the file: that one is replaced at every save.
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(beside(path, "lock"))
            .map_err(file_error)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StateError::Taken { path: shown() }),
            Err(TryLockError::Error(source)) => Err(file_error(source)),
        }
    }

    /// What was saved, if anything.
    pub(crate) fn read(&self) -> Result<Option<SavedService>, StateError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.error(source)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| StateError::Unreadable {
                path: self.path.display().to_string(),
                source,
            })
    }

    /// Puts a state in the place of the one before. Whenever the program or the machine stops, one
    /// of the two is there, whole.
    pub(crate) fn write(&self, text: &[u8]) -> Result<(), StateError> {
        self.replace(text).map_err(|source| self.error(source))
    }

    /// A state that does not go together with the options.
    pub(crate) fn unfit(&self, reason: impl Into<String>) -> StateError {
        StateError::Unfit {
            path: self.path.display().to_string(),
            reason: reason.into(),
        }
    }

    fn replace(&self, text: &[u8]) -> std::io::Result<()> {
        let new = beside(&self.path, "new");
        // Left by a crash it may have anybody's permissions.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        let folder = self.path.parent().filter(|path| *path != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn error(&self, source: std::io::Error) -> StateError {
        StateError::File {
            path: self.path.display().to_string(),
            source,
        }
    }
}

/// `state.json` -> `state.json.new`: in the same folder, so that a rename is enough.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_state_file_has_one_owner_and_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state.json");
        let file = StateFile::take(&path).expect("nobody has it");
        assert!(
            file.read().expect("readable").is_none(),
            "nothing was saved"
        );
        assert!(matches!(
            StateFile::take(&path),
            Err(StateError::Taken { .. })
        ));
        // What a crash in the middle of a save leaves behind.
        std::fs::write(beside(&path, "new"), "half").expect("writable");
        file.write(b"{}").expect("saved");
        assert_eq!(std::fs::read(&path).expect("there"), b"{}");
        assert!(!beside(&path, "new").exists());
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "private keys are in it");
        assert!(matches!(file.read(), Err(StateError::Unreadable { .. })));
        drop(file);
        StateFile::take(&path).expect("given back");
    }
}
