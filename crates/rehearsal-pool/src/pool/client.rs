//! App clients: who may sign in how, and what they see.
//!
//! Responsible for reading `CreateUserPoolClient` and `UpdateUserPoolClient` requests and for the
//! settings sign-in acts on. It must not know users.
//!
//! Sources: `UserPoolClientType`, `ExplicitAuthFlowsType`, `TokenValidityUnitsType` of the API
//! model; guide page signing-up-users-in-your-app, "Computing secret hash values".

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use crate::api_error::ApiError;
use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND, epoch_seconds};
use crate::random;
use crate::secret::Secret;

/// A way to sign in that an app client may or may not permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthFlow {
    UserPassword,
    AdminUserPassword,
    UserSrp,
    /// The caller names one of the first factors that the pool and the user have.
    UserAuth,
    RefreshToken,
}

impl AuthFlow {
    /// The name in `AuthFlow` and, after `ALLOW_`, in `ExplicitAuthFlows`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::UserPassword => "USER_PASSWORD_AUTH",
            Self::AdminUserPassword => "ADMIN_USER_PASSWORD_AUTH",
            Self::UserSrp => "USER_SRP_AUTH",
            Self::UserAuth => "USER_AUTH",
            Self::RefreshToken => "REFRESH_TOKEN_AUTH",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) pool_id: String,
    pub(crate) name: String,
    secret: Option<Secret>,
    explicit_auth_flows: Vec<String>,
    pub(crate) hides_user_existence: bool,
    read_attributes: Option<Vec<String>>,
    write_attributes: Option<Vec<String>>,
    pub(crate) access_token_lives: Millis,
    pub(crate) id_token_lives: Millis,
    pub(crate) refresh_token_lives: Millis,
    pub(crate) session_lives: Millis,
    pub(crate) token_revocation: bool,
    /// How long a refresh token stays good after it was exchanged for another one; `None` where
    /// refresh tokens are not rotated.
    pub(crate) rotation_grace: Option<Millis>,
    created: Millis,
    modified: Millis,
    settings: Map<String, Value>,
}

