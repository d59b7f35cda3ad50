//! The program in other people's hands: under AWS's runtime interface emulator and in MiniStack's
//! Lambda it answers every event as under this test's Runtime API, and cognito-local, which invokes it
//! in MiniStack, migrates with it.

use std::path::Path;

use acceptance_tests::{LineProcess, emulator_script};
use serde_json::{Value, json};

use crate::program::{CHEAP_HASH, Program, fixtures};
use crate::runtime_api::Answer;

#[tokio::test]
async fn other_peoples_lambdas_and_pool_get_the_same_answers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Path::new(env!("CARGO_BIN_EXE_user-migration-trigger"));
    let config = fixtures("cutover.toml")
        .canonicalize()
        .expect("it is checked in");
    let script = emulator_script("strangers.py")
        .args([program, folder.path()])
        .env("CUTOVER_CONFIG", config)
        .env("CUTOVER_USUAL_HASH", CHEAP_HASH);
    let mut strangers = LineProcess::start(script);
    assert_eq!(strangers.said(), Value::Null, "all are up");

    let function = Program::on_default_data().start().await;
    let mut files = 0;
    for entry in std::fs::read_dir(fixtures("events")).expect("it is checked in") {
        let path = entry.expect("it can be listed").path();
        let event = std::fs::read(&path).expect("it can be read");
        let event: Value = serde_json::from_slice(&event).expect("JSON");
        let (kind, ours) = match function.api.invoke(event.to_string()).await {
            Answer::Response(document) => ("response", document),
            Answer::Error(document) => ("error", document),
        };
        let ours: Value = serde_json::from_slice(&ours).expect("JSON");
        let theirs = strangers.ask(&json!({"event": event}));
        let same = json!([kind, ours]);
        let expected = json!({"MiniStack": same, "AWS's emulator": same});
        assert_eq!(theirs, expected, "{}", path.display());
        files += 1;
    }
    assert!(files >= 25, "only {files} event files");

    cognito_local_migrates(&mut strangers);
}

/// Somebody typed their e-mail; from then on the pool knows them by username, and asks nobody.
fn cognito_local_migrates(strangers: &mut LineProcess) {
    let mut sign_in =
        |login: &str, password: &str| strangers.ask(&json!({"sign_in": [login, password]}));
    // It calls any failure of a trigger this. An empty response, which Cognito refuses people by,
    // it takes for a new user without attributes: wrong passwords cannot be tried here.
    let unchecked = sign_in("unknown.algorithm", "anything");
    assert_eq!(unchecked["refused"], "NotAuthorizedException");
    let password = "saffron-garnet-65e4a9fa-Z";
    let first = sign_in("upper.case@example.com", password);
    assert!(
        first["AuthenticationResult"]["IdToken"].is_string(),
        "{first}"
    );

    let user = strangers.ask(&json!({"user": "mixed.mail1"}));
    assert_eq!(user["email"], "upper.case@example.com");
    assert_eq!(user["email_verified"], "true");
    assert_eq!(user["custom:legacy_id"], "99");
    strangers.ask(&json!({"delete": "function"}));
    let second = strangers.ask(&json!({"sign_in": ["mixed.mail1", password]}));
    assert!(
        second["AuthenticationResult"]["IdToken"].is_string(),
        "{second}"
    );
    let wrong = strangers.ask(&json!({"sign_in": ["mixed.mail1", "wrong"]}));
    assert!(wrong["refused"].is_string(), "{wrong}");
}
