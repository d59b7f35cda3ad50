//! Whoever finds a reason in the log finds it in the runbook.

use std::path::{Path, PathBuf};

use migration_model::Reason;
use user_migration_trigger::FailureCause;

fn checkout(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All source in a folder, and in the folders in it.
fn source_in(folder: &Path) -> String {
    let mut sources = String::new();
    for entry in std::fs::read_dir(folder).expect("ours") {
        let path = entry.expect("it can be listed").path();
        sources += &match path.is_dir() {
            true => source_in(&path),
            false => text(&path),
        };
    }
    sources
}

#[test]
fn every_reason_of_the_function_is_in_the_runbook() {
    let mut sources = text(&checkout("crates/legacy-users/src/error.rs"));
    sources += &source_in(&checkout("crates/user-migration-trigger/src"));
    let said = |reason: &&Reason| {
        let name = format!("Reason::{reason:?}");
        // Not one whose name only begins so.
        let mut after = sources
            .match_indices(&name)
            .map(|(at, _)| &sources[at + name.len()..]);
        after.any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    let reasons: Vec<&Reason> = Reason::ALL.iter().filter(said).collect();
    assert!(reasons.len() > 20, "only {reasons:?}");
    let own = [
        FailureCause::EventInvalid,
        FailureCause::TriggerSourceUnknown,
        FailureCause::Internal,
    ];
    let codes = reasons.into_iter().map(|reason| reason.code());
    let codes = codes.chain(own.map(FailureCause::code));
    let runbook = text(&checkout("infra/runbooks/users-cannot-sign-in.md"));
    let missing: Vec<&str> = codes
        .filter(|code| !runbook.contains(&format!("`{code}`")))
        .collect();
    assert_eq!(missing, [""; 0]);
}
