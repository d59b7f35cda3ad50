//! The events a pool sends to its triggers.
//!
//! Responsible for their exact form, nulls included, because typed event models break on them.
//! It must not know what the answers mean.
//!
//! Sources: the migration event as users captured it (aws-lambda-dotnet issue 2166,
//! powertools-lambda-typescript issue 3729); guide pages user-pool-lambda-migrate-user,
//! user-pool-lambda-pre-sign-up, user-pool-lambda-post-authentication and
//! user-pool-lambda-pre-token-generation.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde::Serialize;
use zeroize::Zeroizing;

/// What every event says of where it comes from.
pub(crate) struct Origin<'a> {
    pub(crate) region: &'a str,
    pub(crate) user_pool_id: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) user_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, Request: Serialize, Response: Serialize> {
    version: &'a str,
    trigger_source: &'a str,
    region: &'a str,
    user_pool_id: &'a str,
    user_name: &'a str,
    caller_context: CallerContext<'a>,
    request: Request,
    response: Response,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallerContext<'a> {
    aws_sdk_version: &'a str,
    client_id: &'a str,
}

/// Serializes an event into memory that is wiped when the last holder lets go of it: a migration
/// event carries a password.
fn event_bytes<Request: Serialize, Response: Serialize>(
    version: &str,
    source: &str,
    origin: &Origin<'_>,
    request: Request,
    response: Response,
) -> Bytes {
    let envelope = Envelope {
        version,
        trigger_source: source,
        region: origin.region,
        user_pool_id: origin.user_pool_id,
        user_name: origin.user_name,
        caller_context: CallerContext {
            aws_sdk_version: "aws-sdk-unknown-unknown",
            client_id: origin.client_id,
        },
        request,
        response,
    };
    // Reserved ahead, so that growing leaves no unwiped copy behind for events of usual size.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *bytes, &envelope).expect("an event holds text and maps of text");
    Bytes::from_owner(bytes)
}

pub(crate) type Metadata = BTreeMap<String, String>;

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct MigrationResponse {
    user_attributes: Option<()>,
    force_alias_creation: Option<()>,
    #[serde(rename = "enableSMSMFA")]
    enable_sms_mfa: Option<()>,
    final_user_status: Option<()>,
    message_action: Option<()>,
    desired_delivery_mediums: Option<()>,
}

/// `UserMigration_Authentication`. The sign-in's `ClientMetadata` arrives as `validationData`.
pub(crate) fn migration_at_sign_in(
    origin: &Origin<'_>,
    password: &str,
    client_metadata: Option<&Metadata>,
) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        password: &'a str,
        validation_data: Option<&'a Metadata>,
        user_attributes: Option<()>,
    }
    let request = Request {
        password,
        validation_data: client_metadata,
        user_attributes: None,
    };
    event_bytes(
        "1",
        "UserMigration_Authentication",
        origin,
        request,
        MigrationResponse::default(),
    )
}

/// `UserMigration_ForgotPassword`: no password; the call's `ClientMetadata` keeps its name. That
/// `password` is left out rather than null is believed ("Amazon Cognito doesn't send this value").
pub(crate) fn migration_at_forgot_password(
    origin: &Origin<'_>,
    client_metadata: Option<&Metadata>,
    password_null: bool,
) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        password: Option<Option<()>>,
        validation_data: Option<()>,
        user_attributes: Option<()>,
        client_metadata: Option<&'a Metadata>,
    }
    let request = Request {
        password: password_null.then_some(None),
        validation_data: None,
        user_attributes: None,
        client_metadata,
    };
    event_bytes(
        "1",
        "UserMigration_ForgotPassword",
        origin,
        request,
        MigrationResponse::default(),
    )
}

