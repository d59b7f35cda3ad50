//! `cutover shadow serve` and `shadow report`: real sign-ins to Django judged beside it, before the
//! switch. Here are the file of counts and the report; `shadow_line` answers sign-ins, `shadow_socket`
//! listens.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use django_password::{Limits, Verifier};
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::Config;
use rehearsal::{ShadowReport, ShadowTally, Verdict};
use tokio::signal::unix::SignalKind;
use user_migration_trigger::ShadowTrigger;

use super::shadow_line::Judge;
use super::shadow_socket::{self, Listener};
use crate::arguments::{
    Arguments, ShadowCommand, ShadowOptions, ShadowReportOptions, ShadowServeOptions,
};
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, runtime, settings};

/// How often counts are saved while sign-ins come.
const SAVED_EVERY: Duration = Duration::from_secs(1);
/// The month of which the report says how much was seen.
const MONTH: TimeDelta = TimeDelta::days(30);

pub(crate) fn run(arguments: &Arguments, options: &ShadowOptions) -> Result<ExitStatus, Failure> {
    match &options.command {
        ShadowCommand::Serve(options) => runtime()?.block_on(serve(arguments, options)),
        ShadowCommand::Report(options) => runtime()?.block_on(report(arguments, options)),
    }
}

/// What a shadow has seen, for the rehearsal; `None` where none ran.
pub(super) fn seen_before(
    arguments: &Arguments,
    named: Option<&PathBuf>,
) -> Result<Option<ShadowTally>, Failure> {
    let file = settings::shadow_file(arguments, named, ShadowTally::FILE);
    match named.is_none() && !file.exists() {
        true => Ok(None),
        false => read(&file).map(Some),
    }
}

fn read(file: &Path) -> Result<ShadowTally, Failure> {
    let text = std::fs::read(file).map_err(|error| {
        Failure::usage(format!("there are no counts at {}", file.display()))
            .source(error)
            .hint("`cutover shadow serve` writes them; name the file with --log")
    })?;
    ShadowTally::read(&text).ok_or_else(|| {
        Failure::usage(format!("{} is no file of a shadow check", file.display()))
            .hint("name the right one, or move it away: `cutover shadow serve` begins a new one")
    })
}

async fn serve(arguments: &Arguments, options: &ShadowServeOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let verifier = Verifier::new(settings::hashers_with_secrets(&config)?, Limits::default());
    let key = settings::shadow_key()?;
    let file = settings::shadow_file(arguments, options.log.log.as_ref(), ShadowTally::FILE);
    let _lock = only_one(&file)?;
    let tally = go_on(&file, &config.digest())?;
    output::json_file(&file, &tally)?;
    let legacy = legacy_as_the_function(&config).await?;
    // Before it listens, so that no signal can find the program without a handler.
    let mut terminate = super::pool::stop(SignalKind::terminate())?;
    let mut interrupt = super::pool::stop(SignalKind::interrupt())?;
    let listener = match options.listen {
        Some(address) => Listener::at_address(address, key.is_some()).await?,
        None => {
            let default = shadow_socket::SOCKET;
            let path = settings::shadow_file(arguments, options.socket.as_ref(), default);
            Listener::at_path(&path).await?
        }
    };
    let counts = Arc::new(Counts {
        file,
        tally: Mutex::new((tally, false)),
    });
    let trigger = ShadowTrigger::new(legacy, &config, verifier);
    let judge = Arc::new(Judge::new(trigger, key, Arc::clone(&counts)));
    output::result(serde_json::json!({"address": listener.shown(), "pid": std::process::id()}));
    output::note("sign-ins are judged and counted; stop it with Ctrl-C");
    let mut ticks = tokio::time::interval(SAVED_EVERY);
    let serving = listener.serve(judge);
    tokio::pin!(serving);
    loop {
        tokio::select! {
            () = &mut serving => break,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = ticks.tick() => {
                // A disk that is full for a while must not end the shadow.
                if let Err(error) = counts.save() {
                    output::failure(&error);
                }
            }
        }
    }
    listener.remove();
    counts.save()?;
    Ok(ExitStatus::Fine)
}

/// The counts of all sign-ins so far, and whether the file has them.
pub(super) struct Counts {
    file: PathBuf,
    tally: Mutex<(ShadowTally, bool)>,
}

