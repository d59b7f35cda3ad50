//! Functions at a Lambda Invoke endpoint.
//!
//! Responsible for Lambda's Invoke call: its path, its error header, its own failures. It must not
//! know what events mean.
//!
//! Sources: Lambda API reference, Invoke (`POST /2015-03-31/functions/<name>/invocations`, status
//! 200 with `X-Amz-Function-Error` for an error of the function, other statuses for Lambda's own);
//! guide page cognito-user-pools-working-with-lambda-triggers (no retry on 500 to 599). AWS's
//! runtime emulator leaves the header out: there an error is told by its body.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{Invoked, TriggerFailure};
use crate::options::TriggerUrl;

/// Lambda's largest synchronous payload.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
const FUNCTIONS: &str = "/2015-03-31/functions/";

pub(crate) struct InvokeUrl {
    /// `host:port`.
    authority: String,
    /// The path of every invocation, where the URL named one function.
    path: Option<String>,
    limit: Duration,
    authorization: String,
}

impl InvokeUrl {
    /// `None` for what is no such URL.
    pub(crate) fn new(options: TriggerUrl, region: &str) -> Option<Self> {
        let uri: Uri = options.url.parse().ok()?;
        if uri.scheme_str() != Some("http") {
            return None;
        }
        let authority = uri.authority()?;
        let path = match uri.path().trim_end_matches('/') {
            "" => None,
            path if path.starts_with(FUNCTIONS) && path.ends_with("/invocations") => {
                Some(path.to_owned())
            }
            _ => return None,
        };
        let host = authority.host();
        let port = authority.port_u16().unwrap_or(80);
        let none = "0".repeat(64);
        Some(Self {
            authority: format!("{host}:{port}"),
            path,
            limit: options.limit,
            // A local Lambda reads the Region from it; nobody can check it.
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential=rehearsal/20260101/{region}/lambda/aws4_request, \
                 SignedHeaders=host, Signature={none}"
            ),
        })
    }

    pub(crate) async fn invoke(&self, arn: &str, event: Bytes) -> Invoked {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => format!("{FUNCTIONS}{}/invocations", function_name(arn)),
        };
        let call = tokio::time::timeout(self.limit, self.call(&path, event));
        Invoked {
            cold: false,
            init: None,
            result: call.await.unwrap_or(Err(TriggerFailure::TimedOut)),
        }
    }

    async fn call(&self, path: &str, event: Bytes) -> Result<Bytes, TriggerFailure> {
        let unreachable = |error: &dyn std::fmt::Display| {
            tracing::warn!(authority = self.authority, %error, "the Invoke URL cannot be reached");
            TriggerFailure::NotStarted {
                reason: "ServiceException".to_owned(),
            }
        };
        let stream = TcpStream::connect(&self.authority)
            .await
            .map_err(|error| unreachable(&error))?;
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(&error))?;
        let connection = tokio::spawn(connection);
        let request = Request::post(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, &self.authorization)
            .header("x-amz-invocation-type", "RequestResponse")
            .body(Full::new(event))
            .map_err(|error| unreachable(&error))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| unreachable(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_PAYLOAD)
            .collect()
            .await
            .map_err(|error| unreachable(&error))?
            .to_bytes();
        connection.abort();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if head.status != StatusCode::OK {
            let named = header("x-amzn-errortype").and_then(|name| name.split(':').next());
            return Err(TriggerFailure::NotStarted {
                reason: named.unwrap_or(lambda_error(head.status)).to_owned(),
            });
        }
        match function_error(&body, header("x-amz-function-error").is_some()) {
            Some(failure) => Err(failure),
            None => Ok(body),
        }
    }
}

/// The error of the function in an answer, if it is one.
fn function_error(body: &[u8], said: bool) -> Option<TriggerFailure> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let message = text("errorMessage");
    // An event has a response; an error that no header tells of has not.
    if !said && (message.is_none() || value.get("response").is_some()) {
        return None;
    }
    Some(TriggerFailure::Function {
        error_type: text("errorType").unwrap_or_else(|| "Unhandled".to_owned()),
        message: message.unwrap_or_default(),
    })
}

fn lambda_error(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "InvalidRequestContentException",
        403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        429 => "TooManyRequestsException",
        _ => "ServiceException",
    }
}

/// The name in `arn:aws:lambda:<region>:<account>:function:<name>[:<alias>]`.
fn function_name(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_an_endpoint_or_one_functions_invocations() {
        for good in [
            "http://127.0.0.1:4566",
            "http://localhost:9001/",
            "http://127.0.0.1:8080/2015-03-31/functions/function/invocations",
        ] {
            assert!(
                InvokeUrl::new(TriggerUrl::new(good), "eu-west-1").is_some(),
                "{good}"
            );
        }
        for bad in [
            "",
            "127.0.0.1:4566",
            "https://lambda.example.org",
            "http://h/other",
        ] {
            assert!(
                InvokeUrl::new(TriggerUrl::new(bad), "eu-west-1").is_none(),
                "{bad}"
            );
        }
    }

    #[test]
    fn functions_are_named_by_their_arn() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:migrate";
        assert_eq!(function_name(arn), "migrate");
        assert_eq!(function_name(&format!("{arn}:live")), "migrate");
    }

    #[test]
    fn an_error_is_told_by_the_header_or_by_a_body_that_is_no_event() {
        let error = br#"{"errorType": "Refused", "errorMessage": "Bad password"}"#;
        for said in [true, false] {
            assert!(function_error(error, said).is_some());
        }
        assert!(function_error(br#"{"response": {}, "errorMessage": "mine"}"#, false).is_none());
        assert!(function_error(b"not json", false).is_none());
        assert!(function_error(b"not json", true).is_some());
    }
}
