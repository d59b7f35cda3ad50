//! The `bootstrap` of the Lambda function; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    user_migration_trigger::run()
}
