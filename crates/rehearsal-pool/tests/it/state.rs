//! A pool whose state is kept in a file: what a restart changes, which is nothing that people see.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper::StatusCode;
use rehearsal_pool::{
    CustomAttribute, KeptState, PoolOptions, RehearsalPool, RehearsalPoolError, RunningPool,
    StateError,
};
use serde_json::{Value, json};

use crate::client::Caller;
use crate::pool::{sign_in, start, unlimited};

const PASSWORD: &str = "Typed-once-1";

fn kept(file: &Path) -> PoolOptions {
    let mut options = unlimited();
    options.pool.custom_attributes = vec![CustomAttribute::text("legacy_id")];
    // Tokens name their issuer, and a free port may be another one next time.
    options.issuer = Some("https://cognito-idp.eu-west-1.amazonaws.com".to_owned());
    options.state = Some(KeptState {
        file: file.to_owned(),
        trigger_env: Vec::new(),
    });
    options
}

async fn done(caller: &Caller, operation: &str, input: &Value) -> Value {
    let answer = caller.call(operation, input).await;
    assert_eq!(answer.status, StatusCode::OK, "{operation}: {answer:?}");
    answer.body
}

/// Everything that an operator sees.
async fn seen(running: &RunningPool, caller: &Caller) -> Vec<Value> {
    let pool = json!({"UserPoolId": running.user_pool_id()});
    let client = json!({"UserPoolId": running.user_pool_id(), "ClientId": running.client_id()});
    let group = json!({"UserPoolId": running.user_pool_id(), "GroupName": "editors"});
    let mut seen = Vec::new();
    for (operation, input) in [
        ("DescribeUserPool", &pool),
        ("DescribeUserPoolClient", &client),
        ("ListUsers", &pool),
        ("ListGroups", &pool),
        ("ListUsersInGroup", &group),
    ] {
        seen.push(done(caller, operation, input).await);
    }
    let keys = format!("/{}/.well-known/jwks.json", running.user_pool_id());
    seen.push(caller.get(&keys).await.body);
    seen
}

async fn populate(running: &RunningPool, caller: &Caller) {
    let pool = running.user_pool_id();
    let attributes = |name: &str| {
        json!([{"Name": "email", "Value": format!("{name}@example.org")},
               {"Name": "custom:legacy_id", "Value": name}])
    };
    for name in ["gone", "ann", "bob", "carl"] {
        let new = json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS",
                         "TemporaryPassword": "Given-once-1", "UserAttributes": attributes(name)});
        done(caller, "AdminCreateUser", &new).await;
    }
    let gone = json!({"UserPoolId": pool, "Username": "gone"});
    done(caller, "AdminDeleteUser", &gone).await;
    for name in ["ann", "carl"] {
        let password = json!({"UserPoolId": pool, "Username": name, "Password": PASSWORD,
                              "Permanent": true});
        done(caller, "AdminSetUserPassword", &password).await;
    }
    let carl = json!({"UserPoolId": pool, "Username": "carl"});
    done(caller, "AdminDisableUser", &carl).await;
    let group = json!({"UserPoolId": pool, "GroupName": "editors", "Precedence": 3});
    done(caller, "CreateGroup", &group).await;
    let member = json!({"UserPoolId": pool, "GroupName": "editors", "Username": "ann"});
    done(caller, "AdminAddUserToGroup", &member).await;
    let link = json!({"UserPoolId": pool,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "ann"},
        "SourceUser": {"ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject",
                       "ProviderAttributeValue": "g-1"}});
    done(caller, "AdminLinkProviderForUser", &link).await;
}

