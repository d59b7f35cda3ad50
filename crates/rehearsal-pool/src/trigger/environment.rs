//! One execution environment: a process of the function's program and its Runtime API.
//!
//! Responsible for starting the process as Lambda would, giving it one event at a time, and
//! noticing that it ended. Its output goes to the log target `trigger`, never the events.
//!
//! Source: Lambda developer guide, "Using the Lambda runtime API" and "Defined runtime environment
//! variables".

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::cpu_share::CpuShare;
use super::runtime_api::{Answer, Invocation, RuntimeApi};
use crate::options::TriggerProgram;

pub(crate) struct Environment {
    process: Child,
    api: Arc<RuntimeApi>,
    server: JoinHandle<()>,
    /// Let go after the process, which it holds.
    _share: Option<CpuShare>,
}

/// How an invocation ended.
pub(crate) enum Ending {
    Answered(Bytes),
    Refused { error_type: String, message: String },
    Exited { message: String },
}

impl Environment {
    pub(crate) async fn start(
        program: &TriggerProgram,
        region: &str,
        arn: &str,
        share: Option<CpuShare>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let name = arn.rsplit(':').next().unwrap_or_default();
        let mut command = Command::new(&program.path);
        command
            .args(&program.args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TZ", ":UTC")
            .env("LANG", "en_US.UTF-8")
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                program.memory_mb.to_string(),
            )
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
            .env(
                "AWS_LAMBDA_LOG_STREAM_NAME",
                format!("[$LATEST]{}", Uuid::new_v4().simple()),
            )
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_REGION", region)
            .env("AWS_DEFAULT_REGION", region)
            .env("_HANDLER", "bootstrap")
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = program.path.parent() {
            command.env("LAMBDA_TASK_ROOT", folder);
        }
        let started = std::time::Instant::now();
        let mut process = command.spawn()?;
        if let (Some(share), Some(pid)) = (&share, process.id())
            && let Err(error) = share.hold(pid)
        {
            tracing::warn!(%error, "a trigger process runs with all the CPU there is");
        }
        forward(process.stdout.take());
        forward(process.stderr.take());
        let api = Arc::new(RuntimeApi::new(arn.to_owned(), started));
        let server = tokio::spawn(Arc::clone(&api).serve(listener));
        Ok(Self {
            process,
            api,
            server,
            _share: share,
        })
    }

    /// From the start until the process asked for its first event, once it has.
    pub(crate) fn first_asked(&self) -> Arc<OnceLock<Duration>> {
        self.api.first_asked()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Gives the process one event and waits for its answer or its end.
    pub(crate) async fn invoke(&mut self, event: Bytes, deadline: Instant) -> Ending {
        let id = Uuid::new_v4();
        let (sender, answer) = oneshot::channel();
        let deadline = epoch_millis() + deadline.saturating_duration_since(Instant::now());
        self.api
            .offer(Invocation {
                id,
                event,
                deadline,
                answer: sender,
            })
            .await;
        tokio::select! {
            // An answer that came just before the end counts.
            biased;
            Ok(answer) = answer => match answer {
                Answer::Response(body) => Ending::Answered(body),
                Answer::Error { error_type, message } => Ending::Refused { error_type, message },
            },
            status = self.process.wait() => Ending::Exited {
                message: format!("RequestId: {id} Error: {}", self.last_words(status)),
            },
        }
    }

    /// What Lambda says of a process that ended.
    fn last_words(&self, status: std::io::Result<ExitStatus>) -> String {
        if let Some(message) = self.api.init_error() {
            return message;
        }
        match status {
            Ok(status) if status.success() => {
                "Runtime exited without providing a reason".to_owned()
            }
            Ok(status) => match status.code() {
                Some(code) => format!("Runtime exited with error: exit status {code}"),
                None => format!("Runtime exited with error: {status}"),
            },
            Err(_) => "Runtime exited".to_owned(),
        }
    }

    /// Ends the process and waits until it is gone.
    pub(crate) async fn end(mut self) {
        if let Err(error) = self.process.kill().await {
            tracing::warn!(%error, "a trigger process could not be ended");
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // The process is ended by `kill_on_drop`.
        self.server.abort();
    }
}

fn epoch_millis() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Writes the program's own output to the log, line by line.
fn forward(output: Option<impl AsyncRead + Unpin + Send + 'static>) {
    let Some(output) = output else { return };
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            tracing::info!(target: "trigger", "{line}");
        }
    });
}
