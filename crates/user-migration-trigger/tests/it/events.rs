//! The event files of the fixtures, as users saw Cognito send them and as it may yet, through the
//! real program; and what is no event at all.

use serde_json::{Value, json};

use crate::program::{Program, fixtures, refused};
use crate::runtime_api::Answer;

/// What must come of an event file.
enum Expected {
    LetsIn,
    Reset,
    Refused,
    Unchanged,
    Error(&'static str),
}

fn expected(name: &str) -> Expected {
    match name {
        "authentication-inactive-user"
        | "authentication-unknown-user"
        | "authentication-wrong-password"
        | "forgot-password-unknown-user" => Expected::Refused,
        // No password where one belongs: nothing is known, so nobody is called wrong.
        "authentication-null-password" | "authentication-without-password" => {
            Expected::Error("Cutover.Unavailable")
        }
        "sign-up-held-name" | "sign-up-held-email" => Expected::Error("Cutover.NameHeld"),
        name if name.starts_with("sign-up") || name.starts_with("token-generation") => {
            Expected::Unchanged
        }
        "unknown-trigger-source" => Expected::Error("Cutover.NotSetUp"),
        name if name.starts_with("forgot-password") => Expected::Reset,
        _ => Expected::LetsIn,
    }
}

#[tokio::test]
async fn every_event_file_is_answered_as_documented() {
    let function = Program::on_default_data().start().await;
    let mut files = 0;
    for entry in std::fs::read_dir(fixtures("events")).expect("it is checked in") {
        let path = entry.expect("it can be listed").path();
        let name = path
            .file_stem()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read(&path).expect("it can be read");
        let event: Value = serde_json::from_slice(&text).expect("JSON");
        match expected(&name) {
            Expected::LetsIn => {
                migrated(&name, &event, &function.response(&event).await, "CONFIRMED")
            }
            Expected::Reset => {
                migrated(
                    &name,
                    &event,
                    &function.response(&event).await,
                    "RESET_REQUIRED",
                );
            }
            Expected::Refused => {
                assert_eq!(function.response(&event).await, refused(&event), "{name}");
            }
            Expected::Unchanged => {
                assert_eq!(function.response(&event).await, event, "{name}");
            }
            Expected::Error(error) => {
                assert_eq!(function.error(&event).await["errorType"], error, "{name}");
            }
        }
        files += 1;
    }
    assert!(files >= 25, "only {files} event files");
}

/// Checks a migration: the event goes back whole, with unknown response fields among ours.
fn migrated(name: &str, event: &Value, answer: &Value, status: &str) {
    let mut expected = event.clone();
    let mut response = event.get("response").cloned().unwrap_or(json!({}));
    for (member, value) in answer["response"].as_object().expect("an object") {
        let known = [
            "userAttributes",
            "finalUserStatus",
            "messageAction",
            "desiredDeliveryMediums",
            "forceAliasCreation",
            "enableSMSMFA",
        ];
        assert!(
            known.contains(&member.as_str()) || response.get(member) == Some(value),
            "{name}"
        );
        response[member] = value.clone();
    }
    expected["response"] = response;
    assert_eq!(answer, &expected, "{name}");
    assert_eq!(answer["response"]["finalUserStatus"], status, "{name}");
    assert!(
        answer["response"]["userAttributes"]["email"].is_string(),
        "{name}"
    );
}

#[tokio::test]
async fn what_is_no_event_gets_a_fixed_sentence_and_the_next_sign_in_works() {
    let function = Program::on_default_data().start().await;
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 9] = [
        b"",
        b"null",
        b"hunter2",
        b"\"hunter2\"",
        b"{\"request\":{\"password\":\"hunter2\"",
        b"{\"request\":{\"password\":\"hunter2\xff\"}}",
        b"{\"userName\":\"hunter2\",\"request\":\"hunter2\"}",
        b"{\"triggerSource\":\"UserMigration_Authentication\",\"userName\":[\"hunter2\"]}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let Answer::Error(error) = function.api.invoke(body.to_vec()).await else {
            panic!("answered: {}", String::from_utf8_lossy(body));
        };
        let error: Value = serde_json::from_slice(&error).expect("JSON");
        let kind = error["errorType"].as_str().expect("it has one");
        assert!(
            ["Cutover.Unavailable", "Cutover.NotSetUp"].contains(&kind),
            "{error}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let event = crate::program::sign_in("alg.pbkdf2_sha256.0", "saffron-willow-6369be5e-Z");
    assert_eq!(
        function.response(&event).await["response"]["finalUserStatus"],
        "CONFIRMED"
    );
    assert!(!function.finish().await.all().contains("hunter2"));
}
