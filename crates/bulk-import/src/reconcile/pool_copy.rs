//! The pool's users and their groups in a temporary SQLite file, to be looked up by legacy id or
//! by name. Knows nothing of what is compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use cognito_user_pool::{UserRecord, UserStatus};
use futures::Stream;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection};

use super::drift::{Drift, DriftKind, DriftRow};
use super::fixes::{Fix, FixKind};
use crate::journal::JournalError;

const TABLES: &str = "
CREATE TABLE pool_users (
    username TEXT PRIMARY KEY, sub TEXT, name_key INTEGER NOT NULL, id_key INTEGER,
    enabled INTEGER NOT NULL, status TEXT NOT NULL, attributes TEXT NOT NULL,
    matched INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE members (username TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE legacy_keys (name_key INTEGER, email_key INTEGER, verified INTEGER NOT NULL);
CREATE TABLE fixes (username TEXT NOT NULL, kind TEXT NOT NULL, name TEXT, attributes TEXT);
CREATE TABLE drift (legacy_id TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL);
";

const INDEXES: &str = "
CREATE INDEX pool_users_by_name ON pool_users (name_key);
CREATE INDEX pool_users_by_id ON pool_users (id_key);
CREATE INDEX members_by_username ON members (username);
";

/// A user of the pool, with the mapped attributes alone.
#[derive(Serialize)]
pub(crate) struct CopiedUser {
    pub(super) username: String,
    pub(super) sub: Option<String>,
    pub(super) name_key: i64,
    pub(super) id_key: Option<i64>,
    pub(super) enabled: bool,
    #[serde(serialize_with = "status_name")]
    pub(super) status: UserStatus,
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) groups: Vec<String>,
}

/// By what a legacy user is looked for.
#[derive(Serialize)]
pub(crate) struct Wanted {
    pub(super) id_key: Option<i64>,
    pub(super) name_key: Option<i64>,
}

/// Something that can be done about a difference.
pub(super) struct NotedFix {
    pub(super) row: i64,
    pub(super) username: String,
    pub(super) fix: Fix,
}

#[derive(Deserialize)]
struct Attributes(BTreeMap<String, String>);

impl CopiedUser {
    pub(super) fn new(
        user: UserRecord,
        name_key: i64,
        id_key: Option<i64>,
        mapped: &[&str],
    ) -> CopiedUser {
        let kept =
            |name: &str| mapped.contains(&name) || matches!(name, "email" | "email_verified");
        CopiedUser {
            sub: user.sub().map(str::to_owned),
            name_key,
            id_key,
            enabled: user.enabled,
            status: user.status,
            attributes: user
                .attributes
                .into_iter()
                .filter(|(name, _)| kept(name))
                .collect(),
            username: user.username,
            groups: Vec::new(),
        }
    }
}

fn status_name<S: serde::Serializer>(
    status: &UserStatus,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.name())
}

/// The copy; its file goes with it.
pub(crate) struct PoolCopy {
    connection: SqliteConnection,
    directory: tempfile::TempDir,
}

