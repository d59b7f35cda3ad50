//! What ID and access tokens claim.
//!
//! Responsible for Cognito's claims, for signing a set of tokens and for reading an access token
//! back. It must not know how a user proved who they are.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::clock::{Millis, SECOND};
use crate::pool::client::Client;
use crate::pool::config::PoolConfig;
use crate::pool::group::{Group, preferred_role};
use crate::pool::schema::{AttributeId, EMAIL_VERIFIED, PHONE_NUMBER_VERIFIED};
use crate::pool::user::User;
use crate::pool::{Pool, PoolState};
use crate::token::keys::SigningKeys;
use crate::token::refresh::{self, RefreshClaims};

/// The one scope of tokens from an API sign-in.
const SELF_SERVICE: &str = "aws.cognito.signin.user.admin";

/// One sign-in, of which several tokens may come over time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignIn {
    pub(crate) origin_jti: Uuid,
    pub(crate) auth_time: Millis,
    event_id: Uuid,
}

impl SignIn {
    pub(crate) fn new(user: &User, now: Millis) -> Self {
        let mut id = Uuid::new_v4().into_bytes();
        // The first two bytes say how often the user had been signed out everywhere, so that a
        // later sign-out is told from an earlier one without a list of every token.
        id[..2].copy_from_slice(&user.sign_outs().to_be_bytes());
        Self {
            origin_jti: Uuid::from_bytes(id),
            auth_time: now,
            event_id: Uuid::new_v4(),
        }
    }

    pub(crate) fn of_refresh(claims: &RefreshClaims) -> Self {
        Self {
            origin_jti: claims.origin_jti,
            auth_time: claims.auth_time,
            event_id: Uuid::new_v4(),
        }
    }
}

/// Claims before they are signed; a token generation trigger may change them.
#[derive(Debug)]
pub(crate) struct TokenClaims {
    pub(crate) id: Map<String, Value>,
    pub(crate) access: Map<String, Value>,
    sub: Uuid,
    origin_jti: Uuid,
    auth_time: Millis,
}

impl TokenClaims {
    pub(crate) fn new(
        issuer: &str,
        config: &PoolConfig,
        client: &Client,
        user: &User,
        groups: &[&Group],
        sign_in: SignIn,
        now: Millis,
    ) -> Self {
        let schema = &config.schema;
        let level_one = config.level_one();
        let sub = user.sub_text();
        let common = |use_: &str, lives: Millis| {
            let mut claims = Map::new();
            claims.insert("sub".to_owned(), sub.as_str().into());
            if !groups.is_empty() {
                claims.insert("cognito:groups".to_owned(), group_names(groups));
            }
            claims.insert("iss".to_owned(), issuer.into());
            if client.token_revocation {
                // Both claims are there only where tokens can be revoked (guide: token revocation).
                claims.insert(
                    "origin_jti".to_owned(),
                    sign_in.origin_jti.to_string().into(),
                );
                claims.insert("jti".to_owned(), Uuid::new_v4().to_string().into());
            }
            claims.insert("event_id".to_owned(), sign_in.event_id.to_string().into());
            claims.insert("token_use".to_owned(), use_.into());
            // Every sign-in here is by password alone, the lowest level there is (guide:
            // cognito-user-pools-step-up-authentication).
            claims.insert("acr".to_owned(), level_one.into());
            claims.insert("amr".to_owned(), json!(["pwd"]));
            claims.insert("auth_time".to_owned(), (sign_in.auth_time / SECOND).into());
            claims.insert("exp".to_owned(), ((now + lives) / SECOND).into());
            claims.insert("iat".to_owned(), (now / SECOND).into());
            claims
        };

        let mut id = common("id", client.id_token_lives);
        id.insert("aud".to_owned(), client.id.as_str().into());
        id.insert("cognito:username".to_owned(), (&*user.username).into());
        for (attribute, value) in user.attributes.iter() {
            let definition = schema.get(attribute);
            if client.may_read(&definition.name) {
                id.insert(definition.name.clone(), claim_value(attribute, value));
            }
        }
        let roles: Vec<&str> = groups
            .iter()
            .filter_map(|group| group.role_arn.as_deref())
            .collect();
        if let Some(preferred) = preferred_role(groups) {
            id.insert("cognito:preferred_role".to_owned(), preferred.into());
        }
        if !roles.is_empty() {
            id.insert("cognito:roles".to_owned(), json!(roles));
        }
        if let Some(identities) = user.identities_claim() {
            id.insert("identities".to_owned(), identities);
        }

        let mut access = common("access", client.access_token_lives);
        access.insert("client_id".to_owned(), client.id.as_str().into());
        access.insert("username".to_owned(), (&*user.username).into());
        access.insert("scope".to_owned(), SELF_SERVICE.into());

        Self {
            id,
            access,
            sub: user.sub,
            origin_jti: sign_in.origin_jti,
            auth_time: sign_in.auth_time,
        }
    }

