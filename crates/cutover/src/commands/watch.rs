//! `cutover watch`: looks again and again, and shows it in a terminal, on a page and in files. Exit code
//! of `--once`: 1 where a criterion says stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulk_import::{
    LedgerPlace, ReconcileRecord, RunControl, RunJournals, RunStatus, Standing, Stop,
};
use chrono::{DateTime, Utc};
use cognito_user_pool::{PoolFault, QuotaCategory, Quotas, UserPool};
use migration_model::Config;
use rehearsal::{ForecastQuestion, ForecastTarget, Watch, WatchedQuota, WatchedRun, watch_page};
use serde_json::json;

use crate::arguments::{Arguments, WatchOptions};
use crate::exit_status::{ExitStatus, Failure};
use crate::{
    import_progress, local_pool_facts, output, pool_target, runtime, settings, watch_server,
    watch_text,
};

/// Reading the pool takes at most this part of the time, and the legacy database the second.
const PART: u32 = 5;
const PART_OF_LEGACY: u32 = 50;
/// The legacy database is not read more often: what it says changes in weeks.
const FORECAST_EVERY: Duration = Duration::from_secs(30 * 60);

pub(crate) fn run(arguments: &Arguments, options: &WatchOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(watch(arguments, options))
}

async fn watch(arguments: &Arguments, options: &WatchOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config(arguments)?;
    let address = pool_target::address(&config, &options.pool)?;
    for path in [&options.html, &options.json].into_iter().flatten() {
        output::check_writable(path)?;
    }
    let control = RunControl::new();
    import_progress::obey_signals(&control)?;
    let mut watch = Watch {
        pool: address.to_string(),
        is_local: address.is_loopback(),
        go: config.rehearsal.go.unwrap_or_default(),
        refresh: FIRST_REFRESH,
        ..Watch::default()
    };
    let (publish, page) = tokio::sync::watch::channel(Arc::new(watch.clone()));
    if !options.once {
        let url = watch_server::start(options.listen, page).await?;
        output::note(format_args!("the page is at {url}; Ctrl-C ends it"));
    }
    let pool = pool_target::connect(address, &options.pool).await?;
    watch.quotas = quotas(&pool.quotas());
    let mut looker = Looker {
        config: &config,
        runs_dir: settings::runs_dir(arguments, &options.memory),
        ledger: settings::ledger_place(arguments, &options.memory),
        pool,
        control: &control,
        foretold: None,
    };
    loop {
        let begun = Instant::now();
        looker.look(&mut watch, &publish).await;
        if control.stopping() != Stop::No {
            return Ok(ExitStatus::Fine);
        }
        let now = Utc::now();
        let pause = Duration::from_secs(options.every).max(begun.elapsed() * PART);
        watch.refresh = pause.as_secs();
        publish.send_replace(Arc::new(watch.clone()));
        let html = watch_page(&watch, now);
        if let Some(path) = &options.html {
            output::whole_file(path, html.as_bytes())?;
        }
        if let Some(path) = &options.json {
            output::json_file(path, &json_form(&watch, now))?;
        }
        if !options.once {
            output::clear_screen();
        }
        watch_text::print(&watch, now);
        if options.once {
            return Ok(match watch.must_stop(now) {
                true => ExitStatus::Findings,
                false => ExitStatus::Fine,
            });
        }
        let mut waited = Duration::ZERO;
        while waited < pause {
            if control.stopping() != Stop::No {
                return Ok(ExitStatus::Fine);
            }
            tokio::time::sleep(TICK).await;
            waited += TICK;
        }
    }
}

/// Until the first look is through, in seconds.
const FIRST_REFRESH: u64 = 5;
/// How soon the page says that no answer comes.
const TELL_AWAY: Duration = Duration::from_secs(2);
/// How soon a signal ends a pause.
const TICK: Duration = Duration::from_millis(200);

fn away(fault: PoolFault) -> &'static str {
    match fault {
        PoolFault::SessionExpired => "the AWS session has ended",
        PoolFault::Service => "Cognito fails",
        _ => "the pool does not answer",
    }
}

type Publish = tokio::sync::watch::Sender<Arc<Watch>>;

/// Where it looks.
struct Looker<'a> {
    config: &'a Config,
    runs_dir: std::path::PathBuf,
    ledger: LedgerPlace,
    pool: UserPool,
    control: &'a RunControl,
    /// When the last forecast was begun, and how long it took.
    foretold: Option<(Instant, Duration)>,
}

