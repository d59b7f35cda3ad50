//! The names a user signs in by.
//!
//! Responsible for finding the user whom a typed name means, for the username a new user gets, and
//! for who already holds a name. It must not know operations.
//!
//! Sources: guide page user-pool-settings-attributes ("Customizing sign-in attributes"):
//! username attributes replace the username, are unique without being verified, and the username
//! becomes a generated UUID equal to `sub`; aliases stand beside the username, and an e-mail
//! address or phone number is one only while verified, for one user at a time.

use uuid::Uuid;

use crate::api_error::ApiError;
use crate::pool::config::PoolConfig;
use crate::pool::schema::{
    AttributeId, EMAIL, EMAIL_VERIFIED, PHONE_NUMBER, PHONE_NUMBER_VERIFIED, PREFERRED_USERNAME,
    is_email, is_phone_number,
};
use crate::pool::user::{Attributes, User};
use crate::pool::user_table::{UserIndex, UserTable};

/// The flag that makes an attribute an alias, where it needs one.
pub(crate) fn verified_flag(attribute: AttributeId) -> Option<AttributeId> {
    match attribute {
        EMAIL => Some(EMAIL_VERIFIED),
        PHONE_NUMBER => Some(PHONE_NUMBER_VERIFIED),
        _ => None,
    }
}

fn is_alias(attribute: AttributeId, attributes: &Attributes) -> bool {
    verified_flag(attribute).is_none_or(|flag| attributes.is_true(flag))
}

/// The user whom `name` means: by username, by `sub`, by a username attribute or by an alias.
pub(crate) fn find(config: &PoolConfig, users: &UserTable, name: &str) -> Option<UserIndex> {
    let folded = config.folded(name);
    users
        .by_username(&folded)
        .or_else(|| users.by_sub(Uuid::try_parse(&folded).ok()?))
        .or_else(|| {
            let by_attribute = |attribute: &AttributeId| {
                users
                    .by_contact(*attribute, &folded)
                    .find(|(_, user)| user.signs_in_by == Some(*attribute))
                    .map(|(index, _)| index)
            };
            config.username_attributes.iter().find_map(by_attribute)
        })
        .or_else(|| find_by_alias(config, users, &folded))
}

fn find_by_alias(config: &PoolConfig, users: &UserTable, name: &str) -> Option<UserIndex> {
    config.alias_attributes.iter().find_map(|&attribute| {
        users
            .by_contact(attribute, name)
            .find(|(_, user)| is_alias(attribute, &user.attributes))
            .map(|(index, _)| index)
    })
}

/// Every name that signs this user in, `sub` among them.
pub(crate) fn names_of(config: &PoolConfig, user: &User) -> Vec<String> {
    let by_attribute = config.username_attributes.iter().filter(|attribute| {
        // Of two username attributes it is the one the user was made by.
        user.signs_in_by == Some(**attribute)
    });
    let aliases = config.alias_attributes.iter();
    let aliases = aliases.filter(|attribute| is_alias(**attribute, &user.attributes));
    let values = by_attribute
        .chain(aliases)
        .filter_map(|attribute| user.attributes.get(*attribute));
    [user.username.to_string(), user.sub_text()]
        .into_iter()
        .chain(values.map(str::to_owned))
        .collect()
}

/// What a user to be made is called.
pub(crate) struct NewName {
    pub(crate) username: String,
    /// The username attribute the user was made by. Where a pool has two of them, it is the one
    /// that signs in ("The sign-in username is based on the value that you pass in the Username
    /// parameter").
    pub(crate) signs_in_by: Option<AttributeId>,
}

