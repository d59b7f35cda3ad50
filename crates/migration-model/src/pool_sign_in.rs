//! How people sign in at the pool, which decides what their pool username is. Fixed when a pool
//! is created (AliasAttributes, UsernameAttributes). The configuration's `login` implies it;
//! trigger, importer and rehearsal pool all ask here.

use serde::Serialize;

use crate::{LegacyUser, LoginColumn};

/// The kinds of user pool that a Django login maps to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolSignIn {
    /// A plain pool: people type their username.
    Username,
    /// AliasAttributes = email: people type their username or their verified e-mail.
    UsernameOrEmail,
    /// UsernameAttributes = email: people type their e-mail, Cognito makes the username.
    Email,
}

impl PoolSignIn {
    /// The kind of pool that fits the logins of the legacy app.
    pub fn for_login(login: &[LoginColumn]) -> PoolSignIn {
        let email = login.contains(&LoginColumn::Email);
        let other = login.iter().any(|column| *column != LoginColumn::Email);
        match (other, email) {
            (true, true) => PoolSignIn::UsernameOrEmail,
            (false, true) => PoolSignIn::Email,
            _ => PoolSignIn::Username,
        }
    }

    /// The name under which the pool is asked to create a legacy user: the username, or the
    /// e-mail where that is the username. `None` when the user has no such value.
    pub fn pool_username(self, user: &LegacyUser) -> Option<&str> {
        match self {
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => user.username.as_deref(),
            PoolSignIn::Email => user.email.as_deref(),
        }
    }
}
