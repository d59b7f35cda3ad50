//! Asks somebody else about a password that Django does not store: the app asks LDAP or another
//! backend for such people. A program in the function's package, or another Lambda function. Must not
//! know events or replies. Called by the authentication decision.
//!
//! The question is one JSON object on stdin (the payload, for a function), the answer one on stdout
//! (the response): `{"verdict": "match"}` or `{"verdict": "mismatch"}`. Anything else, an exit code
//! other than 0, or no answer in time is an outage, and nobody is told that their password is wrong.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use django_password::PlainPassword;
use migration_claims::{AwsCredentials, AwsService, ServiceKind};
use migration_model::{ExternalVerifierKind, LegacyUser};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use zeroize::Zeroizing;

/// An answer is two words.
const LONGEST_ANSWER: u64 = 4096;

pub(crate) const SERVICE: ServiceKind = ServiceKind {
    name: "lambda",
    title: "the external verifier",
    target: "",
    content_type: "application/json",
    endpoint_variable: "AWS_ENDPOINT_URL_LAMBDA",
    limit: Duration::from_secs(3),
};

/// The proof that somebody else vouches for the password. Made here alone.
#[derive(Debug)]
pub struct ExternalMatch(());

/// What is asked.
#[derive(Serialize)]
struct Question<'a> {
    /// As it was typed.
    login: &'a str,
    username: Option<&'a str>,
    email: Option<&'a str>,
    legacy_id: String,
    password: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    verdict: Verdict,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Match,
    Mismatch,
}

/// Who is asked, and how long.
pub(crate) struct ExternalVerifier {
    by: By,
    timeout: Duration,
}

enum By {
    Command(Vec<String>),
    Lambda { service: AwsService, path: String },
}

impl ExternalVerifier {
    /// As `[trigger.external]` says. What is wrong with it otherwise.
    pub(crate) fn new(
        settings: &migration_model::ExternalVerifier,
        endpoint: Option<&str>,
        credentials: impl FnOnce() -> Result<Arc<AwsCredentials>, String>,
    ) -> Result<ExternalVerifier, String> {
        let by = match &settings.by {
            ExternalVerifierKind::Command(command) => By::Command(command.clone()),
            ExternalVerifierKind::Lambda(arn) => By::Lambda {
                path: function_path(arn)?,
                service: AwsService::of_arn(&SERVICE, arn, endpoint, credentials()?)?,
            },
        };
        let timeout = settings.timeout;
        Ok(ExternalVerifier { by, timeout })
    }

    /// Whether the password is right; an error when that cannot be said.
    pub(crate) async fn verify(
        &self,
        login: &str,
        user: &LegacyUser,
        password: &PlainPassword,
        left: Duration,
    ) -> Result<Option<ExternalMatch>, String> {
        let question = Question {
            login,
            username: user.username.as_deref(),
            email: user.email.as_deref(),
            legacy_id: user.id.to_string(),
            password: password.expose(),
        };
        let question = serde_json::to_vec(&question).map_err(|_| "no question".to_owned())?;
        let question = Zeroizing::new(question);
        let limit = self.timeout.min(left);
        let answer = tokio::time::timeout(limit, self.ask(&question)).await;
        let answer = answer.map_err(|_| format!("no answer within {} ms", limit.as_millis()))??;
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|_| "the answer has no verdict of match or mismatch".to_owned())?;
        Ok((answer.verdict == Verdict::Match).then_some(ExternalMatch(())))
    }

    async fn ask(&self, question: &[u8]) -> Result<Vec<u8>, String> {
        match &self.by {
            By::Command(command) => run(command, question).await,
            By::Lambda { service, path } => {
                let answer = service.invoke(path, question).await;
                answer
                    .map(|answer| answer.to_vec())
                    .map_err(|fault| fault.to_string())
            }
        }
    }
}

/// Where a function is invoked. Its name is all of the ARN that is needed: account and Region are the
/// function's own.
fn function_path(arn: &str) -> Result<String, String> {
    let name = match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "lambda", _, _, "function", name] => Some(name),
        _ => None,
    };
    let is_name = |name: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
    };
    let name = name.filter(is_name).ok_or(
        "it is no ARN of a function without version (arn:aws:lambda:REGION:ACCOUNT:function:NAME)",
    )?;
    Ok(format!("/2015-03-31/functions/{name}/invocations"))
}

/// Runs the program once; it ends with the question, at the latest when nobody waits any more.
async fn run(command: &[String], question: &[u8]) -> Result<Vec<u8>, String> {
    let (program, arguments) = command.split_first().ok_or("there is no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // It knows the password; what it prints must not reach this function's log.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("the program cannot be run: {}", error.kind()))?;
    let mut stdin = child.stdin.take().ok_or("it takes no question")?;
    let stdout = child.stdout.take().ok_or("it gives no answer")?;
    let mut answer = Vec::new();
    let mut stdout = stdout.take(LONGEST_ANSWER);
    let asking = async {
        // A program that does not read answers without having looked: its answer counts all the same
        // if it is one.
        let _ = stdin.write_all(question).await;
        drop(stdin);
    };
    let (_, read) = tokio::join!(asking, stdout.read_to_end(&mut answer));
    read.map_err(|error| format!("its answer broke off: {}", error.kind()))?;
    let status = child.wait().await;
    match status.map(|status| status.success()) {
        Ok(true) => Ok(answer),
        _ => Err("the program ended with an error".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_without_version() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:check-ldap";
        let path = function_path(arn).expect("an ARN");
        assert_eq!(path, "/2015-03-31/functions/check-ldap/invocations");
        for other in [
            "arn:aws:lambda:eu-west-1:123456789012:function:check-ldap:7",
            "arn:aws:lambda:eu-west-1:123456789012:function:a/../b",
            "arn:aws:s3:::bucket",
            "check-ldap",
        ] {
            assert!(function_path(other).is_err(), "{other}");
        }
    }
}
