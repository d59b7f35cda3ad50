//! `RespondToAuthChallenge` and `AdminRespondToAuthChallenge`.
//!
//! Source: the API reference of the operations.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::auth_parameters::Parameters;
use super::authentication_result::{Finished, Occasion, finish};
use super::sign_in::Attempt;
use super::srp_sign_in;
use super::user_attributes::{Attribute, apply, changes, check_required_given};
use crate::api_error::ApiError;
use crate::pool::challenge::ChallengeKind;
use crate::pool::client::Client;
use crate::pool::password::Verifier;
use crate::pool::user::{Credential, UserStatus};
use crate::pool::user_table::UserIndex;
use crate::pool::{Pool, login_name};
use crate::secret::Secret;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RespondToAuthChallenge {
    client_id: String,
    challenge_name: String,
    session: Option<Secret>,
    #[serde(default)]
    challenge_responses: Option<Parameters>,
    client_metadata: Option<BTreeMap<String, String>>,
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
    let attempt = Attempt {
        service,
        pool,
        client,
        parameters: request.challenge_responses.as_ref().unwrap_or(&none),
        client_metadata: request.client_metadata.as_ref(),
    };
    match request.challenge_name.as_str() {
        "NEW_PASSWORD_REQUIRED" => {
            let user = new_password(attempt, request.session.as_ref())?;
            let occasion = Occasion::NewPassword;
            let client_metadata = attempt.client_metadata;
            finish(Finished {
                service,
                pool,
                client,
                user,
                occasion,
                client_metadata,
            })
            .await
        }
        "PASSWORD_VERIFIER" => srp_sign_in::answer(attempt).await,
        other => Err(ApiError::invalid_parameter(format!(
            "The rehearsal pool has no challenge {other}."
        ))),
    }
}

fn new_password(attempt: Attempt<'_>, session: Option<&Secret>) -> Result<UserIndex, ApiError> {
    let Attempt {
        service,
        pool,
        client,
        parameters,
        ..
    } = attempt;
    let username = parameters.need("USERNAME")?;
    let password = parameters.need("NEW_PASSWORD")?;
    attempt.check_secret_hash(username)?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let invalid = || ApiError::not_authorized("Invalid session for the user.");
    let session = session.map(Secret::reveal).ok_or_else(invalid)?;
    let open = state
        .challenges
        .get(session, &client.id, now)
        .ok_or_else(invalid)?;
    let ChallengeKind::NewPasswordRequired { user: index } = open.kind else {
        return Err(invalid());
    };
    if login_name::find(&config, &state.users, username) != Some(index) {
        return Err(invalid());
    }
    state
        .user(index)?
        .check_new_password(&config.policy, pool.short_name(), password)?;
    let given: Vec<Attribute> = parameters
        .iter()
        .filter_map(|(name, value)| {
            Some(Attribute {
                name: name.strip_prefix("userAttributes.")?.to_owned(),
                value: Some(value.to_owned()),
            })
        })
        .collect();
    client.check_writes(given.iter().map(|attribute| attribute.name.as_str()))?;
    let changes = changes(&config, &given)?;
    check_required_given(&config, &state, index, &changes)?;
    apply(&config, &mut state, index, &changes)?;
    state.challenges.close(session);
    let user = state.user_mut(index)?;
    let verifier = Verifier::of(pool.short_name(), &user.username, password);
    user.set_credential(&config.policy, Credential::Permanent(verifier));
    user.status = UserStatus::Confirmed;
    user.modified = now;
    Ok(index)
}
