//! `cutover status`: a run's accounts from its journal, also while it runs.

use std::path::Path;

use bulk_import::{
    JournalError, LedgerPlace, LedgerReader, OutcomeRow, RunJournals, RunName, RunStatus,
};
use chrono::SecondsFormat;
use futures::StreamExt;
use migration_model::Reason;
use serde_json::json;

use crate::arguments::{Arguments, StatusOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, runtime, settings};

pub(crate) fn run(arguments: &Arguments, options: &StatusOptions) -> Result<ExitStatus, Failure> {
    let runs_dir = settings::runs_dir(arguments, &options.memory);
    let name = match &options.run {
        Some(name) => settings::run_name(name)?,
        None => latest_run(&runs_dir)?,
    };
    let ledger = settings::ledger_place(arguments, &options.memory);
    runtime()?.block_on(status(&name, &runs_dir, &ledger, options))
}

async fn status(
    name: &RunName,
    runs_dir: &Path,
    ledger: &LedgerPlace,
    options: &StatusOptions,
) -> Result<ExitStatus, Failure> {
    let status = RunStatus::read(runs_dir, name).await.map_err(failure)?;
    if let Some(path) = &options.json {
        output::json_file(path, &json_form(&status))?;
    }
    if let Some(path) = &options.outcomes {
        write_outcomes(path, runs_dir, name).await?;
    }
    if let Some(path) = &options.id_map {
        write_id_map(path, ledger, &status).await?;
    }
    print(&status);
    let findings = status.summary.failed > 0 || status.has_strangers();
    Ok(match (findings, status.summary.complete) {
        (true, _) => ExitStatus::Findings,
        (false, true) => ExitStatus::Fine,
        (false, false) => ExitStatus::Halted,
    })
}

/// The run whose journal was written last.
fn latest_run(directory: &Path) -> Result<RunName, Failure> {
    let runs = RunJournals::in_directory(directory).into_iter();
    let newest = runs.max_by_key(|(_, written)| *written);
    newest.map(|(name, _)| name).ok_or_else(|| {
        Failure::usage(format!("there is no run in {}", directory.display()))
            .hint("start one with cutover import --execute, or name the folder with --runs-dir")
    })
}

/// Prints a run's accounts; `import` ends with the same.
pub(crate) fn print(status: &RunStatus) {
    let summary = &status.summary;
    output::result(format_args!(
        "run {} into {} ({}), started {}{}",
        status.run,
        status.user_pool_id,
        status.final_state,
        status.started_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        if summary.complete {
            ", complete"
        } else {
            ", not complete"
        },
    ));
    if let Some(shards) = status.shards {
        let missing: Vec<_> = status.missing_shards.iter().map(u16::to_string).collect();
        output::result(match missing.is_empty() {
            true => format!("  all {shards} shards"),
            false => format!(
                "  of {shards} shards; no journal is here of {}",
                missing.join(", ")
            ),
        });
    }
    for (users, word) in [
        (summary.created, "created"),
        (summary.already_in_pool, "already in the pool"),
        (summary.held, "held"),
        (summary.failed, "failed"),
        (summary.pending, "pending"),
    ] {
        output::result(format_args!("  {users:>9}  {word}"));
    }
    if summary.hash_imported > 0 {
        output::result(format_args!(
            "  {:>9}  by import job with their password, of those created",
            summary.hash_imported
        ));
    }
    if status.deleted_by_undo > 0 {
        output::result(format_args!(
            "  {:>9}  deleted again by cutover undo, of those created",
            status.deleted_by_undo
        ));
    }
    let told: Vec<_> = status
        .reasons
        .iter()
        .filter(|count| count.reason.is_some())
        .collect();
    if told.is_empty() {
        return;
    }
    output::result("\nby reason");
    for count in told {
        let next = count.reason.map_or("", Reason::next_step);
        let reason = why(count.reason).map_or_else(String::new, |reason| format!(" {reason}"));
        let detail = count
            .detail
            .as_deref()
            .map(|d| format!(" ({d})"))
            .unwrap_or_default();
        output::result(format_args!(
            "  {:>9}  {}{reason}{detail}",
            count.users,
            count.outcome.replace('_', " ")
        ));
        output::result(format_args!("             next: {next}"));
    }
    if summary.failed > 0 {
        output::note("to try those who failed once more: the same import with --retry-failed");
    }
}

/// The reason that says more than the outcome: that somebody is there already is both what becomes
/// of them and why.
pub(crate) fn why(reason: Option<Reason>) -> Option<Reason> {
    reason.filter(|reason| *reason != Reason::AlreadyInPool)
}

fn json_form(status: &RunStatus) -> serde_json::Value {
    let reasons: Vec<_> = status
        .reasons
        .iter()
        .map(|count| {
            json!({
                "outcome": count.outcome,
                "reason": count.reason,
                "detail": count.detail,
                "users": count.users,
                "next_step": count.reason.map(Reason::next_step),
            })
        })
        .collect();
    let mut form = json!(status.summary);
    if let Some(form) = form.as_object_mut() {
        form.insert("user_pool_id".to_owned(), json!(status.user_pool_id));
        form.insert("region".to_owned(), json!(status.region));
        form.insert("final_state".to_owned(), json!(status.final_state));
        form.insert("started_at".to_owned(), json!(status.started_at));
        form.insert("planned".to_owned(), json!(status.planned));
        form.insert("shards".to_owned(), json!(status.shards));
        form.insert("missing_shards".to_owned(), json!(status.missing_shards));
        form.insert("deleted_by_undo".to_owned(), json!(status.deleted_by_undo));
        form.insert("reasons".to_owned(), json!(reasons));
    }
    form
}

async fn write_outcomes(path: &Path, directory: &Path, name: &RunName) -> Result<(), Failure> {
    let mut file = output::CsvFile::begin(path, &OutcomeRow::COLUMNS)?;
    let rows = OutcomeRow::read_all(directory, name)
        .await
        .map_err(failure)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.next().await {
        let row = row.map_err(failure)?;
        file.row(&[
            &row.legacy_id,
            &row.username,
            &row.outcome,
            &row.reason,
            &row.sub,
        ])?;
    }
    file.complete()
}

/// What an app needs to find its own users by the `sub` in their tokens: people with a proven `sub`
/// who are in the pool, whatever way they came.
async fn write_id_map(
    path: &Path,
    ledger: &LedgerPlace,
    status: &RunStatus,
) -> Result<(), Failure> {
    let mut file = output::CsvFile::begin(path, &["legacy_id", "how", "sub"])?;
    let reader = LedgerReader::latest(ledger, &status.user_pool_id, status.is_local).await;
    let Some(mut reader) = reader.map_err(failure)? else {
        return Err(
            Failure::usage("the pool has no ledger here, so nobody's `sub` is proven")
                .hint("name it with --ledger, or make one: cutover ledger rebuild"),
        );
    };
    let mut after = String::new();
    loop {
        let rows = reader.id_map(&after).await.map_err(failure)?;
        let Some(last) = rows.last() else {
            return file.complete();
        };
        after.clone_from(&last.legacy_id);
        for row in &rows {
            file.row(&[&row.legacy_id, &row.how, &row.sub])?;
        }
    }
}

pub(super) fn failure(error: JournalError) -> Failure {
    let hint = error.hint().to_owned();
    Failure::usage("the run's journal cannot be read")
        .source(error)
        .hint(hint)
}
