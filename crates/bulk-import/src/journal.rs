//! The memory of a run: one SQLite file per run, written by one process at a time, readable by
//! hand (`sqlite3 runs/NAME.sqlite3 'SELECT * FROM users LIMIT 5'`). Opens, creates and locks
//! the file; what stands in it is in the modules below. Knows neither Cognito nor the legacy
//! database.
//!
//! WAL with `synchronous = FULL`: a commit that was acknowledged survives the machine's power
//! cord (sqlite.org, "PRAGMA synchronous").

mod birth;
mod error;
mod header;
mod import_jobs;
mod outcomes;
mod own_users;
mod pending;
mod planning;
mod run_journals;
mod schema;
mod status;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use crate::RunName;
use crate::ledger::Ledger;

pub use error::JournalError;
pub(crate) use header::{Header, KeyKind, Target};
pub(crate) use import_jobs::{JobEnd, JobFacts, JobRow, Made, Missing, OpenJob};
pub use outcomes::OutcomeRow;
pub(crate) use own_users::OwnUser;
pub(crate) use pending::{Pending, PendingUser, State};
pub(crate) use planning::{Lesson, PlannedUser, PoolUserRow, creations_digest};
pub use run_journals::RunJournals;
pub(crate) use run_journals::{Recorded, divided_differently};
pub(crate) use schema::APPLICATION as JOURNAL_APPLICATION;
pub(crate) use status::by_outcome;
pub use status::{ReasonCount, RunStatus};
pub(crate) use writer::{Entry, JournalWriter, WriterGone, WriterHandle};

/// A journal open for writing. The lock is held for as long as this value or its writer lives.
pub(crate) struct Journal {
    path: PathBuf,
    connection: SqliteConnection,
    lock: Lock,
}

/// What keeps a second writer out.
pub(crate) enum Lock {
    /// An advisory lock on `NAME.lock`, released by the kernel when the process ends in any way.
    /// Not on the journal itself: closing a second descriptor of that file would drop SQLite's
    /// own locks (fcntl(2)).
    #[expect(dead_code, reason = "held, not read")]
    File(File),
    /// The journal of a dry run, in a directory of its own that goes when this does.
    #[expect(dead_code, reason = "held, not read")]
    Temporary(tempfile::TempDir),
}

impl Journal {
    /// Opens the run's journal for writing, or starts it with this header.
    pub(crate) async fn open_or_begin(
        directory: &Path,
        run: &RunName,
        first: &Header,
        ledger: &Ledger,
    ) -> Result<Journal, JournalError> {
        let unusable = |source| JournalError::Directory {
            path: directory.to_owned(),
            source,
        };
        fs::create_dir_all(directory).map_err(unusable)?;
        let lock = lock(&directory.join(format!("{run}.lock")))?;
        let path = journal_path(directory, run);
        if !path.exists() {
            birth::begin(&path, first).await?;
        }
        Journal::open_locked(path, lock, ledger).await
    }

    /// Opens the journal of a run that exists for writing.
    pub(crate) async fn open(
        directory: &Path,
        run: &RunName,
        ledger: &Ledger,
    ) -> Result<Journal, JournalError> {
        let path = existing(directory, run)?;
        let lock = lock(&directory.join(format!("{run}.lock")))?;
        Journal::open_locked(path, lock, ledger).await
    }

