//! `cutover import`: the plan, or with --execute the import itself.

use std::path::Path;

use bulk_import::{
    ControlFiles, ErrorClass, ImportError, ImportRun, Obeyed, Plan, RunControl, RunName, RunStatus,
    Summary,
};
use cognito_user_pool::WritePermission;
use migration_model::Route;

use crate::arguments::{Arguments, ImportOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{output, pool_target, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &ImportOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(import(arguments, options))
}

async fn import(arguments: &Arguments, options: &ImportOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let name = match &options.run {
        Some(name) => settings::run_name(name)?,
        None => RunName::for_pool(address.user_pool_id()),
    };
    if let Some(path) = &options.summary {
        output::check_writable(path)?;
    }
    let shown = address.to_string();
    let legacy = settings::legacy_database(&config).await?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let mut run = ImportRun {
        approve_password_reset: options.approve_password_reset,
        retry_failed: options.retry_failed,
        ..ImportRun::new(name, &options.runs_dir)
    };
    if let Some(shard) = options.shard {
        run = run
            .in_shard(shard)
            .map_err(|error| Failure::usage("--run is too long with --shard").source(error))?;
        pool.set_quotas(pool.quotas().divided_among(shard.of()));
    }
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;
    let watcher = Watcher::start(&control);
    let Some(permission) = WritePermission::from_execute_flag(options.execute) else {
        let plan = bulk_import::plan(&legacy, &config, &pool, &run, &control).await;
        watcher.finish().await;
        let plan = plan.map_err(|error| failure(error, options, &shown))?;
        print_plan(&plan);
        write_summary(options.summary.as_deref(), &plan.summary())?;
        return Ok(ExitStatus::Fine);
    };
    let files = ControlFiles::of_run(&run.directory, &run.name);
    tell_control_files(&files);
    let writable = pool.allow_writes(permission);
    let ended = tokio::select! {
        ended = bulk_import::import(&legacy, &config, &writable, &run, &control) => ended,
        () = files.obey(&control, &pool, |obeyed| tell_obeyed(obeyed, &files)) => {
            unreachable!("control files are obeyed until the import ends")
        }
    };
    watcher.finish().await;
    let summary = match ended {
        Ok(summary) => summary,
        Err(error) => {
            // What was done until then stands in the journal, and belongs into the summary.
            if let Ok(status) = RunStatus::read(&run.directory, &run.name).await {
                write_summary(options.summary.as_deref(), &status.summary)?;
            }
            return Err(failure(error, options, &shown));
        }
    };
    write_summary(options.summary.as_deref(), &summary)?;
    let status = RunStatus::read(&run.directory, &run.name).await;
    let status = status.map_err(|error| failure(ImportError::from(error), options, &shown))?;
    super::status::print(&status);
    if !summary.complete {
        if files.stop.exists() {
            output::note(format_args!(
                "stopped by {}; to go on, remove it, then:",
                files.stop.display()
            ));
        } else {
            output::note("stopped; to go on:");
        }
        output::command(&resume_command());
        return Ok(ExitStatus::Halted);
    }
    Ok(if summary.failed > 0 {
        ExitStatus::Findings
    } else {
        ExitStatus::Fine
    })
}

/// How to steer the run without its terminal.
fn tell_control_files(files: &ControlFiles) {
    output::note("while it runs, from another terminal:");
    for (command, path, effect) in [
        ("touch", &files.pause, "pauses it; rm lets it go on"),
        ("touch", &files.stop, "stops it"),
        ("echo 0.25 >", &files.share, "takes a quarter of the limits"),
    ] {
        output::command(&format!("{command} {}  # {effect}", path.display()));
    }
}

fn tell_obeyed(obeyed: Obeyed, files: &ControlFiles) {
    match obeyed {
        Obeyed::Paused => output::note(format_args!("paused by {}", files.pause.display())),
        Obeyed::Resumed => output::note("going on"),
        Obeyed::Stopped => output::note(format_args!(
            "{} is there: finishing what is in flight",
            files.stop.display()
        )),
        Obeyed::Share(share) => output::note(format_args!(
            "taking {share} of the limits, by {}",
            files.share.display()
        )),
        Obeyed::NoShare => output::note(format_args!(
            "{} holds no share of the limits, such as 0.25: the share stays",
            files.share.display()
        )),
    }
}

fn write_summary(path: Option<&Path>, summary: &Summary) -> Result<(), Failure> {
    path.map_or(Ok(()), |path| output::json_file(path, summary))
}

fn failure(error: ImportError, options: &ImportOptions, pool: &str) -> Failure {
    let resume = (error.class() == ErrorClass::Halted && options.execute).then(resume_command);
    let failure = import_failure(error, &format!("the import into {pool} halted"));
    match resume {
        Some(command) => failure.resume(command),
        None => failure,
    }
}

/// An engine's error at the edge of the program.
pub(super) fn import_failure(error: ImportError, message: &str) -> Failure {
    let status = match error.class() {
        ErrorClass::Usage => ExitStatus::Usage,
        ErrorClass::Halted => ExitStatus::Halted,
    };
    let hint = error.hint();
    Failure::new(status, message).source(error).hint(hint)
}

/// The command that was typed: the same one resumes.
fn resume_command() -> String {
    let quoted = |argument: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
        match !argument.is_empty() && argument.chars().all(plain) {
            true => argument,
            false => format!("'{}'", argument.replace('\'', r"'\''")),
        }
    };
    std::env::args().map(quoted).collect::<Vec<_>>().join(" ")
}

fn print_plan(plan: &Plan) {
    output::result(format_args!(
        "plan of run {} (nothing was written)",
        plan.run
    ));
    output::result(format_args!("  {:>9}  would be created", plan.to_create));
    for count in &plan.counts {
        let reason = count.reason.map_or("", |reason| reason.code());
        match (&count.outcome, count.route) {
            (None, Route::AdminCreate) => {}
            (outcome, route) => output::result(format_args!(
                "  {:>9}  {} {reason}",
                count.users,
                outcome.as_deref().unwrap_or(route.code()),
            )),
        }
    }
    if plan.kept_for_first_login > 0 {
        output::result(format_args!(
            "\n{} users can still keep their password by signing in once; they are left alone.\n\
             With --approve-password-reset they are imported and lose it for good.",
            plan.kept_for_first_login
        ));
    }
    if plan.losing_password > 0 {
        output::result(format_args!(
            "\nRISK: {} of those to be created could still keep their password; they lose it.",
            plan.losing_password
        ));
    }
    if plan.without_contact > 0 {
        output::result(format_args!(
            "\nRISK: {} of those to be created have no verified address: no reset code can reach \
             them.",
            plan.without_contact
        ));
    }
    output::result("\ncalls by quota category (at the account's limit, at the share allowed)");
    let time = |time: Option<std::time::Duration>| match time {
        Some(time) => import_progress::duration(time),
        None => "no limit".to_owned(),
    };
    for calls in &plan.calls {
        output::result(format_args!(
            "  {:>9}  {:<24} {:>10} {:>10}",
            calls.calls,
            calls.category.name(),
            time(calls.at_limit),
            time(calls.at_share)
        ));
    }
    output::result(format_args!(
        "\n{} users become monthly active users of this month; {} groups would be created",
        plan.to_create, plan.groups
    ));
    for finding in &plan.findings {
        output::result(format_args!(
            "{}: {}; {}",
            finding.subject, finding.message, finding.next_step
        ));
    }
    output::note("to do it, add --execute");
}
