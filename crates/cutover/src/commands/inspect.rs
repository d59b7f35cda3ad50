//! `cutover inspect`: the legacy database alone. Exit code 1 when something blocks the move.

use bulk_import::ImportError;
use chrono::Utc;
use migration_model::{Config, Finding, Severity};
use rehearsal::{Census, Importable, MemorySize, RehearsalError, held_by_an_import};
use serde::Serialize;

use crate::arguments::{Arguments, InspectOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, runtime, settings};

/// The JSON form.
#[derive(Serialize)]
struct Inspection<'a> {
    format: u32,
    engine: &'static str,
    user_table: &'a str,
    config_digest: String,
    #[serde(flatten)]
    census: &'a Census,
}

pub(crate) fn run(arguments: &Arguments, options: &InspectOptions) -> Result<ExitStatus, Failure> {
    inspect(&settings::config(arguments)?, options)
}

/// Looks by this configuration.
pub(crate) fn inspect(config: &Config, options: &InspectOptions) -> Result<ExitStatus, Failure> {
    let census = runtime()?.block_on(async {
        let legacy = settings::legacy_database(config).await?;
        let mut census = Census::take(&legacy, config, Utc::now())
            .await
            .map_err(settings::legacy_failure)?;
        let held = held_by_an_import(&legacy, config).await;
        census.findings.extend(held.map_err(unplanned)?);
        census
            .findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok::<_, Failure>(census)
    })?;
    if let Some(path) = &options.json {
        let inspection = Inspection {
            format: 1,
            engine: engine(config),
            user_table: &config.legacy.user_table,
            config_digest: config.digest(),
            census: &census,
        };
        output::json_file(path, &inspection)?;
    }
    print(&census, config);
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

fn print(census: &Census, config: &Config) {
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
