//! Both sides compared after the import, in the report's terms. The comparing itself is
//! bulk-import's.

use bulk_import::{
    DriftKind, FixKind, ImportError, Ledger, LedgerPlace, LedgerUse, Reconciliation, RunControl,
    fix, reconcile,
};
use cognito_user_pool::WritableUserPool;
use legacy_users::LegacyDatabase;
use migration_model::{Config, Finding, Severity};

use crate::report::{Comparison, Difference};
use crate::wording::count_of;

/// Compares every user, adds the memberships that first sign-ins could not bring along, and
/// compares again. Returns how many were added, and what differs still.
pub(crate) async fn compare(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &WritableUserPool,
    ledger: &LedgerPlace,
) -> Result<(u64, Comparison), ImportError> {
    let control = RunControl::new();
    let ledger = Ledger::hold(ledger, pool).await?;
    let ledger = LedgerUse::Write(&ledger);
    let mut first = reconcile(legacy, config, pool, ledger, None, None, &control).await?;
    let added = fix(pool, &mut first, &[FixKind::AddToGroup], None, &control).await?;
    let second = reconcile(legacy, config, pool, ledger, None, None, &control).await?;
    let added = added.done.values().sum();
    Ok((added, in_report_terms(&second)))
}

fn in_report_terms(reconciliation: &Reconciliation) -> Comparison {
    let count = |of: fn(&DriftKind) -> bool| {
        let counts = reconciliation.counts.iter().filter(|(kind, _)| of(kind));
        counts.map(|(_, users)| users).sum::<u64>()
    };
    let left_out = count(|kind| matches!(kind, DriftKind::NotExpected(_)));
    let missing = count(|kind| *kind == DriftKind::Missing);
    let differences = reconciliation
        .counts
        .iter()
        .filter(|(kind, _)| kind.is_drift());
    Comparison {
        legacy_users: reconciliation.legacy_users,
        pool_users: reconciliation.pool_users,
        in_both: reconciliation
            .legacy_users
            .saturating_sub(left_out + missing),
        left_out,
        differences: differences
            .map(|(kind, users)| Difference {
                code: kind.code(),
                meaning: meaning(kind),
                users: *users,
            })
            .collect(),
        complete: reconciliation.complete,
    }
}

fn meaning(kind: &DriftKind) -> &'static str {
    match kind {
        DriftKind::NotExpected(_) => "left out, each with a reason",
        DriftKind::AwaitsFirstSignIn => "with a temporary password yet",
        DriftKind::Missing => "missing in the pool",
        DriftKind::Native => "registered in the pool",
        DriftKind::DeletedInDjango => "deleted in Django, and still in the pool",
        DriftKind::UnfinishedReset => "asked for a reset and never finished it",
        DriftKind::Conflict => "changed on both sides",
        DriftKind::Attributes => "other attributes in the pool",
        DriftKind::Groups => "in other groups in the pool",
        DriftKind::Enabled => "enabled on one side alone",
        DriftKind::Status => "in the pool, but unable to sign in or reset",
        DriftKind::Stranger => "in the pool by name, and not proven to be the legacy user",
    }
}

/// The outcome in one sentence.
pub(crate) fn outcome(comparison: &Comparison) -> String {
    match comparison.is_clean() {
        true => format!(
            "{} in both and alike, {} left out with a reason, none missing or extra",
            count_of(comparison.in_both, "user"),
            comparison.left_out
        ),
        false => "they differ; see below".to_owned(),
    }
}

/// Every difference blocks: the rehearsal's pool was made from nothing but this move.
pub(crate) fn findings(comparison: &Comparison) -> Vec<Finding> {
    let of = |difference: &Difference| Finding {
        severity: Severity::Blocker,
        code: difference.code,
        subject: count_of(difference.users, "user"),
        message: difference.meaning.to_owned(),
        next_step: match difference.code {
            // Nothing of the move's is wrong: it was not told by what to know people.
            "name-taken-by-stranger" => {
                "map the legacy id (\"custom:legacy_id\" = \"id\"), and let no app client write it"
            }
            _ => "look at the comparison in the report; keep it for a bug report",
        }
        .to_owned(),
    };
    comparison.differences.iter().map(of).collect()
}