    /// `AuthenticationResultType`. With `refresh_until`, a refresh token is among them.
    pub(crate) fn signed(
        &self,
        keys: &SigningKeys,
        client: &Client,
        refresh_until: Option<Millis>,
    ) -> Value {
        let mut result = json!({
            "AccessToken": keys.access.sign(&self.access),
            "ExpiresIn": client.access_token_lives / SECOND,
            "TokenType": "Bearer",
            "IdToken": keys.id.sign(&self.id),
        });
        if let Some(expires) = refresh_until {
            let claims = RefreshClaims {
                sub: self.sub,
                client_id: client.id.clone(),
                origin_jti: self.origin_jti,
                auth_time: self.auth_time,
                expires,
                jti: Uuid::new_v4(),
            };
            result["RefreshToken"] = refresh::seal(&keys.refresh, &claims).into();
        }
        result
    }
}

fn group_names(groups: &[&Group]) -> Value {
    groups
        .iter()
        .map(|group| Value::from(group.name.as_str()))
        .collect()
}

/// The verified flags are booleans in an ID token; all else is text, custom attributes of any type
/// too (guide: the ID token).
fn claim_value(attribute: AttributeId, value: &str) -> Value {
    match attribute {
        EMAIL_VERIFIED | PHONE_NUMBER_VERIFIED => value.eq_ignore_ascii_case("true").into(),
        _ => value.into(),
    }
}

/// What an access token proves.
#[derive(Debug, Clone)]
pub(crate) struct AccessClaims {
    pub(crate) sub: Uuid,
    pub(crate) client_id: String,
    pub(crate) origin_jti: Option<Uuid>,
}

impl AccessClaims {
    /// The pool id in the token's `iss`, unchecked: it only says whose keys to check it with.
    pub(crate) fn pool_named_by(token: &str) -> Option<String> {
        use base64::Engine as _;
        let payload = token.split('.').nth(1)?;
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(payload)
            .ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        Some(claims["iss"].as_str()?.rsplit('/').next()?.to_owned())
    }

    /// Reads an access token of `pool`.
    pub(crate) fn read(pool: &Pool, token: &str, now: Millis) -> Result<Self, ApiError> {
        let invalid = || ApiError::not_authorized("Invalid Access Token");
        let claims = pool.keys().access.verified(token).ok_or_else(invalid)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("token_use") != Some("access") {
            return Err(invalid());
        }
        let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
        if seconds("exp").is_none_or(|expires| expires * SECOND <= now) {
            return Err(ApiError::not_authorized("Access Token has expired"));
        }
        // The scope that user self-service needs, which a token trigger may suppress (guide: the
        // access token).
        let scopes = text("scope").unwrap_or_default();
        if !scopes.split(' ').any(|scope| scope == SELF_SERVICE) {
            return Err(ApiError::not_authorized(
                "Access Token does not have required scopes",
            ));
        }
        Ok(Self {
            sub: text("sub")
                .and_then(|sub| sub.parse().ok())
                .ok_or_else(invalid)?,
            client_id: text("client_id").ok_or_else(invalid)?.to_owned(),
            origin_jti: text("origin_jti").and_then(|jti| jti.parse().ok()),
        })
    }
}

impl PoolState {
    /// Whether the sign-in a token comes of has been revoked since: by itself, or with all others
    /// of the user. Tokens without `origin_jti` (clients without revocation) never are.
    pub(crate) fn is_revoked(&self, user: &User, origin_jti: Option<Uuid>) -> bool {
        origin_jti.is_some_and(|jti| {
            self.revoked.contains_key(&jti) || jti.as_bytes()[..2] != user.sign_outs().to_be_bytes()
        })
    }
}
