//! Claims in a SQLite file: for rehearsals, and where one host answers for the pool. Must not know
//! what names mean. Used by [`crate::Claims`].

use std::path::PathBuf;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Row, SqliteConnection};
use tokio::sync::Mutex;

use crate::claim::{Claim, ClaimsUnavailable};

/// How long one waits for another process that writes.
const BUSY: Duration = Duration::from_millis(800);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS claims (
    person TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    until INTEGER NOT NULL,
    sub TEXT,
    groups_real INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT";

/// The file; opened by the first question.
pub(crate) struct SqliteClaims {
    path: PathBuf,
    connection: Mutex<Option<SqliteConnection>>,
}

/// What one question changes and reads.
pub(crate) struct Statement<'a> {
    pub(crate) sql: &'static str,
    pub(crate) person: &'a str,
    pub(crate) name: &'a str,
    pub(crate) sub: &'a str,
    pub(crate) until: u64,
    pub(crate) now: u64,
}

impl SqliteClaims {
    pub(crate) fn new(path: PathBuf) -> SqliteClaims {
        SqliteClaims {
            path,
            connection: Mutex::default(),
        }
    }

    /// Runs one writing statement, which SQLite makes atomic, and returns the rows it changed.
    pub(crate) async fn write(&self, statement: Statement<'_>) -> Result<u64, ClaimsUnavailable> {
        let mut held = self.connection.lock().await;
        let connection = self.opened(&mut held).await?;
        let done = bound(&statement).execute(&mut *connection).await;
        match done {
            Ok(done) => Ok(done.rows_affected()),
            Err(error) => {
                *held = None;
                Err(fault(&error))
            }
        }
    }

    pub(crate) async fn read(&self, person: &str) -> Result<Option<Claim>, ClaimsUnavailable> {
        let mut held = self.connection.lock().await;
        let connection = self.opened(&mut held).await?;
        let row = sqlx::query("SELECT name, until, sub, groups_real FROM claims WHERE person = ?")
            .bind(person)
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| fault(&error))?;
        let Some(row) = row else { return Ok(None) };
        let read = || -> Result<Claim, sqlx::Error> {
            Ok(Claim {
                name: row.try_get(0)?,
                until: u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default(),
                sub: row.try_get(2)?,
                groups_real: row.try_get::<i64, _>(3)? != 0,
            })
        };
        read().map(Some).map_err(|error| fault(&error))
    }

    async fn opened<'a>(
        &self,
        held: &'a mut Option<SqliteConnection>,
    ) -> Result<&'a mut SqliteConnection, ClaimsUnavailable> {
        let connection = match held.take() {
            Some(connection) => connection,
            None => self.open().await.map_err(|error| fault(&error))?,
        };
        Ok(held.insert(connection))
    }

    async fn open(&self) -> Result<SqliteConnection, sqlx::Error> {
        let mut connection = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(BUSY)
            .disable_statement_logging()
            .connect()
            .await?;
        sqlx::query(TABLE).execute(&mut connection).await?;
        Ok(connection)
    }
}

/// Every statement names its values by number, and may leave some out.
fn bound<'q>(
    statement: &Statement<'q>,
) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sqlx::query(statement.sql)
        .bind(statement.person)
        .bind(statement.name)
        .bind(statement.sub)
        .bind(number(statement.until))
        .bind(number(statement.now))
}

/// SQLite's texts hold no values of a row, but a path may be somebody's: the code is enough.
fn fault(error: &sqlx::Error) -> ClaimsUnavailable {
    let text = match error {
        sqlx::Error::Database(error) => {
            format!("SQLite error {}", error.code().unwrap_or_default())
        }
        _ => "the SQLite file cannot be used".to_owned(),
    };
    ClaimsUnavailable(text)
}
