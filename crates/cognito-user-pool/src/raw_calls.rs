//! Calls of the user pools API as JSON in and JSON out, for whoever must see what a service really
//! says: exact errors and texts, and members that are null rather than absent. No retries, no pacer,
//! no typed answers; the SDK's credentials, signature and connections. Called by `pool-probe` alone;
//! everything that moves users goes through `UserPool`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_cognitoidentityprovider::config::Region;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::address::parse_endpoint;
use crate::{AddressError, WritePermission};

/// The version of the API, and the SDK whose model of it we know.
pub const SDK: &str = "aws-sdk-cognitoidentityprovider 1.144, API 2016-04-18";

const TARGET: &str = "AWSCognitoIdentityProviderService";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A sign-in may wait for several triggers, each asked up to three times for five seconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// Far above any answer of the API.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Operations that app clients call without AWS credentials (`authtype` `none` in the API model).
const UNSIGNED: &[&str] = &[
    "ChangePassword",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "ForgotPassword",
    "GetUser",
    "GlobalSignOut",
    "InitiateAuth",
    "RespondToAuthChallenge",
    "SignUp",
];

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawReply {
    /// HTTP status.
    pub status: u16,
    /// Headers by their name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; null where it is no JSON.
    pub body: Value,
}

impl RawReply {
    /// The error's code, without namespace and URL; `None` for success.
    pub fn error(&self) -> Option<&str> {
        if self.status < 400 {
            return None;
        }
        let kind = self.body["__type"].as_str();
        let kind = kind.or_else(|| self.headers.get("x-amzn-errortype").map(String::as_str));
        let kind = kind.unwrap_or("UnknownError");
        let kind = kind.split(':').next().unwrap_or(kind);
        Some(kind.rsplit('#').next().unwrap_or(kind))
    }

    /// The error's text.
    pub fn message(&self) -> &str {
        let body = &self.body;
        let message = body["message"]
            .as_str()
            .or_else(|| body["Message"].as_str());
        message.unwrap_or_default()
    }
}

/// Why nothing came back. It says nothing of the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RawFault {
    /// Nobody could be asked, or the answer broke off. A write may have taken effect.
    #[error("no answer came")]
    NoAnswer,
    /// No AWS credentials.
    #[error("there are no AWS credentials")]
    Credentials,
    /// A defect of the caller's.
    #[error("the request could not be made")]
    Request,
}

/// The user pools API of a Region.
#[derive(Debug)]
pub struct RawCalls {
    endpoint: String,
    region: String,
    credentials: SharedCredentialsProvider,
    connector: Connector,
}

impl RawCalls {
    /// The API of a Region, or at an endpoint of the same form. Makes no call.
    ///
    /// # Errors
    ///
    /// For a Region or URL that cannot be one.
    pub async fn connect(
        region: &str,
        endpoint_url: Option<&str>,
    ) -> Result<RawCalls, AddressError> {
        let region_ok = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if region.is_empty() || !region.chars().all(region_ok) {
            return Err(AddressError::Region);
        }
        let (endpoint, local) = match endpoint_url {
            Some(url) => {
                let url = parse_endpoint(url)?;
                let local = crate::address::is_loopback(&url);
                (url.as_str().trim_end_matches('/').to_owned(), local)
            }
            None if region.starts_with("cn-") => {
                let host = format!("https://cognito-idp.{region}.amazonaws.com.cn");
                (host, false)
            }
            None => (format!("https://cognito-idp.{region}.amazonaws.com"), false),
        };
        let has_credentials = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
        let credentials = match local && !has_credentials {
            true => SharedCredentialsProvider::new(Credentials::new(
                "local",
                "local",
                None,
                None,
                "local-pool",
            )),
            false => {
                let shared = aws_config::defaults(BehaviorVersion::latest());
                let shared = shared.region(Region::new(region.to_owned())).load().await;
                shared
                    .credentials_provider()
                    .unwrap_or_else(|| SharedCredentialsProvider::new(NoCredentials))
            }
        };
        let timeouts = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(ATTEMPT_TIMEOUT)
            .build();
        let connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .connector_settings(timeouts)
            .build();
        Ok(RawCalls {
            endpoint,
            region: region.to_owned(),
            credentials,
            connector,
        })
    }

