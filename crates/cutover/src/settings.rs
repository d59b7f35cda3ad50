//! From arguments, file and environment to what a command needs. The only reader of the
//! environment in this crate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bulk_import::{LedgerPlace, RunName};
use django_password::CustomHashers;
use legacy_users::{ConnectSettings, LegacyDatabase, LegacyError};
use migration_claims::{AwsCredentials, ClaimKey, Claims};
use migration_model::{Config, PoolSchema};

use crate::arguments::{Arguments, Memory};
use crate::exit_status::{ExitStatus, Failure};

/// Overrides `[legacy] url`; keeps the database password out of the file.
const LEGACY_URL: &str = "CUTOVER_LEGACY_URL";

/// Reads the configuration file.
pub(crate) fn config(arguments: &Arguments) -> Result<Config, Failure> {
    let path = &arguments.config;
    parse(
        &configuration_text(path)?,
        path,
        environment_url().as_deref(),
    )
}

/// Reads this configuration file, with this database in place of the file's and the environment's.
pub(crate) fn config_of(path: &Path, url: &str) -> Result<Config, Failure> {
    parse(&configuration_text(path)?, path, Some(url))
}

fn configuration_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!(
            "could not read the configuration {}",
            path.display()
        ))
        .source(error)
        .hint("name the file with --config FILE, or run in the folder of cutover.toml")
    })
}

/// Reads the configuration file if there is one, else takes the defaults: for commands that need
/// little of it.
pub(crate) fn config_or_defaults(arguments: &Arguments) -> Result<Config, Failure> {
    if arguments.config == Path::new(crate::arguments::DEFAULT_CONFIG) && !arguments.config.exists()
    {
        return parse("", &arguments.config, environment_url().as_deref());
    }
    config(arguments)
}

fn environment_url() -> Option<String> {
    std::env::var(LEGACY_URL).ok().filter(|url| !url.is_empty())
}

fn parse(text: &str, path: &Path, url: Option<&str>) -> Result<Config, Failure> {
    Config::parse(text, path, url)
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint))
}

/// The database URL as typed, else the environment's.
pub(crate) fn legacy_url(typed: Option<&str>) -> Result<String, Failure> {
    let environment = || std::env::var(LEGACY_URL).ok();
    let url = typed.map(str::to_owned).or_else(environment);
    url.filter(|url| !url.is_empty()).ok_or_else(|| {
        Failure::usage("no database is named").hint(
            "name it with --url sqlite:FILE, postgres://… or mysql://…, or set CUTOVER_LEGACY_URL",
        )
    })
}

/// Whether a URL holds a password, and so must not stand in a file.
pub(crate) fn holds_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    let login = authority.rsplit_once('@').map(|(login, _)| login);
    login.is_some_and(|login| login.contains(':')) || rest.contains("password=")
}

/// A run's name as typed.
pub(crate) fn run_name(name: &str) -> Result<RunName, Failure> {
    name.parse()
        .map_err(|error| Failure::usage(format!("--run {name} is no run name")).source(error))
}

