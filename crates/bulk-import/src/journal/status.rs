//! What a run has done so far, read from its journal alone; also while it runs.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use migration_model::Reason;
use sqlx::Row;

use super::{JournalError, JournalReader, RunJournals};
use crate::summary::Summary;
use crate::{FinalState, RunName};

/// A run at one moment.
#[derive(Clone, Debug)]
pub struct RunStatus {
    /// The run's name.
    pub run: RunName,
    /// The pool it imports into.
    pub user_pool_id: String,
    /// The pool's Region.
    pub region: String,
    /// Whether the pool is on this machine.
    pub is_local: bool,
    /// In which state it leaves users.
    pub final_state: FinalState,
    /// When it was first started.
    pub started_at: DateTime<Utc>,
    /// Whether a complete plan exists.
    pub planned: bool,
    /// Into how many shards it is divided, if it is.
    pub shards: Option<u16>,
    /// Shards whose journals are not in the directory; their users are in no count.
    pub missing_shards: Vec<u16>,
    /// Users whom an undo of the run has deleted since; they count as created all the same.
    pub deleted_by_undo: u64,
    /// Of those created, people who could still have kept their password by signing in.
    pub password_lost: u64,
    /// Of those created, people whom no reset code reaches.
    pub without_contact: u64,
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
    /// Whether somebody in the pool has a legacy user's name, and nothing proves who it is.
    pub fn has_strangers(&self) -> bool {
        let mut reasons = self.reasons.iter();
        reasons.any(|count| count.reason == Some(Reason::NameTakenByStranger))
    }

    /// Reads a run's journal, or those of its shards together.
    ///
    /// # Errors
    ///
    /// When there is no such run, or its file cannot be read.
    pub async fn read(directory: &Path, run: &RunName) -> Result<RunStatus, JournalError> {
        let journals = RunJournals::find(directory, run)?;
        let mut parts = journals.open().await?.into_iter();
        let first = parts.next().expect("a run that was found has a journal");
        let mut status = first.status(run).await?;
        for part in parts {
            status.add(part.status(run).await?);
        }
        status.shards = journals.shards();
        status.missing_shards = journals.missing_shards();
        status.summary.complete &= status.missing_shards.is_empty();
        Ok(status)
    }

    /// Adds what another shard did.
    fn add(&mut self, other: RunStatus) {
        self.started_at = self.started_at.min(other.started_at);
        self.planned &= other.planned;
        self.deleted_by_undo += other.deleted_by_undo;
        self.password_lost += other.password_lost;
        self.without_contact += other.without_contact;
        self.summary.add(&other.summary);
        for count in other.reasons {
            let same = self
                .reasons
                .iter_mut()
                .find(|ours| ours.is_about_the_same(&count));
            match same {
                Some(ours) => ours.users += count.users,
                None => self.reasons.push(count),
            }
        }
        self.reasons
            .sort_by_key(|count| std::cmp::Reverse(count.users));
    }
}

impl ReasonCount {
    fn is_about_the_same(&self, other: &ReasonCount) -> bool {
        (&self.outcome, self.reason, &self.detail) == (&other.outcome, other.reason, &other.detail)
    }
}

impl JournalReader {
    async fn status(mut self, run: &RunName) -> Result<RunStatus, JournalError> {
        // One snapshot for all counts: an import may be writing. It ends with the connection.
        let begun = sqlx::query("BEGIN").execute(&mut self.connection).await;
        begun.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        let header = self.header().await?;
        let reasons = self.reasons().await?;
        let pending = self.pending().await?;
        let hash_imported = self.hash_imported().await?;
        let deleted_by_undo = self.deleted_by_undo().await?;
        let [password_lost, without_contact] = self.losses().await?;
        let complete = header.finished && pending == 0;
        Ok(RunStatus {
            run: run.clone(),
            user_pool_id: header.target.user_pool_id,
            region: header.target.region,
            is_local: header.target.is_local,
            final_state: header.target.final_state,
            started_at: header.started_at,
            planned: header.plan_complete,
            shards: None,
            missing_shards: Vec::new(),
            deleted_by_undo,
            password_lost,
            without_contact,
            summary: Summary::from_counts(run.clone(), &reasons, hash_imported, pending, complete),
            reasons,
        })
    }

    /// Users who came by import job and are done.
    pub(crate) async fn hash_imported(&mut self) -> Result<u64, JournalError> {
        let count = "SELECT COUNT(*) FROM users
                     WHERE outcome = 'created' AND proof = 'import-job'";
        let row = sqlx::query(count).fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        Ok(u64::try_from(row.get::<i64, usize>(0)).unwrap_or(0))
    }

    /// Of those created and there still: who could have kept the password, and whom no code reaches.
    async fn losses(&mut self) -> Result<[u64; 2], JournalError> {
        let sums = "SELECT COALESCE(SUM(may_sign_in AND route <> 'hash-import'), 0),
                           COALESCE(SUM(NOT has_contact), 0)
                    FROM users WHERE outcome = 'created' AND undo IS NOT 'deleted'";
        let row = sqlx::query(sums).fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        let number = |index: usize| u64::try_from(row.get::<i64, usize>(index)).unwrap_or(0);
        Ok([number(0), number(1)])
    }

    async fn deleted_by_undo(&mut self) -> Result<u64, JournalError> {
        let count = "SELECT COUNT(*) FROM users WHERE undo = 'deleted'";
        let row = sqlx::query(count).fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        Ok(u64::try_from(row.get::<i64, usize>(0)).unwrap_or(0))
    }

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
