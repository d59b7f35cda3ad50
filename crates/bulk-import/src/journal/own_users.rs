//! The users whom a run created and has not deleted again: what an undo goes through.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Journal, JournalError, JournalReader};

/// A user of the run's own.
#[derive(Clone, Debug)]
pub(crate) struct OwnUser {
    pub(crate) position: i64,
    pub(crate) pool_username: String,
    pub(crate) sub: Option<String>,
    /// When the last step was done, by the pool's clock; `None` when one is missing.
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "
SELECT position, pool_username, sub, CASE state WHEN 'done' THEN settled_at END
FROM users WHERE state IN ('created', 'done') AND undo IS NULL AND position > ?1
ORDER BY position LIMIT ?2";

/// Pages through them.
pub(crate) struct OwnUsers {
    reader: JournalReader,
    after: i64,
}

impl OwnUsers {
    pub(crate) fn new(reader: JournalReader) -> OwnUsers {
        OwnUsers { reader, after: 0 }
    }

    pub(crate) async fn count(&mut self) -> Result<u64, JournalError> {
        let storage = |error| JournalError::storage(&self.reader.path, "reading it", &error);
        let count = "SELECT COUNT(*) FROM users
                     WHERE state IN ('created', 'done') AND undo IS NULL";
        let row = sqlx::query(count)
            .fetch_one(&mut self.reader.connection)
            .await;
        Ok(u64::try_from(row.map_err(storage)?.get::<i64, usize>(0)).unwrap_or(0))
    }

    /// The next users; empty after the last.
    pub(crate) async fn page(&mut self, size: i64) -> Result<Vec<OwnUser>, JournalError> {
        let storage = |error| JournalError::storage(&self.reader.path, "reading it", &error);
        let rows = sqlx::query(SELECT).bind(self.after).bind(size);
        let rows = rows
            .fetch_all(&mut self.reader.connection)
            .await
            .map_err(storage)?;
        let users: Vec<OwnUser> = rows
            .into_iter()
            .map(|row| OwnUser {
                position: row.get(0),
                pool_username: row.get::<Option<String>, usize>(1).unwrap_or_default(),
                sub: row.get(2),
                finished_at: row
                    .get::<Option<String>, usize>(3)
                    .and_then(|at| at.parse().ok()),
            })
            .collect();
        self.after = users.last().map_or(self.after, |user| user.position);
        Ok(users)
    }
}

impl JournalReader {
    /// All of them by `sub`, for a dry run; about 200 bytes each.
    pub(crate) async fn own_users_by_sub(self) -> Result<HashMap<String, OwnUser>, JournalError> {
        let mut own = OwnUsers::new(self);
        let mut by_sub = HashMap::new();
        loop {
            let page = own.page(10_000).await?;
            if page.is_empty() {
                return Ok(by_sub);
            }
            by_sub.extend(
                page.into_iter()
                    .filter_map(|user| Some((user.sub.clone()?, user))),
            );
        }
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
