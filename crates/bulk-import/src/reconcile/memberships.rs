//! Makes the groups of first sign-ins real: the migration trigger's reply cannot carry groups, so
//! whoever came by signing in is in none until somebody adds them. Adds memberships only; removes
//! none, and touches nobody whose name and legacy id do not both agree, because membership is
//! permission.

use cognito_user_pool::{Disposition, WritableUserPool};

use super::drift::Reconciliation;
use crate::control::{RunControl, Stop};
use crate::import_error::ImportError;
use crate::progress::Phase;

/// What came of adding memberships.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AddedMemberships {
    /// Memberships that were lacking and are there now.
    pub added: u64,
    /// Memberships that Cognito refused for their user or group.
    pub failed: u64,
}

/// Adds every membership that a comparison found lacking, and the groups they need.
///
/// # Errors
///
/// What no user is to blame for. Every step may be repeated: compare and call again.
pub async fn add_lacking_memberships(
    pool: &WritableUserPool,
    reconciliation: &mut Reconciliation,
    control: &RunControl,
) -> Result<AddedMemberships, ImportError> {
    let mut counts = AddedMemberships::default();
    let existing = pool.list_groups().await?;
    for group in reconciliation.copy().lacking_groups().await? {
        if !existing.contains(&group) {
            pool.patience()
                .repeat(async || pool.create_group(&group, "").await.map(drop))
                .await?;
        }
    }
    let mut after = 0;
    loop {
        let page = reconciliation.copy().lacking_memberships(after).await?;
        let Some(last) = page.last() else {
            return Ok(counts);
        };
        after = last.row;
        for lacking in page {
            if control.stopping() != Stop::No {
                return Ok(counts);
            }
            let add = async || {
                pool.admin_add_user_to_group(&lacking.username, &lacking.group)
                    .await
            };
            match pool.patience().repeat(add).await {
                Ok(()) => counts.added += 1,
                Err(error) if matches!(error.disposition(), Disposition::FailUser(_)) => {
                    counts.failed += 1;
                }
                Err(error) => return Err(error.into()),
            }
            control.show(|progress| {
                progress.phase = Phase::AddingMemberships;
                progress.done = counts.added + counts.failed;
            });
        }
    }
}
