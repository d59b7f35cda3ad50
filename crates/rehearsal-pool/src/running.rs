//! Starting a pool, what can be asked of it while it runs, and stopping it.
//!
//! Responsible for turning options into a listening endpoint with a pool and an app client, and
//! for ending everything that was started. Called by programs and tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api_error::ApiError;
use crate::api_model::api_model;
use crate::belief::{BeliefCount, Beliefs};
use crate::cross_origin::AllowedOrigins;
use crate::fault::{FaultPlan, Faults};
use crate::operation::{make_user_pool, make_user_pool_client};
use crate::options::{
    AttributeKind, CustomAttribute, PoolOptions, PoolSettings, TriggerKind, TriggerProgram,
};
use crate::outbox::SentMessage;
use crate::quota::{MailCount, QuotaCount};
use crate::random;
use crate::server;
use crate::service::{ACCOUNT_ID, Service};
use crate::state::{Keeper, SavedMain, StateError, StateFile};
use crate::trigger::invoke_url::InvokeUrl;
use crate::trigger::program::ProgramRunner;
use crate::trigger::{Functions, Runner, TriggerRun};

/// Why a rehearsal pool did not start.
#[derive(Debug, Error)]
pub enum RehearsalPoolError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// An address other than loopback, without permission.
    #[error(
        "{address} is not a loopback address; the pool checks no signature, so it listens \
         elsewhere only when `allow_remote` is set"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The trigger program is not there or cannot be run.
    #[error("the trigger program {path} cannot be used")]
    Trigger {
        /// Its path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Both a program and a URL.
    #[error("the triggers are either a program or at a URL, not both")]
    TwoTriggers,
    /// The Invoke URL is none.
    #[error(
        "{url} is no Lambda Invoke URL; it must be http://host:port, or that with the path of one \
         function's invocations"
    )]
    TriggerUrl {
        /// The URL given.
        url: String,
    },
    /// The state cannot be kept, or not be taken up again.
    #[error("the pool's state cannot be kept")]
    State(#[from] StateError),
    /// The service would refuse these settings.
    #[error("the pool's settings are refused: {reason}")]
    Settings {
        /// The refusal in Cognito's words.
        reason: String,
    },
}

/// The local user pool service. [`RehearsalPool::start`] is the way in.
#[derive(Debug, Clone, Copy)]
pub struct RehearsalPool;

