//! All settings of a pool, as DescribeUserPool shows them, and the triggers among them.
//!
//! UpdateUserPool sets back to its default whatever a request leaves out (developer guide,
//! "Updating user pool configuration"), and the SDK's types leave out what is younger than they
//! are. So a pool's settings are kept here as the JSON that Cognito sent, and go back as that JSON:
//! all of it but what cannot be written. Knows no calls; `UserPool` reads it, `WritableUserPool`
//! writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

/// Members of `UserPoolType` that `UpdateUserPoolRequest` does not have (API model, botocore
/// 1.44.5). Whatever else a pool shows, known to us or not, goes back.
const READ_ONLY: [&str; 15] = [
    "AliasAttributes",
    "Arn",
    "CreationDate",
    "CustomDomain",
    "Domain",
    "EmailConfigurationFailure",
    "EstimatedNumberOfUsers",
    "Id",
    "LastModifiedDate",
    "Name",
    "SchemaAttributes",
    "SmsConfigurationFailure",
    "Status",
    "UsernameAttributes",
    "UsernameConfiguration",
];

/// Members that change by themselves, so that a difference in them says nothing.
const RESTLESS: [&str; 2] = ["EstimatedNumberOfUsers", "LastModifiedDate"];

/// The settings of a user pool, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSettings(Map<String, Value>);

/// A trigger of a pool that the migration's function can be.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PoolTrigger {
    /// `UserMigration`.
    UserMigration,
    /// `PreSignUp`.
    PreSignUp,
    /// `PreTokenGenerationConfig` with the given version of the event.
    PreTokenGeneration(TokenEventVersion),
}

/// Which event a pre token generation function is sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TokenEventVersion {
    /// ID tokens; every feature plan has it.
    V1,
    /// Access tokens too; Essentials and Plus.
    V2,
}

impl TokenEventVersion {
    const fn name(self) -> &'static str {
        match self {
            TokenEventVersion::V1 => "V1_0",
            TokenEventVersion::V2 => "V2_0",
        }
    }
}

impl fmt::Display for PoolTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PoolTrigger::UserMigration => "user-migration",
            PoolTrigger::PreSignUp => "pre-sign-up",
            PoolTrigger::PreTokenGeneration(TokenEventVersion::V1) => "pre-token-generation",
            PoolTrigger::PreTokenGeneration(TokenEventVersion::V2) => "pre-token-generation-v2",
        })
    }
}

/// One setting that differs between two descriptions of a pool; values as JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingChange {
    /// The setting's path, such as `LambdaConfig.UserMigration`.
    pub setting: String,
    /// Its value before; `None` when it was not set.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

impl fmt::Display for SettingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |value: &Option<String>| value.clone().unwrap_or_else(|| "(not set)".to_owned());
        let (before, after) = (shown(&self.before), shown(&self.after));
        write!(f, "{}: {before} -> {after}", self.setting)
    }
}

impl PoolSettings {
    /// The settings in the body of a DescribeUserPool answer.
    pub(crate) fn from_answer(body: &[u8]) -> Option<PoolSettings> {
        let mut answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
        match answer.remove("UserPool") {
            Some(Value::Object(settings)) => Some(PoolSettings(settings)),
            _ => None,
        }
    }

    /// The function that a trigger calls. Both versions of a pre token generation trigger are one
    /// place: whichever function is there is given.
    pub fn function_of(&self, trigger: PoolTrigger) -> Option<&str> {
        let lambdas = self.0.get("LambdaConfig")?;
        let arn = match trigger {
            PoolTrigger::UserMigration => &lambdas["UserMigration"],
            PoolTrigger::PreSignUp => &lambdas["PreSignUp"],
            PoolTrigger::PreTokenGeneration(_) => {
                match &lambdas["PreTokenGenerationConfig"]["LambdaArn"] {
                    Value::Null => &lambdas["PreTokenGeneration"],
                    arn => arn,
                }
            }
        };
        arn.as_str().filter(|arn| !arn.is_empty())
    }

