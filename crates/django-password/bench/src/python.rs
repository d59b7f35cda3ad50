//! Django and Python's libraries, in one interpreter that stays.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::contender::{Contender, Times};

/// The interpreter running `peers.py`: a line of JSON in, a line out.
#[derive(Clone)]
pub struct Python(Rc<RefCell<Process>>);

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its input ends with us, so it would end by itself; a killed one is reaped here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Python {
    pub fn start(interpreter: &str, script: &Path) -> std::io::Result<Self> {
        let mut child = Command::new(interpreter)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("stdin is piped");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Ok(Self(Rc::new(RefCell::new(Process {
            child,
            input,
            output,
        }))))
    }

    /// What Django encodes `password` as, with the hasher and cost in `recipe`.
    pub fn encode(&self, password: &str, recipe: &str) -> String {
        let answer = self.ask(&json!({"do": "encode", "password": password, "recipe": recipe}));
        answer.as_str().expect("an encoded password").to_owned()
    }

    /// Django's `check_password`.
    pub fn check_password(&self, name: &'static str, password: &str, encoded: &str) -> Contender {
        let question = json!({"do": "check", "password": password, "encoded": encoded});
        self.contender(name, question)
    }

    /// A library by itself, without Django around it.
    pub fn primitive(&self, name: &'static str, primitive: &str) -> Contender {
        self.contender(name, json!({"do": primitive}))
    }

    fn contender(&self, name: &'static str, question: Value) -> Contender {
        let python = self.clone();
        let run = move || {
            let answer = python.ask(&question);
            let time = |name: &str| {
                Duration::from_nanos(answer[name].as_u64().expect("a time in nanoseconds"))
            };
            Times {
                wall: time("wall"),
                cpu: time("cpu"),
            }
        };
        Contender {
            name,
            run: Box::new(run),
        }
    }

    fn ask(&self, question: &Value) -> Value {
        let mut process = self.0.borrow_mut();
        writeln!(process.input, "{question}").expect("the interpreter listens");
        let mut line = String::new();
        process
            .output
            .read_line(&mut line)
            .expect("the interpreter answers");
        serde_json::from_str(&line).expect("the interpreter answers in JSON")
    }
}
