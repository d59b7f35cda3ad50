//! Conducts a rehearsal: one stage after the other against a local pool of its own, then the
//! verdict. Called by `cutover rehearse`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bulk_import::{ImportError, ImportRun, Plan, RunControl, RunStatus};
use chrono::Utc;
use cognito_user_pool::{
    AddressError, Patience, PoolAddress, PoolError, Quotas, Share, UserPool, WritableUserPool,
    WritePermission,
};
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{Config, Finding, Reason, Route, Severity};
use rehearsal_pool::{PoolOptions, RehearsalPool, RehearsalPoolError, RunningPool, TriggerRun};

use crate::app::{App, is_migration};
use crate::by_job::{self, PlannedRoutes};
use crate::canary::Canary;
use crate::census::Census;
use crate::forecast::{self, Forecast, ForecastQuestion};
use crate::memory_size::ONE_CPU_MB;
use crate::report::{Import, REPORT_FORMAT, ReasonCount, Report, Stage, TriggerRuns, Verdict};
use crate::shadow::{ShadowReport, ShadowTally};
use crate::wording::{count_of, without_full_stop};
use crate::{comparison, go_criterion, resets, sign_ins};

/// Everything a rehearsal needs.
pub struct Conduct {
    /// The settings to rehearse.
    pub config: Config,
    /// The legacy database, only read.
    pub legacy: LegacyDatabase,
    /// The local pool to start; see [`crate::fitting_pool`].
    pub pool: PoolOptions,
    /// The share of its quotas for the import; absent for a pool without quotas.
    pub quotas: Quotas,
    /// People whose passwords are known.
    pub canaries: Vec<Canary>,
    /// What a shadow check has seen so far, where there was one.
    pub shadow: Option<ShadowTally>,
    /// A folder for the import's journal; it holds usernames and can be removed afterwards.
    pub work_folder: PathBuf,
}

