//! `cutover reconcile`: both sides compared, and made alike where that does no harm.

use std::path::Path;

use bulk_import::{
    DriftKind, FixKind, FixSummary, ImportError, Ledger, LedgerPlace, LedgerUse, Prefer,
    ReconcileRecord, Reconciliation, RunControl, RunJournals, RunName, fix, reconcile,
};
use cognito_user_pool::{UserPool, WritePermission};
use futures::StreamExt;
use serde_json::json;

use crate::arguments::{Arguments, FixChoice, ReconcileOptions, SideChoice};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::{output, pool_target, runtime, settings};

pub(crate) fn run(
    arguments: &Arguments,
    options: &ReconcileOptions,
) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(compare(arguments, options))
}

async fn compare(arguments: &Arguments, options: &ReconcileOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    let legacy = settings::legacy_database(&config).await?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;

    let journals = journals(arguments, options, &pool)?;
    let place = settings::ledger_place(arguments, &options.memory);
    let held = match options.execute {
        true => Some(Ledger::hold(&place, &pool).await.map_err(failure)?),
        false => None,
    };
    let ledger = held
        .as_ref()
        .map_or(LedgerUse::Read(&place), LedgerUse::Write);
    let prefer = options.prefer.map(|side| match side {
        SideChoice::Django => Prefer::Django,
        SideChoice::Pool => Prefer::Pool,
    });
    let compare = async || {
        let watcher = Watcher::start(&control);
        let journals = journals.as_ref();
        let compared = reconcile(&legacy, &config, &pool, ledger, journals, prefer, &control).await;
        watcher.finish().await;
        compared.map_err(failure)
    };
    let mut found = compare().await?;
    let kinds = kinds(&options.only);
    let claims = settings::claims()?;
    let permission = WritePermission::from_execute_flag(options.execute);
    if let (true, true, Some(permission)) = (options.fix, found.complete, permission) {
        let pool = pool.allow_writes(permission);
        let watcher = Watcher::start(&control);
        let fixed = fix(&pool, &mut found, &kinds, claims.as_deref(), &control).await;
        watcher.finish().await;
        print_fixed(&fixed.map_err(failure)?);
        found = compare().await?;
    }
    print(&found, journals.as_ref());
    record(&found, &place, &pool).await;
    if let Some(path) = &options.json {
        output::json_file(path, &json_form(&found, journals.as_ref()))?;
    }
    if let Some(path) = &options.differences {
        write_differences(path, &mut found).await?;
    }
    if !found.complete {
        output::note("stopped before the end; run it again");
        return Ok(ExitStatus::Halted);
    }
    tell_fixes(&found, options);
    Ok(if found.is_clean() {
        ExitStatus::Fine
    } else {
        ExitStatus::Findings
    })
}

/// Remembers the counts for `watch` and `retire`. What cannot be remembered is no reason to fail.
pub(super) async fn record(found: &Reconciliation, ledger: &LedgerPlace, pool: &UserPool) {
    let Some(record) = ReconcileRecord::of(found, pool) else {
        return;
    };
    let written = match ReconcileRecord::path(ledger, pool).await {
        Ok(path) => record.write(&path),
        Err(_) => return,
    };
    if let Err(error) = written {
        output::note(format_args!(
            "the counts could not be kept for cutover watch and retire: {error}"
        ));
    }
}

/// The journals to compare with: of the run that is named, else of the one that an import into
/// this pool has by default, if there is one.
fn journals(
    arguments: &Arguments,
    options: &ReconcileOptions,
    pool: &UserPool,
) -> Result<Option<RunJournals>, Failure> {
    let runs_dir = settings::runs_dir(arguments, &options.memory);
    let Some(name) = &options.run else {
        let name = RunName::for_pool(pool.address().user_pool_id());
        return Ok(RunJournals::find(&runs_dir, &name).ok());
    };
    RunJournals::find(&runs_dir, &settings::run_name(name)?)
        .map(Some)
        .map_err(super::status::failure)
}

/// What is asked for by `--only`; without it everything that deletes nobody.
fn kinds(only: &[FixChoice]) -> Vec<FixKind> {
    if only.is_empty() {
        return FixKind::ALL.to_vec();
    }
    let kinds = only.iter().flat_map(|choice| match choice {
        FixChoice::Attributes => vec![FixKind::SetAttributes],
        FixChoice::Groups => vec![FixKind::AddToGroup, FixKind::RemoveFromGroup],
        FixChoice::Disabled => vec![FixKind::Disable, FixKind::Enable],
        FixChoice::Seals => vec![FixKind::ClearSeal],
        FixChoice::UnfinishedResets => vec![FixKind::DeleteUnfinishedReset],
    });
    kinds.collect()
}

