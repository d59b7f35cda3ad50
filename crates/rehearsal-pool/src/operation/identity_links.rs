//! `AdminLinkProviderForUser`, `AdminDisableProviderForUser`.
//!
//! Sources: the API reference of the operations; guide page
//! cognito-user-pools-identity-federation-consolidate-users (social providers are linked by
//! `Cognito_Subject`; at most five identities a user). The pool has no identity providers, so it
//! takes any provider's name.

use serde::Deserialize;
use serde_json::Value;

use super::nothing;
use crate::api_error::ApiError;
use crate::pool::user::LinkedIdentity;
use crate::service::Service;

const MAX_LINKS: usize = 5;
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
    if destination.provider_name != "Cognito" {
        return Err(ApiError::invalid_parameter(
            "DestinationUser must have the provider name Cognito: this pool has local users only.",
        ));
    }
    if source.provider_name.is_empty() || source.provider_name == "Cognito" {
        return Err(ApiError::invalid_parameter(
            "SourceUser must be a user of an external identity provider.",
        ));
    }
    let social = SOCIAL.contains(&source.provider_name.as_str());
    if social && source.provider_attribute_name.as_deref() != Some("Cognito_Subject") {
        return Err(ApiError::invalid_parameter(
            "ProviderAttributeName must be Cognito_Subject for a social identity provider.",
        ));
    }
    if source.provider_attribute_value.is_empty() {
        return Err(ApiError::invalid_parameter(
            "SourceUser has no ProviderAttributeValue.",
        ));
    }
    let link = LinkedIdentity {
        provider_name: source.provider_name.clone(),
        user_id: source.provider_attribute_value.clone(),
        linked: service.now(),
    };
    let mut state = pool.state();
    let index = state.find(&config, &destination.provider_attribute_value)?;
    let key = (link.provider_name.clone(), link.user_id.clone());
    match state.linked.get(&key) {
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
    let links = &mut state.user_mut(index)?.rare().links;
    if links.len() >= MAX_LINKS {
        return Err(ApiError::new(
            "LimitExceededException",
            format!("A user has at most {MAX_LINKS} linked identities."),
        ));
    }
    links.push(link);
    state.linked.insert(key, index);
    state.user_mut(index)?.modified = service.now();
    nothing()
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
    let user = request.user;
    let mut state = pool.state();
    let key = (user.provider_name, user.provider_attribute_value);
    let index = state
        .linked
        .remove(&key)
        .ok_or_else(ApiError::user_not_found)?;
    let links = &mut state.user_mut(index)?.rare().links;
    links.retain(|link| (&link.provider_name, &link.user_id) != (&key.0, &key.1));
    nothing()
}
