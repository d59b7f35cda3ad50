//! `AdminLinkProviderForUser`, `AdminDisableProviderForUser`.
//!
//! Sources: the API reference of the operations; guide page
//! cognito-user-pools-identity-federation-consolidate-users (social providers are linked by
//! `Cognito_Subject`; at most five identities a user; at most five attributes that a provider's
//! users are linked by). The pool has no identity providers, so it takes any provider's name.

use serde::Deserialize;
use serde_json::Value;

use super::nothing;
use crate::api_error::ApiError;
use crate::pool::PoolState;
use crate::pool::config::PoolConfig;
use crate::pool::user::{Credential, ExternalIdentity, LinkedIdentity};
use crate::service::Service;

const MAX_LINKS: usize = 5;
const MAX_LINK_ATTRIBUTES: usize = 5;
/// The attribute that stands for the provider's own id of a user.
const SUBJECT: &str = "Cognito_Subject";
/// `ProviderName` of the pool's own users.
const LOCAL: &str = "Cognito";
const SOCIAL: [&str; 4] = ["Facebook", "Google", "LoginWithAmazon", "SignInWithApple"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProviderUser {
    #[serde(default)]
    provider_name: String,
    provider_attribute_name: Option<String>,
    #[serde(default)]
    provider_attribute_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminLinkProviderForUser {
    user_pool_id: String,
    destination_user: ProviderUser,
    source_user: ProviderUser,
}

pub(super) async fn admin_link_provider_for_user(
    service: &Service,
    request: AdminLinkProviderForUser,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let (destination, source) = (&request.destination_user, &request.source_user);
    if destination.provider_name != LOCAL {
        return Err(ApiError::invalid_parameter(
            "DestinationUser must have the provider name Cognito: this pool has local users only.",
        ));
    }
    if source.provider_name.is_empty() || source.provider_name == LOCAL {
        return Err(ApiError::invalid_parameter(
            "SourceUser must be a user of an external identity provider.",
        ));
    }
    let social = SOCIAL.contains(&source.provider_name.as_str());
    if social && source.provider_attribute_name.as_deref() != Some(SUBJECT) {
        return Err(ApiError::invalid_parameter(
            "ProviderAttributeName must be Cognito_Subject for a social identity provider.",
        ));
    }
    if source.provider_attribute_value.is_empty() {
        return Err(ApiError::invalid_parameter(
            "SourceUser has no ProviderAttributeValue.",
        ));
    }
    let identity = source.identity();
    let mut state = pool.state();
    let index = state.find(&config, &destination.provider_attribute_value)?;
    match state.linked.get(&identity) {
        Some(held) if *held == index => {
            return Err(ApiError::invalid_parameter(
                "SourceUser is already linked to DestinationUser",
            ));
        }
        Some(_) => {
            return Err(ApiError::new(
                "AliasExistsException",
                "SourceUser is already linked to another user",
            ));
        }
        None => {}
    }
    let attributes = link_attributes(&state, &identity.provider_name);
    if attributes.len() >= MAX_LINK_ATTRIBUTES && !attributes.contains(&&*identity.attribute_name) {
        return Err(ApiError::new(
            "LimitExceededException",
            format!(
                "Users of a provider are linked by at most {MAX_LINK_ATTRIBUTES} of its attributes."
            ),
        ));
    }
    let links = &mut state.user_mut(index)?.rare().links;
    if links.len() >= MAX_LINKS {
        return Err(ApiError::new(
            "LimitExceededException",
            format!("A user has at most {MAX_LINKS} linked identities."),
        ));
    }
    links.push(LinkedIdentity {
        identity: identity.clone(),
        linked: service.now(),
    });
    state.linked.insert(identity, index);
    state.user_mut(index)?.modified = service.now();
    nothing()
}

/// The attributes that a provider's users are linked by, found without looking at every link.
fn link_attributes<'a>(state: &'a PoolState, provider: &str) -> Vec<&'a str> {
    use std::ops::Bound::{Excluded, Unbounded};
    let mut found: Vec<&str> = Vec::new();
    let mut after = ExternalIdentity {
        provider_name: provider.to_owned(),
        attribute_name: String::new(),
        user_id: String::new(),
    };
    while let Some((next, _)) = state.linked.range((Excluded(&after), Unbounded)).next()
        && next.provider_name == provider
    {
        found.push(&next.attribute_name);
        // Past every user of this attribute, before the next one.
        after.attribute_name = format!("{}\0", next.attribute_name);
    }
    found
}

impl ProviderUser {
    fn identity(&self) -> ExternalIdentity {
        ExternalIdentity {
            provider_name: self.provider_name.clone(),
            attribute_name: self.provider_attribute_name.clone().unwrap_or_default(),
            user_id: self.provider_attribute_value.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AdminDisableProviderForUser {
    user_pool_id: String,
    user: ProviderUser,
}

pub(super) async fn admin_disable_provider_for_user(
    service: &Service,
    request: AdminDisableProviderForUser,
) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let mut state = pool.state();
    if request.user.provider_name == LOCAL {
        return disable_password(service, &pool.config(), &mut state, &request.user);
    }
    let identity = request.user.identity();
    let index = state
        .linked
        .remove(&identity)
        .ok_or_else(ApiError::user_not_found)?;
    let links = &mut state.user_mut(index)?.rare().links;
    links.retain(|link| link.identity != identity);
    nothing()
}

/// "If the user that you want to deactivate is a native username + password user, they can't use
/// their password to sign in."
fn disable_password(
    service: &Service,
    config: &PoolConfig,
    state: &mut PoolState,
    local: &ProviderUser,
) -> Result<Value, ApiError> {
    if local.provider_attribute_name.as_deref() != Some(SUBJECT) {
        return Err(ApiError::invalid_parameter(
            "ProviderAttributeName must be Cognito_Subject for a user of the pool itself.",
        ));
    }
    let index = state.find(config, &local.provider_attribute_value)?;
    let user = state.user_mut(index)?;
    user.credential = Credential::None;
    user.modified = service.now();
    nothing()
}
