//! The memory of a user pool, across runs: for each legacy key the `sub` that person became, how we
//! know, what both sides last agreed on, and whether they were deleted in the pool. One SQLite file
//! for each pool, at a place that does not depend on the working directory. A run's journal says
//! what that run did; this says who is who. Opens, creates and locks the file; knows neither
//! Cognito nor the legacy database. Written by import, reconciliation and undo.

mod base;
mod exchange;
mod hash_forms;
pub(crate) mod marks;
pub(crate) mod people;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use cognito_user_pool::{PoolAddress, PoolDescription, UserPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::import_error::ImportError;
use crate::journal::{BUSY, JournalError};
use crate::legacy_identity::LegacyIdentity;

pub(crate) use base::{Base, BaseKey};
pub(crate) use hash_forms::known_hash_forms;
pub use people::{IdMapRow, LedgerReader};
pub(crate) use people::{KnownWay, NewPerson, PoolSubs};

/// Raised when a table changes.
const FORMAT: i64 = 1;
/// Marks the file as ours for file(1) and for us: "cutl".
pub(crate) const APPLICATION: i64 = 0x6375_746c;

const TABLES: &str = "
CREATE TABLE ledger (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE people (
    legacy_id     TEXT PRIMARY KEY,
    sub           TEXT NOT NULL,
    pool_username TEXT NOT NULL,
    how           TEXT NOT NULL, -- created, found, hash-import, migrated, taken-over
    run           TEXT,          -- the run that created the user, or first saw them
    since         TEXT NOT NULL, -- by the pool's clock, where that is known
    finished      INTEGER NOT NULL DEFAULT 1, -- 0 while an import that created them is not through
    base          TEXT,          -- what both sides last agreed on; see ledger/base.rs
    deleted_at    TEXT           -- when the user was first found deleted in the pool
) WITHOUT ROWID;
CREATE INDEX people_by_sub ON people (sub);
";

/// The tables of an attached ledger that nobody has begun.
pub(crate) const EMPTY: &str = "
CREATE TABLE ledger.people (
    legacy_id TEXT PRIMARY KEY, sub TEXT, pool_username TEXT, how TEXT, run TEXT, since TEXT,
    finished INTEGER DEFAULT 1, base TEXT, deleted_at TEXT
) WITHOUT ROWID";

/// Where a pool's ledger is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LedgerPlace {
    /// In this folder, under a name that the pool decides.
    Folder(PathBuf),
    /// This file.
    File(PathBuf),
}

/// Which pool a ledger is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PoolIdentity {
    region: String,
    user_pool_id: String,
    /// A rehearsal pool may bear the id of the real one.
    is_local: bool,
    /// When the pool was created: another pool of the same id is another pool.
    created: Option<DateTime<Utc>>,
}

impl PoolIdentity {
    pub(crate) fn of(address: &PoolAddress, description: &PoolDescription) -> PoolIdentity {
        PoolIdentity {
            region: address.region().to_owned(),
            user_pool_id: address.user_pool_id().to_owned(),
            is_local: address.is_loopback(),
            created: description.created,
        }
    }

    /// The file's name in a folder. Of pools on this machine each has one of its own, so that
    /// practising never touches the ledger of the real pool.
    fn file_name(&self) -> String {
        let id = &self.user_pool_id;
        match (self.is_local, self.created) {
            (false, _) => format!("ledger-{id}.sqlite3"),
            (true, Some(created)) => {
                format!("ledger-{id}-local-{}.sqlite3", created.timestamp_millis())
            }
            (true, None) => format!("ledger-{id}-local.sqlite3"),
        }
    }

    fn rows(&self) -> [(&'static str, String); 4] {
        let created = self.created.map(|created| created.to_rfc3339());
        [
            ("region", self.region.clone()),
            ("user_pool_id", self.user_pool_id.clone()),
            ("is_local", self.is_local.to_string()),
            ("pool_created", created.unwrap_or_default()),
        ]
    }
}

impl LedgerPlace {
    pub(crate) fn path(&self, pool: &PoolIdentity) -> PathBuf {
        match self {
            LedgerPlace::Folder(folder) => folder.join(pool.file_name()),
            LedgerPlace::File(path) => path.clone(),
        }
    }
}

/// Who else may write the ledger meanwhile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hold {
    /// Nobody.
    Alone,
    /// The other shards of the same run.
    WithShards,
}

/// A ledger that this process may write, attached to a journal's connection. The lock is held for as
/// long as this value lives.
pub struct Ledger {
    pub(crate) path: PathBuf,
    pub(crate) key: BaseKey,
    #[expect(dead_code, reason = "held, not read")]
    lock: File,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger of this pool for writing, and keeps every other writer out.
    ///
    /// # Errors
    ///
    /// When the pool does not answer, or the ledger is another pool's or in use.
    pub async fn hold(place: &LedgerPlace, pool: &UserPool) -> Result<Ledger, ImportError> {
        let description = pool.describe_user_pool().await?;
        let identity = PoolIdentity::of(pool.address(), &description);
        Ok(Ledger::open_or_begin(place, &identity, Hold::Alone).await?)
    }

