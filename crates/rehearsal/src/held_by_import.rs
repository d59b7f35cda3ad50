//! Whom an import would hold, found by the plan itself: against an empty local pool that fits the
//! configuration, as if everybody were to be imported. So `cutover inspect` and the import cannot
//! disagree. Writes nothing but the plan's temporary journal.

use std::path::{Path, PathBuf};

use bulk_import::{ImportRun, RunControl};
use cognito_user_pool::{Patience, PoolAddress, Quotas, UserPool};
use legacy_users::LegacyDatabase;
use migration_model::{Config, Finding, Route, Severity};
use rehearsal_pool::{PoolOptions, RehearsalPool, RunningPool};
use tempfile::TempDir;

use crate::conduct::RehearsalError;
use crate::fitting_pool::fitting_pool;
use crate::wording::{count_of, without_full_stop};

/// Users whom an import of everybody would leave out, by reason.
///
/// # Errors
///
/// When one of the sides does not answer.
pub async fn held_by_an_import(
    legacy: &LegacyDatabase,
    config: &Config,
) -> Result<Vec<Finding>, RehearsalError> {
    let options = PoolOptions {
        trigger: None,
        quotas: rehearsal_pool::Quotas::Off,
        ..fitting_pool(config, Path::new(""), PathBuf::new())
    };
    let running = RehearsalPool::start(options).await?;
    let planned = plan(legacy, config, &running).await;
    running.stop().await;
    planned
}

async fn plan(
    legacy: &LegacyDatabase,
    config: &Config,
    running: &RunningPool,
) -> Result<Vec<Finding>, RehearsalError> {
    let endpoint = Some(running.endpoint());
    let address = PoolAddress::new(running.region(), running.user_pool_id(), endpoint)?;
    let pool = UserPool::connect(address, Quotas::off(), Patience::NONE).await;
    let folder = TempDir::new().map_err(RehearsalError::Folder)?;
    let run = ImportRun {
        approve_password_reset: true,
        ..ImportRun::new(
            "inspect".parse().expect("the name is well-formed"),
            folder.path(),
        )
    };
    let control = RunControl::new();
    let plan = bulk_import::plan(legacy, config, &pool, &run, None, &control).await?;
    let held = plan.counts.iter().filter_map(|count| {
        let reason = count.reason.filter(|_| count.route == Route::Hold)?;
        Some(Finding {
            severity: Severity::Warning,
            code: reason.code(),
            subject: format!(
                "{} would be held by an import",
                count_of(count.users, "user")
            ),
            message: without_full_stop(reason.meaning()),
            next_step: without_full_stop(reason.next_step()),
        })
    });
    Ok(held.collect())
}
