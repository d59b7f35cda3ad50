//! What DescribeUserPool says of a pool, as far as a move depends on it, and whether a user fits
//! the pool's schema. Most of it cannot be changed once the pool exists (developer guide,
//! "Updating user pool configuration").

use std::collections::BTreeMap;

use aws_sdk_cognitoidentityprovider::types::{
    AliasAttributeType, AttributeDataType, EmailSendingAccountType, SchemaAttributeType,
    UserPoolMfaType, UserPoolType, UsernameAttributeType,
};
use chrono::{DateTime, Utc};
use migration_model::{
    AttributeBounds, AttributeType, PoolSignIn, PoolUser, Reason, SchemaAttribute,
};

/// A user pool's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolDescription {
    /// The pool's name.
    pub name: String,
    /// When the pool was created: two pools of one id, one after the other, differ in it.
    pub created: Option<DateTime<Utc>>,
    /// How people sign in; `None` for kinds that no Django login maps to (phone number alone).
    pub sign_in: Option<PoolSignIn>,
    /// The attributes that are sign-in names, as username or as alias: `email`, `phone_number`,
    /// `preferred_username`.
    pub sign_in_attributes: Vec<String>,
    /// Of `email` and `phone_number` those whose old value counts until the new one is verified.
    pub verified_before_update: Vec<String>,
    /// Whether `Ada` and `ada` are two users.
    pub case_sensitive: bool,
    /// The schema, by attribute name.
    pub schema: BTreeMap<String, SchemaAttribute>,
    /// What passwords must look like.
    pub password_policy: PasswordPolicy,
    /// Whether every user must have a second factor.
    pub mfa_required: bool,
    /// The contacts that Cognito verifies, `email` or `phone_number`: an import job takes nobody
    /// without one that is verified.
    pub auto_verified: Vec<String>,
    /// Cognito's estimate of how many users there are; it lags behind.
    pub estimated_users: u64,
    /// The function that is the user migration trigger, if one is set.
    pub user_migration_trigger: Option<String>,
    /// The function that checks sign-ups and administrators' creations, if one is set.
    pub pre_sign_up_trigger: Option<String>,
    /// Whether people cannot register themselves, so that nobody can take a legacy user's name.
    pub admin_create_user_only: bool,
    /// Whether messages go through Cognito's own mailer, which sends 50 a day.
    pub default_mailer: bool,
    /// Days until a temporary password expires.
    pub temporary_password_days: u32,
    /// How a forgotten password can be recovered, in Cognito's words, in order.
    pub recovery: Vec<String>,
    /// What people may sign in with first, in Cognito's words; empty where the pool does not say.
    pub first_factors: Vec<String>,
}

/// The pool's password policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PasswordPolicy {
    /// The least number of characters, 6 to 99.
    pub minimum_length: usize,
    /// How many earlier passwords are remembered.
    pub history: u32,
}

