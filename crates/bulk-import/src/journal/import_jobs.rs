//! The user import jobs of a run: which rows went into which job, and what became of them. A job
//! and its rows are on disk before Cognito hears of it, and what a job did to a user is written in
//! the same transaction as the user's own state.
//!
//! A job is `prepared` until its file is with Cognito, `starting` from before StartUserImportJob is
//! first sent, and `settled` once its users are accounted for. A prepared job has imported nobody.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::{Connection, Row};

use super::{Journal, JournalError};
use crate::hash_import::{FoundUser, Mark};
use crate::ledger::marks;

/// Beside the tables of `schema`: a journal without import jobs need not have them.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS import_jobs (
    number    INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,      -- by which a job is found whose answer was lost
    algorithm TEXT NOT NULL,
    mark      INTEGER NOT NULL,          -- the updated_at of its rows
    marked    INTEGER NOT NULL,          -- 0 where updated_at is mapped to a column
    state     TEXT NOT NULL DEFAULT 'prepared',
    job_id    TEXT,                      -- Cognito's
    status    TEXT,                      -- Cognito's, at its end
    imported  INTEGER, skipped INTEGER, failed INTEGER
);
CREATE TABLE IF NOT EXISTS import_job_rows (
    job      INTEGER NOT NULL,
    line     INTEGER NOT NULL,           -- of the file; the header is line 1
    position INTEGER NOT NULL,
    base     TEXT NOT NULL,              -- what both sides agree on from the import on
    PRIMARY KEY (job, line)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS import_job_rows_by_position ON import_job_rows (position)";

/// A job that is not settled.
#[derive(Clone, Debug)]
pub(crate) struct OpenJob {
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) mark: Mark,
    /// Whether its rows bear the mark.
    pub(crate) marked: bool,
    /// Whether StartUserImportJob may have been sent.
    pub(crate) starting: bool,
    pub(crate) job_id: Option<String>,
}

/// A row of a job's file.
#[derive(Debug, Serialize)]
pub(crate) struct JobRow {
    pub(crate) line: u64,
    pub(crate) position: i64,
    pub(crate) base: String,
}

/// Which of the users found in the pool a job made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Made {
    /// Those with a mark of this run.
    Marked,
    /// All of its rows: they bear no mark, and its counters leave no doubt.
    Everybody,
    /// It cannot be said of anybody.
    Nobody,
}

/// By what the rows of a job are settled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobFacts<'a> {
    pub(crate) made: Made,
    /// Whether the legacy id attribute proves who a pool user is.
    pub(crate) ids_are_proof: bool,
    pub(crate) run: &'a str,
    /// By the pool's clock.
    pub(crate) at: DateTime<Utc>,
}

/// What a job came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Settled {
    /// Users whom it made.
    pub(crate) imported: u64,
    /// Users who were in the pool by another way.
    pub(crate) in_pool: u64,
    /// Users whom it did not make.
    pub(crate) missing: u64,
}

/// What is to become of rows whose user the pool does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Missing {
    /// The job got to its end without them.
    Refused,
    /// The counters and the pool do not agree.
    Unclear,
    /// The job ended early: another one takes them.
    Again,
}

