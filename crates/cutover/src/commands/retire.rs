//! `cutover retire`: what is left before the old database can go, each point shown by a read. Exit code
//! 1 while something is open.

use bulk_import::{
    ImportError, LedgerPlace, LedgerUse, OwnFile, ReconcileRecord, RunControl, RunJournals,
    RunName, Standing, own_files, reconcile,
};
use cognito_user_pool::{PoolError, UserPool};
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::Config;

use crate::arguments::{Arguments, RetireOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::import_progress::{self, Watcher};
use crate::retirement::{self, Comparison, Point, State};
use crate::{output, pool_target, runtime, settings};

/// The code of the point that `--shred` closes.
const FILES: &str = "own-files-left";

pub(crate) fn run(arguments: &Arguments, options: &RetireOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(retire(arguments, options))
}

async fn retire(arguments: &Arguments, options: &RetireOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    if let Some(path) = &options.json {
        output::check_writable(path)?;
    }
    let address = pool_target::address(&config, &options.pool)?;
    let pool = pool_target::connect(address, &options.pool).await?;
    let ledger = settings::ledger_place(arguments, &options.memory);
    let runs_dir = settings::runs_dir(arguments, &options.memory);
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;

    let watcher = Watcher::start(&control);
    let journals = RunJournals::find(&runs_dir, &RunName::for_pool(pool.address().user_pool_id()));
    let journals = journals.ok();
    let looked = look(
        &config,
        &pool,
        &ledger,
        journals.as_ref(),
        options,
        &control,
    )
    .await;
    watcher.finish().await;
    let mut points = looked?;
    let files = own_files(&runs_dir, &ledger, pool.address().user_pool_id()).await;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.path.display().to_string())
        .collect();
    points.push(retirement::files(
        &names,
        files.iter().map(|file| file.bytes).sum(),
    ));
    let unknown = retirement::accept(&mut points, &options.accept);
    for code in unknown {
        output::note(format_args!("--accept {code}: no such point is open"));
    }
    if options.shred {
        shred(&mut points, files, options.execute);
    }
    print(&points);
    if let Some(path) = &options.json {
        output::json_file(path, &serde_json::json!({"format": 1, "points": points}))?;
    }
    Ok(
        match points.iter().any(|point| point.state == State::Open) {
            true => ExitStatus::Findings,
            false => ExitStatus::Fine,
        },
    )
}

/// Reads all there is to read.
async fn look(
    config: &Config,
    pool: &UserPool,
    ledger: &LedgerPlace,
    journals: Option<&RunJournals>,
    options: &RetireOptions,
    control: &RunControl,
) -> Result<Vec<Point>, Failure> {
    let standing = Standing::read(config, pool, ledger, control).await;
    let standing = standing.map_err(failure)?;
    let stopped =
        || Failure::new(ExitStatus::Halted, "stopped before the end").hint("run it again");
    if !standing.complete {
        return Err(stopped());
    }
    let mut points = vec![retirement::quiet(&standing, options.quiet_days)];

    let connect = ConnectSettings::default();
    let legacy = LegacyDatabase::connect(&config.legacy, &config.mapping, connect).await;
    let comparison = match &legacy {
        Ok(legacy) => {
            let read = LedgerUse::Read(ledger);
            let found = reconcile(legacy, config, pool, read, journals, None, control).await;
            let found = found.map_err(failure)?;
            super::reconcile::record(&found, ledger, pool).await;
            let record = ReconcileRecord::of(&found, pool).ok_or_else(stopped)?;
            Some(Comparison {
                record,
                is_live: true,
            })
        }
        Err(_) => {
            let path = ReconcileRecord::path(ledger, pool)
                .await
                .map_err(pool_failure)?;
            ReconcileRecord::read(&path).map(|record| Comparison {
                record,
                is_live: false,
            })
        }
    };
    points.extend(retirement::compared(comparison.as_ref(), &standing));
    points.push(retirement::seals(&standing));
    points.push(retirement::clients(
        &pool.app_clients().await.map_err(pool_failure)?,
    ));
    points.extend(retirement::triggers(
        &pool.pool_settings().await.map_err(pool_failure)?,
    ));
    points.push(retirement::database(legacy.as_ref().err()));
    if let Ok(legacy) = legacy {
        legacy.close().await;
    }
    Ok(points)
}

/// Deletes our files, if nothing else is open: without the ledger nobody could show the rest.
fn shred(points: &mut [Point], files: Vec<OwnFile>, execute: bool) {
    let is_open = |point: &&Point| point.state == State::Open && point.code != FILES;
    let open = points.iter().filter(is_open).count();
    if open > 0 {
        output::note(format_args!(
            "nothing was deleted: {open} other points are open, and the ledger is what shows them"
        ));
        return;
    }
    if !execute {
        output::note("to delete the files, add --execute");
        return;
    }
    let mut left = Vec::new();
    for file in files {
        let path = file.path.display().to_string();
        match file.delete() {
            Ok(()) => output::note(format_args!("deleted {path}")),
            Err(error) => {
                output::note(format_args!("{path} was not deleted: {error}"));
                left.push(path);
            }
        }
    }
    if let Some(point) = points.iter_mut().find(|point| point.code == FILES) {
        *point = retirement::files(&left, 0);
    }
}

fn print(points: &[Point]) {
    for point in points {
        output::result(format_args!(
            "  {:<8}  {} [{}]",
            point.state.word(),
            point.says,
            point.code
        ));
        output::result(format_args!("            shown by: {}", point.shown_by));
        if point.state != State::Done && !point.next_step.is_empty() {
            output::result(format_args!("            next: {}", point.next_step));
        }
    }
    let open = points
        .iter()
        .filter(|point| point.state == State::Open)
        .count();
    output::result(match open {
        0 => "\nnothing is open".to_owned(),
        1 => "\n1 point is open".to_owned(),
        open => format!("\n{open} points are open"),
    });
}

fn failure(error: ImportError) -> Failure {
    super::import::import_failure(error, "the look at what is left")
}

fn pool_failure(error: PoolError) -> Failure {
    failure(ImportError::Pool(error))
}
