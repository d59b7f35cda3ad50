//! `cutover pool serve`: the local rehearsal pool in the foreground, until SIGTERM or SIGINT.

use std::net::SocketAddr;
use std::path::PathBuf;

use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool, RehearsalPoolError};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Arguments, PoolCommand, PoolOptions as Options, ServeOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, runtime, settings};

/// What the ready file says once connections are accepted.
#[derive(Serialize)]
struct Ready<'a> {
    endpoint: &'a str,
    region: &'a str,
    user_pool_id: &'a str,
    client_id: &'a str,
    pid: u32,
}

pub(crate) fn run(arguments: &Arguments, options: &Options) -> Result<ExitStatus, Failure> {
    match &options.command {
        PoolCommand::Serve(options) => runtime()?.block_on(serve(arguments, options)),
    }
}

async fn serve(arguments: &Arguments, options: &ServeOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let trigger = settings::trigger_program(options.trigger.as_ref())?;
    // Before the pool is there, so that no signal can find the program without a handler.
    let (mut terminate, mut interrupt) = (
        stop(SignalKind::terminate())?,
        stop(SignalKind::interrupt())?,
    );
    let pool_options = PoolOptions {
        listen: options.listen,
        allow_remote: options.allow_remote,
        quotas: quotas(&options.quotas)?,
        ..rehearsal::fitting_pool(&config, &arguments.config, trigger)
    };
    let pool = RehearsalPool::start(pool_options)
        .await
        .map_err(|e| failure(e, options.listen))?;
    let ready = Ready {
        endpoint: pool.endpoint(),
        region: pool.region(),
        user_pool_id: pool.user_pool_id(),
        client_id: pool.client_id(),
        pid: std::process::id(),
    };
    output::result(serde_json::json!(ready));
    if let Some(path) = &options.ready_file {
        output::json_file(path, &ready)?;
    }
    output::note("the rehearsal pool accepts connections; stop it with Ctrl-C");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    pool.stop().await;
    Ok(ExitStatus::Fine)
}

fn stop(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::usage("could not listen for signals").source(error))
}

/// `default`, `off` or a file of rates.
pub(crate) fn quotas(text: &str) -> Result<Quotas, Failure> {
    match text {
        "default" => Ok(Quotas::Default),
        "off" => Ok(Quotas::Off),
        file => {
            let path = PathBuf::from(file);
            Quotas::from_file(&path).map_err(|error| {
                Failure::usage(format!("--quotas {file} is no file of quotas"))
                    .source(error)
                    .hint("write `default`, `off`, or a TOML file with [rates] UserCreation = 50")
            })
        }
    }
}

fn failure(error: RehearsalPoolError, listen: SocketAddr) -> Failure {
    Failure::usage(format!("the rehearsal pool could not start on {listen}"))
        .source(error)
        .hint("choose another --listen address; port 0 picks a free one")
}
