//! A caller of the pool: AWS JSON 1.1 over a plain connection, signed in form only.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) struct Caller {
    endpoint: String,
}

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) error_type: Option<String>,
    pub(crate) body: Value,
}

pub(crate) const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDTEST/20260101/eu-west-1/cognito-idp/aws4_request, \
     SignedHeaders=host;x-amz-date, \
     Signature=0000000000000000000000000000000000000000000000000000000000000000";

impl Caller {
    pub(crate) fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
        }
    }

    pub(crate) async fn call(&self, operation: &str, input: &Value) -> Answer {
        self.call_as(operation, input, Some(AUTHORIZATION)).await
    }

    pub(crate) async fn call_as(
        &self,
        operation: &str,
        input: &Value,
        authorization: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/")
            .header("host", "localhost")
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            );
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let body = Full::new(Bytes::from(input.to_string()));
        self.send(request.body(body).expect("a valid request"))
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).header("host", "localhost");
        self.send(request.body(Full::default()).expect("a valid request"))
            .await
    }

    /// PUTs an import job's file.
    pub(crate) async fn put(&self, path: &str, file: String, encrypted: bool) -> Answer {
        let mut request = Request::put(path).header("host", "localhost");
        if encrypted {
            request = request.header("x-amz-server-side-encryption", "aws:kms");
        }
        let body = Full::new(Bytes::from(file));
        self.send(request.body(body).expect("a valid request"))
            .await
    }

    /// PUTs a setting of the pool's own.
    pub(crate) async fn put_json(&self, path: &str, body: &Value) -> Answer {
        let request = Request::put(path).header("host", "localhost");
        let body = Full::new(Bytes::from(body.to_string()));
        self.send(request.body(body).expect("a valid request"))
            .await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let address = self
            .endpoint
            .strip_prefix("http://")
            .expect("a plain endpoint");
        let stream = TcpStream::connect(address)
            .await
            .expect("the pool accepts connections");
        stream.set_nodelay(true).expect("a TCP stream");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("the pool speaks HTTP");
        tokio::spawn(connection);
        let response = sender
            .send_request(request)
            .await
            .expect("the pool answers");
        let status = response.status();
        let error_type = response.headers().get("x-amzn-errortype").map(|value| {
            value
                .to_str()
                .expect("text")
                .trim_end_matches(':')
                .to_owned()
        });
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("a whole body")
            .to_bytes();
        let body = serde_json::from_slice(&bytes).expect("a JSON body");
        Answer {
            status,
            error_type,
            body,
        }
    }
}
