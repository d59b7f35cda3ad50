//! The HTTP endpoint.
//!
//! Responsible for connections and for the paths: operations at `/`, each pool's key and discovery
//! documents, and what a rehearsal reads back under `/_rehearsal/`. It must not know operations.
//!
//! Source of the documents' paths: guide page
//! amazon-cognito-user-pools-using-tokens-verifying-a-jwt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::answer_body::{AnswerBody, ConnectionReset};
use crate::api_error::ApiError;
use crate::fault::Fault;
use crate::operation;
use crate::service::Service;
use crate::wire;

/// "The maximum CSV file size is 100 MB."
const MAX_IMPORT_FILE: usize = 100 * 1024 * 1024;
/// Longer than any operation's input can be.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Serves connections until told to stop; then ends those still open.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&service)));
                }
                Err(error) => {
                    // Too many open files, most likely: wait for some to close.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, service: Arc<Service>) {
    // Answers are small; waiting to fill a packet would cost 40 ms each.
    let _ = stream.set_nodelay(true);
    let to_be_reset = AtomicBool::new(false);
    let handler = service_fn(|request| {
        let (service, to_be_reset) = (Arc::clone(&service), &to_be_reset);
        async move {
            let answer = handle(service, request).await;
            to_be_reset.store(answer.is_err(), Ordering::Relaxed);
            answer
        }
    });
    // No timer: an SDK may keep an idle connection for as long as it likes.
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), handler);
    if let Err(error) = (&mut connection).await {
        tracing::debug!(%error, "a connection ended early");
        let stream = connection.into_parts().io.into_inner();
        if to_be_reset.load(Ordering::Relaxed) {
            // So that closing it sends a reset, not a polite end.
            let _ = stream.set_zero_linger();
        }
    }
}

async fn handle(
    service: Arc<Service>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, ConnectionReset> {
    let (method, path) = (request.method(), request.uri().path());
    let grant = service
        .allowed_origins
        .grant(method, path, request.headers());
    if let Some(grant) = &grant
        && method == Method::OPTIONS
    {
        return Ok(grant.preflight().map(AnswerBody::whole));
    }
    let mut response = answer_request(Arc::clone(&service), request).await?;
    // A client that goes by the pool's time must see the clock by which the pool's users are dated.
    if let Some(date) = service.clock.date_header() {
        response.headers_mut().insert(DATE, date);
    }
    if let Some(grant) = grant {
        grant.mark(&mut response);
    }
    Ok(response)
}

async fn answer_request(
    service: Arc<Service>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, ConnectionReset> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::POST, "/") => return operate(service, request).await,
        (&Method::PUT, "/_rehearsal/faults") => set_faults(&service, request).await,
        (&Method::PUT, "/_rehearsal/clock") => advance_clock(&service, request).await,
        (&Method::PUT, path) if path.starts_with("/_import/") => {
            take_upload(&service, request).await
        }
        (&Method::GET, path) => document(&service, path),
        _ => not_found(),
    };
    Ok(response.map(AnswerBody::whole))
}

async fn operate(
    service: Arc<Service>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, ConnectionReset> {
    let (head, body) = request.into_parts();
    let name = match wire::operation(&head.headers) {
        Ok(name) => name.to_owned(),
        Err(error) => return Ok(wire::respond(Err(error)).map(AnswerBody::whole)),
    };
    let fault = service.faults.next(&name);
    match fault {
        Some(Fault::ResetBefore) => return Err(ConnectionReset),
        Some(Fault::Throttle) => {
            let refused = wire::respond(Err(ApiError::too_many_requests()));
            return Ok(refused.map(AnswerBody::whole));
        }
        Some(Fault::InternalError) => {
            let failed = wire::respond(Err(ApiError::internal("A fault was asked for.")));
            return Ok(failed.map(AnswerBody::whole));
        }
        Some(Fault::ResetAfter | Fault::HalfWritten | Fault::Late(_)) | None => {}
    }
    let response = wire::respond(answer(service, &head.headers, name, body).await);
    match fault {
        Some(Fault::ResetAfter) => Err(ConnectionReset),
        Some(Fault::HalfWritten) => Ok(response.map(AnswerBody::half)),
        Some(Fault::Late(milliseconds)) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(response.map(AnswerBody::whole))
        }
        _ => Ok(response.map(AnswerBody::whole)),
    }
}

async fn answer(
    service: Arc<Service>,
    headers: &HeaderMap,
    name: String,
    body: Incoming,
) -> Result<Value, ApiError> {
    wire::check_caller(headers, &name, service.access_key_id.as_deref())?;
    let input = read_body(body).await?;
    // A task of its own: a caller who hangs up does not undo what the service began.
    let task = tokio::spawn(async move { operation::dispatch(&service, &name, input).await });
    task.await
        .unwrap_or_else(|_| Err(ApiError::internal("The operation failed.")))
}

