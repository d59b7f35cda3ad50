//! One of AWS's services that take signed JSON: makes the requests and reads the answers. Must not
//! know what is asked. Used for Secrets Manager and DynamoDB in place of the AWS SDK, which would
//! double the trigger for a handful of requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::aws_signing::{AwsCredentials, SigningScope, sha256_hex};

/// A secret has at most 65,536 bytes (Secrets Manager user guide, "Quotas"); an item that counts,
/// a hundred.
const LONGEST_ANSWER: usize = 256 * 1024;

/// What differs between the services.
pub struct ServiceKind {
    /// Its name in ARNs, hosts and signatures.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What its operations' names begin with in `X-Amz-Target`.
    pub target: &'static str,
    /// The version of its JSON, as a content type.
    pub content_type: &'static str,
    /// The variable that names another endpoint, as AWS's own programs have it.
    pub endpoint_variable: &'static str,
    /// For a whole call, connection included.
    pub limit: Duration,
}

/// One service in one Region, asked on one connection at a time.
pub struct AwsService {
    kind: &'static ServiceKind,
    region: String,
    endpoint: Uri,
    credentials: Arc<AwsCredentials>,
    at_rest: Mutex<Option<Sender>>,
}

type Sender = SendRequest<Full<Bytes>>;

/// What is sent.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// Plain letters, digits, `-`, `_` and `/`: it is signed as it is.
    path: &'a str,
    /// The operation, where the service has several at one path.
    target: Option<&'a str>,
    body: &'a [u8],
}

/// Why there is no answer. Quotes nothing that was sent or received.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AwsFault {
    #[error("{title} {what}")]
    /// No connection, or a broken one.
    Unreachable {
        /// What people call the service.
        title: &'static str,
        /// What became of it.
        what: &'static str,
    },
    #[error("{title} answered {status} {exception}")]
    /// An answer that is an exception.
    Refused {
        /// What people call the service.
        title: &'static str,
        /// HTTP's status.
        status: u16,
        /// The name of AWS's exception, without its message: that may quote.
        exception: String,
    },
    #[error("no answer from {title} within {} ms", limit.as_millis())]
    /// Nothing in the time there was.
    TimedOut {
        /// What people call the service.
        title: &'static str,
        /// How long was waited.
        limit: Duration,
    },
}