/// An app client as a state file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedClient {
    pub(crate) id: String,
    name: String,
    secret: Option<String>,
    settings: Map<String, Value>,
    created: Millis,
    modified: Millis,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Settings {
    client_name: String,
    generate_secret: bool,
    client_secret: Option<Secret>,
    explicit_auth_flows: Vec<String>,
    prevent_user_existence_errors: Option<String>,
    read_attributes: Option<Vec<String>>,
    write_attributes: Option<Vec<String>>,
    refresh_token_validity: Option<i64>,
    access_token_validity: Option<i64>,
    id_token_validity: Option<i64>,
    token_validity_units: Units,
    enable_token_revocation: Option<bool>,
    refresh_token_rotation: Option<Rotation>,
    auth_session_validity: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Rotation {
    feature: String,
    retry_grace_period_seconds: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Units {
    access_token: Option<String>,
    id_token: Option<String>,
    refresh_token: Option<String>,
}

impl Client {
    pub(crate) fn create(
        id: String,
        pool_id: &str,
        request: Map<String, Value>,
        now: Millis,
    ) -> Result<Self, ApiError> {
        let mut client = Self::read(request, now)?;
        client.id = id;
        pool_id.clone_into(&mut client.pool_id);
        Ok(client)
    }

    /// The client after `UpdateUserPoolClient`: what the request leaves out is back at its
    /// default; id, secret and name stay.
    pub(crate) fn updated(
        &self,
        mut request: Map<String, Value>,
        now: Millis,
    ) -> Result<Self, ApiError> {
        request
            .entry("ClientName")
            .or_insert_with(|| self.name.as_str().into());
        let mut client = Self::read(request, now)?;
        client.id.clone_from(&self.id);
        client.pool_id.clone_from(&self.pool_id);
        client.secret.clone_from(&self.secret);
        client.created = self.created;
        Ok(client)
    }

    /// The client made anew by another request, with the same id and, where it has one, secret.
    pub(crate) fn made_anew(
        &self,
        request: Map<String, Value>,
        now: Millis,
    ) -> Result<Self, ApiError> {
        let mut client = Self::create(self.id.clone(), &self.pool_id, request, now)?;
        client.created = self.created;
        if client.secret.is_some() && self.secret.is_some() {
            client.secret.clone_from(&self.secret);
        }
        Ok(client)
    }

    pub(crate) fn saved(&self) -> SavedClient {
        let secret = self.secret.as_ref();
        SavedClient {
            id: self.id.clone(),
            name: self.name.clone(),
            secret: secret.map(|secret| secret.reveal().to_owned()),
            settings: self.settings.clone(),
            created: self.created,
            modified: self.modified,
        }
    }

    pub(crate) fn restored(saved: &SavedClient, pool_id: &str) -> Result<Self, ApiError> {
        let mut request = saved.settings.clone();
        request.insert("ClientName".to_owned(), saved.name.as_str().into());
        if let Some(secret) = &saved.secret {
            request.insert("ClientSecret".to_owned(), secret.as_str().into());
        }
        let mut client = Self::create(saved.id.clone(), pool_id, request, saved.modified)?;
        client.created = saved.created;
        Ok(client)
    }

    fn read(mut settings: Map<String, Value>, now: Millis) -> Result<Self, ApiError> {
        let typed: Settings = serde_json::from_value(Value::Object(settings.clone()))
            .map_err(|_| ApiError::invalid_parameter("The app client cannot be read."))?;
        for name in [
            "UserPoolId",
            "ClientId",
            "ClientName",
            "GenerateSecret",
            "ClientSecret",
            // No member of the answer. There is no Secrets Manager here: secrets are shown.
            "PublishSecretsInAWSSecretsManager",
        ] {
            settings.remove(name);
        }
        check_flows(&typed.explicit_auth_flows)?;
        let units = &typed.token_validity_units;
        let rotation = typed
            .refresh_token_rotation
            .as_ref()
            .filter(|rotation| rotation.feature == "ENABLED");
        let secret = match typed.client_secret {
            Some(secret) => Some(secret),
            None => typed
                .generate_secret
                .then(|| Secret::new(random::client_secret())),
        };
        Ok(Self {
            id: String::new(),
            pool_id: String::new(),
            name: typed.client_name,
            secret,
            explicit_auth_flows: typed.explicit_auth_flows,
            hides_user_existence: typed.prevent_user_existence_errors.as_deref() == Some("ENABLED"),
            read_attributes: typed.read_attributes,
            write_attributes: typed.write_attributes,
            // Defaults of `UserPoolClientType`: an hour, an hour, 30 days.
            access_token_lives: lifetime(
                typed.access_token_validity,
                units.access_token.as_deref().unwrap_or("hours"),
                HOUR,
            ),
            id_token_lives: lifetime(
                typed.id_token_validity,
                units.id_token.as_deref().unwrap_or("hours"),
                HOUR,
            ),
            refresh_token_lives: lifetime(
                typed
                    .refresh_token_validity
                    .filter(|validity| *validity > 0),
                units.refresh_token.as_deref().unwrap_or("days"),
                30 * DAY,
            ),
            session_lives: typed.auth_session_validity.unwrap_or(3) * MINUTE,
            // "After you enable refresh token rotation … the origin_jti and jti claims are added."
            token_revocation: typed.enable_token_revocation.unwrap_or(true) || rotation.is_some(),
            rotation_grace: rotation
                .map(|rotation| rotation.retry_grace_period_seconds.unwrap_or(0) * SECOND),
            created: now,
            modified: now,
            settings,
        })
    }

    /// Whether the client permits a flow. Names without `ALLOW_` are the older ones; a client
    /// without any flow permits SRP, custom and refresh (`ExplicitAuthFlows` in the API model).
    pub(crate) fn permits(&self, flow: AuthFlow) -> bool {
        if self.explicit_auth_flows.is_empty() {
            return matches!(flow, AuthFlow::UserSrp | AuthFlow::RefreshToken);
        }
        let older = !self.explicit_auth_flows[0].starts_with("ALLOW_");
        self.explicit_auth_flows.iter().any(|name| match flow {
            AuthFlow::AdminUserPassword if name == "ADMIN_NO_SRP_AUTH" => true,
            _ => name.strip_prefix("ALLOW_").unwrap_or(name) == flow.as_str(),
        }) || (older && matches!(flow, AuthFlow::UserSrp | AuthFlow::RefreshToken))
    }

    /// Whether users may choose among the pool's first factors (`ALLOW_USER_AUTH`).
    pub(crate) fn permits_choice(&self) -> bool {
        self.permits(AuthFlow::UserAuth)
    }

    /// Refuses a call whose `SECRET_HASH` does not fit the client's secret and this username.
    pub(crate) fn check_secret_hash(
        &self,
        username: &str,
        given: Option<&str>,
    ) -> Result<(), ApiError> {
        match (&self.secret, given) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(ApiError::not_authorized(format!(
                "Client {} is not configured for secret but secret hash was received",
                self.id
            ))),
            (Some(_), None) => Err(ApiError::not_authorized(format!(
                "Client {} is configured with secret but SECRET_HASH was not received",
                self.id
            ))),
            (Some(secret), Some(given)) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
                let tag = hmac::sign(&key, format!("{username}{}", self.id).as_bytes());
                let expected = STANDARD.encode(tag);
                if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
                    return Ok(());
                }
                Err(ApiError::not_authorized(format!(
                    "Unable to verify secret hash for client {}",
                    self.id
                )))
            }
        }
    }

    /// Whether `given` is the client's secret, or there is none and none was given.
    pub(crate) fn has_secret(&self, given: Option<&str>) -> bool {
        match (&self.secret, given) {
            (None, None) => true,
            (Some(secret), Some(given)) => {
                bool::from(secret.reveal().as_bytes().ct_eq(given.as_bytes()))
            }
            _ => false,
        }
    }

    pub(crate) fn may_read(&self, attribute: &str) -> bool {
        may(self.read_attributes.as_deref(), attribute)
    }

    /// Refuses a user's change to attributes the client may not write.
    pub(crate) fn check_writes<'a>(
        &self,
        mut attributes: impl Iterator<Item = &'a str>,
    ) -> Result<(), ApiError> {
        let listed = self.write_attributes.as_deref();
        // "You can only modify a user's developer attributes with AWS credentials."
        match attributes.find(|name| name.starts_with("dev:") || !may(listed, name)) {
            None => Ok(()),
            Some(_) => Err(ApiError::not_authorized(
                "A client attempted to write unauthorized attribute",
            )),
        }
    }

    /// `UserPoolClientType`.
    pub(crate) fn described(&self) -> Value {
        let mut described = self.settings.clone();
        let mut add = |name: &str, value: Value| {
            described.entry(name.to_owned()).or_insert(value);
        };
        add("UserPoolId", self.pool_id.as_str().into());
        add("ClientName", self.name.as_str().into());
        add("ClientId", self.id.as_str().into());
        if let Some(secret) = &self.secret {
            add("ClientSecret", secret.reveal().into());
        }
        add("CreationDate", epoch_seconds(self.created).into());
        add("LastModifiedDate", epoch_seconds(self.modified).into());
        add("RefreshTokenValidity", 30.into());
        add("TokenValidityUnits", json!({}));
        add("AllowedOAuthFlowsUserPoolClient", false.into());
        add("EnableTokenRevocation", true.into());
        add("EnablePropagateAdditionalUserContextData", false.into());
        add("AuthSessionValidity", 3.into());
        add("PreventUserExistenceErrors", "LEGACY".into());
        Value::Object(described)
    }
}

