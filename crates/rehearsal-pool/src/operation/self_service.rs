//! What users do with their own access token: `GetUser`, `ChangePassword`,
//! `UpdateUserAttributes`, `DeleteUserAttributes`, `DeleteUser`.
//!
//! Source: the API reference of the operations. What becomes of a changed contact is
//! `attribute_codes`'.

use serde::Deserialize;
use serde_json::{Value, json};

use super::attribute_codes::change;
use super::nothing;
use super::sign_up::check_own_writes;
use super::user_attributes::{Attribute, apply, changes, deletions};
use crate::api_error::ApiError;
use crate::pool::PoolState;
use crate::pool::hourly::Limited;
use crate::pool::password::Verifier;
use crate::pool::user::{Credential, UserStatus};
use crate::pool::user_table::UserIndex;
use crate::secret::Secret;
use crate::service::Service;
use crate::token::AccessClaims;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Bearer {
    access_token: Secret,
}

impl Bearer {
    pub(super) fn token(&self) -> &str {
        self.access_token.reveal()
    }
}

pub(super) async fn get_user(service: &Service, request: Bearer) -> Result<Value, ApiError> {
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangePassword {
    access_token: Secret,
    previous_password: Option<Secret>,
    proposed_password: Secret,
}

pub(super) async fn change_password(
    service: &Service,
    request: ChangePassword,
) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let index = bearer(&state, &claims)?;
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::ChangePassword, now)?;
    if user
        .rare
        .as_ref()
        .is_some_and(|rare| rare.lockout.is_locked(now))
    {
        return Err(ApiError::attempt_limit_exceeded());
    }
    if user.status == UserStatus::ResetRequired {
        return Err(ApiError::new(
            "PasswordResetRequiredException",
            "Password reset required for the user",
        ));
    }
    let previous = request
        .previous_password
        .as_ref()
        .map_or("", Secret::reveal);
    // "Required if the user has a password."
    let knows = matches!(user.credential, Credential::None)
        || user
            .credential
            .matches(pool.short_name(), &user.username, previous);
    if !knows {
        user.rare().lockout.failed(now);
        return Err(ApiError::incorrect_username_or_password());
    }
    let proposed = request.proposed_password.reveal();
    user.check_new_password(&config.policy, pool.short_name(), proposed)?;
    let verifier = Verifier::of(pool.short_name(), &user.username, proposed);
    user.set_credential(&config.policy, Credential::Permanent(verifier));
    user.modified = now;
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateUserAttributes {
    access_token: Secret,
    user_attributes: Vec<Attribute>,
}

pub(super) async fn update_user_attributes(
    service: &Service,
    request: UpdateUserAttributes,
) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let config = pool.config();
    let client = pool.client(&claims.client_id)?;
    let mut state = pool.state();
    let index = bearer(&state, &claims)?;
    let given = &request.user_attributes;
    check_own_writes(
        &client,
        given.iter().map(|attribute| attribute.name.as_str()),
    )?;
    let changes = changes(&config, given)?;
    let details = change(service, &pool, &config, &mut state, index, changes)?;
    Ok(json!({"CodeDeliveryDetailsList": details}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteUserAttributes {
    access_token: Secret,
    user_attribute_names: Vec<String>,
}

pub(super) async fn delete_user_attributes(
    service: &Service,
    request: DeleteUserAttributes,
) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let config = pool.config();
    let client = pool.client(&claims.client_id)?;
    let mut state = pool.state();
    let index = bearer(&state, &claims)?;
    check_own_writes(
        &client,
        request.user_attribute_names.iter().map(String::as_str),
    )?;
    let changes = deletions(&config, &request.user_attribute_names)?;
    apply(&config, &mut state, index, &changes)?;
    state.user_mut(index)?.modified = service.now();
    nothing()
}

pub(super) async fn delete_user(service: &Service, request: Bearer) -> Result<Value, ApiError> {
    let (pool, claims) = service.bearer(request.access_token.reveal())?;
    let mut state = pool.state();
    let index = bearer(&state, &claims)?;
    state.delete(index);
    nothing()
}
