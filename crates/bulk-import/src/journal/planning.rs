//! Writes a plan: one row per legacy user with route and reason, then everything that can only
//! be seen by looking at all users at once, in SQL: names that collide, addresses that are
//! shared, users whom the pool has already. Rows of users to whom this run has done something
//! keep what was done.

use migration_model::{Reason, Route, Routing};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{Connection, Row};

use super::{Header, Journal, JournalError};
use crate::RunName;
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
    /// What a reviewed plan binds of the user.
    pub(crate) content_key: i64,
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
    /// Created by an administrator, and neither given a password nor changed since.
    pub(crate) is_between: bool,
}

const INSERT_USERS: &str = "
INSERT INTO users (legacy_id, username, route, reason, group_count, identity_count, enabled,
                   has_contact, may_sign_in, collidable, name_key, email_key, verified, id_key,
                   content_key, mine, generation)
SELECT value->>'legacy_id', value->>'username', value->>'route', value->>'reason',
       value->>'group_count', value->>'identity_count', value->>'enabled', value->>'has_contact', value->>'may_sign_in',
       value->>'collidable', value->>'name_key', value->>'email_key', value->>'verified',
       value->>'id_key', value->>'content_key', value->>'mine', ?2
FROM json_each(?1) WHERE true
ON CONFLICT (legacy_id) DO UPDATE SET
    generation = excluded.generation,
    name_key = excluded.name_key, email_key = excluded.email_key, id_key = excluded.id_key,
    verified = excluded.verified, content_key = excluded.content_key, may_sign_in = excluded.may_sign_in,
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
DROP TABLE IF EXISTS temp.linked;
CREATE TEMP TABLE IF NOT EXISTS reviewed (content_key INTEGER PRIMARY KEY);
CREATE TEMP TABLE linked (legacy_id TEXT PRIMARY KEY, sub TEXT NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE pool_users (
    name_key INTEGER NOT NULL, email_key INTEGER, id_key INTEGER, sub TEXT, username TEXT NOT NULL,
    is_between INTEGER NOT NULL
)";

/// What goes into the ledger with a plan that is carried out.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// The run's name.
    pub(crate) run: String,
    /// Now, by the pool's clock.
    pub(crate) now: String,
    /// Whoever was created before this is listed by now.
    pub(crate) settled: String,
}

