//! How the pool holds a million users: creation rate, memory, and the time of a page.
//!
//! `cargo bench -p rehearsal-pool --bench scale -- USERS CONNECTIONS`; default 100,000 and 16. The
//! callers run in the same process and on the same cores, so rates are floors and memory a ceiling.

#![expect(clippy::print_stdout, reason = "figures go to stdout")]

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/cognito-idp/aws4_request, \
     SignedHeaders=host, \
     Signature=0000000000000000000000000000000000000000000000000000000000000000";

struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the pool accepts connections");
        stream.set_nodelay(true).expect("a TCP stream");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("the pool speaks HTTP");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn call(&mut self, operation: &str, input: &Value) -> Value {
        let request = Request::post("/")
            .header("host", "localhost")
            .header("authorization", AUTHORIZATION)
            .header(
                "x-amz-target",
                format!("AWSCognitoIdentityProviderService.{operation}"),
            )
            .body(Full::new(Bytes::from(input.to_string())))
            .expect("a valid request");
        self.0.ready().await.expect("an open connection");
        let response = self.0.send_request(request).await.expect("an answer");
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let body = serde_json::from_slice(&body).expect("JSON");
        assert!(status.is_success(), "{operation}: {body}");
        body
    }
}

fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux machine");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("VmRSS");
    let kilobytes: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .expect("a number");
    kilobytes / 1024
}

/// CPU this process has used, in its own code and in the kernel.
fn cpu_seconds() -> f64 {
    let times = std::fs::read_to_string("/proc/self/stat").expect("a Linux machine");
    let (_, fields) = times
        .rsplit_once(')')
        .expect("the program's name in brackets");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: f64 = fields[11..13]
        .iter()
        .map(|ticks| ticks.parse::<f64>().expect("a number"))
        .sum();
    // Linux counts a hundredth of a second as a tick towards programs, on every architecture.
    ticks / 100.0
}

fn new_user(pool: &str, number: usize) -> Value {
    json!({
        "UserPoolId": pool,
        "Username": format!("user{number}@example.org"),
        "MessageAction": "SUPPRESS",
        "UserAttributes": [
            {"Name": "email", "Value": format!("user{number}@example.org")},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "given_name", "Value": "Given"},
            {"Name": "family_name", "Value": format!("Family{number}")},
            {"Name": "custom:legacy_id", "Value": number.to_string()},
        ],
    })
}

/// Median time of a page of 60, from the start and from the middle of the pool.
async fn page_time(connection: &mut Connection, pool: &str) -> (Duration, Duration) {
    let mut first = Vec::new();
    let mut following = Vec::new();
    for _ in 0..51 {
        let started = Instant::now();
        let page = connection
            .call("ListUsers", &json!({"UserPoolId": pool}))
            .await;
        first.push(started.elapsed());
        assert_eq!(page["Users"].as_array().map(Vec::len), Some(60));
        let started = Instant::now();
        let input = json!({"UserPoolId": pool, "PaginationToken": page["PaginationToken"]});
        connection.call("ListUsers", &input).await;
        following.push(started.elapsed());
    }
    first.sort();
    following.sort();
    (first[25], following[25])
}

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let users = numbers.first().copied().unwrap_or(100_000);
    let connections = numbers.get(1).copied().unwrap_or(16);

    let mut options = PoolOptions {
        quotas: Quotas::Off,
        ..PoolOptions::default()
    };
    options.pool.username_attributes = vec!["email".to_owned()];
    options.pool.custom_attributes = vec![rehearsal_pool::CustomAttribute::text("legacy_id")];
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let address = running.endpoint().trim_start_matches("http://").to_owned();
    let pool = running.user_pool_id().to_owned();
    let empty = resident_megabytes();

    let mut caller = Connection::open(&address).await;
    for number in 0..1_000 {
        caller
            .call("AdminCreateUser", &new_user(&pool, number))
            .await;
    }
    let (first, following) = page_time(&mut caller, &pool).await;
    println!("page of 60 among 1,000 users: {first:?}, the next one {following:?}");

    let (started, spent_before) = (Instant::now(), cpu_seconds());
    let mut workers = JoinSet::new();
    for worker in 0..connections {
        let (address, pool) = (address.clone(), pool.clone());
        workers.spawn(async move {
            let mut connection = Connection::open(&address).await;
            for number in (1_000 + worker..users).step_by(connections) {
                connection
                    .call("AdminCreateUser", &new_user(&pool, number))
                    .await;
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        done.expect("no panic");
    }
    let took = started.elapsed();
    let made = u32::try_from(users.saturating_sub(1_000)).expect("fewer than four billion");
    println!(
        "{made} AdminCreateUser over {connections} connections in {took:.1?}: {:.0} a second",
        f64::from(made) / took.as_secs_f64()
    );
    let spent = (cpu_seconds() - spent_before) / f64::from(made);
    println!(
        "{:.0} microseconds of CPU a call, caller's side included: two cores at work for nothing \
         else make {:.0} a second",
        spent * 1e6,
        2.0 / spent
    );
    println!(
        "{users} users: {} MB resident ({empty} MB before)",
        resident_megabytes()
    );
    let (first, following) = page_time(&mut caller, &pool).await;
    println!("page of 60 among {users} users: {first:?}, the next one {following:?}");
    running.stop().await;
}