/// Takes the file of an import job, as its pre-signed URL would: the encryption header is part of
/// what the URL signs (guide: cognito-user-pools-using-import-tool).
async fn take_upload(service: &Service, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let answer = |status: StatusCode| {
        wire::json_response(
            status,
            "application/json",
            &json!({"status": status.as_u16()}),
        )
    };
    let encrypted = request.headers().get("x-amz-server-side-encryption");
    if encrypted.is_none_or(|value| value != "aws:kms") {
        return answer(StatusCode::FORBIDDEN);
    }
    let (head, body) = request.into_parts();
    let parts: Vec<&str> = head.uri.path().split('/').collect();
    let query = head.uri.query().unwrap_or_default();
    let key = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("X-Amz-Signature="));
    let (["", "_import", pool_id, job_id], Some(key)) = (&parts[..], key) else {
        return answer(StatusCode::FORBIDDEN);
    };
    let Ok(file) = Limited::new(body, MAX_IMPORT_FILE).collect().await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE);
    };
    match operation::upload(service, pool_id, job_id, key, file.to_bytes().into()) {
        Ok(()) => answer(StatusCode::OK),
        Err(_) => answer(StatusCode::FORBIDDEN),
    }
}

/// Takes a new plan of faults as JSON.
async fn set_faults(service: &Service, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let plan = read_as(request).await;
    control_answer(plan.map(|plan| service.faults.replace(plan)))
}

/// How far the clock is to move.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    advance_seconds: u32,
}

/// Moves the pool's clock forward, so that codes, passwords, tokens, sessions and lockouts run out
/// without waiting.
async fn advance_clock(service: &Service, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let moved = read_as(request).await.map(|moved: ClockMove| {
        let by = Duration::from_secs(moved.advance_seconds.into());
        service.clock.advance(by);
    });
    control_answer(moved)
}

async fn read_as<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, ApiError> {
    let body = read_body(request.into_body()).await?;
    serde_json::from_value(body).map_err(|error| ApiError::invalid_parameter(error.to_string()))
}

fn control_answer(result: Result<(), ApiError>) -> Response<Full<Bytes>> {
    match result {
        Ok(()) => wire::json_response(StatusCode::OK, "application/json", &json!({})),
        Err(error) => {
            let body = json!({"message": error.message()});
            wire::json_response(StatusCode::BAD_REQUEST, "application/json", &body)
        }
    }
}

async fn read_body(body: Incoming) -> Result<Value, ApiError> {
    let too_long = |_| ApiError::new("SerializationException", "The request is too long.");
    let collected = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(too_long)?;
    // Passwords travel in here: the gathered bytes are wiped. (Those in the HTTP library's own
    // buffers are not; they are reused by the next request.)
    let bytes = Zeroizing::new(Vec::from(collected.to_bytes()));
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(&bytes) {
        Ok(input @ Value::Object(_)) => Ok(input),
        _ => Err(ApiError::new(
            "SerializationException",
            "The request is not a JSON object.",
        )),
    }
}

/// Documents by path.
fn document(service: &Service, path: &str) -> Response<Full<Bytes>> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let body = match parts[..] {
        [pool_id, ".well-known", "jwks.json"] => {
            service.pool(pool_id).ok().map(|pool| pool.keys().jwks())
        }
        [pool_id, ".well-known", "openid-configuration"] => service
            .pool(pool_id)
            .ok()
            .map(|pool| openid_configuration(&service.issuer(&pool))),
        ["_rehearsal", "import-log", pool_id, job_id] => import_log(service, pool_id, job_id),
        ["_rehearsal", "outbox"] => Some(json!({"messages": service.outbox.messages()})),
        ["_rehearsal", "trigger-runs"] => Some(json!({
            "cpu_share": service.functions.cpu_share(),
            "runs": service.functions.runs(),
        })),
        ["_rehearsal", "beliefs"] => {
            let count = service.beliefs.count();
            Some(json!({"sentence": count.sentence(), "beliefs": count}))
        }
        ["_rehearsal", "quotas"] => Some(json!({
            "categories": service.quotas.counts(),
            "daily_mail": service.quotas.mail(service.now()),
        })),
        _ => None,
    };
    match body {
        Some(body) => wire::json_response(StatusCode::OK, "application/json", &body),
        None => not_found(),
    }
}

/// Lines of an import's file that made no user, with reasons, as the service writes to its log.
fn import_log(service: &Service, pool_id: &str, job_id: &str) -> Option<Value> {
    let pool = service.pool(pool_id).ok()?;
    let state = pool.state();
    let lines = state.imports.get(job_id)?.log.iter();
    let lines: Vec<Value> = lines
        .map(|(line, reason)| json!({"line": line, "reason": reason}))
        .collect();
    Some(json!({"lines": lines}))
}

fn openid_configuration(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
    })
}

fn not_found() -> Response<Full<Bytes>> {
    let body = json!({"message": "There is nothing at this path; operations are POSTed to /."});
    wire::json_response(StatusCode::NOT_FOUND, "application/json", &body)
}
