//! What a run has done so far, read from its journal alone; also while it runs.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use migration_model::Reason;
use sqlx::Row;

use super::{Journal, JournalError, JournalReader};
use crate::RunName;
use crate::summary::Summary;

/// A run at one moment.
#[derive(Clone, Debug)]
pub struct RunStatus {
    /// The run's name.
    pub run: RunName,
    /// The pool it imports into.
    pub user_pool_id: String,
    /// The pool's Region.
    pub region: String,
    /// When it was first started.
    pub started_at: DateTime<Utc>,
    /// Whether a complete plan exists.
    pub planned: bool,
    /// Its accounts.
    pub summary: Summary,
    /// Users by outcome and reason, most first.
    pub reasons: Vec<ReasonCount>,
}

/// Users who share outcome and reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReasonCount {
    /// `created`, `already_in_pool`, `held` or `failed`.
    pub outcome: String,
    /// Why; absent for users created without anything to say.
    pub reason: Option<Reason>,
    /// Operation and exception, where Cognito refused.
    pub detail: Option<String>,
    /// How many.
    pub users: u64,
}

impl RunStatus {
    /// Reads a run's journal.
    ///
    /// # Errors
    ///
    /// When there is no such run, or its file cannot be read.
    pub async fn read(directory: &Path, run: &RunName) -> Result<RunStatus, JournalError> {
        let mut journal = Journal::read(directory, run).await?;
        let header = journal.header().await?;
        let reasons = journal.reasons().await?;
        let pending = journal.pending().await?;
        let complete = header.finished && pending == 0;
        Ok(RunStatus {
            run: run.clone(),
            user_pool_id: header.target.user_pool_id,
            region: header.target.region,
            started_at: header.started_at,
            planned: header.plan_complete,
            summary: Summary::from_counts(run.clone(), &reasons, pending, complete),
            reasons,
        })
    }
}

impl JournalReader {
    pub(crate) async fn reasons(&mut self) -> Result<Vec<ReasonCount>, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading it", &error);
        let select = "SELECT outcome, reason, detail, COUNT(*) AS users FROM users
                      WHERE outcome IS NOT NULL GROUP BY outcome, reason, detail
                      ORDER BY users DESC, outcome, reason, detail";
        let rows = sqlx::query(select)
            .fetch_all(&mut self.connection)
            .await
            .map_err(storage)?;
        let count = |row: sqlx::sqlite::SqliteRow| ReasonCount {
            outcome: row.get(0),
            reason: row
                .get::<Option<String>, usize>(1)
                .and_then(|code| code.parse().ok()),
            detail: row.get(2),
            users: u64::try_from(row.get::<i64, usize>(3)).unwrap_or(0),
        };
        Ok(rows.into_iter().map(count).collect())
    }

    pub(crate) async fn pending(&mut self) -> Result<u64, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading it", &error);
        let select = sqlx::query("SELECT COUNT(*) FROM users WHERE outcome IS NULL");
        let row = select
            .fetch_one(&mut self.connection)
            .await
            .map_err(storage)?;
        Ok(u64::try_from(row.get::<i64, usize>(0)).unwrap_or(0))
    }
}

/// Sums counts by outcome.
pub(crate) fn by_outcome(reasons: &[ReasonCount]) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for count in reasons {
        *sums.entry(count.outcome.as_str()).or_default() += count.users;
    }
    sums
}
