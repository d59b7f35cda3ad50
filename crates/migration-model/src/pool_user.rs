//! A legacy user as the pool shall have them: username, attributes, groups, enabled or not.
//! The only place where legacy data becomes Cognito data; trigger, import and reconcile all
//! call [`map_user`]. Knows nothing of any network.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::name_character::is_name_character;
use crate::{
    AttributeFault, AttributeMapping, AttributeSource, GroupNames, LegacyUser, OnInvalid,
    PoolSignIn, Reason, check_attribute_value, is_email,
};

/// Everything that decides what a legacy user becomes: sign-in kind, attributes, groups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserMapping {
    /// How people sign in at the pool.
    pub sign_in: PoolSignIn,
    /// Whether people also sign in by phone number, which then is an alias beside the username.
    pub phone_alias: bool,
    /// Cognito attribute to legacy column.
    pub attributes: AttributeMapping,
    /// Django groups to Cognito groups.
    pub groups: GroupNames,
}

impl UserMapping {
    /// SHA-256 of the mapping in a fixed text form, in hex: recorded by trigger, import and
    /// reconcile, so that nobody compares apples with pears.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(format!("v1 {self:?}").as_bytes()))
    }
}

/// A user as the pool shall have them. `Debug` shows no values.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct PoolUser {
    /// The username to create them under (the e-mail where that is the username).
    pub username: String,
    /// Attributes without empty ones; `email_verified` beside every e-mail.
    pub attributes: BTreeMap<String, String>,
    /// Cognito group names, sorted.
    pub groups: Vec<String>,
    /// False for users whom Django calls inactive.
    pub enabled: bool,
}

impl PoolUser {
    /// Whether a forgot-password code has somewhere to go: a verified e-mail or phone number.
    pub fn has_verified_contact(&self) -> bool {
        ["email_verified", "phone_number_verified"]
            .iter()
            .any(|name| {
                self.attributes
                    .get(*name)
                    .is_some_and(|value| value == "true")
            })
    }
}

impl fmt::Debug for PoolUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolUser")
            .field("attributes", &self.attributes.keys())
            .field("groups", &self.groups.len())
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// Why a legacy user does not fit the pool as they are. Says names and shapes, never values.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MappingFault {
    /// No username, too long, or with spaces.
    #[error("the username does not fit: 1 to 128 characters, no spaces or invisible characters")]
    Username,
    /// No e-mail, or none that Cognito takes, where that is the username.
    #[error("there is no e-mail that Cognito takes, and the pool's username is the e-mail")]
    EmailAsUsername,
    /// Something in the row cannot be read as text.
    #[error("column {column} holds bytes that are no text")]
    Unreadable {
        /// The column, or what is known of it.
        column: String,
    },
    /// A username like an e-mail in a pool with e-mail alias.
    #[error("the username looks like an e-mail, which the pool's e-mail alias forbids")]
    UsernameEmailShaped,
    /// An attribute's value does not fit; it was left out.
    #[error("attribute {name} {fault}")]
    Attribute {
        /// Cognito's name of the attribute.
        name: String,
        /// What is wrong with the value.
        fault: AttributeFault,
    },
    /// A group cannot be named within Cognito's limits, or there are too many.
    #[error("a group name has over 128 characters, or there are over 100 groups")]
    Group,
}

impl MappingFault {
    /// The reason code for journal and reports.
    pub fn reason(&self) -> Reason {
        match self {
            MappingFault::Username => Reason::UsernameInvalid,
            MappingFault::EmailAsUsername => Reason::EmailMissing,
            MappingFault::Unreadable { .. } => Reason::RowUnreadable,
            MappingFault::UsernameEmailShaped => Reason::UsernameEmailShaped,
            MappingFault::Attribute { .. } => Reason::AttributeInvalid,
            MappingFault::Group => Reason::GroupInvalid,
        }
    }

    /// Whether somebody with this fault is not moved: all but values that `[attributes] on_invalid`
    /// has left out. Asked by plan, write, inspection and trigger alike.
    pub fn holds(&self, mapping: &UserMapping) -> bool {
        match self {
            MappingFault::Attribute { .. } => mapping.attributes.on_invalid() == OnInvalid::Hold,
            _ => true,
        }
    }
}

