//! Once per person, by the real program on both stores of claims: a SQLite file, and a table of
//! DynamoDB (moto's). What Cognito does in between is played: it asks again, makes the user, and
//! asks for tokens.

use std::path::Path;

use serde_json::{Value, json};

use crate::aws_account::{AwsAccount, SECRET_KEY};
use crate::program::{Program, Running, fixtures, forgot_password, refused, sign_in};

const LOGIN: &str = "slash.group";
const PASSWORD: &str = "nectar-kelp-66647ea8-Z";
const KEY: &str = "marker-claims-key-0123456789abcdef";
const UNCHECKED: &str =
    "We could not check your sign-in just now. Please try again in a few minutes.";

/// Where the program keeps claims.
enum Store {
    File(tempfile::TempDir),
    Table(AwsAccount, String),
}

impl Store {
    fn file() -> Store {
        Store::File(tempfile::tempdir().expect("a temporary folder"))
    }

    fn table() -> Store {
        let mut account = AwsAccount::start();
        let table = json!({
            "TableName": "claims",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "claim", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "claim", "KeyType": "HASH"}],
        });
        let made = account.call("dynamodb", "create_table", &table);
        let arn = made["TableDescription"]["TableArn"].as_str();
        let arn = arn.expect("tables have one").to_owned();
        Store::Table(account, arn)
    }

    async fn start(&self) -> Running {
        match self {
            Store::File(folder) => in_file(&folder.path().join("claims.sqlite3")).await,
            Store::Table(account, arn) => in_table(arn, &account.endpoint).await,
        }
    }

    /// The same program where the store cannot be reached.
    async fn start_without(&self) -> Running {
        match self {
            Store::File(folder) => in_file(&folder.path().join("missing/claims")).await,
            Store::Table(_, arn) => in_table(arn, "http://127.0.0.1:1").await,
        }
    }
}

fn program() -> Program {
    let url = format!("sqlite://{}", fixtures("legacy.sqlite3").display());
    Program::on_default_data()
        .set("CUTOVER_LEGACY_URL", &url)
        .set("CUTOVER_CLAIMS_KEY", KEY)
        .set("RUST_LOG", "trace")
}

async fn in_file(file: &Path) -> Running {
    let file = file.display().to_string();
    program().set("CUTOVER_CLAIMS_FILE", &file).start().await
}

async fn in_table(arn: &str, endpoint: &str) -> Running {
    program()
        .set("CUTOVER_CLAIMS_TABLE", arn)
        .with_aws("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .start()
        .await
}

/// The first tokens of the user that this reply made.
fn tokens(reply: &Value, sub: &str) -> Value {
    let mut attributes = reply["response"]["userAttributes"].clone();
    attributes["sub"] = json!(sub);
    let mut event = sign_in(LOGIN, "");
    event["triggerSource"] = json!("TokenGeneration_Authentication");
    event["request"] = json!({"userAttributes": attributes, "groupConfiguration": {}});
    event["response"] = json!({});
    event
}

async fn lives_once(store: Store) {
    let (one, other) = (store.start().await, store.start().await);
    let right = sign_in(LOGIN, PASSWORD);
    // Cognito asks again where the first answer came late, and another process may answer.
    let reply = one.response_in_the_end(&right).await;
    let again = other.response_in_the_end(&right).await;
    for reply in [&reply, &again] {
        assert_eq!(reply["response"]["finalUserStatus"], "CONFIRMED");
    }
    let first = tokens(&reply, "sub-1");
    // An emulator on a busy machine may be late; then nothing was confirmed yet, and no harm done.
    for _ in 0..5 {
        assert_eq!(other.response(&first).await, first, "no groups are carried");
    }

    // Deleted from the pool, or under another name there: the pool asks again, at any process.
    for process in [&one, &other] {
        assert_eq!(process.response_in_the_end(&right).await, refused(&right));
    }
    let reset = forgot_password(LOGIN);
    assert_eq!(one.response_in_the_end(&reset).await, refused(&reset));
    for process in [one, other] {
        let written = process.finish().await;
        for secret in [KEY, SECRET_KEY, PASSWORD] {
            assert!(!written.all().contains(secret));
        }
        let last = written.invocations();
        let reasons: Vec<_> = last
            .iter()
            .filter_map(|line| line["Reason"].as_str())
            .collect();
        assert!(reasons.contains(&"already-migrated"), "{reasons:?}");
        for line in last.iter().filter(|line| line["Outcome"] == "migrated") {
            assert!(line["ClaimDuration"].is_number(), "{line}");
        }
    }

    let away = store.start_without().await;
    let error = away.error(&right).await;
    assert_eq!(error["errorMessage"], UNCHECKED);
    // Whoever is in the pool gets tokens all the same.
    assert_eq!(away.response(&first).await, first);
    let wrong = sign_in(LOGIN, "wrong");
    assert_eq!(away.response(&wrong).await, refused(&wrong));
    let lines = away.finish().await.invocations();
    let reasons: Vec<_> = lines.iter().map(|line| line["Reason"].as_str()).collect();
    let unavailable = Some("claims-unavailable");
    assert_eq!(
        reasons,
        [unavailable, unavailable, Some("password-mismatch")]
    );
}

#[tokio::test]
async fn a_person_is_migrated_once_with_claims_in_a_file() {
    lives_once(Store::file()).await;
}

#[tokio::test]
async fn a_person_is_migrated_once_with_claims_in_dynamodb() {
    lives_once(Store::table()).await;
}
