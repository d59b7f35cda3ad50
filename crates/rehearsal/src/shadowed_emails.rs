//! People whose e-mail is somebody else's username: where both may be typed, one login means two
//! people. Counted while the user table is read; keeps hashes
//! of e-mails alone, eight bytes a user. Must not know SQL.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use migration_model::{LegacyUser, fold_login_name};

/// What is remembered of those read so far.
#[derive(Debug, Default)]
pub(crate) struct ShadowedEmails {
    hashes: RandomState,
    emails: HashSet<u64>,
    /// Usernames that look like an e-mail, and are not their user's own.
    names: HashSet<u64>,
}

impl ShadowedEmails {
    pub(crate) fn add(&mut self, user: &LegacyUser) {
        let hash = |text: &str| self.hashes.hash_one(fold_login_name(text));
        let email = user.email.as_deref().map(hash);
        let name = user.username.as_deref().filter(|name| name.contains('@'));
        let name = name.map(hash).filter(|name| Some(*name) != email);
        self.emails.extend(email);
        self.names.extend(name);
    }

    /// How many e-mails are also the username of somebody else.
    pub(crate) fn count(&self) -> u64 {
        self.names.intersection(&self.emails).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use django_password::EncodedPassword;
    use migration_model::LegacyId;

    use super::*;

    fn user(id: i64, username: &str, email: &str) -> LegacyUser {
        LegacyUser {
            id: LegacyId::Integer(id),
            username: Some(username.to_owned()),
            email: (!email.is_empty()).then(|| email.to_owned()),
            email_verified: false,
            email_shared: false,
            phone_number: None,
            phone_verified: false,
            encoded_password: EncodedPassword::new("!"),
            is_active: true,
            is_staff: false,
            is_superuser: false,
            last_login: None,
            date_joined: None,
            columns: BTreeMap::new(),
            groups: Vec::new(),
            unreadable: None,
        }
    }

    #[test]
    fn only_an_email_that_is_anothers_username_is_shadowed() {
        let mut shadowed = ShadowedEmails::default();
        shadowed.add(&user(1, "ann@example.org", "ann@example.org"));
        shadowed.add(&user(2, "bob", "bob@example.org"));
        shadowed.add(&user(3, "nobody@example.org", ""));
        assert_eq!(shadowed.count(), 0);
        shadowed.add(&user(4, "BOB@example.org", "mallory@example.org"));
        assert_eq!(shadowed.count(), 1);
    }
}
