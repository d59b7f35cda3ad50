//! What users do with their own access token: `GetUser`.
//!
//! Source: the API reference of the operation.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::pool::PoolState;
use crate::pool::user_table::UserIndex;
use crate::secret::Secret;
use crate::service::Service;
use crate::token::AccessClaims;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetUser {
    access_token: Secret,
}

pub(super) async fn get_user(service: &Service, request: GetUser) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let config = pool.config();
    let state = pool.state();
    let user = state.user(bearer(&state, &claims)?)?;
    let client = pool.client(&claims.client_id).ok();
    let readable: Vec<String> = config
        .schema
        .iter()
        .map(|(_, definition)| &definition.name)
        .filter(|name| client.as_ref().is_none_or(|client| client.may_read(name)))
        .cloned()
        .collect();
    Ok(json!({
        "Username": user.username,
        "UserAttributes": user.attribute_list(&config.schema, Some(&readable)),
    }))
}

/// The user of a token that is still good.
pub(super) fn bearer(state: &PoolState, claims: &AccessClaims) -> Result<UserIndex, ApiError> {
    let index = state
        .users
        .by_sub(claims.sub)
        .ok_or_else(ApiError::user_not_found)?;
    let user = state.user(index)?;
    if state.is_revoked(user, claims.origin_jti) {
        return Err(ApiError::not_authorized("Access Token has been revoked"));
    }
    if !user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    Ok(index)
}
