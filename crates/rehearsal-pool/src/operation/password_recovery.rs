//! Forgotten and reset passwords: `ForgotPassword`, `ConfirmForgotPassword`,
//! `AdminResetUserPassword`.
//!
//! Sources: the API reference of the operations; guide pages cognito-user-pool-managing-errors
//! (what hides whether a user exists), managing-users-passwords, quotas (a code lives an hour);
//! user-pool-lambda-migrate-user (an unknown name asks the trigger). That a user with a temporary
//! password cannot reset it: AWS knowledge center, cognito-forgot-password; that a disabled user's
//! password cannot be reset either: amazon-cognito-identity-js issue 373.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::code_delivery::{self, first_contact, simulated_delivery};
use super::migration::{Migration, Occasion, migrate};
use super::nothing;
use crate::api_error::ApiError;
use crate::clock::HOUR;
use crate::outbox::MessageReason;
use crate::pool::Pool;
use crate::pool::config::PoolConfig;
use crate::pool::hourly::Limited;
use crate::pool::login_name::{self, verified_flag};
use crate::pool::password::Verifier;
use crate::pool::schema::AttributeId;
use crate::pool::user::{Credential, User, UserStatus};
use crate::secret::Secret;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ForgotPassword {
    client_id: String,
    username: String,
    secret_hash: Option<String>,
    client_metadata: Option<BTreeMap<String, String>>,
}

pub(super) async fn forgot_password(
    service: &Service,
    request: ForgotPassword,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    client.check_secret_hash(&request.username, request.secret_hash.as_deref())?;
    let config = pool.config();
    let name = request.username.as_str();
    let known = login_name::find(&config, &pool.state().users, name);
    let index = match known {
        Some(index) => index,
        None => {
            let metadata = request.client_metadata.as_ref();
            let asked = Occasion::ForgotPassword;
            match migrate(service, &pool, &client, name, asked, metadata).await? {
                Migration::Done(index) => index,
                Migration::Simulated => return Ok(simulated_delivery(&config, name)),
                Migration::NotHere if client.hides_user_existence => {
                    return Ok(simulated_delivery(&config, name));
                }
                Migration::NotHere => return Err(ApiError::user_not_found()),
                Migration::Failed(error) => return Err(error),
            }
        }
    };
    let mut state = pool.state();
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::PasswordRecovery, service.now())?;
    if user.status == UserStatus::ForceChangePassword {
        return Err(wrong_state());
    }
    if config.recovery().is_empty() {
        return Err(ApiError::not_authorized(ONLY_ADMINISTRATORS));
    }
    if !user.enabled {
        return if client.hides_user_existence {
            Ok(simulated_delivery(&config, name))
        } else {
            Err(ApiError::not_authorized("User is disabled."))
        };
    }
    match send_code(service, &pool, &config, user)? {
        Some(details) => Ok(json!({"CodeDeliveryDetails": details})),
        None if client.hides_user_existence => Ok(simulated_delivery(&config, name)),
        None => Err(no_contact()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConfirmForgotPassword {
    client_id: String,
    username: String,
    confirmation_code: Secret,
    password: Secret,
    secret_hash: Option<String>,
}

pub(super) async fn confirm_forgot_password(
    service: &Service,
    request: ConfirmForgotPassword,
) -> Result<Value, ApiError> {
    let (pool, client) = service.client(&request.client_id)?;
    client.check_secret_hash(&request.username, request.secret_hash.as_deref())?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let Some(index) = login_name::find(&config, &state.users, &request.username) else {
        return Err(if client.hides_user_existence {
            ApiError::code_mismatch()
        } else {
            ApiError::new(
                "UserNotFoundException",
                "Username/client id combination not found.",
            )
        });
    };
    let user = state.user_mut(index)?;
    user.take_hourly(Limited::PasswordRecovery, now)?;
    if !user.enabled {
        return Err(if client.hides_user_existence {
            ApiError::code_mismatch()
        } else {
            ApiError::not_authorized("User is disabled.")
        });
    }
    if user.status == UserStatus::ForceChangePassword {
        return Err(wrong_state());
    }
    let issued = user.rare.as_ref().and_then(|rare| rare.reset_code.as_ref());
    issued
        .ok_or_else(ApiError::code_expired)?
        .check(&request.confirmation_code, now)?;
    let password = request.password.reveal();
    user.check_new_password(&config.policy, pool.short_name(), password)?;
    let verifier = Verifier::of(pool.short_name(), &user.username, password);
    user.set_credential(&config.policy, Credential::Permanent(verifier));
    user.status = UserStatus::Confirmed;
    user.modified = now;
    let rare = user.rare();
    rare.reset_code = None;
    rare.imported = false;
    rare.lockout.succeeded();
    nothing()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminResetUserPassword {
    user_pool_id: String,
    username: String,
}

pub(super) async fn admin_reset_user_password(
    service: &Service,
    request: AdminResetUserPassword,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let user = state.user_mut(index)?;
    if !matches!(
        user.status,
        UserStatus::Confirmed | UserStatus::ResetRequired
    ) {
        return Err(wrong_state());
    }
    if !user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    if config.recovery().is_empty() {
        return Err(ApiError::invalid_parameter(ONLY_ADMINISTRATORS));
    }
    if send_code(service, &pool, &config, user)?.is_none() {
        return Err(no_contact());
    }
    user.status = UserStatus::ResetRequired;
    user.set_credential(&config.policy, Credential::None);
    user.modified = service.now();
    nothing()
}

/// Sends a code to the first verified contact the pool recovers accounts by, and returns
/// `CodeDeliveryDetails`.
fn send_code(
    service: &Service,
    pool: &Pool,
    config: &PoolConfig,
    user: &mut User,
) -> Result<Option<Value>, ApiError> {
    let is_verified = |attribute: &AttributeId| {
        verified_flag(*attribute).is_none_or(|flag| user.attributes.is_true(flag))
    };
    let verified = config.recovery().iter().copied().filter(is_verified);
    let Some(contact) = first_contact(user, verified) else {
        return Ok(None);
    };
    let reason = MessageReason::ForgotPassword;
    let sent = code_delivery::send_code(service, pool, config, user, reason, contact, HOUR)?;
    let (details, issued) = sent;
    user.rare().reset_code = Some(issued);
    Ok(Some(details))
}

/// Self-service recovery is off (`admin_only`); the text is believed.
const ONLY_ADMINISTRATORS: &str = "Contact administrator to reset password.";

fn wrong_state() -> ApiError {
    ApiError::not_authorized("User password cannot be reset in the current state.")
}

fn no_contact() -> ApiError {
    ApiError::invalid_parameter(
        "Cannot reset password for the user as there is no registered/verified email or \
         phone_number",
    )
}
