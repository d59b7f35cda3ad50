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
                let (ledger, pool) = hold(arguments, &options.of).await?;
                let forgotten = ledger.forget(&options.legacy_ids).await;
                let forgotten = forgotten.map_err(|error| failure(error.into()))?;
                if let Some(claims) = settings::claims()? {
                    for (legacy_id, sub) in &forgotten {
                        let released = claims.release(&pool, legacy_id, sub).await;
                        released.map_err(|error| failure(error.into()))?;
                    }
                }
                output::result(format_args!(
                    "  {:>9}  forgotten, of those who were deleted in the pool",
                    forgotten.len()
                ));
                Ok(ExitStatus::Fine)
            }
            LedgerCommand::Merge(options) => {
                let (ledger, _) = hold(arguments, &options.of).await?;
                let merged = ledger.merge(&options.other).await;
                let merged = merged.map_err(|error| failure(error.into()))?;
                output::result(format_args!("  {merged:>9}  people taken over"));
                Ok(ExitStatus::Fine)
            }
            LedgerCommand::Export(options) => {
                if options.copy.exists() {
                    let taken = format!("{} is there already", options.copy.display());
                    return Err(Failure::usage(taken).hint("name another file"));
                }
                let (ledger, _) = hold(arguments, &options.of).await?;
                let exported = ledger.export(&options.copy).await;
                exported.map_err(|error| failure(error.into()))?;
                output::result(format_args!("{}: written", options.copy.display()));
                Ok(ExitStatus::Fine)
            }
        }
    })
}

/// The ledger, and the pool's id.
async fn hold(
    arguments: &Arguments,
    options: &LedgerPoolOptions,
) -> Result<(Ledger, String), Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let place = settings::ledger_place(arguments, &options.memory);
    let ledger = Ledger::hold(&place, &pool).await.map_err(failure)?;
    Ok((ledger, pool.address().user_pool_id().to_owned()))
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