impl PoolCopy {
    pub(super) async fn create() -> Result<PoolCopy, JournalError> {
        let unusable = |source| JournalError::Directory {
            path: std::env::temp_dir(),
            source,
        };
        // Only this user may enter a temporary directory (mkdtemp(3)).
        let directory = tempfile::TempDir::with_prefix("cutover-compare-").map_err(unusable)?;
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("pool.sqlite3"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("temp_store", "FILE")
            .pragma("cache_size", "-16000")
            .disable_statement_logging();
        let mut connection = options
            .connect()
            .await
            .map_err(|error| storage(&directory, &error))?;
        let made = sqlx::raw_sql(TABLES).execute(&mut connection).await;
        made.map_err(|error| storage(&directory, &error))?;
        Ok(PoolCopy {
            connection,
            directory,
        })
    }

    pub(super) async fn add_users(&mut self, users: &[CopiedUser]) -> Result<(), JournalError> {
        self.insert(
            "INSERT OR REPLACE INTO pool_users
                 (username, sub, name_key, id_key, enabled, status, attributes)
             SELECT value->>'username', value->>'sub', value->>'name_key', value->>'id_key',
                    value->>'enabled', value->>'status', value->'attributes'
             FROM json_each(?1)",
            users,
        )
        .await
    }

    pub(super) async fn add_members(
        &mut self,
        group: &str,
        members: &[String],
    ) -> Result<(), JournalError> {
        let rows: Vec<(&str, &str)> = members.iter().map(|name| (name.as_str(), group)).collect();
        let insert = "INSERT INTO members (username, name)
                      SELECT value->>0, value->>1 FROM json_each(?1)";
        self.insert(insert, &rows).await
    }

    pub(super) async fn index(&mut self) -> Result<(), JournalError> {
        let made = sqlx::raw_sql(INDEXES).execute(&mut self.connection).await;
        made.map(drop)
            .map_err(|error| storage(&self.directory, &error))
    }

    pub(super) async fn add_legacy_keys(
        &mut self,
        keys: &[(Option<i64>, Option<i64>, bool)],
    ) -> Result<(), JournalError> {
        let insert = "INSERT INTO legacy_keys (name_key, email_key, verified)
                      SELECT value->>0, value->>1, value->>2 FROM json_each(?1)";
        self.insert(insert, keys).await
    }

    /// Keys that more than one legacy user has: of names, of addresses, of verified addresses.
    pub(super) async fn shared_keys(
        &mut self,
    ) -> Result<(HashSet<i64>, HashSet<i64>, HashSet<i64>), JournalError> {
        let mut shared = [HashSet::new(), HashSet::new(), HashSet::new()];
        for (keys, select) in shared.iter_mut().zip([
            "SELECT name_key FROM legacy_keys WHERE name_key IS NOT NULL
             GROUP BY name_key HAVING COUNT(*) > 1",
            "SELECT email_key FROM legacy_keys WHERE email_key IS NOT NULL
             GROUP BY email_key HAVING COUNT(*) > 1",
            "SELECT email_key FROM legacy_keys WHERE email_key IS NOT NULL AND verified
             GROUP BY email_key HAVING COUNT(*) > 1",
        ]) {
            let rows = sqlx::query(select).fetch_all(&mut self.connection).await;
            let rows = rows.map_err(|error| storage(&self.directory, &error))?;
            keys.extend(rows.iter().map(|row| row.get::<i64, usize>(0)));
        }
        let [names, emails, verified] = shared;
        Ok((names, emails, verified))
    }

    /// The pool users that belong to the wanted ones, by index, and marks them as matched. An id
    /// decides before a name.
    pub(super) async fn find(
        &mut self,
        wanted: &[Wanted],
    ) -> Result<HashMap<usize, CopiedUser>, JournalError> {
        let keys = serde_json::to_string(wanted).expect("keys are plain data");
        let select = "
            WITH wanted AS MATERIALIZED (
                SELECT key AS number, value->>'id_key' AS id_key, value->>'name_key' AS name_key
                FROM json_each(?1)
            ), found AS MATERIALIZED (
                SELECT number, 0 AS by_name, username FROM wanted JOIN pool_users USING (id_key)
                UNION ALL
                SELECT number, 1, username FROM wanted JOIN pool_users USING (name_key)
            )
            SELECT number, username, sub, name_key, id_key, enabled, status, attributes,
                   (SELECT json_group_array(name) FROM members
                    WHERE members.username = pool_users.username) AS groups
            FROM found JOIN pool_users USING (username)
            ORDER BY number, by_name DESC";
        let rows = sqlx::query(select)
            .bind(keys)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(|error| storage(&self.directory, &error))?;
        // In this order a user found by id replaces one found by name.
        let mut found = HashMap::new();
        for row in rows {
            let number = usize::try_from(row.get::<i64, &str>("number")).unwrap_or(usize::MAX);
            let attributes: Option<Attributes> = serde_json::from_str(row.get("attributes")).ok();
            let user = CopiedUser {
                username: row.get("username"),
                sub: row.get("sub"),
                name_key: row.get("name_key"),
                id_key: row.get("id_key"),
                enabled: row.get("enabled"),
                status: status(row.get("status")),
                attributes: attributes.map(|Attributes(map)| map).unwrap_or_default(),
                groups: serde_json::from_str(row.get("groups")).unwrap_or_default(),
            };
            found.insert(number, user);
        }
        let names: Vec<&str> = found.values().map(|user| user.username.as_str()).collect();
        let mark = "UPDATE pool_users SET matched = 1
                    WHERE username IN (SELECT value FROM json_each(?1))";
        self.insert(mark, &names).await?;
        Ok(found)
    }

    /// Notes the differences that somebody should look at.
    pub(super) async fn add_drift(&mut self, drift: &[Drift]) -> Result<(), JournalError> {
        let rows: Vec<(&str, &str, &str)> = drift
            .iter()
            .filter(|drift| drift.row.kind.is_drift())
            .map(|drift| {
                (
                    drift.legacy_id.as_str(),
                    drift.row.kind.code(),
                    drift.row.about.as_str(),
                )
            })
            .collect();
        let insert = "INSERT INTO drift (legacy_id, kind, about)
                      SELECT value->>0, value->>1, value->>2 FROM json_each(?1)";
        self.insert(insert, &rows).await
    }

    /// Notes what can be done about differences, as (username, fix).
    pub(super) async fn add_fixes(&mut self, fixes: &[(String, Fix)]) -> Result<(), JournalError> {
        let rows: Vec<_> = fixes
            .iter()
            .map(|(username, fix)| {
                let (group, values) = match fix {
                    Fix::SetAttributes(values) => (None, Some(values)),
                    Fix::AddToGroup(group) | Fix::RemoveFromGroup(group) => (Some(group), None),
                    Fix::Disable => (None, None),
                };
                (username, fix.kind().code(), group, values)
            })
            .collect();
        let insert = "INSERT INTO fixes (username, kind, name, attributes)
                      SELECT value->>0, value->>1, value->>2, value->3 FROM json_each(?1)";
        self.insert(insert, &rows).await
    }

    /// The groups that somebody is to be added to.
    pub(super) async fn groups_to_add_to(&mut self) -> Result<Vec<String>, JournalError> {
        let select = "SELECT DISTINCT name FROM fixes WHERE kind = ?1 ORDER BY name";
        let select = sqlx::query(select).bind(FixKind::AddToGroup.code());
        let rows = select.fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|error| storage(&self.directory, &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The next fixes after a row, at most a thousand.
    pub(super) async fn fixes(&mut self, after: i64) -> Result<Vec<NotedFix>, JournalError> {
        let select = "SELECT rowid, username, kind, name, attributes FROM fixes
                      WHERE rowid > ?1 ORDER BY rowid LIMIT 1000";
        let rows = sqlx::query(select)
            .bind(after)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(|error| storage(&self.directory, &error))?;
        Ok(rows.iter().filter_map(noted_fix).collect())
    }

    /// Notes the pool users that no legacy user was matched with.
    pub(super) async fn add_extra(
        &mut self,
        counts: &mut BTreeMap<DriftKind, u64>,
    ) -> Result<(), JournalError> {
        let insert = "INSERT INTO drift (legacy_id, kind, about)
                      SELECT COALESCE(sub, ''), 'extra', status FROM pool_users WHERE NOT matched";
        let inserted = sqlx::query(insert).execute(&mut self.connection).await;
        let inserted = inserted.map_err(|error| storage(&self.directory, &error))?;
        if inserted.rows_affected() > 0 {
            counts.insert(DriftKind::Extra, inserted.rows_affected());
        }
        Ok(())
    }

    pub(super) async fn count_users(&mut self) -> Result<u64, JournalError> {
        let count = sqlx::query("SELECT COUNT(*) FROM pool_users");
        let count = count.fetch_one(&mut self.connection).await;
        let count = count.map_err(|error| storage(&self.directory, &error))?;
        Ok(u64::try_from(count.get::<i64, usize>(0)).unwrap_or(0))
    }

    pub(super) fn drift(&mut self) -> impl Stream<Item = Result<Drift, JournalError>> + '_ {
        async_stream::try_stream! {
            let mut after = 0_i64;
            loop {
                let select = "SELECT rowid, legacy_id, kind, about FROM drift
                              WHERE rowid > ?1 ORDER BY rowid LIMIT 1000";
                let rows = sqlx::query(select).bind(after).fetch_all(&mut self.connection).await;
                let rows = rows.map_err(|error| storage(&self.directory, &error))?;
                let Some(last) = rows.last() else { break };
                after = last.get(0);
                for row in rows {
                    let kind = kind(row.get(2));
                    yield Drift { legacy_id: row.get(1), row: DriftRow::new(kind, row.get::<String, usize>(3)) };
                }
            }
        }
    }

    async fn insert<T: Serialize>(
        &mut self,
        statement: &'static str,
        rows: &[T],
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(rows).expect("rows are plain data");
        let done = sqlx::query(statement)
            .bind(rows)
            .execute(&mut self.connection)
            .await;
        done.map(drop)
            .map_err(|error| storage(&self.directory, &error))
    }
}

fn noted_fix(row: &sqlx::sqlite::SqliteRow) -> Option<NotedFix> {
    let group = || row.get::<Option<String>, usize>(3);
    let fix = match FixKind::of_code(row.get::<&str, usize>(2))? {
        FixKind::AddToGroup => Fix::AddToGroup(group()?),
        FixKind::RemoveFromGroup => Fix::RemoveFromGroup(group()?),
        FixKind::Disable => Fix::Disable,
        FixKind::SetAttributes => {
            Fix::SetAttributes(serde_json::from_str(row.get::<&str, usize>(4)).ok()?)
        }
    };
    Some(NotedFix {
        row: row.get(0),
        username: row.get(1),
        fix,
    })
}

fn storage(directory: &tempfile::TempDir, error: &sqlx::Error) -> JournalError {
    JournalError::storage(directory.path(), "comparing", error)
}

fn status(name: &str) -> UserStatus {
    [
        UserStatus::Unconfirmed,
        UserStatus::Confirmed,
        UserStatus::ResetRequired,
        UserStatus::ForceChangePassword,
        UserStatus::ExternalProvider,
    ]
    .into_iter()
    .find(|status| status.name() == name)
    .unwrap_or(UserStatus::Other)
}

fn kind(code: &str) -> DriftKind {
    [
        DriftKind::Extra,
        DriftKind::Attributes,
        DriftKind::Groups,
        DriftKind::Enabled,
        DriftKind::Status,
        DriftKind::Identity,
        DriftKind::Replaced,
    ]
    .into_iter()
    .find(|kind| kind.code() == code)
    .unwrap_or(DriftKind::Missing)
}