impl RehearsalPool {
    /// Starts the service, with one pool and one app client in it.
    ///
    /// Must be called on a tokio runtime; the service runs on it until [`RunningPool::stop`] or
    /// until the value is dropped.
    ///
    /// # Errors
    ///
    /// [`RehearsalPoolError`] when the address, the trigger program or the settings cannot be
    /// used.
    pub async fn start(mut options: PoolOptions) -> Result<RunningPool, RehearsalPoolError> {
        let address = options.listen;
        if !address.ip().is_loopback() && !options.allow_remote {
            return Err(RehearsalPoolError::NotLoopback { address });
        }
        let kept = options.state.take();
        let state_file = kept.as_ref().map(|kept| StateFile::take(&kept.file));
        let state_file = state_file.transpose()?;
        let saved = match &state_file {
            Some(file) => file.read()?,
            None => None,
        };
        let trigger_env = kept.map_or_else(BTreeMap::new, |kept| {
            let earlier = saved.as_ref().map(|saved| &saved.trigger_env);
            kept_environment(options.trigger.as_mut(), &kept.trigger_env, earlier)
        });
        let arn = function_arn(&options.region);
        let (runner, assigned) = match (options.trigger, options.trigger_url) {
            (Some(_), Some(_)) => return Err(RehearsalPoolError::TwoTriggers),
            (Some(program), None) => {
                check_program(&program)?;
                let assigned = program.assigned.clone();
                let runner = ProgramRunner::new(program, options.region.clone(), arn.clone());
                (Some(Runner::Program(runner)), assigned)
            }
            (None, Some(functions)) => {
                let assigned = functions.assigned.clone();
                let url = functions.url.clone();
                let invoker = InvokeUrl::new(functions, &options.region)
                    .ok_or(RehearsalPoolError::TriggerUrl { url })?;
                (Some(Runner::Url(invoker)), assigned)
            }
            (None, None) => (None, Vec::new()),
        };
        let lambda_config = assignments(&assigned, &arn);
        let beliefs = Beliefs::new(options.facts.as_ref());
        // Whoever says how often is answered so; else what a probe found.
        let retries = match options.trigger_retries {
            0 => beliefs.found("migration-attempts").map_or(0, retries_of),
            said => said.min(2),
        };
        let mut service = Service::new(
            options.region,
            options.access_key_id,
            AllowedOrigins::new(options.allowed_origins),
            &options.quotas,
            Functions::new(runner, retries),
            Faults::new(options.faults),
            i64::try_from(options.list_delay.as_millis()).unwrap_or(i64::MAX),
        );
        service.beliefs = beliefs;
        let listen_error = |source| RehearsalPoolError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen_error)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(listen_error)?);
        service
            .endpoint
            .set(endpoint.clone())
            .expect("a new service has no endpoint yet");
        let issuer = options.issuer.unwrap_or_else(|| endpoint.clone());
        service
            .issuer
            .set(issuer)
            .expect("a new service has no issuer yet");
        let refused = |error: ApiError| RehearsalPoolError::Settings {
            reason: error.to_string(),
        };
        let earlier = saved.as_ref().map(|saved| &saved.main);
        let main = main_pool(&service.region, &options.pool, lambda_config, earlier);
        let main = main.map_err(refused)?;
        match (&state_file, saved) {
            (Some(file), Some(saved)) => {
                check_ids(&options.pool, &service.region, &main).map_err(|why| file.unfit(why))?;
                let restored = saved.restore(&service, &main);
                restored.map_err(|why| file.unfit(why))?;
            }
            _ => make_pool(&service, &main).map_err(refused)?,
        }
        let (user_pool_id, client_id) = (main.user_pool_id.clone(), main.client_id.clone());
        let keeper = state_file.map(|file| Arc::new(Keeper::new(file, main, trigger_env)));
        if let Some(keeper) = &keeper {
            // Now, so that whoever cannot write there learns it before anybody signs in.
            keeper.save(&service)?;
        }

        let service = Arc::new(service);
        let (stop, stopped) = watch::channel(false);
        let saver = keeper.as_ref().map(|keeper| {
            let (keeper, service) = (Arc::clone(keeper), Arc::clone(&service));
            tokio::spawn(keeper.keep(service, stopped.clone()))
        });
        let server = tokio::spawn(server::serve(listener, Arc::clone(&service), stopped));
        tracing::info!(
            endpoint,
            user_pool_id,
            client_id,
            "the rehearsal pool accepts connections"
        );
        Ok(RunningPool {
            endpoint,
            user_pool_id,
            client_id,
            service,
            stop,
            server,
            keeper,
            saver,
        })
    }
}

/// A service that accepts connections.
pub struct RunningPool {
    endpoint: String,
    user_pool_id: String,
    client_id: String,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    keeper: Option<Arc<Keeper>>,
    saver: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for RunningPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningPool")
            .field("endpoint", &self.endpoint)
            .field("user_pool_id", &self.user_pool_id)
            .finish_non_exhaustive()
    }
}

impl RunningPool {
    /// URL to give to an SDK as endpoint, without a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// AWS Region the pool claims to be in.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.service.region
    }

    /// Id of the pool made at the start.
    #[must_use]
    pub fn user_pool_id(&self) -> &str {
        &self.user_pool_id
    }

    /// Id of the app client made at the start.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Every run of a trigger, oldest first; at most the newest 200,000.
    #[must_use]
    pub fn trigger_runs(&self) -> Vec<TriggerRun> {
        self.service.functions.runs()
    }

    /// Messages the pool would have sent, oldest first, codes in the clear; at most the newest
    /// 20,000.
    #[must_use]
    pub fn outbox(&self) -> Vec<SentMessage> {
        self.service.outbox.messages()
    }

    /// Calls granted and refused per quota category.
    #[must_use]
    pub fn quota_counts(&self) -> Vec<QuotaCount> {
        self.service.quotas.counts()
    }

    /// How many calls met a behaviour that no source states, and which.
    #[must_use]
    pub fn beliefs(&self) -> BeliefCount {
        self.service.beliefs.count()
    }

    /// Messages of Cognito's own mailer since the day began, at nine o'clock UTC.
    #[must_use]
    pub fn mail(&self) -> MailCount {
        self.service.quotas.mail(self.service.now())
    }

    /// Makes these faults happen from now on, in place of those before.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.service.faults.replace(plan);
    }

    /// Moves the pool's clock forward, so that codes, tokens, temporary passwords and lockouts run
    /// out without waiting.
    pub fn advance_clock(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// Ends every trigger process and connection, gives up the address, and saves the state where
    /// it is kept. A state that cannot be saved is logged; `stop_and_save` tells it.
    pub async fn stop(self) {
        if let Err(error) = self.stop_and_save().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the state was not saved"
            );
        }
    }

    /// The same as [`RunningPool::stop`], for callers who want to know that the state is safe.
    ///
    /// # Errors
    ///
    /// [`StateError`] when the state could not be saved. Everything has ended all the same.
    pub async fn stop_and_save(mut self) -> Result<(), StateError> {
        self.stop.send_replace(true);
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the endpoint ended badly");
        }
        self.service.functions.stop().await;
        if let Some(saver) = self.saver.take() {
            // It may be in the middle of a save.
            let _ = saver.await;
        }
        match &self.keeper {
            Some(keeper) => keeper.save(&self.service),
            None => Ok(()),
        }
    }
}

