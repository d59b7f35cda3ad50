//! A run's progress as one value, read once and rendered by whoever shows it. Knows nothing of
//! terminals.

use std::time::Duration;

use cognito_user_pool::QuotaCategory;

/// What a run is doing.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// Looking at the pool.
    #[default]
    Starting,
    /// Reading the users whom the pool has.
    ReadingPool,
    /// Reading legacy users and deciding.
    Planning,
    /// Creating groups.
    CreatingGroups,
    /// Writing the file of an import job.
    WritingImportFile,
    /// Waiting for an import job of Cognito's.
    ImportJob,
    /// Creating users.
    Importing,
    /// Taking differences away that a comparison found.
    Fixing,
    /// Deleting what a run created.
    Undoing,
    /// Nothing more.
    Finished,
}

/// Why users wait. Any reason wins; the first of these is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Waiting {
    /// Somebody paused the run.
    Paused,
    /// The pool's endpoint does not answer.
    PoolUnreachable,
    /// The AWS session has ended; credentials are looked for again and again.
    SessionExpired,
    /// The legacy database does not answer.
    LegacyUnavailable,
    /// Cognito refused calls of this category as too many; the rate is lowered.
    Throttled(QuotaCategory),
    /// This category's share of the limit is what decides the rate.
    Quota(QuotaCategory),
}

/// A run at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Users dealt with in this phase.
    pub done: u64,
    /// Users in this phase in all; 0 while unknown.
    pub total: u64,
    /// Users created by this process.
    pub created: u64,
    /// Users found in the pool instead.
    pub already_in_pool: u64,
    /// Users held after all.
    pub held: u64,
    /// Users who failed.
    pub failed: u64,
    /// Users in work.
    pub in_flight: u64,
    /// Calls that Cognito refused as too many.
    pub throttled: u64,
    /// Users a second, over the last ten seconds or so.
    pub rate: f64,
    /// Why users wait, if they do.
    pub waiting: Option<Waiting>,
    /// Time left in this phase; not before one percent is done.
    pub time_left: Option<Duration>,
}
