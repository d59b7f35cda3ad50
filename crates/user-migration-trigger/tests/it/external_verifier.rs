//! Passwords that Django does not store, asked of a program and of another Lambda function.

use acceptance_tests::{LineProcess, root, script};
use serde_json::{Value, json};

use crate::aws_account::SECRET_KEY;
use crate::program::{CHEAP_HASH, Program, refused, sign_in};

const RIGHT: &str = "Quay-ledger-9!";
const SCRIPT: &str = "tests/python/external_verifier.py";

/// People of a legacy app that asks LDAP for all but one of them.
fn people(folder: &std::path::Path, external: &str) -> Program {
    let config = folder.join("cutover.toml");
    let text = format!(
        "[legacy]\nurl = \"sqlite://legacy.sqlite3\"\nlogin = [\"username\"]\n[groups]\ncarry = false\n\
         [trigger.external]\n{external}\ntimeout_ms = 800\n"
    );
    std::fs::write(&config, text).expect("our folder");
    let sql = format!(
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text, is_active bool);
         INSERT INTO auth_user VALUES (1, 'ann', '!ldap', 1), (2, 'broken', '!ldap', 1),
           (3, 'slow', '!ldap', 1), (4, 'gone', '!ldap', 0), (5, 'own', '{CHEAP_HASH}', 1);"
    );
    let made = std::process::Command::new(root().join("target/python/bin/python"))
        .args([
            "-c",
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])",
        ])
        .arg(folder.join("legacy.sqlite3"))
        .arg(sql)
        .status();
    assert!(made.expect("Python runs").success());
    Program::with_config(&config).without("CUTOVER_LEGACY_URL")
}

async fn judged(program: Program) {
    let function = program.start().await;
    let right = function.response(&sign_in("ann", RIGHT)).await;
    assert_eq!(right["response"]["finalUserStatus"], "CONFIRMED");
    for (login, password) in [
        ("ann", "wrong"),
        ("gone", RIGHT),
        // Nobody else is asked for whom Django has a hash.
        ("own", RIGHT),
        ("nobody", RIGHT),
    ] {
        let event = sign_in(login, password);
        assert_eq!(function.response(&event).await, refused(&event), "{login}");
    }
    // Not a wrong password: nobody could be asked.
    for login in ["broken", "slow"] {
        let error = function.error(&sign_in(login, RIGHT)).await;
        assert_eq!(error["errorType"], "Cutover.Unavailable", "{login}");
    }
    let written = function.finish().await;
    let reasons: Vec<Value> = written
        .invocations()
        .into_iter()
        .map(|mut line| line["Reason"].take())
        .collect();
    let mismatch = json!("password-mismatch");
    assert_eq!(reasons[1], mismatch);
    assert_eq!(
        reasons[5..],
        [json!("external-unavailable"), json!("external-unavailable")]
    );
    let text = written.all();
    assert!(
        !text.contains(RIGHT) && !text.contains(SECRET_KEY),
        "{text}"
    );
}

#[tokio::test]
async fn a_program_is_asked_for_passwords_that_django_does_not_store() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let python = root().join("target/python/bin/python");
    let command = json!([python, root().join(SCRIPT)]);
    judged(people(folder.path(), &format!("command = {command}"))).await;
}

#[tokio::test]
async fn another_function_is_asked_by_a_signed_request() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut endpoint = LineProcess::start(script("external_verifier.py").arg("serve"));
    let url = endpoint.said();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:check-ldap";
    let program = people(folder.path(), &format!("lambda = \"{arn}\""));
    let url = url.as_str().expect("text");
    judged(program.with_aws("AWS_ENDPOINT_URL_LAMBDA", url)).await;
}
