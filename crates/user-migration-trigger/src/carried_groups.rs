//! Groups from a first sign-in to the tokens it ends in. Cognito has no place for them in a
//! migration's reply, so they travel in a custom attribute, sealed, and become `cognito:groups`
//! until the importer or `reconcile` has made them real. Knows attributes and groups, not events'
//! JSON. Asked by the decisions.

use std::time::{Duration, SystemTime};

use migration_model::PoolSignIn;

use crate::event::Event;
use crate::group_seal::{GroupSealKey, Holder, SealInvalid};
use crate::token_groups::TokenGroups;

/// The attribute, its key, how long a seal counts, and by what a pool of this kind knows people.
#[derive(Debug)]
pub(crate) struct CarriedGroups {
    pub(crate) attribute: String,
    /// The attribute that carries the legacy primary key, where one is mapped.
    pub(crate) legacy_id_attribute: Option<String>,
    pub(crate) key: GroupSealKey,
    pub(crate) life: Duration,
    pub(crate) sign_in: PoolSignIn,
}

impl CarriedGroups {
    /// The attribute and its value for a migration; `None` as value where the groups do not fit.
    /// `username` and the values of attributes are what the pool will know the user by.
    pub(crate) fn attribute<'a>(
        &self,
        event: &'a Event,
        username: Option<&'a str>,
        value: impl Fn(&str) -> Option<&'a str>,
        groups: &[String],
    ) -> (&str, Option<String>) {
        let id = self.legacy_id_attribute.as_deref().and_then(&value);
        let value = self
            .holder(event, username, value("email"), id)
            .and_then(|holder| self.key.seal(holder, SystemTime::now(), groups));
        (&self.attribute, value)
    }

    /// The carried groups of a user of the pool: none where nothing was carried, or too long ago.
    pub(crate) fn of_pool_user(
        &self,
        event: &Event,
        now: SystemTime,
    ) -> Result<Vec<String>, SealInvalid> {
        let Some(value) = event
            .user_attribute(&self.attribute)
            .filter(|value| !value.is_empty())
        else {
            return Ok(Vec::new());
        };
        let email = event.user_attribute("email");
        let id = self.legacy_id_attribute.as_deref();
        let id = id.and_then(|name| event.user_attribute(name));
        let username = event.user_name.as_deref();
        let holder = self
            .holder(event, username, email.as_deref(), id.as_deref())
            .ok_or(SealInvalid)?;
        let carried = self.key.open(holder, &value)?;
        let age = now.duration_since(carried.issued).unwrap_or_default();
        Ok(match age < self.life {
            true => carried.groups,
            false => Vec::new(),
        })
    }

    fn holder<'a>(
        &self,
        event: &'a Event,
        username: Option<&'a str>,
        email: Option<&'a str>,
        legacy_id: Option<&'a str>,
    ) -> Option<Holder<'a>> {
        let (kind, name) = match self.sign_in {
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => ("username", username?),
            PoolSignIn::Email => ("email", email?),
        };
        Some(Holder {
            user_pool_id: event.user_pool_id.as_deref().unwrap_or_default(),
            kind,
            name,
            email: email.unwrap_or_default(),
            legacy_id: legacy_id.unwrap_or_default(),
        })
    }
}

/// Whether one of the carried groups is real already.
pub(crate) fn made_real(real: &TokenGroups, carried: &[String]) -> bool {
    carried.iter().any(|group| real.groups.contains(group))
}

/// The groups for the tokens; `None` when those Cognito has shall stay.
///
/// Carried groups are added to Cognito's as long as none of them is real. As soon as one is,
/// somebody has begun to make them real, and what was taken away since must not come back.
pub(crate) fn with_carried(real: TokenGroups, carried: Vec<String>) -> Option<TokenGroups> {
    if carried.is_empty() || made_real(&real, &carried) {
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