    /// Binds the ledger to a legacy database, or says how it is another one than that of before.
    pub(crate) async fn bind_legacy(
        &self,
        legacy: &LegacyIdentity,
    ) -> Result<Option<String>, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "binding it", &error);
        let mut connection = connect(&self.path).await?;
        let select = "SELECT value FROM ledger WHERE key = 'legacy'";
        let before = sqlx::query(select).fetch_optional(&mut connection).await;
        if let Some(row) = before.map_err(storage)? {
            let before = LegacyIdentity::from_text(row.get(0));
            // A copy, a replica or another name of the server has the same people.
            return Ok(before.other_people(legacy));
        }
        let insert = "INSERT INTO ledger (key, value) VALUES ('legacy', ?1)";
        let insert = sqlx::query(insert).bind(legacy.to_text());
        insert.execute(&mut connection).await.map_err(storage)?;
        Ok(None)
    }

    /// Forgets people who were deleted in the pool; legacy ids and `sub`s of those there were.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn forget(
        &self,
        legacy_ids: &[String],
    ) -> Result<Vec<(String, String)>, JournalError> {
        let ids = serde_json::to_string(legacy_ids).expect("ids are text");
        let delete = "DELETE FROM people WHERE deleted_at IS NOT NULL
                      AND legacy_id IN (SELECT value FROM json_each(?1))
                      RETURNING legacy_id, sub";
        let mut connection = connect(&self.path).await?;
        let deleted = sqlx::query(delete).bind(ids).fetch_all(&mut connection);
        let row = |row: sqlx::sqlite::SqliteRow| (row.get(0), row.get(1));
        deleted
            .await
            .map(|rows| rows.into_iter().map(row).collect())
            .map_err(|error| JournalError::storage(&self.path, "writing it", &error))
    }

    /// The key of a ledger's digests, without writing; of one that is not there, any.
    pub(crate) async fn key_of(path: &Path, pool: &PoolIdentity) -> Result<BaseKey, JournalError> {
        if !path.exists() {
            return Ok(BaseKey::random());
        }
        let mut connection = connect(path).await?;
        check(&mut connection, path, pool).await
    }

    /// Opens the pool's ledger for writing, or starts it.
    pub(crate) async fn open_or_begin(
        place: &LedgerPlace,
        pool: &PoolIdentity,
        hold: Hold,
    ) -> Result<Ledger, JournalError> {
        let path = place.path(pool);
        let unusable = |source| JournalError::Directory {
            path: path.clone(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(unusable)?;
        }
        let lock = lock(&path.with_extension("lock"), hold)?;
        let mut connection = connect(&path).await?;
        let key = begin_or_check(&mut connection, &path, pool).await?;
        let closed = connection.close().await;
        closed.map_err(|error| JournalError::storage(&path, "opening it", &error))?;
        Ok(Ledger { path, key, lock })
    }
}

async fn connect(path: &Path) -> Result<SqliteConnection, JournalError> {
    // Usernames are personal data: the file is the operator's alone.
    let private = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path);
    private.map_err(|source| JournalError::Directory {
        path: path.to_owned(),
        source,
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let connected = options.connect().await;
    connected.map_err(|error| JournalError::storage(path, "opening it", &error))
}

async fn begin_or_check(
    connection: &mut SqliteConnection,
    path: &Path,
    pool: &PoolIdentity,
) -> Result<BaseKey, JournalError> {
    let storage = |error| JournalError::storage(path, "opening it", &error);
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(storage)?;
    let format = sqlx::query("PRAGMA user_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(storage)?;
    let key = match format.get::<i64, usize>(0) {
        0 => {
            let marks = format!(
                "{TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(marks))
                .execute(&mut *transaction)
                .await
                .map_err(storage)?;
            let key = BaseKey::random();
            for (name, value) in pool.rows().into_iter().chain([("key", key.to_hex())]) {
                let row = sqlx::query("INSERT INTO ledger (key, value) VALUES (?1, ?2)");
                let row = row.bind(name).bind(value).execute(&mut *transaction);
                row.await.map_err(storage)?;
            }
            key
        }
        FORMAT => check(&mut transaction, path, pool).await?,
        found => {
            return Err(JournalError::Format {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
    };
    transaction.commit().await.map_err(storage)?;
    Ok(key)
}

async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
    pool: &PoolIdentity,
) -> Result<BaseKey, JournalError> {
    let storage = |error| JournalError::storage(path, "opening it", &error);
    let not_ours = || JournalError::NotAJournal {
        path: path.to_owned(),
    };
    let rows = sqlx::query("SELECT key, value FROM ledger")
        .fetch_all(connection)
        .await
        .map_err(storage)?;
    let rows: std::collections::BTreeMap<String, String> = rows
        .into_iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    for (name, value) in pool.rows() {
        if rows.get(name) != Some(&value) {
            return Err(JournalError::OtherPool {
                path: path.to_owned(),
                what: name,
            });
        }
    }
    let key = rows.get("key").and_then(|key| BaseKey::from_hex(key));
    key.ok_or_else(not_ours)
}

fn lock(path: &Path, hold: Hold) -> Result<File, JournalError> {
    let unusable = |source| JournalError::Directory {
        path: path.to_owned(),
        source,
    };
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(unusable)?;
    let locked = match hold {
        Hold::Alone => file.try_lock(),
        Hold::WithShards => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message: without it the message is shorter.
            file.read_to_string(&mut holder).unwrap_or_default();
            return Err(JournalError::Locked {
                path: path.to_owned(),
                process: holder.trim().parse().ok(),
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