fn may(listed: Option<&[String]>, attribute: &str) -> bool {
    listed.is_none_or(|listed| listed.iter().any(|name| names(name, attribute)))
}

/// The scope that stands for several attributes in a client's permissions.
pub(crate) const PROFILE_SCOPE: &str = "oidc:profile";

/// Whether an entry of a client's permissions names an attribute, itself or by the scope (guide:
/// user-pool-settings-attributes, "Attribute permissions with scopes").
pub(crate) fn names(entry: &str, attribute: &str) -> bool {
    const PROFILE: [&str; 13] = [
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
    ];
    entry == attribute || (entry == PROFILE_SCOPE && PROFILE.contains(&attribute))
}

fn check_flows(flows: &[String]) -> Result<(), ApiError> {
    let newer = flows
        .iter()
        .filter(|name| name.starts_with("ALLOW_"))
        .count();
    if newer != 0 && newer != flows.len() {
        return Err(ApiError::invalid_parameter(
            "ExplicitAuthFlows can't mix values with and without the ALLOW_ prefix.",
        ));
    }
    Ok(())
}

fn lifetime(validity: Option<i64>, unit: &str, default: Millis) -> Millis {
    let unit = match unit {
        "seconds" => SECOND,
        "minutes" => MINUTE,
        "days" => DAY,
        _ => HOUR,
    };
    validity.map_or(default, |count| count * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(request: Value) -> Client {
        let Value::Object(request) = request else {
            panic!("an object")
        };
        Client::create("client".to_owned(), "eu-west-1_abc", request, 0).expect("a valid client")
    }

    #[test]
    fn a_client_permits_only_what_it_names() {
        let named = client(json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}));
        assert!(named.permits(AuthFlow::UserPassword));
        assert!(!named.permits(AuthFlow::AdminUserPassword));
        assert!(!named.permits(AuthFlow::RefreshToken));

        let unnamed = client(json!({}));
        assert!(unnamed.permits(AuthFlow::UserSrp));
        assert!(!unnamed.permits(AuthFlow::UserPassword));

        let older = client(json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH"]}));
        assert!(older.permits(AuthFlow::AdminUserPassword));
        assert!(older.permits(AuthFlow::UserSrp));
        assert!(!older.permits(AuthFlow::UserPassword));
    }

    #[test]
    fn a_secret_hash_is_bound_to_username_and_client() {
        let mut with_secret = client(json!({"ClientSecret": "s".repeat(30)}));
        with_secret.id = "abc".to_owned();
        // python: base64(hmac_sha256(b"s"*30, b"bobabc"))
        let hash = "ItBnccd4WOqt19AZOYr01LTqlPnZ8XKekaTIxYRTEh0=";
        with_secret
            .check_secret_hash("bob", Some(hash))
            .expect("the right hash");
        with_secret
            .check_secret_hash("rob", Some(hash))
            .expect_err("another user");
        with_secret
            .check_secret_hash("bob", None)
            .expect_err("no hash");
        client(json!({}))
            .check_secret_hash("bob", Some(hash))
            .expect_err("no secret");
    }
}
