//! Which settings of a pool go together.
//!
//! Responsible for the refusals of `CreateUserPool` and `UpdateUserPool` that the API model alone
//! cannot make. It must not know what the settings do (see `config`).
//!
//! Sources: guide page user-pool-settings-attributes (username or alias attributes;
//! `preferred_username` required or an alias); `LambdaConfigType` and `PasswordPolicyType` of the
//! API model; guide page cognito-sign-in-feature-plans (what the Lite plan lacks), with the text of
//! that refusal believed; text of the two validity settings: aws-sdk-js issue 3817.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::pool::schema::{PREFERRED_USERNAME, Schema};

pub(super) fn check(settings: &Map<String, Value>, schema: &Schema) -> Result<(), ApiError> {
    let listed = |name: &str| {
        let list = settings.get(name).and_then(Value::as_array);
        list.is_some_and(|list| !list.is_empty())
    };
    if listed("UsernameAttributes") && listed("AliasAttributes") {
        return Err(ApiError::invalid_parameter(
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        ));
    }
    let aliases = settings.get("AliasAttributes").and_then(Value::as_array);
    let aliased =
        aliases.is_some_and(|names| names.iter().any(|name| name == "preferred_username"));
    if aliased && schema.get(PREFERRED_USERNAME).required {
        return Err(ApiError::invalid_parameter(
            "preferred_username can be required or an alias, but not both.",
        ));
    }
    check_token_trigger(settings)?;
    check_plan(settings)
}

/// "If you also set an ARN in PreTokenGenerationConfig, its value must be identical to
/// PreTokenGeneration."
fn check_token_trigger(settings: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(lambdas) = settings.get("LambdaConfig") else {
        return Ok(());
    };
    let (older, newer) = (
        lambdas["PreTokenGeneration"].as_str(),
        lambdas["PreTokenGenerationConfig"]["LambdaArn"].as_str(),
    );
    match (older, newer) {
        (Some(older), Some(newer)) if older != newer => Err(ApiError::invalid_parameter(
            "PreTokenGeneration and PreTokenGenerationConfig must name the same function.",
        )),
        _ => Ok(()),
    }
}

/// Refuses in the Lite plan what only Essentials and Plus have.
fn check_plan(settings: &Map<String, Value>) -> Result<(), ApiError> {
    if settings
        .get("UserPoolTier")
        .is_none_or(|plan| plan != "LITE")
    {
        return Ok(());
    }
    let at = |pointer: &str| {
        let (name, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
        settings.get(name)?.pointer(&format!("/{rest}"))
    };
    let factors = at("Policies/SignInPolicy/AllowedFirstAuthFactors").and_then(Value::as_array);
    let history = at("Policies/PasswordPolicy/PasswordHistorySize").and_then(Value::as_i64);
    let version = at("LambdaConfig/PreTokenGenerationConfig/LambdaVersion");
    let feature = if factors.is_some_and(|names| names.iter().any(|name| name != "PASSWORD")) {
        "AllowedFirstAuthFactors other than PASSWORD"
    } else if history.is_some_and(|size| size > 0) {
        "PasswordHistorySize"
    } else if version.is_some_and(|version| version != "V1_0") {
        "Access token customization"
    } else {
        return Ok(());
    };
    Err(ApiError::new(
        "FeatureUnavailableInTierException",
        format!("{feature} is not available in the user pool tier LITE."),
    ))
}

/// How many days a temporary password works, if the request says so, by either name. Zero counts
/// as not said.
pub(super) fn validity_days(settings: &Map<String, Value>) -> Result<Option<i64>, ApiError> {
    let days = |name: &str, pointer: &str| {
        let days = settings.get(name)?.pointer(pointer)?.as_i64()?;
        (days > 0).then_some(days)
    };
    let newer = days("Policies", "/PasswordPolicy/TemporaryPasswordValidityDays");
    let older = days("AdminCreateUserConfig", "/UnusedAccountValidityDays");
    match (newer, older) {
        (Some(newer), Some(older)) if newer != older => Err(ApiError::invalid_parameter(
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of \
             UnusedAccountValidityDays",
        )),
        (newer, older) => Ok(newer.or(older)),
    }
}
