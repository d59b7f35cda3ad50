//! The keys of one pool: two RSA keys for ID and access tokens, one symmetric for refresh tokens.
//!
//! Responsible for making, signing, checking and publishing. Signing goes to `aws-lc-rs` directly
//! because `jsonwebtoken` reads the private key anew for every token; checking goes through
//! `jsonwebtoken`.
//!
//! Source: guide page amazon-cognito-user-pools-using-tokens-verifying-a-jwt: a pool publishes two
//! RSA keys, one that signs ID tokens and one that signs access tokens, found by `kid`; tokens are
//! RS256.

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::random;

pub(crate) struct SigningKeys {
    pub(crate) id: SigningKey,
    pub(crate) access: SigningKey,
    pub(crate) refresh: RandomizedNonceKey,
    refresh_bytes: Zeroizing<[u8; 32]>,
}

/// The keys as a state file has them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedKeys {
    id: SavedKey,
    access: SavedKey,
    refresh: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedKey {
    kid: String,
    /// The private key in PKCS #8, base64.
    pkcs8: String,
}

pub(crate) struct SigningKey {
    kid: String,
    pair: RsaKeyPair,
    modulus: String,
    exponent: String,
}

impl SigningKeys {
    pub(crate) fn generate() -> Self {
        let mut refresh = [0_u8; 32];
        random::fill(&mut refresh);
        Self::with(SigningKey::generate(), SigningKey::generate(), refresh)
    }

    fn with(id: SigningKey, access: SigningKey, refresh: [u8; 32]) -> Self {
        let refresh_bytes = Zeroizing::new(refresh);
        let refresh =
            RandomizedNonceKey::new(&AES_256_GCM, &refresh).expect("32 bytes are an AES-256 key");
        Self {
            id,
            access,
            refresh,
            refresh_bytes,
        }
    }

    pub(crate) fn saved(&self) -> SavedKeys {
        SavedKeys {
            id: self.id.saved(),
            access: self.access.saved(),
            refresh: *self.refresh_bytes,
        }
    }

    pub(crate) fn restored(saved: &SavedKeys) -> Result<Self, String> {
        let (id, access) = (&saved.id, &saved.access);
        let read = |key| SigningKey::restored(key).ok_or("a key of the pool is damaged");
        Ok(Self::with(read(id)?, read(access)?, saved.refresh))
    }

    /// The JWKS document.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [self.id.jwk(), self.access.jwk()]})
    }
}

impl SigningKey {
    fn generate() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be made");
        let mut kid = [0_u8; 32];
        random::fill(&mut kid);
        Self::of(STANDARD.encode(kid), pair)
    }

    fn saved(&self) -> SavedKey {
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.pair).expect("a key of ours is encoded");
        SavedKey {
            kid: self.kid.clone(),
            pkcs8: STANDARD.encode(pkcs8.as_ref()),
        }
    }

    fn restored(saved: &SavedKey) -> Option<Self> {
        let pkcs8 = Zeroizing::new(STANDARD.decode(&saved.pkcs8).ok()?);
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).ok()?;
        Some(Self::of(saved.kid.clone(), pair))
    }

    fn of(kid: String, pair: RsaKeyPair) -> Self {
        let public = pair.public_key();
        let modulus = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let exponent = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        Self {
            kid,
            pair,
            modulus,
            exponent,
        }
    }

    fn jwk(&self) -> Value {
        json!({
            "alg": "RS256",
            "e": self.exponent,
            "kid": self.kid,
            "kty": "RSA",
            "n": self.modulus,
            "use": "sig",
        })
    }

    /// Signs claims into a token.
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> String {
        let header = json!({"kid": self.kid, "alg": "RS256"}).to_string();
        let claims = serde_json::to_vec(claims).expect("JSON values serialize");
        let mut token = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .expect("the buffer has the modulus' length");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        token
    }

    /// The claims of a token that this key signed; nothing is said of expiry.
    pub(crate) fn verified(&self, token: &str) -> Option<Map<String, Value>> {
        let key = DecodingKey::from_rsa_components(&self.modulus, &self.exponent).ok()?;
        let mut validation = Validation::new(Algorithm::RS256);
        // Time is the pool's own clock; the caller compares.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &key, &validation)
            .ok()
            .map(|token| token.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_knows_its_own_tokens_only() {
        let (one, other) = (SigningKey::generate(), SigningKey::generate());
        let claims = Map::from_iter([("sub".to_owned(), Value::from("bob"))]);
        let token = one.sign(&claims);
        assert_eq!(one.verified(&token), Some(claims));
        assert_eq!(other.verified(&token), None);
        let forged = token.replacen('.', ".e30", 1);
        assert_eq!(one.verified(&forged), None);
    }

    #[test]
    fn keys_of_an_earlier_run_know_its_tokens() {
        let keys = SigningKeys::generate();
        let text = serde_json::to_string(&keys.saved()).expect("it serializes");
        let saved = serde_json::from_str(&text).expect("it was just written");
        let again = SigningKeys::restored(&saved).expect("whole");
        assert_eq!(again.jwks(), keys.jwks());
        let claims = Map::from_iter([("sub".to_owned(), Value::from("bob"))]);
        assert!(again.access.verified(&keys.access.sign(&claims)).is_some());
        assert!(keys.id.verified(&again.id.sign(&claims)).is_some());
    }
}
