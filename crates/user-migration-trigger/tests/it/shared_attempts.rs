//! Refused sign-ins counted by several processes in one table of DynamoDB (moto's).

use std::path::{Path, PathBuf};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::aws_account::{AwsAccount, SECRET_KEY};
use crate::program::{Program, Running, fixtures, refused, sign_in};
use crate::runtime_api::Answer;

const LOGIN: &str = "alg.pbkdf2_sha256.0";
const PASSWORD: &str = "saffron-willow-6369be5e-Z";
const KEY: &str = "marker-pseudonym-key";

/// An account with the table that `infra/function.yaml` makes, and its ARN.
fn account() -> (AwsAccount, String) {
    let mut account = AwsAccount::start();
    let table = json!({
        "TableName": "attempts",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "counter", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "counter", "KeyType": "HASH"}],
    });
    let made = account.call("dynamodb", "create_table", &table);
    let arn = made["TableDescription"]["TableArn"].as_str();
    let arn = arn.expect("tables have one").to_owned();
    (account, arn)
}

/// Every count in the table.
fn counts(account: &mut AwsAccount) -> Vec<Value> {
    let found = account.call("dynamodb", "scan", &json!({"TableName": "attempts"}));
    found["Items"].as_array().expect("a list").clone()
}

/// So long that none ends while a test runs.
const WINDOW_MINUTES: u64 = 1_000_000;

/// The default data with other limits.
fn config(folder: &tempfile::TempDir, limits: &str) -> PathBuf {
    let config = std::fs::read_to_string(fixtures("cutover.toml")).expect("it is checked in");
    let path = folder.path().join("cutover.toml");
    let limits = format!("[trigger.attempts]\nminutes = {WINDOW_MINUTES}\n{limits}\n");
    std::fs::write(&path, config + "\n" + &limits).expect("our folder");
    path
}

