//! A user as the pool reports them. Translates the SDK's types; nobody else sees those.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_cognitoidentityprovider::operation::admin_get_user::AdminGetUserOutput;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, UserStatusType, UserType};
use chrono::{DateTime, Utc};

/// A user's status under Cognito's names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserStatus {
    /// Signed up, not confirmed.
    Unconfirmed,
    /// Can sign in.
    Confirmed,
    /// Must reset the password before the next sign-in.
    ResetRequired,
    /// Created by an administrator; has never had a password of their own.
    ForceChangePassword,
    /// Signs in at an identity provider.
    ExternalProvider,
    /// A status that this version does not know.
    Other,
}

impl UserStatus {
    /// Cognito's name.
    pub const fn name(self) -> &'static str {
        match self {
            UserStatus::Unconfirmed => "UNCONFIRMED",
            UserStatus::Confirmed => "CONFIRMED",
            UserStatus::ResetRequired => "RESET_REQUIRED",
            UserStatus::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            UserStatus::ExternalProvider => "EXTERNAL_PROVIDER",
            UserStatus::Other => "UNKNOWN",
        }
    }

    fn from_sdk(status: Option<&UserStatusType>) -> UserStatus {
        match status {
            Some(UserStatusType::Unconfirmed) => UserStatus::Unconfirmed,
            Some(UserStatusType::Confirmed) => UserStatus::Confirmed,
            Some(UserStatusType::ResetRequired) => UserStatus::ResetRequired,
            Some(UserStatusType::ForceChangePassword) => UserStatus::ForceChangePassword,
            Some(UserStatusType::ExternalProvider) => UserStatus::ExternalProvider,
            _ => UserStatus::Other,
        }
    }
}

/// A user of the pool. `Debug` shows no names and no values.
#[derive(Clone, Eq, PartialEq)]
pub struct UserRecord {
    /// The pool's own username; a UUID where the e-mail is the username.
    pub username: String,
    /// The user's status.
    pub status: UserStatus,
    /// False once disabled.
    pub enabled: bool,
    /// When the user was created, by the pool's clock.
    pub created: Option<DateTime<Utc>>,
    /// When anything about the user last changed.
    pub last_modified: Option<DateTime<Utc>>,
    /// All attributes, `sub` among them.
    pub attributes: BTreeMap<String, String>,
}

impl UserRecord {
    /// The immutable identifier that the app's tokens carry.
    pub fn sub(&self) -> Option<&str> {
        self.attributes.get("sub").map(String::as_str)
    }

    /// Whether nothing about the user has changed since creation, as far as the dates tell: Cognito's
    /// two clocks may differ by seconds.
    pub fn is_unmodified(&self) -> bool {
        match (self.created, self.last_modified) {
            (Some(created), Some(modified)) => {
                modified.signed_duration_since(created) <= chrono::Duration::seconds(5)
            }
            _ => false,
        }
    }

    /// Whether the identity of this provider is linked to the user. The attribute `identities` is
    /// a JSON list (guide: cognito-user-pools-identity-federation-consolidate-users).
    pub fn is_linked_to(&self, provider: &str, subject: &str) -> bool {
        let listed = self.attributes.get("identities");
        let listed: Vec<serde_json::Value> = listed
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let is = |identity: &serde_json::Value, key: &str, wanted: &str| {
            identity.get(key).and_then(serde_json::Value::as_str) == Some(wanted)
        };
        listed.iter().any(|identity| {
            is(identity, "providerName", provider) && is(identity, "userId", subject)
        })
    }

    pub(crate) fn from_user_type(user: UserType) -> Option<UserRecord> {
        Some(UserRecord {
            status: UserStatus::from_sdk(user.user_status.as_ref()),
            enabled: user.enabled,
            created: time(user.user_create_date),
            last_modified: time(user.user_last_modified_date),
            attributes: attributes(user.attributes),
            username: user.username?,
        })
    }

    pub(crate) fn from_get_user(user: AdminGetUserOutput) -> UserRecord {
        UserRecord {
            status: UserStatus::from_sdk(user.user_status.as_ref()),
            enabled: user.enabled,
            created: time(user.user_create_date),
            last_modified: time(user.user_last_modified_date),
            attributes: attributes(user.user_attributes),
            username: user.username,
        }
    }
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("status", &self.status)
            .field("enabled", &self.enabled)
            .field("created", &self.created)
            .field("attributes", &self.attributes.keys())
            .finish_non_exhaustive()
    }
}

fn time(time: Option<aws_smithy_types::DateTime>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(time?.to_millis().ok()?)
}

fn attributes(attributes: Option<Vec<AttributeType>>) -> BTreeMap<String, String> {
    attributes
        .unwrap_or_default()
        .into_iter()
        .map(|attribute| (attribute.name, attribute.value.unwrap_or_default()))
        .collect()
}
