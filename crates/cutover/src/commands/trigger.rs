//! `cutover trigger attach` and `detach`: which function a pool's triggers call. Describes the
//! pool, shows what would change, writes all settings back with `--execute`, and compares again:
//! UpdateUserPool resets whatever it is not told.

use std::collections::BTreeSet;

use cognito_user_pool::{PoolSettings, PoolTrigger, UserPool, WritePermission};
use migration_model::{Finding, Severity};

use crate::arguments::{Arguments, AttachOptions, DetachOptions, TriggerCommand, TriggerOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::function_arn::FunctionArn;
use crate::pool_findings::pool_findings;
use crate::schema_snapshot::Snapshot;
use crate::{output, pool_target, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &TriggerOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(async {
        match &options.command {
            TriggerCommand::Attach(options) => attach(arguments, options).await,
            TriggerCommand::Detach(options) => detach(arguments, options).await,
        }
    })
}

async fn attach(arguments: &Arguments, options: &AttachOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let function = FunctionArn::parse(&options.function_arn)?.in_region(address.region())?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let now = pool.pool_settings().await.map_err(pool_failure)?;
    let mut planned = now.clone();
    for trigger in options.triggers() {
        match now.function_of(trigger) {
            Some(other) if other != function.as_str() && !options.replace => {
                return Err(Failure::usage(format!(
                    "the pool's {trigger} trigger calls another function: {other}"
                ))
                .hint("add --replace to take its place; nothing was changed"));
            }
            _ => planned = planned.with_function(trigger, function.as_str()),
        }
    }
    let snapshot = Snapshot::read(&settings::pool_schema_file(arguments));
    let findings = pool_findings(&pool, &config, &planned, &snapshot)
        .await
        .map_err(pool_failure)?;
    for finding in &findings {
        super::inspect::print_finding(finding);
    }
    let blocks = |finding: &&Finding| {
        finding.severity == Severity::Blocker
            && !options.accept.iter().any(|code| code == finding.code)
    };
    let blockers: BTreeSet<&str> = findings
        .iter()
        .filter(blocks)
        .map(|finding| finding.code)
        .collect();
    if blockers.is_empty() {
        return change(&pool, &now, &planned, options.execute).await;
    }
    let codes: Vec<&str> = blockers.into_iter().collect();
    output::note(format_args!(
        "nothing was written: mend what blocks, or answer for it with --accept {}",
        codes.join(",")
    ));
    Ok(ExitStatus::Findings)
}

async fn detach(arguments: &Arguments, options: &DetachOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let function = FunctionArn::parse(&options.function_arn)?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let now = pool.pool_settings().await.map_err(pool_failure)?;
    let mut planned = now.clone();
    for trigger in options.triggers() {
        match now.function_of(trigger) {
            Some(other) if other != function.as_str() => {
                return Err(Failure::usage(format!(
                    "the pool's {trigger} trigger calls another function: {other}"
                ))
                .hint("name that one in --function-arn to detach it; nothing was changed"));
            }
            Some(_) => planned = planned.without_function(trigger),
            None => {}
        }
    }
    change(&pool, &now, &planned, options.execute).await
}

/// Shows the change; with permission makes it, and looks whether it is the only one.
async fn change(
    pool: &UserPool,
    now: &PoolSettings,
    planned: &PoolSettings,
    execute: bool,
) -> Result<ExitStatus, Failure> {
    let changes = now.changes_to(planned);
    if changes.is_empty() {
        output::result("nothing to change");
        return Ok(ExitStatus::Fine);
    }
    for change in &changes {
        output::result(format_args!("  {change}"));
    }
    let Some(permission) = WritePermission::from_execute_flag(execute) else {
        output::note("nothing was written; add --execute to write it");
        return Ok(ExitStatus::Fine);
    };
    let written = pool
        .allow_writes(permission)
        .update_user_pool(planned)
        .await;
    if let Err(error) = written {
        let hint = format!(
            "{}; run it again to see what the pool has now",
            error.hint()
        );
        return Err(
            Failure::new(ExitStatus::Halted, "the pool's settings were not written")
                .source(error)
                .hint(hint),
        );
    }
    let after = pool.pool_settings().await.map_err(pool_failure)?;
    let unexpected = planned.changes_to(&after);
    if unexpected.is_empty() {
        output::result("written; every other setting is as it was");
        return Ok(ExitStatus::Fine);
    }
    output::result("written, but these settings are not as they should be:");
    for change in &unexpected {
        output::result(format_args!("  {change}"));
    }
    output::note("somebody may have changed them at the same time; set them back in the console");
    Ok(ExitStatus::Findings)
}

pub(crate) fn pool_failure(error: cognito_user_pool::PoolError) -> Failure {
    let hint = error.hint();
    Failure::new(ExitStatus::Halted, "the user pool cannot be read")
        .source(error)
        .hint(hint)
}

impl AttachOptions {
    fn triggers(&self) -> impl Iterator<Item = PoolTrigger> + '_ {
        self.trigger.iter().map(|name| name.trigger())
    }
}

impl DetachOptions {
    fn triggers(&self) -> impl Iterator<Item = PoolTrigger> + '_ {
        self.trigger.iter().map(|name| name.trigger())
    }
}
