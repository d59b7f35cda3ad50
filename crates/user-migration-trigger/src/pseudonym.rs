//! A name for a person that is not theirs. Must not know events or decisions. Used for the log line
//! of an invocation, and for shared counts.

use hmac::{Hmac, KeyInit, Mac};
use migration_model::fold_login_name;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Makes pseudonyms: the same login gives the same text under the same key, and without the key
/// nobody can try names against it (a plain hash of an e-mail can be guessed back).
pub struct PseudonymKey(Zeroizing<Vec<u8>>);

impl PseudonymKey {
    /// A key shared by all instances of the function and by other tools, so that one person can
    /// be followed through all logs.
    pub fn shared(key: &str) -> PseudonymKey {
        PseudonymKey(Zeroizing::new(key.as_bytes().to_vec()))
    }

    /// A key of this process alone: a person can be followed within one log stream.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn random() -> Result<PseudonymKey, getrandom::Error> {
        let mut key = Zeroizing::new(vec![0; 32]);
        getrandom::fill(&mut key)?;
        Ok(PseudonymKey(key))
    }

    /// 16 hex digits of HMAC-SHA256 over the login, letter case and Unicode forms folded as the
    /// look-up folds them.
    pub fn of(&self, login: &str) -> String {
        let code = hex::encode(self.hash(fold_login_name(login).as_bytes()));
        code.get(..16).unwrap_or_default().to_owned()
    }

    /// 128 bits of HMAC-SHA256 over several texts, each with its length.
    pub(crate) fn code(&self, texts: &[&str]) -> [u8; 16] {
        let mut joined = Zeroizing::new(String::new());
        for text in texts {
            joined.push_str(&text.len().to_string());
            joined.push(':');
            joined.push_str(text);
        }
        let mut code = [0; 16];
        code.iter_mut()
            .zip(self.hash(joined.as_bytes()))
            .for_each(|(to, from)| *to = from);
        code
    }

    fn hash(&self, text: &[u8]) -> Vec<u8> {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return Vec::new();
        };
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_pseudonym_however_typed() {
        let key = PseudonymKey::shared("k");
        assert_eq!(key.of("Ann@Example.org"), key.of("ann@example.org"));
        assert_ne!(key.of("ann@example.org"), key.of("bob@example.org"));
        assert_eq!(key.of("ann").len(), 16);
    }

    #[test]
    fn texts_that_are_cut_elsewhere_have_another_code() {
        let key = PseudonymKey::shared("k");
        assert_eq!(key.code(&["a", "bc"]), key.code(&["a", "bc"]));
        assert_ne!(key.code(&["a", "bc"]), key.code(&["ab", "c"]));
        assert_ne!(key.code(&["a"]), PseudonymKey::shared("l").code(&["a"]));
    }

    #[test]
    fn another_key_gives_another_pseudonym() {
        assert_ne!(
            PseudonymKey::shared("k").of("ann"),
            PseudonymKey::shared("l").of("ann")
        );
        let random = PseudonymKey::random().expect("the system has random numbers");
        assert_ne!(random.of("ann"), PseudonymKey::shared("k").of("ann"));
    }
}