impl PoolDescription {
    pub(crate) fn from_sdk(pool: UserPoolType) -> PoolDescription {
        let lambda = pool.lambda_config.as_ref();
        let admin_create = pool.admin_create_user_config.as_ref();
        let policy = pool
            .policies
            .as_ref()
            .and_then(|policies| policies.password_policy.as_ref());
        let recovery = pool.account_recovery_setting.as_ref();
        let mailer = pool
            .email_configuration
            .as_ref()
            .and_then(|c| c.email_sending_account());
        PoolDescription {
            sign_in: sign_in(pool.username_attributes(), pool.alias_attributes()),
            sign_in_attributes: {
                let usernames = pool.username_attributes().iter();
                let aliases = pool.alias_attributes().iter();
                let usernames = usernames.map(|name| name.as_str().to_owned());
                let names = usernames.chain(aliases.map(|name| name.as_str().to_owned()));
                names.collect()
            },
            verified_before_update: pool
                .user_attribute_update_settings
                .as_ref()
                .map(|settings| settings.attributes_require_verification_before_update())
                .unwrap_or_default()
                .iter()
                .map(|attribute| attribute.as_str().to_owned())
                .collect(),
            // Through the API the default is case-sensitive (UsernameConfigurationType).
            case_sensitive: pool
                .username_configuration
                .as_ref()
                .is_none_or(|c| c.case_sensitive),
            schema: pool
                .schema_attributes()
                .iter()
                .filter_map(schema_attribute)
                .collect(),
            password_policy: PasswordPolicy {
                minimum_length: policy
                    .and_then(|policy| usize::try_from(policy.minimum_length?).ok())
                    .unwrap_or(8),
                history: policy
                    .and_then(|policy| u32::try_from(policy.password_history_size?).ok())
                    .unwrap_or(0),
            },
            created: pool
                .creation_date
                .and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
            mfa_required: pool.mfa_configuration == Some(UserPoolMfaType::On),
            auto_verified: pool
                .auto_verified_attributes()
                .iter()
                .map(|attribute| attribute.as_str().to_owned())
                .collect(),
            estimated_users: u64::try_from(pool.estimated_number_of_users).unwrap_or(0),
            user_migration_trigger: lambda.and_then(|lambda| lambda.user_migration.clone()),
            pre_sign_up_trigger: lambda.and_then(|lambda| lambda.pre_sign_up.clone()),
            admin_create_user_only: admin_create
                .is_some_and(|config| config.allow_admin_create_user_only),
            default_mailer: mailer != Some(&EmailSendingAccountType::Developer),
            temporary_password_days: policy
                .and_then(|policy| u32::try_from(policy.temporary_password_validity_days).ok())
                .filter(|days| *days > 0)
                .unwrap_or(7),
            recovery: recovery
                .map(|setting| setting.recovery_mechanisms())
                .unwrap_or_default()
                .iter()
                .map(|mechanism| mechanism.name().as_str().to_owned())
                .collect(),
            first_factors: pool
                .policies
                .as_ref()
                .and_then(|policies| policies.sign_in_policy.as_ref())
                .map(|policy| policy.allowed_first_auth_factors())
                .unwrap_or_default()
                .iter()
                .map(|factor| factor.as_str().to_owned())
                .collect(),
            name: pool.name.unwrap_or_default(),
        }
    }

    /// Whether a user can be without a password: only where people sign in by a code sent by
    /// e-mail or text message (API reference: AdminCreateUser, TemporaryPassword). There a user
    /// created without a temporary password gets none, and is CONFIRMED at once.
    pub fn takes_users_without_password(&self) -> bool {
        self.code_addresses().next().is_some()
    }

    /// The attributes to one of which a sign-in code can go.
    pub fn code_addresses(&self) -> impl Iterator<Item = &'static str> {
        let factors = self.first_factors.iter();
        factors.filter_map(|factor| match factor.as_str() {
            "EMAIL_OTP" => Some("email"),
            "SMS_OTP" => Some("phone_number"),
            _ => None,
        })
    }

    /// Attributes that users shall have and the pool's schema does not: no user would fit.
    pub fn missing_attributes<'a>(
        &self,
        attributes: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&'a str> {
        // Some emulators list custom attributes alone: standard ones always exist.
        let custom = |name: &&str| name.starts_with("custom:");
        attributes
            .into_iter()
            .filter(custom)
            .filter(|n| !self.schema.contains_key(*n))
            .collect()
    }

    /// Why a user does not fit the pool's schema: the attribute's name and the reason.
    pub fn schema_fault(&self, user: &PoolUser) -> Option<(&str, Reason)> {
        self.schema.iter().find_map(|(name, attribute)| {
            let reason = match user.attributes.get(name) {
                None if attribute.required && name != "sub" => Reason::AttributeMissing,
                Some(value) if !attribute.takes(value) => Reason::AttributeInvalid,
                _ => return None,
            };
            Some((name.as_str(), reason))
        })
    }
}

fn sign_in(
    username_attributes: &[UsernameAttributeType],
    alias_attributes: &[AliasAttributeType],
) -> Option<PoolSignIn> {
    if username_attributes.contains(&UsernameAttributeType::Email) {
        return Some(PoolSignIn::Email);
    }
    if !username_attributes.is_empty() {
        return None;
    }
    Some(
        match alias_attributes.contains(&AliasAttributeType::Email) {
            true => PoolSignIn::UsernameOrEmail,
            false => PoolSignIn::Username,
        },
    )
}

