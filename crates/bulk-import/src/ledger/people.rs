//! The people of a ledger: who became which `sub`. Reads and writes the `people` table; who is
//! proven is decided elsewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};

use super::{APPLICATION, LedgerPlace};
use crate::journal::{BUSY, JournalError};

/// Somebody whose `sub` has become known.
#[derive(Debug, serde::Serialize)]
pub(crate) struct NewPerson {
    pub(crate) legacy_id: String,
    pub(crate) sub: String,
    pub(crate) pool_username: String,
    pub(crate) how: &'static str,
    pub(crate) run: Option<String>,
    pub(crate) since: String,
    pub(crate) base: Option<String>,
}

/// One row of the id map. Holds no name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdMapRow {
    /// The legacy primary key.
    pub legacy_id: String,
    /// How the `sub` is known.
    pub how: String,
    /// The pool's `sub`.
    pub sub: String,
}

/// How a person is known to be in the pool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KnownWay {
    how: String,
    /// Whether an import is through with them.
    pub(crate) finished: bool,
    /// Found deleted in the pool.
    pub(crate) deleted: bool,
}

impl KnownWay {
    /// Whether they came by import job.
    pub(crate) fn is_by_hash(&self) -> bool {
        self.how == "hash-import"
    }

    /// Whether an import of ours created them, by job or by AdminCreateUser.
    pub(crate) fn is_by_import(&self) -> bool {
        self.how != "migrated"
    }
}

/// A ledger open for reading, also while another process writes it.
pub struct LedgerReader {
    path: PathBuf,
    connection: SqliteConnection,
}

const PAGE: i64 = 5_000;

impl LedgerReader {
    /// Opens the ledger at this place that was written last; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn latest(
        place: &LedgerPlace,
        user_pool_id: &str,
        is_local: bool,
    ) -> Result<Option<LedgerReader>, JournalError> {
        let path = match place {
            LedgerPlace::File(path) => path.exists().then(|| path.clone()),
            LedgerPlace::Folder(folder) => newest(folder, user_pool_id, is_local),
        };
        match path {
            Some(path) => LedgerReader::open(path).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) async fn open(path: PathBuf) -> Result<LedgerReader, JournalError> {
        let options = SqliteConnectOptions::new().filename(&path).read_only(true);
        let options = options.busy_timeout(BUSY).disable_statement_logging();
        let storage = |error| JournalError::storage(&path, "opening it", &error);
        let mut connection = options.connect().await.map_err(storage)?;
        let application = sqlx::query("PRAGMA application_id")
            .fetch_one(&mut connection)
            .await
            .map_err(storage)?;
        if application.get::<i64, usize>(0) != APPLICATION {
            return Err(JournalError::NotAJournal { path });
        }
        Ok(LedgerReader { path, connection })
    }

    /// The next people who are in the pool, by legacy id; empty after the last.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn id_map(&mut self, after: &str) -> Result<Vec<IdMapRow>, JournalError> {
        let select = "SELECT legacy_id, how, sub FROM people
                      WHERE legacy_id > ?1 AND deleted_at IS NULL ORDER BY legacy_id LIMIT ?2";
        let rows = sqlx::query(select).bind(after).bind(PAGE);
        let rows = rows.fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        let row = |row: sqlx::sqlite::SqliteRow| IdMapRow {
            legacy_id: row.get(0),
            how: row.get(1),
            sub: row.get(2),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl LedgerReader {
    /// What is known of these legacy users, by legacy id.
    pub(crate) async fn ways_of(
        &mut self,
        legacy_ids: &[String],
    ) -> Result<HashMap<String, KnownWay>, JournalError> {
        let select = "SELECT legacy_id, how, finished, deleted_at IS NOT NULL FROM json_each(?1)
                      CROSS JOIN people ON legacy_id = value";
        self.ways(select, legacy_ids).await
    }

    /// What is known of these pool users, by `sub`.
    pub(crate) async fn ways_of_subs(
        &mut self,
        subs: &[&str],
    ) -> Result<HashMap<String, KnownWay>, JournalError> {
        let select = "SELECT sub, how, finished, deleted_at IS NOT NULL FROM json_each(?1)
                      CROSS JOIN people ON sub = value";
        self.ways(select, subs).await
    }

    async fn ways(
        &mut self,
        select: &'static str,
        keys: &[impl serde::Serialize],
    ) -> Result<HashMap<String, KnownWay>, JournalError> {
        let keys = serde_json::to_string(keys).expect("keys are text");
        let rows = sqlx::query(select).bind(keys);
        let rows = rows.fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        let way = |row: sqlx::sqlite::SqliteRow| {
            let way = KnownWay {
                how: row.get(1),
                finished: row.get(2),
                deleted: row.get(3),
            };
            (row.get(0), way)
        };
        Ok(rows.into_iter().map(way).collect())
    }
}

/// The `sub`s of a ledger, to be asked one by one.
pub(crate) struct PoolSubs(LedgerReader);

impl PoolSubs {
    pub(crate) async fn open(path: &Path) -> Result<PoolSubs, JournalError> {
        LedgerReader::open(path.to_owned()).await.map(PoolSubs)
    }

    /// Whether an import is through with a pool user; `None` for somebody whom the ledger does not
    /// know.
    pub(crate) async fn is_finished(&mut self, sub: &str) -> Result<Option<bool>, JournalError> {
        let reader = &mut self.0;
        let select = sqlx::query("SELECT finished FROM people WHERE sub = ?1 LIMIT 1").bind(sub);
        let row = select.fetch_optional(&mut reader.connection).await;
        row.map(|row| row.map(|row| row.get(0)))
            .map_err(|error| JournalError::storage(&reader.path, "reading it", &error))
    }
}

fn newest(folder: &Path, user_pool_id: &str, is_local: bool) -> Option<PathBuf> {
    let start = match is_local {
        true => format!("ledger-{user_pool_id}-local"),
        false => format!("ledger-{user_pool_id}.sqlite3"),
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let ledgers = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        name.starts_with(&start) && name.ends_with(".sqlite3")
    });
    ledgers
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .max()
        .map(|(_, path)| path)
}

/// Adds people, or what is newly known of them: whoever is known already keeps the `sub`, unless
/// that was found deleted. The statement of a journal's batch.
pub(crate) const INSERT: &str = "
INSERT INTO ledger.people (legacy_id, sub, pool_username, how, run, since, finished, base)
SELECT value->>'legacy_id', value->>'sub', value->>'pool_username', value->>'how',
       value->>'run', value->>'since', 0, value->>'base'
FROM json_each(?1) WHERE value->>'sub' IS NOT NULL
ON CONFLICT (legacy_id) DO UPDATE SET
    sub = excluded.sub, pool_username = excluded.pool_username, how = excluded.how,
    run = excluded.run, since = excluded.since, finished = 0, base = excluded.base,
    deleted_at = NULL
WHERE people.sub <> excluded.sub";

/// An import is through with these people: positions of its journal's rows, each the first of a list.
pub(crate) const FINISH: &str = "
UPDATE ledger.people SET finished = 1
WHERE legacy_id IN (SELECT users.legacy_id FROM json_each(?1) AS entry
                    CROSS JOIN users ON users.position = entry.value->>0)";

/// Forgets people whom an undo deleted: they may come in again.
pub(crate) const FORGET_SUBS: &str = "
DELETE FROM ledger.people WHERE sub IN (SELECT value FROM json_each(?1))";
