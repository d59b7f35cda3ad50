//! A Python script beside this file that answers JSON lines with JSON lines, run with the emulators'
//! Python. It ends when its input does.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct PythonScript {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Where `make emulators` puts what it installs.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

impl PythonScript {
    /// Starts the script, with these variables and nothing of its standard error.
    pub(crate) fn start(
        name: &str,
        arguments: &[&Path],
        variables: &[(&str, String)],
    ) -> PythonScript {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it")
            .join(name);
        let mut process = Command::new(target().join("python-emulators/bin/python"))
            .arg(script)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`make emulators` made it");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        PythonScript {
            process,
            input,
            output,
        }
    }

    /// The next line it writes.
    pub(crate) fn said(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it can be read");
        serde_json::from_str(&line).expect("the script answers")
    }

    /// Writes a line, and reads the answer.
    pub(crate) fn ask(&mut self, line: &Value) -> Value {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").expect("it listens");
        self.said()
    }
}

impl Drop for PythonScript {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}
