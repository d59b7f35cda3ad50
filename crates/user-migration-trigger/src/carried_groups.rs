//! Groups from a first sign-in to the tokens it ends in. Cognito has no place for them in a
//! migration's reply, so they travel in a custom attribute, sealed, and become `cognito:groups`
//! until the importer or `reconcile` has made them real. Knows attributes and groups, not events'
//! JSON. Asked by the decisions.

use migration_model::PoolSignIn;

use crate::event::Event;
use crate::group_seal::{GroupSealKey, Holder, SealInvalid};
use crate::token_groups::TokenGroups;

/// The attribute, its key, and by what a pool of this kind knows people.
#[derive(Debug)]
pub(crate) struct CarriedGroups {
    attribute: String,
    key: GroupSealKey,
    sign_in: PoolSignIn,
}

impl CarriedGroups {
    pub(crate) fn new(attribute: String, key: GroupSealKey, sign_in: PoolSignIn) -> CarriedGroups {
        CarriedGroups {
            attribute,
            key,
            sign_in,
        }
    }

    /// The attribute and its value for a migration; `None` as value where the groups do not fit.
    /// `username` and `email` are what the pool will know the user by.
    pub(crate) fn attribute(
        &self,
        event: &Event,
        username: Option<&str>,
        email: Option<&str>,
        groups: &[String],
    ) -> (&str, Option<String>) {
        let value = self
            .holder(event, username, email)
            .and_then(|holder| self.key.seal(holder, groups));
        (&self.attribute, value)
    }

    /// The carried groups of a user of the pool: none where nothing was carried.
    pub(crate) fn of_pool_user(&self, event: &Event) -> Result<Vec<String>, SealInvalid> {
        match event.user_attribute(&self.attribute) {
            Some(value) if !value.is_empty() => self.open(event, &value),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether the user to be created comes from a migration that this function allowed.
    pub(crate) fn vouch_for(&self, event: &Event) -> bool {
        event
            .user_attribute(&self.attribute)
            .is_some_and(|value| self.open(event, &value).is_ok())
    }

    fn open(&self, event: &Event, value: &str) -> Result<Vec<String>, SealInvalid> {
        let email = event.user_attribute("email");
        let holder = self
            .holder(event, event.user_name.as_deref(), email.as_deref())
            .ok_or(SealInvalid)?;
        self.key.open(holder, value)
    }

    fn holder<'a>(
        &self,
        event: &'a Event,
        username: Option<&'a str>,
        email: Option<&'a str>,
    ) -> Option<Holder<'a>> {
        let (kind, name) = match self.sign_in {
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => ("username", username?),
            PoolSignIn::Email => ("email", email?),
        };
        Some(Holder {
            user_pool_id: event.user_pool_id.as_deref().unwrap_or_default(),
            kind,
            name,
        })
    }
}

/// The groups for the tokens; `None` when those Cognito has shall stay.
///
/// Carried groups are added to Cognito's as long as none of them is real. As soon as one is,
/// somebody has begun to make them real, and what was taken away since must not come back.
pub(crate) fn with_carried(real: TokenGroups, carried: Vec<String>) -> Option<TokenGroups> {
    let made_real = carried.iter().any(|group| real.groups.contains(group));
    if carried.is_empty() || made_real {
        return None;
    }
    let mut tokens = real;
    tokens.groups.extend(carried);
    Some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn tokens(real: &[&str], carried: &[&str]) -> Option<Vec<String>> {
        let real = TokenGroups {
            groups: groups(real),
            ..TokenGroups::default()
        };
        with_carried(real, groups(carried)).map(|tokens| tokens.groups)
    }

    #[test]
    fn carried_groups_stand_beside_the_pools_until_one_of_them_is_real() {
        assert_eq!(tokens(&[], &["editors"]), Some(groups(&["editors"])));
        let both = tokens(&["beta"], &["editors", "staff"]);
        assert_eq!(both, Some(groups(&["beta", "editors", "staff"])));
        // The import made both real, and somebody has left the staff since.
        assert_eq!(tokens(&["editors"], &["editors", "staff"]), None);
        assert_eq!(tokens(&["beta"], &[]), None);
    }
}
