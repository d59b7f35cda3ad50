//! The key under which claims are named: nobody who reads the store alone learns who was migrated,
//! or can try ids and names against it. Must not know stores. Used by [`crate::Claims`].

use hmac::{Hmac, KeyInit, Mac};
use migration_model::fold_login_name;
use sha2::Sha256;

/// Names claims and pool names by HMAC-SHA256, cut to 128 bits.
#[derive(Clone)]
pub struct ClaimKey(Hmac<Sha256>);

impl ClaimKey {
    /// Least length of a key's text: 32 random characters of any alphabet cannot be guessed.
    pub const LEAST_LENGTH: usize = 32;

    /// A key of at least [`ClaimKey::LEAST_LENGTH`] bytes; `None` for a shorter one.
    pub fn new(text: &str) -> Option<ClaimKey> {
        if text.len() < ClaimKey::LEAST_LENGTH {
            return None;
        }
        Hmac::new_from_slice(text.as_bytes()).ok().map(ClaimKey)
    }

    /// The name of a person's claim: pool id and legacy id.
    pub(crate) fn of_person(&self, pool: &str, legacy_id: &str) -> String {
        // Databases write a UUID with hyphens or without; it is one person.
        let bare = legacy_id.replace('-', "").to_ascii_lowercase();
        let is_uuid = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let legacy_id = if is_uuid { &bare } else { legacy_id };
        self.code(&["cutover claim 1", pool, legacy_id])
    }

    /// The name that the pool user will have, letter case aside.
    pub(crate) fn of_pool_name(&self, pool: &str, name: &str) -> String {
        self.code(&["cutover claim name 1", pool, &fold_login_name(name)])
    }

    fn code(&self, parts: &[&str]) -> String {
        let mut mac = self.0.clone();
        for part in parts {
            // The length before each part: no two lists of parts look alike.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let code = hex::encode(mac.finalize().into_bytes());
        code.get(..32).unwrap_or_default().to_owned()
    }
}

impl std::fmt::Debug for ClaimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimKey(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_pools_and_names_have_codes_of_their_own() {
        let key = ClaimKey::new("0123456789abcdef0123456789abcdef").expect("it is long enough");
        assert_eq!(key.of_person("p", "7"), key.of_person("p", "7"));
        assert_ne!(key.of_person("p", "7"), key.of_person("q", "7"));
        assert_ne!(key.of_person("p1", "7"), key.of_person("p", "17"));
        assert_ne!(key.of_person("p", "ann"), key.of_pool_name("p", "ann"));
        assert_eq!(key.of_pool_name("p", "Ann"), key.of_pool_name("p", "ann"));
        assert!(ClaimKey::new("too short").is_none());
        assert_eq!(format!("{key:?}"), "ClaimKey(masked)");
    }
}
