//! What the function is told at start: the environment and cutover.toml, read once and checked
//! whole, so that a wrong value fails a deployment's first start and not a customer. The only
//! place that reads the environment. Called by [`crate::run`].

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use django_password::{Cost, EncodedPassword, HashState, Limits, Verifier};
use legacy_users::DatabaseLogin;
use migration_model::{Config, ConfigError, PoolSchema};
use zeroize::Zeroizing;

use crate::external_verifier::{self, ExternalVerifier};
use crate::group_seal::GroupSealKey;
use crate::hash_check::HashChecker;
use crate::iam_login::IamLogin;
use crate::pepper_secrets::{self, PepperFault};
use crate::probing::Until;
use crate::pseudonym::PseudonymKey;
use crate::secret_login::{self, SecretLogin};
use crate::shared_attempts::{self, SharedAttempts};
use crate::usual_cost::UsualCost;
use migration_claims::{AwsCredentials, ClaimKey, Claims};

/// Where Lambda's Runtime API listens; without it there is nobody to tell anything.
pub(crate) const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Which events this deployment of the program is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answers {
    /// All it knows.
    Everything,
    /// Token events alone. A function of its own for them has a concurrency of its own, so that no
    /// flood of sign-ins keeps anybody from a refresh; and it needs no database.
    Tokens,
}

/// Everything the function is told.
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) answers: Answers,
    pub(crate) pseudonyms: PseudonymKey,
    pub(crate) usual_cost: UsualCost,
    /// The function's memory, where the process is held to it.
    pub(crate) memory_mb: Option<u32>,
    pub(crate) function_name: String,
    /// The attribute that carries groups to the tokens, and the key of its seal.
    pub(crate) groups: Option<(String, GroupSealKey)>,
    /// The database's login, where the URL does not hold its password.
    pub(crate) login: Option<Arc<dyn DatabaseLogin>>,
    /// Where all processes count refused sign-ins together.
    pub(crate) shared_attempts: Option<SharedAttempts>,
    /// Where it is kept who was migrated, and the attribute that carries the legacy id.
    pub(crate) claims: Option<(Claims, String)>,
    /// Who is asked for passwords that Django does not store.
    pub(crate) external: Option<ExternalVerifier>,
    /// The pool's schema when the package was made.
    pub(crate) schema: Option<PoolSchema>,
}

