//! The users for whom something is left to do, in the order of their keys.

use chrono::{DateTime, Utc};
use migration_model::{LegacyId, Reason, Route};
use sqlx::Row;

use super::header::KeyKind;
use super::{JournalError, JournalReader};
use crate::decider::NameKeys;

/// What this run has done to a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Nothing.
    Planned,
    /// AdminCreateUser may have been sent, at this time by the pool's clock; no answer is
    /// recorded.
    Creating(DateTime<Utc>),
    /// The user is provably ours.
    Created,
}

/// A user with work left.
#[derive(Clone)]
pub(crate) struct PendingUser {
    pub(crate) position: i64,
    pub(crate) legacy_id: LegacyId,
    /// The name given, or to be given, to AdminCreateUser.
    pub(crate) username: String,
    pub(crate) route: Route,
    pub(crate) reason: Option<Reason>,
    pub(crate) state: State,
    pub(crate) pool_username: Option<String>,
    pub(crate) sub: Option<String>,
    pub(crate) email_shared: bool,
    /// The names by which the plan held the user against others.
    pub(crate) keys: NameKeys,
    /// What a reviewed plan bound of the user.
    pub(crate) content_key: Option<i64>,
}

/// Pages through the users with work left.
pub(crate) struct Pending {
    reader: JournalReader,
    key_kind: KeyKind,
    after: i64,
}

const SELECT: &str = "
SELECT position, legacy_id, username, route, reason, state, intent_at, pool_username, sub,
       email_shared, name_key, email_key, verified, id_key, content_key
FROM users WHERE position > ?1 AND outcome IS NULL ORDER BY position LIMIT ?2";

impl Pending {
    pub(crate) fn new(reader: JournalReader, key_kind: KeyKind) -> Pending {
        Pending {
            reader,
            key_kind,
            after: 0,
        }
    }

    /// The next users; empty after the last.
    pub(crate) async fn page(&mut self, size: i64) -> Result<Vec<PendingUser>, JournalError> {
        let storage =
            |error| JournalError::storage(&self.reader.path, "reading what is left to do", &error);
        let select = sqlx::query(SELECT).bind(self.after).bind(size);
        let rows = select
            .fetch_all(&mut self.reader.connection)
            .await
            .map_err(storage)?;
        let mut users = Vec::with_capacity(rows.len());
        for row in rows {
            let intent_at: Option<String> = row.get(6);
            let state = match row.get::<&str, usize>(5) {
                "planned" => State::Planned,
                "creating" => {
                    let intent_at = intent_at.and_then(|text| text.parse().ok());
                    // Without a time there is no window, and nothing can be proven.
                    State::Creating(intent_at.unwrap_or(DateTime::<Utc>::MAX_UTC))
                }
                _ => State::Created,
            };
            users.push(PendingUser {
                position: row.get(0),
                legacy_id: self.key_kind.read(row.get(1)),
                username: row.get(2),
                route: super::planning::route(row.get::<&str, usize>(3)),
                reason: row
                    .get::<Option<String>, usize>(4)
                    .and_then(|code| code.parse().ok()),
                state,
                pool_username: row.get(7),
                sub: row.get(8),
                email_shared: row.get(9),
                keys: NameKeys {
                    name: row.get(10),
                    email: row.get(11),
                    verified: row.get(12),
                    id: row.get(13),
                },
                content_key: row.get(14),
            });
        }
        self.after = users.last().map_or(self.after, |user| user.position);
        Ok(users)
    }
}
