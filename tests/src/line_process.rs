//! A program that answers one JSON line with one JSON line for as long as it is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::program::Program;

/// Long after any answer should have come.
const LIMIT: Duration = Duration::from_secs(60);

/// Ends by the end of its stdin, when this is dropped.
#[derive(Debug)]
pub struct LineProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl LineProcess {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    pub fn start(program: Program) -> LineProcess {
        let mut command = program.into_command();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a counterpart of the tests can be started");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut stderr = child.stderr.take().expect("stderr is a pipe");
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let complaints = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        LineProcess {
            child,
            stdin,
            answers,
            complaints: Some(complaints),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Panics
    ///
    /// When none comes, with what it wrote to stderr.
    #[track_caller]
    pub fn ask(&mut self, question: &Value) -> Value {
        let stdin = self.stdin.as_mut().expect("open until this is dropped");
        // If it does not listen, it does not answer either.
        let _ = writeln!(stdin, "{question}").and_then(|()| stdin.flush());
        self.said()
    }

    /// Waits for a line that it writes unasked.
    ///
    /// # Panics
    ///
    /// When none comes, with what it wrote to stderr.
    #[track_caller]
    pub fn said(&mut self) -> Value {
        match self.answers.recv_timeout(LIMIT).ok() {
            Some(answer) => serde_json::from_str(&answer).expect("our scripts write JSON lines"),
            None => {
                let _ = self.child.kill();
                let complaints = self.complaints.take().map(JoinHandle::join);
                panic!(
                    "no answer; it wrote: {}",
                    complaints.and_then(Result::ok).unwrap_or_default()
                )
            }
        }
    }
}

impl Drop for LineProcess {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
