//! An AWS account of moto's, for tests of what the program asks AWS.

use acceptance_tests::{LineProcess, emulator_script};
use serde_json::{Value, json};

use crate::program::Program;

/// What the credentials' secret is here; nothing may show it.
pub(crate) const SECRET_KEY: &str = "local-Jw8";

/// moto in a process of its own.
pub(crate) struct AwsAccount {
    moto: LineProcess,
    pub(crate) endpoint: String,
}

impl AwsAccount {
    pub(crate) fn start() -> AwsAccount {
        let mut moto = LineProcess::start(emulator_script("aws_account.py"));
        let endpoint = moto.said().as_str().expect("a string").to_owned();
        AwsAccount { moto, endpoint }
    }

    /// Calls an operation as boto3 names it.
    pub(crate) fn call(&mut self, service: &str, operation: &str, arguments: &Value) -> Value {
        self.moto.ask(&json!([service, operation, arguments]))
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