impl Drop for RunningPool {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Retries that make so many attempts.
fn retries_of(attempts: &str) -> u8 {
    attempts.parse::<u8>().unwrap_or(1).clamp(1, 3) - 1
}

fn function_arn(region: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT_ID}:function:user-migration-trigger")
}

fn check_program(program: &TriggerProgram) -> Result<(), RehearsalPoolError> {
    let found = std::fs::metadata(&program.path).and_then(|found| {
        if found.is_file() {
            Ok(())
        } else {
            Err(std::io::ErrorKind::IsADirectory.into())
        }
    });
    found.map_err(|source| RehearsalPoolError::Trigger {
        path: program.path.display().to_string(),
        source,
    })
}

/// `LambdaConfig` with one function for the triggers it is assigned to.
fn assignments(kinds: &[TriggerKind], arn: &str) -> Map<String, Value> {
    let mut config = Map::new();
    for kind in kinds {
        let version = |version: &str| json!({"LambdaVersion": version, "LambdaArn": arn});
        let (name, value) = match kind {
            TriggerKind::UserMigration => ("UserMigration", arn.into()),
            TriggerKind::PreSignUp => ("PreSignUp", arn.into()),
            TriggerKind::PostAuthentication => ("PostAuthentication", arn.into()),
            TriggerKind::PreTokenGeneration => ("PreTokenGenerationConfig", version("V1_0")),
            TriggerKind::PreTokenGenerationV2 => ("PreTokenGenerationConfig", version("V2_0")),
            TriggerKind::PreTokenGenerationV3 => ("PreTokenGenerationConfig", version("V3_0")),
        };
        config.insert(name.to_owned(), value);
    }
    config
}

/// Gives the trigger program the values that an earlier run's program had, and says what the named
/// variables are now.
fn kept_environment(
    program: Option<&mut TriggerProgram>,
    names: &[String],
    earlier: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let Some(program) = program else {
        return earlier.cloned().unwrap_or_default();
    };
    for (name, value) in &mut program.env {
        if names.contains(name)
            && let Some(kept) = earlier.and_then(|earlier| earlier.get(name))
        {
            value.clone_from(kept);
        }
    }
    let named = program.env.iter().filter(|(name, _)| names.contains(name));
    named.cloned().collect()
}

/// The pool and app client of the options: their ids and what they are made from, held to the same
/// constraints as requests. Ids that the options do not name are those of the earlier run.
fn main_pool(
    region: &str,
    settings: &PoolSettings,
    lambda_config: Map<String, Value>,
    earlier: Option<&SavedMain>,
) -> Result<SavedMain, ApiError> {
    let model = api_model();
    let pool_request = checked("CreateUserPool", pool_request(settings, lambda_config))?;
    for (given, shape) in [
        (&settings.user_pool_id, "UserPoolIdType"),
        (&settings.client_id, "ClientIdType"),
    ] {
        if let Some(id) = given.as_deref().filter(|id| !model.fits(shape, id)) {
            return Err(ApiError::invalid_parameter(format!(
                "{id} has not the form of {shape}."
            )));
        }
    }
    let (user_pool_id, client_id) = match earlier {
        Some(main) => (main.user_pool_id.clone(), main.client_id.clone()),
        None => (
            settings
                .user_pool_id
                .clone()
                .unwrap_or_else(|| random::pool_id(region)),
            settings.client_id.clone().unwrap_or_else(random::client_id),
        ),
    };
    let request = client_request(settings, &user_pool_id);
    Ok(SavedMain {
        client_request: checked("CreateUserPoolClient", request)?,
        user_pool_id,
        client_id,
        pool_request,
    })
}

