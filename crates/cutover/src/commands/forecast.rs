//! `cutover forecast`: who will have come by which week. Exit code 0: a forecast judges nothing.

use bulk_import::{ImportError, LedgerPlace, RunControl, Standing};
use cognito_user_pool::{Quotas, UserPool};
use legacy_users::LegacyDatabase;
use migration_model::Config;
use rehearsal::{Forecast, ForecastQuestion, ForecastTarget, RehearsalError};

use crate::arguments::{Arguments, ForecastOptions, PoolTarget};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{forecast_text, output, pool_target, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &ForecastOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(foretell(arguments, options))
}

async fn foretell(arguments: &Arguments, options: &ForecastOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    if let Some(path) = &options.json {
        output::check_writable(path)?;
    }
    let ledger = settings::ledger_place(arguments, &options.memory);
    let legacy = settings::legacy_database(&config).await?;
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;
    let watcher = Watcher::start(&control);
    let made = make(&config, &legacy, &ledger, options, &control).await;
    watcher.finish().await;
    let (forecast, standing) = made?;
    if let Some(path) = &options.json {
        output::json_file(path, &forecast)?;
    }
    forecast_text::print(&forecast, standing.as_ref(), options.pool.share.get());
    Ok(ExitStatus::Fine)
}

async fn make(
    config: &Config,
    legacy: &LegacyDatabase,
    ledger: &LedgerPlace,
    options: &ForecastOptions,
    control: &RunControl,
) -> Result<(Forecast, Option<Standing>), Failure> {
    let mut question = ForecastQuestion {
        weeks: usize::from(options.weeks),
        below_percent: options.below,
        mau_price: options.mau_price,
        switched: options.switched,
        quotas: quotas(&options.pool),
    };
    let is_named = is_named(config, &options.pool);
    if !is_named || options.database_only {
        let made = rehearsal::forecast(legacy, config, None, &question, control).await;
        return Ok((made.map_err(failure)?, None));
    }
    let address = pool_target::address(config, &options.pool)?;
    let pool: UserPool = pool_target::connect(address, &options.pool)
        .await
        .map_err(|failure| failure.hint("--database-only leaves the pool out"))?;
    // A local pool may have none; the limits of the move are Cognito's.
    if pool
        .quotas()
        .limit(cognito_user_pool::QuotaCategory::UserCreation)
        .is_some()
    {
        question.quotas = pool.quotas();
    }
    let standing = Standing::read(config, &pool, ledger, control).await;
    let standing = standing.map_err(|error| failure(error.into()))?;
    if !standing.complete {
        return Err(failure(RehearsalError::Stopped));
    }
    let target = ForecastTarget {
        pool: &pool,
        ledger,
        standing: &standing,
    };
    let made = rehearsal::forecast(legacy, config, Some(target), &question, control).await;
    Ok((made.map_err(failure)?, Some(standing)))
}

/// Whether somebody names a pool, by flag or file.
fn is_named(config: &Config, options: &PoolTarget) -> bool {
    config.pool.is_some() || options.user_pool_id.is_some() || options.endpoint_url.is_some()
}

/// Cognito's limits, with those that the operator knows better.
fn quotas(options: &PoolTarget) -> Quotas {
    let quotas = Quotas::defaults(options.share);
    let given = options.limit.iter();
    given.fold(quotas, |quotas, given| {
        quotas.with_limit(given.category, given.limit)
    })
}

pub(crate) fn failure(error: RehearsalError) -> Failure {
    match error {
        RehearsalError::Legacy(error) => settings::legacy_failure(error),
        RehearsalError::Import(ImportError::Legacy(error)) => settings::legacy_failure(error),
        RehearsalError::Import(error) => super::import::import_failure(error, "the forecast"),
        other => Failure::new(ExitStatus::Halted, "there is no forecast")
            .source(other)
            .hint("run it again; with RUST_LOG=info it says more"),
    }
}
