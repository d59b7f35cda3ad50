//! Which web pages may call the pool.
//!
//! Responsible for the CORS headers of answers and for preflights. It must not know what an
//! operation does, only whether callers sign it. Called by the server.
//!
//! Cognito is called from any origin. Here signatures are read and not checked, so any web page
//! that somebody has open could drive the pool: pages of loopback origins alone may call it, and
//! those of the setting `allowed_origins`, and only what an app client calls unsigned. A signed
//! operation needs the header `Authorization`, which no preflight grants.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Response, StatusCode, Uri};

use crate::api_model::api_model;
use crate::wire;

/// What aws-amplify and the AWS SDK for JavaScript send with an unsigned call.
const HEADERS: &str = "amz-sdk-invocation-id, amz-sdk-request, cache-control, content-type, \
                       x-amz-target, x-amz-user-agent";
/// What they read of an answer beside its body.
const EXPOSED: &str = "x-amzn-requestid, x-amzn-errortype, x-amzn-errormessage, date";
/// Seconds a browser may remember a preflight.
const MAX_AGE: &str = "600";

/// The origins that may call, beside those of this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedOrigins(Vec<String>);

/// The permission of one request.
#[derive(Debug, Clone)]
pub(crate) struct Grant(HeaderValue);

impl AllowedOrigins {
    pub(crate) fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// The permission of a request, if it comes from a page that may see the answer.
    pub(crate) fn grant(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Grant> {
        let origin = headers.get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        let known = is_loopback(text) || self.0.iter().any(|allowed| allowed == text);
        (known && is_open(method, path, headers)).then(|| Grant(origin.clone()))
    }
}

impl Grant {
    /// Lets the page read the answer.
    pub(crate) fn mark<Body>(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }

    /// The answer to a preflight.
    pub(crate) fn preflight<Body: Default>(&self) -> Response<Body> {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        self.mark(&mut response);
        let headers = response.headers_mut();
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(HEADERS),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST, GET"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        response
    }
}

/// Whether a request is for something that an app without credentials uses.
fn is_open(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let document = path.ends_with("/.well-known/jwks.json")
        || path.ends_with("/.well-known/openid-configuration");
    match *method {
        Method::POST if path == "/" => is_unsigned(headers),
        // A preflight does not tell the operation. It is decided at the call.
        Method::OPTIONS => path == "/" || document,
        Method::GET => document,
        _ => false,
    }
}

/// An unknown operation counts too: its refusal is to be readable.
fn is_unsigned(headers: &HeaderMap) -> bool {
    wire::operation(headers).map_or(true, |name| {
        let known = api_model().operations.get(name);
        known.is_none_or(|operation| !operation.signed)
    })
}

/// `localhost`, names below it, and loopback addresses, at any port.
fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    web && (host == "localhost"
        || host.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for origin in [
            "http://localhost:5173",
            "https://app.localhost",
            "http://127.0.0.1:8080",
            "http://[::1]:3000",
        ] {
            assert!(is_loopback(origin), "{origin}");
        }
        for origin in [
            "null",
            "https://example.org",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost@example.org",
            "file://localhost",
            "localhost",
        ] {
            assert!(!is_loopback(origin), "{origin}");
        }
    }
}
