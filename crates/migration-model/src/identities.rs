//! From accounts at other sign-in services (django-allauth's `socialaccount`) to identities that
//! Cognito links to a user. Knows which provider of the one is which of the other, and no database.

use std::collections::BTreeMap;
use std::fmt;

/// Linked identities that Cognito allows a user (developer guide, "Linking federated users to an
/// existing user profile").
pub const MAX_IDENTITIES: usize = 5;

/// An account that a legacy user has connected. `Debug` shows the provider alone.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub struct SocialAccount {
    /// allauth's id of the provider, such as `google`.
    pub provider: String,
    /// The user's id there: what the provider calls `sub`, or its like.
    pub uid: String,
}

impl fmt::Debug for SocialAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocialAccount")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// The same as AdminLinkProviderForUser takes it. `Debug` shows the provider alone.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub struct PoolIdentity {
    /// The pool's name of the identity provider, such as `Google`.
    pub provider: String,
    /// The value of `Cognito_Subject`.
    pub subject: String,
}

impl fmt::Debug for PoolIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolIdentity")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// `[identities]`: the pool's identity provider for each of allauth's. Empty: nothing is linked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IdentityProviders {
    /// allauth's provider to the pool's.
    pub allauth: BTreeMap<String, String>,
}

impl IdentityProviders {
    /// Whether any identity is to be linked.
    pub fn are_carried(&self) -> bool {
        !self.allauth.is_empty()
    }

    /// What is to be linked to a user with these accounts, and the accounts of providers that
    /// nobody mapped.
    pub fn identities_of<'a>(
        &self,
        accounts: &'a [SocialAccount],
    ) -> (Vec<PoolIdentity>, Vec<&'a SocialAccount>) {
        let (mut identities, mut unmapped) = (Vec::new(), Vec::new());
        for account in accounts {
            match self.allauth.get(&account.provider) {
                Some(provider) => identities.push(PoolIdentity {
                    provider: provider.clone(),
                    subject: account.uid.clone(),
                }),
                None => unmapped.push(account),
            }
        }
        identities.sort();
        identities.dedup();
        (identities, unmapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_providers_are_linked_and_the_others_are_named() {
        let account = |provider: &str, uid: &str| SocialAccount {
            provider: provider.to_owned(),
            uid: uid.to_owned(),
        };
        let providers = IdentityProviders {
            allauth: BTreeMap::from([("google".to_owned(), "Google".to_owned())]),
        };
        let accounts = [account("google", "1"), account("github", "2")];
        let (identities, unmapped) = providers.identities_of(&accounts);
        let expected = PoolIdentity {
            provider: "Google".to_owned(),
            subject: "1".to_owned(),
        };
        assert_eq!(identities, [expected]);
        assert_eq!(unmapped, [&account("github", "2")]);
        assert!(!format!("{accounts:?} {identities:?}").contains('1'));
    }
}