/// Why the function cannot start. Names keys and files, never values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{0} is not set: this program is a Lambda function and runs under its Runtime API")]
    NotInLambda(&'static str),
    #[error("the configuration {} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{} is no snapshot of the pool's schema: {fault}", path.display())]
    Schema { path: PathBuf, fault: String },
    #[error("{0} is not valid Unicode")]
    NotUnicode(&'static str),
    #[error("no legacy database is named: set CUTOVER_LEGACY_URL, or [legacy] url in cutover.toml")]
    NoLegacyUrl,
    #[error("CUTOVER_ANSWERS is neither everything nor tokens nor probe")]
    Answers,
    #[error(
        "CUTOVER_ANSWERS is probe, and {0}: a function that answers as the login tells it to may not \
         know a legacy database"
    )]
    ProbeWithLegacy(String),
    #[error("CUTOVER_PROBE_UNTIL is not a time within the next day, such as 2026-12-01T12:00:00Z")]
    ProbeUntil,
    #[error("CUTOVER_USUAL_HASH is no password hash that can be checked: write one Django made")]
    UsualHash,
    #[error("[groups] token_attribute needs CUTOVER_GROUPS_KEY: at least 32 random characters")]
    GroupsKey,
    #[error("CUTOVER_LEGACY_IAM_AUTH is neither true nor false")]
    IamAuth,
    #[error("CUTOVER_LEGACY_IAM_AUTH: {0}")]
    IamUrl(&'static str),
    #[error("CUTOVER_LEGACY_SECRET_ARN: {0}")]
    Secret(String),
    #[error("CUTOVER_ATTEMPTS_TABLE: {0}")]
    AttemptsTable(String),
    #[error("CUTOVER_CLAIMS_KEY: claims need a key of at least 32 random characters")]
    ClaimsKey,
    #[error("CUTOVER_CLAIMS_TABLE: {0}")]
    ClaimsTable(String),
    #[error("[trigger.external]: {0}")]
    External(String),
    #[error("CUTOVER_CLAIMS_TABLE and CUTOVER_CLAIMS_FILE are both set: choose one")]
    TwoClaims,
    #[error("claims need the legacy id in the pool: map it, as \"custom:legacy_id\" = \"id\"")]
    ClaimsLegacyId,
    #[error("CUTOVER_LEGACY_IAM_AUTH and CUTOVER_LEGACY_SECRET_ARN are both set: choose one")]
    TwoLogins,
    #[error("AWS's services are asked with {0}, which Lambda sets")]
    NoAws(&'static str),
    #[error(transparent)]
    Pepper(#[from] PepperFault),
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl SettingsError {
    /// What to do about it, where the text does not say so already.
    pub(crate) fn hint(&self) -> Option<&str> {
        match self {
            SettingsError::Config(error) => Some(&error.hint),
            SettingsError::Unreadable { .. } => {
                Some("pack cutover.toml beside the program, or name it in CUTOVER_CONFIG")
            }
            _ => None,
        }
    }
}

/// lambda_runtime panics without these.
fn check_lambda() -> Result<(), SettingsError> {
    for name in [
        RUNTIME_API,
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    ] {
        if variable(name)?.is_none() {
            return Err(SettingsError::NotInLambda(name));
        }
    }
    Ok(())
}

/// The end of the probing mode, if this process is for it. Whatever belongs to a legacy database
/// refuses it, so that no setting of a production function turns into a probing one by a slip.
pub(crate) fn probing() -> Result<Option<Until>, SettingsError> {
    if variable("CUTOVER_ANSWERS")?.as_deref() != Some("probe") {
        return Ok(None);
    }
    check_lambda()?;
    let legacy = env::vars_os().find_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let ours = name.starts_with("CUTOVER_")
            && !["CUTOVER_ANSWERS", "CUTOVER_PROBE_UNTIL"].contains(&name.as_str());
        (ours && !value.is_empty()).then(|| format!("{name} is set"))
    });
    let file = || {
        let path = config_path();
        path.exists()
            .then(|| format!("{} is there", path.display()))
    };
    if let Some(found) = legacy.or_else(file) {
        return Err(SettingsError::ProbeWithLegacy(found));
    }
    let until = variable("CUTOVER_PROBE_UNTIL")?;
    let until = until.and_then(|text| Until::parse(&text, Utc::now()));
    until.map(Some).ok_or(SettingsError::ProbeUntil)
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Settings, SettingsError> {
        check_lambda()?;
        let config = read_config()?;
        let answers = answers()?;
        let asks_database = answers == Answers::Everything;
        if asks_database && config.legacy.url.is_none() {
            return Err(SettingsError::NoLegacyUrl);
        }
        Ok(Settings {
            answers,
            usual_cost: usual_cost(&config)?,
            pseudonyms: pseudonym_key()?,
            memory_mb: memory_mb()?,
            function_name: variable("AWS_LAMBDA_FUNCTION_NAME")?.unwrap_or_default(),
            groups: groups(&config)?,
            login: match asks_database {
                true => login(&config)?,
                false => None,
            },
            shared_attempts: shared_attempts(&config)?,
            claims: claims(&config)?,
            external: external(&config)?,
            schema: schema(&config)?,
            config,
        })
    }

    /// Reads the secrets that hashers need, which may mean asking Secrets Manager.
    pub(crate) async fn with_pepper_secrets(mut self) -> Result<Settings, SettingsError> {
        let endpoint = variable(secret_login::SERVICE.endpoint_variable)?;
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let credentials = || credentials().map_err(|error| error.to_string());
        let hashers = self.config.hashers.clone();
        let endpoint = endpoint.as_deref();
        let read = pepper_secrets::hand_over(hashers, variable, endpoint, credentials);
        self.config.hashers = read.await?;
        Ok(self)
    }

    pub(crate) fn hash_checker(&self) -> HashChecker {
        HashChecker::new(
            verifier(&self.config),
            self.usual_cost.clone(),
            self.memory_mb,
        )
    }
}

fn external(config: &Config) -> Result<Option<ExternalVerifier>, SettingsError> {
    let Some(settings) = &config.trigger.external else {
        return Ok(None);
    };
    let endpoint = variable(external_verifier::SERVICE.endpoint_variable)?;
    let credentials = || match credentials() {
        Ok(credentials) => Ok(Arc::new(credentials)),
        Err(error) => Err(error.to_string()),
    };
    let external = ExternalVerifier::new(settings, endpoint.as_deref(), credentials);
    external.map(Some).map_err(SettingsError::External)
}

/// RUST_LOG, for which there is no wrong value worth failing over.
pub(crate) fn log_directives() -> Option<String> {
    env::var("RUST_LOG").ok().filter(|text| !text.is_empty())
}

fn verifier(config: &Config) -> Verifier {
    Verifier::new(config.hashers.clone(), Limits::default())
}

fn read_config() -> Result<Config, SettingsError> {
    let path = config_path();
    let text = std::fs::read_to_string(&path).map_err(|source| SettingsError::Unreadable {
        path: path.clone(),
        source,
    })?;
    // A database URL may stand in it.
    let text = Zeroizing::new(text);
    let url = variable("CUTOVER_LEGACY_URL")?.map(Zeroizing::new);
    Ok(Config::parse(
        &text,
        &path,
        url.as_ref().map(|url| url.as_str()),
    )?)
}

/// The snapshot beside the configuration, where the package has one. Of another pool it would leave
/// out what it must not.
fn schema(config: &Config) -> Result<Option<PoolSchema>, SettingsError> {
    let path = config_path().with_file_name(PoolSchema::FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SettingsError::Unreadable { path, source }),
    };
    let fault = |fault: String| {
        let path = path.clone();
        SettingsError::Schema { path, fault }
    };
    let schema = PoolSchema::parse(&text).map_err(fault)?;
    match &config.pool {
        Some(pool) if pool.user_pool_id != schema.user_pool_id => Err(fault(format!(
            "it is of {}, and [pool] names {}; make it anew with cutover pool schema",
            schema.user_pool_id, pool.user_pool_id
        ))),
        _ => Ok(Some(schema)),
    }
}

