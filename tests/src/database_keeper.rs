//! Makes databases and temporary folders that must be gone after the test run, however it ends: a
//! process of its own drops them when this one is no more (`python/database_keeper.py`).

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::line_process::LineProcess;
use crate::python::script;

fn keeper() -> MutexGuard<'static, LineProcess> {
    // Never dropped: the end of this process closes the keeper's stdin, which is its sign.
    static KEEPER: OnceLock<Mutex<LineProcess>> = OnceLock::new();
    let keeper =
        KEEPER.get_or_init(|| Mutex::new(LineProcess::start(script("database_keeper.py"))));
    keeper.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn ask(question: &Value) -> Value {
    let answer = keeper().ask(question);
    match answer.get("error").and_then(Value::as_str) {
        None => answer,
        Some(error) => panic!("{error}"),
    }
}

/// A folder that goes at the end of the test run.
pub(crate) fn folder() -> PathBuf {
    let answer = ask(&json!({"folder": true}));
    answer["folder"]
        .as_str()
        .map(PathBuf::from)
        .expect("the keeper names the folder")
}

/// Makes an empty database with a random name and returns its URL.
pub(crate) fn database(engine: Engine) -> String {
    let Some(admin_url) = engine.admin_url() else {
        return format!("sqlite://{}", folder().join("legacy.sqlite3").display());
    };
    let name = format!("cutover_test_{:016x}", rand::random::<u64>());
    ask(&json!({"database": name, "admin_url": admin_url}));
    let (server, _) = admin_url
        .rsplit_once('/')
        .expect("a URL with a database has a slash");
    format!("{server}/{name}")
}

/// Runs statements on a database server or file. `undo` runs at the end of the test run.
pub(crate) fn execute(url: &str, statements: &[String], undo: &[String]) {
    ask(&json!({"execute": statements, "undo": undo, "url": url}));
}
