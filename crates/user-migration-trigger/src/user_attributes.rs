//! The `userAttributes` of a reply: the shared mapping plus Cognito's rules for the name under
//! which somebody signed in. Must not know passwords or events. Called by both migration decisions.
//!
//! The rules are those of the developer guide, "Migrate user response parameters" (`username`):
//! where a pool has aliases and the person typed one, the reply assigns what was typed to the
//! alias attribute and names a username of its own; otherwise `username` equals what was typed or
//! is left out. `sub` in the attributes makes Cognito call the password wrong (reported as
//! boto/boto3#2747); the mapping never has it.

use std::collections::BTreeMap;

use migration_model::{
    LegacyUser, LoginColumn, MappingFault, Misfit, PoolSchema, PoolSignIn, Reason, UserMapping,
    map_user,
};

use crate::carried_groups::CarriedGroups;
use crate::event::Event;

/// Attributes for the pool, and what an operator should hear of. `Debug` shows names only.
pub struct UserAttributes {
    attributes: BTreeMap<String, String>,
    /// The Cognito groups the user belongs in.
    groups: Vec<String>,
    /// Attributes left out because their values do not fit Cognito.
    pub left_out: Vec<String>,
    /// What will not be as the operator may expect, though the person gets in.
    pub warnings: Vec<Reason>,
}

impl std::fmt::Debug for UserAttributes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserAttributes")
            .field("names", &self.attributes.keys())
            .finish()
    }
}

/// Attributes of a user whom a reset code can reach: an e-mail or phone number that the
/// configured rule calls verified and whose form Cognito takes.
#[derive(Debug)]
pub struct ResettableUser(UserAttributes);

impl UserAttributes {
    /// Maps a legacy user who was found by typing `typed` as `found_by`.
    ///
    /// # Errors
    ///
    /// The reason, when the pool cannot hold the user under that name.
    pub fn new(
        user: &LegacyUser,
        found_by: &LoginColumn,
        typed: &str,
        mapping: &UserMapping,
    ) -> Result<UserAttributes, Reason> {
        let (pool_user, faults) = map_user(user, mapping);
        let mut mapped = UserAttributes {
            attributes: pool_user.attributes,
            groups: pool_user.groups,
            left_out: Vec::new(),
            warnings: Vec::new(),
        };
        // In a plain pool the username is what was typed, which need not be the legacy username
        // (a phone number, say); whether that one would fit is then no question.
        let by_phone = mapping.phone_alias && *found_by == LoginColumn::PhoneNumber;
        let username_matters = by_phone
            || mapping.sign_in != PoolSignIn::Username
            || *found_by == LoginColumn::Username;
        for fault in faults {
            match &fault {
                MappingFault::Username | MappingFault::UsernameEmailShaped if username_matters => {
                    return Err(fault.reason());
                }
                MappingFault::Username | MappingFault::UsernameEmailShaped => {}
                MappingFault::EmailAsUsername | MappingFault::Unreadable { .. } => {
                    return Err(fault.reason());
                }
                MappingFault::Attribute { .. } if fault.holds(mapping) => {
                    return Err(fault.reason());
                }
                MappingFault::Attribute { name, .. } => mapped.left_out.push(name.clone()),
                MappingFault::Group => mapped.warnings.push(fault.reason()),
            }
        }
        let by_email = *found_by == LoginColumn::Email;
        if by_email && mapping.sign_in != PoolSignIn::Username {
            mapped.hold_typed("email", typed)?;
        }
        if by_phone {
            mapped.hold_typed("phone_number", typed)?;
            mapped
                .attributes
                .insert("username".to_owned(), pool_user.username.clone());
            if !mapped.is_verified("phone_number") {
                mapped.warnings.push(Reason::AliasUnverified);
            }
        }
        if by_email && mapping.sign_in == PoolSignIn::UsernameOrEmail {
            mapped
                .attributes
                .insert("username".to_owned(), pool_user.username);
            if !mapped.is_verified("email") {
                mapped.warnings.push(Reason::AliasUnverified);
            }
        }
        if !mapped.left_out.is_empty() {
            mapped.warnings.push(Reason::AttributeInvalid);
        }
        if mapped.attributes.is_empty() {
            // A reply without attributes is none: Cognito would call the right password wrong.
            mapped
                .attributes
                .insert("username".to_owned(), typed.to_owned());
        }
        Ok(mapped)
    }

