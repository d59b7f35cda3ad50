//! What web pages of other origins can and cannot do with the pool.

use rehearsal_pool::PoolOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::AUTHORIZATION;
use crate::pool::{start, unlimited};

const PAGE: &str = "http://localhost:5173";
const AMPLIFY: &str = "amz-sdk-invocation-id,amz-sdk-request,cache-control,content-type,\
                       x-amz-target,x-amz-user-agent";

/// Sends a request as it stands and gives the whole answer, header names in lower case.
async fn exchange(endpoint: &str, line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let address = endpoint.strip_prefix("http://").expect("a plain endpoint");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         {headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}

fn readable_by(answer: &str, origin: &str) -> bool {
    answer.contains(&format!("access-control-allow-origin: {origin}\r\n"))
}

fn target(operation: &str) -> String {
    format!("AWSCognitoIdentityProviderService.{operation}")
}

#[tokio::test]
async fn a_page_of_this_machine_calls_what_an_app_client_calls() {
    let (running, _) = start(unlimited()).await;
    let endpoint = running.endpoint();
    let asked = [
        ("Origin", PAGE),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", AMPLIFY),
    ];
    let preflight = exchange(endpoint, "OPTIONS /", &asked, "").await;
    assert!(preflight.starts_with("HTTP/1.1 204"), "{preflight}");
    assert!(readable_by(&preflight, PAGE));
    let granted = preflight
        .lines()
        .find_map(|line| line.strip_prefix("access-control-allow-headers: "))
        .expect("granted headers");
    for header in AMPLIFY.split(',') {
        assert!(granted.split(", ").any(|name| name == header), "{header}");
    }

    let sign_in = target("InitiateAuth");
    let headers = [("Origin", PAGE), ("X-Amz-Target", sign_in.as_str())];
    let refused = exchange(endpoint, "POST /", &headers, "{}").await;
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
    assert!(readable_by(&refused, PAGE), "errors are to be read too");

    for document in ["jwks.json", "openid-configuration"] {
        let line = format!("GET /{}/.well-known/{document}", running.user_pool_id());
        let answer = exchange(endpoint, &line, &[("Origin", PAGE)], "").await;
        assert!(readable_by(&answer, PAGE), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn no_page_calls_a_signed_operation_or_steers_the_rehearsal() {
    let (running, _) = start(unlimited()).await;
    let endpoint = running.endpoint();
    let asked = [
        ("Origin", PAGE),
        ("Access-Control-Request-Method", "POST"),
        (
            "Access-Control-Request-Headers",
            "authorization,x-amz-target",
        ),
    ];
    let preflight = exchange(endpoint, "OPTIONS /", &asked, "").await;
    assert!(!preflight.contains("authorization"), "{preflight}");
    let list = target("ListUsers");
    let headers = [
        ("Origin", PAGE),
        ("X-Amz-Target", list.as_str()),
        ("Authorization", AUTHORIZATION),
    ];
    let body = format!(r#"{{"UserPoolId":"{}"}}"#, running.user_pool_id());
    let answer = exchange(endpoint, "POST /", &headers, &body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!answer.contains("access-control"), "{answer}");
    for line in [
        "GET /_rehearsal/outbox",
        "OPTIONS /_rehearsal/clock",
        "OPTIONS /_rehearsal/faults",
    ] {
        let answer = exchange(endpoint, line, &[("Origin", PAGE)], "").await;
        assert!(!answer.contains("access-control"), "{answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_page_from_elsewhere_needs_the_setting() {
    let page = "https://app.example.org";
    for (allowed, expected) in [(Vec::new(), false), (vec![page.to_owned()], true)] {
        let options = PoolOptions {
            allowed_origins: allowed,
            ..unlimited()
        };
        let (running, _) = start(options).await;
        let answer = exchange(running.endpoint(), "OPTIONS /", &[("Origin", page)], "").await;
        assert_eq!(readable_by(&answer, page), expected, "{answer}");
        let other = exchange(
            running.endpoint(),
            "OPTIONS /",
            &[("Origin", "https://app.example.org.evil.example")],
            "",
        )
        .await;
        assert!(!other.contains("access-control"), "{other}");
        running.stop().await;
    }
}
