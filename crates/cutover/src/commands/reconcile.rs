//! `cutover reconcile`: both sides compared, and the groups of first sign-ins made real.

use std::path::Path;

use bulk_import::{DriftKind, Reconciliation, RunControl, add_lacking_memberships, reconcile};
use cognito_user_pool::WritePermission;
use futures::StreamExt;
use serde_json::json;

use crate::arguments::{Arguments, ReconcileOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{output, pool_target, runtime, settings};

pub(crate) fn run(
    arguments: &Arguments,
    options: &ReconcileOptions,
) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(compare(arguments, options))
}

async fn compare(arguments: &Arguments, options: &ReconcileOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let legacy = settings::legacy_database(&config).await?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;
    let halted = |error| super::import::import_failure(error, "the comparison halted");

    let watcher = Watcher::start(&control);
    let compared = reconcile(&legacy, &config, &pool, &control).await;
    watcher.finish().await;
    let mut found = compared.map_err(halted)?;
    let permission = WritePermission::from_execute_flag(options.execute);
    if let (true, Some(permission)) = (options.fix_groups, permission) {
        let pool = pool.allow_writes(permission);
        let watcher = Watcher::start(&control);
        let added = add_lacking_memberships(&pool, &mut found, &control).await;
        watcher.finish().await;
        let added = added.map_err(halted)?;
        output::result(format_args!(
            "{} memberships added, {} refused\n",
            added.added, added.failed
        ));
        found = reconcile(&legacy, &config, &pool, &control)
            .await
            .map_err(halted)?;
    }
    print(&found);
    if let Some(path) = &options.json {
        output::json_file(path, &json_form(&found))?;
    }
    if let Some(path) = &options.differences {
        write_differences(path, &mut found).await?;
    }
    if !found.complete {
        output::note("stopped before the end; run it again");
        return Ok(ExitStatus::Halted);
    }
    let lacking = found.counts.contains_key(&DriftKind::Groups);
    if lacking && !options.execute {
        output::note("to add lacking memberships: --fix-groups --execute");
    }
    Ok(if found.is_clean() {
        ExitStatus::Fine
    } else {
        ExitStatus::Findings
    })
}

fn print(found: &Reconciliation) {
    output::result(format_args!(
        "{} legacy users compared with {} users of the pool",
        found.legacy_users, found.pool_users
    ));
    for (kind, users) in &found.counts {
        match kind {
            DriftKind::NotExpected(reason) => {
                output::result(format_args!("  {users:>9}  not in the pool: {reason}"));
            }
            other => output::result(format_args!("  {users:>9}  DIFFER: {}", other.code())),
        }
    }
    if found.is_clean() {
        output::result("both sides agree");
    }
}

fn json_form(found: &Reconciliation) -> serde_json::Value {
    let counts = |drift: bool| {
        let of = found
            .counts
            .iter()
            .filter(move |(kind, _)| kind.is_drift() == drift);
        of.map(|(kind, users)| match kind {
            DriftKind::NotExpected(reason) => (reason.code().to_owned(), json!(users)),
            other => (other.code().to_owned(), json!(users)),
        })
        .collect::<serde_json::Map<_, _>>()
    };
    json!({
        "legacy_users": found.legacy_users,
        "pool_users": found.pool_users,
        "differences": counts(true),
        "not_in_pool_for_a_reason": counts(false),
        "complete": found.complete,
        "clean": found.is_clean(),
    })
}

async fn write_differences(path: &Path, found: &mut Reconciliation) -> Result<(), Failure> {
    let mut file = output::CsvFile::begin(path, &["legacy_id", "difference", "about"])?;
    let mut rows = std::pin::pin!(found.drift());
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| {
            super::import::import_failure(error.into(), "the comparison halted")
        })?;
        file.row(&[&row.legacy_id, row.row.kind.code(), &row.row.about])?;
    }
    file.complete()
}
