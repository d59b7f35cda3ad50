//! Marker secrets go in by every door, at every log level; none comes out but in the answer.

use serde_json::json;

use crate::groups_in_tokens::{self as groups, carrying_groups, token_event};
use crate::program::{Program, forgot_password, sign_in};
use crate::runtime_api::Answer;

const LOGIN: &str = "plain.mail@example.com";
const PASSWORD: &str = "harbour-indigo-01b47303-Z";

/// Nothing of this may be written: what people type, what the database has of them, and what the
/// function is told in confidence.
const SECRETS: &[&str] = &[
    LOGIN,
    PASSWORD,
    "Marker-Wrong-Password",
    "marker.unknown.login",
    "marker-client-metadata",
    "marker-pseudonym-key",
    groups::KEY,
    groups::LOGIN,
    groups::PASSWORD,
    "marker-half-event",
    // Any encoded password; the cost is told as "pbkdf2-sha256 … iterations".
    "pbkdf2_sha256$",
    "argon2id$",
    "$2b$",
];

const LEVELS: &[&str] = &[
    "trace",
    "lambda_runtime=trace",
    "lambda_runtime::layers::api_response=trace,lambda_runtime::layers::panic=trace",
    "lambda_runtime_api_client=trace,hyper=trace,hyper_util=trace",
    "user_migration_trigger=trace,legacy_users=trace,sqlx=trace,sqlx::query=trace",
    "not a level",
    "",
];

#[tokio::test]
async fn no_level_of_rust_log_prints_a_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for level in LEVELS {
        let function = carrying_groups(&folder, "")
            .set("RUST_LOG", level)
            .set("CUTOVER_PSEUDONYM_KEY", "marker-pseudonym-key")
            .start()
            .await;
        let mut right = sign_in(LOGIN, PASSWORD);
        right["request"]["validationData"] = json!({"k": "marker-client-metadata"});
        let answer = function.response(&right).await;
        // Everything did come in: it goes back to Cognito.
        assert!(answer.to_string().contains(PASSWORD));
        function
            .response(&sign_in(LOGIN, "Marker-Wrong-Password"))
            .await;
        function
            .response(&sign_in("marker.unknown.login", "Marker-Wrong-Password"))
            .await;
        function
            .response(&sign_in("alg.argon2.2", "Marker-Wrong-Password"))
            .await;
        function
            .response(&sign_in("alg.bcrypt.6", "Marker-Wrong-Password"))
            .await;
        function.response(&forgot_password(LOGIN)).await;
        function
            .error(&sign_in("unknown.algorithm", "Marker-Wrong-Password"))
            .await;
        let sealed = function
            .response(&sign_in(groups::LOGIN, groups::PASSWORD))
            .await;
        let sealed = &sealed["response"]["userAttributes"];
        assert!(sealed["custom:groups"].is_string(), "{sealed}");
        function.response(&token_event("1", sealed)).await;
        let forged = json!({"custom:groups": "1 0123456789abcdef admins"});
        function.response(&token_event("2", &forged)).await;
        let half = "{\"userName\":\"marker-half-event\",\"request\":{\"password\":";
        assert!(matches!(function.api.invoke(half).await, Answer::Error(_)));

        let written = function.finish().await;
        assert_eq!(written.invocations().len(), 11);
        let all = written.all().to_lowercase();
        for secret in SECRETS {
            assert!(
                !all.contains(&secret.to_lowercase()),
                "RUST_LOG={level}: {secret}\n{all}"
            );
        }
        for line in written.stderr.lines() {
            let target: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            let target = target["target"].as_str().expect("it has one").to_owned();
            assert!(
                !target.starts_with("lambda_runtime"),
                "RUST_LOG={level}: {line}"
            );
        }
    }
}

#[tokio::test]
async fn nor_does_an_error_of_the_database() {
    let url = "postgres://marker-user:marker-db-password@127.0.0.1:1/marker-db";
    let function = Program::on_default_data()
        .set("RUST_LOG", "trace")
        .set("CUTOVER_LEGACY_URL", url)
        .start()
        .await;
    function.error(&sign_in(LOGIN, PASSWORD)).await;
    let all = function.finish().await.all();
    for secret in [LOGIN, PASSWORD, "marker-db-password"] {
        assert!(!all.contains(secret), "{secret}\n{all}");
    }
}

#[tokio::test]
async fn a_shared_key_gives_one_person_one_pseudonym_in_every_process() {
    let mut pseudonyms = Vec::new();
    for key in ["one", "one", "another"] {
        let function = Program::on_default_data()
            .set("CUTOVER_PSEUDONYM_KEY", key)
            .start()
            .await;
        function.response(&sign_in("nobody.at.all", "x")).await;
        pseudonyms.push(function.finish().await.invocations()[0]["user"].clone());
    }
    assert_eq!(pseudonyms[0], pseudonyms[1]);
    assert_ne!(pseudonyms[0], pseudonyms[2]);
    assert!(pseudonyms[0].as_str().is_some_and(|text| text.len() == 16));
}
