//! AWS's Signature Version 4: the function's credentials, and what is computed under them. Must not
//! know what is signed. Used by both sources of database logins, in place of the AWS SDK, which
//! would double the program.
//!
//! Source: IAM user guide, "Create a signed AWS API request". Held to botocore by its users' tests.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What Lambda gives every function of its role. Wiped on drop; never shown.
pub struct AwsCredentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The key itself.
    pub secret_access_key: Zeroizing<String>,
    /// The token of temporary credentials.
    pub session_token: Option<Zeroizing<String>>,
}

/// What a signature is good for: a service in a Region at a moment.
pub struct SigningScope<'a> {
    /// The Region.
    pub region: &'a str,
    /// The service, as AWS signs for it.
    pub service: &'a str,
    /// The moment.
    pub now: DateTime<Utc>,
}

impl SigningScope<'_> {
    /// The moment, as `X-Amz-Date` has it.
    pub fn moment(&self) -> String {
        self.now.format("%Y%m%dT%H%M%SZ").to_string()
    }

    /// The scope as text, as the credential names it.
    pub fn text(&self) -> String {
        let (day, region, service) = (self.day(), self.region, self.service);
        format!("{day}/{region}/{service}/aws4_request")
    }

    /// The signature over a canonical request, in hex.
    pub fn sign(&self, credentials: &AwsCredentials, request: &str) -> Option<String> {
        let digest = sha256_hex(request.as_bytes());
        let (moment, scope) = (self.moment(), self.text());
        let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}");
        let secret = Zeroizing::new(format!("AWS4{}", credentials.secret_access_key.as_str()));
        let mut key = Zeroizing::new(secret.as_bytes().to_vec());
        for part in [&self.day(), self.region, self.service, "aws4_request"] {
            key = Zeroizing::new(keyed_hash(&key, part)?);
        }
        Some(hex::encode(keyed_hash(&key, &to_sign)?))
    }

    fn day(&self) -> String {
        self.now.format("%Y%m%d").to_string()
    }
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn keyed_hash(key: &[u8], text: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}