/// The name of a user to be made under `requested`; in a pool with username attributes the
/// request names an e-mail address or phone number, which becomes that attribute.
pub(crate) fn name_of_new_user(
    config: &PoolConfig,
    requested: &str,
    sub: Uuid,
    attributes: &mut Attributes,
) -> Result<NewName, ApiError> {
    let email_named = is_email(requested);
    let phone_named = is_phone_number(requested);
    if config.username_attributes.is_empty() {
        let aliased = |attribute| config.alias_attributes.contains(&attribute);
        for (taken, kind, named) in [
            (aliased(EMAIL), "email", email_named),
            (aliased(PHONE_NUMBER), "phone number", phone_named),
        ] {
            if taken && named {
                return Err(ApiError::invalid_parameter(format!(
                    "Username cannot be of {kind} format, since user pool is configured for \
                     {kind} alias."
                )));
            }
        }
        return Ok(NewName {
            username: config.folded(requested).into_owned(),
            signs_in_by: None,
        });
    }
    let by_email = config.username_attributes.contains(&EMAIL);
    let by_phone = config.username_attributes.contains(&PHONE_NUMBER);
    let signs_in_by = if by_email && email_named {
        EMAIL
    } else if by_phone && phone_named {
        PHONE_NUMBER
    } else {
        return Err(ApiError::invalid_parameter(match (by_email, by_phone) {
            (true, true) => "Username should be either an email or a phone number.",
            (true, false) => "Username should be an email.",
            _ => "Username should be a phone number.",
        }));
    };
    attributes.set(signs_in_by, &config.folded_value(signs_in_by, requested));
    Ok(NewName {
        username: sub.to_string(),
        signs_in_by: Some(signs_in_by),
    })
}

/// A name that is already somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) attribute: AttributeId,
    pub(crate) user: UserIndex,
}

impl Holder {
    fn attribute_name(self) -> &'static str {
        match self.attribute {
            EMAIL => "email",
            PHONE_NUMBER => "phone_number",
            _ => "preferred_username",
        }
    }

    /// What is said of a taken alias (guide: cognito-user-pool-managing-errors).
    pub(crate) fn message(self) -> String {
        format!(
            "An account with the {} already exists.",
            self.attribute_name()
        )
    }

    /// What is said of a taken username attribute (amazon-cognito-identity-dart issue 73).
    pub(crate) fn username_message(self) -> String {
        format!(
            "An account with the given {} already exists.",
            self.attribute_name()
        )
    }
}

/// Who else has one of these attributes as username (pools with username attributes).
pub(crate) fn username_holder(
    config: &PoolConfig,
    users: &UserTable,
    attributes: &Attributes,
    except: Option<UserIndex>,
) -> Option<Holder> {
    config.username_attributes.iter().find_map(|&attribute| {
        let value = attributes.get(attribute)?;
        let (user, _) = users
            .by_contact(attribute, value)
            .find(|(index, _)| Some(*index) != except)?;
        Some(Holder { attribute, user })
    })
}

/// Who else has one of these attributes as alias, for those that would be an alias here.
pub(crate) fn alias_holder(
    config: &PoolConfig,
    users: &UserTable,
    attributes: &Attributes,
    except: Option<UserIndex>,
) -> Option<Holder> {
    config.alias_attributes.iter().find_map(|&attribute| {
        let value = attributes.get(attribute)?;
        if !is_alias(attribute, attributes) {
            return None;
        }
        let (user, _) = users.by_contact(attribute, value).find(|(index, user)| {
            Some(*index) != except && is_alias(attribute, &user.attributes)
        })?;
        Some(Holder { attribute, user })
    })
}

/// Who else has this preferred username, where it is an alias.
pub(crate) fn preferred_username_holder(
    config: &PoolConfig,
    users: &UserTable,
    attributes: &Attributes,
    except: UserIndex,
) -> Option<Holder> {
    let attribute = PREFERRED_USERNAME;
    if !config.alias_attributes.contains(&attribute) {
        return None;
    }
    let value = attributes.get(attribute)?;
    let (user, _) = users
        .by_contact(attribute, value)
        .find(|(index, _)| *index != except)?;
    Some(Holder { attribute, user })
}

/// Takes an alias away from its holder: an e-mail address or phone number stays as an attribute
/// but is no longer verified; a preferred username goes.
pub(crate) fn release_alias(users: &mut UserTable, holder: Holder) {
    users.change_attributes(holder.user, |attributes| {
        match verified_flag(holder.attribute) {
            Some(flag) => attributes.set(flag, "false"),
            None => attributes.set(PREFERRED_USERNAME, ""),
        }
    });
}
