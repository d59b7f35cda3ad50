//! A ledger between machines: a copy that leaves, a copy that comes.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Ledger, connect, hash_forms, marks};
use crate::journal::JournalError;

impl Ledger {
    /// Writes a copy, as it is at one moment, into a new file.
    ///
    /// # Errors
    ///
    /// When the file is there already, or cannot be written.
    pub async fn export(&self, copy: &Path) -> Result<(), JournalError> {
        // Usernames are personal data: the file is the operator's alone. SQLite fills an empty one.
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(copy);
        made.map_err(|source| JournalError::Directory {
            path: copy.to_owned(),
            source,
        })?;
        let mut connection = connect(&self.path).await?;
        let vacuum = sqlx::query("VACUUM INTO ?1").bind(copy.display().to_string());
        let copied = vacuum.execute(&mut connection).await;
        copied
            .map(drop)
            .map_err(|error| JournalError::storage(copy, "writing it", &error))
    }

    /// Takes over what another ledger of the same pool knows of people whom this one does not know;
    /// how many those are.
    ///
    /// # Errors
    ///
    /// When the other file is no ledger of this pool.
    pub async fn merge(&self, other: &Path) -> Result<u64, JournalError> {
        let storage = |error| JournalError::storage(&self.path, "merging another ledger", &error);
        let mut connection = connect(&self.path).await?;
        if !other.exists() {
            return Err(JournalError::NotAJournal {
                path: other.to_owned(),
            });
        }
        let attach = sqlx::query("ATTACH DATABASE ?1 AS other").bind(other.display().to_string());
        attach.execute(&mut connection).await.map_err(storage)?;
        let differing =
            "SELECT key FROM main.ledger AS ours LEFT JOIN other.ledger AS theirs USING (key)
                         WHERE key NOT IN ('key', 'legacy', ?2) AND key NOT LIKE ?1 || '%'
                         AND ours.value IS NOT theirs.value";
        let differing = sqlx::query(differing)
            .bind(hash_forms::PREFIX)
            .bind(marks::KEY);
        let differing = differing.fetch_optional(&mut connection).await;
        if differing.map_err(storage)?.is_some() {
            return Err(JournalError::OtherPool {
                path: other.to_owned(),
                what: "pool",
            });
        }
        // Digests of another key mean nothing here: the next reconciliation makes bases anew.
        let insert = "INSERT INTO main.people
                          (legacy_id, sub, pool_username, how, run, since, finished, deleted_at)
                      SELECT legacy_id, sub, pool_username, how, run, since, finished, deleted_at
                      FROM other.people WHERE true ON CONFLICT (legacy_id) DO NOTHING";
        let inserted = sqlx::query(insert).execute(&mut connection).await;
        inserted
            .map(|inserted| inserted.rows_affected())
            .map_err(storage)
    }
}
