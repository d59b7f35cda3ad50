//! What a run is about: target, configuration, policy, and how far it got as a whole. A resumed
//! run is held against it.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use migration_model::LegacyId;
use sqlx::{Connection, Row, SqliteConnection};

use super::{Journal, JournalError, JournalReader};
use crate::Shard;
use crate::final_state::FinalState;
use crate::legacy_identity::LegacyIdentity;

/// What must not change within a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    pub(crate) region: String,
    pub(crate) user_pool_id: String,
    /// Whether the pool is on this machine: a rehearsal pool may bear the id of the real one.
    pub(crate) is_local: bool,
    /// When the pool was created; `None` where that is not known.
    pub(crate) pool_created: Option<DateTime<Utc>>,
    /// Which legacy database the users come from.
    pub(crate) legacy: LegacyIdentity,
    pub(crate) config_digest: String,
    /// Whose users the run imports, if it is divided.
    pub(crate) shard: Option<Shard>,
    pub(crate) final_state: FinalState,
}

/// The `run` table.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) target: Target,
    pub(crate) key_kind: KeyKind,
    /// The policy of the last complete plan, as text.
    pub(crate) policy: Option<String>,
    /// Counts plans; users not seen by the last one are gone from the legacy database.
    pub(crate) generation: i64,
    pub(crate) plan_complete: bool,
    pub(crate) finished: bool,
    /// Somebody began to delete what the run created.
    pub(crate) undone: bool,
    pub(crate) started_at: DateTime<Utc>,
}

/// The kind of the legacy primary key, so that ids read back as they were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum KeyKind {
    Integer,
    Uuid,
    #[default]
    Text,
}

impl KeyKind {
    pub(crate) fn of(id: &LegacyId) -> KeyKind {
        match id {
            LegacyId::Integer(_) => KeyKind::Integer,
            LegacyId::Uuid(_) => KeyKind::Uuid,
            LegacyId::Text(_) => KeyKind::Text,
        }
    }

    /// The id that was written as this text.
    pub(crate) fn read(self, text: String) -> LegacyId {
        match self {
            KeyKind::Integer => text.parse().map_or(LegacyId::Text(text), LegacyId::Integer),
            KeyKind::Uuid => LegacyId::Uuid(text),
            KeyKind::Text => LegacyId::Text(text),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            KeyKind::Integer => "integer",
            KeyKind::Uuid => "uuid",
            KeyKind::Text => "text",
        }
    }

    fn from_name(name: &str) -> KeyKind {
        match name {
            "integer" => KeyKind::Integer,
            "uuid" => KeyKind::Uuid,
            _ => KeyKind::Text,
        }
    }
}

impl Target {
    /// What differs from another target, in words for an operator.
    pub(crate) fn differences(&self, other: &Target) -> Vec<String> {
        let mut differences = Vec::new();
        if self.user_pool_id != other.user_pool_id {
            let (ours, theirs) = (&self.user_pool_id, &other.user_pool_id);
            differences.push(format!("its user pool is {ours}, not {theirs}"));
        }
        if self.region != other.region {
            differences.push(format!(
                "its Region is {}, not {}",
                self.region, other.region
            ));
        }
        if self.is_local != other.is_local {
            let place = |local| if local { "on this machine" } else { "at AWS" };
            let (ours, theirs) = (place(self.is_local), place(other.is_local));
            differences.push(format!("its pool is {ours}, not {theirs}"));
        }
        if let (Some(ours), Some(theirs)) = (self.pool_created, other.pool_created)
            && ours != theirs
        {
            let date = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
            differences.push(format!(
                "its pool was created {}, this one {}",
                date(ours),
                date(theirs)
            ));
        }
        differences.extend(self.legacy.difference(&other.legacy));
        if self.shard != other.shard {
            let part = |shard: Option<Shard>| {
                shard.map_or("not divided".to_owned(), |shard| format!("shard {shard}"))
            };
            let (ours, theirs) = (part(self.shard), part(other.shard));
            differences.push(format!("it is {ours}, not {theirs}"));
        }
        if self.final_state != other.final_state {
            let (ours, theirs) = (self.final_state, other.final_state);
            differences.push(format!("its final state is {ours}, not {theirs}"));
        }
        if self.config_digest != other.config_digest {
            let digest = |text: &str| text.chars().take(12).collect::<String>();
            differences.push(format!(
                "cutover.toml maps users differently (digest {}, now {})",
                digest(&self.config_digest),
                digest(&other.config_digest),
            ));
        }
        differences
    }
}

