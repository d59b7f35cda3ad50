//! An AWS account of moto's, for tests of what the program asks AWS.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::program::Program;

/// What the credentials' secret is here; nothing may show it.
pub(crate) const SECRET_KEY: &str = "local-Jw8";

/// moto in a process of its own; it ends when its input does.
pub(crate) struct AwsAccount {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(crate) endpoint: String,
}

impl AwsAccount {
    pub(crate) fn start() -> AwsAccount {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(here.join("../../target/python-emulators/bin/python"))
            .arg(here.join("tests/it/aws_account.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`make emulators` made it");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut account = AwsAccount {
            process,
            input,
            output,
            endpoint: String::new(),
        };
        let endpoint = account.read();
        account.endpoint = endpoint.as_str().expect("a string").to_owned();
        account
    }

    /// Calls an operation as boto3 names it.
    pub(crate) fn call(&mut self, service: &str, operation: &str, arguments: &Value) -> Value {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{}", json!([service, operation, arguments])).expect("it listens");
        self.read()
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it can be read");
        serde_json::from_str(&line).expect("moto answers")
    }
}

impl Drop for AwsAccount {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

impl Program {
    /// The program with credentials, and this endpoint for the service that the variable names.
    pub(crate) fn with_aws(self, variable: &str, endpoint: &str) -> Program {
        self.set(variable, endpoint)
            .set("AWS_ACCESS_KEY_ID", "local")
            .set("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    }
}
