//! Tells Lambda that the function cannot start. Must not know why: causes are for the log, and
//! Cognito may show this text to whoever signs in. Called by [`crate::run`].

use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde_json::json;

use crate::public_error::PublicError;

/// Posts the initialization error (AWS Lambda developer guide, "Using the Lambda runtime API for
/// custom runtimes"). `lambda_runtime` 1.5 does so for SnapStart alone.
pub(crate) async fn report(error: PublicError) -> Result<(), lambda_runtime::Error> {
    let body = json!({
        "errorType": error.error_type(),
        "errorMessage": error.to_string(),
        "stackTrace": [],
    });
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", error.error_type())
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}
