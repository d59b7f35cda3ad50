//! Lets travel what changed in Django alone: attributes, memberships of groups that come from
//! Django, whether people may sign in. Touches nobody who is not proven to be the legacy user,
//! because membership is permission. Deletes nobody but unfinished resets, and those only when asked
//! to. Every step may be repeated.

use std::collections::BTreeMap;

use cognito_user_pool::{Disposition, PoolError, WritableUserPool};
use migration_claims::Claims;

use super::drift::Reconciliation;
use super::pool_copy::NotedFix;
use crate::control::{RunControl, Stop};
use crate::import_error::ImportError;
use crate::progress::Phase;

/// A kind of difference that can be taken away.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FixKind {
    /// AdminUpdateUserAttributes with the legacy values.
    SetAttributes,
    /// AdminAddUserToGroup: also whoever signed in first, for the trigger's reply cannot carry
    /// groups.
    AddToGroup,
    /// AdminRemoveUserFromGroup, from a group that comes from Django.
    RemoveFromGroup,
    /// AdminDisableUser for users who became inactive in Django.
    Disable,
    /// AdminEnableUser for users who became active again there.
    Enable,
    /// AdminUpdateUserAttributes that empties the sealed token attribute: its groups are real now.
    ClearSeal,
    /// AdminDeleteUser of users whose reset was never finished, so that the trigger lets the old
    /// password in again.
    DeleteUnfinishedReset,
}

impl FixKind {
    /// All kinds that change a user and delete nobody.
    pub const ALL: [FixKind; 6] = [
        FixKind::SetAttributes,
        FixKind::AddToGroup,
        FixKind::RemoveFromGroup,
        FixKind::Disable,
        FixKind::Enable,
        FixKind::ClearSeal,
    ];

    /// A kebab-case code.
    pub const fn code(self) -> &'static str {
        match self {
            FixKind::SetAttributes => "set-attributes",
            FixKind::AddToGroup => "add-to-group",
            FixKind::RemoveFromGroup => "remove-from-group",
            FixKind::Disable => "disable",
            FixKind::Enable => "enable",
            FixKind::ClearSeal => "clear-seal",
            FixKind::DeleteUnfinishedReset => "unfinished-resets",
        }
    }

    pub(super) fn of_code(code: &str) -> Option<FixKind> {
        let mut all = FixKind::ALL
            .into_iter()
            .chain([FixKind::DeleteUnfinishedReset]);
        all.find(|kind| kind.code() == code)
    }
}

/// One difference that can be taken away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fix {
    /// Values by attribute; an empty one deletes.
    SetAttributes(BTreeMap<String, String>),
    AddToGroup(String),
    RemoveFromGroup(String),
    Disable,
    Enable,
    /// The attribute's name.
    ClearSeal(String),
    DeleteUnfinishedReset,
}

impl Fix {
    pub(super) fn kind(&self) -> FixKind {
        match self {
            Fix::SetAttributes(_) => FixKind::SetAttributes,
            Fix::AddToGroup(_) => FixKind::AddToGroup,
            Fix::RemoveFromGroup(_) => FixKind::RemoveFromGroup,
            Fix::Disable => FixKind::Disable,
            Fix::Enable => FixKind::Enable,
            Fix::ClearSeal(_) => FixKind::ClearSeal,
            Fix::DeleteUnfinishedReset => FixKind::DeleteUnfinishedReset,
        }
    }
}

/// What came of it, by kind.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FixSummary {
    /// Calls that did it.
    pub done: BTreeMap<FixKind, u64>,
    /// Calls that Cognito refused for their user or group.
    pub refused: BTreeMap<FixKind, u64>,
    /// Calls left out because their user changed in the pool after the comparison.
    pub changed_since: BTreeMap<FixKind, u64>,
}

