//! `InitiateAuth`, `AdminInitiateAuth` and the answers to challenges.
//!
//! Responsible for which flow a request asks for and whether the app client permits it. How a
//! password is judged is `password_check`'s, what a finished sign-in returns
//! `authentication_result`'s, and what happens for unknown names `migration`'s.
//!
//! Sources: the API reference of the operations; guide page
//! amazon-cognito-user-pools-authentication-flow-methods. Texts are those callers report.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::authentication_result::{Finished, finish};
use super::migration::{Migration, Occasion, migrate};
use super::password_check::{Judged, judge};
use super::user_attributes::{Attribute, apply, changes};
use crate::api_error::ApiError;
use crate::pool::challenge::ChallengeKind;
use crate::pool::client::{AuthFlow, Client};
use crate::pool::password::Verifier;
use crate::pool::user::{Credential, UserStatus};
use crate::pool::{Pool, login_name};
use crate::secret::Secret;
use crate::service::Service;
use crate::token::refresh;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateAuth {
    client_id: String,
    auth_flow: String,
    #[serde(default)]
    auth_parameters: Option<Parameters>,
    client_metadata: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminInitiateAuth {
    user_pool_id: String,
    #[serde(flatten)]
    common: InitiateAuth,
}

/// `AuthParameters` or `ChallengeResponses`; any of them may be a secret.
#[derive(Default, Deserialize)]
struct Parameters(BTreeMap<String, Secret>);

impl Parameters {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::reveal)
    }

    fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                ApiError::invalid_parameter(format!("Missing required parameter {name}"))
            })
    }
}

/// One sign-in's surroundings.
struct Attempt<'a> {
    service: &'a Service,
    pool: &'a Pool,
    client: &'a Client,
    parameters: &'a Parameters,
    client_metadata: Option<&'a BTreeMap<String, String>>,
}

pub(super) async fn initiate_auth(
    service: &Service,
    request: InitiateAuth,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    let flow = match request.auth_flow.as_str() {
        "USER_PASSWORD_AUTH" => AuthFlow::UserPassword,
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => AuthFlow::RefreshToken,
        _ => return Err(not_supported()),
    };
    start(service, pool, client, flow, &request).await
}

pub(super) async fn admin_initiate_auth(
    service: &Service,
    request: AdminInitiateAuth,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let client = pool.client(&request.common.client_id)?;
    let flow = match request.common.auth_flow.as_str() {
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => AuthFlow::AdminUserPassword,
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => AuthFlow::RefreshToken,
        _ => return Err(not_supported()),
    };
    start(service, pool, client, flow, &request.common).await
}

fn not_supported() -> ApiError {
    ApiError::invalid_parameter("Initiate Auth method not supported.")
}

async fn start(
    service: &Service,
    pool: Arc<Pool>,
    client: Arc<Client>,
    flow: AuthFlow,
    request: &InitiateAuth,
) -> Result<Value, ApiError> {
    if !client.permits(flow) {
        return Err(ApiError::invalid_parameter(format!(
            "{} flow not enabled for this client",
            flow.as_str()
        )));
    }
    let none = Parameters::default();
    let attempt = Attempt {
        service,
        pool: &pool,
        client: &client,
        parameters: request.auth_parameters.as_ref().unwrap_or(&none),
        client_metadata: request.client_metadata.as_ref(),
    };
    match flow {
        AuthFlow::UserPassword | AuthFlow::AdminUserPassword => attempt.by_password().await,
        AuthFlow::RefreshToken => attempt.by_refresh_token().await,
        AuthFlow::UserSrp => Err(not_supported()),
    }
}