/// CUTOVER_CONFIG; else cutover.toml beside the program; else in the function's package, for a
/// program that came by a layer.
fn config_path() -> PathBuf {
    if let Some(path) = env::var_os("CUTOVER_CONFIG").filter(|path| !path.is_empty()) {
        return PathBuf::from(path);
    }
    let beside = env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_path_buf));
    let package: Option<OsString> = env::var_os("LAMBDA_TASK_ROOT");
    let folders: Vec<PathBuf> = beside
        .into_iter()
        .chain(package.map(PathBuf::from))
        .collect();
    let files = folders.iter().map(|folder| folder.join("cutover.toml"));
    let first = files
        .clone()
        .next()
        .unwrap_or_else(|| PathBuf::from("cutover.toml"));
    files
        .into_iter()
        .find(|file| file.exists())
        .unwrap_or(first)
}

fn answers() -> Result<Answers, SettingsError> {
    match variable("CUTOVER_ANSWERS")?.as_deref() {
        None | Some("everything") => Ok(Answers::Everything),
        Some("tokens") => Ok(Answers::Tokens),
        Some(_) => Err(SettingsError::Answers),
    }
}

fn usual_cost(config: &Config) -> Result<UsualCost, SettingsError> {
    let Some(encoded) = variable("CUTOVER_USUAL_HASH")? else {
        return Ok(UsualCost::default());
    };
    let cost: Cost = match verifier(config)
        .inspect(&EncodedPassword::new(encoded))
        .state
    {
        HashState::Verifiable(cost) => cost,
        _ => return Err(SettingsError::UsualHash),
    };
    Ok(UsualCost::starting_with(cost))
}

fn shared_pseudonym_key() -> Result<Option<PseudonymKey>, SettingsError> {
    let key = variable("CUTOVER_PSEUDONYM_KEY")?.map(Zeroizing::new);
    Ok(key.map(|key| PseudonymKey::shared(&key)))
}

fn pseudonym_key() -> Result<PseudonymKey, SettingsError> {
    match shared_pseudonym_key()? {
        Some(key) => Ok(key),
        None => PseudonymKey::random().map_err(|_| SettingsError::NoRandomness),
    }
}

