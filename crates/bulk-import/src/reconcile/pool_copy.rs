//! The pool's users and their groups in a temporary SQLite file, to be looked up by legacy id or
//! by name. Knows nothing of what is compared.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use cognito_user_pool::{UserRecord, UserStatus};
use futures::Stream;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection};

use super::drift::{Drift, DriftKind, DriftRow};
use super::fixes::{Fix, FixKind};
use crate::journal::{JournalError, attach_or_empty};
use crate::ledger::Base;

const TABLES: &str = "
CREATE TABLE pool_users (
    username TEXT PRIMARY KEY, sub TEXT, name_key INTEGER NOT NULL, id_key INTEGER,
    email_key INTEGER, enabled INTEGER NOT NULL, status TEXT NOT NULL, attributes TEXT NOT NULL,
    unmodified INTEGER NOT NULL, is_old INTEGER NOT NULL, last_modified INTEGER,
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
CREATE INDEX pool_users_by_sub ON pool_users (sub);
CREATE INDEX pool_users_by_email ON pool_users (email_key) WHERE email_key IS NOT NULL;
-- Of several who bear one id none is proven.
UPDATE pool_users SET id_key = NULL WHERE id_key IN (
    SELECT id_key FROM pool_users WHERE id_key IS NOT NULL GROUP BY id_key HAVING COUNT(*) > 1);
CREATE INDEX members_by_username ON members (username);
";

/// A user of the pool, with the mapped attributes alone.
#[derive(Serialize)]
pub(crate) struct CopiedUser {
    pub(super) username: String,
    pub(super) sub: Option<String>,
    pub(super) name_key: i64,
    pub(super) id_key: Option<i64>,
    /// Of a verified address.
    pub(super) email_key: Option<i64>,
    pub(super) enabled: bool,
    #[serde(serialize_with = "status_name")]
    pub(super) status: UserStatus,
    pub(super) attributes: BTreeMap<String, String>,
    /// Whether nothing about the user changed since creation.
    pub(super) unmodified: bool,
    /// Whether any code that was sent at creation has long run out.
    pub(super) is_old: bool,
    /// When anything about the user last changed, in milliseconds since 1970.
    pub(super) last_modified: Option<i64>,
    #[serde(skip)]
    pub(super) groups: Vec<String>,
    #[serde(skip)]
    pub(super) by: FoundBy,
    /// What both sides last agreed on, by the ledger.
    #[serde(skip)]
    pub(super) base: Option<Base>,
    /// Came by signing in, as far as the ledger knows.
    #[serde(skip)]
    pub(super) migrated: bool,
}

/// How a pool user was found to be the wanted one's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum FoundBy {
    /// The ledger has the `sub`.
    Ledger,
    /// By a legacy id that no app client can write.
    Id,
    /// By the name, which proves nothing.
    #[default]
    Name,
}

/// What the pool has for a legacy user.
pub(crate) enum Found {
    User(Box<CopiedUser>),
    /// The ledger knows a `sub` that is not there any more.
    Deleted,
}

/// By what a legacy user is looked for.
#[derive(Serialize)]
pub(crate) struct Wanted {
    pub(super) legacy_id: String,
    pub(super) id_key: Option<i64>,
    pub(super) name_key: Option<i64>,
}

/// Somebody with what both sides agree on now.
#[derive(Serialize)]
pub(super) struct Learnt {
    pub(super) legacy_id: String,
    pub(super) sub: Option<String>,
    pub(super) pool_username: String,
    /// Created by an import that was not through with them.
    pub(super) is_between: bool,
    pub(super) base: String,
}

/// Something that can be done about a difference.
pub(super) struct NotedFix {
    pub(super) row: i64,
    pub(super) username: String,
    pub(super) sub: String,
    pub(super) last_modified: Option<i64>,
    pub(super) fix: Fix,
}

#[derive(Deserialize)]
struct Attributes(BTreeMap<String, String>);

