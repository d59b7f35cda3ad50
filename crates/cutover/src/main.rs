#![doc = include_str!("../README.md")]

mod arguments;
mod attach_findings;
mod commands;
mod exit_status;
mod function_arn;
mod import_progress;
mod output;
mod plan_text;
mod pool_target;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit_status::ExitStatus;

/// An SDK call allocates some hundred times, and an import or a local pool lives on such calls.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error),
    };
    output::start_log(arguments.log_format);
    let result = match &arguments.command {
        Command::Verify => commands::verify::run(&arguments),
        Command::Inspect(options) => commands::inspect::run(&arguments, options),
        Command::Pool(options) => commands::pool::run(&arguments, options),
        Command::Import(options) => commands::import::run(&arguments, options),
        Command::Status(options) => commands::status::run(&arguments, options),
        Command::Undo(options) => commands::undo::run(&arguments, options),
        Command::Reconcile(options) => commands::reconcile::run(&arguments, options),
        Command::Rehearse(options) => commands::rehearse::run(&arguments, options),
        Command::Trigger(options) => commands::trigger::run(&arguments, options),
    };
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.status.into()
        }
    }
}

/// The runtime of every command that talks to a database or a pool.
fn runtime() -> Result<tokio::runtime::Runtime, exit_status::Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            exit_status::Failure::new(ExitStatus::Halted, "could not start worker threads")
                .source(error)
                .hint("check the limits on processes and threads (ulimit -u)")
        })
}
