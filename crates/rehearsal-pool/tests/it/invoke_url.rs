//! Functions at a Lambda Invoke endpoint instead of a program of the pool's own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rehearsal_pool::{PoolOptions, RehearsalPool, RunningPool, TriggerOutcome, TriggerUrl};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::Caller;
use crate::pool::{sign_in, start, unlimited};

/// What the endpoint was asked, path and event, and the pool it may call.
#[derive(Default)]
struct Endpoint {
    asked: Mutex<Vec<(String, Value)>>,
    pool: OnceLock<String>,
}

impl Endpoint {
    fn asked(&self) -> MutexGuard<'_, Vec<(String, Value)>> {
        self.asked.lock().expect("no panic")
    }

    /// Makes the user of an event, as some functions do by themselves.
    async fn make_user(&self, event: &Value) {
        let caller = Caller::new(self.pool.get().expect("set by the test"));
        let mut user = json!({"UserPoolId": event["userPoolId"], "Username": event["userName"],
                              "MessageAction": "SUPPRESS"});
        caller.call("AdminCreateUser", &user).await;
        user["Password"] = event["request"]["password"].clone();
        user["Permanent"] = true.into();
        caller.call("AdminSetUserPassword", &user).await;
    }
}

/// An Invoke endpoint that answers by the event's `userName`.
async fn endpoint() -> (String, Arc<Endpoint>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let endpoint = Arc::<Endpoint>::default();
    let served = Arc::clone(&endpoint);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let served = Arc::clone(&served);
            let answer = service_fn(move |request| answer(request, Arc::clone(&served)));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    (url, endpoint)
}

async fn answer(
    request: Request<Incoming>,
    endpoint: Arc<Endpoint>,
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
    endpoint.asked().push((path, event.clone()));
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
        "made" => {
            endpoint.make_user(&event).await;
            respond.body(event.to_string())
        }
        "made-and-told" => {
            endpoint.make_user(&event).await;
            event["response"] = json!({"userAttributes": {"email": "ann@example.org"},
                                       "finalUserStatus": "CONFIRMED"});
            respond.body(event.to_string())
        }
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

async fn start_with(trigger_url: TriggerUrl, trigger_retries: u8) -> (RunningPool, Caller) {
    let mut options = PoolOptions {
        trigger_url: Some(trigger_url),
        trigger_retries,
        ..unlimited()
    };
    options.pool.prevent_user_existence_errors = false;
    start(options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_by_the_name_in_its_arn() {
    let (url, endpoint) = endpoint().await;
    let (running, caller) = start_with(TriggerUrl::new(url), 0).await;
    let answer = sign_in(&running, &caller, "ann").await;
    assert_eq!(answer.error_type, None, "{answer:?}");
    let update = json!({"UserPoolId": running.user_pool_id(), "LambdaConfig": {
        "UserMigration": "arn:aws:lambda:eu-west-1:123456789012:function:another:live"}});
    caller.call("UpdateUserPool", &update).await;
    sign_in(&running, &caller, "bob").await;
    let asked = endpoint.asked();
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
    let (url, endpoint) = endpoint().await;
    let path = "/2015-03-31/functions/function/invocations";
    let (running, caller) = start_with(TriggerUrl::new(format!("{url}{path}")), 0).await;
    sign_in(&running, &caller, "ann").await;
    assert_eq!(endpoint.asked()[0].0, path);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_function_and_of_lambda_are_told_apart_and_neither_is_retried() {
    let (url, endpoint) = endpoint().await;
    let (running, caller) = start_with(TriggerUrl::new(url), 2).await;
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
    assert_eq!(endpoint.asked().len(), 5);
    assert_eq!(
        running.trigger_runs()[0].outcome,
        TriggerOutcome::Refused {
            error_type: "Refused".to_owned()
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_too_long_is_asked_again_as_often_as_told() {
    let (url, endpoint) = endpoint().await;
    let trigger_url = TriggerUrl {
        limit: Duration::from_millis(300),
        ..TriggerUrl::new(url)
    };
    let (running, caller) = start_with(trigger_url, 2).await;
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
    assert!(endpoint.asked().len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_makes_the_user_itself_fails_the_sign_in_and_the_next_one_works() {
    let (url, endpoint) = endpoint().await;
    let (running, caller) = start_with(TriggerUrl::new(url), 0).await;
    let pool = running.endpoint().to_owned();
    endpoint.pool.set(pool).expect("set once");
    let first = sign_in(&running, &caller, "made-and-told").await;
    assert_eq!(first.error_type.as_deref(), Some("NotAuthorizedException"));
    let second = sign_in(&running, &caller, "made-and-told").await;
    assert_eq!(second.error_type, None, "{second:?}");
    // Whoever answers nothing knows nobody, whatever else was done.
    let first = sign_in(&running, &caller, "made").await;
    assert_eq!(first.error_type.as_deref(), Some("UserNotFoundException"));
    assert_eq!(sign_in(&running, &caller, "made").await.error_type, None);
    assert_eq!(endpoint.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_there_is_lambdas_failure() {
    let (running, caller) = start_with(TriggerUrl::new("http://127.0.0.1:1"), 0).await;
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
