//! `cutover inspect`: the legacy database, and with `--pool` the settings of the user pool. Exit code 1
//! when something blocks the move.

use std::path::Path;

use bulk_import::{ImportError, RunControl};
use chrono::Utc;
use migration_model::{Config, Finding, Severity};
use rehearsal::{
    Census, Forecast, ForecastQuestion, Importable, MemorySize, RehearsalError, held_by_an_import,
};
use serde::Serialize;

use crate::arguments::{Arguments, InspectOptions, PoolTarget};
use crate::commands::trigger::pool_failure;
use crate::exit_status::{ExitStatus, Failure};
use crate::pool_findings::pool_findings;
use crate::schema_snapshot::Snapshot;
use crate::{forecast_text, output, pool_target, runtime, settings};

/// The JSON form.
#[derive(Serialize)]
struct Inspection<'a> {
    format: u32,
    engine: &'static str,
    user_table: &'a str,
    config_digest: String,
    #[serde(flatten)]
    census: &'a Census,
    forecast: &'a Forecast,
}

pub(crate) fn run(arguments: &Arguments, options: &InspectOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let target = &options.target;
    let of_pool = match options.pool || target.user_pool_id.is_some() {
        true => runtime()?.block_on(of_pool(arguments, &config, target))?,
        false => Vec::new(),
    };
    inspect(&config, options.json.as_deref(), of_pool)
}

/// What stands in the way in the pool as it is now.
async fn of_pool(
    arguments: &Arguments,
    config: &Config,
    target: &PoolTarget,
) -> Result<Vec<Finding>, Failure> {
    let address = pool_target::address(config, target)?;
    let pool = pool_target::connect(address, target).await?;
    let now = pool.pool_settings().await.map_err(pool_failure)?;
    let snapshot = Snapshot::read(&settings::pool_schema_file(arguments));
    let findings = pool_findings(&pool, config, &now, &snapshot).await;
    findings.map_err(pool_failure)
}

/// Looks at the legacy database by this configuration; what was found elsewhere is told along.
pub(crate) fn inspect(
    config: &Config,
    json: Option<&Path>,
    elsewhere: Vec<Finding>,
) -> Result<ExitStatus, Failure> {
    let (mut census, held, forecast) = look(config)?;
    census.findings.extend(held);
    for finding in elsewhere {
        // What the users' rows show is told with figures already.
        if census.findings.iter().all(|told| told.code != finding.code) {
            census.findings.push(finding);
        }
    }
    census
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if let Some(path) = json {
        let inspection = Inspection {
            format: 1,
            engine: engine(config),
            user_table: &config.legacy.user_table,
            config_digest: config.digest(),
            census: &census,
            forecast: &forecast,
        };
        output::json_file(path, &inspection)?;
    }
    print(&census, &forecast, config);
    let blocked = census
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Blocker);
    Ok(if blocked {
        ExitStatus::Findings
    } else {
        ExitStatus::Fine
    })
}

/// Three looks at all users: who they are, whom an import would hold, and when they will come. Beside
/// one another, because each is one thread's work and none needs another's answer.
fn look(config: &Config) -> Result<(Census, Vec<Finding>, Forecast), Failure> {
    let runtime = runtime()?;
    let legacy = runtime.block_on(settings::legacy_database(config))?;
    let (legacy, handle) = (&legacy, runtime.handle());
    std::thread::scope(|scope| {
        let held = scope.spawn(|| handle.block_on(held_by_an_import(legacy, config)));
        let forecast = scope.spawn(|| {
            let (question, control) = (ForecastQuestion::default(), RunControl::new());
            handle.block_on(rehearsal::forecast(
                legacy, config, None, &question, &control,
            ))
        });
        let census = handle.block_on(Census::take(legacy, config, Utc::now()));
        Ok((
            census.map_err(settings::legacy_failure)?,
            finished(held).map_err(unplanned)?,
            finished(forecast).map_err(super::forecast::failure)?,
        ))
    })
}

