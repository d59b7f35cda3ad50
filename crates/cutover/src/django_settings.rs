//! Asks a Django project itself what its users are: its settings module, loaded by its own Python in
//! another process. Must not know drafts. Called by `cutover init`.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rehearsal::DjangoFacts;

use crate::exit_status::Failure;

const SCRIPT: &str = include_str!("django_settings.py");
const MARKER: &str = "cutover-django-settings:";
/// A project that is not loaded by then waits for something.
const PATIENCE: Duration = Duration::from_secs(60);
/// Far more than the facts need: a project that prints without end fills no memory.
const LONGEST: u64 = 4 << 20;

/// What the settings module says. What the project prints on stderr is passed on.
pub(crate) fn ask(module: &str, python: &Path) -> Result<DjangoFacts, Failure> {
    let hint = "run it where `python manage.py check` works, and name the project's own Python with \
                --python (such as .venv/bin/python)";
    let failed = |what: String| Failure::usage(what).hint(hint);
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT, module]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| failed(format!("{} cannot be run", python.display())).source(error))?;
    let output = child.stdout.take().map(|stdout| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(LONGEST).read_to_end(&mut bytes);
            read.map(|_| String::from_utf8_lossy(&bytes).into_owned())
        })
    });
    let since = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if since.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            _ => {
                // It may have ended by itself by now.
                let _ = child.kill();
                let _ = child.wait();
                let seconds = PATIENCE.as_secs();
                return Err(failed(format!(
                    "the settings module {module} was not loaded within {seconds} s"
                )));
            }
        }
    };
    if !status.success() {
        return Err(failed(format!(
            "the settings module {module} could not be loaded"
        )));
    }
    let text = output.and_then(|output| output.join().ok()?.ok());
    let text = text.unwrap_or_default();
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix(MARKER));
    let facts = line.and_then(|line| serde_json::from_str(line).ok());
    facts.ok_or_else(|| {
        failed(format!(
            "the settings module {module} said nothing of its users"
        ))
    })
}
