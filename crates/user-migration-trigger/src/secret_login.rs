//! The database's user and password from Secrets Manager. Read once and remembered, and read again
//! when the database refuses what is remembered: the secret was rotated meanwhile. Must not know
//! what is asked of the database. Given to `legacy-users`, which asks it whenever it connects.
//!
//! A secret of the form that RDS and Secrets Manager's rotation functions keep: a JSON object with
//! `username` and `password` (Secrets Manager user guide, "JSON structure of secrets"). Host and
//! database stand in the URL, since the secrets that RDS manages itself hold neither.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use legacy_users::{DatabaseLogin, Login, LoginUnavailable};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::aws_signing::{AwsCredentials, SigningScope, sha256_hex};

/// How long Secrets Manager may take, connection included: there is a database to be asked, too.
const LIMIT: Duration = Duration::from_millis(1500);

/// A secret has at most 65,536 bytes (Secrets Manager user guide, "Quotas").
const LONGEST_ANSWER: usize = 256 * 1024;

const TARGET: &str = "secretsmanager.GetSecretValue";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Reads one secret.
pub(crate) struct SecretLogin {
    arn: String,
    region: String,
    endpoint: Uri,
    credentials: AwsCredentials,
    remembered: Mutex<Option<Login>>,
}

impl SecretLogin {
    /// For the secret of this ARN; `endpoint` where it is not AWS's own for the Region, such as a
    /// VPC endpoint's. What is wrong with them otherwise.
    pub(crate) fn new(
        arn: String,
        endpoint: Option<&str>,
        credentials: AwsCredentials,
    ) -> Result<SecretLogin, &'static str> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "secretsmanager", region, ..] = parts.as_slice() else {
            return Err("it is no ARN of a secret (arn:aws:secretsmanager:REGION:…)");
        };
        let suffix = match *partition {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        let default = format!("https://secretsmanager.{region}.{suffix}");
        let endpoint = endpoint.unwrap_or(&default);
        let endpoint: Uri = endpoint
            .parse()
            .map_err(|_| "AWS_ENDPOINT_URL_SECRETS_MANAGER is no URL")?;
        let is_web = ["http", "https"].contains(&endpoint.scheme_str().unwrap_or_default());
        if !is_web || endpoint.authority().is_none() {
            return Err("AWS_ENDPOINT_URL_SECRETS_MANAGER is no http or https URL");
        }
        Ok(SecretLogin {
            region: (*region).to_owned(),
            arn,
            endpoint,
            credentials,
            remembered: Mutex::default(),
        })
    }

    fn remembered(&self) -> MutexGuard<'_, Option<Login>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<Login, LoginUnavailable> {
        let limit = LIMIT.as_millis();
        let answer = tokio::time::timeout(LIMIT, self.ask())
            .await
            .map_err(|_elapsed| {
                said(format!("no answer from Secrets Manager within {limit} ms"))
            })?;
        let login = login(&answer?)?;
        *self.remembered() = Some(login.clone());
        Ok(login)
    }

    async fn ask(&self) -> Result<Zeroizing<Vec<u8>>, LoginUnavailable> {
        let request = self.request(SystemTime::now().into())?;
        let host = self.endpoint.host().unwrap_or_default();
        let is_tls = self.endpoint.scheme_str() == Some("https");
        let port = self
            .endpoint
            .port_u16()
            .unwrap_or(if is_tls { 443 } else { 80 });
        let unreachable = |_| said("Secrets Manager cannot be reached".to_owned());
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
            .await
            .map_err(unreachable)?;
        if !is_tls {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| said("the endpoint's host is no name TLS can verify".to_owned()))?;
        let stream = connector()
            .connect(name, stream)
            .await
            .map_err(|_| said("Secrets Manager's TLS cannot be trusted".to_owned()))?;
        exchange(stream, request).await
    }

    fn request(
        &self,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Request<Full<Bytes>>, LoginUnavailable> {
        let scope = SigningScope {
            region: &self.region,
            service: "secretsmanager",
            now,
        };
        let body = serde_json::json!({ "SecretId": self.arn }).to_string();
        let host = self.endpoint.authority().map_or("", |place| place.as_str());
        let token = self.credentials.session_token.as_ref();
        // In the order of their names, as they are signed.
        let mut headers = vec![
            ("content-type", Zeroizing::new(CONTENT_TYPE.to_owned())),
            ("host", Zeroizing::new(host.to_owned())),
            ("x-amz-date", Zeroizing::new(scope.moment())),
        ];
        headers.extend(token.map(|token| ("x-amz-security-token", token.clone())));
        headers.push(("x-amz-target", Zeroizing::new(TARGET.to_owned())));
        let mut canonical = Zeroizing::new("POST\n/\n\n".to_owned());
        for (name, value) in &headers {
            for part in [name, ":", value.as_str(), "\n"] {
                canonical.push_str(part);
            }
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let digest = sha256_hex(body.as_bytes());
        for part in ["\n", &names, "\n", &digest] {
            canonical.push_str(part);
        }
        let unsigned = || said("the request for the secret could not be signed".to_owned());
        let signature = scope
            .sign(&self.credentials, &canonical)
            .ok_or_else(unsigned)?;
        let (key, scope) = (&self.credentials.access_key_id, scope.text());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        let mut request = Request::post("/").header(header::AUTHORIZATION, authorization);
        for (name, value) in &headers {
            request = request.header(*name, value.as_str());
        }
        request
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| unsigned())
    }
}

