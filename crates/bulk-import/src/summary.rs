//! A run's accounts. `read = created + already_in_pool + held + failed` holds by construction:
//! `read` counts the users whose outcome is known, and each has one outcome.

use serde::Serialize;

use crate::RunName;
use crate::journal::ReasonCount;
use crate::outcome::Outcome;

/// The accounts of a run, as `--summary` writes them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// The run's name.
    pub run: String,
    /// Users whose outcome is known.
    pub read: u64,
    /// Users whom this run created.
    pub created: u64,
    /// Of these, users who came by import job, with their hash.
    pub hash_imported: u64,
    /// Users whom the pool had already.
    pub already_in_pool: u64,
    /// Users not moved on purpose.
    pub held: u64,
    /// Users who could not be moved.
    pub failed: u64,
    /// Users planned for import and not done yet.
    pub pending: u64,
    /// Whether every legacy user has an outcome.
    pub complete: bool,
    /// Whether nothing was written because nobody said `--execute`.
    pub dry_run: bool,
}

impl Summary {
    /// Adds the accounts of another part of the same run.
    pub(crate) fn add(&mut self, other: &Summary) {
        self.read += other.read;
        self.created += other.created;
        self.hash_imported += other.hash_imported;
        self.already_in_pool += other.already_in_pool;
        self.held += other.held;
        self.failed += other.failed;
        self.pending += other.pending;
        self.complete &= other.complete;
    }

    pub(crate) fn from_counts(
        run: RunName,
        reasons: &[ReasonCount],
        hash_imported: u64,
        pending: u64,
        complete: bool,
    ) -> Summary {
        let sums = crate::journal::by_outcome(reasons);
        let of = |outcome: Outcome| sums.get(outcome.code()).copied().unwrap_or(0);
        Summary {
            run: run.as_str().to_owned(),
            read: Outcome::ALL.into_iter().map(of).sum(),
            created: of(Outcome::Created),
            hash_imported,
            already_in_pool: of(Outcome::AlreadyInPool),
            held: of(Outcome::Held),
            failed: of(Outcome::Failed),
            pending,
            complete,
            dry_run: false,
        }
    }
}
