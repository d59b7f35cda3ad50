//! One row per user for `--outcomes`, in the order of the legacy keys, page by page: a journal
//! of ten million rows passes through in constant memory.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use futures::Stream;
use sqlx::Row;

use super::{Journal, JournalError, RunJournals};
use crate::RunName;

/// What became of one user. Holds a username: not for sharing, and `Debug` hides it.
#[derive(Clone, Eq, PartialEq)]
pub struct OutcomeRow {
    /// The legacy primary key.
    pub legacy_id: String,
    /// The name the user was, or would have been, created under.
    pub username: String,
    /// `created`, `already_in_pool`, `held`, `failed`, or `pending`.
    pub outcome: String,
    /// A reason code, or empty.
    pub reason: String,
    /// The pool's `sub`, where known.
    pub sub: String,
}

impl std::fmt::Debug for OutcomeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutcomeRow")
            .field("legacy_id", &self.legacy_id)
            .field("outcome", &self.outcome)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Writes one CSV row a user, for people to be warned or asked: who goes which way, and why.
    pub(crate) async fn write_users(&mut self, path: &Path) -> Result<(), JournalError> {
        let unusable = |source| JournalError::Directory {
            path: path.to_owned(),
            source,
        };
        let mut options = std::fs::OpenOptions::new();
        options.create(true).truncate(true).write(true).mode(0o600);
        let file = options.open(path).map_err(unusable)?;
        let mut csv = csv::Writer::from_writer(file);
        let written = |written: Result<(), csv::Error>| {
            written.map_err(|error| unusable(std::io::Error::other(error)))
        };
        written(csv.write_record(["legacy_id", "username", "outcome", "reason", "route"]))?;
        let mut after = 0_i64;
        loop {
            let select = "SELECT position, legacy_id, username, COALESCE(outcome, 'to-create'),
                                 COALESCE(reason, ''), route
                          FROM users WHERE position > ?1 ORDER BY position LIMIT ?2";
            let rows = sqlx::query(select).bind(after).bind(PAGE);
            let rows = rows.fetch_all(&mut self.connection).await;
            let rows =
                rows.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
            let Some(last) = rows.last() else { break };
            after = last.get(0);
            for row in &rows {
                let fields: [&str; 5] = [1, 2, 3, 4, 5].map(|column| row.get(column));
                written(csv.write_record(fields))?;
            }
        }
        csv.flush().map_err(unusable)
    }
}

const PAGE: i64 = 5_000;

impl OutcomeRow {
    /// The columns' names, in order.
    pub const COLUMNS: [&'static str; 5] = ["legacy_id", "username", "outcome", "reason", "sub"];

    /// Reads all rows of a run, one shard after the other where it is divided.
    ///
    /// # Errors
    ///
    /// When there is no such run, or its file cannot be read.
    pub async fn read_all(
        directory: &Path,
        run: &RunName,
    ) -> Result<impl Stream<Item = Result<OutcomeRow, JournalError>> + use<>, JournalError> {
        let journals = RunJournals::find(directory, run)?.open().await?;
        Ok(async_stream::try_stream! {
            for mut journal in journals {
            let mut after = 0_i64;
            loop {
                let select = "SELECT position, legacy_id, username,
                                     COALESCE(outcome, 'pending'), COALESCE(reason, ''),
                                     COALESCE(sub, '')
                              FROM users WHERE position > ?1 ORDER BY position LIMIT ?2";
                let rows = sqlx::query(select).bind(after).bind(PAGE);
                let rows = rows.fetch_all(&mut journal.connection).await;
                let rows = rows
                    .map_err(|error| JournalError::storage(&journal.path, "reading it", &error))?;
                let Some(last) = rows.last() else { break };
                after = last.get(0);
                for row in rows {
                    yield OutcomeRow {
                        legacy_id: row.get(1),
                        username: row.get(2),
                        outcome: row.get(3),
                        reason: row.get(4),
                        sub: row.get(5),
                    };
                }
            }
            }
        })
    }
}