    /// The alias attribute holds what was typed: the stored address but for letter case, since
    /// nobody is found by other forms of it, or another one that allauth verified. What Cognito does
    /// not take as e-mail or phone number cannot be an alias, and such a reply has no valid form.
    fn hold_typed(&mut self, alias: &str, typed: &str) -> Result<(), Reason> {
        match self.attributes.get_mut(alias) {
            Some(value) => {
                typed.clone_into(value);
                Ok(())
            }
            None => Err(Reason::AttributeInvalid),
        }
    }

    /// Leaves out what this pool would not take, as other faulty values are. Not without the legacy
    /// id, or what the pool demands of everybody: then nobody can be made of the user.
    ///
    /// # Errors
    ///
    /// The reason, when the pool cannot hold the user.
    pub(crate) fn fit(
        &mut self,
        schema: &PoolSchema,
        legacy_id_attribute: Option<&str>,
    ) -> Result<(), Reason> {
        for misfit in schema.misfits(&self.attributes) {
            let name = match misfit {
                Misfit::Missing(_) => return Err(Reason::AttributeMissing),
                Misfit::Refused(name) => name,
            };
            let demanded = schema.attributes.get(&name).is_some_and(|a| a.required);
            if demanded || Some(name.as_str()) == legacy_id_attribute {
                return Err(Reason::AttributeInvalid);
            }
            self.attributes.remove(&name);
            // What was verified is gone with it.
            self.attributes.remove(&format!("{name}_verified"));
            self.left_out.push(name);
            if !self.warnings.contains(&Reason::AttributeInvalid) {
                self.warnings.push(Reason::AttributeInvalid);
            }
        }
        Ok(())
    }

    /// The name by which the pool will know the user: the username, or the e-mail where Cognito
    /// makes the username up.
    pub(crate) fn pool_name<'a>(&'a self, sign_in: PoolSignIn, typed: &'a str) -> &'a str {
        let name = match sign_in {
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => "username",
            PoolSignIn::Email => "email",
        };
        self.attributes.get(name).map_or(typed, String::as_str)
    }

    /// Lets the groups travel to the tokens in their attribute; tells where they do not fit it.
    pub(crate) fn carry_groups(
        &mut self,
        carried: &CarriedGroups,
        event: &Event,
        schema: Option<&PoolSchema>,
    ) {
        let value = |name: &str| self.attributes.get(name).map(String::as_str);
        let username = value("username").or(event.user_name.as_deref());
        let (name, value) = carried.attribute(event, username, value, &self.groups);
        let takes = |value: &String| {
            let attribute = schema.map(|schema| schema.attributes.get(name));
            attribute.is_none_or(|attribute| attribute.is_some_and(|a| a.takes(value)))
        };
        match value.filter(takes) {
            Some(value) => {
                let name = name.to_owned();
                self.attributes.insert(name, value);
            }
            None => self.warnings.push(Reason::GroupsNotCarried),
        }
    }

    /// Whether a reset code can reach the user.
    pub(crate) fn can_be_reset(&self) -> bool {
        self.is_verified("email") || self.is_verified("phone_number")
    }

    fn is_verified(&self, attribute: &str) -> bool {
        self.attributes.contains_key(attribute)
            && self
                .attributes
                .get(&format!("{attribute}_verified"))
                .is_some_and(|v| v == "true")
    }

    /// The user as one who can be sent a reset code.
    ///
    /// # Errors
    ///
    /// [`Reason::NoVerifiedContact`] when there is nowhere a code may go: marking an address
    /// verified that nobody verified would hand the account to whoever reads it.
    pub fn resettable(self) -> Result<ResettableUser, Reason> {
        if self.can_be_reset() {
            return Ok(ResettableUser(self));
        }
        Err(Reason::NoVerifiedContact)
    }

    pub(crate) fn into_map(self) -> BTreeMap<String, String> {
        self.attributes
    }
}