/// What kept a rehearsal from coming to a verdict.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The legacy database.
    #[error("the legacy database cannot be read")]
    Legacy(#[from] LegacyError),
    /// The local pool did not start.
    #[error("the local pool did not start")]
    PoolStart(#[from] RehearsalPoolError),
    /// The local pool's address cannot be used.
    #[error("the local pool has no usable address")]
    Address(#[from] AddressError),
    /// A call to the local pool went wrong in a way that is no finding.
    #[error("the local pool did not answer as a pool does")]
    Pool(#[from] PoolError),
    /// Somebody asked to stop.
    #[error("stopped before the end")]
    Stopped,
    /// No temporary folder for the plan.
    #[error("no temporary folder can be made")]
    Folder(#[source] std::io::Error),
    /// The import ended early.
    #[error("the import did not come to its end")]
    Import(#[from] ImportError),
    /// The plan's own file was not there.
    #[error("the plan could not be read")]
    Plan(#[from] csv::Error),
}

/// The stages as they come to an end.
struct Stages<'a> {
    done: Vec<Stage>,
    begun: Instant,
    tell: &'a mut dyn FnMut(&Stage),
}

impl Stages<'_> {
    fn end(&mut self, name: &'static str, outcome: String) {
        let stage = Stage {
            name,
            outcome,
            seconds: self.begun.elapsed().as_secs_f64(),
        };
        (self.tell)(&stage);
        self.done.push(stage);
        self.begun = Instant::now();
    }
}

impl Conduct {
    /// Runs all stages; `tell` hears of each as it ends.
    ///
    /// # Errors
    ///
    /// What kept it from coming to a verdict. What it found is in the report instead.
    pub async fn run(self, mut tell: impl FnMut(&Stage)) -> Result<Report, RehearsalError> {
        let running = RehearsalPool::start(self.pool.clone()).await?;
        let ended = self.stages(&running, &mut tell).await;
        running.stop().await;
        self.legacy.close().await;
        ended
    }

    async fn stages(
        &self,
        running: &RunningPool,
        tell: &mut dyn FnMut(&Stage),
    ) -> Result<Report, RehearsalError> {
        let (started, begun) = (Utc::now(), Instant::now());
        let mut stages = Stages {
            done: Vec::new(),
            begun,
            tell,
        };

        let census = Census::take(&self.legacy, &self.config, started).await?;
        let inspected = format!(
            "{} users read, {} active, {} kinds of stored password",
            census.users,
            census.active,
            census.hashes.len()
        );
        stages.end("Legacy database inspected", inspected);
        let mut findings = census.findings.clone();
        let shadow = self.shadow_report(&census);
        if let Some(shadow) = &shadow {
            stages.end("Shadow check read", shadow.outcome());
            findings.extend(shadow.findings.clone());
        }

        let pool = self.writable_pool(running).await?;
        let app = App::new(&pool, running);
        let plan_users = self.work_folder.join("plan.csv");
        let (forecast, plan) = self.look_ahead(&pool, &plan_users).await?;
        stages.end("The import planned", planned_outcome(&plan, &forecast));
        let waiting = self.waiting_for_import(&plan_users).await?;
        let claim = self.legacy_id_attribute();
        let (sign_ins, found) = sign_ins::practise(&app, &self.canaries, &waiting, claim).await?;
        findings.extend(found);
        let right = sign_ins.iter().filter(|sign_in| sign_in.right).count();
        stages.end(
            "First sign-ins with the old passwords",
            format!("{right} of {} came out as expected", sign_ins.len()),
        );

        let picked = resets::pick(&self.legacy, &self.config, &self.canaries).await?;
        let mut resets = resets::practise(&app, &picked.before, "before the import").await?;
        stages.end(
            "Forgotten passwords, before the import",
            resets_outcome(&resets),
        );

        let import = self.import(&pool).await?;
        stages.end(
            "Everybody else imported",
            format!(
                "{} created ({} of them with their password, by import job), {} in the pool already, \
                 {} held, {} failed",
                import.created, import.hash_imported, import.already_in_pool, import.held, import.failed
            ),
        );
        findings.extend(import_findings(&import));
        let go = self.config.rehearsal.go.as_ref();
        let criteria = go.map_or_else(Vec::new, |go| go_criterion::judge(go, &import));
        findings.extend(go_criterion::findings(&criteria));

        let (imported_sign_ins, wrong) =
            by_job::practise(&app, &self.canaries, &waiting, claim).await?;
        if !imported_sign_ins.is_empty() {
            let right = imported_sign_ins.iter().filter(|sign_in| sign_in.right);
            let right = right.count();
            stages.end(
                "People whom import jobs took sign in",
                format!(
                    "{right} of {} with their old password",
                    imported_sign_ins.len()
                ),
            );
        }
        findings.extend(wrong);

        let again = self.import_again(&pool).await?;
        let outcome = match again {
            0 => "nothing changed".to_owned(),
            created => format!("{created} users were created a second time"),
        };
        stages.end("The import repeated", outcome);
        findings.extend((again > 0).then(|| second_import_finding(again)));

        let afterwards = resets::practise(&app, &picked.after, "after the import").await?;
        stages.end(
            "Forgotten passwords, after the import",
            resets_outcome(&afterwards),
        );
        resets.extend(afterwards);
        findings.extend(resets::findings(&resets, picked.passed_over));

        let kept = sign_ins::practise_again(&app, &self.canaries, &sign_ins).await?;
        stages.end(
            "The same people sign in again",
            format!("{} of {} with their old password", kept.right, kept.tried),
        );
        findings.extend(kept.findings());

        let ledger = self.import_run("rehearsal").ledger;
        let (added, comparison) =
            comparison::compare(&self.legacy, &self.config, &pool, &ledger).await?;
        stages.end(
            "Groups of those who signed in first",
            format!("{} added", count_of(added, "membership")),
        );
        stages.end("Both sides compared", comparison::outcome(&comparison));
        findings.extend(comparison::findings(&comparison));

        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(Report {
            format: REPORT_FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            started,
            seconds: begun.elapsed().as_secs_f64(),
            config_digest: self.config.digest(),
            engine: self
                .config
                .legacy
                .url
                .as_ref()
                .map_or("none", |url| url.engine()),
            sign_in: self.config.sign_in(),
            verdict: Verdict::of(&findings),
            stages: stages.done,
            findings,
            census,
            criteria,
            shadow,
            sign_ins,
            imported_sign_ins,
            forecast,
            resets,
            import,
            comparison,
            trigger: trigger_runs(&running.trigger_runs()),
            beliefs: running.beliefs().into(),
        })
    }

    /// The shadow check at the memory that the census recommends.
    fn shadow_report(&self, census: &Census) -> Option<ShadowReport> {
        let memory_mb = census.memory_size.as_ref();
        let memory_mb = memory_mb.and_then(|size| size.recommended_mb);
        let tally = self.shadow.as_ref()?;
        Some(ShadowReport::of(
            tally,
            &self.config.digest(),
            memory_mb.unwrap_or(ONE_CPU_MB),
            census.last_login.first().map_or(0, |span| span.users),
        ))
    }

    async fn writable_pool(
        &self,
        running: &RunningPool,
    ) -> Result<WritableUserPool, RehearsalError> {
        let endpoint = Some(running.endpoint());
        let address = PoolAddress::new(running.region(), running.user_pool_id(), endpoint)?;
        let permission = WritePermission::for_own_local_pool(&address);
        let pool = UserPool::connect(address, self.quotas.clone(), Patience::NONE).await;
        // Our own pool listens on loopback unless its options were tampered with.
        permission
            .map(|permission| pool.allow_writes(permission))
            .ok_or(RehearsalError::Address(AddressError::EndpointUrl))
    }

    /// The claim of the ID token that carries the legacy primary key.
    fn legacy_id_attribute(&self) -> Option<&str> {
        let id_column = self.config.legacy.columns.resolve("id");
        self.config
            .mapping
            .attributes
            .legacy_id_attribute(id_column)
    }

    /// Who would come by in which week, and what an import would do now; `plan_users` takes its plan, a
    /// row a user.
    async fn look_ahead(
        &self,
        pool: &WritableUserPool,
        plan_users: &Path,
    ) -> Result<(Forecast, Plan), RehearsalError> {
        let control = RunControl::new();
        let question = ForecastQuestion {
            // The local pool may have none; the move will.
            quotas: Quotas::defaults(Share::HALF),
            ..ForecastQuestion::default()
        };
        let (legacy, config) = (&self.legacy, &self.config);
        let forecast =
            forecast::before_the_switch(legacy, config, pool, &question, &control).await?;
        let run = self.import_run("rehearsal");
        let users = Some(plan_users);
        let plan = bulk_import::plan(legacy, config, pool, &run, users, &control).await?;
        Ok((forecast, plan))
    }

    /// Canaries whom an import job is to take with their hash, if the routes allow that.
    async fn waiting_for_import(
        &self,
        plan_users: &Path,
    ) -> Result<BTreeSet<usize>, RehearsalError> {
        if !self.config.import.routes.allows(Route::HashImport) {
            return Ok(BTreeSet::new());
        }
        let routes = PlannedRoutes::read(plan_users, &self.canaries)?;
        Ok(by_job::pick(&self.legacy, &self.config, &self.canaries, &routes).await?)
    }

    async fn import(&self, pool: &WritableUserPool) -> Result<Import, RehearsalError> {
        let run = self.import_run("rehearsal");
        let (control, begun) = (RunControl::new(), Instant::now());
        let plan =
            bulk_import::plan(&self.legacy, &self.config, pool, &run, None, &control).await?;
        let control = RunControl::new();
        let summary = bulk_import::import(&self.legacy, &self.config, pool, &run, &control).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let status = RunStatus::read(&run.directory, &run.name)
            .await
            .map_err(ImportError::from)?;
        let reasons = status.reasons.iter().filter_map(|count| {
            let reason = count.reason?;
            Some(ReasonCount {
                outcome: count.outcome.clone(),
                reason: reason.code().to_owned(),
                users: count.users,
                next_step: reason.next_step().to_owned(),
            })
        });
        Ok(Import {
            read: summary.read,
            created: summary.created,
            hash_imported: summary.hash_imported,
            already_in_pool: summary.already_in_pool,
            held: summary.held,
            failed: summary.failed,
            complete: summary.complete,
            reasons: reasons.collect(),
            #[expect(
                clippy::cast_precision_loss,
                reason = "a rate needs no more than 52 bits"
            )]
            rate: summary.created as f64 / seconds.max(f64::EPSILON),
            password_resets: plan.losing_password,
            without_verified_contact: plan.without_contact,
        })
    }

    /// A second import under another name must find nothing to do; returns what it created.
    async fn import_again(&self, pool: &WritableUserPool) -> Result<u64, RehearsalError> {
        let (run, control) = (self.import_run("rehearsal-again"), RunControl::new());
        let summary = bulk_import::import(&self.legacy, &self.config, pool, &run, &control).await?;
        Ok(summary.created)
    }

    fn import_run(&self, name: &str) -> ImportRun {
        ImportRun {
            // The rehearsal plays the end of the window: whoever has not signed in is imported.
            approve_password_reset: true,
            ..ImportRun::new(
                name.parse().expect("both names are well-formed"),
                &self.work_folder,
            )
        }
    }
}

fn planned_outcome(plan: &Plan, forecast: &Forecast) -> String {
    let rest = &forecast.rest;
    format!(
        "{} would lose a password if the window closed now, about {} after {} weeks",
        count_of(plan.losing_password, "user"),
        rest.password_lost,
        rest.week
    )
}

fn resets_outcome(resets: &[crate::report::Reset]) -> String {
    let right = resets.iter().filter(|reset| reset.right).count();
    format!(
        "{right} of {} got a code, set a new password and signed in",
        resets.len()
    )
}

fn import_findings(import: &Import) -> Vec<Finding> {
    let mut findings = Vec::new();
    let balance = import.created + import.already_in_pool + import.held + import.failed;
    if !import.complete || import.read != balance {
        findings.push(Finding {
            severity: Severity::Blocker,
            code: "import-incomplete",
            subject: "the import".to_owned(),
            message: "its accounts do not close: some users have no outcome".to_owned(),
            next_step: "run the rehearsal again and keep its output for a bug report".to_owned(),
        });
    }
    for count in &import.reasons {
        let severity = match count.outcome.as_str() {
            "failed" => Severity::Blocker,
            "held" => Severity::Warning,
            _ => continue,
        };
        findings.push(Finding {
            severity,
            code: count
                .reason
                .parse()
                .map_or("unknown-reason", |r: Reason| r.code()),
            subject: format!(
                "{} {} by the import",
                count_of(count.users, "user"),
                count.outcome
            ),
            message: meaning(&count.reason),
            next_step: without_full_stop(&count.next_step),
        });
    }
    if import.without_verified_contact > 0 {
        findings.push(Finding {
            severity: Severity::Warning,
            code: "no-verified-contact",
            subject: count_of(import.without_verified_contact, "imported user"),
            message:
                "no reset code can reach them: they have lost the password and cannot set a new one"
                    .to_owned(),
            next_step: "let them sign in during the window, or set [legacy] email_verified if the \
                        addresses were confirmed"
                .to_owned(),
        });
    }
    findings
}

fn meaning(code: &str) -> String {
    let reason: Option<Reason> = code.parse().ok();
    without_full_stop(reason.map_or(code, |reason| reason.meaning()))
}

fn second_import_finding(created: u64) -> Finding {
    Finding {
        severity: Severity::Blocker,
        code: "import-not-repeatable",
        subject: count_of(created, "user"),
        message: "a second import created them again".to_owned(),
        next_step: "run the rehearsal again and keep its output for a bug report".to_owned(),
    }
}

fn trigger_runs(runs: &[TriggerRun]) -> TriggerRuns {
    let runs: Vec<&TriggerRun> = runs.iter().filter(|run| is_migration(run)).collect();
    let mut times: Vec<_> = runs
        .iter()
        .map(|run| run.duration.as_secs_f64() * 1000.0)
        .collect();
    times.sort_by(f64::total_cmp);
    TriggerRuns {
        runs: runs.len() as u64,
        median_ms: times.get(times.len() / 2).copied().unwrap_or(0.0),
        slowest_ms: times.last().copied().unwrap_or(0.0),
        cold_starts: runs.iter().filter(|run| run.cold).count() as u64,
    }
}
