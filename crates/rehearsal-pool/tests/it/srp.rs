//! Secure remote password, proven by a client that is not ours (pycognito).

use std::process::Command;

use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool, RunningPool};
use serde_json::json;

use crate::client::Caller;
use crate::python::{python, script};

async fn srp(running: &RunningPool, username: &str, password: &str) -> String {
    let arguments = [
        running.endpoint(),
        running.region(),
        running.user_pool_id(),
        running.client_id(),
        username,
        password,
    ]
    .map(str::to_owned);
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python())
            .arg(script("srp_session.py"))
            .args(arguments)
            .output()
    });
    let output = output.await.expect("no panic").expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pycognito_signs_in_with_the_right_password_only() {
    let mut options = PoolOptions {
        quotas: Quotas::Off,
        ..PoolOptions::default()
    };
    options.pool.username_attributes = vec!["email".to_owned()];
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    let pool = running.user_pool_id();
    let name = "ann@example.org";
    let user = json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS"});
    caller.call("AdminCreateUser", &user).await;
    // Padding depends on random numbers: a few passwords, each with a salt of its own.
    for number in 0..4 {
        let word = format!("Pässwörd-{number}");
        let input =
            json!({"UserPoolId": pool, "Username": name, "Password": word, "Permanent": true});
        let answer = caller.call("AdminSetUserPassword", &input).await;
        assert_eq!(answer.error_type, None, "{answer:?}");
        assert_eq!(srp(&running, name, &word).await, "signed in");
    }
    assert_eq!(
        srp(&running, name, "Pässwörd-9").await,
        "NotAuthorizedException"
    );
    assert_eq!(
        srp(&running, "bob@example.org", "x").await,
        "NotAuthorizedException"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_imported_with_a_hash_uses_srp_only_after_a_password_sign_in() {
    let made: serde_json::Value = serde_json::from_str(include_str!("hashes.json")).expect("JSON");
    let password = made["password"].as_str().expect("text");
    let hash = made["hashes"][0]["hash"].as_str().expect("a bcrypt hash");
    let options = PoolOptions {
        quotas: Quotas::Off,
        ..PoolOptions::default()
    };
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    let pool = running.user_pool_id();
    let input = json!({"UserPoolId": pool, "JobName": "job", "PasswordHashingAlgorithm": "BCRYPT",
                       "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/Import"});
    let job = caller.call("CreateUserImportJob", &input).await.body["UserImportJob"].clone();
    let url = job["PreSignedUrl"].as_str().expect("a URL");
    let path = url.strip_prefix(running.endpoint()).expect("ours");
    let file = format!(
        "cognito:username,email,email_verified,password_hash\nann,a@example.org,TRUE,{hash}"
    );
    assert!(caller.put(path, file, true).await.status.is_success());
    let input = json!({"UserPoolId": pool, "JobId": job["JobId"]});
    caller.call("StartUserImportJob", &input).await;
    loop {
        let job = caller.call("DescribeUserImportJob", &input).await;
        if job.body["UserImportJob"]["Status"] == "Succeeded" {
            break;
        }
        assert_ne!(job.body["UserImportJob"]["Status"], "Failed", "{job:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }

    assert_eq!(
        srp(&running, "ann", password).await,
        "NotAuthorizedException"
    );
    let sign_in = json!({"ClientId": running.client_id(), "AuthFlow": "USER_PASSWORD_AUTH",
                         "AuthParameters": {"USERNAME": "ann", "PASSWORD": password}});
    assert_eq!(caller.call("InitiateAuth", &sign_in).await.error_type, None);
    assert_eq!(srp(&running, "ann", password).await, "signed in");
    running.stop().await;
}
