//! `cutover import`: the plan, or with --execute the import itself.

use std::path::Path;

use bulk_import::{
    ControlFiles, ErrorClass, FinalState, ImportError, ImportRun, Obeyed, PasswordsFile,
    ReviewedPlan, RunControl, RunName, RunStatus, Summary,
};
use cognito_user_pool::{UserPool, WritePermission};
use migration_model::Config;

use super::try_one;
use crate::arguments::{Arguments, ImportOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{output, plan_text, pool_target, runtime, settings, telemetry};

pub(crate) fn run(arguments: &Arguments, options: &ImportOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(import(arguments, options))
}

async fn import(arguments: &Arguments, options: &ImportOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let name = match (&options.run, &options.try_one) {
        (Some(name), _) => settings::run_name(name)?,
        (None, Some(_)) => settings::run_name(try_one::RUN)?,
        (None, None) => RunName::for_pool(address.user_pool_id()),
    };
    for path in options.summary.iter().chain(&options.plan) {
        output::check_writable(path)?;
    }
    let passwords_file = passwords_file(options)?;
    let reviewed_plan = options.reviewed_plan.as_deref().map(reviewed_plan);
    let shown = address.to_string();
    let legacy = settings::legacy_database(&config).await?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let mut run = ImportRun {
        approve_password_reset: options.approve_password_reset,
        routes: options.routes,
        keep_for_first_login: options.keep_for_first_login.clone(),
        final_state: options.final_state.into(),
        passwords_file,
        reviewed_plan: reviewed_plan.transpose()?,
        retry_failed: options.retry_failed,
        ledger: settings::ledger_place(arguments, &options.memory),
        claims: settings::claims()?,
        ..ImportRun::new(name, settings::runs_dir(arguments, &options.memory))
    };
    if let Some(shard) = options.shard {
        run = run
            .in_shard(shard)
            .map_err(|error| Failure::usage("--run is too long with --shard").source(error))?;
        pool.set_quotas(pool.quotas().divided_among(shard.of()));
    }
    let control = RunControl::new();
    if let Some(login) = &options.try_one {
        let writable = WritePermission::from_execute_flag(options.execute);
        let trial = try_one::TryOne {
            config: &config,
            legacy: &legacy,
            pool: &pool,
            writable: writable.map(|permission| pool.allow_writes(permission)),
            run,
            login,
        };
        return trial.run(&control, &shown).await;
    }
    import_progress::obey_signals(&control)?;
    telemetry::observe(&control);
    let watcher = Watcher::start(&control);
    if options.finish {
        let mended = finish(&config, &pool, &run, options, &control).await;
        watcher.finish().await;
        return mended.map_err(|error| failure(error, options, &shown));
    }
    let Some(permission) = WritePermission::from_execute_flag(options.execute) else {
        let users = options.plan_users.as_deref();
        let plan = bulk_import::plan(&legacy, &config, &pool, &run, users, &control).await;
        watcher.finish().await;
        let plan = plan.map_err(|error| failure(error, options, &shown))?;
        write_summary(options.summary.as_deref(), &plan.summary())?;
        if let Some(path) = &options.plan {
            output::json_file(path, &plan.as_json())?;
        }
        plan_text::print(&plan, options.plan.as_deref());
        return Ok(
            match plan.blockers().next().is_some() || plan.has_strangers() {
                true => ExitStatus::Findings,
                false => ExitStatus::Fine,
            },
        );
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
    Ok(if summary.failed > 0 || status.has_strangers() {
        ExitStatus::Findings
    } else {
        ExitStatus::Fine
    })
}

/// `--finish`: a way in for those whom an import created and never finished.
async fn finish(
    config: &Config,
    pool: &UserPool,
    run: &ImportRun,
    options: &ImportOptions,
    control: &RunControl,
) -> Result<ExitStatus, ImportError> {
    let writable = WritePermission::from_execute_flag(options.execute);
    let writable = writable.map(|permission| pool.allow_writes(permission));
    let mended = bulk_import::finish(config, pool, writable.as_ref(), run, control).await?;
    let word = if options.execute {
        "given"
    } else {
        "to be given"
    };
    output::result(format_args!("  {:>9}  {word} a way in", mended.given));
    output::result(format_args!(
        "  {:>9}  without a way in, and not proven to be a legacy user",
        mended.unproven
    ));
    output::result(format_args!("  {:>9}  refused by Cognito", mended.refused));
    if !options.execute && mended.given > 0 {
        output::note("to do it, add --execute");
    }
    Ok(match mended.unproven + mended.refused {
        0 => ExitStatus::Fine,
        _ => ExitStatus::Findings,
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
        Obeyed::Paused => output::note(format_args!(
            "paused by {}; it goes on when that is removed",
            files.pause.display()
        )),
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

/// Where temporary passwords go: asked for by one final state, and by no other.
fn passwords_file(options: &ImportOptions) -> Result<Option<PasswordsFile>, Failure> {
    let state = FinalState::from(options.final_state);
    let hands_over = state == FinalState::ForceChange;
    match (&options.passwords_file, &options.age_recipient) {
        (Some(path), Some(recipient)) if hands_over => Ok(Some(PasswordsFile {
            path: path.clone(),
            recipient: recipient.clone(),
        })),
        (None, None) if hands_over && options.execute => {
            let message = "--final-state force-change makes passwords that have nowhere to go";
            Err(Failure::usage(message).hint(
                "name a file with --passwords-file FILE, and the key to encrypt to with \
                 --age-recipient age1…; `age-keygen -o key.txt` makes one",
            ))
        }
        (None, None) => Ok(None),
        _ => Err(Failure::usage(format!(
            "--passwords-file has no use with --final-state {state}"
        ))
        .hint("leave it out, or choose --final-state force-change")),
    }
}

fn reviewed_plan(path: &Path) -> Result<ReviewedPlan, Failure> {
    let unusable = || Failure::usage(format!("could not use the plan {}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| {
        unusable()
            .source(error)
            .hint("write one with cutover import --plan FILE, without --execute")
    })?;
    ReviewedPlan::parse(&text).map_err(|error| {
        unusable()
            .source(error)
            .hint("write a new one with cutover import --plan FILE, and have that reviewed")
    })
}

fn write_summary(path: Option<&Path>, summary: &Summary) -> Result<(), Failure> {
    path.map_or(Ok(()), |path| output::json_file(path, summary))
}

fn failure(error: ImportError, options: &ImportOptions, pool: &str) -> Failure {
    let resume = (error.class() == ErrorClass::Halted && options.execute).then(resume_command);
    let failure = import_failure(error, &format!("the import into {pool}"));
    match resume {
        Some(command) => failure.resume(command),
        None => failure,
    }
}

/// An engine's error at the edge of the program; `what` was to be done.
pub(super) fn import_failure(error: ImportError, what: &str) -> Failure {
    let (status, became) = match error.class() {
        ErrorClass::Usage => (ExitStatus::Usage, "was not begun"),
        ErrorClass::Halted => (ExitStatus::Halted, "halted"),
    };
    let message = format!("{what} {became}");
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
