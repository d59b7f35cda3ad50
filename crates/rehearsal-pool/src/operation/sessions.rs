//! Ending and renewing sign-ins: `GlobalSignOut`, `AdminUserGlobalSignOut`, `RevokeToken`,
//! `GetTokensFromRefreshToken`.
//!
//! Sources: the API reference of the operations; guide pages token-revocation (revoking a refresh
//! token revokes the access tokens that came of it) and
//! amazon-cognito-user-pools-using-the-refresh-token (rotation).

use serde::Deserialize;
use serde_json::Value;

use super::authentication_result::{Finished, Occasion, finish};
use super::nothing;
use super::self_service::{Bearer, bearer};
use crate::api_error::ApiError;
use crate::secret::Secret;
use crate::service::Service;
use crate::token::refresh;
use crate::trigger::event::Metadata;

pub(super) async fn global_sign_out(service: &Service, request: Bearer) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.token())?;
    let mut state = pool.state();
    // This operation does not declare UserNotFoundException. What it says of a user who was deleted
    // since is believed.
    let index = bearer(&state, &claims).map_err(|error| match error.code() {
        "UserNotFoundException" => ApiError::not_authorized("Access Token has been revoked"),
        _ => error,
    })?;
    state.user_mut(index)?.sign_out_everywhere();
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminUserGlobalSignOut {
    user_pool_id: String,
    username: String,
}

pub(super) async fn admin_user_global_sign_out(
    service: &Service,
    request: AdminUserGlobalSignOut,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    state.user_mut(index)?.sign_out_everywhere();
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RevokeToken {
    token: Secret,
    client_id: String,
    client_secret: Option<Secret>,
}

pub(super) async fn revoke_token(
    service: &Service,
    request: RevokeToken,
) -> Result<Value, ApiError> {
    // This operation does not declare ResourceNotFoundException.
    let unauthorized = || ApiError::new("UnauthorizedException", "Invalid client.");
    let (pool, client) = service
        .client(&request.client_id)
        .map_err(|_| unauthorized())?;
    if !client.has_secret(request.client_secret.as_ref().map(Secret::reveal)) {
        return Err(unauthorized());
    }
    if !client.token_revocation {
        return Err(ApiError::new(
            "UnsupportedOperationException",
            "Token revocation is not enabled for this app client.",
        ));
    }
    let keys = pool.keys();
    let token = request.token.reveal();
    if keys
        .access
        .verified(token)
        .or_else(|| keys.id.verified(token))
        .is_some()
    {
        return Err(ApiError::new(
            "UnsupportedTokenTypeException",
            "Only refresh tokens can be revoked.",
        ));
    }
    let claims = refresh::open(&keys.refresh, token)
        .filter(|claims| claims.client_id == client.id)
        .ok_or_else(|| ApiError::invalid_parameter("Invalid refresh token."))?;
    let now = service.now();
    let mut state = pool.state();
    state.revoked.retain(|_, ends| *ends > now);
    // Access tokens of the sign-in may outlive the refresh token by their own lifetime.
    state.revoked.insert(
        claims.origin_jti,
        claims.expires + client.access_token_lives,
    );
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetTokensFromRefreshToken {
    refresh_token: Secret,
    client_id: String,
    client_secret: Option<Secret>,
    client_metadata: Option<Metadata>,
}

pub(super) async fn get_tokens_from_refresh_token(
    service: &Service,
    request: GetTokensFromRefreshToken,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    if !client.has_secret(request.client_secret.as_ref().map(Secret::reveal)) {
        return Err(ApiError::not_authorized(format!(
            "Client secret does not match for the client: {}",
            client.id
        )));
    }
    let claims = refresh::read(
        &pool,
        &client,
        request.refresh_token.reveal(),
        service.now(),
    )?;
    let user = {
        let mut state = pool.state();
        let user = state.bearer_of_refresh(&claims)?;
        if let Some(grace) = client.rotation_grace {
            state.rotate(&claims, grace, service.now())?;
        }
        user
    };
    let mut answer = finish(Finished {
        service,
        pool: &pool,
        client: &client,
        user,
        occasion: Occasion::Exchange(&claims),
        client_metadata: request.client_metadata.as_ref(),
    })
    .await?;
    if let Value::Object(members) = &mut answer {
        members.remove("ChallengeParameters");
    }
    Ok(answer)
}