impl Header {
    /// The header of a run that starts now.
    pub(crate) fn new(target: Target) -> Header {
        Header {
            target,
            key_kind: KeyKind::default(),
            policy: None,
            generation: 0,
            plan_complete: false,
            finished: false,
            undone: false,
            started_at: Utc::now(),
        }
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let Target {
            region,
            user_pool_id,
            is_local,
            pool_created,
            legacy,
            config_digest,
            shard,
            final_state,
        } = &self.target;
        vec![
            ("region", region.clone()),
            ("user_pool_id", user_pool_id.clone()),
            ("is_local", is_local.to_string()),
            (
                "pool_created",
                pool_created.map(|at| at.to_rfc3339()).unwrap_or_default(),
            ),
            ("legacy", legacy.to_text()),
            ("config_digest", config_digest.clone()),
            (
                "shard",
                shard.map(|shard| shard.to_string()).unwrap_or_default(),
            ),
            ("final_state", final_state.code().to_owned()),
            ("key_kind", self.key_kind.name().to_owned()),
            ("policy", self.policy.clone().unwrap_or_default()),
            ("generation", self.generation.to_string()),
            ("plan_complete", self.plan_complete.to_string()),
            ("finished", self.finished.to_string()),
            ("undone", self.undone.to_string()),
            ("started_at", self.started_at.to_rfc3339()),
            (
                "written_by",
                concat!("cutover ", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
        ]
    }

    fn from_rows(mut rows: BTreeMap<String, String>) -> Option<Header> {
        let mut text = |key: &str| rows.remove(key);
        Some(Header {
            target: Target {
                region: text("region")?,
                user_pool_id: text("user_pool_id")?,
                is_local: text("is_local")? == "true",
                pool_created: text("pool_created").and_then(|at| at.parse().ok()),
                legacy: LegacyIdentity::from_text(&text("legacy").unwrap_or_default()),
                config_digest: text("config_digest")?,
                shard: text("shard").and_then(|shard| shard.parse().ok()),
                final_state: text("final_state")?.parse().ok()?,
            },
            key_kind: KeyKind::from_name(&text("key_kind")?),
            policy: text("policy").filter(|policy| !policy.is_empty()),
            generation: text("generation")?.parse().ok()?,
            plan_complete: text("plan_complete")? == "true",
            finished: text("finished")? == "true",
            undone: text("undone")? == "true",
            started_at: text("started_at")?.parse().ok()?,
        })
    }
}

impl Journal {
    /// The header.
    pub(crate) async fn header(&mut self) -> Result<Header, JournalError> {
        read(&mut self.connection, &self.path).await
    }

    /// Writes the header.
    pub(crate) async fn set_header(&mut self, header: &Header) -> Result<(), JournalError> {
        write(&mut self.connection, &self.path, header).await
    }
}

impl JournalReader {
    /// The header.
    pub(crate) async fn header(&mut self) -> Result<Header, JournalError> {
        read(&mut self.connection, &self.path).await
    }
}

pub(super) async fn write(
    connection: &mut SqliteConnection,
    path: &Path,
    header: &Header,
) -> Result<(), JournalError> {
    let storage = |error| JournalError::storage(path, "writing it", &error);
    let mut transaction = connection.begin().await.map_err(storage)?;
    for (key, value) in header.rows() {
        let row = sqlx::query("INSERT OR REPLACE INTO run (key, value) VALUES (?1, ?2)");
        row.bind(key)
            .bind(value)
            .execute(&mut *transaction)
            .await
            .map_err(storage)?;
    }
    transaction.commit().await.map_err(storage)
}

async fn read(connection: &mut SqliteConnection, path: &Path) -> Result<Header, JournalError> {
    let rows = sqlx::query("SELECT key, value FROM run")
        .fetch_all(connection)
        .await;
    let rows = rows.map_err(|error| JournalError::storage(path, "reading it", &error))?;
    let rows = rows
        .into_iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    Header::from_rows(rows).ok_or_else(|| JournalError::NotAJournal {
        path: path.to_owned(),
    })
}
