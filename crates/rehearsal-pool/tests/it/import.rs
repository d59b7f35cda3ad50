//! The limits of an import file that no hand-written scenario reaches.

use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool, RunningPool};
use serde_json::{Value, json};

use crate::client::Caller;

async fn start() -> (RunningPool, Caller) {
    let running = RehearsalPool::start(PoolOptions {
        quotas: Quotas::Off,
        ..PoolOptions::default()
    })
    .await
    .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    (running, caller)
}

/// Runs a job over rows made from the pool's own header, and returns the job and its log.
async fn import(running: &RunningPool, caller: &Caller, rows: &[String]) -> (Value, Value) {
    let pool = running.user_pool_id();
    let header = caller
        .call("GetCSVHeader", &json!({"UserPoolId": pool}))
        .await;
    let header: Vec<&str> = header.body["CSVHeader"]
        .as_array()
        .expect("columns")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let create = json!({"UserPoolId": pool, "JobName": "job",
                        "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/Import"});
    let job = caller.call("CreateUserImportJob", &create).await.body;
    let url = job["UserImportJob"]["PreSignedUrl"]
        .as_str()
        .expect("a URL");
    let path = url.strip_prefix(running.endpoint()).expect("this pool's");
    let file = format!("{}\n{}\n", header.join(","), rows.join("\n"));
    assert!(caller.put(path, file, true).await.status.is_success());
    let id = &job["UserImportJob"]["JobId"];
    let one = json!({"UserPoolId": pool, "JobId": id});
    let started = caller.call("StartUserImportJob", &one).await;
    assert_eq!(started.error_type, None, "{started:?}");
    loop {
        let job = caller.call("DescribeUserImportJob", &one).await.body["UserImportJob"].take();
        let status = job["Status"].as_str().expect("a status");
        if !["Pending", "InProgress"].contains(&status) {
            let id = id.as_str().expect("an id");
            let log = caller
                .get(&format!("/_rehearsal/import-log/{pool}/{id}"))
                .await;
            return (job, log.body);
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// A row for GetCSVHeader's order of columns: 20 of them before the username.
fn row(username: &str, address: &str) -> String {
    let email = format!("{username}@example.org");
    format!(",,,,,,,,,{email},TRUE,,,,,,,{address},,,{username}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_has_at_most_16_000_characters() {
    let (running, caller) = start().await;
    let longest = 16_000 - row("ann", "").chars().count();
    // Longer than any attribute, so that both fail, for different reasons.
    let rows = [
        row("ann", &"é".repeat(longest)),
        row("ann", &"é".repeat(longest + 1)),
    ];
    let (job, log) = import(&running, &caller, &rows).await;
    assert_eq!(job["FailedUsers"], 2, "{job}");
    assert_eq!(log["lines"][0]["line"], 2);
    assert_eq!(
        log["lines"][0]["reason"],
        "An attribute does not conform to the schema"
    );
    assert_eq!(
        log["lines"][1]["reason"],
        "The row is longer than 16,000 characters"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_at_most_500_000_users() {
    let (running, caller) = start().await;
    let rows = vec!["x".to_owned(); 500_001];
    let (job, _) = import(&running, &caller, &rows).await;
    assert_eq!(job["Status"], "Failed", "{job}");
    assert_eq!(job["FailedUsers"], 0, "not a single row was looked at");
    assert!(
        job["CompletionMessage"]
            .as_str()
            .expect("a message")
            .contains("500,000")
    );
}