impl AwsService {
    /// The service where this ARN points to; `endpoint` where it is not AWS's own for the Region,
    /// such as a VPC endpoint's. What is wrong with them otherwise.
    pub fn of_arn(
        kind: &'static ServiceKind,
        arn: &str,
        endpoint: Option<&str>,
        credentials: Arc<AwsCredentials>,
    ) -> Result<AwsService, String> {
        let ServiceKind { name, .. } = kind;
        let parts: Vec<&str> = arn.split(':').collect();
        let (partition, region) = match parts.as_slice() {
            ["arn", partition, service, region, ..] if service == name => (*partition, *region),
            _ => {
                return Err(format!(
                    "it is no ARN of {} (arn:aws:{name}:REGION:…)",
                    kind.title
                ));
            }
        };
        let suffix = match partition {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        let default = format!("https://{name}.{region}.{suffix}");
        let endpoint: Option<Uri> = endpoint.unwrap_or(&default).parse().ok();
        let is_web = |uri: &Uri| ["http", "https"].contains(&uri.scheme_str().unwrap_or_default());
        let endpoint = endpoint.filter(|uri| is_web(uri) && uri.authority().is_some());
        let Some(endpoint) = endpoint else {
            return Err(format!(
                "{} is no http or https URL",
                kind.endpoint_variable
            ));
        };
        Ok(AwsService {
            kind,
            region: region.to_owned(),
            endpoint,
            credentials,
            at_rest: Mutex::default(),
        })
    }

    /// Asks, and waits for the answer.
    pub async fn call(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<Zeroizing<Vec<u8>>, AwsFault> {
        let limit = self.kind.limit;
        tokio::time::timeout(limit, self.call_unlimited(operation, body))
            .await
            .unwrap_or(Err(AwsFault::TimedOut {
                title: self.kind.title,
                limit,
            }))
    }

    /// Sends a payload to a path that Lambda invokes a function by, once: a function may have acted on a
    /// payload whose answer was lost. The function's own error is a refusal.
    pub async fn invoke(&self, path: &str, payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, AwsFault> {
        let invoking = async {
            let sender = self.connect().await?;
            let asked = Asked {
                path,
                target: None,
                body: payload,
            };
            self.exchange(sender, asked).await
        };
        let limit = self.kind.limit;
        let title = self.kind.title;
        tokio::time::timeout(limit, invoking)
            .await
            .unwrap_or(Err(AwsFault::TimedOut { title, limit }))
    }

    async fn call_unlimited(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<Zeroizing<Vec<u8>>, AwsFault> {
        let (target, body) = (self.target(operation), Zeroizing::new(body.to_string()));
        let asked = Asked {
            path: "/",
            target: Some(&target),
            body: body.as_bytes(),
        };
        let rested = self.at_rest().take().filter(|sender| !sender.is_closed());
        if let Some(sender) = rested {
            // The server may have closed it while this environment was frozen.
            let answer = self.exchange(sender, asked).await;
            if !matches!(answer, Err(AwsFault::Unreachable { .. })) {
                return answer;
            }
        }
        let sender = self.connect().await?;
        self.exchange(sender, asked).await
    }

    fn target(&self, operation: &str) -> String {
        format!("{}.{operation}", self.kind.target)
    }

    async fn exchange(
        &self,
        mut sender: Sender,
        asked: Asked<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, AwsFault> {
        let request = self.signed(asked, SystemTime::now().into())?;
        let broken = |_| self.unreachable("broke the connection off");
        sender.ready().await.map_err(broken)?;
        let answer = sender.send_request(request).await.map_err(broken)?;
        let status = answer.status();
        let is_error = answer.headers().contains_key("x-amz-function-error");
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER);
        let body = body.collect().await;
        let body = body.map_err(|_| self.unreachable("broke its answer off"))?;
        let body = Zeroizing::new(body.to_bytes().to_vec());
        *self.at_rest() = Some(sender);
        if status.is_success() && !is_error {
            return Ok(body);
        }
        Err(AwsFault::Refused {
            title: self.kind.title,
            status: status.as_u16(),
            exception: exception(&body).unwrap_or_default(),
        })
    }

    async fn connect(&self) -> Result<Sender, AwsFault> {
        let host = self.endpoint.host().unwrap_or_default();
        let is_tls = self.endpoint.scheme_str() == Some("https");
        let port = self.endpoint.port_u16();
        let port = port.unwrap_or(if is_tls { 443 } else { 80 });
        let unreachable = |_| self.unreachable("cannot be reached");
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
            .await
            .map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        if !is_tls {
            return self.speak_http(stream).await;
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| self.unreachable("has no name that TLS can verify"))?;
        let stream = connector()
            .connect(name, stream)
            .await
            .map_err(|_| self.unreachable("has no TLS that can be trusted"))?;
        self.speak_http(stream).await
    }

    async fn speak_http<S>(&self, stream: S) -> Result<Sender, AwsFault>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) =
            handshake.map_err(|_| self.unreachable("broke the connection off"))?;
        // How it ends shows in the answers.
        tokio::spawn(connection);
        Ok(sender)
    }

    /// The signed request of an operation.
    pub fn request(
        &self,
        operation: &str,
        body: &Value,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Request<Full<Bytes>>, AwsFault> {
        let (target, body) = (self.target(operation), body.to_string());
        let asked = Asked {
            path: "/",
            target: Some(&target),
            body: body.as_bytes(),
        };
        self.signed(asked, now)
    }

    fn signed(
        &self,
        asked: Asked<'_>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Request<Full<Bytes>>, AwsFault> {
        let scope = SigningScope {
            region: &self.region,
            service: self.kind.name,
            now,
        };
        let host = self.endpoint.authority().map_or("", |place| place.as_str());
        let token = self.credentials.session_token.as_ref();
        let owned = |text: &str| Zeroizing::new(text.to_owned());
        // In the order of their names, as they are signed.
        let mut headers = vec![
            ("content-type", owned(self.kind.content_type)),
            ("host", owned(host)),
            ("x-amz-date", Zeroizing::new(scope.moment())),
        ];
        headers.extend(token.map(|token| ("x-amz-security-token", token.clone())));
        headers.extend(asked.target.map(|target| ("x-amz-target", owned(target))));
        let mut canonical = Zeroizing::new(format!("POST\n{}\n\n", asked.path));
        for (name, value) in &headers {
            for part in [name, ":", value.as_str(), "\n"] {
                canonical.push_str(part);
            }
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let digest = sha256_hex(asked.body);
        for part in ["\n", &names, "\n", &digest] {
            canonical.push_str(part);
        }
        let unsigned = || self.unreachable("could not be sent a signed request");
        let signature = scope
            .sign(&self.credentials, &canonical)
            .ok_or_else(unsigned)?;
        let (key, scope) = (&self.credentials.access_key_id, scope.text());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        let mut request = Request::post(asked.path).header(header::AUTHORIZATION, authorization);
        for (name, value) in &headers {
            request = request.header(*name, value.as_str());
        }
        request
            .body(Full::new(Bytes::copy_from_slice(asked.body)))
            .map_err(|_| unsigned())
    }

    fn at_rest(&self) -> MutexGuard<'_, Option<Sender>> {
        self.at_rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self, what: &'static str) -> AwsFault {
        let title = self.kind.title;
        AwsFault::Unreachable { title, what }
    }
}

fn exception(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Fault {
        #[serde(rename = "__type")]
        kind: String,
    }
    let fault: Fault = serde_json::from_slice(body).ok()?;
    let name = fault.kind.rsplit('#').next()?.to_owned();
    let is_name = name.len() < 80 && name.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then_some(name)
}

fn connector() -> TlsConnector {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use serde_json::json;

    use super::*;

    const SECRETS: ServiceKind = ServiceKind {
        name: "secretsmanager",
        title: "Secrets Manager",
        target: "secretsmanager",
        content_type: "application/x-amz-json-1.1",
        endpoint_variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        limit: Duration::from_millis(1500),
    };

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:legacy-AbCdEf";
    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/attempts";

    fn service(
        kind: &'static ServiceKind,
        arn: &str,
        endpoint: Option<&str>,
    ) -> Result<AwsService, String> {
        let credentials = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session_token: Some("session/token+with=signs".to_owned().into()),
        };
        AwsService::of_arn(kind, arn, endpoint, Arc::new(credentials))
    }

    /// What botocore's `SigV4Auth` gives for the same, its clock stopped.
    #[test]
    fn requests_are_signed_as_botocore_signs_them() {
        let now = chrono::Utc
            .with_ymd_and_hms(2026, 11, 24, 12, 34, 56)
            .unwrap();
        for (kind, arn, operation, body, signature) in [
            (
                &SECRETS,
                SECRET,
                "GetSecretValue",
                json!({"SecretId": SECRET}),
                "74bf493abe5d73c9ee03b9405d32c0751f9eb3c34c7e7857b9c1c35606f47d83",
            ),
            (
                &crate::dynamo_claims::SERVICE,
                TABLE,
                "UpdateItem",
                json!({"TableName": "attempts"}),
                "9c67baf176173960d02d9a842b3cb742577c3546b0097cae52f2e3843d94dee5",
            ),
        ] {
            let service = service(kind, arn, None).expect("an ARN");
            let request = service.request(operation, &body, now).expect("signed");
            let authorization = request.headers().get("authorization").expect("signed");
            let name = kind.name;
            assert_eq!(
                authorization.to_str().expect("ASCII"),
                format!(
                    "AWS4-HMAC-SHA256 \
                     Credential=AKIDEXAMPLE/20261124/eu-west-1/{name}/aws4_request, \
                     SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
                     Signature={signature}"
                )
            );
        }
    }

    /// The same for a request that names no operation.
    #[test]
    fn an_invocation_is_signed_as_botocore_signs_it() {
        const LAMBDA: ServiceKind = ServiceKind {
            name: "lambda",
            title: "Lambda",
            target: "",
            content_type: "application/json",
            endpoint_variable: "AWS_ENDPOINT_URL_LAMBDA",
            limit: Duration::from_millis(1500),
        };
        let now = chrono::Utc
            .with_ymd_and_hms(2026, 11, 24, 12, 34, 56)
            .unwrap();
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:check-ldap";
        let service = service(&LAMBDA, arn, None).expect("an ARN");
        let asked = Asked {
            path: "/2015-03-31/functions/check-ldap/invocations",
            target: None,
            body: br#"{"login":"ann"}"#,
        };
        let request = service.signed(asked, now).expect("signed");
        let authorization = request.headers().get("authorization").expect("signed");
        assert_eq!(
            authorization.to_str().expect("ASCII"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/lambda/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
             Signature=b1a3cec056f1e08fa830ba7645caa538355778b17abc23e3169a92b1f9501cbb"
        );
    }

    #[test]
    fn what_is_no_arn_or_no_endpoint_is_refused() {
        for arn in ["legacy", "arn:aws:s3:::bucket", TABLE, ""] {
            assert!(service(&SECRETS, arn, None).is_err(), "{arn}");
        }
        for endpoint in ["localhost:4566", "ftp://a/", "http:///", "\u{7f}"] {
            let service = service(&SECRETS, SECRET, Some(endpoint));
            assert!(service.is_err(), "{endpoint}");
        }
    }

    #[test]
    fn an_exception_is_told_by_name_alone() {
        let fault = br#"{"__type": "com.amazonaws#ResourceNotFoundException", "message": "no x"}"#;
        assert_eq!(
            exception(fault).as_deref(),
            Some("ResourceNotFoundException")
        );
        assert_eq!(exception(b"<html>"), None);
    }
}
