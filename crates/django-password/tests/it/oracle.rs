//! Real Django and Python's libraries, asked at test time.
//!
//! `make test` makes the interpreters (`target/python`, `target/python-django42`). Without them a
//! test fails and says so: a comparison that was not made must not look like one that agreed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use django_password::{CustomHashers, EncodedPassword, PlainPassword, Verifier};
use serde_json::Value;

/// Which of the two environments that `make test` makes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Environment {
    Django52,
    Django42,
}

impl Environment {
    fn interpreter(self) -> PathBuf {
        let (variable, folder) = match self {
            Self::Django52 => ("CUTOVER_TEST_PYTHON", "python"),
            Self::Django42 => ("CUTOVER_TEST_PYTHON_DJANGO42", "python-django42"),
        };
        let path = std::env::var_os(variable).map_or_else(
            || workspace().join("target").join(folder).join("bin/python"),
            PathBuf::from,
        );
        assert!(
            path.exists(),
            "no Python with Django at {}: run `make python`, or set {variable}",
            path.display()
        );
        path
    }

    /// Runs a script of `migrations-fixtures/hashes/` and hands over its lines of JSON.
    pub(crate) fn run(self, script: &str, arguments: &[String]) -> Lines {
        let path = workspace().join("migrations-fixtures/hashes").join(script);
        let mut child = Command::new(self.interpreter())
            .arg(path)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter exists");
        let stdout = child.stdout.take().expect("stdout is piped");
        Lines {
            child,
            lines: BufReader::new(stdout).lines(),
            script: script.to_owned(),
        }
    }
}

/// What a script writes, line by line. Fails the test if the script fails.
pub(crate) struct Lines {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    script: String,
}

impl Iterator for Lines {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        match self.lines.next() {
            Some(line) => {
                let line = line.expect("a pipe can be read");
                Some(serde_json::from_str(&line).expect("the script writes JSON lines"))
            }
            None => {
                let status = self.child.wait().expect("the script was started");
                assert!(
                    status.success(),
                    "{} failed, see its message above",
                    self.script
                );
                None
            }
        }
    }
}

/// The repository's root.
pub(crate) fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A verifier that knows the custom hashers a script declares in its first line.
pub(crate) fn verifier(header: &Value) -> Verifier {
    let mut hashers = CustomHashers::default();
    for (name, target) in object(&header["aliases"]) {
        hashers = hashers
            .alias(name, text(target))
            .expect("the script declares sound aliases");
    }
    for (name, pair) in object(&header["wrapped"]) {
        hashers = hashers
            .wrapped(name, text(&pair[0]), text(&pair[1]))
            .expect("the script declares sound wrapped hashers");
    }
    Verifier::new(hashers, django_password::Limits::default())
}

pub(crate) fn password(line: &Value) -> PlainPassword {
    PlainPassword::new(text(&line["password"]))
}

pub(crate) fn encoded(line: &Value) -> EncodedPassword {
    EncodedPassword::new(text(&line["encoded"]))
}

pub(crate) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is not a string"))
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

pub(crate) fn password_of(text: &str) -> PlainPassword {
    PlainPassword::new(text)
}

/// A new seed for every run, or the one of a run to look into.
pub(crate) fn seed() -> u64 {
    match std::env::var("CUTOVER_TEST_SEED") {
        Ok(seed) => seed.parse().expect("CUTOVER_TEST_SEED is a number"),
        Err(_) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            u64::from(now.expect("the clock is past 1970").subsec_nanos())
        }
    }
}
