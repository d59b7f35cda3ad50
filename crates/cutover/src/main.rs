#![doc = include_str!("../README.md")]

mod arguments;
mod commands;
mod django_settings;
mod exit_status;
mod forecast_text;
mod function_arn;
mod import_progress;
mod local_pool_facts;
mod output;
mod plan_text;
mod pool_findings;
mod pool_target;
mod retirement;
mod schema_snapshot;
mod settings;
mod taken_names;
mod telemetry;
mod watch_server;
mod watch_text;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit_status::{ExitStatus, Failure};
use crate::telemetry::Telemetry;

/// An SDK call allocates some hundred times, and an import or a local pool lives on such calls.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error),
    };
    let telemetry = Telemetry::from_environment();
    output::start_log(
        arguments.log_format,
        telemetry.as_ref().ok().and_then(Option::as_ref),
    );
    let ended = telemetry.and_then(|telemetry| {
        let ended = run(&arguments);
        if let Some(telemetry) = telemetry {
            telemetry.finish();
        }
        ended
    });
    match ended {
        Ok(status) => status.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.status.into()
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitStatus, Failure> {
    match &arguments.command {
        Command::Verify => commands::verify::run(arguments),
        Command::Init(options) => commands::init::run(arguments, options),
        Command::Inspect(options) => commands::inspect::run(arguments, options),
        Command::Forecast(options) => commands::forecast::run(arguments, options),
        Command::Watch(options) => commands::watch::run(arguments, options),
        Command::Retire(options) => commands::retire::run(arguments, options),
        Command::Pool(options) => commands::pool::run(arguments, options),
        Command::Import(options) => commands::import::run(arguments, options),
        Command::Status(options) => commands::status::run(arguments, options),
        Command::Undo(options) => commands::undo::run(arguments, options),
        Command::Reconcile(options) => commands::reconcile::run(arguments, options),
        Command::Ledger(options) => commands::ledger::run(arguments, options),
        Command::Rehearse(options) => commands::rehearse::run(arguments, options),
        Command::Shadow(options) => commands::shadow::run(arguments, options),
        Command::Trigger(options) => commands::trigger::run(arguments, options),
    }
}

/// The runtime of every command that talks to a database or a pool.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(ExitStatus::Halted, "could not start worker threads")
                .source(error)
                .hint("check the limits on processes and threads (ulimit -u)")
        })
}
