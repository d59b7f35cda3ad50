//! The settings of one pool.
//!
//! Responsible for reading `CreateUserPool` and `UpdateUserPool` requests, for the settings the
//! pool acts on, and for showing all of them in `DescribeUserPool`. Settings the pool does not act
//! on (message templates, tags, …) are kept as they came and shown again. Which settings exclude
//! each other is `config_rules`'.
//!
//! Sources: `CreateUserPoolRequest`, `UpdateUserPoolRequest`, `UserPoolType` of the API model;
//! guide page cognito-user-pool-updating (a setting left out of an update goes back to its
//! default; sign-in names and schema are fixed at creation).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::config_rules;
use crate::api_error::ApiError;
use crate::clock::{Millis, epoch_seconds};
use crate::options::TriggerKind;
use crate::pool::password::Policy;
use crate::pool::schema::{
    AttributeId, EMAIL, PHONE_NUMBER, PREFERRED_USERNAME, Schema, SchemaAttribute,
};

/// Members of `CreateUserPool` that an update cannot change.
const FIXED: [&str; 4] = [
    "PoolName",
    "UsernameAttributes",
    "AliasAttributes",
    "UsernameConfiguration",
];

#[derive(Debug, Clone)]
pub(crate) struct PoolConfig {
    pub(crate) name: String,
    pub(crate) username_attributes: Vec<AttributeId>,
    pub(crate) alias_attributes: Vec<AttributeId>,
    pub(crate) auto_verified: Vec<AttributeId>,
    pub(crate) case_sensitive: bool,
    pub(crate) policy: Policy,
    pub(crate) schema: Schema,
    pub(crate) admin_create_user_only: bool,
    /// Contacts that one-time passwords may go to as a first factor; empty where every user needs
    /// a password.
    pub(crate) passwordless: Vec<AttributeId>,
    recovery: Vec<AttributeId>,
    /// Members of the request as they came, without the schema.
    settings: Map<String, Value>,
    modified: Millis,
}