impl CopiedUser {
    pub(super) fn new(
        user: UserRecord,
        keys: [Option<i64>; 2],
        name_key: i64,
        kept: &[&str],
        old_before: DateTime<Utc>,
    ) -> CopiedUser {
        let kept = |name: &str| kept.contains(&name) || matches!(name, "email" | "email_verified");
        let [id_key, email_key] = keys;
        CopiedUser {
            sub: user.sub().map(str::to_owned),
            name_key,
            id_key,
            email_key,
            enabled: user.enabled,
            status: user.status,
            attributes: user
                .attributes
                .iter()
                .filter(|(name, _)| kept(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            unmodified: user.is_unmodified(),
            is_old: user.created.is_some_and(|created| created < old_before),
            last_modified: user.last_modified.map(|moment| moment.timestamp_millis()),
            username: user.username,
            groups: Vec::new(),
            by: FoundBy::Name,
            base: None,
            migrated: false,
        }
    }
}

fn status_name<S: serde::Serializer>(
    status: &UserStatus,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.name())
}

/// The copy. Its file has no name any more once it is open.
pub(crate) struct PoolCopy {
    connection: SqliteConnection,
    /// Where the file was; for messages.
    directory: PathBuf,
}

impl PoolCopy {
    /// An empty copy, with the ledger at this path beside it, if there is one.
    pub(super) async fn create(ledger: Option<&Path>) -> Result<PoolCopy, JournalError> {
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
            .map_err(|error| storage(directory.path(), &error))?;
        let made = sqlx::raw_sql(TABLES).execute(&mut connection).await;
        made.map_err(|error| storage(directory.path(), &error))?;
        attach_or_empty(&mut connection, directory.path(), ledger).await?;
        // It has people's names in it: gone from the disk with this process, however that ends.
        // The one connection has the file open, and nobody opens it again.
        let path = directory.path().to_owned();
        directory.close().map_err(unusable)?;
        Ok(PoolCopy {
            connection,
            directory: path,
        })
    }