fn schema_attribute(attribute: &SchemaAttributeType) -> Option<(String, SchemaAttribute)> {
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let (data_type, bounds) = match attribute.attribute_data_type {
        Some(AttributeDataType::Number) => {
            let constraints = attribute.number_attribute_constraints();
            let bounds = AttributeBounds {
                min: constraints.and_then(|c| number(c.min_value())),
                max: constraints.and_then(|c| number(c.max_value())),
            };
            (AttributeType::Number, bounds)
        }
        Some(AttributeDataType::Boolean) => (AttributeType::Boolean, AttributeBounds::default()),
        Some(AttributeDataType::Datetime) => (AttributeType::DateTime, AttributeBounds::default()),
        _ => {
            let constraints = attribute.string_attribute_constraints();
            let bounds = AttributeBounds {
                min: constraints.and_then(|c| number(c.min_length())),
                max: constraints.and_then(|c| number(c.max_length())),
            };
            (AttributeType::String, bounds)
        }
    };
    let mutable = attribute.mutable.unwrap_or(true);
    let required = attribute.required.unwrap_or(false);
    let name = attribute.name.clone()?;
    Some((
        name,
        SchemaAttribute {
            data_type,
            mutable,
            required,
            bounds,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cognitoidentityprovider::types::{
        NumberAttributeConstraintsType, StringAttributeConstraintsType,
    };

    fn description() -> PoolDescription {
        let text = |name: &str, max: &str, required| {
            let length = StringAttributeConstraintsType::builder()
                .min_length("0")
                .max_length(max);
            SchemaAttributeType::builder()
                .name(name)
                .attribute_data_type(AttributeDataType::String)
                .string_attribute_constraints(length.build())
                .required(required)
                .build()
        };
        let value = NumberAttributeConstraintsType::builder()
            .min_value("1")
            .max_value("99");
        let number = SchemaAttributeType::builder()
            .name("custom:legacy_id")
            .attribute_data_type(AttributeDataType::Number)
            .number_attribute_constraints(value.build())
            .build();
        let pool = UserPoolType::builder()
            .schema_attributes(text("email", "20", true))
            .schema_attributes(text("sub", "2048", true))
            .schema_attributes(number)
            .build();
        PoolDescription::from_sdk(pool)
    }

    fn user(attributes: &[(&str, &str)]) -> PoolUser {
        let attributes = attributes
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        PoolUser {
            attributes: attributes.collect(),
            ..PoolUser::default()
        }
    }

    #[test]
    fn users_are_held_against_the_pools_own_schema() {
        let pool = description();
        let fault = |attributes: &[(&str, &str)]| {
            let fault = pool.schema_fault(&user(attributes));
            fault.map(|(name, reason)| (name.to_owned(), reason))
        };
        assert_eq!(
            fault(&[("email", "a@b.org"), ("custom:legacy_id", "7")]),
            None
        );
        assert_eq!(
            fault(&[]),
            Some(("email".to_owned(), Reason::AttributeMissing))
        );
        let long = fault(&[("email", "ada.lovelace@example.org")]);
        assert_eq!(long, Some(("email".to_owned(), Reason::AttributeInvalid)));
        for bad in ["100", "0", "seven", "1.5"] {
            let fault = fault(&[("email", "a@b.org"), ("custom:legacy_id", bad)]);
            assert_eq!(
                fault,
                Some(("custom:legacy_id".to_owned(), Reason::AttributeInvalid)),
                "{bad}"
            );
        }
    }

    #[test]
    fn custom_attributes_that_the_pool_lacks_are_named() {
        let wanted = ["email", "given_name", "custom:legacy_id", "custom:plan"];
        assert_eq!(description().missing_attributes(wanted), ["custom:plan"]);
    }

    #[test]
    fn the_kind_of_sign_in_follows_from_username_and_alias_attributes() {
        let email = UsernameAttributeType::Email;
        let phone = UsernameAttributeType::PhoneNumber;
        assert_eq!(
            sign_in(&[phone.clone(), email], &[]),
            Some(PoolSignIn::Email)
        );
        assert_eq!(sign_in(&[phone], &[]), None);
        let alias = AliasAttributeType::Email;
        assert_eq!(sign_in(&[], &[alias]), Some(PoolSignIn::UsernameOrEmail));
        let preferred = AliasAttributeType::PreferredUsername;
        assert_eq!(sign_in(&[], &[preferred]), Some(PoolSignIn::Username));
    }

    #[test]
    fn a_pool_made_through_the_api_is_case_sensitive_unless_it_says_otherwise() {
        assert!(description().case_sensitive);
    }
}
