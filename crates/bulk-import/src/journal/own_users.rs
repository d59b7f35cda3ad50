//! The users whom a run created and has not deleted again: what an undo goes through.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Journal, JournalError, JournalReader, attach};
use crate::ledger::{Base, Ledger};

/// A user of the run's own.
#[derive(Clone, Debug)]
pub(crate) struct OwnUser {
    pub(crate) position: i64,
    pub(crate) sub: Option<String>,
    /// When the last step was done, by the pool's clock; `None` when one is missing.
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// Whether social identities were linked.
    pub(crate) has_identities: bool,
    /// As what they were created.
    pub(crate) base: Option<Base>,
}

/// By way of the ledger, whose index knows the `sub`s.
const SELECT: &str = "
SELECT users.position, users.sub, CASE users.state WHEN 'done' THEN users.settled_at END,
       users.identity_count > 0, people.base
FROM json_each(?1) AS wanted
CROSS JOIN ledger.people ON people.sub = wanted.value
CROSS JOIN users ON users.legacy_id = people.legacy_id
WHERE users.sub = people.sub AND users.state IN ('created', 'done') AND users.undo IS NULL";

impl JournalReader {
    /// Opens the ledger beside the journal.
    pub(crate) async fn attach(&mut self, ledger: &Ledger) -> Result<(), JournalError> {
        let name = ledger.path.display().to_string();
        attach(&mut self.connection, &self.path, &name).await
    }

    /// How many there are.
    pub(crate) async fn count_own_users(&mut self) -> Result<u64, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading it", &error);
        let count = "SELECT COUNT(*) FROM users
                     WHERE state IN ('created', 'done') AND undo IS NULL";
        let row = sqlx::query(count).fetch_one(&mut self.connection).await;
        Ok(u64::try_from(row.map_err(storage)?.get::<i64, usize>(0)).unwrap_or(0))
    }

    /// Those of these `sub`s that are the run's own. The ledger must be attached.
    pub(crate) async fn own_users_of(
        &mut self,
        subs: &[&str],
    ) -> Result<HashMap<String, OwnUser>, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading it", &error);
        let subs = serde_json::to_string(subs).expect("subs are text");
        let rows = sqlx::query(SELECT).bind(subs);
        let rows = rows
            .fetch_all(&mut self.connection)
            .await
            .map_err(storage)?;
        let user = |row: sqlx::sqlite::SqliteRow| {
            let sub: Option<String> = row.get(1);
            let at: Option<String> = row.get(2);
            let user = OwnUser {
                position: row.get(0),
                sub: sub.clone(),
                finished_at: at.and_then(|at| at.parse().ok()),
                has_identities: row.get(3),
                base: row
                    .get::<Option<String>, usize>(4)
                    .and_then(|text| Base::from_text(&text)),
            };
            Some((sub?, user))
        };
        Ok(rows.into_iter().filter_map(user).collect())
    }
}

impl Journal {
    /// Records that the run is being undone: it cannot go on as an import.
    pub(crate) async fn mark_undone(&mut self) -> Result<(), JournalError> {
        let mark = "INSERT OR REPLACE INTO run (key, value) VALUES ('undone', 'true')";
        let marked = sqlx::query(mark).execute(&mut self.connection).await;
        marked
            .map(drop)
            .map_err(|error| JournalError::storage(&self.path, "writing it", &error))
    }
}