async fn start(config: &Path, arn: &str, endpoint: &str) -> Running {
    let url = format!("sqlite://{}", fixtures("legacy.sqlite3").display());
    Program::with_config(config)
        .set("CUTOVER_LEGACY_URL", &url)
        .set("CUTOVER_PSEUDONYM_KEY", KEY)
        .set("CUTOVER_ATTEMPTS_TABLE", arn)
        .with_aws("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .start()
        .await
}

fn is_let_in(answer: &Value) -> bool {
    answer["response"]["finalUserStatus"] == "CONFIRMED"
}

/// Whether the emulator was too slow, which on a busy machine it may be: then a process counts for
/// itself, as it should, and there is nothing to see here.
fn was_slow(lines: &[Value]) -> bool {
    let fault = |line: &Value| line["count_fault"].as_str().map(str::to_owned);
    let mut faults = lines.iter().filter_map(fault);
    faults.any(|fault| fault.starts_with("no answer") || fault.starts_with("not asked"))
}

/// How often a scenario is tried again for that.
const TRIES: usize = 10;

#[tokio::test]
async fn guesses_made_at_once_at_several_processes_pass_as_often_as_the_limit_says() {
    for _ in 0..TRIES {
        let (mut account, arn) = account();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = config(&folder, "per_login = 5\nper_client = 0");
        let starting = (0..4).map(|_| start(&config, &arn, &account.endpoint));
        let processes = join_all(starting).await;
        let wrong = sign_in(LOGIN, "wrong");
        for _ in 0..3 {
            let guesses = processes.iter().map(|process| process.response(&wrong));
            for answer in join_all(guesses).await {
                assert_eq!(answer, refused(&wrong));
            }
        }
        let right = sign_in(&LOGIN.to_uppercase(), PASSWORD);
        let last = processes[0].response(&right).await;
        let counted = counts(&mut account);
        let mut lines = Vec::new();
        for process in processes {
            let written = process.finish().await;
            assert!(!written.all().contains(SECRET_KEY));
            lines.extend(written.invocations());
        }
        if was_slow(&lines) {
            continue;
        }

        // Even the right password, and at whichever process: nobody learns that it was not looked at.
        assert_eq!(last, refused(&right));
        assert_eq!(counted.len(), 1, "{counted:?}");
        assert_eq!(counted[0]["attempts"]["N"], "5");
        for line in &lines {
            assert!(line["CountDuration"].is_number(), "{line}");
            assert!(line["SpendDuration"].is_number() != line["VerifyDuration"].is_number());
        }
        let times = |reason: &str| lines.iter().filter(|line| line["Reason"] == reason).count();
        assert_eq!(times("password-mismatch"), 5);
        assert_eq!(times("attempts-exceeded"), 8);
        return;
    }
    panic!("the emulator was too slow each time");
}

#[tokio::test]
async fn whoever_gets_in_uses_nothing_up_and_the_table_names_nobody() {
    for _ in 0..TRIES {
        let (mut account, arn) = account();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = config(&folder, "per_login = 2\nper_client = 3");
        let process = start(&config, &arn, &account.endpoint).await;
        for _ in 0..5 {
            assert!(is_let_in(
                &process.response(&sign_in(LOGIN, PASSWORD)).await
            ));
        }
        // Nor does what cannot be checked.
        for _ in 0..3 {
            process
                .error(&sign_in("unknown.algorithm", "anything"))
                .await;
        }
        for login in ["marker.nobody.1", "marker.nobody.2", "marker.nobody.3"] {
            let event = sign_in(login, "wrong");
            assert_eq!(process.response(&event).await, refused(&event));
        }
        let last = sign_in(LOGIN, PASSWORD).to_string();
        let last = process.api.invoke(last).await;
        let counted = counts(&mut account);
        if was_slow(&process.finish().await.invocations()) {
            continue;
        }

        // Three through one app client: that may be anybody, so the right password still counts, and
        // what was counted for this login is taken back.
        assert!(
            matches!(&last, Answer::Response(text) if is_let_in(&serde_json::from_slice(text).expect("JSON"))),
            "{last:?}"
        );
        let number = |item: &Value| item["attempts"]["N"].as_str().map(str::to_owned);
        let mut numbers: Vec<_> = counted.iter().filter_map(number).collect();
        numbers.sort();
        assert_eq!(numbers, ["0", "0", "1", "1", "1", "3"]);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("after 1970").as_secs();
        for item in &counted {
            let expires = item["expires"]["N"].as_str().expect("it ends");
            let expires: u64 = expires.parse().expect("a time");
            assert!(
                expires > now && expires <= now + WINDOW_MINUTES * 60,
                "{item}"
            );
        }
        let table = Value::from(counted).to_string().to_lowercase();
        for secret in [LOGIN, "marker", "pbkdf2", "eu-west-1_"] {
            assert!(!table.contains(secret), "{table}");
        }
        return;
    }
    panic!("the emulator was too slow each time");
}

#[tokio::test]
async fn without_its_table_a_process_counts_for_itself_and_nobody_is_called_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = config(&folder, "per_login = 2");
    // A table that is not there, and a DynamoDB that is not.
    let (account, arn) = account();
    let missing = arn.replace("attempts", "elsewhere");
    for (arn, endpoint, fault) in [
        (
            &missing,
            account.endpoint.as_str(),
            "ResourceNotFoundException",
        ),
        (&arn, "http://127.0.0.1:1", "cannot be reached"),
    ] {
        let process = start(&config, arn, endpoint).await;
        let right = sign_in(LOGIN, PASSWORD);
        assert!(is_let_in(&process.response(&right).await));
        let wrong = sign_in(LOGIN, "wrong");
        for _ in 0..2 {
            assert_eq!(process.response(&wrong).await, refused(&wrong));
        }
        assert_eq!(process.response(&right).await, refused(&right));
        let lines = process.finish().await.invocations();
        let reason = |line: &Value| line["Reason"].as_str().map(str::to_owned);
        let reasons: Vec<_> = lines.iter().filter_map(reason).collect();
        assert_eq!(
            reasons,
            [
                "password-mismatch",
                "password-mismatch",
                "attempts-exceeded"
            ]
        );
        let first = &lines[0];
        assert_eq!(first["CountFaults"], 1, "{first}");
        let metrics = first["_aws"]["CloudWatchMetrics"][0]["Metrics"].to_string();
        assert!(metrics.contains("CountFaults"), "{metrics}");
        let told = first["count_fault"].as_str().expect("it says why");
        assert!(told.contains(fault) || was_slow(&lines), "{told}");
    }
}