/// The folder of cutover.toml, beside which a move's memory is.
fn beside(arguments: &Arguments) -> PathBuf {
    let folder = arguments.config.parent();
    let folder = folder.filter(|folder| *folder != Path::new(""));
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// A file of the shadow check: as named, else beside cutover.toml.
pub(crate) fn shadow_file(
    arguments: &Arguments,
    named: Option<&PathBuf>,
    default: &str,
) -> PathBuf {
    named.map_or_else(|| beside(arguments).join(default), Clone::clone)
}

/// What whoever hands sign-ins to the shadow must know, where the environment says so.
pub(crate) fn shadow_key() -> Result<Option<String>, Failure> {
    let key = std::env::var("CUTOVER_SHADOW_KEY").ok();
    let key = key.filter(|key| !key.is_empty());
    match key {
        Some(key) if key.len() < 16 => Err(Failure::usage(
            "CUTOVER_SHADOW_KEY has fewer than 16 characters",
        )
        .hint("openssl rand -hex 16 makes one; the app has the same as CUTOVER_SHADOW[\"key\"]")),
        key => Ok(key),
    }
}

/// The snapshot of the pool's schema that goes into the trigger's package.
pub(crate) fn pool_schema_file(arguments: &Arguments) -> PathBuf {
    beside(arguments).join(PoolSchema::FILE)
}

/// The folder of the run journals.
pub(crate) fn runs_dir(arguments: &Arguments, memory: &Memory) -> PathBuf {
    let default = || beside(arguments).join("runs");
    memory.runs_dir.clone().unwrap_or_else(default)
}

/// Where the pool's ledger is.
pub(crate) fn ledger_place(arguments: &Arguments, memory: &Memory) -> LedgerPlace {
    match &memory.ledger {
        Some(path) => LedgerPlace::File(path.clone()),
        None => LedgerPlace::Folder(beside(arguments)),
    }
}

/// The store of claims that the function uses too, where the environment names one.
pub(crate) fn claims() -> Result<Option<Arc<Claims>>, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (table, file) = (
        variable("CUTOVER_CLAIMS_TABLE"),
        variable("CUTOVER_CLAIMS_FILE"),
    );
    let wrong = |message: &str| {
        Failure::usage(message.to_owned())
            .hint("set what the function has: its table or file of claims, and its key")
    };
    if table.is_none() && file.is_none() {
        return Ok(None);
    }
    let key = variable("CUTOVER_CLAIMS_KEY").and_then(|key| ClaimKey::new(&key));
    let key = key.ok_or_else(|| wrong("CUTOVER_CLAIMS_KEY is not set, or too short"))?;
    let claims = match (table, file) {
        (Some(_), Some(_)) => {
            return Err(wrong(
                "CUTOVER_CLAIMS_TABLE and CUTOVER_CLAIMS_FILE are both set: choose one",
            ));
        }
        (Some(arn), None) => {
            let needed = |name: &str| {
                variable(name).ok_or_else(|| wrong(&format!("the table of claims needs {name}")))
            };
            let credentials = AwsCredentials {
                access_key_id: needed("AWS_ACCESS_KEY_ID")?,
                secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?.into(),
                session_token: variable("AWS_SESSION_TOKEN").map(Into::into),
            };
            let endpoint = variable(migration_claims::DYNAMODB.endpoint_variable);
            Claims::in_table(&arn, endpoint.as_deref(), Arc::new(credentials), key)
                .map_err(|fault| wrong(&format!("CUTOVER_CLAIMS_TABLE: {fault}")))?
        }
        (None, file) => Claims::in_file(PathBuf::from(file.unwrap_or_default()), key),
    };
    Ok(Some(Arc::new(claims)))
}

/// Variables that a local pool hands on to its trigger, so that trigger and import share one store
/// of claims.
pub(crate) fn claims_environment() -> Vec<(String, String)> {
    let names = ["CUTOVER_CLAIMS_FILE", "CUTOVER_CLAIMS_KEY"];
    let pair = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    names.into_iter().filter_map(pair).collect()
}

/// Variables that a local pool hands on to its trigger, so that it can check peppered passwords.
pub(crate) fn hasher_environment(config: &Config) -> Vec<(String, String)> {
    let pair = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    config.hashers.secrets().filter_map(pair).collect()
}

/// The configuration's hashers with the secrets they need, from the environment.
pub(crate) fn hashers_with_secrets(config: &Config) -> Result<CustomHashers, Failure> {
    let mut hashers = config.hashers.clone();
    for name in config.hashers.secrets() {
        let secret = std::env::var(name).ok().filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| {
            Failure::usage(format!(
                "{name} is not set: a hasher under [hashers] needs that secret"
            ))
            .hint("set it to the secret that the legacy app mixes into passwords")
        })?;
        hashers = hashers.with_secret(name, &secret);
    }
    Ok(hashers)
}

/// Opens the legacy database of the configuration.
pub(crate) async fn legacy_database(config: &Config) -> Result<LegacyDatabase, Failure> {
    LegacyDatabase::connect(&config.legacy, &config.mapping, ConnectSettings::default())
        .await
        .map_err(legacy_failure)
}

/// A legacy database's error at the edge of the program: a halt when it may pass, else usage.
pub(crate) fn legacy_failure(error: LegacyError) -> Failure {
    let status = if error.is_outage() {
        ExitStatus::Halted
    } else {
        ExitStatus::Usage
    };
    let hint = error.hint().to_owned();
    Failure::new(status, "the legacy database cannot be read")
        .source(error)
        .hint(hint)
}

/// The trigger program: as named, else beside this program.
pub(crate) fn trigger_program(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    let path = match named {
        Some(path) => path.clone(),
        None => std::env::current_exe()
            .map_err(|error| {
                Failure::usage("could not find this program's own folder").source(error)
            })?
            .with_file_name("user-migration-trigger"),
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(
        Failure::usage(format!("there is no trigger program at {}", path.display())).hint(
            "build it (cargo build --release -p user-migration-trigger) or name it with --trigger",
        ),
    )
}
