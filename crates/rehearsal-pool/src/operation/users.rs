//! `AdminGetUser`, `AdminDeleteUser`, `AdminDisableUser`, `AdminEnableUser`.
//!
//! Source: the API reference of these operations; `AdminDisableUser` also revokes the user's
//! tokens.

use serde::Deserialize;
use serde_json::{Value, json};

use super::nothing;
use crate::api_error::ApiError;
use crate::clock::epoch_seconds;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneUser {
    user_pool_id: String,
    username: String,
}

pub(super) async fn admin_get_user(service: &Service, request: OneUser) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let state = pool.state();
    let user = state.user(state.find(&config, &request.username)?)?;
    Ok(json!({
        "Username": user.username,
        "UserAttributes": user.attribute_list(&config.schema, None),
        "UserCreateDate": epoch_seconds(user.created),
        "UserLastModifiedDate": epoch_seconds(user.modified),
        "Enabled": user.enabled,
        "UserStatus": user.status.as_str(),
    }))
}

pub(super) async fn admin_delete_user(
    service: &Service,
    request: OneUser,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    state.delete(index);
    nothing()
}

pub(super) async fn admin_disable_user(
    service: &Service,
    request: OneUser,
) -> Result<Value, ApiError> {
    set_enabled(service, &request, false)
}

pub(super) async fn admin_enable_user(
    service: &Service,
    request: OneUser,
) -> Result<Value, ApiError> {
    set_enabled(service, &request, true)
}

fn set_enabled(service: &Service, request: &OneUser, enabled: bool) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let user = state.user_mut(index)?;
    user.enabled = enabled;
    user.modified = service.now();
    if !enabled {
        user.sign_out_everywhere();
    }
    nothing()
}
