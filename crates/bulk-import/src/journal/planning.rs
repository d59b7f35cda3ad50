//! Writes a plan: one row per legacy user with route and reason, then everything that can only
//! be seen by looking at all users at once, in SQL: names that collide, addresses that are
//! shared, users whom the pool has already. Rows of users to whom this run has done something
//! keep what was done.

use migration_model::{Reason, Route, Routing};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{Connection, Row};

use super::{Header, Journal, JournalError};
use crate::plan::{PlanCount, PlannedGroup};

/// A legacy user as the plan knows them. The order of the fields is the order of the columns.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedUser {
    pub(crate) legacy_id: String,
    pub(crate) username: String,
    pub(crate) route: &'static str,
    pub(crate) reason: Option<&'static str>,
    pub(crate) group_count: usize,
    pub(crate) identity_count: usize,
    pub(crate) enabled: bool,
    pub(crate) has_contact: bool,
    pub(crate) may_sign_in: bool,
    /// Whether a collision of names would decide the route.
    pub(crate) collidable: bool,
    pub(crate) name_key: Option<i64>,
    pub(crate) email_key: Option<i64>,
    pub(crate) verified: bool,
    pub(crate) id_key: Option<i64>,
    /// False for a user of another shard, whose name may collide with ours.
    pub(crate) mine: bool,
}

/// A user of the pool, as far as legacy users are held against them.
#[derive(Debug, Serialize)]
pub(crate) struct PoolUserRow {
    pub(crate) name_key: i64,
    /// Of a verified address: an alias that one user alone can hold.
    pub(crate) email_key: Option<i64>,
    pub(crate) id_key: Option<i64>,
    pub(crate) sub: Option<String>,
    pub(crate) username: String,
}

const INSERT_USERS: &str = "
INSERT INTO users (legacy_id, username, route, reason, group_count, identity_count, enabled,
                   has_contact, may_sign_in, collidable, name_key, email_key, verified, id_key,
                   mine, generation)
SELECT value->>'legacy_id', value->>'username', value->>'route', value->>'reason',
       value->>'group_count', value->>'identity_count', value->>'enabled', value->>'has_contact', value->>'may_sign_in',
       value->>'collidable', value->>'name_key', value->>'email_key', value->>'verified',
       value->>'id_key', value->>'mine', ?2
FROM json_each(?1) WHERE true
ON CONFLICT (legacy_id) DO UPDATE SET
    generation = excluded.generation,
    name_key = excluded.name_key, email_key = excluded.email_key, id_key = excluded.id_key,
    verified = excluded.verified, may_sign_in = excluded.may_sign_in,
    has_contact = excluded.has_contact, group_count = excluded.group_count,
    identity_count = excluded.identity_count,
    enabled = excluded.enabled, collidable = excluded.collidable,
    username = CASE state WHEN 'planned' THEN excluded.username ELSE username END,
    route = CASE WHEN state IN ('planned', 'creating') THEN excluded.route ELSE route END,
    reason = CASE WHEN state IN ('planned', 'creating') AND outcome IS NOT 'failed'
             THEN excluded.reason ELSE reason END,
    outcome = CASE WHEN state = 'planned' AND outcome IS NOT 'failed'
              THEN NULL ELSE outcome END";

const POOL_USERS: &str = "
DROP TABLE IF EXISTS temp.pool_users;
CREATE TEMP TABLE pool_users (
    name_key INTEGER NOT NULL, email_key INTEGER, id_key INTEGER, sub TEXT, username TEXT NOT NULL
)";

const INSERT_POOL_USERS: &str = "
INSERT INTO temp.pool_users (name_key, email_key, id_key, sub, username)
SELECT value->>'name_key', value->>'email_key', value->>'id_key', value->>'sub',
       value->>'username'
FROM json_each(?1)";

