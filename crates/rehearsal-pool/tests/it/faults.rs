//! Faults on request, as they show on the wire.

use std::io::ErrorKind;

use rehearsal_pool::{
    Fault, FaultPlan, FaultRule, FaultWhen, PoolOptions, Quotas, RehearsalPool, RunningPool,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{AUTHORIZATION, Caller};

async fn start(fault: Fault) -> (RunningPool, Caller) {
    let rule = FaultRule {
        operation: Some("AdminCreateUser".to_owned()),
        fault,
        when: FaultWhen::Calls { after: 0, count: 1 },
    };
    let options = PoolOptions {
        quotas: Quotas::Off,
        faults: FaultPlan {
            seed: 0,
            rules: vec![rule],
        },
        ..PoolOptions::default()
    };
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    (running, caller)
}

fn new_user(running: &RunningPool) -> Value {
    json!({"UserPoolId": running.user_pool_id(), "Username": "ann", "MessageAction": "SUPPRESS"})
}

async fn exists(running: &RunningPool, caller: &Caller) -> bool {
    let input = json!({"UserPoolId": running.user_pool_id(), "Username": "ann"});
    caller
        .call("AdminGetUser", &input)
        .await
        .error_type
        .is_none()
}

/// Everything that came over the wire, and how it ended.
async fn raw_create(running: &RunningPool) -> (String, Option<ErrorKind>) {
    let address = running.endpoint().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the pool accepts connections");
    let body = new_user(running).to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         authorization: {AUTHORIZATION}\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.AdminCreateUser\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request leaves");
    let mut read = Vec::new();
    let ended = stream
        .read_to_end(&mut read)
        .await
        .err()
        .map(|error| error.kind());
    (String::from_utf8_lossy(&read).into_owned(), ended)
}

#[tokio::test]
async fn throttling_and_internal_errors_do_nothing() {
    for (fault, code) in [
        (Fault::Throttle, "TooManyRequestsException"),
        (Fault::InternalError, "InternalErrorException"),
    ] {
        let (running, caller) = start(fault).await;
        let refused = caller.call("AdminCreateUser", &new_user(&running)).await;
        assert_eq!(refused.error_type.as_deref(), Some(code));
        assert_eq!(
            refused.status.is_server_error(),
            fault == Fault::InternalError
        );
        assert!(!exists(&running, &caller).await);
        // Only one call was to fail.
        let created = caller.call("AdminCreateUser", &new_user(&running)).await;
        assert_eq!(created.error_type, None);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_effect() {
    for (fault, takes_effect) in [(Fault::ResetBefore, false), (Fault::ResetAfter, true)] {
        let (running, caller) = start(fault).await;
        let (read, ended) = raw_create(&running).await;
        assert_eq!(
            (read.as_str(), ended),
            ("", Some(ErrorKind::ConnectionReset)),
            "{fault:?}"
        );
        assert_eq!(exists(&running, &caller).await, takes_effect, "{fault:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_half_written_answer_breaks_off_after_the_effect() {
    let (running, caller) = start(Fault::HalfWritten).await;
    let (read, _) = raw_create(&running).await;
    let (head, body) = read.split_once("\r\n\r\n").expect("a head");
    let promised = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse::<usize>().ok())
        .expect("a length");
    assert!(
        !body.is_empty() && body.len() < promised,
        "{} of {promised}",
        body.len()
    );
    assert!(exists(&running, &caller).await);
    running.stop().await;
}

#[tokio::test]
async fn a_late_answer_is_whole() {
    let (running, caller) = start(Fault::Late(50)).await;
    let started = std::time::Instant::now();
    let created = caller.call("AdminCreateUser", &new_user(&running)).await;
    assert_eq!(created.error_type, None);
    assert!(started.elapsed().as_millis() >= 50);
    running.stop().await;
}

#[tokio::test]
async fn faults_change_while_the_pool_runs() {
    let (running, caller) = start(Fault::Throttle).await;
    running.set_faults(FaultPlan::default());
    let created = caller.call("AdminCreateUser", &new_user(&running)).await;
    assert_eq!(created.error_type, None);
    running.stop().await;
}