const FOUND: &str = "
CREATE TEMP TABLE IF NOT EXISTS found_users (
    name_key INTEGER NOT NULL, id_key INTEGER, mark INTEGER, sub TEXT, username TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS temp.found_users_by_id ON found_users (id_key);
CREATE INDEX IF NOT EXISTS temp.found_users_by_name ON found_users (name_key);
DELETE FROM temp.found_users";

const INSERT_FOUND: &str = "
INSERT INTO temp.found_users (name_key, id_key, mark, sub, username)
SELECT value->>'name_key', value->>'id_key', value->>'mark', value->>'sub', value->>'username'
FROM json_each(?1)";

/// The users of a job whom nothing has settled yet.
const OPEN: &str = "users.state = 'planned'
  AND users.position IN (SELECT position FROM import_job_rows WHERE job = ?1)";

/// What the ledger learns from a job.
const PEOPLE: &str = "
INSERT INTO ledger.people (legacy_id, sub, pool_username, how, run, since, base)
SELECT users.legacy_id, users.sub, users.pool_username,
       CASE users.state WHEN 'created' THEN 'hash-import' ELSE 'migrated' END,
       ?2, ?3, CASE users.state WHEN 'created' THEN row.base END
FROM users JOIN import_job_rows AS row ON row.position = users.position AND row.job = ?1
WHERE users.sub IS NOT NULL
ON CONFLICT (legacy_id) DO UPDATE SET
    sub = excluded.sub, pool_username = excluded.pool_username, how = excluded.how,
    run = excluded.run, since = excluded.since, base = excluded.base, deleted_at = NULL
WHERE people.sub <> excluded.sub";

impl Journal {
    /// Legacy ids and `sub`s of people whom a job made or found, after this position; at most a
    /// thousand, with the last position.
    pub(crate) async fn people_of_import_job(
        &mut self,
        job: i64,
        after: i64,
    ) -> Result<Vec<(i64, String, String)>, JournalError> {
        let select = "SELECT users.position, users.legacy_id, users.sub FROM import_job_rows AS row
                      JOIN users ON users.position = row.position
                      WHERE row.job = ?1 AND users.sub IS NOT NULL AND users.position > ?2
                      ORDER BY users.position LIMIT 1000";
        let rows = sqlx::query(select).bind(job).bind(after);
        let rows = rows.fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|error| self.import_jobs_error(&error))?;
        Ok(rows
            .into_iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect())
    }

    /// Makes the tables, where a journal has none yet.
    pub(crate) async fn begin_import_jobs(&mut self) -> Result<(), JournalError> {
        let made = sqlx::raw_sql(TABLES).execute(&mut self.connection).await;
        made.map(drop)
            .map_err(|error| self.import_jobs_error(&error))
    }

    fn import_jobs_error(&self, error: &sqlx::Error) -> JournalError {
        JournalError::storage(&self.path, "keeping import jobs", error)
    }

    /// The job that is not settled, if there is one.
    pub(crate) async fn open_import_job(&mut self) -> Result<Option<OpenJob>, JournalError> {
        let select = "SELECT number, name, mark, marked, state = 'starting', job_id
                      FROM import_jobs WHERE state <> 'settled' ORDER BY number LIMIT 1";
        let row = sqlx::query(select)
            .fetch_optional(&mut self.connection)
            .await;
        let row = row.map_err(|error| self.import_jobs_error(&error))?;
        Ok(row.map(|row| OpenJob {
            number: row.get(0),
            name: row.get(1),
            mark: Mark(row.get(2)),
            marked: row.get(3),
            starting: row.get(4),
            job_id: row.get(5),
        }))
    }

    /// Begins a job, still without rows.
    pub(crate) async fn prepare_import_job(
        &mut self,
        run: &str,
        algorithm: &str,
        marked: bool,
    ) -> Result<OpenJob, JournalError> {
        let select = "SELECT COALESCE(MAX(number), 0) + 1, COALESCE(MAX(mark), 0) FROM import_jobs";
        let row = sqlx::query(select).fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| self.import_jobs_error(&error))?;
        let (number, last): (i64, i64) = (row.get(0), row.get(1));
        let mark = marks::reserve(&mut self.connection, Mark::after(last)).await;
        let mark = mark.map_err(|error| self.import_jobs_error(&error))?;
        // The second keeps it from the jobs of a run of this name whose journal is gone.
        let name = format!("cutover-{run}-{number}-{}", mark.0);
        let insert = "INSERT INTO import_jobs (number, name, algorithm, mark, marked)
                      VALUES (?1, ?2, ?3, ?4, ?5)";
        let insert = sqlx::query(insert).bind(number).bind(&name).bind(algorithm);
        let insert = insert.bind(mark.0).bind(marked);
        let inserted = insert.execute(&mut self.connection).await;
        inserted.map_err(|error| self.import_jobs_error(&error))?;
        Ok(OpenJob {
            number,
            name,
            mark,
            marked,
            starting: false,
            job_id: None,
        })
    }

    /// Adds rows; a few thousand at a time.
    pub(crate) async fn add_import_rows(
        &mut self,
        job: i64,
        rows: &[JobRow],
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(rows).expect("rows are plain data");
        let insert = "INSERT INTO import_job_rows (job, line, position, base)
                      SELECT ?1, value->>'line', value->>'position', value->>'base'
                      FROM json_each(?2)";
        let insert = sqlx::query(insert).bind(job).bind(rows);
        let inserted = insert.execute(&mut self.connection).await;
        inserted
            .map(drop)
            .map_err(|error| self.import_jobs_error(&error))
    }

    /// Forgets a job that was never started.
    pub(crate) async fn abandon_import_job(&mut self, job: i64) -> Result<(), JournalError> {
        for statement in [
            "DELETE FROM import_job_rows WHERE job = ?1",
            "UPDATE import_jobs SET state = 'settled', status = 'abandoned' WHERE number = ?1",
        ] {
            let query = sqlx::query(statement).bind(job);
            let done = query.execute(&mut self.connection).await;
            done.map_err(|error| self.import_jobs_error(&error))?;
        }
        Ok(())
    }

    /// Records that StartUserImportJob is about to be sent.
    pub(crate) async fn import_job_starts(
        &mut self,
        job: i64,
        job_id: &str,
    ) -> Result<(), JournalError> {
        let update = "UPDATE import_jobs SET state = 'starting', job_id = ?2 WHERE number = ?1";
        let update = sqlx::query(update).bind(job).bind(job_id);
        let updated = update.execute(&mut self.connection).await;
        updated
            .map(drop)
            .map_err(|error| self.import_jobs_error(&error))
    }

    /// Holds a user after all, before any job has a row of theirs.
    pub(crate) async fn hold_before_job(
        &mut self,
        position: i64,
        reason: &str,
    ) -> Result<(), JournalError> {
        let update = "UPDATE users SET outcome = 'held', reason = ?2
                      WHERE position = ?1 AND state = 'planned' AND outcome IS NULL";
        let update = sqlx::query(update).bind(position).bind(reason);
        let updated = update.execute(&mut self.connection).await;
        updated
            .map(drop)
            .map_err(|error| self.import_jobs_error(&error))
    }

    /// Makes room for what a look at the pool finds.
    pub(crate) async fn begin_found_users(&mut self) -> Result<(), JournalError> {
        let made = sqlx::raw_sql(FOUND).execute(&mut self.connection).await;
        made.map(drop)
            .map_err(|error| self.import_jobs_error(&error))
    }

    /// Adds users of the pool; a few thousand at a time.
    pub(crate) async fn add_found_users(
        &mut self,
        users: &[FoundUser],
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(users).expect("rows are plain data");
        let insert = sqlx::query(INSERT_FOUND).bind(rows);
        let inserted = insert.execute(&mut self.connection).await;
        inserted
            .map(drop)
            .map_err(|error| self.import_jobs_error(&error))
    }

    /// How many of the users found bear the job's mark.
    pub(crate) async fn found_with_mark(&mut self, mark: Mark) -> Result<u64, JournalError> {
        let count = "SELECT COUNT(*) FROM temp.found_users WHERE mark = ?1";
        let count = sqlx::query(count).bind(mark.0);
        let row = count.fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| self.import_jobs_error(&error))?;
        Ok(u64::try_from(row.get::<i64, usize>(0)).unwrap_or(0))
    }

    /// Accounts for everybody in the job by what was found, in one transaction. Whoever is known
    /// goes into the ledger with it.
    pub(crate) async fn settle_import_job(
        &mut self,
        job: &OpenJob,
        end: &JobEnd,
        facts: &JobFacts<'_>,
        missing: Missing,
    ) -> Result<Settled, JournalError> {
        let result = self.settle(job, end, facts, missing).await;
        result.map_err(|error| self.import_jobs_error(&error))
    }

    async fn settle(
        &mut self,
        job: &OpenJob,
        end: &JobEnd,
        facts: &JobFacts<'_>,
        missing: Missing,
    ) -> Result<Settled, sqlx::Error> {
        let mut settled = Settled::default();
        let mut transaction = self.connection.begin().await?;
        // Two look-ups each, so that an index answers both.
        let by_id = "found.id_key = users.id_key";
        let by_name = "(found.id_key IS NULL OR users.id_key IS NULL)
                       AND found.name_key = users.name_key";
        let made = match facts.made {
            Made::Marked => "found.mark IN (SELECT mark FROM import_jobs WHERE marked)",
            Made::Everybody => "true",
            Made::Nobody => "false",
        };
        for same in [by_id, by_name] {
            let imported = format!(
                "UPDATE users SET state = 'created', outcome = NULL, reason = NULL,
                        sub = found.sub, pool_username = found.username, proof = 'import-job',
                        route = 'hash-import'
                 FROM temp.found_users AS found WHERE {OPEN} AND {made} AND {same}"
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(imported)).bind(job.number);
            settled.imported += query.execute(&mut *transaction).await?.rows_affected();
        }
        if facts.ids_are_proof {
            let in_pool = format!(
                "UPDATE users SET outcome = 'already_in_pool', reason = 'already-in-pool',
                        sub = found.sub, pool_username = found.username
                 FROM temp.found_users AS found
                 WHERE {OPEN} AND outcome IS NULL AND {by_id}"
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(in_pool)).bind(job.number);
            settled.in_pool += query.execute(&mut *transaction).await?.rows_affected();
        }
        let at = facts.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let people = sqlx::query(PEOPLE)
            .bind(job.number)
            .bind(facts.run)
            .bind(at);
        people.execute(&mut *transaction).await?;
        let taken = format!(
            "UPDATE users SET outcome = 'held', reason = 'name-taken-by-stranger'
             FROM temp.found_users AS found
             WHERE {OPEN} AND outcome IS NULL AND found.name_key = users.name_key"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(taken)).bind(job.number);
        settled.in_pool += query.execute(&mut *transaction).await?.rows_affected();
        let left = match missing {
            Missing::Again => None,
            Missing::Refused => Some("import-row-refused"),
            Missing::Unclear => Some("unconfirmed-creation"),
        };
        settled.missing = match left {
            Some(reason) => {
                let failed = format!(
                    "UPDATE users SET outcome = 'failed', reason = ?2,
                            detail = (SELECT 'line ' || line || ' of import job ' || ?3
                                      FROM import_job_rows
                                      WHERE job = ?1 AND position = users.position)
                     WHERE {OPEN} AND outcome IS NULL"
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(failed));
                let query = query.bind(job.number).bind(reason).bind(&job.name);
                query.execute(&mut *transaction).await?.rows_affected()
            }
            None => {
                let count = format!("SELECT COUNT(*) FROM users WHERE {OPEN} AND outcome IS NULL");
                let query = sqlx::query(sqlx::AssertSqlSafe(count)).bind(job.number);
                let row = query.fetch_one(&mut *transaction).await?;
                u64::try_from(row.get::<i64, usize>(0)).unwrap_or(0)
            }
        };
        let ended = "UPDATE import_jobs SET state = 'settled', status = ?2, imported = ?3,
                            skipped = ?4, failed = ?5 WHERE number = ?1";
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let query = sqlx::query(ended).bind(job.number).bind(end.status);
        let query = query.bind(number(end.imported));
        let query = query.bind(number(end.skipped)).bind(number(end.failed));
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(settled)
    }
}

/// Cognito's last word on a job.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct JobEnd {
    pub(crate) status: &'static str,
    pub(crate) imported: u64,
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
}
