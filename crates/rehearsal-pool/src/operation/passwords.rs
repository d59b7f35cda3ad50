//! `AdminSetUserPassword`.
//!
//! Source: the API reference of the operation: permanent confirms the user, temporary asks for a
//! new password at the next sign-in; the policy and its history hold for both; no message is sent.

use serde::Deserialize;
use serde_json::Value;

use super::nothing;
use crate::api_error::ApiError;
use crate::pool::password::Verifier;
use crate::pool::user::{Credential, UserStatus};
use crate::secret::Secret;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminSetUserPassword {
    user_pool_id: String,
    username: String,
    password: Secret,
    #[serde(default)]
    permanent: Option<bool>,
}

pub(super) async fn admin_set_user_password(
    service: &Service,
    request: AdminSetUserPassword,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let now = service.now();
    let mut state = pool.state();
    let index = state.find(&config, &request.username)?;
    let user = state.user_mut(index)?;
    let password = request.password.reveal();
    user.check_new_password(&config.policy, pool.short_name(), password)?;
    let verifier = Verifier::of(pool.short_name(), &user.username, password);
    let (status, credential) = if request.permanent == Some(true) {
        (UserStatus::Confirmed, Credential::Permanent(verifier))
    } else {
        let until = config.policy.temporary_until(now);
        (
            UserStatus::ForceChangePassword,
            Credential::Temporary(verifier, until),
        )
    };
    user.set_credential(&config.policy, credential);
    user.status = status;
    if let Some(rare) = &mut user.rare {
        rare.imported = false;
        rare.lockout.succeeded();
    }
    user.modified = now;
    nothing()
}
