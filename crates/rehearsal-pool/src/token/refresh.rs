//! Refresh tokens: opaque to clients, readable by the pool alone.
//!
//! Responsible for sealing and opening them. The pool keeps no list of those it gave out, so that
//! a million sign-ins cost no memory; what is revoked is remembered instead.
//!
//! Source: guide page amazon-cognito-user-pools-using-the-refresh-token (an encrypted JWT, opaque
//! to clients and administrators).

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::pool::client::Client;
use crate::pool::user_table::UserIndex;
use crate::pool::{Pool, PoolState};

/// What a refresh token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefreshClaims {
    pub(crate) sub: Uuid,
    pub(crate) client_id: String,
    /// Names this sign-in in every token that comes of it.
    pub(crate) origin_jti: Uuid,
    pub(crate) auth_time: Millis,
    pub(crate) expires: Millis,
    /// This very token, which rotation may retire before its sign-in ends.
    pub(crate) jti: Uuid,
}

const HEADER: &[u8] = br#"{"cty":"JWT","enc":"A256GCM","alg":"dir"}"#;
const TAG_LENGTH: usize = 16;

/// Seals claims into the five parts of an encrypted JWT.
pub(crate) fn seal(key: &RandomizedNonceKey, claims: &RefreshClaims) -> String {
    let header = URL_SAFE_NO_PAD.encode(HEADER);
    let mut sealed = serde_json::to_vec(claims).expect("claims serialize");
    let nonce = key
        .seal_in_place_append_tag(Aad::from(header.as_bytes()), &mut sealed)
        .expect("claims are far below the cipher's limit");
    let (text, tag) = sealed.split_at(sealed.len() - TAG_LENGTH);
    let [nonce, text, tag] = [nonce.as_ref(), text, tag].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}..{nonce}.{text}.{tag}")
}

/// The claims of a token sealed with this key.
pub(crate) fn open(key: &RandomizedNonceKey, token: &str) -> Option<RefreshClaims> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, "", nonce, text, tag] = parts[..] else {
        return None;
    };
    let nonce: [u8; NONCE_LEN] = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
    let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    sealed.extend(URL_SAFE_NO_PAD.decode(tag).ok()?);
    let opened = key
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(header.as_bytes()),
            &mut sealed,
        )
        .ok()?;
    serde_json::from_slice(opened).ok()
}

/// Reads a client's refresh token and refuses one that is foreign or has ended.
pub(crate) fn read(
    pool: &Pool,
    client: &Client,
    token: &str,
    now: Millis,
) -> Result<RefreshClaims, ApiError> {
    let claims = open(&pool.keys().refresh, token)
        .filter(|claims| claims.client_id == client.id)
        .ok_or_else(|| ApiError::not_authorized("Invalid Refresh Token"))?;
    if claims.expires <= now {
        return Err(ApiError::not_authorized("Refresh Token has expired"));
    }
    Ok(claims)
}

impl PoolState {
    /// Retires a refresh token that is exchanged for another one; refuses one that was retired
    /// longer ago than the grace period.
    pub(crate) fn rotate(
        &mut self,
        claims: &RefreshClaims,
        grace: Millis,
        now: Millis,
    ) -> Result<(), ApiError> {
        if let Some((good_until, _)) = self.rotated.get(&claims.jti) {
            return if now < *good_until {
                Ok(())
            } else {
                Err(ApiError::new(
                    "RefreshTokenReuseException",
                    "Refresh token has been invalidated",
                ))
            };
        }
        self.rotated.retain(|_, (_, ends)| *ends > now);
        self.rotated
            .insert(claims.jti, (now + grace, claims.expires));
        Ok(())
    }

    /// The user of a refresh token, if still entitled to new tokens.
    pub(crate) fn bearer_of_refresh(&self, claims: &RefreshClaims) -> Result<UserIndex, ApiError> {
        let index = self
            .users
            .by_sub(claims.sub)
            .ok_or_else(|| ApiError::not_authorized("Invalid Refresh Token"))?;
        let user = self.user(index)?;
        if self.is_revoked(user, Some(claims.origin_jti)) {
            return Err(ApiError::not_authorized("Refresh Token has been revoked"));
        }
        if !user.enabled {
            return Err(ApiError::not_authorized("User is disabled."));
        }
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::aead::AES_256_GCM;

    use super::*;

    #[test]
    fn a_sealed_token_opens_with_its_key_and_unchanged_only() {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &[1; 32]).expect("a key");
        let other = RandomizedNonceKey::new(&AES_256_GCM, &[2; 32]).expect("a key");
        let claims = RefreshClaims {
            sub: Uuid::new_v4(),
            client_id: "client".to_owned(),
            origin_jti: Uuid::new_v4(),
            auth_time: 1,
            expires: 2,
            jti: Uuid::new_v4(),
        };
        let token = seal(&key, &claims);
        assert_eq!(open(&key, &token), Some(claims.clone()));
        assert_eq!(open(&other, &token), None);
        let (head, tail) = token.split_at(token.len() - 1);
        let flipped = if tail == "A" { "B" } else { "A" };
        assert_eq!(open(&key, &format!("{head}{flipped}")).as_ref(), None);
        assert_eq!(open(&key, "not a token"), None);
    }
}
