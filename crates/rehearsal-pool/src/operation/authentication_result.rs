//! What a finished sign-in returns.
//!
//! Responsible for the tokens of a user who has proven who they are.

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::pool::Pool;
use crate::pool::client::Client;
use crate::pool::user_table::UserIndex;
use crate::service::Service;
use crate::token::refresh::RefreshClaims;
use crate::token::{SignIn, TokenClaims};

/// A sign-in that needs nothing more.
pub(super) struct Finished<'a> {
    pub(super) service: &'a Service,
    pub(super) pool: &'a Pool,
    pub(super) client: &'a Client,
    pub(super) user: UserIndex,
    /// The refresh token this comes of, if it is no new sign-in.
    pub(super) refreshed: Option<&'a RefreshClaims>,
}

/// `AuthenticationResult`. A refresh returns no new refresh token (no rotation).
pub(super) async fn finish(sign_in: Finished<'_>) -> Result<Value, ApiError> {
    let Finished {
        service,
        pool,
        client,
        user,
        refreshed,
    } = sign_in;
    let config = pool.config();
    let now = service.now();
    let claims = {
        let state = pool.state();
        let user = state.user(user)?;
        let groups = state.groups_of(user);
        let origin = match refreshed {
            Some(claims) => SignIn::of_refresh(claims),
            None => SignIn::new(user, now),
        };
        let issuer = service.issuer(pool);
        TokenClaims::new(&issuer, &config.schema, client, user, &groups, origin, now)
    };
    let refresh_until = refreshed
        .is_none()
        .then_some(now + client.refresh_token_lives);
    Ok(json!({
        "ChallengeParameters": {},
        "AuthenticationResult": claims.signed(pool.keys(), client, refresh_until),
    }))
}
