//! The journals of a run: one, or one for each shard. Finds them by their names and puts what they
//! say together; what one says is in the modules beside this.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cognito_user_pool::{PoolAddress, UserStatus};
use sqlx::Row;

use super::{Journal, JournalError, JournalReader};
use crate::final_state::FinalState;
use crate::{ImportError, RunName, Shard};

/// The journals of one run in a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RunJournals {
    directory: PathBuf,
    names: Vec<RunName>,
    shards: Vec<Shard>,
}

/// What a journal says of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Recorded {
    outcome: Option<String>,
    undo: Option<String>,
    final_state: Option<FinalState>,
}

impl Recorded {
    /// Whether the run left the user with a temporary password, to be replaced at first sign-in.
    pub(crate) fn says_temporary_password(&self) -> bool {
        let status = self.final_state.map(FinalState::status);
        self.outcome.as_deref() == Some("created")
            && self.undo.is_none()
            && status == Some(UserStatus::ForceChangePassword)
    }
}

impl RunJournals {
    /// Finds the journal of this name, or those of its shards.
    ///
    /// # Errors
    ///
    /// When there is none, or the shards are of different divisions.
    pub fn find(directory: &Path, run: &RunName) -> Result<RunJournals, JournalError> {
        let (directory, path) = (directory.to_owned(), super::journal_path(directory, run));
        if path.exists() {
            let (names, shards) = (vec![run.clone()], Vec::new());
            return Ok(RunJournals {
                directory,
                names,
                shards,
            });
        }
        let mut shards = shards_of(&directory, run);
        shards.sort_unstable();
        let Some(first) = shards.first() else {
            return Err(JournalError::Missing {
                run: run.clone(),
                path,
            });
        };
        if let Some(other) = shards.iter().find(|shard| shard.of() != first.of()) {
            return Err(JournalError::MixedShards {
                run: run.clone(),
                counts: [first.of(), other.of()],
            });
        }
        let names = shards.iter().filter_map(|shard| run.in_shard(*shard).ok());
        Ok(RunJournals {
            names: names.collect(),
            directory,
            shards,
        })
    }

    /// The names of all runs that have a journal in a directory, and when each was last written.
    pub fn in_directory(directory: &Path) -> BTreeMap<RunName, SystemTime> {
        let mut runs = BTreeMap::new();
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let stem = path.file_name().and_then(|name| name.to_str());
            let name = stem.and_then(|name| name.strip_suffix(".sqlite3")?.parse().ok());
            let Some(name) = name.map(|name: RunName| name.parts().0) else {
                continue;
            };
            // While a run goes on, its newest pages are in the write-ahead log beside it.
            let log = path.with_extension("sqlite3-wal");
            let time = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
            let written = time(&path)
                .max(time(&log))
                .unwrap_or(SystemTime::UNIX_EPOCH);
            let known = runs.entry(name).or_insert(written);
            *known = written.max(*known);
        }
        runs
    }

    /// The names of the journals, which are names of runs.
    pub fn names(&self) -> &[RunName] {
        &self.names
    }

    /// Shards whose journals are not here; none of a run that is not divided.
    pub fn missing_shards(&self) -> Vec<u16> {
        let of = self.shards.first().map_or(0, |shard| shard.of());
        let here = |index: &u16| self.shards.iter().any(|shard| shard.index() == *index);
        (1..=of).filter(|index| !here(index)).collect()
    }

    /// Into how many shards the run is divided, if it is.
    pub fn shards(&self) -> Option<u16> {
        self.shards.first().map(|shard| shard.of())
    }

    pub(crate) async fn open(&self) -> Result<Vec<JournalReader>, JournalError> {
        let mut journals = Vec::new();
        for name in &self.names {
            journals.push(Journal::read(&self.directory, name).await?);
        }
        Ok(journals)
    }

    /// Opens them if they are of this pool.
    pub(crate) async fn open_for(
        &self,
        pool: &PoolAddress,
    ) -> Result<Vec<JournalReader>, ImportError> {
        let mut journals = self.open().await?;
        for (journal, name) in journals.iter_mut().zip(&self.names) {
            let header = journal.header().await?;
            let theirs = (&header.target.user_pool_id, &header.target.region);
            if (theirs.0.as_str(), theirs.1.as_str()) != (pool.user_pool_id(), pool.region()) {
                let differences = vec![format!(
                    "its user pool is {} in {}, not {pool}",
                    theirs.0, theirs.1
                )];
                return Err(ImportError::DifferentRun {
                    run: name.as_str().to_owned(),
                    differences,
                });
            }
        }
        Ok(journals)
    }
}

/// The shards of a run that have a journal in a directory.
fn shards_of(directory: &Path, run: &RunName) -> Vec<Shard> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let shard = |name: std::ffi::OsString| {
        let name = name.to_str()?.strip_suffix(".sqlite3")?;
        Shard::from_name(name.strip_prefix(run.as_str())?.strip_prefix('.')?)
    };
    entries
        .filter_map(|entry| shard(entry.file_name()))
        .collect()
}

/// What stands in the way of a new journal: the same run, divided in another way.
pub(crate) fn divided_differently(directory: &Path, run: &RunName) -> Option<String> {
    let (whole, shard) = run.parts();
    if shard.is_some() && super::journal_path(directory, &whole).exists() {
        return Some("it is not divided into shards".to_owned());
    }
    let mut others = shards_of(directory, &whole).into_iter();
    let other = others.find(|other| shard.is_none_or(|shard| shard.of() != other.of()))?;
    Some(format!("it is divided into {} shards", other.of()))
}

impl JournalReader {
    /// What the journal says of these users, by legacy id.
    pub(crate) async fn recorded(
        &mut self,
        ids: &[&str],
    ) -> Result<HashMap<String, Recorded>, JournalError> {
        let ids = serde_json::to_string(ids).expect("texts are plain data");
        let select =
            "SELECT legacy_id, outcome, undo, (SELECT value FROM run WHERE key = 'final_state')
                      FROM users
                      WHERE legacy_id IN (SELECT value FROM json_each(?1))";
        let rows = sqlx::query(select)
            .bind(ids)
            .fetch_all(&mut self.connection)
            .await;
        let rows = rows.map_err(|error| JournalError::storage(&self.path, "reading it", &error))?;
        let recorded = |row: sqlx::sqlite::SqliteRow| {
            let recorded = Recorded {
                outcome: row.get(1),
                undo: row.get(2),
                final_state: row.get::<&str, _>(3).parse().ok(),
            };
            (row.get(0), recorded)
        };
        Ok(rows.into_iter().map(recorded).collect())
    }
}
