//! Starts a journal. The file takes its name only when it is whole, tables and header, so that a
//! process killed meanwhile leaves no journal that nobody can read. Called with the run's lock
//! held.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

use super::{Header, JournalError, connect, header, options, schema};

/// Makes the journal at `path`, which must not be there yet.
pub(super) async fn begin(path: &Path, first: &Header) -> Result<(), JournalError> {
    let unusable = |source| JournalError::Directory {
        path: path.to_owned(),
        source,
    };
    let unborn = beside(path, ".new");
    // Of a process that was killed at this. A rollback journal would be applied to the new file.
    remove(&unborn).map_err(unusable)?;
    remove(&beside(&unborn, "-journal")).map_err(unusable)?;
    private_file(&unborn).map_err(unusable)?;
    // No write-ahead log yet: the file alone is to hold everything when it is renamed.
    let options = options(&unborn)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = connect(path, options).await?;
    schema::create(&mut connection, path).await?;
    header::write(&mut connection, path, first).await?;
    let closed = connection.close().await;
    closed.map_err(|error| JournalError::storage(path, "starting it", &error))?;
    fs::rename(&unborn, path).map_err(unusable)?;
    // The name survives a power cut only when its directory is on disk.
    let directory = path.parent().filter(|parent| parent.is_dir());
    File::open(directory.unwrap_or(Path::new(".")))
        .and_then(|directory| directory.sync_all())
        .map_err(unusable)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Usernames are personal data: the file is the operator's alone.
fn private_file(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}
