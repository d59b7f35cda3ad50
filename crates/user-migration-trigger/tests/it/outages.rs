//! A database that is away is an error of its own: nobody is told their password is wrong, nobody
//! is migrated, and when it is back the next sign-in works.

use serde_json::Value;
use tokio::net::TcpListener;

use crate::program::{Program, fixtures, forgot_password, sign_in};

const LOGIN: &str = "alg.pbkdf2_sha256.0";
const PASSWORD: &str = "saffron-willow-6369be5e-Z";

fn check_outage(error: &Value, sentence: &str) {
    assert_eq!(error["errorType"], "Cutover.Unavailable");
    assert_eq!(error["errorMessage"], sentence);
}

const SIGN_IN: &str =
    "We could not check your sign-in just now. Please try again in a few minutes.";
const RESET: &str =
    "We could not start your password reset just now. Please try again in a few minutes.";

#[tokio::test]
async fn nobody_is_refused_while_the_database_is_away_and_the_next_sign_in_after_works() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("legacy.sqlite3");
    let url = format!("sqlite://{}", file.display());
    let function = Program::on_default_data()
        .set("CUTOVER_LEGACY_URL", &url)
        .start()
        .await;
    check_outage(&function.error(&sign_in(LOGIN, PASSWORD)).await, SIGN_IN);
    check_outage(&function.error(&sign_in(LOGIN, "wrong")).await, SIGN_IN);
    check_outage(&function.error(&forgot_password(LOGIN)).await, RESET);

    std::fs::copy(fixtures("legacy.sqlite3"), &file).expect("it can be copied");
    let answer = function.response(&sign_in(LOGIN, PASSWORD)).await;
    assert_eq!(answer["response"]["finalUserStatus"], "CONFIRMED");

    let lines = function.finish().await.invocations();
    for line in lines.iter().take(3) {
        assert_eq!(
            (&line["Outcome"], &line["Reason"]),
            (&"failed".into(), &"legacy-unavailable".into())
        );
        assert!(line["detail"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_connections_is_an_outage() {
    // Bound and closed again: nothing listens there.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    for engine in ["postgres", "mysql"] {
        let url = format!("{engine}://app:s3cr3t@127.0.0.1:{port}/app");
        let function = Program::on_default_data()
            .set("CUTOVER_LEGACY_URL", &url)
            .start()
            .await;
        check_outage(&function.error(&sign_in(LOGIN, PASSWORD)).await, SIGN_IN);
        assert!(!function.finish().await.all().contains("s3cr3t"));
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_within_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let silent = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    let url = format!("postgres://app:s3cr3t@127.0.0.1:{port}/app");
    let function = Program::on_default_data()
        .set("CUTOVER_LEGACY_URL", &url)
        .start()
        .await;
    check_outage(&function.error(&sign_in(LOGIN, PASSWORD)).await, SIGN_IN);
    let lines = function.finish().await.invocations();
    assert_eq!(lines[0]["Reason"], "legacy-unavailable");
    silent.abort();
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_in_the_log_and_not_outside() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("cutover.toml");
    std::fs::write(&config, "[legacy]\nuser_table = \"auth_usr\"\n").expect("it can be written");
    let url = format!("sqlite://{}", fixtures("legacy.sqlite3").display());
    let function = Program::with_config(&config)
        .set("CUTOVER_LEGACY_URL", &url)
        .start()
        .await;
    check_outage(&function.error(&sign_in(LOGIN, PASSWORD)).await, SIGN_IN);
    let lines = function.finish().await.invocations();
    let detail = lines[0]["detail"].as_str().expect("it says why");
    assert!(detail.contains("auth_usr"), "{detail}");
}