/// Takes away the differences of these kinds that a comparison found, and creates the groups that
/// needs.
///
/// # Errors
///
/// What no user is to blame for. Compare and call again.
pub async fn fix(
    pool: &WritableUserPool,
    reconciliation: &mut Reconciliation,
    kinds: &[FixKind],
    claims: Option<&Claims>,
    control: &RunControl,
) -> Result<FixSummary, ImportError> {
    let mut summary = FixSummary::default();
    if kinds.contains(&FixKind::AddToGroup) {
        create_groups(pool, reconciliation).await?;
    }
    let wanted = |(kind, count): (&FixKind, &u64)| kinds.contains(kind).then_some(*count);
    let total = reconciliation.fixes.iter().filter_map(wanted).sum();
    control.show(|progress| {
        (progress.phase, progress.done, progress.total) = (Phase::Fixing, 0, total);
    });
    let (mut after, mut as_compared) = (0, String::new());
    loop {
        let page = reconciliation.copy().fixes(after).await?;
        let Some(last) = page.last() else {
            return Ok(summary);
        };
        after = last.row;
        for noted in page {
            let kind = noted.fix.kind();
            if !kinds.contains(&kind) {
                continue;
            }
            if control.stopping() != Stop::No {
                return Ok(summary);
            }
            // Once a user: our own calls move the date on, and belong to the same comparison.
            if as_compared != noted.sub {
                if !is_as_compared(pool, &noted).await? {
                    *summary.changed_since.entry(kind).or_default() += 1;
                    continue;
                }
                as_compared.clone_from(&noted.sub);
            }
            match pool.patience().repeat(|| apply(pool, &noted)).await {
                Ok(()) => {
                    *summary.done.entry(kind).or_default() += 1;
                    if kind == FixKind::DeleteUnfinishedReset {
                        let forgotten = reconciliation.copy().forget(&noted.username).await?;
                        if let (Some((legacy_id, sub)), Some(claims)) = (forgotten, claims) {
                            let pool = pool.address().user_pool_id();
                            claims.release(pool, &legacy_id, &sub).await?;
                        }
                    }
                }
                Err(error) if matches!(error.disposition(), Disposition::FailUser(_)) => {
                    *summary.refused.entry(kind).or_default() += 1;
                }
                Err(error) => return Err(error.into()),
            }
            control.show(|progress| progress.done += 1);
        }
    }
}

async fn create_groups(
    pool: &WritableUserPool,
    reconciliation: &mut Reconciliation,
) -> Result<(), ImportError> {
    let lacking = reconciliation.copy().groups_to_add_to().await?;
    if lacking.is_empty() {
        return Ok(());
    }
    let existing = pool.list_groups().await?;
    for group in lacking.iter().filter(|group| !existing.contains(group)) {
        pool.patience()
            .repeat(async || pool.create_group(group, "", None).await.map(drop))
            .await?;
    }
    Ok(())
}

/// Whether the name is still the same person's, and nobody changed them since the comparison: hours
/// may lie between, and nothing older may overwrite what is newer.
async fn is_as_compared(pool: &WritableUserPool, noted: &NotedFix) -> Result<bool, PoolError> {
    let now = pool.find_user_by_sub(&noted.sub).await?;
    Ok(now.is_some_and(|user| {
        let modified = user.last_modified.map(|moment| moment.timestamp_millis());
        user.username == noted.username && modified == noted.last_modified
    }))
}

async fn apply(pool: &WritableUserPool, noted: &NotedFix) -> Result<(), PoolError> {
    let username = &noted.username;
    match &noted.fix {
        Fix::SetAttributes(values) => pool.admin_update_user_attributes(username, values).await,
        Fix::AddToGroup(group) => pool.admin_add_user_to_group(username, group).await,
        Fix::RemoveFromGroup(group) => pool.admin_remove_user_from_group(username, group).await,
        Fix::Disable => pool.admin_disable_user(username).await,
        Fix::Enable => pool.admin_enable_user(username).await,
        Fix::ClearSeal(attribute) => {
            let values = BTreeMap::from([(attribute.clone(), String::new())]);
            pool.admin_update_user_attributes(username, &values).await
        }
        Fix::DeleteUnfinishedReset => pool.admin_delete_user(username).await,
    }
}