impl Attempt<'_> {
    async fn by_password(&self) -> Result<Value, ApiError> {
        let Self {
            service,
            pool,
            client,
            ..
        } = *self;
        let name = self.parameters.need("USERNAME")?;
        let password = self.parameters.need("PASSWORD")?;
        client.check_secret_hash(name, self.parameters.get("SECRET_HASH"))?;

        let config = pool.config();
        let known = login_name::find(&config, &pool.state().users, name);
        let index = match known {
            Some(index) => index,
            None => {
                let occasion = Occasion::SignIn { password };
                match migrate(service, pool, client, name, occasion, self.client_metadata).await? {
                    Migration::Done(index) => index,
                    Migration::NotHere if client.hides_user_existence => {
                        return Err(ApiError::incorrect_username_or_password());
                    }
                    Migration::NotHere => return Err(ApiError::user_not_found()),
                    Migration::Failed(error) => return Err(error),
                }
            }
        };
        let now = service.now();
        let judged = judge(pool, client, &mut pool.state(), index, password, now)?;
        match judged {
            Judged::SignedIn => finish(self.finished(index)).await,
            Judged::NewPasswordRequired => {
                let mut state = pool.state();
                let session = state.challenges.open(
                    &client.id,
                    index,
                    ChallengeKind::NewPasswordRequired,
                    now,
                    client.session_lives,
                );
                let user = state.user(index)?;
                let attributes: Map<String, Value> = user
                    .attributes
                    .iter()
                    .map(|(id, value)| (config.schema.name(id).to_owned(), value.into()))
                    .collect();
                let missing: Vec<String> = config
                    .schema
                    .required()
                    .filter(|(id, _)| user.attributes.get(*id).is_none())
                    .map(|(_, definition)| format!("userAttributes.{}", definition.name))
                    .collect();
                Ok(json!({
                    "ChallengeName": "NEW_PASSWORD_REQUIRED",
                    "Session": session,
                    "ChallengeParameters": {
                        "USER_ID_FOR_SRP": user.username,
                        "requiredAttributes": json!(missing).to_string(),
                        "userAttributes": Value::Object(attributes).to_string(),
                    },
                }))
            }
        }
    }

    async fn by_refresh_token(&self) -> Result<Value, ApiError> {
        let Self {
            service,
            pool,
            client,
            ..
        } = *self;
        let token = self.parameters.need("REFRESH_TOKEN")?;
        let claims = refresh::open(&pool.keys().refresh, token)
            .filter(|claims| claims.client_id == client.id)
            .ok_or_else(|| ApiError::not_authorized("Invalid Refresh Token"))?;
        if claims.expires <= service.now() {
            return Err(ApiError::not_authorized("Refresh Token has expired"));
        }
        let index = {
            let state = pool.state();
            let index = state
                .users
                .by_sub(claims.sub)
                .ok_or_else(|| ApiError::not_authorized("Invalid Refresh Token"))?;
            let user = state.user(index)?;
            // The hash is bound to the username, which a client that refreshes may know as `sub`.
            let hash = self.parameters.get("SECRET_HASH");
            client
                .check_secret_hash(&user.username, hash)
                .or_else(|refusal| {
                    client
                        .check_secret_hash(&user.sub_text(), hash)
                        .map_err(|_| refusal)
                })?;
            if state.is_revoked(user, Some(claims.origin_jti)) {
                return Err(ApiError::not_authorized("Refresh Token has been revoked"));
            }
            if !user.enabled {
                return Err(ApiError::not_authorized("User is disabled."));
            }
            index
        };
        finish(Finished {
            refreshed: Some(&claims),
            ..self.finished(index)
        })
        .await
    }

    fn finished(&self, index: u32) -> Finished<'_> {
        Finished {
            service: self.service,
            pool: self.pool,
            client: self.client,
            user: index,
            refreshed: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RespondToAuthChallenge {
    client_id: String,
    challenge_name: String,
    session: Option<Secret>,
    #[serde(default)]
    challenge_responses: Option<Parameters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminRespondToAuthChallenge {
    user_pool_id: String,
    #[serde(flatten)]
    common: RespondToAuthChallenge,
}

pub(super) async fn respond_to_auth_challenge(
    service: &Service,
    request: RespondToAuthChallenge,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    respond(service, &pool, &client, &request).await
}

pub(super) async fn admin_respond_to_auth_challenge(
    service: &Service,
    request: AdminRespondToAuthChallenge,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let client = pool.client(&request.common.client_id)?;
    respond(service, &pool, &client, &request.common).await
}

async fn respond(
    service: &Service,
    pool: &Pool,
    client: &Client,
    request: &RespondToAuthChallenge,
) -> Result<Value, ApiError> {
    let none = Parameters::default();
    let responses = request.challenge_responses.as_ref().unwrap_or(&none);
    match request.challenge_name.as_str() {
        "NEW_PASSWORD_REQUIRED" => {
            // Setting the new password spends the recovery budget too (quota page).
            if !service.quotas.take_account_recovery(service.now()) {
                return Err(ApiError::too_many_requests());
            }
            let index = new_password(service, pool, client, request, responses)?;
            finish(Finished {
                service,
                pool,
                client,
                user: index,
                refreshed: None,
            })
            .await
        }
        other => Err(ApiError::invalid_parameter(format!(
            "The rehearsal pool has no challenge {other}."
        ))),
    }
}

fn new_password(
    service: &Service,
    pool: &Pool,
    client: &Client,
    request: &RespondToAuthChallenge,
    responses: &Parameters,
) -> Result<u32, ApiError> {
    let username = responses.need("USERNAME")?;
    let password = responses.need("NEW_PASSWORD")?;
    client.check_secret_hash(username, responses.get("SECRET_HASH"))?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let invalid = || ApiError::not_authorized("Invalid session for the user.");
    let session = request
        .session
        .as_ref()
        .map(Secret::reveal)
        .ok_or_else(invalid)?;
    let index = state
        .challenges
        .get(session, &client.id, now)
        .filter(|challenge| matches!(challenge.kind, ChallengeKind::NewPasswordRequired))
        .map(|challenge| challenge.user)
        .ok_or_else(invalid)?;
    if login_name::find(&config, &state.users, username) != Some(index) {
        return Err(invalid());
    }
    config.policy.check(password)?;
    let given: Vec<Attribute> = responses
        .0
        .iter()
        .filter_map(|(name, value)| {
            Some(Attribute {
                name: name.strip_prefix("userAttributes.")?.to_owned(),
                value: Some(value.reveal().to_owned()),
            })
        })
        .collect();
    if let Some(attribute) = given.iter().find(|given| !client.may_write(&given.name)) {
        return Err(ApiError::not_authorized(format!(
            "A client attempted to write unauthorized attribute {}",
            attribute.name
        )));
    }
    let changes = changes(&config, &given)?;
    let held = &state.user(index)?.attributes;
    config.schema.check_required(|id| {
        held.get(id).is_some()
            || changes
                .iter()
                .any(|(given, value)| *given == id && !value.is_empty())
    })?;
    apply(&config, &mut state, index, &changes)?;
    state.challenges.close(session);
    let user = state.user_mut(index)?;
    let verifier = Verifier::of(pool.short_name(), &user.username, password);
    user.credential = Credential::Permanent(verifier);
    user.status = UserStatus::Confirmed;
    user.modified = now;
    Ok(index)
}