/// Maps a legacy user. All faults are returned, and the user without what is faulty; whether they are
/// moved so says [`MappingFault::holds`].
pub fn map_user(user: &LegacyUser, mapping: &UserMapping) -> (PoolUser, Vec<MappingFault>) {
    let mut faults = Vec::new();
    if let Some(column) = &user.unreadable {
        // Nothing else is known of them.
        let column = column.clone();
        return (
            PoolUser::default(),
            vec![MappingFault::Unreadable { column }],
        );
    }
    let username = mapping
        .sign_in
        .pool_username(user)
        .unwrap_or_default()
        .to_owned();
    faults.extend(username_fault(&username, mapping.sign_in));

    let mut attributes = BTreeMap::new();
    for (name, source) in mapping.attributes.iter() {
        let value = match source {
            AttributeSource::Groups => groups_value(user),
            AttributeSource::Column(column) => column_value(user, name, column),
            AttributeSource::Constant(text) => Some(text.clone()),
        };
        insert_checked(&mut attributes, &mut faults, name, value);
    }
    if mapping.sign_in != PoolSignIn::Username && !attributes.contains_key("email") {
        // The pool's sign-in needs the e-mail even if nobody mapped it.
        if !faults
            .iter()
            .any(|fault| matches!(fault, MappingFault::Attribute { name, .. } if name == "email"))
        {
            insert_checked(&mut attributes, &mut faults, "email", user.email.clone());
        }
    }
    if attributes.contains_key("email") {
        let verified = user.email_verified && !user.email_shared;
        attributes.insert("email_verified".to_owned(), verified.to_string());
    }
    if mapping.phone_alias && !attributes.contains_key("phone_number") {
        let is_phone = |fault: &MappingFault| matches!(fault, MappingFault::Attribute { name, .. } if name == "phone_number");
        if !faults.iter().any(is_phone) {
            let number = user.phone_number.clone();
            insert_checked(&mut attributes, &mut faults, "phone_number", number);
        }
    }
    if attributes.contains_key("phone_number") {
        // Django itself has no word on phone numbers: without a rule calling one verified is a guess.
        let verified = user.phone_verified.to_string();
        attributes.insert("phone_number_verified".to_owned(), verified);
    }

    let groups = mapping.groups.groups_of(user).unwrap_or_else(|| {
        faults.push(MappingFault::Group);
        Vec::new()
    });
    (
        PoolUser {
            username,
            attributes,
            groups,
            enabled: user.is_active,
        },
        faults,
    )
}

fn insert_checked(
    attributes: &mut BTreeMap<String, String>,
    faults: &mut Vec<MappingFault>,
    name: &str,
    value: Option<String>,
) {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return;
    };
    match check_attribute_value(name, &value) {
        Ok(()) => {
            attributes.insert(name.to_owned(), value);
        }
        Err(fault) => faults.push(MappingFault::Attribute {
            name: name.to_owned(),
            fault,
        }),
    }
}

fn column_value(user: &LegacyUser, attribute: &str, column: &str) -> Option<String> {
    let value = user.columns.get(column).cloned().flatten()?;
    if attribute == "updated_at" {
        // Django keeps a date-time, Cognito (as OpenID Connect) seconds since 1970.
        if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(&value) {
            return Some(moment.timestamp().to_string());
        }
    }
    Some(value)
}

fn groups_value(user: &LegacyUser) -> Option<String> {
    (!user.groups.is_empty()).then(|| serde_json::Value::from(user.groups.clone()).to_string())
}

/// `UsernameType` of the API model: 1 to 128 characters of a name.
fn username_fault(username: &str, sign_in: PoolSignIn) -> Option<MappingFault> {
    let fits =
        (1..=128).contains(&username.chars().count()) && username.chars().all(is_name_character);
    if sign_in == PoolSignIn::Email && !(fits && is_email(username)) {
        return Some(MappingFault::EmailAsUsername);
    }
    if !fits {
        return Some(MappingFault::Username);
    }
    // Cognito's text: "Username cannot be of email format, since user pool is configured for
    // email alias."
    (sign_in == PoolSignIn::UsernameOrEmail && username.contains('@') && is_email(username))
        .then_some(MappingFault::UsernameEmailShaped)
}