/// Refuses a state of another pool than the options name.
fn check_ids(settings: &PoolSettings, region: &str, main: &SavedMain) -> Result<(), String> {
    for (given, held, what) in [
        (&settings.user_pool_id, &main.user_pool_id, "pool"),
        (&settings.client_id, &main.client_id, "app client"),
    ] {
        if let Some(given) = given.as_ref().filter(|given| *given != held) {
            return Err(format!("it is of {what} {held}, not {given}"));
        }
    }
    match main.user_pool_id.rsplit_once('_') {
        Some((of_id, _)) if of_id == region => Ok(()),
        _ => Err(format!("it is not of Region {region}")),
    }
}

fn make_pool(service: &Service, main: &SavedMain) -> Result<(), ApiError> {
    let request = main.pool_request.clone();
    make_user_pool(service, request, main.user_pool_id.clone())?;
    let request = main.client_request.clone();
    make_user_pool_client(service, request, main.client_id.clone())?;
    Ok(())
}

/// The options of an operation, which unlike a request may name nothing unknown.
fn checked(operation: &str, request: Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let model = api_model();
    let operation_model = &model.operations[operation];
    let mut request = Value::Object(request);
    model.validate(operation_model, &request)?;
    match model.reduce(operation_model, &mut request).first() {
        Some(name) => Err(ApiError::invalid_parameter(format!(
            "{operation} has no member {name}."
        ))),
        None => Ok(object(request)),
    }
}

fn pool_request(settings: &PoolSettings, lambda_config: Map<String, Value>) -> Map<String, Value> {
    let policy = settings.password_policy;
    let required = settings
        .required_attributes
        .iter()
        .map(|name| json!({"Name": name, "Required": true, "Mutable": true}));
    let custom = settings.custom_attributes.iter().map(custom_attribute);
    let schema: Vec<Value> = required.chain(custom).collect();
    let mut request = object(json!({
        "PoolName": settings.name,
        "Policies": {"PasswordPolicy": {
            "MinimumLength": policy.minimum_length,
            "RequireUppercase": policy.require_uppercase,
            "RequireLowercase": policy.require_lowercase,
            "RequireNumbers": policy.require_numbers,
            "RequireSymbols": policy.require_symbols,
            "TemporaryPasswordValidityDays": policy.temporary_password_validity_days,
        }},
        "AutoVerifiedAttributes": settings.auto_verified_attributes,
        "UsernameConfiguration": {"CaseSensitive": settings.case_sensitive},
        "LambdaConfig": lambda_config,
        // What the console sets up: codes go to the verified e-mail address first.
        "AccountRecoverySetting": {"RecoveryMechanisms": [
            {"Priority": 1, "Name": "verified_email"},
            {"Priority": 2, "Name": "verified_phone_number"},
        ]},
    }));
    for (name, list) in [
        ("UsernameAttributes", json!(settings.username_attributes)),
        ("AliasAttributes", json!(settings.alias_attributes)),
        ("Schema", json!(schema)),
    ] {
        if list.as_array().is_some_and(|list| !list.is_empty()) {
            request.insert(name.to_owned(), list);
        }
    }
    request.extend(settings.pool_members.clone());
    request
}

fn custom_attribute(attribute: &CustomAttribute) -> Value {
    let mut described = json!({
        "Name": attribute.name,
        "Mutable": attribute.mutable,
        "AttributeDataType": match attribute.kind {
            AttributeKind::Text { .. } => "String",
            AttributeKind::Number { .. } => "Number",
            AttributeKind::Boolean => "Boolean",
            AttributeKind::DateTime => "DateTime",
        },
    });
    match attribute.kind {
        AttributeKind::Text {
            min_length,
            max_length,
        } => {
            described["StringAttributeConstraints"] = json!({
                "MinLength": min_length.to_string(),
                "MaxLength": max_length.to_string(),
            });
        }
        AttributeKind::Number { min, max } => {
            let mut bounds = Map::new();
            for (name, bound) in [("MinValue", min), ("MaxValue", max)] {
                if let Some(bound) = bound {
                    bounds.insert(name.to_owned(), bound.to_string().into());
                }
            }
            described["NumberAttributeConstraints"] = bounds.into();
        }
        AttributeKind::Boolean | AttributeKind::DateTime => {}
    }
    described
}

fn client_request(settings: &PoolSettings, pool_id: &str) -> Map<String, Value> {
    let existence = if settings.prevent_user_existence_errors {
        "ENABLED"
    } else {
        "LEGACY"
    };
    let mut request = object(json!({
        "UserPoolId": pool_id,
        "ClientName": settings.name,
        "GenerateSecret": settings.client_secret,
        "ExplicitAuthFlows": settings.explicit_auth_flows,
        "PreventUserExistenceErrors": existence,
    }));
    request.extend(settings.client_members.clone());
    request
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => unreachable!("written as an object above"),
    }
}
