//! What the last whole comparison found, in counts, beside the ledger: for whoever asks later and must
//! not, or cannot, compare again. Names nobody. Written by whoever reconciles, read by `cutover watch`
//! and `retire`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use cognito_user_pool::{PoolError, UserPool};
use serde::{Deserialize, Serialize};

use crate::ledger::{LedgerPlace, PoolIdentity};
use crate::reconcile::{DriftKind, Reconciliation};

/// Raised when a reader of the old form would be misled.
const FORMAT: u32 = 1;

/// A comparison that came to its end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReconcileRecord {
    format: u32,
    /// When, by the pool's clock.
    pub at: DateTime<Utc>,
    /// Legacy users compared.
    pub legacy_users: u64,
    /// Users of the pool.
    pub pool_users: u64,
    /// Differences by their codes; all of them, also those that are no drift.
    pub counts: BTreeMap<String, u64>,
    /// People who are not in the pool for a reason, by reason code.
    pub not_in_pool: BTreeMap<String, u64>,
}

impl ReconcileRecord {
    /// Of a comparison; `None` of one that was stopped before its end.
    pub fn of(found: &Reconciliation, pool: &UserPool) -> Option<ReconcileRecord> {
        if !found.complete {
            return None;
        }
        let (mut counts, mut not_in_pool) = (BTreeMap::new(), BTreeMap::new());
        for (kind, users) in &found.counts {
            match kind {
                DriftKind::NotExpected(reason) => {
                    *not_in_pool.entry(reason.code().to_owned()).or_default() += users;
                }
                kind => {
                    *counts.entry(kind.code().to_owned()).or_default() += users;
                }
            }
        }
        Some(ReconcileRecord {
            format: FORMAT,
            at: pool.server_time(),
            legacy_users: found.legacy_users,
            pool_users: found.pool_users,
            counts,
            not_in_pool,
        })
    }

    /// Differences of a kind.
    pub fn count(&self, kind: &DriftKind) -> u64 {
        self.counts.get(kind.code()).copied().unwrap_or(0)
    }

    /// Where a pool's record is.
    ///
    /// # Errors
    ///
    /// When the pool does not answer.
    pub async fn path(ledger: &LedgerPlace, pool: &UserPool) -> Result<PathBuf, PoolError> {
        let description = pool.describe_user_pool().await?;
        let ledger = ledger.path(&PoolIdentity::of(pool.address(), &description));
        Ok(ledger.with_extension("reconciled.json"))
    }

    /// Replaces the record at this place.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// The record at this place; `None` where there is none that can be read.
    pub fn read(path: &Path) -> Option<ReconcileRecord> {
        let text = fs::read(path).ok()?;
        let record: ReconcileRecord = serde_json::from_slice(&text).ok()?;
        (record.format == FORMAT).then_some(record)
    }
}