#[tokio::test]
async fn a_restart_changes_nothing_that_people_or_operators_see() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let (running, caller) = start(kept(&file)).await;
    populate(&running, &caller).await;
    let ann = sign_in(&running, &caller, "ann").await.body;
    let signed_out = sign_in(&running, &caller, "ann").await.body;
    let token = &signed_out["AuthenticationResult"]["RefreshToken"];
    let revoke = json!({"ClientId": running.client_id(), "Token": token});
    done(&caller, "RevokeToken", &revoke).await;
    let before = seen(&running, &caller).await;
    running.stop_and_save().await.expect("saved");

    let (running, caller) = start(kept(&file)).await;
    assert_eq!(seen(&running, &caller).await, before);
    // Tokens of before, and the passwords of before.
    let tokens = &ann["AuthenticationResult"];
    let own = json!({"AccessToken": tokens["AccessToken"]});
    assert_eq!(done(&caller, "GetUser", &own).await["Username"], "ann");
    let refresh = |token: &Value| {
        json!({"ClientId": running.client_id(), "AuthFlow": "REFRESH_TOKEN_AUTH",
               "AuthParameters": {"REFRESH_TOKEN": token}})
    };
    done(&caller, "InitiateAuth", &refresh(&tokens["RefreshToken"])).await;
    let revoked = caller.call("InitiateAuth", &refresh(token)).await;
    assert_eq!(
        revoked.error_type.as_deref(),
        Some("NotAuthorizedException")
    );
    let again = sign_in(&running, &caller, "ann").await;
    assert!(again.body["AuthenticationResult"]["IdToken"].is_string());
    let given = json!({"ClientId": running.client_id(), "AuthFlow": "USER_PASSWORD_AUTH",
                       "AuthParameters": {"USERNAME": "bob", "PASSWORD": "Given-once-1"}});
    let challenge = done(&caller, "InitiateAuth", &given).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let disabled = sign_in(&running, &caller, "carl").await;
    assert_eq!(disabled.status, StatusCode::BAD_REQUEST);
    running.stop().await;
}

#[tokio::test]
async fn an_imported_hash_and_the_moved_clock_outlive_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let (running, caller) = start(kept(&file)).await;
    let pool = running.user_pool_id().to_owned();
    let job = json!({"UserPoolId": pool, "JobName": "j", "PasswordHashingAlgorithm": "PBKDF2_SHA256",
                     "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/import"});
    let job = done(&caller, "CreateUserImportJob", &job).await;
    let job = &job["UserImportJob"];
    let rows = format!(
        "cognito:username,email,email_verified,password_hash\nhana,h@example.org,TRUE,{}\n",
        hash_of_password()
    );
    let url = job["PreSignedUrl"].as_str().expect("a URL");
    let path = url.strip_prefix(running.endpoint()).expect("of ours");
    caller.put(path, rows, true).await;
    let named = json!({"UserPoolId": pool, "JobId": job["JobId"]});
    done(&caller, "StartUserImportJob", &named).await;
    while done(&caller, "DescribeUserImportJob", &named).await["UserImportJob"]["Status"]
        != "Succeeded"
    {
        tokio::task::yield_now().await;
    }
    running.advance_clock(Duration::from_secs(3_600));
    running.stop_and_save().await.expect("saved");

    let (running, caller) = start(kept(&file)).await;
    let hana = sign_in(&running, &caller, "hana").await;
    assert_eq!(hana.status, StatusCode::OK, "{hana:?}");
    let new = json!({"UserPoolId": pool, "Username": "ivo", "MessageAction": "SUPPRESS"});
    done(&caller, "AdminCreateUser", &new).await;
    let listed = done(&caller, "ListUsers", &json!({"UserPoolId": pool})).await;
    let created = |place: usize| listed["Users"][place]["UserCreateDate"].as_f64();
    let moved = created(1).expect("ivo") - created(0).expect("hana");
    assert!(moved >= 3_600.0, "the clock went back: {moved}");
    running.stop().await;
}

fn hash_of_password() -> String {
    let (salt, mut hash) = (b"sixteen bytes!!!", [0; 32]);
    let rounds = 1_000.try_into().expect("not zero");
    let password = PASSWORD.as_bytes();
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        salt,
        password,
        &mut hash,
    );
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$pbkdf2-sha256$1000${salt}${hash}")
}

