//! AWS's own Python client as a caller, and what any verifier of tokens does.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rehearsal_pool::{PoolOptions, QuotaTable, Quotas, RehearsalPool};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::AUTHORIZATION;
use crate::pool::{start, unlimited};
use crate::python::{python, script};
use crate::readme::served_operations;

/// Operations that boto3 called with success, each answer held to the API model's shapes.
pub(crate) async fn driven_by_boto3() -> &'static BTreeSet<String> {
    static DRIVEN: OnceCell<BTreeSet<String>> = OnceCell::const_new();
    DRIVEN.get_or_init(boto3_session).await
}

async fn boto3_session() -> BTreeSet<String> {
    let (running, _) = start(unlimited()).await;
    let arguments = [
        running.endpoint().to_owned(),
        running.region().to_owned(),
        running.user_pool_id().to_owned(),
        running.client_id().to_owned(),
    ];
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python())
            .arg(script("boto3_session.py"))
            .args(arguments)
            .output()
    });
    let output = output.await.expect("no panic").expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    running.stop().await;
    serde_json::from_slice(&output.stdout).expect("the session writes a JSON list")
}

/// Inputs made from the API model, the same in every run.
#[tokio::test(flavor = "multi_thread")]
async fn any_input_gets_an_answer_that_fits_the_api_model() {
    const CALLS: &str = "3000";
    let (running, _) = start(unlimited()).await;
    let mut arguments = vec![
        script("any_input.py"),
        running.endpoint().to_owned(),
        running.user_pool_id().to_owned(),
        running.client_id().to_owned(),
        "1".to_owned(),
        CALLS.to_owned(),
    ];
    arguments.extend(served_operations().await);
    let output =
        tokio::task::spawn_blocking(move || Command::new(python()).args(arguments).output());
    let output = output.await.expect("no panic").expect("Python runs");
    let (found, errors) = (output.stdout, output.stderr);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(&errors)
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_drives_every_operation_and_every_answer_fits_the_api_model() {
    let driven = driven_by_boto3().await;
    let served = served_operations().await;
    let left_out: Vec<_> = served.difference(driven).collect();
    assert!(left_out.is_empty(), "boto3_session.py lacks {left_out:?}");
}

#[tokio::test]
async fn tokens_verify_against_the_published_keys() {
    let (running, caller) = start(unlimited()).await;
    let pool = running.user_pool_id();
    let user = json!({"UserPoolId": pool, "Username": "ann", "MessageAction": "SUPPRESS"});
    caller.call("AdminCreateUser", &user).await;
    let password = json!({"UserPoolId": pool, "Username": "ann", "Password": "Permanent-1",
                          "Permanent": true});
    caller.call("AdminSetUserPassword", &password).await;
    let sign_in = json!({"ClientId": running.client_id(), "AuthFlow": "USER_PASSWORD_AUTH",
                         "AuthParameters": {"USERNAME": "ann", "PASSWORD": "Permanent-1"}});
    let answer = caller.call("InitiateAuth", &sign_in).await;
    let tokens = &answer.body["AuthenticationResult"];

    let discovery = caller
        .get(&format!("/{pool}/.well-known/openid-configuration"))
        .await
        .body;
    assert_eq!(
        discovery["issuer"],
        format!("{}/{pool}", running.endpoint())
    );
    assert_eq!(
        discovery["jwks_uri"],
        format!("{}/{pool}/.well-known/jwks.json", running.endpoint())
    );
    let jwks = caller
        .get(&format!("/{pool}/.well-known/jwks.json"))
        .await
        .body;
    let keys = jwks["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2);

    let mut kids = Vec::new();
    for name in ["IdToken", "AccessToken"] {
        let token = tokens[name].as_str().expect("a token");
        let kid = decode_header(token).expect("a header").kid.expect("a kid");
        let key = keys
            .iter()
            .find(|key| key["kid"] == kid.as_str())
            .expect("the key is published");
        let text = |member: &str| key[member].as_str().expect("text");
        let key = DecodingKey::from_rsa_components(text("n"), text("e")).expect("an RSA key");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[discovery["issuer"].as_str().expect("text")]);
        if name == "IdToken" {
            validation.set_audience(&[running.client_id()]);
        }
        decode::<Value>(token, &key, &validation).expect("the token verifies");
        kids.push(kid);
    }
    assert_ne!(kids[0], kids[1], "ID and access tokens have a key each");
    running.stop().await;
}

#[tokio::test]
async fn administrators_sign_their_calls_and_users_do_not() {
    let options = PoolOptions {
        access_key_id: Some("AKIDTEST".to_owned()),
        ..unlimited()
    };
    let (running, caller) = start(options).await;
    let describe = json!({"UserPoolId": running.user_pool_id()});
    let refused = |authorization: Option<&'static str>| {
        let (caller, describe) = (&caller, &describe);
        async move {
            caller
                .call_as("DescribeUserPool", describe, authorization)
                .await
                .error_type
        }
    };
    assert_eq!(refused(Some(AUTHORIZATION)).await, None);
    assert_eq!(
        refused(None).await.as_deref(),
        Some("MissingAuthenticationTokenException")
    );
    assert_eq!(
        refused(Some("Bearer x")).await.as_deref(),
        Some("IncompleteSignatureException")
    );
    let other = AUTHORIZATION.replace("AKIDTEST", "AKIDOTHER");
    let answer = caller
        .call_as("DescribeUserPool", &describe, Some(&other))
        .await;
    assert_eq!(
        answer.error_type.as_deref(),
        Some("UnrecognizedClientException")
    );

    let forgot = json!({"ClientId": running.client_id(), "Username": "nobody"});
    let answer = caller.call_as("ForgotPassword", &forgot, None).await;
    assert_eq!(answer.error_type, None, "{answer:?}");
    running.stop().await;
}