    /// The same settings with a function at a trigger.
    #[must_use]
    pub fn with_function(&self, trigger: PoolTrigger, arn: &str) -> PoolSettings {
        self.patched(|lambdas| match trigger {
            PoolTrigger::UserMigration => {
                lambdas.insert("UserMigration".to_owned(), arn.into());
            }
            PoolTrigger::PreSignUp => {
                lambdas.insert("PreSignUp".to_owned(), arn.into());
            }
            PoolTrigger::PreTokenGeneration(version) => {
                // Where the older member is set too, it must name the same function
                // (`LambdaConfigType`), and Cognito may show it when only the newer was set.
                lambdas.insert("PreTokenGeneration".to_owned(), arn.into());
                let config = serde_json::json!({
                    "LambdaVersion": version.name(),
                    "LambdaArn": arn,
                });
                lambdas.insert("PreTokenGenerationConfig".to_owned(), config);
            }
        })
    }

    /// The same settings with nothing at a trigger.
    #[must_use]
    pub fn without_function(&self, trigger: PoolTrigger) -> PoolSettings {
        self.patched(|lambdas| {
            let members: &[&str] = match trigger {
                PoolTrigger::UserMigration => &["UserMigration"],
                PoolTrigger::PreSignUp => &["PreSignUp"],
                PoolTrigger::PreTokenGeneration(_) => {
                    &["PreTokenGeneration", "PreTokenGenerationConfig"]
                }
            };
            for member in members {
                lambdas.remove(*member);
            }
        })
    }

    fn patched(&self, patch: impl FnOnce(&mut Map<String, Value>)) -> PoolSettings {
        let mut settings = self.0.clone();
        let mut lambdas = match settings.remove("LambdaConfig") {
            Some(Value::Object(lambdas)) => lambdas,
            _ => Map::new(),
        };
        patch(&mut lambdas);
        settings.insert("LambdaConfig".to_owned(), Value::Object(lambdas));
        PoolSettings(settings)
    }

    /// What is different in `after`, by setting.
    pub fn changes_to(&self, after: &PoolSettings) -> Vec<SettingChange> {
        let (before, after) = (self.leaves(), after.leaves());
        let settings: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        settings
            .into_iter()
            .filter(|setting| before.get(*setting) != after.get(*setting))
            .map(|setting| SettingChange {
                setting: setting.clone(),
                before: before.get(setting).cloned(),
                after: after.get(setting).cloned(),
            })
            .collect()
    }

    /// Every value that is no object, by its path. Unset, null and empty objects are the same.
    fn leaves(&self) -> BTreeMap<String, String> {
        let mut leaves = BTreeMap::new();
        for (name, value) in &self.0 {
            if !RESTLESS.contains(&name.as_str()) {
                add_leaves(name, value, &mut leaves);
            }
        }
        leaves
    }

    /// The body of the UpdateUserPool request that sets all of this.
    pub(crate) fn update_request(&self, user_pool_id: &str) -> String {
        let mut request = self.0.clone();
        request.retain(|name, value| !READ_ONLY.contains(&name.as_str()) && !value.is_null());
        drop_superseded(&mut request);
        request.insert("UserPoolId".to_owned(), user_pool_id.into());
        Value::Object(request).to_string()
    }
}

/// A description names the days that a temporary password lasts twice, by an old and a new name.
/// A request that does so is refused: "Please use TemporaryPasswordValidityDays in PasswordPolicy
/// instead of UnusedAccountValidityDays" (github.com/pulumi/pulumi-aws-native/issues/1256).
fn drop_superseded(request: &mut Map<String, Value>) {
    let newer = &request
        .get("Policies")
        .map_or(&Value::Null, |policies| &policies["PasswordPolicy"])["TemporaryPasswordValidityDays"];
    if newer.is_null() {
        return;
    }
    if let Some(Value::Object(config)) = request.get_mut("AdminCreateUserConfig") {
        config.remove("UnusedAccountValidityDays");
    }
}