#[tokio::test]
async fn what_the_options_say_anew_counts_and_what_calls_changed_stays_otherwise() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let (running, caller) = start(kept(&file)).await;
    populate(&running, &caller).await;
    let client = json!({"UserPoolId": running.user_pool_id(), "ClientId": running.client_id()});
    let mut changed = client.clone();
    changed["AccessTokenValidity"] = 2.into();
    done(&caller, "UpdateUserPoolClient", &changed).await;
    running.stop_and_save().await.expect("saved");

    let (running, caller) = start(kept(&file)).await;
    let held = done(&caller, "DescribeUserPoolClient", &client).await;
    assert_eq!(held["UserPoolClient"]["AccessTokenValidity"], 2);
    running.stop_and_save().await.expect("saved");

    let mut options = kept(&file);
    let more = CustomAttribute::text("plan");
    options.pool.custom_attributes.insert(0, more);
    options
        .pool
        .client_members
        .insert("AccessTokenValidity".to_owned(), 3.into());
    let (running, caller) = start(options).await;
    let held = done(&caller, "DescribeUserPoolClient", &client).await;
    assert_eq!(held["UserPoolClient"]["AccessTokenValidity"], 3);
    let ann = json!({"UserPoolId": running.user_pool_id(), "Username": "ann"});
    let ann = done(&caller, "AdminGetUser", &ann).await["UserAttributes"].clone();
    let id = json!({"Name": "custom:legacy_id", "Value": "ann"});
    assert!(ann.as_array().expect("a list").contains(&id), "{ann}");
    running.stop_and_save().await.expect("saved");

    // Without the attribute people's values would be lost.
    let mut options = kept(&file);
    options.pool.custom_attributes.clear();
    let refused = RehearsalPool::start(options).await.expect_err("unfit");
    let source = std::error::Error::source(&refused).map(ToString::to_string);
    assert!(source.unwrap_or_default().contains("custom:legacy_id"));
    let mut options = kept(&file);
    options.pool.user_pool_id = Some("eu-west-1_another".to_owned());
    let refused = RehearsalPool::start(options).await.expect_err("unfit");
    assert!(matches!(
        refused,
        RehearsalPoolError::State(StateError::Unfit { .. })
    ));
}

#[tokio::test]
async fn one_pool_at_a_time_has_the_file_and_a_damaged_one_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let (running, _) = start(kept(&file)).await;
    let second = RehearsalPool::start(kept(&file)).await.expect_err("taken");
    assert!(matches!(
        second,
        RehearsalPoolError::State(StateError::Taken { .. })
    ));
    running.stop().await;
    for text in ["", "{}", "{\"format\": 999}"] {
        std::fs::write(&file, text).expect("writable");
        let refused = RehearsalPool::start(kept(&file)).await.expect_err(text);
        assert!(matches!(
            refused,
            RehearsalPoolError::State(StateError::Unreadable { .. })
        ));
        assert_eq!(std::fs::read_to_string(&file).expect("there"), text);
    }
}

#[tokio::test]
async fn a_crash_costs_a_moment_at_most() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("state.json");
    let (running, caller) = start(kept(&file)).await;
    let at_start = std::fs::read(&file).expect("saved at the start");
    populate(&running, &caller).await;
    let before = seen(&running, &caller).await;
    // Whatever the file has at this moment is what a crash would leave.
    let crashed = folder.path().join("crashed.json");
    for _ in 0..600 {
        let text = std::fs::read(&file).expect("always there");
        let whole: Value = serde_json::from_slice(&text).expect("always whole");
        let users = whole["pools"][0]["users"].as_array().expect("a list");
        if text != at_start && users.len() == 3 && whole["pools"][0]["keys"].is_object() {
            std::fs::write(&crashed, text).expect("writable");
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (again, caller) = start(kept(&crashed)).await;
    let after = seen(&again, &caller).await;
    assert_eq!(after[2], before[2], "the users");
    assert_eq!(after[5], before[5], "the keys");
    again.stop().await;
    running.stop().await;
}
