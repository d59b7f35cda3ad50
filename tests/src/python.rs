//! The Python with real Django and boto3, Node.js with the browsers' clients, and the scripts they
//! run. Each Python script reads JSON lines and writes one JSON line for each.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::emulator::installed;
use crate::program::Program;

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the checkout")
}

/// A file of `migrations-fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    root().join("migrations-fixtures").join(name)
}

/// The Python interpreter, about to be run with nothing.
///
/// # Panics
///
/// When there is none, with the command that makes it.
pub fn python() -> Program {
    let path = std::env::var_os("CUTOVER_TEST_PYTHON")
        .map_or_else(|| root().join("target/python/bin/python"), PathBuf::from);
    assert!(
        path.is_file(),
        "there is no Python at {}: run tests/environment/python.sh target (`make test` does), or \
         name one with CUTOVER_TEST_PYTHON",
        path.display()
    );
    // No bytecode files beside the sources: tests leave nothing behind.
    Program::new(path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUTF8", "1")
}

/// One of the scripts in `tests/python`, about to be run.
pub fn script(name: &str) -> Program {
    python().arg(root().join("tests/python").join(name))
}

/// The same, with the packages that `tests/environment/emulators.sh` installs.
#[track_caller]
pub fn emulator_script(name: &str) -> Program {
    Program::new(installed("target/python-emulators/bin/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(root().join("tests/python").join(name))
}

/// One of the scripts in `tests/node`, about to be run by Node.js with the packages that
/// `tests/environment/emulators.sh` installs.
pub fn node_script(name: &str) -> Program {
    Program::new("node")
        .env(
            "NODE_PATH",
            root().join("target/node-emulators/node_modules"),
        )
        .arg(root().join("tests/node").join(name))
}

/// Runs a script over some lines and returns its answers, one for each.
///
/// # Panics
///
/// When it fails or answers another number of lines.
#[track_caller]
pub fn answers(script: Program, questions: &[Value]) -> Vec<Value> {
    let lines: String = questions
        .iter()
        .map(|question| format!("{question}\n"))
        .collect();
    let finished = script.stdin(lines).run().expect_code(0);
    let answers: Vec<Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("our scripts write JSON lines"))
        .collect();
    assert_eq!(answers.len(), questions.len(), "{finished:?}");
    answers
}
