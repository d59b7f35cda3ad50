//! What a pre token generation trigger may change in tokens.
//!
//! Responsible for applying the trigger's answer, and for leaving alone what it may not touch.
//!
//! Source: guide page user-pool-lambda-pre-token-generation ("Claims and scopes reference" and the
//! response parameters). That leaving out `groupOverrideDetails` keeps the groups is believed; null
//! or empty suppresses them, as the guide says.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::token::TokenClaims;

/// Claims that no answer adds, changes or suppresses.
const UNTOUCHABLE: [&str; 21] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
    "username",
    "version",
];

/// `claimsOverrideDetails` of the first event version.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClaimsOverride {
    claims_to_add_or_override: Option<Map<String, Value>>,
    claims_to_suppress: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    group_override_details: Option<Value>,
}

/// `claimsAndScopeOverrideDetails` of the second.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClaimsAndScopeOverride {
    id_token_generation: Option<TokenChanges>,
    access_token_generation: Option<TokenChanges>,
    #[serde(default, deserialize_with = "present")]
    group_override_details: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenChanges {
    claims_to_add_or_override: Option<Map<String, Value>>,
    claims_to_suppress: Option<Vec<String>>,
    scopes_to_add: Option<Vec<String>>,
    scopes_to_suppress: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct GroupOverride {
    groups_to_override: Option<Vec<String>>,
    iam_roles_to_override: Option<Vec<String>>,
    /// Documented as text, shown as a list in a sample.
    preferred_role: Option<Value>,
}

/// Tells a member that is null from one that is not there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// An answer whose values have the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl ClaimsOverride {
    /// Changes the ID token, and the groups of both.
    pub(crate) fn apply(self, claims: &mut TokenClaims) -> Result<(), Malformed> {
        let added = self.claims_to_add_or_override.unwrap_or_default();
        if !added.values().all(Value::is_string) {
            return Err(Malformed);
        }
        override_groups(self.group_override_details, claims)?;
        change(
            &mut claims.id,
            added,
            self.claims_to_suppress.unwrap_or_default(),
        );
        Ok(())
    }
}

impl ClaimsAndScopeOverride {
    pub(crate) fn apply(self, claims: &mut TokenClaims) -> Result<(), Malformed> {
        override_groups(self.group_override_details, claims)?;
        if let Some(changes) = self.id_token_generation {
            let added = changes.claims_to_add_or_override.unwrap_or_default();
            change(
                &mut claims.id,
                added,
                changes.claims_to_suppress.unwrap_or_default(),
            );
        }
        if let Some(changes) = self.access_token_generation {
            let mut added = changes.claims_to_add_or_override.unwrap_or_default();
            // An audience may be added to an access token if it is the app client.
            let audience = added
                .remove("aud")
                .filter(|aud| claims.access.get("client_id") == Some(aud));
            change(
                &mut claims.access,
                added,
                changes.claims_to_suppress.unwrap_or_default(),
            );
            if let Some(audience) = audience {
                claims.access.insert("aud".to_owned(), audience);
            }
            change_scopes(
                &mut claims.access,
                changes.scopes_to_add.unwrap_or_default(),
                &changes.scopes_to_suppress.unwrap_or_default(),
            );
        }
        Ok(())
    }
}

fn change(claims: &mut Map<String, Value>, added: Map<String, Value>, suppressed: Vec<String>) {
    for (name, value) in added {
        // Developer attributes can be suppressed only.
        let barred = name == "scope" || name.starts_with("dev:");
        if !is_protected(&name) && !barred {
            claims.insert(name, value);
        }
    }
    for name in suppressed {
        if name == "cognito:groups" {
            for name in ["cognito:groups", "cognito:preferred_role", "cognito:roles"] {
                claims.remove(name);
            }
        } else if !is_protected(&name) {
            claims.remove(&name);
        }
    }
}

fn is_protected(name: &str) -> bool {
    UNTOUCHABLE.contains(&name) || name.starts_with("cognito:")
}

fn change_scopes(claims: &mut Map<String, Value>, added: Vec<String>, suppressed: &[String]) {
    let held = claims
        .get("scope")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // "You can't add scope values that contain one or more blank-space characters."
    let added = added.into_iter().filter(|scope| !scope.contains(' '));
    let mut scopes: Vec<String> = held.split(' ').map(str::to_owned).chain(added).collect();
    scopes.retain(|scope| !scope.is_empty() && !suppressed.contains(scope));
    if scopes.is_empty() {
        claims.remove("scope");
    } else {
        claims.insert("scope".to_owned(), scopes.join(" ").into());
    }
}

fn override_groups(details: Option<Value>, claims: &mut TokenClaims) -> Result<(), Malformed> {
    let Some(details) = details else {
        return Ok(());
    };
    let groups: Option<GroupOverride> = serde_json::from_value(details).map_err(|_| Malformed)?;
    let groups = groups.unwrap_or_default();
    let set = |claims: &mut Map<String, Value>, name: &str, value: Option<Value>| match value {
        Some(value) => {
            claims.insert(name.to_owned(), value);
        }
        None => {
            claims.remove(name);
        }
    };
    let listed =
        |names: Option<Vec<String>>| names.filter(|names| !names.is_empty()).map(Value::from);
    let names = listed(groups.groups_to_override);
    set(&mut claims.id, "cognito:groups", names.clone());
    set(&mut claims.access, "cognito:groups", names);
    set(
        &mut claims.id,
        "cognito:roles",
        listed(groups.iam_roles_to_override),
    );
    let preferred = match groups.preferred_role {
        Some(Value::Array(roles)) => roles.into_iter().next(),
        other => other,
    };
    set(
        &mut claims.id,
        "cognito:preferred_role",
        preferred.filter(Value::is_string),
    );
    Ok(())
}
