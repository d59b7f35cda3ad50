//! One user of a pool.
//!
//! Responsible for what a user is made of, held small (a pool may have a million), and for how the
//! API shows it. It must not know other users: names and aliases are `user_table`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::clock::{Millis, epoch_seconds};
use crate::pool::group::GroupId;
use crate::pool::hourly::{HourlyRequests, Limited};
use crate::pool::lockout::Lockout;
use crate::pool::password::{MOST_REMEMBERED, Policy, Verifier};
use crate::pool::schema::{AttributeId, SUB, Schema};
use crate::secret::Secret;
use crate::user_import::password_hash::ImportedHash;

/// `UserStatusType`, those a local user can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum UserStatus {
    Unconfirmed,
    Confirmed,
    ResetRequired,
    ForceChangePassword,
}

impl UserStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
        }
    }
}

/// What a user proves to know.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// Nothing: the user must be given a password first.
    None,
    Permanent(Verifier),
    /// Handed out by an administrator; works until the time given.
    Temporary(Verifier, Millis),
    /// A hash that came with an import, until the first sign-in by password replaces it.
    Imported(Box<ImportedHash>),
}

impl Credential {
    pub(crate) fn verifier(&self) -> Option<&Verifier> {
        match self {
            Self::None | Self::Imported(_) => None,
            Self::Permanent(verifier) | Self::Temporary(verifier, _) => Some(verifier),
        }
    }

    pub(crate) fn matches(&self, pool_name: &str, user_id: &str, password: &str) -> bool {
        self.verifier()
            .is_some_and(|verifier| verifier.matches(pool_name, user_id, password))
    }
}

/// Attribute values, without `sub` and without empty ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes(Vec<(AttributeId, Box<str>)>);

impl Attributes {
    pub(crate) fn get(&self, id: AttributeId) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, value)| &**value)
    }

    /// Sets a value; an empty one deletes, as `AdminUpdateUserAttributes` documents.
    pub(crate) fn set(&mut self, id: AttributeId, value: &str) {
        self.0.retain(|(known, _)| *known != id);
        if !value.is_empty() {
            self.0.push((id, value.into()));
        }
    }

    pub(crate) fn is_true(&self, id: AttributeId) -> bool {
        self.get(id)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (AttributeId, &str)> {
        self.0.iter().map(|(id, value)| (*id, &**value))
    }

    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) username: Box<str>,
    /// In a pool with username attributes: which of them is the name to sign in by.
    pub(crate) signs_in_by: Option<AttributeId>,
    pub(crate) sub: Uuid,
    pub(crate) attributes: Attributes,
    pub(crate) status: UserStatus,
    pub(crate) enabled: bool,
    /// Made by the user migration trigger.
    pub(crate) migrated: bool,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    pub(crate) credential: Credential,
    pub(crate) groups: Vec<GroupId>,
    /// What few users have; kept apart so that the many stay small.
    pub(crate) rare: Option<Box<Rare>>,
}

/// State that only some users ever have.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    pub(crate) lockout: Lockout,
    /// Code sent by `ForgotPassword` or `AdminResetUserPassword`.
    pub(crate) reset_code: Option<IssuedCode>,
    /// Code sent by `SignUp` or `ResendConfirmationCode`.
    pub(crate) sign_up_code: Option<IssuedCode>,
    /// Codes that prove contacts of a user who is signed in, one each.
    pub(crate) contact_codes: Vec<ContactCode>,
    pub(crate) requests: HourlyRequests,
    /// Passwords before the one held, newest first, where the policy looks back.
    pub(crate) earlier_passwords: Vec<Verifier>,
    /// Identities of external providers that sign in as this user.
    pub(crate) links: Vec<LinkedIdentity>,
    /// How often the user was signed out everywhere (global sign-out, disabling).
    pub(crate) sign_outs: u16,
    /// Made by a CSV import: sign-in tells nothing of the needed reset where existence of users is
    /// hidden (guide: cognito-user-pool-managing-errors, "Imported users").
    pub(crate) imported: bool,
}

#[derive(Debug)]
pub(crate) struct IssuedCode {
    pub(crate) code: Secret,
    pub(crate) expires: Millis,
    /// The contact it was sent to, which knowing it proves.
    pub(crate) proves: AttributeId,
}

impl IssuedCode {
    /// Refuses any code but this one, and this one when it is too old.
    pub(crate) fn check(&self, given: &Secret, now: Millis) -> Result<(), ApiError> {
        if self.expires <= now {
            return Err(ApiError::code_expired());
        }
        let (given, sent) = (given.reveal().as_bytes(), self.code.reveal().as_bytes());
        if bool::from(given.ct_eq(sent)) {
            Ok(())
        } else {
            Err(ApiError::code_mismatch())
        }
    }
}

/// A code for `VerifyUserAttribute`.
#[derive(Debug)]
pub(crate) struct ContactCode {
    pub(crate) issued: IssuedCode,
    /// The value the contact gets when the code comes back, where the pool waits for it.
    pub(crate) waiting: Option<Box<str>>,
}

/// Somebody at an external provider, as `ProviderUserIdentifierType` names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ExternalIdentity {
    pub(crate) provider_name: String,
    /// The claim that `user_id` is the value of.
    pub(crate) attribute_name: String,
    pub(crate) user_id: String,
}

