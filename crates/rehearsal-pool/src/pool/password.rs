//! Passwords: the policy they must meet and what is kept of them.
//!
//! Responsible for the pool's password policy, for the verifier kept instead of a password, and
//! for generated temporary passwords. It must not know users.
//!
//! What is kept is the private value `x` of Cognito's secure remote password protocol,
//! `H(salt | H(pool name | user id | ":" | password))` with SHA-256. It is cheap on purpose (a
//! rehearsal signs in thousands), and serves both password and SRP sign-ins. Source of the form:
//! the SRP clients that AWS ships (amazon-cognito-identity-js, AuthenticationHelper).

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::api_error::ApiError;
use crate::clock::{DAY, Millis};

pub(crate) const SALT_LENGTH: usize = 16;

/// "You can prevent a user from resetting their password to a new password that matches their
/// current password or any of up to 23 additional previous passwords" (guide:
/// managing-users-passwords).
pub(crate) const MOST_REMEMBERED: usize = 23;

/// `PasswordPolicyType`; a member left out has Cognito's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Policy {
    pub(crate) minimum_length: usize,
    pub(crate) require_uppercase: bool,
    pub(crate) require_lowercase: bool,
    pub(crate) require_numbers: bool,
    pub(crate) require_symbols: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_history_size: Option<usize>,
    pub(crate) temporary_password_validity_days: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            password_history_size: None,
            temporary_password_validity_days: 7,
        }
    }
}

/// The symbols a policy counts (guide: user-pool-settings-policies); a blank inside counts too.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ";

impl Policy {
    /// Refuses a password that does not meet the policy, in the service's words.
    pub(crate) fn check(&self, password: &str) -> Result<(), ApiError> {
        let wanting = |what: &str| {
            Err(ApiError::new(
                "InvalidPasswordException",
                format!("Password did not conform with policy: {what}"),
            ))
        };
        if password.chars().count() < self.minimum_length {
            return wanting("Password not long enough");
        }
        if self.require_uppercase && !password.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return wanting("Password must have uppercase characters");
        }
        if self.require_lowercase && !password.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return wanting("Password must have lowercase characters");
        }
        if self.require_numbers && !password.bytes().any(|byte| byte.is_ascii_digit()) {
            return wanting("Password must have numeric characters");
        }
        if self.require_symbols && !password.contains(|c| SYMBOLS.contains(c)) {
            return wanting("Password must have symbol characters");
        }
        Ok(())
    }

    pub(crate) fn temporary_until(&self, now: Millis) -> Millis {
        now + self.temporary_password_validity_days.max(1) * DAY
    }

    /// A random password that meets any policy of this length.
    pub(crate) fn generate(&self) -> Zeroizing<String> {
        const KINDS: [&[u8]; 4] = [
            b"abcdefghijkmnpqrstuvwxyz",
            b"ABCDEFGHJKLMNPQRSTUVWXYZ",
            b"23456789",
            b"!@#%&*+-=?",
        ];
        let length = self.minimum_length.max(12);
        let mut random = Zeroizing::new(vec![0_u8; length]);
        crate::random::fill(&mut random);
        Zeroizing::new(
            random
                .iter()
                .enumerate()
                .map(|(place, byte)| {
                    let letters = KINDS[place % KINDS.len()];
                    char::from(letters[usize::from(*byte) % letters.len()])
                })
                .collect(),
        )
    }
}

/// What the pool keeps of one password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Verifier {
    pub(crate) salt: [u8; SALT_LENGTH],
    x: [u8; 32],
}

impl Verifier {
    /// Takes a password in. `pool_name` is the part of the pool id after `_`; `user_id` is what
    /// the service hands to clients as `USER_ID_FOR_SRP`.
    pub(crate) fn of(pool_name: &str, user_id: &str, password: &str) -> Self {
        let mut salt = [0_u8; SALT_LENGTH];
        crate::random::fill(&mut salt);
        // The first bit stays clear, so that the salt's usual hexadecimal form, read as a signed
        // number by clients written in Java or JavaScript, has no padding of its own.
        salt[0] = (salt[0] & 0x7f) | 0x01;
        let x = private_value(&salt, pool_name, user_id, password);
        Self { salt, x }
    }

    pub(crate) fn matches(&self, pool_name: &str, user_id: &str, password: &str) -> bool {
        let mut x = private_value(&self.salt, pool_name, user_id, password);
        let same = bool::from(x.ct_eq(&self.x));
        x.zeroize();
        same
    }

    pub(crate) fn private_value(&self) -> &[u8; 32] {
        &self.x
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.x.zeroize();
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(***)")
    }
}

fn private_value(
    salt: &[u8; SALT_LENGTH],
    pool_name: &str,
    user_id: &str,
    password: &str,
) -> [u8; 32] {
    let mut inner = Context::new(&SHA256);
    for part in [pool_name, user_id, ":", password] {
        inner.update(part.as_bytes());
    }
    let mut outer = Context::new(&SHA256);
    outer.update(salt);
    outer.update(inner.finish().as_ref());
    outer
        .finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_knows_its_own_password_only() {
        let verifier = Verifier::of("abc", "bob", "Correct-Horse-1");
        assert!(verifier.matches("abc", "bob", "Correct-Horse-1"));
        assert!(!verifier.matches("abc", "bob", "correct-Horse-1"));
        assert!(!verifier.matches("abc", "rob", "Correct-Horse-1"));
        assert!(!format!("{verifier:?}").contains("Horse"));
    }

    #[test]
    fn each_rule_of_the_policy_has_its_own_refusal() {
        let policy = Policy::default();
        for (password, word) in [
            ("aA1!", "long"),
            ("aaaa1111!", "uppercase"),
            ("AAAA1111!", "lowercase"),
            ("aaaaAAAA!", "numeric"),
            ("aaaaAAAA1", "symbol"),
        ] {
            let error = policy.check(password).expect_err(password);
            assert_eq!(error.code(), "InvalidPasswordException");
            assert!(error.message().contains(word), "{password}: {error}");
        }
        policy.check("aaaaAAAA1!").expect("meets every rule");
    }

    #[test]
    fn generated_passwords_meet_the_policy() {
        for minimum_length in [6, 8, 40, 99] {
            let policy = Policy {
                minimum_length,
                ..Policy::default()
            };
            for _ in 0..50 {
                policy
                    .check(&policy.generate())
                    .expect("generated for this policy");
            }
        }
    }
}
