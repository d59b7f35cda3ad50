//! Judging a typed password.
//!
//! Responsible for the order of the refusals at a password sign-in. Sources: guide pages
//! authentication (lockout), cognito-user-pool-managing-errors (imported users),
//! user-pool-lambda-migrate-user (`RESET_REQUIRED`), managing-users-passwords (temporary passwords
//! expire). That a disabled user is told so before the password is looked at is believed.

use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::pool::client::Client;
use crate::pool::password::Verifier;
use crate::pool::user::{Credential, User, UserStatus};
use crate::pool::user_table::UserIndex;
use crate::pool::{Pool, PoolState};
use crate::secret::Secret;

/// What a right password leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    SignedIn,
    NewPasswordRequired,
}

pub(super) fn judge(
    pool: &Pool,
    client: &Client,
    state: &mut PoolState,
    index: UserIndex,
    password: &str,
    now: Millis,
) -> Result<Judged, ApiError> {
    let user = state.user_mut(index)?;
    may_try(user, client, now)?;
    if !user
        .credential
        .matches(pool.short_name(), &user.username, password)
    {
        user.rare().lockout.failed(now);
        return Err(ApiError::incorrect_username_or_password());
    }
    proven(user, now)
}

/// Refuses a user who may not try a password at all.
pub(super) fn may_try(user: &User, client: &Client, now: Millis) -> Result<(), ApiError> {
    if !user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    let rare = user.rare.as_deref();
    if rare.is_some_and(|rare| rare.lockout.is_locked(now)) {
        return Err(ApiError::not_authorized("Password attempts exceeded"));
    }
    if user.status == UserStatus::ResetRequired {
        let imported = rare.is_some_and(|rare| rare.imported);
        return Err(if imported && client.hides_user_existence {
            ApiError::incorrect_username_or_password()
        } else {
            ApiError::new(
                "PasswordResetRequiredException",
                "Password reset required for the user",
            )
        });
    }
    Ok(())
}

/// What becomes of a user who has proven to know the password.
pub(super) fn proven(user: &mut User, now: Millis) -> Result<Judged, ApiError> {
    if let Some(rare) = &mut user.rare {
        rare.lockout.succeeded();
    }
    if let Credential::Temporary(_, until) = user.credential
        && until <= now
    {
        return Err(ApiError::not_authorized(
            "Temporary password has expired and must be reset by an administrator.",
        ));
    }
    match user.status {
        UserStatus::Unconfirmed => Err(ApiError::new(
            "UserNotConfirmedException",
            "User is not confirmed.",
        )),
        UserStatus::ForceChangePassword => Ok(Judged::NewPasswordRequired),
        UserStatus::Confirmed | UserStatus::ResetRequired => Ok(Judged::SignedIn),
    }
}

/// Puts an imported hash that this password matches into the pool's own form (guide:
/// cognito-user-pools-using-import-tool, "Transparent migration"). The costly check happens beside
/// the pool's lock.
pub(super) async fn settle_imported_hash(pool: &Pool, index: UserIndex, password: &str) {
    let hash = match pool.state().users.get(index).map(|user| &user.credential) {
        Some(Credential::Imported(hash)) => hash.clone(),
        _ => return,
    };
    let typed = Secret::new(password.to_owned());
    let matches = tokio::task::spawn_blocking(move || hash.matches(typed.reveal()));
    if !matches.await.unwrap_or(false) {
        return;
    }
    let mut state = pool.state();
    if let Some(user) = state.users.get_mut(index)
        && matches!(user.credential, Credential::Imported(_))
    {
        let verifier = Verifier::of(pool.short_name(), &user.username, password);
        user.credential = Credential::Permanent(verifier);
    }
}