/// In the order in which they apply; `?1` is the plan's generation. Each changes undecided rows
/// alone. The checks within one user stand in `route_user`; these are the ones between users.
const RESOLVE: &[&str] = &[
    "CREATE INDEX temp.pool_users_by_id ON pool_users (id_key)",
    "CREATE INDEX temp.pool_users_by_name ON pool_users (name_key)",
    "CREATE INDEX temp.pool_users_by_email ON pool_users (email_key)",
    // Two users would have one pool username.
    "UPDATE users SET route = 'hold', reason = 'login-collision'
     WHERE generation = ?1 AND state = 'planned' AND outcome IS NULL AND collidable
       AND name_key IN (SELECT name_key FROM users WHERE generation = ?1 AND name_key IS NOT NULL
                        GROUP BY name_key HAVING COUNT(*) > 1)",
    // A shared address is nobody's: the mapping calls it unverified (LegacyUser::email_shared).
    "UPDATE users SET email_shared = 0 WHERE email_shared",
    "UPDATE users SET email_shared = 1, has_contact = 0
     WHERE generation = ?1
       AND email_key IN (SELECT email_key FROM users
                         WHERE generation = ?1 AND email_key IS NOT NULL
                         GROUP BY email_key HAVING COUNT(*) > 1)",
];

/// An import job takes nobody without a verified contact, and a shared address is none.
const RESOLVE_SHARED: &str = "
UPDATE users SET route = ?2, reason = ?3
WHERE generation = ?1 AND state = 'planned' AND outcome IS NULL AND route = 'hash-import'
  AND email_shared AND NOT has_contact";

/// What the pool has already, after what legacy users are to each other: so a route says what
/// the legacy database alone makes of a user for as long as the outcome is `already_in_pool`.
const RESOLVE_POOL: &[&str] = &[
    // The legacy id proves who a pool user is, whatever else collides.
    "UPDATE users SET outcome = 'already_in_pool', reason = 'already-in-pool',
                      sub = found.sub, pool_username = found.username
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND found.id_key = users.id_key",
    // Without an id on either side the name is all there is to go by.
    "UPDATE users SET outcome = 'already_in_pool', reason = 'already-in-pool',
                      sub = found.sub, pool_username = found.username
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.reason IS NOT 'login-collision' AND found.name_key = users.name_key
       AND (found.id_key IS NULL OR users.id_key IS NULL)",
    "UPDATE users SET route = 'hold', reason = 'username-taken'
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.route IN ('admin-create', 'hash-import') AND found.name_key = users.name_key",
];

