//! Runs the built program as Lambda does, on the databases of `migrations-fixtures`.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::runtime_api::{Answer, RuntimeApi};

/// A folder of `migrations-fixtures`, which real Django made.
pub(crate) fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../migrations-fixtures")
        .join(name)
}

/// A cheap hash, so that tests about anything else do not spend a second on each refusal.
pub(crate) const CHEAP_HASH: &str =
    "pbkdf2_sha256$1000$salt$A3GIxyJXAsc6XPG5HFXvaMgQ/FIt6AV0KsDMj7VFfDQ=";

/// How to start the program.
pub(crate) struct Program {
    pub(crate) variables: Vec<(String, String)>,
    program: PathBuf,
    arguments: Vec<String>,
}

impl Program {
    /// The built program with a configuration file.
    pub(crate) fn with_config(config: &Path) -> Program {
        Program::of(Path::new(env!("CARGO_BIN_EXE_user-migration-trigger")), &[])
            .set("CUTOVER_CONFIG", &config.display().to_string())
    }

    /// The built program on the default data.
    pub(crate) fn on_default_data() -> Program {
        Program::with_config(&fixtures("cutover.toml"))
    }

    /// Any program, with the environment that Lambda gives.
    pub(crate) fn of(program: &Path, arguments: &[&str]) -> Program {
        let program = Program {
            variables: Vec::new(),
            program: program.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
        };
        program
            .set("AWS_LAMBDA_FUNCTION_NAME", "trigger")
            .set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .set("CUTOVER_USUAL_HASH", CHEAP_HASH)
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Program {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Program {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    pub(crate) async fn start(self) -> Running {
        let api = RuntimeApi::start().await;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .envs(self.variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program was built");
        let stdout = collect(child.stdout.take().expect("it is piped"));
        let stderr = collect(child.stderr.take().expect("it is piped"));
        Running {
            api,
            child,
            stdout,
            stderr,
        }
    }
}

fn collect(pipe: impl tokio::io::AsyncRead + Unpin + Send + 'static) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        BufReader::new(pipe)
            .read_to_end(&mut bytes)
            .await
            .expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The program at work.
pub(crate) struct Running {
    pub(crate) api: RuntimeApi,
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// What it wrote.
pub(crate) struct Written {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    /// The answer to an event, which must be a response.
    pub(crate) async fn response(&self, event: &Value) -> Value {
        match self.api.invoke(event.to_string()).await {
            Answer::Response(body) => serde_json::from_slice(&body).expect("JSON"),
            Answer::Error(body) => panic!("an error: {}", String::from_utf8_lossy(&body)),
        }
    }

    /// The answer to an event, asked again as a person would whose sign-in could not be checked in
    /// time: on a machine that is busy with other tests that may be so.
    pub(crate) async fn response_in_the_end(&self, event: &Value) -> Value {
        for _ in 0..20 {
            if let Answer::Response(body) = self.api.invoke(event.to_string()).await {
                return serde_json::from_slice(&body).expect("JSON");
            }
        }
        self.response(event).await
    }

    /// The answer to an event, which must be an error: the error document.
    pub(crate) async fn error(&self, event: &Value) -> Value {
        match self.api.invoke(event.to_string()).await {
            Answer::Error(body) => serde_json::from_slice(&body).expect("JSON"),
            Answer::Response(body) => panic!("a response: {}", String::from_utf8_lossy(&body)),
        }
    }

    /// Ends the program and gives what it wrote.
    pub(crate) async fn finish(mut self) -> Written {
        self.child.kill().await.expect("it still runs");
        self.written().await
    }

    /// Waits for the program to end by itself.
    pub(crate) async fn ended(mut self) -> (ExitStatus, RuntimeApi, Written) {
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait())
            .await
            .expect("it ends")
            .expect("it was started");
        let stdout = (&mut self.stdout).await.expect("reading does not fail");
        let stderr = (&mut self.stderr).await.expect("reading does not fail");
        (status, self.api, Written { stdout, stderr })
    }

    async fn written(self) -> Written {
        let stdout = self.stdout.await.expect("reading does not fail");
        let stderr = self.stderr.await.expect("reading does not fail");
        Written { stdout, stderr }
    }
}

impl Written {
    /// The line of each invocation, in order.
    pub(crate) fn invocations(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }

    /// Both streams as one text.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// An event as users have seen Cognito send it, nulls and all.
pub(crate) fn sign_in(login: &str, password: &str) -> Value {
    json!({
        "version": "1",
        "triggerSource": "UserMigration_Authentication",
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_aaBBcC8dd",
        "userName": login,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1ab23k"},
        "request": {"password": password, "validationData": null, "userAttributes": null},
        "response": {
            "userAttributes": null,
            "forceAliasCreation": null,
            "enableSMSMFA": null,
            "finalUserStatus": null,
            "messageAction": null,
            "desiredDeliveryMediums": null,
        },
    })
}

/// A forgot-password event: no password in the request.
pub(crate) fn forgot_password(login: &str) -> Value {
    let mut event = sign_in(login, "");
    event["triggerSource"] = json!("UserMigration_ForgotPassword");
    event["request"] = json!({"clientMetadata": null, "userAttributes": null});
    event
}

/// The event with an empty response: a refusal.
pub(crate) fn refused(event: &Value) -> Value {
    let mut event = event.clone();
    event["response"] = json!({});
    event
}
