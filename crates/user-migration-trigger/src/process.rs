//! The life of the process: log, settings, database, then events until Lambda ends it. Must not
//! know events. Called by `main`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use legacy_users::{ConnectSettings, LegacyDatabase, LegacyError};
use migration_model::LegacyUrl;

use crate::function::{EventText, Function};
use crate::init_error;
use crate::legacy_logins::{LegacyLogins, NoDatabase, described};
use crate::logging;
use crate::probing::{self, Until};
use crate::public_error::PublicError;
use crate::settings::{self, Answers, RUNTIME_API, Settings, SettingsError};
use crate::trigger::Trigger;

/// How long starting waits for the database. Lambda gives starting functions a whole CPU, which
/// makes a TLS handshake cheap there; a database that is away must not use up the 5 s of the
/// person whose sign-in started the function.
const WARM_UP: Duration = Duration::from_secs(1);

/// Configuration is wrong (ARCHITECTURE.md, exit codes).
const EXIT_CONFIGURATION: u8 = 2;

/// The Runtime API went away.
const EXIT_RUNTIME: u8 = 1;

/// Runs the function until Lambda ends the process.
pub fn run() -> ExitCode {
    let started = Instant::now();
    logging::start(settings::log_directives().as_deref());
    // One thread: a function answers one event at a time. Hashes have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Kept for the next event: starting a thread is cheap, growing its stack again is not.
        .thread_keep_alive(Duration::from_secs(3600))
        .max_blocking_threads(4)
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run_async(started));
            // A hash that overran its deadline must not keep the process.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            tracing::error!(%error, "the async runtime cannot start");
            ExitCode::from(EXIT_RUNTIME)
        }
    }
}

async fn run_async(started: Instant) -> ExitCode {
    let prepared = match settings::probing() {
        Ok(Some(until)) => Ok(Prepared::Probe(until)),
        Ok(None) => prepare(started).await,
        Err(error) => Err(error.into()),
    };
    let served = match prepared {
        Ok(Prepared::Everything(function)) => serve(*function).await,
        Ok(Prepared::Tokens(function)) => serve(*function).await,
        Ok(Prepared::Probe(until)) => probing::serve(until).await,
        Err(error) => {
            refuse_to_start(&error).await;
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(_error) => {
            // Its text may quote a response of the Runtime API, which is an event.
            tracing::error!("the Lambda Runtime API cannot be reached any more");
            ExitCode::from(EXIT_RUNTIME)
        }
    }
}

/// Answers events of the Lambda Runtime API until it goes away.
///
/// # Errors
///
/// When the Runtime API does not answer or answers nonsense.
pub async fn serve<L: LegacyLogins>(function: Function<L>) -> Result<(), lambda_runtime::Error> {
    let function = Arc::new(function);
    // Not lambda_runtime::run: its tracing layer is of no use with that target switched off.
    let handler = service_fn(move |event: LambdaEvent<EventText>| {
        let function = Arc::clone(&function);
        async move { function.answer(event).await }
    });
    Runtime::new(handler).run().await
}

/// The function, with or without a database to ask.
enum Prepared {
    Everything(Box<Function<LegacyDatabase>>),
    Tokens(Box<Function<NoDatabase>>),
    /// No function of the product's at all.
    Probe(Until),
}

async fn prepare(started: Instant) -> Result<Prepared, StartError> {
    let settings = Settings::from_environment()?;
    Ok(match settings.answers {
        Answers::Everything => {
            let settings = settings.with_pepper_secrets().await?;
            let legacy = warm_database(&settings).await?;
            Prepared::Everything(Box::new(function(legacy, settings, started)))
        }
        Answers::Tokens => Prepared::Tokens(Box::new(function(NoDatabase, settings, started))),
    })
}

fn function<L: LegacyLogins>(legacy: L, settings: Settings, started: Instant) -> Function<L> {
    tracing::info!(
        config_digest = settings.config.digest(),
        mapping_digest = settings.config.mapping.digest(),
        engine = settings.config.legacy.url.as_ref().map(LegacyUrl::engine),
        answers = ?settings.answers,
        sign_in = ?settings.config.sign_in(),
        version = env!("CARGO_PKG_VERSION"),
        start_ms = started.elapsed().as_secs_f64() * 1000.0,
        "ready"
    );
    let mut trigger = Trigger::new(legacy, &settings.config, settings.hash_checker());
    if settings.answers == Answers::Tokens {
        trigger = trigger.for_tokens_alone();
    }
    if let Some((attribute, key)) = settings.groups {
        trigger = trigger.carrying_groups(&attribute, key, settings.config.trigger.seal_life);
    }
    if let Some(schema) = settings.schema {
        trigger = trigger.fitting(schema);
    }
    if let Some(table) = settings.shared_attempts {
        trigger = trigger.counting_in(table);
    }
    if let Some(external) = settings.external {
        trigger = trigger.asking(external);
    }
    match settings.claims {
        Some((claims, attribute)) => trigger = trigger.claiming_in(claims, attribute),
        None => tracing::warn!(
            hint = "set CUTOVER_CLAIMS_TABLE and CUTOVER_CLAIMS_KEY",
            "no store of claims: an old password or mailbox can migrate somebody a second time, \
             under another name or after they were deleted from the pool"
        ),
    }
    let (pseudonyms, name) = (settings.pseudonyms, settings.function_name);
    Function::new(trigger, pseudonyms, name, started)
}

/// The database, connected if it answers at once. One that does not is no reason not to start: it
/// may be back for the next sign-in, and until then each is told apart from a wrong password.
async fn warm_database(settings: &Settings) -> Result<LegacyDatabase, StartError> {
    let (legacy, mapping) = (&settings.config.legacy, &settings.config.mapping);
    let (limits, login) = (ConnectSettings::for_trigger(), settings.login.clone());
    let database = LegacyDatabase::open_with_login(legacy, mapping, limits, login)?;
    match tokio::time::timeout(WARM_UP, database.warm_up()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let cause = described(&error);
            tracing::warn!(cause, "the legacy database was not ready at start");
        }
        Err(_elapsed) => {
            tracing::warn!(
                cause = "no answer",
                "the legacy database was not ready at start"
            );
        }
    }
    Ok(database)
}

/// Why the function does not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Legacy(#[from] LegacyError),
}

impl StartError {
    fn hint(&self) -> Option<String> {
        match self {
            StartError::Settings(error) => error.hint().map(ToOwned::to_owned),
            StartError::Legacy(error) => Some(error.hint()),
        }
    }
}

async fn refuse_to_start(error: &StartError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, hint = error.hint(), "the function cannot start");
    if matches!(
        error,
        StartError::Settings(SettingsError::NotInLambda(RUNTIME_API))
    ) {
        return;
    }
    if let Err(error) = init_error::report(PublicError::NotStarted).await {
        tracing::error!(%error, "the Runtime API did not take the initialization error");
    }
}
