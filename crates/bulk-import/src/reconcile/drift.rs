//! The differences found, as values: what kind, of whom, about what. By legacy id and names of
//! attributes and groups; never a person's data.

use std::collections::BTreeMap;

use futures::Stream;
use migration_model::{Finding, Reason};

use super::fixes::FixKind;
use super::pool_copy::PoolCopy;
use crate::journal::JournalError;

/// How a user differs. Some kinds are no drift, but should be known.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum DriftKind {
    /// Not in the pool, and need not be, for this reason.
    NotExpected(Reason),
    /// Has the temporary password that the run gave them (`invite`, `force-change`).
    AwaitsFirstSignIn,
    /// Not in the pool, and should be.
    Missing,
    /// In the pool without a legacy user: registered there.
    Native,
    /// Proven to be in the pool, and deleted in Django.
    DeletedInDjango,
    /// Asked for a reset that migrated them, and never finished it: the old password is refused.
    UnfinishedReset,
    /// Attributes changed in Django alone.
    Attributes,
    /// Memberships in groups that come from Django changed there alone.
    Groups,
    /// Became active or inactive in Django alone.
    Enabled,
    /// Changed on both sides: for a person to settle.
    Conflict,
    /// Cannot use forgot-password or sign in: never finished, or unconfirmed.
    Status,
    /// Somebody has the name in the pool, and nothing proves that it is this person.
    Stranger,
}

impl DriftKind {
    /// A kebab-case code.
    pub fn code(&self) -> &'static str {
        match self {
            DriftKind::NotExpected(_) => "not-expected",
            DriftKind::AwaitsFirstSignIn => "awaits-first-sign-in",
            DriftKind::Missing => "missing",
            DriftKind::Native => "native",
            DriftKind::DeletedInDjango => "deleted-in-django",
            DriftKind::UnfinishedReset => "unfinished-reset",
            DriftKind::Conflict => "conflict",
            DriftKind::Attributes => "attributes-differ",
            DriftKind::Groups => "groups-differ",
            DriftKind::Enabled => "enabled-differs",
            DriftKind::Status => "status-unfinished",
            DriftKind::Stranger => "name-taken-by-stranger",
        }
    }

    /// Whether it is a difference that somebody should look at.
    pub fn is_drift(&self) -> bool {
        !matches!(
            self,
            DriftKind::NotExpected(_)
                | DriftKind::AwaitsFirstSignIn
                | DriftKind::Native
                | DriftKind::DeletedInDjango
                | DriftKind::UnfinishedReset
        )
    }
}

/// One difference of one user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DriftRow {
    /// What differs.
    pub kind: DriftKind,
    /// Names of attributes, `+group` and `-group`, or a status.
    pub about: String,
}

impl DriftRow {
    pub(crate) fn new(kind: DriftKind, about: impl Into<String>) -> DriftRow {
        DriftRow {
            kind,
            about: about.into(),
        }
    }

    pub(crate) fn clone_kind(&self) -> DriftKind {
        self.kind.clone()
    }
}

/// A difference and whose it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Drift {
    /// The legacy primary key; for users without legacy user the pool's `sub`.
    pub legacy_id: String,
    /// What differs.
    pub row: DriftRow,
}

/// What a comparison found.
pub struct Reconciliation {
    /// Legacy users compared.
    pub legacy_users: u64,
    /// Users of the pool, federated ones left out.
    pub pool_users: u64,
    /// Differences by kind. A user may have several.
    pub counts: BTreeMap<DriftKind, u64>,
    /// What [`fix`](crate::fix) would do about them: calls by kind.
    pub fixes: BTreeMap<FixKind, u64>,
    /// False when somebody asked to stop before the end.
    pub complete: bool,
    /// What keeps people from being told apart.
    pub findings: Vec<Finding>,
    copy: PoolCopy,
}

impl std::fmt::Debug for Reconciliation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciliation")
            .field("legacy_users", &self.legacy_users)
            .field("pool_users", &self.pool_users)
            .field("counts", &self.counts)
            .field("fixes", &self.fixes)
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}

impl Reconciliation {
    pub(crate) fn new(
        copy: PoolCopy,
        legacy_users: u64,
        pool_users: u64,
        counts: BTreeMap<DriftKind, u64>,
        fixes: BTreeMap<FixKind, u64>,
        complete: bool,
    ) -> Reconciliation {
        Reconciliation {
            legacy_users,
            pool_users,
            counts,
            fixes,
            complete,
            findings: Vec::new(),
            copy,
        }
    }

    pub(crate) fn copy(&mut self) -> &mut PoolCopy {
        &mut self.copy
    }

    /// How many differences there are that somebody should look at.
    pub fn drift_count(&self) -> u64 {
        self.counts
            .iter()
            .filter(|(kind, _)| kind.is_drift())
            .map(|(_, count)| count)
            .sum()
    }

    /// Whether both sides agree, and all was compared.
    pub fn is_clean(&self) -> bool {
        self.complete && self.drift_count() == 0
    }

    /// Every difference that somebody should look at, in the order of the legacy keys.
    pub fn drift(&mut self) -> impl Stream<Item = Result<Drift, JournalError>> + '_ {
        self.copy.drift()
    }
}
