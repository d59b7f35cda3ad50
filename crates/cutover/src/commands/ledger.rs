//! `cutover ledger`: the memory of a pool, looked after by hand.

use bulk_import::{ImportError, Ledger, LedgerUse, RunControl, reconcile};

use crate::arguments::{Arguments, LedgerCommand, LedgerOptions, LedgerPoolOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{output, pool_target, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &LedgerOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(async {
        match &options.command {
            LedgerCommand::Rebuild(options) => rebuild(arguments, options).await,
            LedgerCommand::Forget(options) => {
                let ledger = hold(arguments, &options.of).await?;
                let forgotten = ledger.forget(&options.legacy_ids).await;
                let forgotten = forgotten.map_err(|error| failure(error.into()))?;
                output::result(format_args!(
                    "  {forgotten:>9}  forgotten, of those who were deleted in the pool"
                ));
                Ok(ExitStatus::Fine)
            }
            LedgerCommand::Merge(options) => {
                let ledger = hold(arguments, &options.of).await?;
                let merged = ledger.merge(&options.other).await;
                let merged = merged.map_err(|error| failure(error.into()))?;
                output::result(format_args!("  {merged:>9}  people taken over"));
                Ok(ExitStatus::Fine)
            }
        }
    })
}

async fn hold(arguments: &Arguments, options: &LedgerPoolOptions) -> Result<Ledger, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let place = settings::ledger_place(arguments, &options.memory);
    Ledger::hold(&place, &pool).await.map_err(failure)
}

/// A reconciliation that changes nothing in the pool: what it proves, the ledger learns.
async fn rebuild(
    arguments: &Arguments,
    options: &LedgerPoolOptions,
) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let legacy = settings::legacy_database(&config).await?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let place = settings::ledger_place(arguments, &options.memory);
    let ledger = Ledger::hold(&place, &pool).await.map_err(failure)?;
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;
    let watcher = Watcher::start(&control);
    let ledger = LedgerUse::Write(&ledger);
    let found = reconcile(&legacy, &config, &pool, ledger, None, None, &control).await;
    watcher.finish().await;
    let found = found.map_err(failure)?;
    super::reconcile::print(&found, None);
    Ok(match found.complete {
        true => ExitStatus::Fine,
        false => ExitStatus::Halted,
    })
}

fn failure(error: ImportError) -> Failure {
    super::import::import_failure(error, "the work on the ledger")
}
