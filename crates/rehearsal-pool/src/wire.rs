//! The AWS JSON 1.1 protocol: from an HTTP request to an operation's input and back.
//!
//! Responsible for the target header, the caller's signature, the body and the shape of answers
//! and errors. It must not know what operations do.
//!
//! Sources: `metadata` of the API model (protocol json 1.1, target prefix); the error headers are
//! those AWS JSON clients read (botocore `parsers.py`, aws-smithy `aws-json`). The signature is
//! parsed, not verified: the pool knows no secret keys.

use axum::body::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api_error::ApiError;
use crate::api_model::api_model;

pub(crate) const CONTENT_TYPE_JSON: &str = "application/x-amz-json-1.1";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-amzn-errormessage");
/// A message quotes the value it refuses, which can be long; Python reads 64 KiB of a header.
const LONGEST_HEADER: usize = 4_096;

/// The operation that `X-Amz-Target` names.
pub(crate) fn operation(headers: &HeaderMap) -> Result<&str, ApiError> {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok());
    target
        .and_then(|target| target.split_once('.'))
        .filter(|(prefix, _)| *prefix == api_model().target_prefix)
        .map(|(_, operation)| operation)
        .ok_or_else(|| {
            ApiError::new(
                "UnknownOperationException",
                format!(
                    "The header X-Amz-Target must name an operation, as in {}.ListUsers.",
                    api_model().target_prefix
                ),
            )
        })
}

/// Refuses a signed operation whose caller shows no usable credentials.
pub(crate) fn check_caller(
    headers: &HeaderMap,
    operation: &str,
    access_key_id: Option<&str>,
) -> Result<(), ApiError> {
    if api_model()
        .operations
        .get(operation)
        .is_none_or(|operation| !operation.signed)
    {
        return Ok(());
    }
    let Some(authorization) = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
    else {
        return Err(ApiError::new(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ));
    };
    let given = signing_key_id(authorization).ok_or_else(|| {
        ApiError::new(
            "IncompleteSignatureException",
            "Authorization must be an AWS4-HMAC-SHA256 header with Credential, SignedHeaders and \
             Signature.",
        )
    })?;
    if access_key_id.is_some_and(|known| known != given) {
        return Err(ApiError::new(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ));
    }
    Ok(())
}

/// The access key id of a version 4 signature, if the header is one.
fn signing_key_id(authorization: &str) -> Option<&str> {
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let field = |name: &str| {
        parts
            .split(',')
            .map(str::trim)
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    let signature = field("Signature")?;
    let hexadecimal = signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    if signature.len() != 64 || !hexadecimal || field("SignedHeaders")?.is_empty() {
        return None;
    }
    let scope: Vec<&str> = field("Credential")?.split('/').collect();
    match scope[..] {
        [key, _date, _region, _service, "aws4_request"] if !key.is_empty() => Some(key),
        _ => None,
    }
}

/// An answer or error as HTTP.
pub(crate) fn respond(result: Result<Value, ApiError>) -> Response<Full<Bytes>> {
    match result {
        Ok(answer) => {
            // Operations without an output shape answer with an empty body.
            json_response(StatusCode::OK, CONTENT_TYPE_JSON, &answer)
        }
        Err(error) => {
            tracing::debug!(code = error.code(), "refused");
            let status = StatusCode::from_u16(error.status()).expect("400 or 500");
            let body = json!({"__type": error.code(), "message": error.message()});
            let mut response = json_response(status, CONTENT_TYPE_JSON, &body);
            let headers = response.headers_mut();
            headers.insert(ERROR_TYPE, header(&format!("{}:", error.code())));
            headers.insert(ERROR_MESSAGE, header(error.message()));
            response
        }
    }
}

pub(crate) fn json_response(
    status: StatusCode,
    content_type: &str,
    body: &Value,
) -> Response<Full<Bytes>> {
    let bytes = serde_json::to_vec(body).expect("JSON values serialize");
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, header(content_type));
    headers.insert(REQUEST_ID, header(&Uuid::new_v4().to_string()));
    response
}

/// Text as a header: line breaks and letters beyond ASCII are left out, and what is longer than
/// clients read of a header. The body has it whole.
fn header(text: &str) -> HeaderValue {
    let plain: String = text
        .chars()
        .filter(|c| c.is_ascii_graphic() || *c == ' ')
        .take(LONGEST_HEADER)
        .collect();
    HeaderValue::from_str(&plain).expect("printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_whole_in_the_body_only() {
        let message = format!("Value '{}\n' is too long", "é1".repeat(100_000));
        let response = respond(Err(ApiError::invalid_parameter(message)));
        let header = response.headers()[ERROR_MESSAGE].to_str().expect("ASCII");
        assert!(header.starts_with("Value '111") && header.len() == LONGEST_HEADER);
    }

    #[test]
    fn a_signature_of_version_four_shows_its_key() {
        let signature = "a".repeat(64);
        let good = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/cognito-idp/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        assert_eq!(signing_key_id(&good), Some("AKID"));
        for bad in [
            "Bearer abc".to_owned(),
            good.replace("aws4_request", "other"),
            good.replace(&signature, "abc"),
            good.replace("SignedHeaders=host;x-amz-date, ", ""),
        ] {
            assert_eq!(signing_key_id(&bad), None, "{bad}");
        }
    }
}