/// A panic of the other thread goes on in this one.
fn finished<T>(look: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match look.join() {
        Ok(seen) => seen,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn unplanned(error: RehearsalError) -> Failure {
    match error {
        RehearsalError::Legacy(error) => settings::legacy_failure(error),
        RehearsalError::Import(ImportError::Legacy(error)) => settings::legacy_failure(error),
        other => Failure::new(
            ExitStatus::Halted,
            "whom an import would hold could not be found out",
        )
        .source(other)
        .hint("run it again; with RUST_LOG=info it says more"),
    }
}

fn engine(config: &Config) -> &'static str {
    config
        .legacy
        .url
        .as_ref()
        .map_or("none", |url| url.engine())
}

fn print(census: &Census, forecast: &Forecast, config: &Config) {
    output::result(format_args!(
        "{} {} in {} ({}), {} active, {} with a verified e-mail, {} in groups",
        census.users,
        if census.users == 1 { "user" } else { "users" },
        config.legacy.user_table,
        engine(config),
        census.active,
        census.with_verified_email,
        census.in_groups,
    ));
    if census.excluded > 0 {
        output::result(format_args!(
            "{} left out by [legacy] where",
            match census.excluded {
                1 => "1 more row is".to_owned(),
                more => format!("{more} more rows are"),
            }
        ));
    }
    output::result("\nstored passwords (time: one check on one core of this machine)");
    output::result(format_args!(
        "  {:>7}  {:>8}  {:<11}  algorithm and cost",
        "users", "time", "state"
    ));
    for group in &census.hashes {
        let time = group
            .check_ms
            .map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
        output::result(format_args!(
            "  {:>7}  {:>8}  {:<11}  {} {}",
            group.users, time, group.state, group.algorithm, group.cost
        ));
    }
    if let Some(size) = &census.memory_size {
        print_memory_size(size);
    }
    print_importable(&census.importable);
    output::result("\nlast sign-in");
    for span in &census.last_login {
        output::result(format_args!("  {:>9}  {}", span.users, span.span));
    }
    forecast_text::print_briefly(forecast);
    output::result("\nfindings");
    if census.findings.is_empty() {
        output::result("  none");
    }
    for finding in &census.findings {
        print_finding(finding);
    }
}

/// Who could keep their password without signing in, and of the others why not.
fn print_importable(importable: &Importable) {
    output::result(format_args!(
        "\nhash import: {} users could take their password along",
        importable.users
    ));
    for count in &importable.by_algorithm {
        output::result(format_args!("  {:>7}  {}", count.users, count.algorithm));
    }
    if importable.in_doubt > 0 {
        output::result(format_args!(
            "  {} of them only once a trial showed that the pool reads their form of hash: cutover import\n  \
             --try-one LOGIN",
            importable.in_doubt
        ));
    }
    if !importable.why_not.is_empty() {
        output::result("  the others, by the first reason");
    }
    for count in &importable.why_not {
        output::result(format_args!(
            "  {:>7}  {} [{}]",
            count.users, count.meaning, count.reason
        ));
    }
    let bridge = importable.bridge;
    if bridge.users > 0 {
        output::result(format_args!(
            "  a bridge hasher in Django would make {} of them importable once they sign in there;\n  \
             {} were seen within 30 days, {} within 90",
            bridge.users, bridge.seen_within_30_days, bridge.seen_within_90_days
        ));
    }
}

fn print_memory_size(size: &MemorySize) {
    output::result(match size.recommended_mb {
        Some(memory_mb) => format!("\nmemory for the function: {memory_mb} MB"),
        None => "\nmemory for the function: none is sure to suffice".to_owned(),
    });
    output::result(format_args!(
        "  slowest check: {}, by the estimate (at most {:.0} ms allowed):",
        size.slowest_check, size.allowed_ms
    ));
    for estimate in &size.sizes {
        output::result(format_args!(
            "  {:>6} MB  {:>9}  {}",
            estimate.memory_mb,
            format!("{:.0} ms", estimate.slowest_check_ms),
            if estimate.suffices {
                "suffices"
            } else {
                "does not"
            },
        ));
    }
    output::result(format_args!("  {}", MemorySize::METHOD));
}

/// Prints one finding with its next step; `rehearse` prints its own the same way.
pub(crate) fn print_finding(finding: &Finding) {
    let severity = match finding.severity {
        Severity::Blocker => "BLOCKS",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    output::result(format_args!(
        "  {severity}: {}: {}",
        finding.subject, finding.message
    ));
    output::result(format_args!(
        "    next: {} [{}]",
        finding.next_step, finding.code
    ));
}