    pub(super) async fn add_users(&mut self, users: &[CopiedUser]) -> Result<(), JournalError> {
        self.insert(
            "INSERT OR REPLACE INTO pool_users
                 (username, sub, name_key, id_key, email_key, enabled, status, attributes,
                  unmodified, is_old, last_modified)
             SELECT value->>'username', value->>'sub', value->>'name_key', value->>'id_key',
                    value->>'email_key', value->>'enabled', value->>'status',
                    value->'attributes', value->>'unmodified', value->>'is_old',
                    value->>'last_modified'
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

    /// What the pool has for the wanted ones, by index, and marks it as matched. The ledger decides
    /// before an id, and an id before a name.
    pub(super) async fn find(
        &mut self,
        wanted: &[Wanted],
    ) -> Result<HashMap<usize, Found>, JournalError> {
        let keys = serde_json::to_string(wanted).expect("keys are plain data");
        // CROSS JOIN keeps the order: each wanted one is looked up in the copy, by an index.
        let select = "
            WITH wanted AS MATERIALIZED (
                SELECT key AS number, value->>'legacy_id' AS legacy_id,
                       value->>'id_key' AS id_key, value->>'name_key' AS name_key
                FROM json_each(?1)
            ), found AS MATERIALIZED (
                SELECT number, 0 AS how, username, known.base, known.how = 'migrated' AS migrated
                FROM wanted CROSS JOIN ledger.people AS known USING (legacy_id)
                CROSS JOIN pool_users ON pool_users.sub = known.sub
                UNION ALL
                SELECT number, 1, username, NULL, 1
                FROM wanted CROSS JOIN pool_users ON pool_users.id_key = wanted.id_key
                WHERE pool_users.sub NOT IN (SELECT sub FROM ledger.people)
                  AND legacy_id NOT IN (SELECT legacy_id FROM ledger.people)
                UNION ALL
                SELECT number, 2, username, NULL, 0
                FROM wanted CROSS JOIN pool_users ON pool_users.name_key = wanted.name_key
            )
            SELECT number, how, base, migrated, username, sub, name_key, id_key, email_key,
                   enabled, status, attributes, unmodified, is_old,
                   (SELECT json_group_array(name) FROM members
                    WHERE members.username = pool_users.username) AS groups
            FROM found CROSS JOIN pool_users USING (username)
            ORDER BY number, how DESC";
        let rows = sqlx::query(select)
            .bind(&keys)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(|error| storage(&self.directory, &error))?;
        let mut found = HashMap::new();
        let known = "SELECT key FROM json_each(?1)
                     CROSS JOIN ledger.people ON legacy_id = value->>'legacy_id'";
        let known = sqlx::query(known)
            .bind(keys)
            .fetch_all(&mut self.connection);
        for row in known
            .await
            .map_err(|error| storage(&self.directory, &error))?
        {
            let number = usize::try_from(row.get::<i64, usize>(0)).unwrap_or(usize::MAX);
            found.insert(number, Found::Deleted);
        }
        // In this order a user found by the ledger replaces one found by id, and that one by name.
        for row in rows {
            let number = usize::try_from(row.get::<i64, &str>("number")).unwrap_or(usize::MAX);
            let by = match row.get::<i64, &str>("how") {
                0 => FoundBy::Ledger,
                1 => FoundBy::Id,
                _ => FoundBy::Name,
            };
            if by == FoundBy::Name && found.contains_key(&number) {
                // Whoever took the name of somebody who was deleted is somebody else.
                continue;
            }
            found.insert(number, Found::User(Box::new(copied(&row, by))));
        }
        let names: Vec<&str> = found
            .values()
            .filter_map(|found| match found {
                Found::User(user) => Some(user.username.as_str()),
                Found::Deleted => None,
            })
            .collect();
        let mark = "UPDATE pool_users SET matched = 1
                    WHERE username IN (SELECT value FROM json_each(?1))";
        self.insert(mark, &names).await?;
        Ok(found)
    }

    /// Whether another pool user than this one holds a verified address.
    pub(super) async fn is_held_by_another(
        &mut self,
        email_key: i64,
        username: &str,
    ) -> Result<bool, JournalError> {
        let select = "SELECT 1 FROM pool_users WHERE email_key = ?1 AND username <> ?2 LIMIT 1";
        let row = sqlx::query(select).bind(email_key).bind(username);
        let row = row.fetch_optional(&mut self.connection).await;
        row.map(|row| row.is_some())
            .map_err(|error| storage(&self.directory, &error))
    }

    /// Lets the ledger know who is proven, and what both sides agree on.
    pub(super) async fn teach_ledger(
        &mut self,
        learnt: &[Learnt],
        now: &str,
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(learnt).expect("rows are plain data");
        let people = "INSERT INTO ledger.people
                          (legacy_id, sub, pool_username, how, finished, since, base)
                      SELECT value->>'legacy_id', value->>'sub', value->>'pool_username',
                             CASE WHEN value->>'is_between' THEN 'found' ELSE 'migrated' END,
                             NOT value->>'is_between', ?2, value->>'base'
                      FROM json_each(?1) WHERE value->>'sub' IS NOT NULL
                      ON CONFLICT (legacy_id) DO UPDATE SET base = excluded.base
                      WHERE people.base IS NOT excluded.base AND people.sub = excluded.sub";
        let taught = sqlx::query(people).bind(rows).bind(now);
        let taught = taught.execute(&mut self.connection).await;
        taught
            .map(drop)
            .map_err(|error| storage(&self.directory, &error))
    }

    /// Forgets somebody who was deleted so that they can come in again; legacy id and `sub`.
    pub(super) async fn forget(
        &mut self,
        username: &str,
    ) -> Result<Option<(String, String)>, JournalError> {
        let delete = "DELETE FROM ledger.people
                      WHERE sub = (SELECT sub FROM pool_users WHERE username = ?1)
                      RETURNING legacy_id, sub";
        let deleted = sqlx::query(delete)
            .bind(username)
            .fetch_optional(&mut self.connection);
        deleted
            .await
            .map(|row| row.map(|row| (row.get(0), row.get(1))))
            .map_err(|error| storage(&self.directory, &error))
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
                    Fix::AddToGroup(name) | Fix::RemoveFromGroup(name) | Fix::ClearSeal(name) => {
                        (Some(name), None)
                    }
                    Fix::Disable | Fix::Enable | Fix::DeleteUnfinishedReset => (None, None),
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
        let select =
            "SELECT fixes.rowid, username, kind, name, fixes.attributes, sub, last_modified
                      FROM fixes CROSS JOIN pool_users USING (username)
                      WHERE fixes.rowid > ?1 ORDER BY fixes.rowid LIMIT 1000";
        let rows = sqlx::query(select)
            .bind(after)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(|error| storage(&self.directory, &error))?;
        Ok(rows.iter().filter_map(noted_fix).collect())
    }

    /// Counts the pool users that no legacy user was matched with: those whom the ledger knows were
    /// deleted in Django, the others registered in the pool.
    pub(super) async fn count_unmatched(
        &mut self,
        counts: &mut BTreeMap<DriftKind, u64>,
    ) -> Result<(), JournalError> {
        let select = "SELECT COUNT(*), COALESCE(SUM(sub IN (SELECT sub FROM ledger.people)), 0)
                      FROM pool_users WHERE NOT matched";
        let row = sqlx::query(select).fetch_one(&mut self.connection).await;
        let row = row.map_err(|error| storage(&self.directory, &error))?;
        let number = |index: usize| u64::try_from(row.get::<i64, usize>(index)).unwrap_or(0);
        let (all, known) = (number(0), number(1));
        for (kind, users) in [
            (DriftKind::Native, all.saturating_sub(known)),
            (DriftKind::DeletedInDjango, known),
        ] {
            if users > 0 {
                counts.insert(kind, users);
            }
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

fn copied(row: &sqlx::sqlite::SqliteRow, by: FoundBy) -> CopiedUser {
    let attributes: Option<Attributes> = serde_json::from_str(row.get("attributes")).ok();
    let base: Option<String> = row.get("base");
    CopiedUser {
        username: row.get("username"),
        sub: row.get("sub"),
        name_key: row.get("name_key"),
        id_key: row.get("id_key"),
        email_key: row.get("email_key"),
        enabled: row.get("enabled"),
        status: status(row.get("status")),
        attributes: attributes.map(|Attributes(map)| map).unwrap_or_default(),
        unmodified: row.get("unmodified"),
        is_old: row.get("is_old"),
        last_modified: None,
        groups: serde_json::from_str(row.get("groups")).unwrap_or_default(),
        by,
        base: base.and_then(|text| Base::from_text(&text)),
        migrated: row.get("migrated"),
    }
}

fn noted_fix(row: &sqlx::sqlite::SqliteRow) -> Option<NotedFix> {
    let group = || row.get::<Option<String>, usize>(3);
    let fix = match FixKind::of_code(row.get::<&str, usize>(2))? {
        FixKind::AddToGroup => Fix::AddToGroup(group()?),
        FixKind::RemoveFromGroup => Fix::RemoveFromGroup(group()?),
        FixKind::Disable => Fix::Disable,
        FixKind::Enable => Fix::Enable,
        FixKind::ClearSeal => Fix::ClearSeal(group()?),
        FixKind::DeleteUnfinishedReset => Fix::DeleteUnfinishedReset,
        FixKind::SetAttributes => {
            Fix::SetAttributes(serde_json::from_str(row.get::<&str, usize>(4)).ok()?)
        }
    };
    Some(NotedFix {
        row: row.get(0),
        username: row.get(1),
        sub: row.get::<Option<String>, usize>(5)?,
        last_modified: row.get(6),
        fix,
    })
}

fn storage(directory: &Path, error: &sqlx::Error) -> JournalError {
    JournalError::storage(directory, "comparing", error)
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
        DriftKind::Conflict,
        DriftKind::Attributes,
        DriftKind::Groups,
        DriftKind::Enabled,
        DriftKind::Status,
        DriftKind::Stranger,
    ]
    .into_iter()
    .find(|kind| kind.code() == code)
    .unwrap_or(DriftKind::Missing)
}