    async fn open_locked(
        path: PathBuf,
        lock: File,
        ledger: &Ledger,
    ) -> Result<Journal, JournalError> {
        let options = options(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = connect(&path, options).await?;
        schema::take_over(&mut connection, &path).await?;
        let name = ledger.path.display().to_string();
        attach(&mut connection, &path, &name).await?;
        Ok(Journal {
            path,
            connection,
            lock: Lock::File(lock),
        })
    }

    /// A journal that leaves nothing behind: for a dry run, which reads the ledger if there is one.
    pub(crate) async fn temporary(ledger: Option<&Path>) -> Result<Journal, JournalError> {
        let unusable = |source| JournalError::Directory {
            path: std::env::temp_dir(),
            source,
        };
        let directory = tempfile::TempDir::with_prefix("cutover-plan-").map_err(unusable)?;
        let path = directory.path().join("plan.sqlite3");
        let options = options(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off);
        let mut connection = connect(&path, options).await?;
        schema::create(&mut connection, &path).await?;
        attach_or_empty(&mut connection, &path, ledger).await?;
        Ok(Journal {
            path,
            connection,
            lock: Lock::Temporary(directory),
        })
    }

    /// Opens a run's journal for reading, also while another process writes it.
    pub(crate) async fn read(
        directory: &Path,
        run: &RunName,
    ) -> Result<JournalReader, JournalError> {
        JournalReader::open(existing(directory, run)?).await
    }

    /// Another connection to the same journal, for reading beside the writer.
    pub(crate) async fn reader(&self) -> Result<JournalReader, JournalError> {
        JournalReader::open(self.path.clone()).await
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A journal open for reading.
pub(crate) struct JournalReader {
    path: PathBuf,
    connection: SqliteConnection,
}

impl JournalReader {
    async fn open(path: PathBuf) -> Result<JournalReader, JournalError> {
        let options = SqliteConnectOptions::new().filename(&path).read_only(true);
        let options = options.busy_timeout(BUSY).disable_statement_logging();
        let connect = options.connect().await;
        let mut connection =
            connect.map_err(|error| JournalError::storage(&path, "opening it", &error))?;
        schema::check(&mut connection, &path).await?;
        Ok(JournalReader { path, connection })
    }
}

/// Opens the ledger beside the journal, so that what a run does to a person and what is known of the
/// person are one transaction.
async fn attach(
    connection: &mut SqliteConnection,
    path: &Path,
    ledger: &str,
) -> Result<(), JournalError> {
    let attached = sqlx::query("ATTACH DATABASE ?1 AS ledger").bind(ledger);
    let attached = attached.execute(connection).await;
    attached
        .map(drop)
        .map_err(|error| JournalError::storage(path, "opening the ledger", &error))
}

/// The ledger beside a temporary file; where there is none, one that knows nobody.
pub(crate) async fn attach_or_empty(
    connection: &mut SqliteConnection,
    path: &Path,
    ledger: Option<&Path>,
) -> Result<(), JournalError> {
    if let Some(ledger) = ledger.filter(|ledger| ledger.exists()) {
        return attach(connection, path, &ledger.display().to_string()).await;
    }
    attach(connection, path, ":memory:").await?;
    let made = sqlx::raw_sql(crate::ledger::EMPTY)
        .execute(connection)
        .await;
    made.map(drop)
        .map_err(|error| JournalError::storage(path, "starting it", &error))
}

/// A checkpoint by another connection may hold the file for a moment.
pub(crate) const BUSY: Duration = Duration::from_secs(10);

fn journal_path(directory: &Path, run: &RunName) -> PathBuf {
    directory.join(format!("{run}.sqlite3"))
}

fn existing(directory: &Path, run: &RunName) -> Result<PathBuf, JournalError> {
    let path = journal_path(directory, run);
    if path.exists() {
        return Ok(path);
    }
    let run = run.clone();
    Err(JournalError::Missing { run, path })
}

/// What every connection that writes has in common.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        // Sorting a million rows must not happen in memory.
        .pragma("temp_store", "FILE")
        .pragma("cache_size", "-16000")
        .disable_statement_logging()
}

async fn connect(
    path: &Path,
    options: SqliteConnectOptions,
) -> Result<SqliteConnection, JournalError> {
    let connection = options.connect().await;
    connection.map_err(|error| JournalError::storage(path, "opening it", &error))
}

pub(crate) fn lock(path: &Path) -> Result<File, JournalError> {
    let unusable = |source| JournalError::Directory {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600);
    let mut file = options.open(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message: without it the message is shorter.
            file.read_to_string(&mut holder).unwrap_or_default();
            let process = holder.trim().parse().ok();
            return Err(JournalError::Locked {
                path: path.to_owned(),
                process,
            });
        }
        Err(TryLockError::Error(source)) => return Err(unusable(source)),
    }
    let write_pid = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write_pid(&mut file).map_err(unusable)?;
    Ok(file)
}