fn add_leaves(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (name, value) in members {
                add_leaves(&format!("{path}.{name}"), value, leaves);
            }
        }
        Value::Array(items) => {
            // Cognito's lists are sets, in no order.
            let mut items: Vec<_> = items.iter().map(Value::to_string).collect();
            items.sort_unstable();
            if !items.is_empty() {
                leaves.insert(path.to_owned(), format!("[{}]", items.join(",")));
            }
        }
        value => {
            leaves.insert(path.to_owned(), value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:cutover";

    fn settings(pool: Value) -> PoolSettings {
        let body = json!({ "UserPool": pool }).to_string();
        PoolSettings::from_answer(body.as_bytes()).expect("a description")
    }

    fn request(settings: &PoolSettings) -> Value {
        serde_json::from_str(&settings.update_request("eu-west-1_a")).expect("JSON")
    }

    #[test]
    fn a_setting_that_nobody_knows_yet_goes_back_as_it_came() {
        let pool = settings(json!({
            "Id": "eu-west-1_a",
            "Name": "people",
            "LastModifiedDate": 1.5,
            "MfaConfiguration": "OPTIONAL",
            "FromTheFuture": {"Deep": [1, {"Deeper": 0.1}]},
            "LambdaConfig": {"CustomMessage": "arn:other", "AlsoFromTheFuture": {"LambdaArn": "x"}},
        }));
        let patched = pool.with_function(PoolTrigger::UserMigration, ARN);
        assert_eq!(
            request(&patched),
            json!({
                "UserPoolId": "eu-west-1_a",
                "MfaConfiguration": "OPTIONAL",
                "FromTheFuture": {"Deep": [1, {"Deeper": 0.1}]},
                "LambdaConfig": {
                    "CustomMessage": "arn:other",
                    "AlsoFromTheFuture": {"LambdaArn": "x"},
                    "UserMigration": ARN,
                },
            })
        );
    }

    #[test]
    fn the_older_name_of_the_password_validity_goes_only_where_the_newer_is_not_set() {
        let admin = json!({"AllowAdminCreateUserOnly": true, "UnusedAccountValidityDays": 7});
        let both = settings(json!({
            "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": 7}},
            "AdminCreateUserConfig": admin,
        }));
        assert_eq!(
            request(&both)["AdminCreateUserConfig"],
            json!({"AllowAdminCreateUserOnly": true})
        );
        let older = settings(json!({"Policies": {}, "AdminCreateUserConfig": admin}));
        assert_eq!(request(&older)["AdminCreateUserConfig"], admin);
    }

    #[test]
    fn attaching_changes_the_trigger_alone_and_detaching_takes_it_back() {
        let before = settings(json!({"LambdaConfig": {"PostConfirmation": "arn:other"}}));
        for (trigger, changed) in [
            (
                PoolTrigger::UserMigration,
                &["LambdaConfig.UserMigration"][..],
            ),
            (PoolTrigger::PreSignUp, &["LambdaConfig.PreSignUp"]),
            (
                PoolTrigger::PreTokenGeneration(TokenEventVersion::V2),
                &[
                    "LambdaConfig.PreTokenGeneration",
                    "LambdaConfig.PreTokenGenerationConfig.LambdaArn",
                    "LambdaConfig.PreTokenGenerationConfig.LambdaVersion",
                ],
            ),
        ] {
            assert_eq!(before.function_of(trigger), None);
            let attached = before.with_function(trigger, ARN);
            assert_eq!(attached.function_of(trigger), Some(ARN));
            let changes = before.changes_to(&attached);
            let settings: Vec<_> = changes.iter().map(|c| c.setting.as_str()).collect();
            assert_eq!(settings, changed);
            let detached = attached.without_function(trigger);
            assert_eq!(before.changes_to(&detached), []);
        }
    }

    #[test]
    fn what_changes_by_itself_or_says_the_same_is_no_difference() {
        let one = settings(json!({
            "EstimatedNumberOfUsers": 1, "LastModifiedDate": 1.5,
            "AutoVerifiedAttributes": ["email", "phone_number"], "UserPoolTags": {},
        }));
        let other = settings(json!({
            "EstimatedNumberOfUsers": 2, "LastModifiedDate": 2.5,
            "AutoVerifiedAttributes": ["phone_number", "email"], "Domain": null,
        }));
        assert_eq!(one.changes_to(&other), []);
        let lost = settings(json!({"AutoVerifiedAttributes": ["email"]}));
        assert_eq!(
            one.changes_to(&lost)[0].to_string(),
            r#"AutoVerifiedAttributes: ["email","phone_number"] -> ["email"]"#
        );
    }
}
