//! The tables of a journal and their version.
//!
//! `users.state` is what this run did to a user: `planned` nothing yet, `creating` AdminCreateUser
//! may have been sent, `created` the user is provably ours, `done` nothing is left to do.
//! `users.outcome` is empty for as long as there is something to do.

use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection};

use super::JournalError;

/// Raised when a table changes; an older or newer file is refused.
const FORMAT: i64 = 3;
/// The format before, which lacks a column that only planning needs.
const BEFORE: i64 = 2;
/// Marks the file as ours for file(1) and for us: "cutv".
pub(crate) const APPLICATION: i64 = 0x6375_7476;

const TABLES: &str = "
CREATE TABLE run (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE users (
    position      INTEGER PRIMARY KEY, -- order of the legacy key when first seen
    legacy_id     TEXT NOT NULL UNIQUE,
    username      TEXT NOT NULL,       -- the name given to AdminCreateUser
    route         TEXT NOT NULL,
    reason        TEXT,
    state         TEXT NOT NULL DEFAULT 'planned',
    outcome       TEXT,
    detail        TEXT,                -- operation, exception and attribute of a failure
    sub           TEXT,
    pool_username TEXT,                -- the pool's own name for the user
    intent_at     TEXT,                -- by the pool's clock, before AdminCreateUser was sent
    settled_at    TEXT,                -- by the pool's clock
    proof         TEXT,                -- how we know that this run created the user
    undo          TEXT,                -- what an undo did to the user
    generation    INTEGER NOT NULL,    -- the plan that last saw the user
    group_count   INTEGER NOT NULL,
    identity_count INTEGER NOT NULL DEFAULT 0, -- social identities to be linked
    enabled       INTEGER NOT NULL,
    has_contact   INTEGER NOT NULL,    -- a reset code has somewhere to go
    may_sign_in   INTEGER NOT NULL,    -- could still keep the password
    mine          INTEGER NOT NULL DEFAULT 1, -- 0 for another shard's, until the plan is complete
    collidable    INTEGER NOT NULL,    -- a collision of names would decide the route
    email_shared  INTEGER NOT NULL DEFAULT 0,
    name_key      INTEGER,             -- hashes of the folded names, to find collisions by
    email_key     INTEGER,
    verified      INTEGER NOT NULL,
    id_key        INTEGER,
    content_key   INTEGER              -- what a reviewed plan binds of the user
);
CREATE TABLE groups (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    precedence  INTEGER,
    created     INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
";

/// Makes the tables in a new file.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), JournalError> {
    let storage = |error: sqlx::Error| JournalError::storage(path, "starting it", &error);
    // In one transaction: a file that has tables has all of them and its version.
    let mut transaction = connection.begin().await.map_err(storage)?;
    sqlx::raw_sql(TABLES)
        .execute(&mut *transaction)
        .await
        .map_err(storage)?;
    let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}");
    let marks = sqlx::raw_sql(sqlx::AssertSqlSafe(marks));
    marks.execute(&mut *transaction).await.map_err(storage)?;
    transaction.commit().await.map_err(storage)
}

/// Checks that the file is a journal of our format, and brings one of the format before up to it.
pub(super) async fn take_over(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), JournalError> {
    let storage = |error: sqlx::Error| JournalError::storage(path, "opening it", &error);
    let format = sqlx::query("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(storage)?;
    if format.get::<i64, usize>(0) == BEFORE {
        let more = format!(
            "BEGIN; ALTER TABLE users ADD COLUMN content_key INTEGER;
             PRAGMA user_version = {FORMAT}; COMMIT"
        );
        let more = sqlx::raw_sql(sqlx::AssertSqlSafe(more));
        more.execute(&mut *connection).await.map_err(storage)?;
    }
    check(connection, path).await
}

/// Checks that the file is a journal that can be read.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), JournalError> {
    let storage = |error: sqlx::Error| JournalError::storage(path, "opening it", &error);
    let application = sqlx::query("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await;
    let application: i64 = application.map_err(storage)?.get(0);
    let format = sqlx::query("PRAGMA user_version")
        .fetch_one(connection)
        .await;
    let format: i64 = format.map_err(storage)?.get(0);
    match (application, format) {
        (APPLICATION, FORMAT | BEFORE) => Ok(()),
        (APPLICATION, found) => Err(JournalError::Format {
            path: path.to_owned(),
            found,
            known: FORMAT,
        }),
        _ => Err(JournalError::NotAJournal {
            path: path.to_owned(),
        }),
    }
}