impl ResettableUser {
    pub(crate) fn into_attributes(self) -> UserAttributes {
        self.0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use django_password::EncodedPassword;
    use migration_model::{AttributeMapping, GroupNames, LegacyId};

    use super::*;

    pub(crate) fn ann() -> LegacyUser {
        LegacyUser {
            id: LegacyId::Integer(7),
            username: Some("ann".to_owned()),
            email: Some("Ann@example.org".to_owned()),
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
            columns: BTreeMap::from([
                ("email".to_owned(), Some("Ann@example.org".to_owned())),
                ("id".to_owned(), Some("7".to_owned())),
            ]),
            groups: Vec::new(),
            unreadable: None,
        }
    }

    pub(crate) fn mapping(login: &[LoginColumn]) -> UserMapping {
        let pairs = [("email", "email"), ("custom:legacy_id", "id")];
        let pairs = pairs.map(|(name, column)| (name.to_owned(), column.to_owned()));
        UserMapping {
            sign_in: PoolSignIn::for_login(login),
            phone_alias: login.contains(&LoginColumn::PhoneNumber)
                && login.contains(&LoginColumn::Username),
            attributes: AttributeMapping::new(pairs),
            groups: GroupNames::default(),
        }
    }

    const BY_NAME: &[LoginColumn] = &[LoginColumn::Username];
    const BY_EITHER: &[LoginColumn] = &[LoginColumn::Username, LoginColumn::Email];
    const BY_EMAIL: &[LoginColumn] = &[LoginColumn::Email];

    fn mapped(
        user: &LegacyUser,
        login: &[LoginColumn],
        found_by: LoginColumn,
        typed: &str,
    ) -> Result<UserAttributes, Reason> {
        UserAttributes::new(user, &found_by, typed, &mapping(login))
    }

    fn value<'a>(mapped: &'a Result<UserAttributes, Reason>, name: &str) -> Option<&'a str> {
        mapped
            .as_ref()
            .ok()?
            .attributes
            .get(name)
            .map(String::as_str)
    }

    #[test]
    fn a_plain_pool_keeps_the_name_that_was_typed() {
        let mapped = mapped(&ann(), BY_NAME, LoginColumn::Username, "ann");
        assert_eq!(value(&mapped, "username"), None);
        assert_eq!(value(&mapped, "email"), Some("Ann@example.org"));
        assert_eq!(value(&mapped, "email_verified"), Some("false"));
    }

    #[test]
    fn a_typed_alias_goes_to_its_attribute_and_the_legacy_username_to_username() {
        let user = LegacyUser {
            email_verified: true,
            ..ann()
        };
        let mapped = mapped(&user, BY_EITHER, LoginColumn::Email, "ann@EXAMPLE.org");
        assert_eq!(value(&mapped, "username"), Some("ann"));
        assert_eq!(value(&mapped, "email"), Some("ann@EXAMPLE.org"));
        assert_eq!(mapped.expect("it fits").warnings, []);
    }

    #[test]
    fn a_typed_username_is_left_out_in_an_alias_pool_too() {
        let mapped = mapped(&ann(), BY_EITHER, LoginColumn::Username, "ann");
        assert_eq!(value(&mapped, "username"), None);
        assert_eq!(value(&mapped, "email"), Some("Ann@example.org"));
        assert_eq!(mapped.expect("it fits").warnings, []);
    }

    #[test]
    fn a_typed_phone_number_is_an_alias_beside_the_legacy_username() {
        let user = LegacyUser {
            phone_number: Some("+4912345".to_owned()),
            phone_verified: true,
            ..ann()
        };
        let login = [LoginColumn::Username, LoginColumn::PhoneNumber];
        let reply = mapped(&user, &login, LoginColumn::PhoneNumber, "+4912345");
        assert_eq!(value(&reply, "username"), Some("ann"));
        assert_eq!(value(&reply, "phone_number"), Some("+4912345"));
        assert_eq!(value(&reply, "phone_number_verified"), Some("true"));
        assert_eq!(reply.expect("it fits").warnings, []);
        let unverified = LegacyUser {
            phone_verified: false,
            ..user
        };
        let reply = mapped(&unverified, &login, LoginColumn::PhoneNumber, "+4912345");
        assert_eq!(reply.expect("it fits").warnings, [Reason::AliasUnverified]);
    }

    #[test]
    fn an_unverified_alias_is_let_in_with_a_warning() {
        let mapped = mapped(&ann(), BY_EITHER, LoginColumn::Email, "ann@example.org");
        assert_eq!(value(&mapped, "email_verified"), Some("false"));
        assert_eq!(mapped.expect("it fits").warnings, [Reason::AliasUnverified]);
    }

    #[test]
    fn an_email_pool_gets_the_typed_email_and_no_username() {
        let mapped = mapped(&ann(), BY_EMAIL, LoginColumn::Email, "ann@example.org");
        assert_eq!(value(&mapped, "username"), None);
        assert_eq!(value(&mapped, "email"), Some("ann@example.org"));
        assert_eq!(mapped.expect("it fits").warnings, []);
    }

    #[test]
    fn a_username_the_pool_cannot_hold_is_refused_with_the_reason() {
        let spaces = LegacyUser {
            username: Some("a b".to_owned()),
            ..ann()
        };
        let refused = mapped(&spaces, BY_EITHER, LoginColumn::Email, "ann@example.org");
        assert_eq!(refused.err(), Some(Reason::UsernameInvalid));
        let shaped = LegacyUser {
            username: Some("x@example.org".to_owned()),
            ..ann()
        };
        let refused = mapped(&shaped, BY_EITHER, LoginColumn::Username, "x@example.org");
        assert_eq!(refused.err(), Some(Reason::UsernameEmailShaped));
    }

    #[test]
    fn in_a_plain_pool_a_legacy_username_nobody_typed_is_no_obstacle() {
        let user = LegacyUser {
            username: None,
            ..ann()
        };
        let login = [LoginColumn::PhoneNumber];
        assert!(mapped(&user, &login, LoginColumn::PhoneNumber, "+4912345").is_ok());
    }

    #[test]
    fn a_faulty_attribute_is_left_out_and_named() {
        let mut user = ann();
        user.columns
            .insert("email".to_owned(), Some("not an e-mail".to_owned()));
        let mapped = mapped(&user, BY_NAME, LoginColumn::Username, "ann");
        assert_eq!(value(&mapped, "email"), None);
        let mapped = mapped.expect("it fits");
        assert_eq!(mapped.left_out, ["email"]);
        assert_eq!(mapped.warnings, [Reason::AttributeInvalid]);
    }

    #[test]
    fn an_email_that_cannot_be_an_alias_lets_nobody_in_by_it() {
        let mut user = LegacyUser {
            email: Some("ann@localhost".to_owned()),
            ..ann()
        };
        user.columns.insert("email".to_owned(), user.email.clone());
        let refused = mapped(&user, BY_EITHER, LoginColumn::Email, "ann@localhost");
        assert_eq!(refused.err(), Some(Reason::AttributeInvalid));
    }

    #[test]
    fn only_a_verified_unshared_address_can_take_a_reset_code() {
        let resettable = |user: LegacyUser| {
            mapped(&user, BY_EITHER, LoginColumn::Username, "ann")
                .and_then(UserAttributes::resettable)
                .map(|_| ())
        };
        assert_eq!(
            resettable(LegacyUser {
                email_verified: true,
                ..ann()
            }),
            Ok(())
        );
        assert_eq!(resettable(ann()), Err(Reason::NoVerifiedContact));
        let shared = LegacyUser {
            email_verified: true,
            email_shared: true,
            ..ann()
        };
        assert_eq!(resettable(shared), Err(Reason::NoVerifiedContact));
        let mut broken = LegacyUser {
            email_verified: true,
            ..ann()
        };
        broken
            .columns
            .insert("email".to_owned(), Some("ann@localhost".to_owned()));
        assert_eq!(resettable(broken), Err(Reason::NoVerifiedContact));
        let none = LegacyUser {
            email: None,
            columns: BTreeMap::new(),
            ..ann()
        };
        assert_eq!(resettable(none), Err(Reason::NoVerifiedContact));
    }
}