impl DatabaseLogin for SecretLogin {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginUnavailable>> {
        Box::pin(async {
            let remembered = self.remembered().clone();
            match remembered {
                Some(login) => Ok(login),
                None => self.read().await,
            }
        })
    }

    fn instead_of<'a>(
        &'a self,
        refused: &'a Login,
    ) -> BoxFuture<'a, Result<Option<Login>, LoginUnavailable>> {
        Box::pin(async move {
            let login = self.read().await?;
            Ok(Some(login).filter(|login| login != refused))
        })
    }
}

/// One request and its answer on a connection of their own: this happens once per process, and
/// once per rotation.
async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<Zeroizing<Vec<u8>>, LoginUnavailable>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = || said("the connection to Secrets Manager broke".to_owned());
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| broken())?;
    let answering = async {
        let answer = sender.send_request(request).await.map_err(|_| broken())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER);
        let body = body.collect().await.map_err(|_| broken())?;
        let body = Zeroizing::new(body.to_bytes().to_vec());
        if status.is_success() {
            return Ok(body);
        }
        Err(said(format!(
            "Secrets Manager answered {}{}",
            status.as_u16(),
            exception(&body).map_or_else(String::new, |name| format!(" {name}"))
        )))
    };
    // The connection must be driven, and may be over before its last bytes are read: how it ended
    // shows in the answer.
    let driving = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        answer = answering => answer,
        never = driving => match never {},
    }
}

/// The name of AWS's exception, without its message: that may quote.
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

fn login(answer: &[u8]) -> Result<Login, LoginUnavailable> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "SecretString")]
        text: String,
    }
    #[derive(Deserialize)]
    struct Secret {
        username: String,
        password: String,
    }
    let unfit = "the secret is no JSON object with `username` and `password`";
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|_| said("the secret holds no text".to_owned()))?;
    let text = Zeroizing::new(answer.text);
    let secret: Secret = serde_json::from_str(&text).map_err(|_| said(unfit.to_owned()))?;
    Ok(Login {
        user: Some(secret.username),
        password: Zeroizing::new(secret.password),
        in_clear: false,
    })
}

fn connector() -> TlsConnector {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn said(text: String) -> LoginUnavailable {
    LoginUnavailable(text)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:legacy-AbCdEf";

    fn secret(arn: &str, endpoint: Option<&str>) -> Result<SecretLogin, &'static str> {
        let credentials = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session_token: Some("session/token+with=signs".to_owned().into()),
        };
        SecretLogin::new(arn.to_owned(), endpoint, credentials)
    }

    /// What botocore 1.44.5's `SigV4Auth` gives for the same, its clock stopped.
    #[test]
    fn requests_are_signed_as_botocore_signs_them() {
        let now = chrono::Utc
            .with_ymd_and_hms(2026, 11, 24, 12, 34, 56)
            .unwrap();
        let request = secret(ARN, None)
            .expect("an ARN")
            .request(now)
            .expect("signed");
        let authorization = request.headers().get("authorization").expect("signed");
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261124/eu-west-1/secretsmanager/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
             Signature=74bf493abe5d73c9ee03b9405d32c0751f9eb3c34c7e7857b9c1c35606f47d83"
        );
    }

    #[test]
    fn what_is_no_secret_or_no_endpoint_is_refused() {
        for arn in ["legacy", "arn:aws:s3:::bucket", ""] {
            assert!(secret(arn, None).is_err(), "{arn}");
        }
        for endpoint in ["localhost:4566", "ftp://a/", "http:///", "\u{7f}"] {
            assert!(secret(ARN, Some(endpoint)).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn a_secret_without_a_login_is_told_without_quoting_it() {
        for text in [
            r#"{"SecretString": "hunter2"}"#,
            r#"{"SecretBinary": "aHVudGVyMg=="}"#,
        ] {
            let told = login(text.as_bytes()).expect_err("no login").to_string();
            assert!(!told.contains("hunter2") && !told.contains("aHV"), "{told}");
        }
        let fault = br#"{"__type": "ResourceNotFoundException", "message": "no legacy-AbCdEf"}"#;
        assert_eq!(
            exception(fault).as_deref(),
            Some("ResourceNotFoundException")
        );
        assert_eq!(exception(b"<html>"), None);
    }
}
