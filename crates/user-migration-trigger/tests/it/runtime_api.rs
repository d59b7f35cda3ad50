//! The Lambda Runtime API as a function sees it (AWS Lambda developer guide, "Using the Lambda
//! runtime API for custom runtimes"): hands out events, takes answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{mpsc, oneshot};

/// What a function said to an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// POST …/response.
    Response(Bytes),
    /// POST …/error: the error document.
    Error(Bytes),
}

struct Invocation {
    id: String,
    body: Bytes,
    deadline: Duration,
}

#[derive(Default)]
struct Books {
    waiting: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    init_errors: Mutex<Vec<Bytes>>,
}

#[derive(Clone)]
struct Served {
    events: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>>,
    polled: tokio::sync::watch::Sender<bool>,
    books: Arc<Books>,
}

/// A running Runtime API for one function process.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    events: mpsc::UnboundedSender<Invocation>,
    polled: tokio::sync::watch::Receiver<bool>,
    books: Arc<Books>,
    served: AtomicU64,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl RuntimeApi {
    pub(crate) async fn start() -> RuntimeApi {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (polled_sender, polled) = tokio::sync::watch::channel(false);
        let books = Arc::new(Books::default());
        let state = Served {
            events: Arc::new(tokio::sync::Mutex::new(receiver)),
            polled: polled_sender,
            books: Arc::clone(&books),
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port on loopback");
        let address = listener.local_addr().expect("it is bound");
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving does not fail");
        });
        let served = AtomicU64::new(0);
        RuntimeApi {
            address,
            events: sender,
            polled,
            books,
            served,
            server,
        }
    }

    /// Hands an event out and waits for what the function says to it.
    pub(crate) async fn invoke(&self, body: impl Into<Bytes>) -> Answer {
        self.invoke_with_deadline(body, Duration::from_secs(60))
            .await
    }

    /// The same with the function's own timeout in so long.
    pub(crate) async fn invoke_with_deadline(
        &self,
        body: impl Into<Bytes>,
        deadline: Duration,
    ) -> Answer {
        let id = format!("request-{}", self.served.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        self.books
            .waiting
            .lock()
            .expect("nobody panicked")
            .insert(id.clone(), answer);
        let invocation = Invocation {
            id,
            body: body.into(),
            deadline,
        };
        self.events.send(invocation).expect("the server runs");
        // Generous: a debug build on a busy machine. Cognito's 5 s are the function's own matter.
        tokio::time::timeout(Duration::from_secs(60), answered)
            .await
            .expect("an answer")
            .expect("the server runs")
    }

    /// Waits until the function asks for its first event.
    pub(crate) async fn first_poll(&mut self) {
        self.polled
            .wait_for(|polled| *polled)
            .await
            .expect("the server runs");
    }

    pub(crate) fn was_polled(&self) -> bool {
        *self.polled.borrow()
    }

    /// What was posted as initialization errors.
    pub(crate) fn init_errors(&self) -> Vec<Bytes> {
        self.books
            .init_errors
            .lock()
            .expect("nobody panicked")
            .clone()
    }
}

async fn next(State(served): State<Served>) -> Response {
    served.polled.send_replace(true);
    let Some(invocation) = served.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let deadline = (now + invocation.deadline).as_millis().to_string();
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:123456789012:function:trigger".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, invocation.body).into_response()
}

async fn response(state: State<Served>, id: Path<String>, body: Bytes) -> StatusCode {
    take(&state, &id, Answer::Response(body))
}

async fn error(state: State<Served>, id: Path<String>, body: Bytes) -> StatusCode {
    take(&state, &id, Answer::Error(body))
}

fn take(served: &Served, id: &str, answer: Answer) -> StatusCode {
    let waiting = served
        .books
        .waiting
        .lock()
        .expect("nobody panicked")
        .remove(id);
    match waiting.map(|waiting| waiting.send(answer)) {
        Some(Ok(())) => StatusCode::ACCEPTED,
        _ => StatusCode::BAD_REQUEST,
    }
}

async fn init_error(State(served): State<Served>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert!(headers.contains_key("lambda-runtime-function-error-type"));
    served
        .books
        .init_errors
        .lock()
        .expect("nobody panicked")
        .push(body);
    StatusCode::ACCEPTED
}
