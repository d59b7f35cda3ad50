//! How the program starts: what it reads, and what it says when that is wrong.

use std::path::{Path, PathBuf};

use migration_model::Config;
use serde_json::{Value, json};

use crate::program::{Program, fixtures, sign_in};

fn config_file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    config_in(folder, "cutover.toml", text)
}

fn config_in(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("it can be written");
    path
}

/// Starts a program that must not start, and gives what it wrote.
pub(crate) async fn refused_start(program: Program) -> String {
    let (status, api, written) = program.start().await.ended().await;
    assert_eq!(status.code(), Some(2), "{}", written.all());
    assert!(!api.was_polled(), "it asked for events");
    let errors = api.init_errors();
    assert_eq!(errors.len(), 1, "{}", written.all());
    let error: Value = serde_json::from_slice(&errors[0]).expect("JSON");
    // Cognito may show it to whoever signs in: no word of the cause.
    assert_eq!(
        error,
        json!({
            "errorType": "Cutover.NotStarted",
            "errorMessage": "The sign-in service is not available just now. Please try again later.",
            "stackTrace": [],
        })
    );
    assert_eq!(written.stdout, "");
    written.stderr
}

#[tokio::test]
async fn a_wrong_configuration_is_told_with_file_line_key_and_remedy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = config_file(
        &folder,
        "[legacy]\nurl = \"sqlite://x\"\nuser_tabel = \"x\"\n",
    );
    let log = refused_start(Program::with_config(&config)).await;
    assert!(
        log.contains("cutover.toml:3") && log.contains("user_tabel"),
        "{log}"
    );
    assert!(log.contains("did you mean `user_table`?"), "{log}");
}

#[tokio::test]
async fn every_other_reason_not_to_start_is_told_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let no_url = config_file(&folder, "[legacy]\nuser_table = \"auth_user\"\n");
    let peppered = config_in(
        &folder,
        "peppered.toml",
        "[legacy]\nurl = \"sqlite://x\"\n[hashers]\n\
         mine = { outer = \"md5\", pepper = \"suffix\", secret = \"SITE_PEPPER\" }\n",
    );
    let cases = [
        (
            Program::with_config(&peppered),
            "SITE_PEPPER is not set, nor SITE_PEPPER_SECRET_ARN",
        ),
        (
            Program::with_config(&peppered)
                .set("SITE_PEPPER", "hunter2")
                .set("SITE_PEPPER_SECRET_ARN", "hunter2"),
            "SITE_PEPPER and SITE_PEPPER_SECRET_ARN are both set",
        ),
        (
            Program::with_config(&peppered)
                .set("SITE_PEPPER_SECRET_ARN", "hunter2")
                .set("AWS_ACCESS_KEY_ID", "hunter2")
                .set("AWS_SECRET_ACCESS_KEY", "hunter2"),
            "SITE_PEPPER_SECRET_ARN: it is no ARN of Secrets Manager",
        ),
        (
            Program::with_config(Path::new("/nonexistent/cutover.toml")),
            "/nonexistent/cutover.toml",
        ),
        (Program::with_config(&no_url), "CUTOVER_LEGACY_URL"),
        (
            Program::on_default_data()
                .set("CUTOVER_LEGACY_SECRET_ARN", "hunter2")
                .set("AWS_ACCESS_KEY_ID", "hunter2")
                .set("AWS_SECRET_ACCESS_KEY", "hunter2"),
            "CUTOVER_LEGACY_SECRET_ARN: it is no ARN of Secrets Manager",
        ),
        (
            Program::on_default_data()
                .set(
                    "CUTOVER_LEGACY_SECRET_ARN",
                    "arn:aws:secretsmanager:eu-west-1:1:secret:a",
                )
                .set("CUTOVER_LEGACY_IAM_AUTH", "true"),
            "are both set: choose one",
        ),
        (
            Program::on_default_data().set("CUTOVER_LEGACY_IAM_AUTH", "hunter2"),
            "CUTOVER_LEGACY_IAM_AUTH is neither",
        ),
        (
            Program::on_default_data()
                .set("CUTOVER_ATTEMPTS_TABLE", "hunter2")
                .set("CUTOVER_PSEUDONYM_KEY", "hunter2")
                .set("AWS_ACCESS_KEY_ID", "hunter2")
                .set("AWS_SECRET_ACCESS_KEY", "hunter2"),
            "CUTOVER_ATTEMPTS_TABLE: it is no ARN of DynamoDB",
        ),
        (
            Program::on_default_data().set(
                "CUTOVER_ATTEMPTS_TABLE",
                "arn:aws:dynamodb:eu-west-1:1:table/attempts",
            ),
            "CUTOVER_ATTEMPTS_TABLE: it needs CUTOVER_PSEUDONYM_KEY",
        ),
        (
            Program::on_default_data()
                .set("CUTOVER_LEGACY_IAM_AUTH", "true")
                .set("CUTOVER_LEGACY_URL", "postgres://app@db.example.com/app"),
            "AWS_ACCESS_KEY_ID, which Lambda sets",
        ),
        (
            Program::on_default_data()
                .set("CUTOVER_LEGACY_IAM_AUTH", "true")
                .set(
                    "CUTOVER_LEGACY_URL",
                    "mysql://app@db.example.com/app?ssl-mode=DISABLED",
                )
                .set("AWS_ACCESS_KEY_ID", "hunter2")
                .set("AWS_SECRET_ACCESS_KEY", "hunter2")
                .set("AWS_REGION", "eu-west-1"),
            "allows connections without TLS",
        ),
        (
            Program::on_default_data().set("CUTOVER_USUAL_HASH", "hunter2"),
            "CUTOVER_USUAL_HASH",
        ),
        (
            Program::on_default_data().set("CUTOVER_LEGACY_URL", "hunter2"),
            "CUTOVER_LEGACY_URL",
        ),
    ];
    for (program, named) in cases {
        let log = refused_start(program).await;
        assert!(log.contains(named), "{named}: {log}");
        assert!(!log.contains("hunter2"), "{log}");
    }
}