const INSERT_POOL_USERS: &str = "
INSERT INTO temp.pool_users (name_key, email_key, id_key, sub, username, is_between)
SELECT value->>'name_key', value->>'email_key', value->>'id_key', value->>'sub',
       value->>'username', value->>'is_between'
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
///
/// Four things prove that a pool user is a legacy user: the ledger has the `sub`; the trigger's claims
/// have it; the app itself has linked them (`[legacy] links_table`), which it does on a token alone; or
/// the pool user bears the legacy id in an attribute that no app client can write, and nobody else bears
/// it. A name proves nothing.
const RESOLVE_POOL: &[&str] = &[
    "CREATE INDEX temp.pool_users_by_sub ON pool_users (sub)",
    // Left between by another run that was killed: this one finishes them.
    "UPDATE users SET state = 'created', route = 'admin-create', reason = NULL, outcome = NULL,
                      sub = found.sub, pool_username = found.username
     FROM ledger.people AS known JOIN temp.pool_users AS found ON found.sub = known.sub
     WHERE users.generation = ?1 AND users.state = 'planned' AND NOT known.finished
       AND known.legacy_id = users.legacy_id",
    "UPDATE users SET outcome = 'already_in_pool', reason = 'already-in-pool',
                      sub = found.sub, pool_username = found.username
     FROM ledger.people AS known JOIN temp.pool_users AS found ON found.sub = known.sub
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND known.legacy_id = users.legacy_id",
    // Whoever left a tombstone does not come back by themselves.
    "UPDATE users SET route = 'hold', reason = 'deleted-in-pool'
     FROM ledger.people AS known
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND known.legacy_id = users.legacy_id",
    // Also those who registered at the pool, and have their row from there.
    "UPDATE users SET outcome = 'already_in_pool', reason = 'already-in-pool',
                      sub = found.sub, pool_username = found.username
     FROM temp.linked AS known JOIN temp.pool_users AS found ON found.sub = known.sub
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.reason IS NOT 'deleted-in-pool' AND known.legacy_id = users.legacy_id
       AND found.sub NOT IN (SELECT sub FROM ledger.people)",
    "UPDATE users SET route = 'hold', reason = 'deleted-in-pool'
     FROM temp.linked AS known
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND known.legacy_id = users.legacy_id",
    // Killed before even the ledger learnt of them: only an administrator's call makes such a user,
    // and only ours writes the id.
    "UPDATE users SET state = 'created', route = 'admin-create', reason = NULL,
                      sub = found.sub, pool_username = found.username
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.reason IS NOT 'deleted-in-pool' AND found.id_key = users.id_key
       AND found.is_between
       AND found.id_key NOT IN (SELECT id_key FROM temp.pool_users WHERE id_key IS NOT NULL
                                GROUP BY id_key HAVING COUNT(*) > 1)
       AND found.sub NOT IN (SELECT sub FROM ledger.people)",
    "UPDATE users SET outcome = 'already_in_pool', reason = 'already-in-pool',
                      sub = found.sub, pool_username = found.username
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.reason IS NOT 'deleted-in-pool' AND found.id_key = users.id_key
       AND found.id_key NOT IN (SELECT id_key FROM temp.pool_users WHERE id_key IS NOT NULL
                                GROUP BY id_key HAVING COUNT(*) > 1)
       AND found.sub NOT IN (SELECT sub FROM ledger.people)",
    // Of several who bear one id none is proven.
    "UPDATE users SET route = 'hold', reason = 'name-taken-by-stranger'
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.reason IS NOT 'deleted-in-pool' AND found.id_key = users.id_key",
    // The name is another legacy user's, and that is proven.
    "UPDATE users SET route = 'hold', reason = 'username-taken'
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.route <> 'hold' AND found.name_key = users.name_key
       AND (found.id_key IS NOT NULL OR found.sub IN (SELECT sub FROM ledger.people))",
    "UPDATE users SET route = 'hold', reason = 'name-taken-by-stranger'
     FROM temp.pool_users AS found
     WHERE users.generation = ?1 AND users.state = 'planned' AND users.outcome IS NULL
       AND users.route <> 'hold' AND found.name_key = users.name_key",
];

/// What the ledger learns from a plan that is carried out: whom the pool has, and who is gone from
/// it. A user created a moment ago may not be listed yet (ListUsers is eventually consistent).
const LEARN_PEOPLE: &str = "
INSERT INTO ledger.people (legacy_id, sub, pool_username, how, run, since, finished)
SELECT legacy_id, sub, COALESCE(pool_username, username),
       CASE state WHEN 'created' THEN 'found' ELSE 'migrated' END, ?2, ?3, state <> 'created'
FROM users
WHERE generation = ?1 AND sub IS NOT NULL AND mine
  AND (outcome = 'already_in_pool' OR state = 'created' AND outcome IS NULL)
ON CONFLICT (legacy_id) DO NOTHING";
const LEARN_DELETIONS: &str = "
UPDATE ledger.people SET deleted_at = ?1
WHERE deleted_at IS NULL
  AND sub NOT IN (SELECT sub FROM temp.pool_users WHERE sub IS NOT NULL)";
const LEARN_RETURNS: &str = "
UPDATE ledger.people SET deleted_at = NULL
WHERE deleted_at IS NOT NULL AND sub IN (SELECT sub FROM temp.pool_users)";

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
       AND users.route IN ('admin-create', 'hash-import') AND users.verified
       AND NOT users.email_shared
       AND found.email_key = users.email_key"];