impl Counts {
    /// Changes the counts.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut ShadowTally) -> T) -> T {
        let mut tally = self.lock();
        tally.1 = true;
        change(&mut tally.0)
    }

    fn save(&self) -> Result<(), Failure> {
        let changed = {
            let mut tally = self.lock();
            std::mem::take(&mut tally.1).then(|| tally.0.clone())
        };
        let Some(tally) = changed else { return Ok(()) };
        output::json_file(&self.file, &tally).inspect_err(|_| self.lock().1 = true)
    }

    /// What a panic left behind are counts all the same.
    fn lock(&self) -> MutexGuard<'_, (ShadowTally, bool)> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database with the function's own patience: an operator's would hide what is too slow there.
async fn legacy_as_the_function(config: &Config) -> Result<LegacyDatabase, Failure> {
    let settings = ConnectSettings::for_trigger();
    LegacyDatabase::connect(&config.legacy, &config.mapping, settings)
        .await
        .map_err(settings::legacy_failure)
}

/// Two that write one file would lose each other's counts.
fn only_one(file: &Path) -> Result<File, Failure> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let unwritable = |error| {
        Failure::usage(format!("could not write to {}", path.display()))
            .source(error)
            .hint("name a file with --log in a folder that may be written to")
    };
    let lock = File::create(&path).map_err(unwritable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "another shadow counts in {}",
            file.display()
        ))
        .hint("stop it, or name another file with --log")),
        Err(std::fs::TryLockError::Error(error)) => Err(unwritable(error)),
    }
}

/// The counts so far. What was judged by another configuration says nothing of this one: it is kept
/// beside, and counting begins anew.
fn go_on(file: &Path, config_digest: &str) -> Result<ShadowTally, Failure> {
    let anew = || ShadowTally::new(config_digest.to_owned(), Utc::now());
    if !file.exists() {
        return Ok(anew());
    }
    let tally = read(file)?;
    if tally.config_digest() == config_digest {
        return Ok(tally);
    }
    let began = tally.began().format("%Y%m%dT%H%M%S");
    let kept = file.with_extension(format!("until-changed-{began}.json"));
    std::fs::rename(file, &kept).map_err(|error| {
        Failure::usage(format!("could not rename {}", file.display())).source(error)
    })?;
    output::note(format_args!(
        "the configuration has changed: counting begins anew, the counts so far are in {}",
        kept.display()
    ));
    Ok(anew())
}

async fn report(
    arguments: &Arguments,
    options: &ShadowReportOptions,
) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let file = settings::shadow_file(arguments, options.log.log.as_ref(), ShadowTally::FILE);
    let tally = read(&file)?;
    let legacy = settings::legacy_database(&config).await?;
    let last_month = ShadowReport::signed_in_since(&legacy, Utc::now() - MONTH).await;
    let last_month = last_month.map_err(settings::legacy_failure)?;
    legacy.close().await;
    let report = ShadowReport::of(&tally, &config.digest(), options.memory_mb, last_month);
    if let Some(path) = &options.json {
        output::json_file(path, &report)?;
    }
    print(&report);
    Ok(match report.verdict {
        Verdict::Go => ExitStatus::Fine,
        Verdict::NoGo => ExitStatus::Findings,
    })
}

fn print(report: &ShadowReport) {
    output::result(format_args!(
        "since {}: {}",
        report.began.format("%Y-%m-%d %H:%M UTC"),
        report.outcome()
    ));
    let agreed = report.agreed;
    output::result(format_args!(
        "  let in by both: {} ({} to set a new password); refused by both: {}; alike but for letter \
         case, which the pool does not tell apart: {}",
        agreed.lets_in, agreed.to_set_anew, agreed.refuses, agreed.but_for_case
    ));
    for count in &report.not_judged {
        output::result(format_args!(
            "  not judged: {} {}",
            count.users, count.reason
        ));
    }
    if report.dropped > 0 {
        output::result(format_args!("  dropped by the app: {}", report.dropped));
    }
    if let Some(times) = &report.times {
        output::result(format_args!(
            "look-up and check in a function of {} MB: half within {} ms, 9 in 10 within {} ms, 99 in \
             100 within {} ms, slowest {} ms; it has {} ms",
            times.memory_mb,
            times.p50_ms,
            times.p90_ms,
            times.p99_ms,
            times.max_ms,
            times.allowed_ms
        ));
    }
    let reach = report.reach;
    let share = reach
        .share
        .map_or_else(String::new, |share| format!(" ({:.0} %)", share * 100.0));
    output::result(format_args!(
        "about {} people seen; {} users signed in last at most 30 days ago{share}",
        reach.people_seen, reach.signed_in_last_month
    ));
    for finding in &report.findings {
        super::inspect::print_finding(finding);
    }
}
