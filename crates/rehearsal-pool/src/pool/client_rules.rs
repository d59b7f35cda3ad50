//! Which settings of an app client are permitted.
//!
//! Responsible for the refusals of `CreateUserPoolClient` and `UpdateUserPoolClient` that the API
//! model alone cannot make. It must not know what the settings do (see `client`).
//!
//! Sources: the quota page (how long tokens live); guide page user-pool-settings-attributes (all
//! app clients can write required attributes); aws-cdk issue 2608 and
//! aws-cloudformation-user-guide pull request 828 (texts); guide page
//! amazon-cognito-user-pools-using-the-refresh-token (rotation excludes `REFRESH_TOKEN_AUTH`), with
//! the text of that refusal believed.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::pool::client::{self, PROFILE_SCOPE};
use crate::pool::schema::Schema;

/// `doing` is `creating` or `updating`, as the refusals say.
pub(crate) fn check(
    request: &Map<String, Value>,
    schema: &Schema,
    doing: &str,
) -> Result<(), ApiError> {
    for (validity, unit, default, range) in [
        ("AccessTokenValidity", "AccessToken", "hours", ACCESS),
        ("IdTokenValidity", "IdToken", "hours", ACCESS),
        ("RefreshTokenValidity", "RefreshToken", "days", REFRESH),
    ] {
        check_validity(request, validity, unit, default, range)?;
    }
    let listed = |member: &str| -> Option<Vec<&str>> {
        let names = request.get(member)?.as_array()?;
        Some(names.iter().filter_map(Value::as_str).collect())
    };
    let invalid = |kind: &str| {
        ApiError::invalid_parameter(format!(
            "Invalid {kind} attributes specified while {doing} a client"
        ))
    };
    let known = |name: &str| name == PROFILE_SCOPE || schema.id(name).is_some();
    if let Some(names) = listed("ReadAttributes")
        && !names.iter().all(|name| known(name))
    {
        return Err(invalid("read"));
    }
    if let Some(names) = listed("WriteAttributes") {
        let never = ["sub", "email_verified", "phone_number_verified"];
        let unfit = |name: &&str| never.contains(name) || !known(name);
        let lacks = |name: &str| !names.iter().any(|entry| client::names(entry, name));
        if names.iter().any(unfit) || schema.required().any(|(_, needed)| lacks(&needed.name)) {
            return Err(invalid("write"));
        }
    }
    check_rotation(request)
}

/// How long ID and access tokens, and refresh tokens, may live.
const ACCESS: (Millis, Millis) = (5 * MINUTE, DAY);
const REFRESH: (Millis, Millis) = (HOUR, 3_650 * DAY);

fn check_validity(
    request: &Map<String, Value>,
    validity: &str,
    unit: &str,
    default: &str,
    (least, most): (Millis, Millis),
) -> Result<(), ApiError> {
    let Some(count) = request.get(validity).and_then(Value::as_i64) else {
        return Ok(());
    };
    if count == 0 && validity == "RefreshTokenValidity" {
        // "You can't set RefreshTokenValidity to 0. If you do, Amazon Cognito overrides the value."
        return Ok(());
    }
    let units = request.get("TokenValidityUnits");
    let unit = units
        .and_then(|units| units[unit].as_str())
        .unwrap_or(default);
    let lives = count.saturating_mul(match unit {
        "seconds" => SECOND,
        "minutes" => MINUTE,
        "days" => DAY,
        _ => HOUR,
    });
    if (least..=most).contains(&lives) {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(
        "Invalid range for token validity.",
    ))
}

fn check_rotation(request: &Map<String, Value>) -> Result<(), ApiError> {
    let rotates = request
        .get("RefreshTokenRotation")
        .is_some_and(|rotation| rotation["Feature"] == "ENABLED");
    let flows = request.get("ExplicitAuthFlows").and_then(Value::as_array);
    let refreshes = flows.is_none_or(|flows| {
        flows.is_empty() || flows.iter().any(|flow| flow == "ALLOW_REFRESH_TOKEN_AUTH")
    });
    if rotates && refreshes {
        return Err(ApiError::invalid_parameter(
            "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH.",
        ));
    }
    Ok(())
}