const SETTLE: &[&str] = &[
    // They were here to be compared with; their own shards import them.
    "DELETE FROM users WHERE NOT mine",
    "UPDATE users SET route = 'hold', reason = 'legacy-user-gone', outcome = 'held'
     WHERE generation <> ?1 AND state = 'planned'
       AND (outcome IS NULL OR outcome = 'held')",
    "UPDATE users SET route = 'hold', reason = 'not-in-reviewed-plan'
     WHERE generation = ?1 AND state = 'planned' AND outcome IS NULL
       AND route IN ('admin-create', 'hash-import')
       AND EXISTS (SELECT 1 FROM temp.reviewed)
       AND content_key NOT IN (SELECT content_key FROM temp.reviewed)",
    "UPDATE users SET outcome = 'held'
     WHERE generation = ?1 AND state = 'planned' AND outcome IS NULL
       AND route NOT IN ('admin-create', 'hash-import')",
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

    /// Adds whom the app has linked to a `sub`; a few thousand at a time.
    pub(crate) async fn add_links(
        &mut self,
        links: &[(String, String)],
    ) -> Result<(), JournalError> {
        let rows = serde_json::to_string(links).expect("texts are plain data");
        let insert = sqlx::query(
            "INSERT OR REPLACE INTO temp.linked SELECT value->>0, value->>1 FROM json_each(?1)",
        );
        let inserted = insert.bind(rows).execute(&mut self.connection).await;
        inserted
            .map(drop)
            .map_err(|error| JournalError::storage(&self.path, "planning", &error))
    }

    /// Those of these legacy ids of whom the ledger knows nothing.
    pub(crate) async fn unknown_to_ledger(
        &mut self,
        legacy_ids: &[String],
    ) -> Result<Vec<String>, JournalError> {
        let select = "SELECT value FROM json_each(?1)
                      WHERE value NOT IN (SELECT legacy_id FROM ledger.people)";
        let ids = serde_json::to_string(legacy_ids).expect("texts are plain data");
        let rows = sqlx::query(select)
            .bind(ids)
            .fetch_all(&mut self.connection);
        let rows = rows.await;
        let rows = rows.map_err(|error| JournalError::storage(&self.path, "planning", &error))?;
        Ok(rows.into_iter().map(|row| row.get(0)).collect())
    }

    /// `sub`s of linked people who are not listed and whom the ledger does not know; at most a thousand.
    pub(crate) async fn unlisted_links(&mut self) -> Result<Vec<String>, JournalError> {
        let select = "SELECT sub FROM temp.linked
                      WHERE sub NOT IN (SELECT sub FROM temp.pool_users WHERE sub IS NOT NULL)
                        AND legacy_id NOT IN (SELECT legacy_id FROM ledger.people)
                      LIMIT 1000";
        let rows = sqlx::query(select).fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|error| JournalError::storage(&self.path, "planning", &error))?;
        Ok(rows.into_iter().map(|row| row.get(0)).collect())
    }

    /// Pool usernames and `sub`s of people who became known after `settled` and are not listed: they
    /// may be gone, or not be listed yet. At most a thousand.
    pub(crate) async fn unlisted(
        &mut self,
        settled: &str,
    ) -> Result<Vec<(String, String)>, JournalError> {
        let select = "SELECT pool_username, sub FROM ledger.people
                      WHERE deleted_at IS NULL AND since >= ?1
                        AND sub NOT IN (SELECT sub FROM temp.pool_users WHERE sub IS NOT NULL)
                      LIMIT 1000";
        let rows = sqlx::query(select).bind(settled);
        let rows = rows.fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|error| JournalError::storage(&self.path, "planning", &error))?;
        Ok(rows
            .into_iter()
            .map(|row| (row.get(0), row.get(1)))
            .collect())
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
        lesson: Option<&Lesson>,
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
        if let Some(Lesson { run, now, .. }) = lesson {
            let people = sqlx::query(LEARN_PEOPLE).bind(header.generation);
            let people = people.bind(run).bind(now);
            let deletions = sqlx::query(LEARN_DELETIONS).bind(now);
            for query in [people, deletions, sqlx::query(LEARN_RETURNS)] {
                query.execute(&mut *transaction).await.map_err(storage)?;
            }
        }
        for table in ["DROP TABLE temp.pool_users", "DROP TABLE temp.linked"] {
            let dropped = sqlx::query(table).execute(&mut *transaction);
            dropped.await.map_err(storage)?;
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

    /// Lets the ledger know whom this run created, as far as it does not: the run may be older than
    /// the ledger.
    pub(crate) async fn teach_ledger(&mut self, run: &RunName) -> Result<(), JournalError> {
        let storage = |error| JournalError::storage(&self.path, "planning", &error);
        let insert = "INSERT INTO ledger.people
                          (legacy_id, sub, pool_username, how, run, since, finished)
                      SELECT legacy_id, sub, COALESCE(pool_username, username), 'taken-over', ?1,
                             COALESCE(settled_at, intent_at, '1970-01-01T00:00:00.000Z'),
                             state = 'done'
                      FROM users
                      WHERE state IN ('created', 'done') AND sub IS NOT NULL AND undo IS NULL
                      ON CONFLICT (legacy_id) DO NOTHING";
        let insert = sqlx::query(insert).bind(run.as_str());
        let inserted = insert.execute(&mut self.connection).await;
        inserted.map(drop).map_err(storage)
    }

    /// Keeps the plan to what was reviewed; nothing for a plan that nobody reviewed.
    pub(crate) async fn bind_to_reviewed(&mut self, keys: &[i64]) -> Result<(), JournalError> {
        let storage = |error| JournalError::storage(&self.path, "planning", &error);
        let clear = "CREATE TEMP TABLE IF NOT EXISTS reviewed (content_key INTEGER PRIMARY KEY);
                     DELETE FROM temp.reviewed";
        let cleared = sqlx::raw_sql(clear).execute(&mut self.connection).await;
        cleared.map_err(storage)?;
        for some in keys.chunks(10_000) {
            let insert = "INSERT OR IGNORE INTO temp.reviewed SELECT value FROM json_each(?1)";
            let keys = serde_json::to_string(some).expect("numbers are plain data");
            let insert = sqlx::query(insert).bind(keys).execute(&mut self.connection);
            insert.await.map_err(storage)?;
        }
        Ok(())
    }

    /// What a review of this plan would bind: one key for each user to be created.
    pub(crate) async fn content_keys(&mut self, generation: i64) -> Result<Vec<i64>, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading the plan", &error);
        let select = "SELECT content_key FROM users
                      WHERE generation = ?1 AND route IN ('admin-create', 'hash-import')
                      ORDER BY content_key";
        let rows = sqlx::query(select)
            .bind(generation)
            .fetch_all(&mut self.connection);
        let rows = rows.await.map_err(storage)?;
        Ok(rows.into_iter().map(|row| row.get(0)).collect())
    }

    /// How many users this plan left as they were because they changed since it was made.
    pub(crate) async fn changed_since_plan(&mut self) -> Result<u64, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "reading the plan", &error);
        let count = "SELECT COUNT(*) FROM users WHERE reason = 'changed-since-plan'";
        let row = sqlx::query(count).fetch_one(&mut self.connection);
        Ok(u64::try_from(row.await.map_err(storage)?.get::<i64, usize>(0)).unwrap_or(0))
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

    /// SHA-256 in hex of the content keys of all users whom this plan creates.
    pub(crate) async fn creations_digest(
        &mut self,
        generation: i64,
    ) -> Result<String, JournalError> {
        Ok(creations_digest(&self.content_keys(generation).await?))
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

/// SHA-256 in hex of content keys.
pub(crate) fn creations_digest(keys: &[i64]) -> String {
    let mut digest = Sha256::new();
    for key in keys {
        digest.update(key.to_be_bytes());
    }
    hex::encode(digest.finalize())
}

/// The route with this code.
pub(super) fn route(code: &str) -> Route {
    let routes = [Route::FirstLogin, Route::HashImport, Route::AdminCreate];
    routes
        .into_iter()
        .find(|route| route.code() == code)
        .unwrap_or(Route::Hold)
}