impl Looker<'_> {
    /// Reads everything anew that is due. What cannot be read stays as it was, and says why.
    async fn look(&mut self, watch: &mut Watch, publish: &Publish) {
        let standing = Standing::read(self.config, &self.pool, &self.ledger, self.control);
        let mut standing = std::pin::pin!(standing);
        let standing = loop {
            match tokio::time::timeout(TELL_AWAY, &mut standing).await {
                Ok(standing) => break standing,
                // An outage is waited out, and the page says so meanwhile.
                Err(_) => {
                    if let Some(fault) = self.pool.away() {
                        watch.standing.trouble = Some(away(fault).to_owned());
                        publish.send_replace(Arc::new(watch.clone()));
                    }
                    if self.control.stopping() != Stop::No {
                        return;
                    }
                }
            }
        };
        watch.standing.take(match standing {
            Ok(standing) if standing.complete => Ok(standing),
            Ok(_) => Err("stopped".to_owned()),
            Err(error) => Err(causes(&error)),
        });
        let described = self.pool.describe_user_pool().await;
        watch.trigger.take(match described {
            Ok(pool) => Ok(pool.user_migration_trigger),
            Err(error) => Err(error.to_string()),
        });
        watch.runs.take(self.runs().await);
        if let Ok(path) = ReconcileRecord::path(&self.ledger, &self.pool).await {
            watch.reconciled = ReconcileRecord::read(&path).or(watch.reconciled.take());
        }
        if let Some(runs) = local_pool_facts::trigger_runs(self.pool.address()).await {
            watch.trigger_runs.take(runs);
        }
        let due = self.foretold.is_none_or(|(begun, took)| {
            begun.elapsed() >= FORECAST_EVERY.max(took * PART_OF_LEGACY)
        });
        if due && let Some(standing) = &watch.standing.value {
            let begun = Instant::now();
            let made = self.forecast(standing).await;
            self.foretold = Some((begun, begun.elapsed()));
            watch.forecast.take(made);
        }
    }

    async fn forecast(&self, standing: &Standing) -> Result<rehearsal::Forecast, String> {
        let legacy = settings::legacy_database(self.config).await;
        let legacy = legacy.map_err(|failure| failure.message)?;
        let target = ForecastTarget {
            pool: &self.pool,
            ledger: &self.ledger,
            standing,
        };
        let question = ForecastQuestion::default();
        let made =
            rehearsal::forecast(&legacy, self.config, Some(target), &question, self.control).await;
        legacy.close().await;
        made.map_err(|error| causes(&error))
    }

    /// The runs into this pool; those into others are somebody else's.
    async fn runs(&self) -> Result<Vec<WatchedRun>, String> {
        let address = self.pool.address();
        let mut runs = Vec::new();
        for (name, written) in RunJournals::in_directory(&self.runs_dir) {
            let status = RunStatus::read(&self.runs_dir, &name).await;
            let status = status.map_err(|error| causes(&error))?;
            let is_ours = status.user_pool_id == address.user_pool_id()
                && status.region == address.region()
                && status.is_local == address.is_loopback();
            if is_ours {
                runs.push(WatchedRun {
                    status,
                    written: DateTime::from(written),
                });
            }
        }
        runs.sort_by_key(|run| run.written);
        Ok(runs)
    }
}

fn quotas(quotas: &Quotas) -> Vec<WatchedQuota> {
    let told = [
        QuotaCategory::UserAuthentication,
        QuotaCategory::UserCreation,
        QuotaCategory::UserAccountRecovery,
        QuotaCategory::UserUpdate,
        QuotaCategory::UserList,
    ];
    let of = |category: QuotaCategory| WatchedQuota {
        category: category.name(),
        limit: quotas.limit(category),
        share: quotas.allowance(category),
    };
    told.into_iter().map(of).collect()
}

/// An error with what is behind it, on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn json_form(watch: &Watch, now: DateTime<Utc>) -> serde_json::Value {
    let runs = watch.runs.value.iter().flatten();
    let runs: Vec<_> = runs
        .map(|run| json!({"summary": run.status.summary, "written": run.written}))
        .collect();
    json!({
        "format": 1,
        "at": now,
        "pool": watch.pool,
        "standing": watch.standing,
        "forecast": watch.forecast,
        "runs": runs,
        "reconciled": watch.reconciled,
        "trigger_runs": watch.trigger_runs,
        "quotas": watch.quotas,
        "lights": watch.lights(now),
    })
}
