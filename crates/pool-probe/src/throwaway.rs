//! The pools that a probe makes: their kinds, their names and tags, and the proof that a pool is a
//! probe's. Must not know questions.

use serde_json::{Value, json};

/// Beginning of the name of every pool a probe makes.
pub(crate) const NAME_PREFIX: &str = "cutover-probe-";
/// The tag that every such pool bears; its value is the run, which the name has too.
pub(crate) const TAG: &str = "cutover-probe";

/// A pool as a question needs it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// Usernames, case-insensitive.
    Plain,
    /// Usernames, with e-mail addresses and preferred usernames as aliases.
    Alias,
    /// E-mail addresses as usernames.
    Email,
    /// A required name.
    Required,
    /// Administrators alone recover accounts.
    AdminOnly,
    /// Every trigger that a sign-in might run.
    Triggers,
    /// Import jobs.
    Import,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Plain => "plain",
            Kind::Alias => "alias",
            Kind::Email => "email",
            Kind::Required => "required",
            Kind::AdminOnly => "admin-only",
            Kind::Triggers => "triggers",
            Kind::Import => "import",
        }
    }

    /// Every kind, for the plan.
    pub(crate) const ALL: [Kind; 7] = [
        Kind::Plain,
        Kind::Alias,
        Kind::Email,
        Kind::Required,
        Kind::AdminOnly,
        Kind::Triggers,
        Kind::Import,
    ];

    pub(crate) fn name(self, run: &str) -> String {
        format!("{NAME_PREFIX}{run}-{}", self.word())
    }

    /// The request that makes it.
    pub(crate) fn settings(self, run: &str, function: Option<&str>) -> Value {
        let mut settings = json!({
            "PoolName": self.name(run),
            "UserPoolTags": {TAG: run},
            "UsernameConfiguration": {"CaseSensitive": false},
            "AutoVerifiedAttributes": ["email"],
            "Schema": [
                {"Name": "seen", "AttributeDataType": "String", "Mutable": true,
                 "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "2048"}},
                {"Name": "short", "AttributeDataType": "String", "Mutable": true,
                 "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "10"}},
                {"Name": "flag", "AttributeDataType": "Boolean", "Mutable": true},
            ],
        });
        match self {
            Kind::Plain | Kind::Triggers | Kind::Import => {}
            Kind::Alias => settings["AliasAttributes"] = json!(["email", "preferred_username"]),
            Kind::Email => settings["UsernameAttributes"] = json!(["email"]),
            Kind::Required => {
                settings["Schema"] =
                    json!([{"Name": "family_name", "Required": true, "Mutable": true}]);
            }
            Kind::AdminOnly => {
                settings["AccountRecoverySetting"] =
                    json!({"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]});
            }
        }
        if let Some(function) = function {
            settings["LambdaConfig"] = match self {
                Kind::AdminOnly | Kind::Import => json!({}),
                Kind::Triggers => json!({
                    "UserMigration": function, "PreSignUp": function,
                    "PreAuthentication": function, "PostAuthentication": function,
                    "PostConfirmation": function, "PreTokenGeneration": function,
                }),
                _ => json!({"UserMigration": function}),
            };
        }
        settings
    }
}

/// Whether a pool, as DescribeUserPool shows it, was made by a probe: the name and the tag say the
/// same run. Neither alone is enough.
pub(crate) fn is_a_probes(pool: &Value) -> bool {
    let Some(rest) = pool["Name"]
        .as_str()
        .and_then(|name| name.strip_prefix(NAME_PREFIX))
    else {
        return false;
    };
    let Some(run) = pool["UserPoolTags"][TAG].as_str() else {
        return false;
    };
    let kind = rest
        .strip_prefix(run)
        .and_then(|rest| rest.strip_prefix('-'));
    is_a_run(run) && kind.is_some_and(|kind| Kind::ALL.iter().any(|known| known.word() == kind))
}

fn is_a_run(run: &str) -> bool {
    run.len() == RUN_LENGTH && run.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const RUN_LENGTH: usize = 8;

/// A new run's name.
pub(crate) fn new_run() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id.chars().take(RUN_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_name_and_tag_together_prove_a_probes_pool() {
        let run = new_run();
        let shown = |name: &str, tags: Value| json!({"Name": name, "UserPoolTags": tags});
        for kind in Kind::ALL {
            let made = kind.settings(&run, None);
            let name = made["PoolName"].as_str().expect("a name");
            assert!(
                is_a_probes(&shown(name, made["UserPoolTags"].clone())),
                "{name}"
            );
            assert!(
                !is_a_probes(&shown(name, json!({}))),
                "{name} without the tag"
            );
            assert!(
                !is_a_probes(&shown(name, json!({TAG: "other"}))),
                "{name} of another run"
            );
        }
        assert!(!is_a_probes(&shown("customers", json!({TAG: run}))));
        let longer = format!("{NAME_PREFIX}{run}-customers");
        assert!(!is_a_probes(&shown(&longer, json!({TAG: run}))));
        assert!(!is_a_probes(&shown(NAME_PREFIX, json!({TAG: ""}))));
        assert!(!is_a_probes(&json!({})));
    }
}