#[tokio::test]
async fn outside_lambda_it_says_what_it_is() {
    let program = Program::on_default_data().without("AWS_LAMBDA_FUNCTION_NAME");
    let log = refused_start(program).await;
    assert!(log.contains("AWS_LAMBDA_FUNCTION_NAME is not set"), "{log}");
}

#[tokio::test]
async fn without_a_runtime_api_there_is_only_the_log() {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_user-migration-trigger"));
    let output = program.env_clear().output().await.expect("it was built");
    assert_eq!(output.status.code(), Some(2));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("AWS_LAMBDA_RUNTIME_API is not set"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn it_tells_the_digest_of_its_configuration() {
    let mut function = Program::on_default_data().start().await;
    function.api.first_poll().await;
    let written = function.finish().await;
    let path = fixtures("cutover.toml");
    let text = std::fs::read_to_string(&path).expect("it is checked in");
    let config = Config::parse(&text, &path, None).expect("it is right");
    let line: Value = written
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .find(|line: &Value| line["message"] == "ready")
        .expect("it says that it is ready");
    assert_eq!(line["config_digest"], config.digest());
    assert_eq!(line["mapping_digest"], config.mapping.digest());
}

#[tokio::test]
async fn without_cutover_config_the_file_beside_the_program_counts_then_the_packages() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let url = format!("sqlite://{}", fixtures("legacy.sqlite3").display());
    let event = sign_in("alg.pbkdf2_sha256.0", "saffron-willow-6369be5e-Z");
    let given_name_only = "[attributes]\ngiven_name = \"first_name\"\n";
    let family_name_only = "[attributes]\nfamily_name = \"last_name\"\n";

    let package = tempfile::tempdir_in(target).expect("a temporary folder");
    config_file(&package, family_name_only);
    let layer = tempfile::tempdir_in(target).expect("a temporary folder");
    let program = layer.path().join("bootstrap");
    std::fs::hard_link(env!("CARGO_BIN_EXE_user-migration-trigger"), &program)
        .expect("both are in the target folder");

    for (beside, attribute) in [(None, "family_name"), (Some(given_name_only), "given_name")] {
        if let Some(text) = beside {
            config_file(&layer, text);
        }
        let function = Program::of(&program, &[])
            .set("LAMBDA_TASK_ROOT", &package.path().display().to_string())
            .set("CUTOVER_LEGACY_URL", &url)
            .start()
            .await;
        let answer = function.response(&event).await;
        let attributes = answer["response"]["userAttributes"]
            .as_object()
            .expect("an object");
        assert_eq!(
            attributes.keys().collect::<Vec<_>>(),
            ["custom:legacy_id", attribute]
        );
    }
}
