//! Reading tokens: the claims inside, unchecked, since the probe asked for them itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The claims of a token in an answer to a sign-in.
pub(crate) fn claims(answer: &Value, token: &str) -> Option<Value> {
    let token = answer["AuthenticationResult"][token].as_str()?;
    let body = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}