/// A pool's settings as a state file has them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedConfig {
    pub(crate) schema: Schema,
    settings: Map<String, Value>,
    modified: Millis,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Settings {
    pool_name: String,
    policies: Option<Policies>,
    username_attributes: Vec<String>,
    alias_attributes: Vec<String>,
    auto_verified_attributes: Vec<String>,
    username_configuration: Option<UsernameConfiguration>,
    admin_create_user_config: Option<AdminCreateUserConfig>,
    account_recovery_setting: Option<AccountRecoverySetting>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Policies {
    password_policy: Option<Policy>,
    sign_in_policy: Option<SignInPolicy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SignInPolicy {
    allowed_first_auth_factors: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UsernameConfiguration {
    case_sensitive: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AdminCreateUserConfig {
    allow_admin_create_user_only: bool,
    unused_account_validity_days: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AccountRecoverySetting {
    recovery_mechanisms: Vec<RecoveryMechanism>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecoveryMechanism {
    priority: i64,
    name: String,
}

impl PoolConfig {
    pub(crate) fn of_new_pool(
        mut request: Map<String, Value>,
        now: Millis,
    ) -> Result<Self, ApiError> {
        let schema: Vec<SchemaAttribute> = match request.remove("Schema") {
            None => Vec::new(),
            Some(schema) => serde_json::from_value(schema)
                .map_err(|_| ApiError::invalid_parameter("The schema cannot be read."))?,
        };
        Self::read(request, Schema::of_new_pool(schema)?, now)
    }

    /// The settings after `UpdateUserPool`: those of the request, all others at their defaults,
    /// except what a pool keeps for life.
    pub(crate) fn updated(
        &self,
        mut request: Map<String, Value>,
        now: Millis,
    ) -> Result<Self, ApiError> {
        request.remove("UserPoolId");
        for name in FIXED {
            if let (false, Some(kept)) = (request.contains_key(name), self.settings.get(name)) {
                request.insert(name.to_owned(), kept.clone());
            }
        }
        Self::read(request, self.schema.clone(), now)
    }

    pub(crate) fn with_schema(&self, schema: Schema, now: Millis) -> Self {
        Self {
            schema,
            modified: now,
            ..self.clone()
        }
    }

    pub(crate) fn saved(&self) -> SavedConfig {
        SavedConfig {
            schema: self.schema.clone(),
            settings: self.settings.clone(),
            modified: self.modified,
        }
    }

    pub(crate) fn restored(saved: SavedConfig) -> Result<Self, ApiError> {
        Self::read(saved.settings, saved.schema, saved.modified)
    }

    fn read(settings: Map<String, Value>, schema: Schema, now: Millis) -> Result<Self, ApiError> {
        let typed: Settings = serde_json::from_value(Value::Object(settings.clone()))
            .map_err(|_| ApiError::invalid_parameter("The pool's settings cannot be read."))?;
        config_rules::check(&settings, &schema)?;
        let ids = |names: &[String]| -> Vec<AttributeId> {
            names.iter().filter_map(|name| schema.id(name)).collect()
        };
        let policies = typed.policies.unwrap_or_default();
        let admin = typed.admin_create_user_config.unwrap_or_default();
        let mut policy = policies.password_policy.unwrap_or_default();
        policy.temporary_password_validity_days = config_rules::validity_days(&settings)?
            .unwrap_or(Policy::default().temporary_password_validity_days);
        let factors = policies.sign_in_policy.unwrap_or_default();
        let passwordless = [("EMAIL_OTP", EMAIL), ("SMS_OTP", PHONE_NUMBER)]
            .into_iter()
            .filter(|(factor, _)| {
                let allowed = &factors.allowed_first_auth_factors;
                allowed.iter().any(|name| name == factor)
            })
            .map(|(_, contact)| contact)
            .collect();
        Ok(Self {
            username_attributes: ids(&typed.username_attributes),
            alias_attributes: ids(&typed.alias_attributes),
            auto_verified: ids(&typed.auto_verified_attributes),
            // `UsernameConfigurationType`: the API's default is case-sensitive.
            case_sensitive: typed
                .username_configuration
                .is_none_or(|configuration| configuration.case_sensitive),
            policy,
            admin_create_user_only: admin.allow_admin_create_user_only,
            passwordless,
            recovery: recovery_order(typed.account_recovery_setting),
            name: typed.pool_name,
            schema,
            settings,
            modified: now,
        })
    }

    /// Attributes a reset code may go to, in order of preference; empty where only an
    /// administrator can recover an account.
    pub(crate) fn recovery(&self) -> &[AttributeId] {
        &self.recovery
    }

    /// A username as this pool keeps it: lower-cased where case does not count.
    pub(crate) fn folded<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.case_sensitive || !name.chars().any(char::is_uppercase) {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(name.to_lowercase())
        }
    }

    /// An attribute's value as this pool keeps it: in a case-insensitive pool e-mail addresses and
    /// preferred usernames are too (guide: user-pool-case-sensitivity).
    pub(crate) fn folded_value<'a>(&self, id: AttributeId, value: &'a str) -> Cow<'a, str> {
        match id {
            EMAIL | PREFERRED_USERNAME => self.folded(value),
            _ => Cow::Borrowed(value),
        }
    }

    /// The function assigned to a trigger.
    pub(crate) fn trigger_arn(&self, kind: TriggerKind) -> Option<&str> {
        let lambdas = self.settings.get("LambdaConfig")?;
        let version = lambdas["PreTokenGenerationConfig"]["LambdaVersion"].as_str();
        match kind {
            TriggerKind::UserMigration => &lambdas["UserMigration"],
            TriggerKind::PreSignUp => &lambdas["PreSignUp"],
            TriggerKind::PostAuthentication => &lambdas["PostAuthentication"],
            TriggerKind::PreTokenGeneration if version.is_none_or(|name| name == "V1_0") => {
                match &lambdas["PreTokenGenerationConfig"]["LambdaArn"] {
                    Value::Null => &lambdas["PreTokenGeneration"],
                    arn => arn,
                }
            }
            TriggerKind::PreTokenGenerationV2 if version == Some("V2_0") => {
                &lambdas["PreTokenGenerationConfig"]["LambdaArn"]
            }
            TriggerKind::PreTokenGenerationV3 if version == Some("V3_0") => {
                &lambdas["PreTokenGenerationConfig"]["LambdaArn"]
            }
            TriggerKind::PreTokenGeneration
            | TriggerKind::PreTokenGenerationV2
            | TriggerKind::PreTokenGenerationV3 => &Value::Null,
        }
        .as_str()
        .filter(|arn| !arn.is_empty())
    }

    /// `UserPoolType`.
    pub(crate) fn described(
        &self,
        id: &str,
        arn: &str,
        created: Millis,
        users: usize,
    ) -> Map<String, Value> {
        let mut described = defaults();
        for (name, value) in &self.settings {
            match described.get_mut(name) {
                // A setting given in part has its other members at their defaults.
                Some(Value::Object(default)) if DEFAULTS_BY_MEMBER.contains(&name.as_str()) => {
                    default.extend(value.as_object().cloned().unwrap_or_default());
                }
                _ => {
                    described.insert(name.clone(), value.clone());
                }
            }
        }
        described.remove("PoolName");
        // The older name of the policy's setting shows the same number.
        described["AdminCreateUserConfig"]["UnusedAccountValidityDays"] =
            self.policy.temporary_password_validity_days.into();
        let sign_in_policy = described["Policies"].get("SignInPolicy").cloned();
        described.insert(
            "Policies".to_owned(),
            json!({
                "PasswordPolicy": self.policy,
                "SignInPolicy": sign_in_policy
                    .unwrap_or_else(|| json!({"AllowedFirstAuthFactors": ["PASSWORD"]})),
            }),
        );
        described.extend(object(json!({
            "Id": id,
            "Arn": arn,
            "Name": self.name,
            "CreationDate": epoch_seconds(created),
            "LastModifiedDate": epoch_seconds(self.modified),
            "EstimatedNumberOfUsers": users,
            "SchemaAttributes": self.schema.described(),
            "UsernameConfiguration": {"CaseSensitive": self.case_sensitive},
        })));
        described
    }

    pub(crate) fn modified(&self) -> Millis {
        self.modified
    }

    /// Whether e-mail goes out by Cognito's own mailer (`EmailSendingAccount` `COGNITO_DEFAULT`).
    pub(crate) fn uses_default_mailer(&self) -> bool {
        self.settings
            .get("EmailConfiguration")
            .is_none_or(|mail| mail["EmailSendingAccount"] != "DEVELOPER")
    }

    /// `MfaConfiguration`: `OFF`, `ON` or `OPTIONAL`.
    pub(crate) fn mfa(&self) -> &str {
        self.settings
            .get("MfaConfiguration")
            .and_then(Value::as_str)
            .unwrap_or("OFF")
    }

    /// Name of the lowest authentication level (`AcrConfiguration`).
    pub(crate) fn level_one(&self) -> &str {
        self.settings
            .get("AcrConfiguration")
            .and_then(|levels| levels["Level1"]["AcrValue"].as_str())
            .unwrap_or("urn:cognito:loa:1")
    }

    /// Contacts whose change waits for the user's proof
    /// (`UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate`).
    pub(crate) fn waits_for_proof(&self, contact: AttributeId) -> bool {
        self.settings
            .get("UserAttributeUpdateSettings")
            .and_then(|settings| settings["AttributesRequireVerificationBeforeUpdate"].as_array())
            .is_some_and(|names| names.iter().any(|name| *name == self.schema.name(contact)))
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.settings
            .get("DeletionProtection")
            .is_some_and(|setting| setting == "ACTIVE")
    }

    pub(crate) fn lambda_config(&self) -> Value {
        self.settings
            .get("LambdaConfig")
            .cloned()
            .unwrap_or_else(|| json!({}))
    }
}

/// Settings of which a request may give some members only.
const DEFAULTS_BY_MEMBER: [&str; 3] = [
    "AdminCreateUserConfig",
    "EmailConfiguration",
    "VerificationMessageTemplate",
];

/// What `DescribeUserPool` shows of a pool made with nothing but a name.
fn defaults() -> Map<String, Value> {
    object(json!({
        "Policies": {},
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": {},
        "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
        "MfaConfiguration": "OFF",
        "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
        "UserPoolTags": {},
        "UserPoolTier": "ESSENTIALS",
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": false,
            "UnusedAccountValidityDays": 7,
        },
    }))
}

/// Which verified attribute gets the code. Without a setting Cognito prefers the phone number
/// (`AccountRecoverySettingType`: "the legacy behavior").
fn recovery_order(setting: Option<AccountRecoverySetting>) -> Vec<AttributeId> {
    let mut mechanisms = setting.unwrap_or_default().recovery_mechanisms;
    if mechanisms.is_empty() {
        return vec![PHONE_NUMBER, EMAIL];
    }
    mechanisms.sort_by_key(|mechanism| mechanism.priority);
    mechanisms
        .iter()
        .filter_map(|mechanism| match mechanism.name.as_str() {
            "verified_email" => Some(EMAIL),
            "verified_phone_number" => Some(PHONE_NUMBER),
            _ => None,
        })
        .collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