    /// Whether an operation is signed with AWS credentials, and so needs an IAM action.
    pub fn is_signed(operation: &str) -> bool {
        !UNSIGNED.contains(&operation)
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// One call of an operation that only reads.
    ///
    /// # Errors
    ///
    /// When nothing came back. An error of the service's is a reply.
    pub async fn read(&self, operation: &str, input: &Value) -> Result<RawReply, RawFault> {
        let reads = ["List", "Describe", "Get"];
        if !reads.iter().any(|verb| operation.starts_with(verb)) {
            return Err(RawFault::Request);
        }
        self.post(operation, input).await
    }

    /// One call of any operation.
    ///
    /// # Errors
    ///
    /// As [`RawCalls::read`].
    pub async fn call(
        &self,
        _: &WritePermission,
        operation: &str,
        input: &Value,
    ) -> Result<RawReply, RawFault> {
        self.post(operation, input).await
    }

    async fn post(&self, operation: &str, input: &Value) -> Result<RawReply, RawFault> {
        let body = input.to_string();
        let url = format!("{}/", self.endpoint);
        let target = format!("{TARGET}.{operation}");
        let mut headers = vec![
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.1".to_owned(),
            ),
            ("x-amz-target".to_owned(), target),
        ];
        if RawCalls::is_signed(operation) {
            headers.extend(self.signature(&url, &headers, &body).await?);
        }
        self.send("POST", &url, &headers, body.into_bytes()).await
    }

    async fn signature(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Result<Vec<(String, String)>, RawFault> {
        let credentials = self.credentials.provide_credentials().await;
        let identity: Identity = credentials.map_err(|_| RawFault::Credentials)?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("cognito-idp")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| RawFault::Request)?
            .into();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(body.as_bytes());
        let request =
            SignableRequest::new("POST", url, headers, body).map_err(|_| RawFault::Request)?;
        let signed = sign(request, &parameters).map_err(|_| RawFault::Request)?;
        let (instructions, _) = signed.into_parts();
        let added = instructions.headers();
        Ok(added
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }

    /// What a browser asks before a page at `origin` may call InitiateAuth.
    ///
    /// # Errors
    ///
    /// As [`RawCalls::read`].
    pub async fn preflight(&self, origin: &str) -> Result<RawReply, RawFault> {
        let url = format!("{}/", self.endpoint);
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,x-amz-target",
            ),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.send("OPTIONS", &url, &headers, Vec::new()).await
    }

    /// Sends an import job's file to the address that the job named.
    ///
    /// # Errors
    ///
    /// As [`RawCalls::read`].
    pub async fn upload(
        &self,
        _: &WritePermission,
        url: &str,
        file: String,
    ) -> Result<RawReply, RawFault> {
        let headers = [
            ("x-amz-server-side-encryption", "aws:kms".to_owned()),
            ("content-length", file.len().to_string()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        self.send("PUT", url, &headers, file.into_bytes()).await
    }

    async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<RawReply, RawFault> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri(url).map_err(|_| RawFault::Request)?;
        request.set_method(method).map_err(|_| RawFault::Request)?;
        for (name, value) in headers {
            request
                .headers_mut()
                .try_insert(name.clone(), value.clone())
                .map_err(|_| RawFault::Request)?;
        }
        let answered = async {
            let answer = self.connector.call(request).await;
            let mut answer = answer.map_err(|_| RawFault::NoAnswer)?;
            let status = answer.status().as_u16();
            let headers = answer.headers().iter();
            let headers = headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let body = Limited::new(answer.take_body(), LONGEST_ANSWER)
                .collect()
                .await;
            let body = body.map_err(|_| RawFault::NoAnswer)?.to_bytes();
            Ok(RawReply {
                status,
                headers,
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            })
        };
        match tokio::time::timeout(ATTEMPT_TIMEOUT, answered).await {
            Ok(answered) => answered,
            Err(_elapsed) => Err(RawFault::NoAnswer),
        }
    }
}

/// Where an environment has no credentials at all.
#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(
        &'a self,
    ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error =
            aws_credential_types::provider::error::CredentialsError::not_loaded("none configured");
        aws_credential_types::provider::future::ProvideCredentials::ready(Err(error))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_errors_code_is_read_in_every_form() {
        let reply = |kind: &str| RawReply {
            status: 400,
            headers: BTreeMap::new(),
            body: json!({"__type": kind, "message": "no"}),
        };
        for kind in [
            "UserNotFoundException",
            "com.amazonaws.cognito#UserNotFoundException",
            "UserNotFoundException:http://internal.amazon.com/",
        ] {
            assert_eq!(reply(kind).error(), Some("UserNotFoundException"), "{kind}");
        }
        assert_eq!(reply("x").message(), "no");
        let mut fine = reply("x");
        fine.status = 200;
        assert_eq!(fine.error(), None);
    }

    #[tokio::test]
    async fn a_writing_operation_is_no_read() {
        let calls = RawCalls::connect("eu-west-1", Some("http://127.0.0.1:9")).await;
        let calls = calls.expect("an address");
        let refused = calls.read("DeleteUserPool", &json!({})).await;
        assert_eq!(refused, Err(RawFault::Request));
    }
}
