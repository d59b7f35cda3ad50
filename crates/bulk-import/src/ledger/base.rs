//! What both sides of a person last agreed on: the third leg of a three-way comparison. Attribute
//! values as keyed digests, because only equality is asked of them; groups by name, because each is
//! compared for itself. Pure.

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit, Mac};
use migration_model::PoolUser;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::reconcile::normalized;

/// Bytes of a digest that are kept: equal by chance once in 2^64.
const DIGEST_BYTES: usize = 8;

/// The key of a ledger's digests: without it a ledger that leaks does not confirm a guessed e-mail.
#[derive(Clone)]
pub(crate) struct BaseKey(Vec<u8>);

impl BaseKey {
    pub(crate) fn random() -> BaseKey {
        let mut key = vec![0; 32];
        getrandom::fill(&mut key).expect("the system has randomness");
        BaseKey(key)
    }

    pub(crate) fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<BaseKey> {
        let key = hex::decode(text).ok()?;
        (key.len() == 32).then_some(BaseKey(key))
    }

    /// The digest of an attribute's value.
    pub(crate) fn digest(&self, name: &str, value: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes();
        hex::encode(&digest[..DIGEST_BYTES])
    }
}

impl std::fmt::Debug for BaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BaseKey(masked)")
    }
}

/// What was agreed on. An attribute that neither side had is absent.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Base {
    #[serde(rename = "a")]
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(rename = "g")]
    pub(crate) groups: BTreeSet<String>,
    #[serde(rename = "e")]
    pub(crate) enabled: bool,
}

impl Base {
    /// What somebody agrees on from the moment they are created as this.
    pub(crate) fn of(user: &PoolUser, key: &BaseKey) -> Base {
        let digest = |(name, value): (&String, &String)| {
            let value = normalized(name, Some(value))?;
            Some((name.clone(), key.digest(name, &value)))
        };
        Base {
            attributes: user.attributes.iter().filter_map(digest).collect(),
            groups: user.groups.iter().cloned().collect(),
            enabled: user.enabled,
        }
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a base is plain data")
    }

    pub(crate) fn from_text(text: &str) -> Option<Base> {
        serde_json::from_str(text).ok()
    }
}
