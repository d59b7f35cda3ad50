//! `cutover rehearse`: the whole cutover against a local pool, told as it goes, with a verdict at
//! the end and a report to look at.

use cognito_user_pool::{Quotas, Share};
use migration_model::Severity;
use rehearsal::{Conduct, RehearsalError, Report, Verdict, fitting_pool, page, read_canaries};
use rehearsal_pool::PoolOptions;

use crate::arguments::{Arguments, RehearseOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &RehearseOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(rehearse(arguments, options))
}

async fn rehearse(arguments: &Arguments, options: &RehearseOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let trigger = settings::trigger_program(options.trigger.as_ref())?;
    let canaries = match &options.canaries {
        Some(path) => read_canaries(path).map_err(|error| {
            Failure::usage("the canaries cannot be used")
                .source(error)
                .hint("the form of the file is in crates/rehearsal/README.md")
        })?,
        None => Vec::new(),
    };
    let shadow = super::shadow::seen_before(arguments, options.shadow.as_ref())?;
    let unwritable = |error| {
        Failure::usage(format!("could not write to {}", options.out.display()))
            .source(error)
            .hint("name another folder with --out")
    };
    std::fs::create_dir_all(&options.out).map_err(unwritable)?;
    let work_folder = tempfile::Builder::new()
        .prefix(".rehearsal-")
        .tempdir_in(&options.out)
        .map_err(unwritable)?;
    let legacy = settings::legacy_database(&config).await?;
    let mut pool = PoolOptions {
        quotas: super::pool::quotas(&options.quotas)?,
        facts: options
            .facts
            .as_deref()
            .map(super::pool_facts::read)
            .transpose()?,
        ..fitting_pool(&config, &arguments.config, trigger)
    };
    if let Some(trigger) = &mut pool.trigger {
        trigger.env.extend(settings::hasher_environment(&config));
    }
    let quotas = match options.quotas.as_str() {
        "off" => Quotas::off(),
        _ => Quotas::defaults(Share::HALF),
    };
    let conduct = Conduct {
        config,
        legacy,
        pool,
        quotas,
        canaries,
        shadow,
        work_folder: work_folder.path().to_owned(),
    };
    let mut number = 0;
    let report = conduct
        .run(|stage| {
            number += 1;
            output::result(format_args!(
                "{number}. {} ({:.1} s)",
                stage.name, stage.seconds
            ));
            output::result(format_args!("   {}", stage.outcome));
        })
        .await
        .map_err(failure)?;
    output::json_file(&options.out.join("report.json"), &report)?;
    let html = options.out.join("report.html");
    output::whole_file(&html, page(&report).as_bytes())?;
    print_verdict(&report);
    let beliefs = &report.beliefs;
    output::result(format_args!(
        "\n{}\n{}",
        beliefs.sentence, beliefs.never_on_aws
    ));
    output::result(format_args!("\nreport: {}", html.display()));
    Ok(match report.verdict {
        Verdict::Go => ExitStatus::Fine,
        Verdict::NoGo => ExitStatus::NoGo,
    })
}

fn print_verdict(report: &Report) {
    output::result("\nfindings");
    if report.findings.is_empty() {
        output::result("  none");
    }
    for finding in &report.findings {
        super::inspect::print_finding(finding);
    }
    output::result(match report.verdict {
        Verdict::Go => "\nverdict: go".to_owned(),
        Verdict::NoGo => {
            let blocks =
                |finding: &&migration_model::Finding| finding.severity == Severity::Blocker;
            let blockers = report.findings.iter().filter(blocks).count();
            format!("\nverdict: no-go ({blockers} findings block)")
        }
    });
}

fn failure(error: RehearsalError) -> Failure {
    match error {
        RehearsalError::Legacy(error) => settings::legacy_failure(error),
        other => Failure::new(
            ExitStatus::Halted,
            "the rehearsal did not come to a verdict",
        )
        .source(other)
        .hint("run it again; with RUST_LOG=info it says more"),
    }
}