/// `PreSignUp_SignUp` or `PreSignUp_AdminCreateUser`.
pub(crate) fn pre_sign_up(
    origin: &Origin<'_>,
    source: &str,
    attributes: &Metadata,
    validation_data: Option<&Metadata>,
    client_metadata: Option<&Metadata>,
) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        user_attributes: &'a Metadata,
        validation_data: Option<&'a Metadata>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_metadata: Option<&'a Metadata>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Response {
        auto_confirm_user: bool,
        auto_verify_email: bool,
        auto_verify_phone: bool,
    }
    let request = Request {
        user_attributes: attributes,
        validation_data,
        client_metadata,
    };
    let response = Response {
        auto_confirm_user: false,
        auto_verify_email: false,
        auto_verify_phone: false,
    };
    event_bytes("1", source, origin, request, response)
}

/// `PostAuthentication_Authentication`.
pub(crate) fn post_authentication(
    origin: &Origin<'_>,
    attributes: &Metadata,
    client_metadata: Option<&Metadata>,
) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        user_attributes: &'a Metadata,
        new_device_used: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_metadata: Option<&'a Metadata>,
    }
    #[derive(Serialize)]
    struct Response {}
    let request = Request {
        user_attributes: attributes,
        new_device_used: false,
        client_metadata,
    };
    event_bytes(
        "1",
        "PostAuthentication_Authentication",
        origin,
        request,
        Response {},
    )
}

/// A user's groups as token events show them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupConfiguration<'a> {
    pub(crate) groups_to_override: Vec<&'a str>,
    pub(crate) iam_roles_to_override: Vec<&'a str>,
    pub(crate) preferred_role: Option<&'a str>,
}

/// Versions of the token event; the third differs from the second for machines only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenEventVersion {
    First,
    Second,
    Third,
}

/// `TokenGeneration_…`, in the version the pool asks for.
pub(crate) fn pre_token_generation(
    origin: &Origin<'_>,
    source: &str,
    attributes: &Metadata,
    groups: &GroupConfiguration<'_>,
    client_metadata: Option<&Metadata>,
    version: TokenEventVersion,
) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Request<'a> {
        user_attributes: &'a Metadata,
        group_configuration: &'a GroupConfiguration<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_metadata: Option<&'a Metadata>,
        #[serde(skip_serializing_if = "Option::is_none")]
        scopes: Option<[&'a str; 1]>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct First {
        claims_override_details: Option<()>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Second {
        claims_and_scope_override_details: Option<()>,
    }
    let request = Request {
        user_attributes: attributes,
        group_configuration: groups,
        client_metadata,
        scopes: (version != TokenEventVersion::First).then_some(["aws.cognito.signin.user.admin"]),
    };
    let second = Second {
        claims_and_scope_override_details: None,
    };
    match version {
        TokenEventVersion::First => {
            let response = First {
                claims_override_details: None,
            };
            event_bytes("1", source, origin, request, response)
        }
        TokenEventVersion::Second => event_bytes("2", source, origin, request, second),
        TokenEventVersion::Third => event_bytes("3", source, origin, request, second),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_sign_in_event_has_the_observed_form() {
        let origin = Origin {
            region: "eu-west-1",
            user_pool_id: "eu-west-1_aaBBcC8dd",
            client_id: "1ab23k",
            user_name: "person@example.com",
        };
        let bytes = migration_at_sign_in(&origin, "typed", None);
        let event: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(
            event,
            json!({
                "version": "1",
                "triggerSource": "UserMigration_Authentication",
                "region": "eu-west-1",
                "userPoolId": "eu-west-1_aaBBcC8dd",
                "userName": "person@example.com",
                "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1ab23k"},
                "request": {"password": "typed", "validationData": null, "userAttributes": null},
                "response": {
                    "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null,
                    "finalUserStatus": null, "messageAction": null, "desiredDeliveryMediums": null,
                },
            })
        );
    }

    #[test]
    fn the_forgot_password_event_carries_no_password() {
        let origin = Origin {
            region: "r",
            user_pool_id: "p",
            client_id: "c",
            user_name: "u",
        };
        let metadata = Metadata::from([("app".to_owned(), "web".to_owned())]);
        let bytes = migration_at_forgot_password(&origin, Some(&metadata), false);
        let event: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert!(
            event["request"]
                .as_object()
                .expect("an object")
                .get("password")
                .is_none()
        );
        assert_eq!(event["request"]["clientMetadata"], json!({"app": "web"}));
    }
}