#[derive(Debug)]
pub(crate) struct LinkedIdentity {
    pub(crate) identity: ExternalIdentity,
    pub(crate) linked: Millis,
}

impl LinkedIdentity {
    /// As the claim `identities` has it: flag and time are texts in a token (guide: the ID token).
    fn claim(&self) -> Value {
        json!({
            "userId": self.identity.user_id,
            "providerName": self.identity.provider_name,
            "providerType": self.identity.provider_name,
            "issuer": null,
            "primary": "false",
            "dateCreated": self.linked.to_string(),
        })
    }

    fn described(&self) -> Value {
        json!({
            "userId": self.identity.user_id,
            "providerName": self.identity.provider_name,
            "providerType": self.identity.provider_name,
            "issuer": null,
            "primary": false,
            "dateCreated": self.linked,
        })
    }
}

impl User {
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(crate) fn sign_outs(&self) -> u16 {
        self.rare.as_ref().map_or(0, |rare| rare.sign_outs)
    }

    /// Revokes every token the user has.
    pub(crate) fn sign_out_everywhere(&mut self) {
        let rare = self.rare();
        rare.sign_outs = rare.sign_outs.wrapping_add(1);
    }

    /// Counts a request of which a user has few an hour, or refuses it.
    pub(crate) fn take_hourly(&mut self, limited: Limited, now: Millis) -> Result<(), ApiError> {
        self.rare().requests.take(limited, now)
    }

    /// Refuses a new password that breaks the policy or is one of those it looks back at
    /// (`PasswordHistorySize`; the one held counts among them). The text is believed.
    pub(crate) fn check_new_password(
        &self,
        policy: &Policy,
        pool_name: &str,
        password: &str,
    ) -> Result<(), ApiError> {
        policy.check(password)?;
        let earlier = self.rare.as_deref().map(|rare| &rare.earlier_passwords[..]);
        let mut known = self
            .credential
            .verifier()
            .into_iter()
            .chain(earlier.unwrap_or_default())
            .take(policy.password_history_size.unwrap_or(0));
        if known.any(|verifier| verifier.matches(pool_name, &self.username, password)) {
            return Err(ApiError::new(
                "PasswordHistoryPolicyViolationException",
                "Password has previously been used",
            ));
        }
        Ok(())
    }

    /// Takes a checked new password in place of the one held.
    pub(crate) fn set_credential(&mut self, policy: &Policy, credential: Credential) {
        if policy.password_history_size.unwrap_or(0) > 0
            && let Some(held) = self.credential.verifier().cloned()
        {
            let earlier = &mut self.rare().earlier_passwords;
            earlier.insert(0, held);
            earlier.truncate(MOST_REMEMBERED);
        }
        self.credential = credential;
    }

    pub(crate) fn sub_text(&self) -> String {
        self.sub.to_string()
    }

    /// `AttributeListType`, `sub` first; `only` limits it to those names.
    pub(crate) fn attribute_list(&self, schema: &Schema, only: Option<&[String]>) -> Value {
        let wanted = |name: &str| only.is_none_or(|only| only.iter().any(|known| known == name));
        let sub = self.sub_text();
        let links = self.identities().filter(|_| wanted("identities"));
        std::iter::once((SUB, sub.as_str()))
            .chain(self.attributes.iter())
            .filter(|(id, _)| wanted(schema.name(*id)))
            .map(|(id, value)| json!({"Name": schema.name(id), "Value": value}))
            .chain(links.map(|links| json!({"Name": "identities", "Value": links})))
            .collect()
    }

    /// The claim `identities` of an ID token, for users with linked identities.
    pub(crate) fn identities_claim(&self) -> Option<Value> {
        let links = &self.rare.as_ref()?.links;
        (!links.is_empty()).then(|| links.iter().map(LinkedIdentity::claim).collect())
    }

    /// The attribute `identities`: a JSON list as text, for users with linked identities.
    fn identities(&self) -> Option<String> {
        let links = &self.rare.as_ref()?.links;
        let described: Vec<Value> = links.iter().map(LinkedIdentity::described).collect();
        (!described.is_empty()).then(|| Value::from(described).to_string())
    }

    /// `userAttributes` of a trigger's event: `sub` and the status are among them.
    pub(crate) fn event_attributes(&self, schema: &Schema) -> BTreeMap<String, String> {
        let own = [
            ("sub".to_owned(), self.sub_text()),
            (
                "cognito:user_status".to_owned(),
                self.status.as_str().to_owned(),
            ),
        ];
        let named =
            |(id, value): (AttributeId, &str)| (schema.name(id).to_owned(), value.to_owned());
        own.into_iter()
            .chain(self.attributes.iter().map(named))
            .collect()
    }

    /// `UserType`, as `AdminCreateUser` and the list operations show a user.
    pub(crate) fn described(&self, schema: &Schema, only: Option<&[String]>) -> Value {
        json!({
            "Username": self.username,
            "Attributes": self.attribute_list(schema, only),
            "UserCreateDate": epoch_seconds(self.created),
            "UserLastModifiedDate": epoch_seconds(self.modified),
            "Enabled": self.enabled,
            "UserStatus": self.status.as_str(),
        })
    }
}
