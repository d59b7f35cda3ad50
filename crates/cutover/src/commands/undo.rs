//! `cutover undo`: takes a run back as far as nobody has used what it made.

use bulk_import::{Kept, RunControl, Undo, UndoSummary, undo};
use cognito_user_pool::WritePermission;

use crate::arguments::{Arguments, UndoOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{output, pool_target, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &UndoOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(take_back(arguments, options))
}

async fn take_back(arguments: &Arguments, options: &UndoOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let name = settings::run_name(&options.run)?;
    let pool = pool_target::connect(pool_target::address(&config, &options.pool)?, &options.pool);
    let pool = pool.await?;
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;
    let permission = WritePermission::from_execute_flag(options.execute);
    let writable = permission.map(|permission| pool.allow_writes(permission));
    let watcher = Watcher::start(&control);
    let asked = Undo {
        ledger: &settings::ledger_place(arguments, &options.memory),
        directory: &settings::runs_dir(arguments, &options.memory),
        run: &name,
        approve_unprovable: options.approve_unproven_unused,
    };
    let summary = undo(&pool, writable.as_ref(), asked, &control).await;
    watcher.finish().await;
    let summary = summary.map_err(|error| super::import::import_failure(error, "the undo"))?;
    print(&summary, options.execute);
    Ok(match (summary.complete, summary.failed) {
        (false, _) => ExitStatus::Halted,
        (true, 0) => ExitStatus::Fine,
        (true, _) => ExitStatus::Findings,
    })
}

fn print(summary: &UndoSummary, execute: bool) {
    if summary.created == 0 && summary.complete {
        output::result("nothing is left to undo: the run created nobody, or an undo has been done");
        return;
    }
    output::result(format_args!(
        "{} users that the run created, and no undo has gone through yet",
        summary.created
    ));
    let deleted = if execute {
        "deleted"
    } else {
        "would be deleted"
    };
    output::result(format_args!("  {:>9}  {deleted}", summary.deleted));
    output::result(format_args!("  {:>9}  gone already", summary.gone));
    for (reason, users) in &summary.kept {
        output::result(format_args!("  {users:>9}  kept: {}", reason.code()));
    }
    if summary.kept.contains_key(&Kept::Unprovable) {
        output::note(
            "if nobody can have signed in by a code or a linked identity: \
                      --approve-unproven-unused",
        );
    }
    if summary.failed > 0 {
        output::result(format_args!("  {:>9}  refused by the pool", summary.failed));
    }
    if !execute {
        output::note("to do it, add --execute");
    } else if !summary.complete {
        output::note("stopped before the end; the same command goes on");
    }
}
