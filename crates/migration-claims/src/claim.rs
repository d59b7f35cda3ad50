//! What a claim is, and what can become of asking for one. Knows no store. Used by all of them and
//! by whoever asks.

use std::time::Duration;

/// How long a claim that nobody confirmed keeps the person from being migrated under *another*
/// name. Under the same name the sign-in may be repeated at once: the pool has room for one user
/// of a name.
///
/// Cognito waits 5 seconds for an answer and creates the user at once, so a sign-in of which
/// nothing is left after ten minutes came to nothing. Shorter would let a slow one become a
/// second person, longer would keep somebody out whose sign-in was lost.
pub const CLAIM_HOLDS: Duration = Duration::from_secs(600);

/// How long after its claim a migration may still be on its way to the pool: Cognito's 5 seconds for
/// the answer, and as much for what it does with it.
pub const IN_FLIGHT: Duration = Duration::from_secs(10);

/// What the store says to a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claimed {
    /// The person may be migrated under this name now.
    Granted,
    /// The person is in the pool already, or was: never again.
    AlreadyMigrated,
    /// Somebody migrates this person under another name at this moment.
    HeldByAnother,
}

/// What the store knows of a person.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Claim {
    /// The keyed hash of the pool name it was made for; empty where the import confirmed it.
    pub(crate) name: String,
    /// Until when it keeps other names out, in seconds since 1970.
    pub(crate) until: u64,
    /// The pool user the person became, once that is known.
    pub sub: Option<String>,
    /// Whether tokens or the import have seen the person's groups real: then carried ones are
    /// worth nothing.
    pub groups_real: bool,
}

impl Claim {
    /// What this claim answers to somebody who wants one under `name`.
    pub(crate) fn answer(&self, name: &str, now: u64) -> Claimed {
        if self.sub.is_some() {
            Claimed::AlreadyMigrated
        } else if self.name == name || self.until <= now {
            Claimed::Granted
        } else {
            Claimed::HeldByAnother
        }
    }
}

/// The store did not answer, or not as it should. Quotes nothing that was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the store of claims: {0}")]
pub struct ClaimsUnavailable(pub(crate) String);

/// A claim of the importer: who became which pool user.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed<'a> {
    /// The primary key in the legacy database, as text.
    pub legacy_id: &'a str,
    /// The pool user.
    pub sub: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_sign_in_may_be_repeated_at_once_and_under_another_name_later() {
        let claim = Claim {
            name: "a".to_owned(),
            until: 100,
            ..Claim::default()
        };
        assert_eq!(claim.answer("a", 50), Claimed::Granted);
        assert_eq!(claim.answer("b", 99), Claimed::HeldByAnother);
        assert_eq!(claim.answer("b", 100), Claimed::Granted);
        let confirmed = Claim {
            sub: Some("s".to_owned()),
            ..claim
        };
        assert_eq!(confirmed.answer("a", 1000), Claimed::AlreadyMigrated);
    }
}
