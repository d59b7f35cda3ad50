//! `cutover pool serve`: the local rehearsal pool in the foreground, until SIGTERM or SIGINT; and
//! `pool schema`: a snapshot of any pool's schema for the trigger's package.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use migration_model::PoolSchema;
use rehearsal_pool::{
    KeptState, NEVER_ON_AWS, PoolFacts, PoolOptions, Quotas, RehearsalPool, RehearsalPoolError,
    SettingsFile, StateError,
};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{
    Arguments, PoolCommand, PoolOptions as Options, SchemaOptions, ServeOptions,
};
use crate::commands::pool_facts;
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, pool_target, runtime, settings};

/// Variables of the trigger, as its README has them.
const CLAIMS_FILE: &str = "CUTOVER_CLAIMS_FILE";
const CLAIMS_KEY: &str = "CUTOVER_CLAIMS_KEY";
const GROUPS_KEY: &str = "CUTOVER_GROUPS_KEY";

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
        PoolCommand::Schema(options) => runtime()?.block_on(schema(arguments, options)),
        PoolCommand::Probe(options) => super::pool_probe::run(arguments, options),
        PoolCommand::Facts(options) => super::pool_facts::run(options),
    }
}

async fn schema(arguments: &Arguments, options: &SchemaOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let id = address.user_pool_id().to_owned();
    let pool = pool_target::connect(address, &options.pool).await?;
    let description = pool.describe_user_pool().await.map_err(|error| {
        let hint = error.hint();
        Failure::new(ExitStatus::Halted, "the user pool cannot be read")
            .source(error)
            .hint(hint)
    })?;
    let schema = PoolSchema::new(id, description.schema);
    let beside = settings::pool_schema_file(arguments);
    let path = options.out.as_deref().unwrap_or(&beside);
    output::json_file(path, &schema)?;
    output::result(format_args!(
        "{} attributes of {} in {}",
        schema.attributes.len(),
        schema.user_pool_id,
        path.display()
    ));
    Ok(ExitStatus::Fine)
}

async fn serve(arguments: &Arguments, options: &ServeOptions) -> Result<ExitStatus, Failure> {
    let config = match options.probing {
        // Nobody is looked up.
        true => settings::config_or_defaults(arguments)?,
        false => settings::config(arguments)?,
    };
    let file = settings_file(options)?;
    let facts = options.facts.as_deref().map(pool_facts::read).transpose()?;
    let elsewhere = options.trigger_url.is_some() || file.names_trigger_url();
    let trigger = if elsewhere {
        // No program is needed; its place is taken below.
        PathBuf::new()
    } else {
        settings::trigger_program(options.trigger.as_ref())?
    };
    // Before the pool is there, so that no signal can find the program without a handler.
    let (mut terminate, mut interrupt) = (
        stop(SignalKind::terminate())?,
        stop(SignalKind::interrupt())?,
    );
    let mut pool_options = PoolOptions {
        listen: options.listen,
        allow_remote: options.allow_remote,
        quotas: quotas(&options.quotas)?,
        facts,
        ..rehearsal::fitting_pool(&config, &arguments.config, trigger)
    };
    if options.probing {
        let trigger = pool_options.trigger.as_mut();
        trigger.into_iter().for_each(rehearsal::answer_a_probe);
    } else if let Some(trigger) = &mut pool_options.trigger {
        // Later ones of a name count.
        trigger.env.extend(settings::claims_environment());
        trigger.env.extend(settings::hasher_environment(&config));
    }
    if let Some(url) = &options.trigger_url {
        pool_options.use_trigger_url(url.clone());
    }
    file.apply(&mut pool_options);
    if let Some(path) = &options.state {
        keep_state(&mut pool_options, path);
    }
    let of_a_stand_in = |facts: &PoolFacts| facts.probed.service != "aws";
    if pool_options.facts.as_ref().is_some_and(of_a_stand_in) {
        output::note("these facts were asked of a stand-in for Cognito, not of AWS");
    }
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
    output::note(NEVER_ON_AWS);
    for difference in pool.beliefs().differences {
        output::note(format_args!(
            "known difference: {}: found {}, here {}",
            difference.says, difference.found, difference.here
        ));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    output::note(pool.beliefs().sentence());
    pool.stop_and_save().await.map_err(|error| {
        Failure::usage("the pool has ended, and its state could not be saved")
            .source(error)
            .hint("the file has the state of a moment ago")
    })?;
    Ok(ExitStatus::Fine)
}

/// Keeps the state, and what the trigger has beside it: who was migrated once is so after a
/// restart, and groups that travel under a seal stay readable.
fn keep_state(options: &mut PoolOptions, path: &Path) {
    let mut trigger_env = vec![GROUPS_KEY.to_owned()];
    // Claims that the caller keeps elsewhere stay there.
    if settings::claims_environment().is_empty()
        && let Some(program) = &mut options.trigger
    {
        trigger_env.push(CLAIMS_KEY.to_owned());
        let mut claims = path.as_os_str().to_owned();
        claims.push(".claims.sqlite3");
        // The program runs in a folder of its own.
        let claims = PathBuf::from(claims);
        let claims = std::path::absolute(&claims).unwrap_or(claims);
        for (name, value) in &mut program.env {
            if name == CLAIMS_FILE {
                *value = claims.display().to_string();
            }
        }
    }
    options.state = Some(KeptState {
        file: path.to_owned(),
        trigger_env,
    });
}

fn settings_file(options: &ServeOptions) -> Result<SettingsFile, Failure> {
    let Some(path) = &options.settings else {
        return Ok(SettingsFile::default());
    };
    SettingsFile::read(path).map_err(|error| {
        Failure::usage("--settings cannot be used")
            .source(error)
            .hint("the rehearsal pool's README lists every key")
    })
}

pub(super) fn stop(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
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
    let hint = match &error {
        RehearsalPoolError::Listen { .. } => {
            "choose another --listen address; port 0 picks a free one"
        }
        RehearsalPoolError::NotLoopback { .. } => {
            "listen on 127.0.0.1, or add --allow-remote where nobody else can reach the address"
        }
        RehearsalPoolError::Settings { .. } => {
            "change cutover.toml, or the tables [pool] and [client] of the --settings file"
        }
        RehearsalPoolError::State(StateError::Taken { .. }) => {
            "stop the other pool, or name another file with --state"
        }
        RehearsalPoolError::State(StateError::File { .. }) => {
            "name a file with --state in a folder that may be written to"
        }
        RehearsalPoolError::State(_) => {
            "put cutover.toml and --settings back as they were, or begin anew without the file"
        }
        RehearsalPoolError::Trigger { .. }
        | RehearsalPoolError::TwoTriggers
        | RehearsalPoolError::TriggerUrl { .. } => {
            "name a trigger program with --trigger, or a Lambda endpoint with --trigger-url"
        }
    };
    Failure::usage(format!("the rehearsal pool could not start on {listen}"))
        .source(error)
        .hint(hint)
}
