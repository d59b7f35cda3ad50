//! An empty store of each kind for one test: a SQLite file, and a table of DynamoDB (moto's, in a
//! process that all tests share).

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use acceptance_tests::{LineProcess, emulator_script};
use migration_claims::{AwsCredentials, ClaimKey, Claims, ClaimsUnavailable};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where claims are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Sqlite,
    Dynamo,
}

/// One store, empty when it is made.
pub(crate) enum Store {
    Sqlite(TempDir),
    Dynamo { arn: String, endpoint: String },
}

struct Account {
    moto: LineProcess,
    endpoint: String,
    tables: u32,
}

static ACCOUNT: LazyLock<Mutex<Account>> = LazyLock::new(|| {
    let mut moto = LineProcess::start(emulator_script("aws_account.py"));
    let endpoint = moto.said().as_str().expect("a string").to_owned();
    Mutex::new(Account {
        moto,
        endpoint,
        tables: 0,
    })
});

impl Store {
    pub(crate) fn new(kind: Kind) -> Store {
        match kind {
            Kind::Sqlite => Store::Sqlite(tempfile::tempdir().expect("a folder")),
            Kind::Dynamo => {
                let mut account = ACCOUNT.lock().unwrap_or_else(PoisonError::into_inner);
                account.tables += 1;
                // As infra/function.yaml makes it.
                let table = json!({
                    "TableName": format!("claims-{}", account.tables),
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "claim", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "claim", "KeyType": "HASH"}],
                });
                let made = account
                    .moto
                    .ask(&json!(["dynamodb", "create_table", table]));
                let arn = made["TableDescription"]["TableArn"].as_str();
                Store::Dynamo {
                    arn: arn.expect("tables have one").to_owned(),
                    endpoint: account.endpoint.clone(),
                }
            }
        }
    }

    /// The claims in it, as one process has them.
    pub(crate) fn claims(&self) -> Claims {
        match self {
            Store::Sqlite(folder) => Claims::in_file(folder.path().join("claims.sqlite3"), key()),
            Store::Dynamo { arn, endpoint } => in_table(arn, endpoint),
        }
    }

    /// The same claims for a process that cannot reach the store, in every way there is.
    pub(crate) fn out_of_reach(&self) -> Vec<Claims> {
        match self {
            Store::Sqlite(folder) => {
                vec![Claims::in_file(folder.path().join("missing/claims"), key())]
            }
            Store::Dynamo { arn, endpoint } => vec![
                in_table(arn, "http://127.0.0.1:1"),
                in_table(&arn.replace(":table/", ":table/not-"), endpoint),
            ],
        }
    }

    /// Everything in it, as text.
    pub(crate) fn content(&self) -> String {
        match self {
            Store::Sqlite(folder) => {
                let files = std::fs::read_dir(folder.path()).expect("our folder");
                let read = |file: std::io::Result<std::fs::DirEntry>| {
                    let bytes = std::fs::read(file.expect("our folder").path());
                    String::from_utf8_lossy(&bytes.expect("our file")).into_owned()
                };
                files.map(read).collect()
            }
            Store::Dynamo { arn, .. } => {
                let (_, table) = arn.split_once(":table/").expect("a table's ARN");
                let mut account = ACCOUNT.lock().unwrap_or_else(PoisonError::into_inner);
                let question = json!(["dynamodb", "scan", {"TableName": table}]);
                let found: Value = account.moto.ask(&question);
                found["Items"].to_string()
            }
        }
    }
}

/// The answer of a store that is there. An emulator on a busy machine may be late; asking again
/// changes nothing, as every question of claims may be repeated.
pub(crate) async fn answered<T, F>(ask: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, ClaimsUnavailable>>,
{
    for _ in 0..20 {
        match ask().await {
            Ok(answer) => return answer,
            Err(fault) if fault.to_string().contains("no answer") => {}
            Err(fault) => panic!("{fault}"),
        }
    }
    panic!("the store was too slow each time");
}

fn in_table(arn: &str, endpoint: &str) -> Claims {
    let credentials = AwsCredentials {
        access_key_id: "local".to_owned(),
        secret_access_key: "local".to_owned().into(),
        session_token: None,
    };
    Claims::in_table(arn, Some(endpoint), Arc::new(credentials), key()).expect("a table's ARN")
}

fn key() -> ClaimKey {
    ClaimKey::new("0123456789abcdef0123456789abcdef").expect("it is long enough")
}

/// Makes each `async fn name(kind: Kind)` a test on each store.
#[macro_export]
macro_rules! on_each_store {
    ($($name:ident)*) => {
        mod in_sqlite {
            $(#[tokio::test] async fn $name() { super::$name($crate::store::Kind::Sqlite).await })*
        }
        mod in_dynamodb {
            $(#[tokio::test] async fn $name() { super::$name($crate::store::Kind::Dynamo).await })*
        }
    };
}