/// Only where the e-mail is an alias: one verified holder each among the legacy users,
const RESOLVE_ALIASES: &[&str] = &["UPDATE users SET route = 'hold', reason = 'email-duplicate'
     WHERE generation = ?1 AND state = 'planned' AND outcome IS NULL AND collidable AND verified
       AND reason IS NOT 'login-collision'
       AND email_key IN (SELECT email_key FROM users WHERE generation = ?1 AND verified
                         GROUP BY email_key HAVING COUNT(*) > 1)"];

/// and one in the pool.
const RESOLVE_POOL_ALIASES: &[&str] = &["UPDATE users SET route = 'hold', reason = 'alias-taken'
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.route IN ('admin-create', 'hash-import') AND users.verified AND NOT users.email_shared
       AND found.email_key = users.email_key"];

const SETTLE: &[&str] = &[
    // They were here to be compared with; their own shards import them.
    "DELETE FROM users WHERE NOT mine",
    "UPDATE users SET route = 'hold', reason = 'legacy-user-gone', outcome = 'held'
     WHERE generation <> ?1 AND state = 'planned'
       AND (outcome IS NULL OR outcome = 'held')",
    "UPDATE users SET outcome = 'held'
     WHERE generation = ?1 AND state = 'planned' AND outcome IS NULL
       AND route NOT IN ('admin-create', 'hash-import')",
    "DROP TABLE temp.pool_users",
];

impl Journal {
    /// Makes room for the users of the pool.
    pub(crate) async fn begin_pool_users(&mut self) -> Result<(), JournalError> {
        let made = sqlx::raw_sql(POOL_USERS)
            .execute(&mut self.connection)
            .await;
        made.map(drop)
            .map_err(|error| JournalError::storage(&self.path, "planning", &error))
    }

    /// Adds users of the pool; a few thousand at a time.
    pub(crate) async fn add_pool_users(
        &mut self,
        users: &[PoolUserRow],
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(users).expect("rows are plain data");
        let insert = sqlx::query(INSERT_POOL_USERS).bind(rows);
        let inserted = insert.execute(&mut self.connection).await;
        inserted
            .map(drop)
            .map_err(|error| JournalError::storage(&self.path, "planning", &error))
    }

    /// Adds legacy users, or plans them anew; a few thousand at a time, in the order of their
    /// keys.
    pub(crate) async fn plan_users(
        &mut self,
        users: &[PlannedUser],
        generation: i64,
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(users).expect("rows are plain data");
        let insert = sqlx::query(INSERT_USERS).bind(rows).bind(generation);
        let inserted = insert.execute(&mut self.connection).await;
        inserted
            .map(drop)
            .map_err(|error| JournalError::storage(&self.path, "planning", &error))
    }

    /// Decides what takes all users to decide, settles whoever is not imported, and records with
    /// `header` that the plan is complete; all or nothing. `otherwise` is the way of whoever
    /// cannot go by import job after all.
    pub(crate) async fn complete_plan(
        &mut self,
        header: &Header,
        groups: &[PlannedGroup],
        emails_are_aliases: bool,
        otherwise: Routing,
    ) -> Result<(), JournalError> {
        let storage = |error| JournalError::storage(&self.path, "planning", &error);
        let mut transaction = self.connection.begin().await.map_err(storage)?;
        let (aliases, pool_aliases) = match emails_are_aliases {
            true => (RESOLVE_ALIASES, RESOLVE_POOL_ALIASES),
            false => (&[][..], &[][..]),
        };
        for statement in RESOLVE {
            let query = sqlx::query(*statement);
            let query = match statement.contains("?1") {
                true => query.bind(header.generation),
                false => query,
            };
            query.execute(&mut *transaction).await.map_err(storage)?;
        }
        let shared = sqlx::query(RESOLVE_SHARED).bind(header.generation);
        let shared = shared.bind(otherwise.route.code());
        let shared = shared.bind(otherwise.reason.map(Reason::code));
        shared.execute(&mut *transaction).await.map_err(storage)?;
        let statements = [aliases, RESOLVE_POOL, pool_aliases, SETTLE];
        for statement in statements.into_iter().flatten() {
            let query = sqlx::query(*statement);
            // SQLite counts parameters per statement: those without `?1` take none.
            let query = match statement.contains("?1") {
                true => query.bind(header.generation),
                false => query,
            };
            query.execute(&mut *transaction).await.map_err(storage)?;
        }
        for group in groups {
            let insert = "INSERT OR IGNORE INTO groups (name, description, precedence)
                          VALUES (?1, ?2, ?3)";
            let insert = sqlx::query(insert)
                .bind(&group.name)
                .bind(&group.description);
            let insert = insert.bind(group.precedence);
            insert.execute(&mut *transaction).await.map_err(storage)?;
        }
        transaction.commit().await.map_err(storage)?;
        self.set_header(header).await
    }

    /// Lets users who failed be tried again from where they stopped.
    pub(crate) async fn retry_failed(&mut self) -> Result<u64, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "planning", &error);
        let reset = "UPDATE users SET outcome = NULL, reason = NULL, detail = NULL
                     WHERE outcome = 'failed'";
        let reset = sqlx::query(reset)
            .execute(&mut self.connection)
            .await
            .map_err(storage)?;
        Ok(reset.rows_affected())
    }

    /// SHA-256 in hex of what would be done to whom: of all users whom this plan creates, and of
    /// those it would create had the pool not got them meanwhile. Who came in by signing in since
    /// another plan of the same users makes no difference.
    pub(crate) async fn creations_digest(
        &mut self,
        generation: i64,
    ) -> Result<String, JournalError> {
        let mut digest = Sha256::new();
        let mut after = String::new();
        loop {
            let select = "SELECT legacy_id, username, group_count, identity_count, enabled,
                                 route = 'hash-import'
                          FROM users
                          WHERE legacy_id > ?1 AND generation = ?2
                            AND route IN ('admin-create', 'hash-import')
                          ORDER BY legacy_id LIMIT 10000";
            let select = sqlx::query(select).bind(&after).bind(generation);
            let rows = select.fetch_all(&mut self.connection).await;
            let rows = rows
                .map_err(|error| JournalError::storage(&self.path, "reading the plan", &error))?;
            let Some(last) = rows.last() else {
                return Ok(hex::encode(digest.finalize()));
            };
            after = last.get(0);
            for row in rows {
                let (id, username): (&str, &str) = (row.get(0), row.get(1));
                let numbers: [i64; 3] = [row.get(2), row.get(3), row.get(4)];
                // Lengths in front: no two lists of users have one text.
                let (id_length, username_length) = (id.len(), username.len());
                let by_hash = if row.get(5) { " hash-import" } else { "" };
                digest.update(format!(
                    "{id_length}:{id} {username_length}:{username} {numbers:?}{by_hash}\n"
                ));
            }
        }
    }

    /// How the plan divides the users.
    pub(crate) async fn plan_counts(&mut self) -> Result<Vec<PlanCount>, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading the plan", &error);
        let select =
            "SELECT route, reason, outcome, COUNT(*), SUM(group_count), SUM(identity_count),
                             SUM(NOT enabled),
                             SUM(NOT has_contact), SUM(may_sign_in),
                             SUM(group_count > 0 OR identity_count > 0)
                      FROM users GROUP BY route, reason, outcome ORDER BY route, reason, outcome";
        let rows = sqlx::query(select)
            .fetch_all(&mut self.connection)
            .await
            .map_err(storage)?;
        let number = |row: &sqlx::sqlite::SqliteRow, index| {
            u64::try_from(row.get::<i64, usize>(index)).unwrap_or(0)
        };
        let count = |row: sqlx::sqlite::SqliteRow| PlanCount {
            route: route(row.get::<&str, usize>(0)),
            reason: row
                .get::<Option<String>, usize>(1)
                .and_then(|code| code.parse().ok()),
            outcome: row.get(2),
            users: number(&row, 3),
            memberships: number(&row, 4),
            identities: number(&row, 5),
            disabled: number(&row, 6),
            without_contact: number(&row, 7),
            may_sign_in: number(&row, 8),
            touched: number(&row, 9),
        };
        Ok(rows.into_iter().map(count).collect())
    }

    /// Groups that are still to be created, by name.
    pub(crate) async fn missing_groups(&mut self) -> Result<Vec<PlannedGroup>, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading the plan", &error);
        let select = "SELECT name, description, precedence FROM groups
                      WHERE NOT created ORDER BY name";
        let rows = sqlx::query(select)
            .fetch_all(&mut self.connection)
            .await
            .map_err(storage)?;
        Ok(rows
            .into_iter()
            .map(|row| PlannedGroup {
                name: row.get(0),
                description: row.get(1),
                precedence: row.get(2),
            })
            .collect())
    }

    /// Records that the pool has a group.
    pub(crate) async fn group_created(&mut self, name: &str) -> Result<(), JournalError> {
        let update = sqlx::query("UPDATE groups SET created = 1 WHERE name = ?1").bind(name);
        let updated = update.execute(&mut self.connection).await;
        updated
            .map(drop)
            .map_err(|error| JournalError::storage(&self.path, "writing it", &error))
    }
}

/// The route with this code.
pub(super) fn route(code: &str) -> Route {
    let routes = [Route::FirstLogin, Route::HashImport, Route::AdminCreate];
    routes
        .into_iter()
        .find(|route| route.code() == code)
        .unwrap_or(Route::Hold)
}
