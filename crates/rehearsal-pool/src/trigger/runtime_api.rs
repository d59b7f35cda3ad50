//! The Lambda Runtime API, as one execution environment sees it.
//!
//! Responsible for its four paths and nothing else: `next`, `response`, `error`, `init/error`.
//!
//! Source: Lambda developer guide, "Using the Lambda runtime API" (version 2018-06-01): a response
//! or error must name the event's request id, payloads are at most 6 MB.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// An event on its way to the program.
pub(crate) struct Invocation {
    pub(crate) id: Uuid,
    pub(crate) event: Bytes,
    /// When the invocation is given up, since the epoch.
    pub(crate) deadline: Duration,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What the program said to an event.
pub(crate) enum Answer {
    Response(Bytes),
    Error { error_type: String, message: String },
}

pub(crate) struct RuntimeApi {
    function_arn: String,
    offer: mpsc::Sender<Invocation>,
    next: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    at_work: Mutex<Option<(Uuid, oneshot::Sender<Answer>)>>,
    init_error: Mutex<Option<String>>,
    started: Instant,
    first_asked: Arc<OnceLock<Duration>>,
}

impl RuntimeApi {
    pub(crate) fn new(function_arn: String, started: Instant) -> Self {
        let (offer, next) = mpsc::channel(1);
        Self {
            function_arn,
            offer,
            next: tokio::sync::Mutex::new(next),
            at_work: Mutex::default(),
            init_error: Mutex::default(),
            started,
            first_asked: Arc::default(),
        }
    }

    /// From the start of the process until it asked for its first event, once it has.
    pub(crate) fn first_asked(&self) -> Arc<OnceLock<Duration>> {
        Arc::clone(&self.first_asked)
    }

    /// Holds an event out for the program's next poll.
    pub(crate) async fn offer(&self, invocation: Invocation) {
        self.offer
            .send(invocation)
            .await
            .expect("this API holds the receiver");
    }

    pub(crate) fn init_error(&self) -> Option<String> {
        held(&self.init_error).clone()
    }

    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(MAX_PAYLOAD))
            .with_state(self);
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the Runtime API stopped");
        }
    }

    fn finish(&self, id: &str, answer: Answer) -> Response {
        let mut at_work = held(&self.at_work);
        match at_work.take() {
            Some((expected, sender)) if expected.to_string() == id => {
                // Nobody waits any more when the limit has passed; the program need not know.
                let _ = sender.send(answer);
                accepted()
            }
            other => {
                *at_work = other;
                let body = json!({
                    "errorType": "InvalidRequestID",
                    "errorMessage": "Invalid request ID",
                });
                (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
            }
        }
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    // Later questions change nothing.
    let _ = api.first_asked.set(api.started.elapsed());
    let invocation = api.next.lock().await.recv().await;
    let invocation = invocation.expect("this API holds the sender");
    let id = invocation.id.to_string();
    *held(&api.at_work) = Some((invocation.id, invocation.answer));
    (
        [
            ("lambda-runtime-aws-request-id", id.as_str()),
            (
                "lambda-runtime-deadline-ms",
                &invocation.deadline.as_millis().to_string(),
            ),
            ("lambda-runtime-invoked-function-arn", &api.function_arn),
            (
                "lambda-runtime-trace-id",
                &format!("Root=1-0-{}", invocation.id.simple()),
            ),
            ("content-type", "application/json"),
        ],
        invocation.event,
    )
        .into_response()
}

async fn response(
    State(api): State<Arc<RuntimeApi>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    api.finish(&id, Answer::Response(body))
}

async fn error(
    State(api): State<Arc<RuntimeApi>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (error_type, message) = reported(&headers, &body);
    api.finish(
        &id,
        Answer::Error {
            error_type,
            message,
        },
    )
}

async fn init_error(
    State(api): State<Arc<RuntimeApi>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (error_type, message) = reported(&headers, &body);
    *held(&api.init_error) = Some(format!("{error_type}: {message}"));
    accepted()
}

/// Type and text of a reported error.
fn reported(headers: &HeaderMap, body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let header = headers.get("lambda-runtime-function-error-type");
    let error_type = body["errorType"]
        .as_str()
        .or_else(|| header.and_then(|value| value.to_str().ok()))
        .unwrap_or("Unhandled");
    let message = body["errorMessage"].as_str().unwrap_or_default();
    (error_type.to_owned(), message.to_owned())
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
