//! What goes back for each trigger source, field by field, from the real program on data real
//! Django made.

use serde_json::{Value, json};

use crate::program::{Program, forgot_password, refused, sign_in};

fn answered(event: &Value, attributes: Value, status: &str) -> Value {
    let mut event = event.clone();
    event["response"] = json!({
        "userAttributes": attributes,
        "finalUserStatus": status,
        "messageAction": "SUPPRESS",
        "desiredDeliveryMediums": ["EMAIL"],
        "forceAliasCreation": false,
        "enableSMSMFA": false,
    });
    event
}

#[tokio::test]
async fn a_sign_in_by_username_sets_every_field_and_names_no_username() {
    let function = Program::on_default_data().start().await;
    let event = sign_in("alg.pbkdf2_sha256.0", "saffron-willow-6369be5e-Z");
    let answer = function.response(&event).await;
    let attributes = answer["response"]["userAttributes"].clone();
    assert_eq!(answer, answered(&event, attributes.clone(), "CONFIRMED"));
    assert_eq!(attributes["custom:legacy_id"], "7");
    assert!(attributes.get("username").is_none() && attributes.get("sub").is_none());
    assert!(attributes["email"].is_string() && attributes["email_verified"].is_string());
}

#[tokio::test]
async fn a_sign_in_by_email_gives_the_username_and_the_typed_address() {
    let function = Program::on_default_data().start().await;
    // Stored in upper case; a case-insensitive pool sends what is typed in lower case.
    let event = sign_in("upper.case@example.com", "saffron-garnet-65e4a9fa-Z");
    let answer = function.response(&event).await;
    let attributes = &answer["response"]["userAttributes"];
    assert_eq!(attributes["email"], "upper.case@example.com");
    let username = attributes["username"]
        .as_str()
        .expect("the legacy username");
    assert!(
        !username.is_empty() && !username.contains('@'),
        "{username}"
    );
}

#[tokio::test]
async fn a_reset_is_given_to_whom_a_code_can_reach_and_to_nobody_else() {
    let function = Program::on_default_data().start().await;
    let event = forgot_password("addr.case@example.com");
    let answer = function.response(&event).await;
    let attributes = answer["response"]["userAttributes"].clone();
    assert_eq!(
        answer,
        answered(&event, attributes.clone(), "RESET_REQUIRED")
    );
    assert_eq!(attributes["email_verified"], "true");
    assert_eq!(attributes["custom:legacy_id"], "182");

    for login in [
        "addr.unverified@example.com",
        "nobody@example.com",
        "inactive.5",
    ] {
        let event = forgot_password(login);
        assert_eq!(function.response(&event).await, refused(&event), "{login}");
    }
    let lines = function.finish().await.invocations();
    let reasons: Vec<_> = lines
        .iter()
        .skip(1)
        .map(|line| line["Reason"].clone())
        .collect();
    assert_eq!(
        reasons,
        ["no-verified-contact", "user-unknown", "user-inactive"]
    );
}

#[tokio::test]
async fn an_unverified_alias_is_let_in_and_the_operator_told() {
    let function = Program::on_default_data().start().await;
    let event = sign_in("addr.unverified@example.com", "ochre-kelp-984bc220-Z");
    let answer = function.response(&event).await;
    assert_eq!(
        answer["response"]["userAttributes"]["email_verified"],
        "false"
    );
    let lines = function.finish().await.invocations();
    assert_eq!(lines[0]["warnings"], json!(["alias-unverified"]));
    assert_eq!(lines[0]["found_by"], "email");
}

#[tokio::test]
async fn another_source_gets_a_fixed_sentence() {
    let function = Program::on_default_data().start().await;
    for source in [
        "PreAuthentication_Authentication",
        "CustomMessage_SignUp",
        "hunter2",
    ] {
        let mut event = sign_in("alg.pbkdf2_sha256.0", "saffron-willow-6369be5e-Z");
        event["triggerSource"] = json!(source);
        let error = function.error(&event).await;
        assert_eq!(error["errorType"], "Cutover.NotSetUp");
        assert_eq!(
            error["errorMessage"],
            "This sign-in service is not set up for this request."
        );
    }
}
