//! Functions at a Lambda Invoke endpoint instead of a program of the pool's own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool, RunningPool, TriggerOutcome, TriggerUrl};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::{Answer, Caller};

/// What the endpoint was asked: path and event.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// An Invoke endpoint that answers by the event's `userName`.
async fn endpoint() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            let answer = service_fn(move |request| answer(request, Arc::clone(&noted)));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    (url, asked)
}

async fn answer(
    request: Request<Incoming>,
    noted: Asked,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let kind = request.headers().get("x-amz-invocation-type");
    assert_eq!(kind.expect("a kind of invocation"), "RequestResponse");
    let body = request
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    let mut event: Value = serde_json::from_slice(&body).expect("an event");
    noted.lock().expect("no panic").push((path, event.clone()));
    let name = event["userName"].as_str().expect("a name").to_owned();
    let error = json!({"errorType": "Refused", "errorMessage": "Bad password"});
    let respond = Response::builder();
    let response = match name.as_str() {
        "error" => respond
            .header("X-Amz-Function-Error", "Unhandled")
            .body(error.to_string()),
        "bare-error" => respond.body(error.to_string()),
        "missing" => respond.status(404).body("{}".to_owned()),
        "busy" => respond
            .status(429)
            .header("x-amzn-errortype", "TooManyRequestsException:")
            .body("{}".to_owned()),
        "broken" => respond.status(502).body("{}".to_owned()),
        "slow" => std::future::pending().await,
        _ => {
            event["response"] = json!({"userAttributes": {"email": "ann@example.org"},
                                       "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"});
            respond.body(event.to_string())
        }
    };
    Ok(response
        .expect("a response")
        .map(|text| Full::new(Bytes::from(text))))
}

async fn start(trigger_url: TriggerUrl, trigger_retries: u8) -> (RunningPool, Caller) {
    let mut options = PoolOptions {
        quotas: Quotas::Off,
        trigger_url: Some(trigger_url),
        trigger_retries,
        ..PoolOptions::default()
    };
    options.pool.prevent_user_existence_errors = false;
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    (running, caller)
}

async fn sign_in(running: &RunningPool, caller: &Caller, name: &str) -> Answer {
    let input = json!({"ClientId": running.client_id(), "AuthFlow": "USER_PASSWORD_AUTH",
                       "AuthParameters": {"USERNAME": name, "PASSWORD": "typed"}});
    caller.call("InitiateAuth", &input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_by_the_name_in_its_arn() {
    let (url, asked) = endpoint().await;
    let (running, caller) = start(TriggerUrl::new(url), 0).await;
    let answer = sign_in(&running, &caller, "ann").await;
    assert_eq!(answer.error_type, None, "{answer:?}");
    let update = json!({"UserPoolId": running.user_pool_id(), "LambdaConfig": {
        "UserMigration": "arn:aws:lambda:eu-west-1:123456789012:function:another:live"}});
    caller.call("UpdateUserPool", &update).await;
    sign_in(&running, &caller, "bob").await;
    let asked = asked.lock().expect("no panic");
    let paths: Vec<&str> = asked.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/2015-03-31/functions/user-migration-trigger/invocations",
            "/2015-03-31/functions/another/invocations",
        ]
    );
    assert_eq!(asked[0].1["triggerSource"], "UserMigration_Authentication");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_in_full_is_where_every_function_is() {
    let (url, asked) = endpoint().await;
    let path = "/2015-03-31/functions/function/invocations";
    let (running, caller) = start(TriggerUrl::new(format!("{url}{path}")), 0).await;
    sign_in(&running, &caller, "ann").await;
    assert_eq!(asked.lock().expect("no panic")[0].0, path);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_function_and_of_lambda_are_told_apart_and_neither_is_retried() {
    let (url, asked) = endpoint().await;
    let (running, caller) = start(TriggerUrl::new(url), 2).await;
    for (name, code, says) in [
        (
            "error",
            "UserLambdaValidationException",
            "UserMigration failed with error Bad password.",
        ),
        (
            "bare-error",
            "UserLambdaValidationException",
            "Bad password",
        ),
        (
            "missing",
            "UnexpectedLambdaException",
            "ResourceNotFoundException",
        ),
        (
            "busy",
            "UnexpectedLambdaException",
            "TooManyRequestsException",
        ),
        ("broken", "UnexpectedLambdaException", "ServiceException"),
    ] {
        let answer = sign_in(&running, &caller, name).await;
        assert_eq!(answer.error_type.as_deref(), Some(code), "{name}");
        let message = answer.body["message"].as_str().expect("a message");
        assert!(message.contains(says), "{name}: {message}");
    }
    assert_eq!(asked.lock().expect("no panic").len(), 5);
    assert_eq!(
        running.trigger_runs()[0].outcome,
        TriggerOutcome::Refused {
            error_type: "Refused".to_owned()
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_too_long_is_asked_again_as_often_as_told() {
    let (url, asked) = endpoint().await;
    let trigger_url = TriggerUrl {
        limit: Duration::from_millis(300),
        ..TriggerUrl::new(url)
    };
    let (running, caller) = start(trigger_url, 2).await;
    let answer = sign_in(&running, &caller, "slow").await;
    assert_eq!(
        answer.error_type.as_deref(),
        Some("UnexpectedLambdaException")
    );
    let outcomes: Vec<_> = running
        .trigger_runs()
        .into_iter()
        .map(|run| run.outcome)
        .collect();
    assert_eq!(outcomes, [const { TriggerOutcome::TimedOut }; 3]);
    assert!(asked.lock().expect("no panic").len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_there_is_lambdas_failure() {
    let (running, caller) = start(TriggerUrl::new("http://127.0.0.1:1"), 0).await;
    let answer = sign_in(&running, &caller, "ann").await;
    assert_eq!(
        answer.error_type.as_deref(),
        Some("UnexpectedLambdaException")
    );
}

#[tokio::test]
async fn a_url_of_another_form_stops_the_start() {
    let options = PoolOptions {
        trigger_url: Some(TriggerUrl::new("https://lambda.example.org")),
        ..PoolOptions::default()
    };
    let refused = RehearsalPool::start(options).await.expect_err("refused");
    assert!(
        refused.to_string().contains("http://host:port"),
        "{refused}"
    );
}
