//! What a finished sign-in returns.
//!
//! Responsible for the tokens of a user who has proven who they are, and for the triggers on the
//! way: post authentication, then pre token generation.
//!
//! Sources: guide pages user-pool-lambda-post-authentication (a failing function fails the
//! sign-in; the request is not `InitiateAuth`'s metadata), user-pool-lambda-pre-token-generation and
//! cognito-user-pools-working-with-lambda-triggers (trigger sources).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::options::TriggerKind;
use crate::pool::Pool;
use crate::pool::client::Client;
use crate::pool::config::PoolConfig;
use crate::pool::group::preferred_role;
use crate::pool::user_table::UserIndex;
use crate::service::Service;
use crate::token::customization::{ClaimsAndScopeOverride, ClaimsOverride};
use crate::token::refresh::RefreshClaims;
use crate::token::{SignIn, TokenClaims};
use crate::trigger::event::{self, GroupConfiguration, Origin, TokenEventVersion};
use crate::trigger::unrecognizable;

/// A sign-in that needs nothing more.
pub(super) struct Finished<'a> {
    pub(super) service: &'a Service,
    pub(super) pool: &'a Pool,
    pub(super) client: &'a Client,
    pub(super) user: UserIndex,
    pub(super) occasion: Occasion<'a>,
    /// `ClientMetadata` for the token triggers.
    pub(super) client_metadata: Option<&'a BTreeMap<String, String>>,
}

/// What tokens are made for.
#[derive(Clone, Copy)]
pub(super) enum Occasion<'a> {
    SignIn,
    NewPassword,
    /// The flow `REFRESH_TOKEN_AUTH`.
    Refresh(&'a RefreshClaims),
    /// `GetTokensFromRefreshToken`.
    Exchange(&'a RefreshClaims),
}

impl<'a> Occasion<'a> {
    /// By the guide's table of API operations and their trigger sources.
    fn token_source(self) -> &'static str {
        match self {
            Self::SignIn | Self::Exchange(_) => "TokenGeneration_Authentication",
            Self::NewPassword => "TokenGeneration_NewPasswordChallenge",
            Self::Refresh(_) => "TokenGeneration_RefreshTokens",
        }
    }

    /// The token that new ones are made from.
    fn refreshes(self) -> Option<&'a RefreshClaims> {
        match self {
            Self::SignIn | Self::NewPassword => None,
            Self::Refresh(claims) | Self::Exchange(claims) => Some(claims),
        }
    }
}

/// `AuthenticationResult`. A refresh returns a new refresh token only where they are rotated.
pub(super) async fn finish(sign_in: Finished<'_>) -> Result<Value, ApiError> {
    let Finished {
        service,
        pool,
        client,
        occasion,
        ..
    } = sign_in;
    let config = pool.config();
    if occasion.refreshes().is_none() {
        sign_in.post_authentication(&config).await?;
    }
    let now = service.now();
    let mut claims = {
        let state = pool.state();
        let user = state.user(sign_in.user)?;
        let groups = state.groups_of(user);
        let origin = match occasion.refreshes() {
            Some(claims) => SignIn::of_refresh(claims),
            None => SignIn::new(user, now),
        };
        let issuer = service.issuer(pool);
        TokenClaims::new(&issuer, &config, client, user, &groups, origin, now)
    };
    sign_in.pre_token_generation(&config, &mut claims).await?;
    let refresh_until = match occasion.refreshes() {
        // "The new refresh token is valid for the remaining duration of the original."
        Some(claims) => client.rotation_grace.map(|_| claims.expires),
        None => Some(now + client.refresh_token_lives),
    };
    Ok(json!({
        "ChallengeParameters": {},
        "AuthenticationResult": claims.signed(pool.keys(), client, refresh_until),
    }))
}

impl Finished<'_> {
    async fn post_authentication(&self, config: &PoolConfig) -> Result<(), ApiError> {
        let Some(arn) = config.trigger_arn(TriggerKind::PostAuthentication) else {
            return Ok(());
        };
        let event = {
            let state = self.pool.state();
            let user = state.user(self.user)?;
            let attributes = user.event_attributes(&config.schema);
            event::post_authentication(
                &self.origin(&user.username),
                &attributes,
                self.client_metadata,
            )
        };
        self.service
            .functions
            .invoke(
                arn,
                "PostAuthentication",
                "PostAuthentication_Authentication",
                event,
            )
            .await?;
        Ok(())
    }

    async fn pre_token_generation(
        &self,
        config: &PoolConfig,
        claims: &mut TokenClaims,
    ) -> Result<(), ApiError> {
        let versions = [
            TriggerKind::PreTokenGeneration,
            TriggerKind::PreTokenGenerationV2,
            TriggerKind::PreTokenGenerationV3,
        ];
        let assigned = versions
            .into_iter()
            .find_map(|kind| Some((kind, config.trigger_arn(kind)?)));
        let Some((kind, arn)) = assigned else {
            return Ok(());
        };
        let version = match kind {
            TriggerKind::PreTokenGenerationV2 => TokenEventVersion::Second,
            TriggerKind::PreTokenGenerationV3 => TokenEventVersion::Third,
            _ => TokenEventVersion::First,
        };
        let source = self.occasion.token_source();
        let event = {
            let state = self.pool.state();
            let user = state.user(self.user)?;
            let groups = state.groups_of(user);
            let roles: Vec<&str> = groups
                .iter()
                .filter_map(|group| group.role_arn.as_deref())
                .collect();
            let groups = GroupConfiguration {
                preferred_role: preferred_role(&groups),
                groups_to_override: groups.iter().map(|group| group.name.as_str()).collect(),
                iam_roles_to_override: roles,
            };
            event::pre_token_generation(
                &self.origin(&user.username),
                source,
                &user.event_attributes(&config.schema),
                &groups,
                self.client_metadata,
                version,
            )
        };
        let mut answer = self
            .service
            .functions
            .invoke(arn, "PreTokenGeneration", source, event)
            .await?;
        if version != TokenEventVersion::First {
            let details = answer.pointer_mut("/response/claimsAndScopeOverrideDetails");
            let details: Option<ClaimsAndScopeOverride> = read(details)?;
            details.map_or(Ok(()), |details| details.apply(claims))
        } else {
            let details = answer.pointer_mut("/response/claimsOverrideDetails");
            let details: Option<ClaimsOverride> = read(details)?;
            details.map_or(Ok(()), |details| details.apply(claims))
        }
        .map_err(|_| unrecognizable())
    }

    fn origin<'b>(&'b self, user_name: &'b str) -> Origin<'b> {
        Origin {
            region: &self.service.region,
            user_pool_id: &self.pool.id,
            client_id: &self.client.id,
            user_name,
        }
    }
}

/// Details that are there and not null.
fn read<Details: DeserializeOwned>(
    details: Option<&mut Value>,
) -> Result<Option<Details>, ApiError> {
    let details = details.map(Value::take).unwrap_or_default();
    serde_json::from_value(details).map_err(|_| unrecognizable())
}