fn print_fixed(fixed: &FixSummary) {
    for (kind, calls) in &fixed.done {
        output::result(format_args!("  {calls:>9}  done: {}", kind.code()));
    }
    for (kind, calls) in &fixed.refused {
        output::result(format_args!(
            "  {calls:>9}  refused by Cognito: {}",
            kind.code()
        ));
    }
    for (kind, calls) in &fixed.changed_since {
        output::result(format_args!(
            "  {calls:>9}  left, the user changed meanwhile: {}",
            kind.code()
        ));
    }
    output::result("");
}

/// What could be done about the differences.
fn tell_fixes(found: &Reconciliation, options: &ReconcileOptions) {
    if !found.is_clean() && options.differences.is_none() {
        output::note("to see who differs in what, add --differences FILE");
    }
    if found.fixes.is_empty() {
        if options.fix && !found.is_clean() {
            output::note("nothing of this can be fixed from here");
        }
        return;
    }
    let calls = found.fixes.iter();
    let calls: Vec<String> = calls
        .map(|(kind, calls)| format!("{calls} {}", kind.code()))
        .collect();
    let would = calls.join(", ");
    match (options.fix, options.execute) {
        (true, true) => output::note(format_args!("left: {would}; run it again")),
        (true, false) => output::note(format_args!("to do it ({would}), add --execute")),
        (false, _) => output::note(format_args!("--fix --execute would do: {would}")),
    }
}

pub(super) fn print(found: &Reconciliation, journals: Option<&RunJournals>) {
    output::result(format_args!(
        "{} legacy users compared with {} users of the pool{}",
        found.legacy_users,
        found.pool_users,
        if journals.is_some() {
            " and the run's journal"
        } else {
            ""
        }
    ));
    for (kind, users) in &found.counts {
        match kind {
            DriftKind::NotExpected(reason) => {
                output::result(format_args!("  {users:>9}  not in the pool: {reason}"));
            }
            DriftKind::AwaitsFirstSignIn => {
                output::result(format_args!("  {users:>9}  have a temporary password yet"));
            }
            DriftKind::Native => {
                output::result(format_args!("  {users:>9}  registered in the pool"));
            }
            DriftKind::DeletedInDjango => {
                output::result(format_args!(
                    "  {users:>9}  deleted in Django, and still in the pool"
                ));
            }
            DriftKind::UnfinishedReset => {
                output::result(format_args!(
                    "  {users:>9}  asked for a reset and never finished it \
                     (--fix --only unfinished-resets lets the old password in again)"
                ));
            }
            DriftKind::Conflict => output::result(format_args!(
                "  {users:>9}  CONFLICT: changed on both sides (--prefer django or pool settles it)"
            )),
            other => output::result(format_args!("  {users:>9}  DIFFER: {}", other.code())),
        }
    }
    for finding in &found.findings {
        super::inspect::print_finding(finding);
    }
    if found.is_clean() {
        output::result("both sides agree");
    }
}

fn json_form(found: &Reconciliation, journals: Option<&RunJournals>) -> serde_json::Value {
    let runs = journals.map(|journals| {
        let names = journals.names().iter().map(RunName::as_str);
        names.collect::<Vec<_>>()
    });
    let fixes = found
        .fixes
        .iter()
        .map(|(kind, calls)| (kind.code().to_owned(), json!(calls)));

    let drift = found.counts.iter().filter(|(kind, _)| kind.is_drift());
    let drift = drift.map(|(kind, users)| (kind.code().to_owned(), json!(users)));
    let reasons = found.counts.iter().filter_map(|(kind, users)| match kind {
        DriftKind::NotExpected(reason) => Some((reason.code().to_owned(), json!(users))),
        _ => None,
    });
    let of = |kind: DriftKind| found.counts.get(&kind).copied().unwrap_or(0);
    let awaits_first_sign_in = found.counts.get(&DriftKind::AwaitsFirstSignIn);
    json!({
        "legacy_users": found.legacy_users,
        "pool_users": found.pool_users,
        "differences": drift.collect::<serde_json::Map<_, _>>(),
        "not_in_pool_for_a_reason": reasons.collect::<serde_json::Map<_, _>>(),
        "awaits_first_sign_in": awaits_first_sign_in.copied().unwrap_or(0),
        "native": of(DriftKind::Native),
        "deleted_in_django": of(DriftKind::DeletedInDjango),
        "unfinished_resets": of(DriftKind::UnfinishedReset),
        "findings": found.findings,
        "fixes": fixes.collect::<serde_json::Map<_, _>>(),
        "journals": runs.unwrap_or_default(),
        "complete": found.complete,
        "clean": found.is_clean(),
    })
}

async fn write_differences(path: &Path, found: &mut Reconciliation) -> Result<(), Failure> {
    let mut file = output::CsvFile::begin(path, &["legacy_id", "difference", "about"])?;
    let mut rows = std::pin::pin!(found.drift());
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| failure(error.into()))?;
        file.row(&[&row.legacy_id, row.row.kind.code(), &row.row.about])?;
    }
    file.complete()
}

pub(super) fn failure(error: ImportError) -> Failure {
    super::import::import_failure(error, "the comparison")
}
