//! Runs a program as somebody at a shell would: arguments, environment, stdin; then stdout, stderr
//! and the exit code. Knows nothing of what the program does.

use std::ffi::OsStr;
use std::fmt;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::patience::until;

/// Long after any program here should have ended, debug build and busy machine included.
const LIMIT: Duration = Duration::from_secs(120);

/// A program that was built beside the tests: `cutover` or `user-migration-trigger`.
///
/// # Panics
///
/// When it was not built.
pub fn built_program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the test program knows where it is");
    // target/debug/deps/it-0123456789abcdef
    let folder = tests
        .ancestors()
        .nth(2)
        .expect("cargo puts tests two folders deep");
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "there is no {}: run `cargo build --workspace --bins` (`make test` does) before the \
         acceptance tests",
        path.display()
    );
    path
}

/// A program about to be run. Its environment is empty but for PATH, so that nobody's AWS profile
/// or RUST_LOG decides a test.
#[derive(Debug)]
pub struct Program {
    command: Command,
    stdin: Vec<u8>,
    limit: Duration,
}

impl Program {
    /// A program by its path, or by its name on PATH.
    pub fn new(path: impl AsRef<OsStr>) -> Program {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Program {
            command,
            stdin: Vec::new(),
            limit: LIMIT,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Program {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    /// The folder to run in.
    #[must_use]
    pub fn current_dir(mut self, folder: &Path) -> Program {
        self.command.current_dir(folder);
        self
    }

    /// What it reads from stdin; nothing otherwise.
    #[must_use]
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Program {
        self.stdin = text.into();
        self
    }

    /// The same program with the same folder and environment, run by a shell after `preparation`,
    /// which may set limits (`ulimit`) or signals (`trap`).
    #[must_use]
    pub fn after(self, preparation: &str) -> Program {
        let mut command = Command::new("sh");
        command.env_clear();
        command
            .arg("-c")
            .arg(format!("{preparation}\nexec \"$@\""))
            .arg("sh");
        command
            .arg(self.command.get_program())
            .args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        Program {
            command,
            stdin: self.stdin,
            limit: self.limit,
        }
    }

    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Starts it and goes on.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    pub fn start(mut self) -> Running {
        let name = Path::new(self.command.get_program()).display().to_string();
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let text = self.stdin;
        // In a thread: the program may answer before it has read all of it.
        let writer = std::thread::spawn(move || {
            // A program that ends early does not read the rest.
            let _ = stdin.write_all(&text);
        });
        let stdout = collect(child.stdout.take().expect("stdout is a pipe"));
        let stderr = collect(child.stderr.take().expect("stderr is a pipe"));
        Running {
            child,
            outputs: Some([stdout, stderr]),
            writer: Some(writer),
            limit: self.limit,
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// When it cannot be started or does not end.
    #[track_caller]
    pub fn run(self) -> Finished {
        self.start().wait()
    }
}

/// A program at work. Killed when dropped, so that no failing test leaves one behind.
#[derive(Debug)]
pub struct Running {
    child: Child,
    outputs: Option<[JoinHandle<Vec<u8>>; 2]>,
    writer: Option<JoinHandle<()>>,
    limit: Duration,
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The programs it has started itself and that still run, as process ids.
    pub fn children(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").expect("Linux has /proc");
        let ids = processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| parent_of(*id) == Some(self.child.id()))
            .collect()
    }

    /// Whether it ended.
    pub fn has_ended(&mut self) -> bool {
        self.status().is_some()
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("the state of an own child can be asked for")
    }

    /// Asks it to end (SIGTERM), as a service manager does.
    pub fn terminate(&mut self) {
        signal(self.child.id(), Signal::TERM);
    }

    /// Asks it to end (SIGINT), as Ctrl-C does.
    pub fn interrupt(&mut self) {
        signal(self.child.id(), Signal::INT);
    }

    /// Ends it at once (SIGKILL), as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().expect("an own child can be killed");
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it goes on for minutes.
    #[track_caller]
    pub fn wait(mut self) -> Finished {
        let status = until(self.limit, "the program's end", || self.status());
        if let Some(writer) = self.writer.take() {
            writer.join().expect("writing to a program does not panic");
        }
        let [stdout, stderr] = self
            .outputs
            .take()
            .expect("taken here alone")
            .map(|output| {
                let bytes = output
                    .join()
                    .expect("reading from a program does not panic");
                String::from_utf8_lossy(&bytes).into_owned()
            });
        Finished {
            status,
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The parent of a process that runs; `/proc/ID/stat` has it after name and state (proc(5)).
fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    match after_name.split_whitespace().collect::<Vec<_>>()[..] {
        // Ended, and only kept until its parent asks for the exit code.
        ["Z", ..] => None,
        [_, parent, ..] => parent.parse().ok(),
        _ => None,
    }
}

fn collect(mut output: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before a broken pipe still counts.
        let _ = output.read_to_end(&mut bytes);
        bytes
    })
}

/// Ends a process that one of our own has started, at once.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Whether a process runs, if only some of its threads: the first of them shows as ended while
/// others still are about to, and the parent is not told before all have.
pub fn runs(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    parent_of(pid).is_some() || threads.is_ok_and(|threads| threads.count() > 1)
}

/// Sends a signal to a process of our own.
fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id is positive");
    // It may have ended a moment ago.
    let _ = kill_process(pid, signal);
}

/// What a program left: exit code and output.
pub struct Finished {
    status: ExitStatus,
    /// Everything it wrote to stdout.
    pub stdout: String,
    /// Everything it wrote to stderr.
    pub stderr: String,
}

impl Finished {
    /// The exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Says that the exit code must be this one.
    ///
    /// # Panics
    ///
    /// When it is another, showing all output.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Finished {
        assert_eq!(self.code(), Some(code), "{self:?}");
        self
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finished {
            status,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---"
        )
    }
}
