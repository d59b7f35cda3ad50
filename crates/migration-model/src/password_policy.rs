//! What a user pool asks of a password, for deciding whether a legacy password may be kept. Knows
//! Cognito's rules (developer guide, "Adding user pool password requirements"; `PasswordPolicyType`
//! and `PasswordType` of the API model), not where the password comes from. Asked by the trigger.

use serde::Deserialize;

/// The longest password Cognito holds, in characters (`PasswordType`).
pub const LONGEST_PASSWORD: usize = 256;

/// The characters that count as symbols; a blank counts where it is neither first nor last.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";

/// `[trigger.password_policy]`: the pool's own policy, in Cognito's words. The default is Cognito's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordPolicy {
    /// Least number of characters, 6 to 99.
    pub minimum_length: usize,
    /// An upper-case Latin letter is needed.
    pub require_uppercase: bool,
    /// A lower-case Latin letter is needed.
    pub require_lowercase: bool,
    /// A digit is needed.
    pub require_numbers: bool,
    /// A symbol is needed.
    pub require_symbols: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        PasswordPolicy {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
        }
    }
}

impl PasswordPolicy {
    /// Whether the pool would take this password from somebody who sets it.
    pub fn admits(&self, password: &str) -> bool {
        let has = |needed: bool, counts: fn(char) -> bool| !needed || password.contains(counts);
        password.chars().count() >= self.minimum_length
            && has(self.require_uppercase, |c| c.is_ascii_uppercase())
            && has(self.require_lowercase, |c| c.is_ascii_lowercase())
            && has(self.require_numbers, |c| c.is_ascii_digit())
            && (!self.require_symbols || has_symbol(password))
    }
}

fn has_symbol(password: &str) -> bool {
    password.contains(|c| SYMBOLS.contains(c)) || password.trim_matches(' ').contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cognitos_default_policy_wants_length_and_all_four_kinds() {
        let policy = PasswordPolicy::default();
        for (password, admitted) in [
            ("Abcdef1!", true),
            ("Abcde1!", false),
            ("abcdef1!", false),
            ("ABCDEF1!", false),
            ("Abcdefg!", false),
            ("Abcdefg1", false),
            ("Abc ef1x", true),
            (" Abcdef1x ", false),
            ("Äbcdéfg1!A", true),
            ("", false),
        ] {
            assert_eq!(policy.admits(password), admitted, "{password:?}");
        }
    }

    #[test]
    fn what_the_pool_does_not_ask_for_is_not_asked_for() {
        let policy = PasswordPolicy {
            minimum_length: 6,
            require_uppercase: false,
            require_lowercase: false,
            require_numbers: false,
            require_symbols: false,
        };
        assert!(policy.admits("ééééé\u{1f511}"));
        assert!(!policy.admits("12345"));
    }
}