fn login(config: &Config) -> Result<Option<Arc<dyn DatabaseLogin>>, SettingsError> {
    let by_token = match variable("CUTOVER_LEGACY_IAM_AUTH")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(SettingsError::IamAuth),
    };
    let secret = variable("CUTOVER_LEGACY_SECRET_ARN")?;
    match (by_token, secret) {
        (false, None) => Ok(None),
        (true, None) => {
            let url = config.legacy.url.as_ref();
            let url = url.ok_or(SettingsError::NoLegacyUrl)?;
            let credentials = credentials()?;
            let login = IamLogin::new(url, needed("AWS_REGION")?, credentials);
            Ok(Some(Arc::new(login.map_err(SettingsError::IamUrl)?)))
        }
        (false, Some(arn)) => {
            let endpoint = variable(secret_login::SERVICE.endpoint_variable)?;
            let credentials = Arc::new(credentials()?);
            let login = SecretLogin::new(arn, endpoint.as_deref(), credentials);
            Ok(Some(Arc::new(login.map_err(SettingsError::Secret)?)))
        }
        (true, Some(_)) => Err(SettingsError::TwoLogins),
    }
}

fn shared_attempts(config: &Config) -> Result<Option<SharedAttempts>, SettingsError> {
    let Some(arn) = variable("CUTOVER_ATTEMPTS_TABLE")? else {
        return Ok(None);
    };
    let wrong = SettingsError::AttemptsTable;
    let Some(names) = shared_pseudonym_key()? else {
        return Err(wrong(
            "it needs CUTOVER_PSEUDONYM_KEY, by which all processes name a login alike".to_owned(),
        ));
    };
    let endpoint = variable(shared_attempts::SERVICE.endpoint_variable)?;
    let (credentials, limits) = (Arc::new(credentials()?), config.trigger.attempts);
    SharedAttempts::new(&arn, endpoint.as_deref(), credentials, names, limits)
        .map(Some)
        .map_err(wrong)
}

fn claims(config: &Config) -> Result<Option<(Claims, String)>, SettingsError> {
    let (table, file) = (
        variable("CUTOVER_CLAIMS_TABLE")?,
        variable("CUTOVER_CLAIMS_FILE")?,
    );
    if table.is_none() && file.is_none() {
        return Ok(None);
    }
    let id_column = config.legacy.columns.resolve("id");
    let attribute = config.mapping.attributes.legacy_id_attribute(id_column);
    let attribute = attribute.ok_or(SettingsError::ClaimsLegacyId)?.to_owned();
    let key = variable("CUTOVER_CLAIMS_KEY")?.map(Zeroizing::new);
    let key = key.and_then(|key| ClaimKey::new(&key));
    let key = key.ok_or(SettingsError::ClaimsKey)?;
    let claims = match (table, file) {
        (Some(_), Some(_)) => return Err(SettingsError::TwoClaims),
        (Some(arn), None) => {
            let endpoint = variable(migration_claims::DYNAMODB.endpoint_variable)?;
            let credentials = Arc::new(credentials()?);
            Claims::in_table(&arn, endpoint.as_deref(), credentials, key)
                .map_err(SettingsError::ClaimsTable)?
        }
        (None, file) => Claims::in_file(PathBuf::from(file.unwrap_or_default()), key),
    };
    Ok(Some((claims, attribute)))
}

fn credentials() -> Result<AwsCredentials, SettingsError> {
    Ok(AwsCredentials {
        access_key_id: needed("AWS_ACCESS_KEY_ID")?,
        secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?.into(),
        session_token: variable("AWS_SESSION_TOKEN")?.map(Zeroizing::new),
    })
}

fn needed(name: &'static str) -> Result<String, SettingsError> {
    variable(name)?.ok_or(SettingsError::NoAws(name))
}

fn groups(config: &Config) -> Result<Option<(String, GroupSealKey)>, SettingsError> {
    let Some(attribute) = &config.trigger.groups_attribute else {
        return Ok(None);
    };
    let text = variable("CUTOVER_GROUPS_KEY")?.map(Zeroizing::new);
    let key = text.and_then(|text| GroupSealKey::new(&text));
    let key = key.ok_or(SettingsError::GroupsKey)?;
    Ok(Some((attribute.clone(), key)))
}

/// The function's memory, where Lambda sets it: AWS_LAMBDA_INITIALIZATION_TYPE tells (AWS Lambda
/// developer guide, "Defined runtime environment variables").
fn memory_mb() -> Result<Option<u32>, SettingsError> {
    if variable("AWS_LAMBDA_INITIALIZATION_TYPE")?.is_none() {
        return Ok(None);
    }
    Ok(variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.and_then(|text| text.parse().ok()))
}

/// A variable's value; `None` when it is not set or empty.
fn variable(name: &'static str) -> Result<Option<String>, SettingsError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(SettingsError::NotUnicode(name)),
    }
}