#[tokio::test]
async fn quotas_throttle_by_category() {
    let rates = [("UserCreation".to_owned(), 0.01)].into();
    let table = QuotaTable {
        rates,
        ..QuotaTable::default()
    };
    let options = PoolOptions {
        quotas: Quotas::Custom(table),
        ..PoolOptions::default()
    };
    let (running, caller) = start(options).await;
    // One call in 100 seconds: 50 calls cannot all fit in.
    let mut throttled = 0;
    for number in 0..50 {
        let input = json!({"UserPoolId": running.user_pool_id(), "MessageAction": "SUPPRESS",
                           "Username": format!("user{number}")});
        let answer = caller.call("AdminCreateUser", &input).await;
        match answer.error_type.as_deref() {
            None => {}
            Some("TooManyRequestsException") => throttled += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(throttled > 0);
    let counts = running.quota_counts();
    let creation = counts
        .iter()
        .find(|count| count.category == "UserCreation")
        .expect("listed");
    assert_eq!(creation.throttled, throttled);
    assert_eq!(creation.granted, 50 - throttled);
    assert_eq!(creation.rate, Some(0.01));
    assert_eq!(creation.customers, 0.0);
    let read = caller.get("/_rehearsal/quotas").await.body;
    let categories = read["categories"].as_array().expect("a list");
    assert!(
        categories
            .iter()
            .any(|count| count["throttled"] == throttled)
    );
    running.stop().await;
}

#[tokio::test]
async fn the_list_of_users_is_eventually_consistent_when_asked() {
    let options = PoolOptions {
        list_delay: Duration::from_secs(3_600),
        ..unlimited()
    };
    let (running, caller) = start(options).await;
    let pool = running.user_pool_id();
    let new = json!({"UserPoolId": pool, "Username": "ann", "MessageAction": "SUPPRESS",
                     "UserAttributes": [{"Name": "email", "Value": "ann@example.org"}]});
    caller.call("AdminCreateUser", &new).await;
    let lists = [
        json!({"UserPoolId": pool}),
        json!({"UserPoolId": pool, "Filter": "email = \"ann@example.org\""}),
        json!({"UserPoolId": pool, "Filter": "username ^= \"a\""}),
    ];
    for list in &lists {
        let listed = caller.call("ListUsers", list).await.body;
        assert_eq!(listed["Users"], json!([]), "{list}");
    }
    let one = json!({"UserPoolId": pool, "Username": "ann"});
    assert_eq!(caller.call("AdminGetUser", &one).await.error_type, None);
    let moved = caller
        .put_json("/_rehearsal/clock", &json!({"advance_seconds": 3_600}))
        .await;
    assert!(moved.status.is_success());
    for list in &lists {
        let listed = caller.call("ListUsers", list).await.body;
        assert_eq!(listed["Users"][0]["Username"], "ann", "{list}");
    }
    let refused = caller
        .put_json("/_rehearsal/clock", &json!({"seconds": 1}))
        .await;
    assert_eq!(refused.status.as_u16(), 400);
    running.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_loopback_needs_permission() {
    let listen = "0.0.0.0:0".parse().expect("an address");
    let refused = RehearsalPool::start(PoolOptions {
        listen,
        ..unlimited()
    })
    .await;
    assert!(
        refused
            .expect_err("refused")
            .to_string()
            .contains("not a loopback address")
    );
}

#[tokio::test]
async fn settings_the_service_would_refuse_stop_the_start() {
    let mut options = unlimited();
    options.pool.alias_attributes = vec!["email".to_owned()];
    options.pool.username_attributes = vec!["email".to_owned()];
    let refused = RehearsalPool::start(options).await.expect_err("refused");
    assert!(
        refused
            .to_string()
            .contains("Only one of the aliasAttributes"),
        "{refused}"
    );

    let mut options = unlimited();
    let policy = json!({"PasswordPolicy": {"MinimumLenght": 8}});
    options
        .pool
        .pool_members
        .insert("Policies".to_owned(), policy);
    let refused = RehearsalPool::start(options).await.expect_err("refused");
    assert!(refused.to_string().contains("MinimumLenght"), "{refused}");
}
