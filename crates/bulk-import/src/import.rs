//! Conducts a run from the first look at the pool to the accounts: plan, groups, users, summary.
//! The crate's front door, called by the command line and by the rehearsal.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use cognito_user_pool::{Disposition, PoolDescription, PoolError, UserPool, WritableUserPool};
use legacy_users::LegacyDatabase;
use migration_model::{Config, Finding, HashForms, ImportPolicy, Reason, Route, Severity};
use tracing::Instrument;

use crate::apply::{Applied, Apply};
use crate::control::{RunControl, Stop};
use crate::decider::Decider;
use crate::final_state::FinalState;
use crate::hash_import::{HashImport, HashImported};
use crate::id_proof::IdProof;
use crate::import_error::ImportError;
use crate::journal::{
    Header, Journal, JournalWriter, Lesson, Pending, Target, divided_differently,
};
use crate::ledger::{Hold, Ledger, PoolIdentity, known_hash_forms};
use crate::legacy_identity::LegacyIdentity;
use crate::password_flows;
use crate::plan::{Plan, PlanCount, PlannedGroup};
use crate::planner::{PlanPolicy, Planned, Planner, content_key};
use crate::pool_fit::PoolFit;
use crate::progress::{Phase, Waiting};
use crate::reviewed_plan::{PlanBinding, ReviewedPlan};
use crate::settings::ImportRun;
use crate::summary::Summary;
use crate::temporary_passwords::{PasswordsFileError, TemporaryPasswords};
use crate::user_steps::{Health, UserSteps};
use crate::waiting::waiting;

/// How often the reason for waiting is looked for outside the importing phase.
const TELL_WAITING: Duration = Duration::from_millis(500);

/// Plans an import without writing anything to the pool or the ledger: what a dry run prints. `users`
/// is a file for one CSV row a user.
///
/// # Errors
///
/// What would keep the import from starting.
pub async fn plan(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &UserPool,
    run: &ImportRun,
    users: Option<&std::path::Path>,
    control: &RunControl,
) -> Result<Plan, ImportError> {
    let description = pool.describe_user_pool().await?;
    let fit =
        PoolFit::of(&config.mapping, &description)?.in_state(run.final_state, &description)?;
    let identity = PoolIdentity::of(pool.address(), &description);
    let first = Header::new(target(legacy, config, pool, &description, run).await?);
    if let Ok(mut begun) = Journal::read(&run.directory, &run.name).await {
        check_same_run(&begun.header().await?, &first, run)?;
    }
    let mut journal = Journal::temporary(Some(&run.ledger.path(&identity))).await?;
    let mut header = first;
    let policy = policy(config, run);
    let forms = forms(pool, run, &run.ledger.path(&identity)).await?;
    let decider = Decider::new(config, &fit.mapping, &description, policy.clone()).for_forms(forms);
    let proof = IdProof::of(pool, decider.legacy_id_attribute).await?;
    let planner = Planner {
        legacy,
        pool,
        description: &description,
        mapping: &fit.mapping,
        identities: &config.identities,
        decider: &decider,
        ids_are_proof: proof.is_proof,
        claims: run.claims.as_deref(),
        control,
    };
    bind(&mut journal, run, legacy, &decider).await?;
    let mut findings = fit.findings;
    findings.extend(proof.finding);
    findings.extend(legacy.group_facts().await?);
    findings.extend(excluded(legacy).await?);
    if let Planned::Complete(more) = planner.plan(&mut journal, &mut header, None).await? {
        findings.extend(more);
    }
    let counts = journal.plan_counts().await?;
    let binding = binding(&mut journal, &header, &policy).await?;
    let groups = journal.missing_groups().await?;
    let quotas = pool.quotas();
    if let Some(path) = users {
        journal.write_users(path).await?;
    }
    let creations = journal.content_keys(header.generation).await?;
    let mut plan = Plan::new(run.name.clone(), binding, counts, groups, &quotas, findings);
    plan.creations = creations;
    plan.findings.extend(strangers(&plan.counts));
    if plan.hash_import > 0 {
        plan.findings.extend(password_flows::finding(pool).await?);
    }
    let invited = plan.to_create.saturating_sub(plan.disabled());
    plan.findings
        .extend(run.final_state.findings(invited, &description));
    plan.findings.extend(job_blocker(config, pool, run));
    plan.findings
        .extend(unused_precedence(config, &plan.groups));
    if let Some(reviewed) = &run.reviewed_plan {
        let differences = reviewed.differences(&plan.binding);
        if !differences.is_empty() {
            return Err(ImportError::PlanDiffers { differences });
        }
    }
    Ok(plan)
}

/// What is known of this pool: what a trial taught; else the local one takes all forms, and of
/// Cognito it is to be tried.
async fn forms(
    pool: &UserPool,
    run: &ImportRun,
    ledger: &std::path::Path,
) -> Result<HashForms, ImportError> {
    if let Some(forms) = run.hash_forms {
        return Ok(forms);
    }
    let believed = match pool.address().is_loopback() {
        true => HashForms::ALL,
        false => HashForms::default(),
    };
    Ok(known_hash_forms(ledger, believed).await?)
}

fn blocked(
    config: &Config,
    pool: &UserPool,
    run: &ImportRun,
    others: &[Finding],
) -> Result<(), ImportError> {
    let findings: Vec<Finding> = job_blocker(config, pool, run)
        .into_iter()
        .chain(others.iter().cloned())
        .collect();
    match findings.is_empty() {
        true => Ok(()),
        false => Err(ImportError::Blocked { findings }),
    }
}

/// Rows that are nobody to be moved.
async fn excluded(legacy: &LegacyDatabase) -> Result<Option<Finding>, ImportError> {
    let rows = legacy.count_excluded().await?;
    Ok((rows > 0).then(|| Finding {
        severity: Severity::Note,
        code: "excluded-by-where",
        subject: "[legacy] where".to_owned(),
        message: format!("{rows} rows of the user table are left out, and cannot sign in."),
        next_step: "Nothing, if these are the bots, the deleted and the like.".to_owned(),
    }))
}

/// Import jobs want a role for their log.
fn job_blocker(config: &Config, pool: &UserPool, run: &ImportRun) -> Option<Finding> {
    let routes = run.routes.unwrap_or(config.import.routes);
    let role = config
        .pool
        .as_ref()
        .and_then(|pool| pool.import_role_arn.as_ref());
    let missing =
        routes.allows(Route::HashImport) && role.is_none() && !pool.address().is_loopback();
    missing.then(|| Finding {
        severity: Severity::Blocker,
        code: "import-role-missing",
        subject: "[pool] import_role_arn".to_owned(),
        message: "Import jobs are among the routes, and Cognito writes their log with a role that \
                  is not given."
            .to_owned(),
        next_step: "Name the role, or leave hash-import out of [import] routes.".to_owned(),
    })
}

/// Keeps the plan to the users of the reviewed one, or to the one user of a trial.
async fn bind(
    journal: &mut Journal,
    run: &ImportRun,
    legacy: &LegacyDatabase,
    decider: &Decider<'_>,
) -> Result<(), ImportError> {
    let Some(id) = &run.only else {
        let keys = run.reviewed_plan.as_ref().map(ReviewedPlan::creations);
        return Ok(journal.bind_to_reviewed(keys.unwrap_or_default()).await?);
    };
    let ids = std::slice::from_ref(id);
    let mut accounts = std::collections::HashMap::new();
    if decider.identities.are_carried() {
        accounts = legacy.social_accounts(ids).await?;
    }
    let accounts = accounts.remove(id).unwrap_or_default();
    let users = legacy.users_by_ids(ids).await?;
    let keys: Vec<i64> = users
        .iter()
        .map(|user| content_key(&id.to_string(), &decider.decide(user, &accounts)))
        .collect();
    if keys.is_empty() {
        // To be bound to nobody would be to be bound to nothing.
        return Err(ImportError::NobodyToTry);
    }
    Ok(journal.bind_to_reviewed(&keys).await?)
}

/// People whose name somebody has in the pool who is not known to be them.
fn strangers(counts: &[PlanCount]) -> Option<Finding> {
    let held = counts
        .iter()
        .filter(|count| count.reason == Some(Reason::NameTakenByStranger));
    let users: u64 = held.map(|count| count.users).sum();
    (users > 0).then(|| Finding {
        severity: Severity::Warning,
        code: "name-taken-by-stranger",
        subject: "user pool".to_owned(),
        message: format!(
            "{users} legacy users' names are taken in the pool, and nothing proves by whom: they are \
             held, and cannot sign in."
        ),
        next_step: "Look at them (`cutover status --outcomes FILE`), and delete or rename the pool's \
                    users who are somebody else."
            .to_owned(),
    })
}

/// Names under `[groups] precedence` that no group bears.
fn unused_precedence(config: &Config, groups: &[PlannedGroup]) -> Option<Finding> {
    let names = config.mapping.groups.precedence.keys();
    let unused = names.filter(|name| groups.iter().all(|group| group.name != **name));
    let unused: Vec<&str> = unused.map(String::as_str).collect();
    (!unused.is_empty()).then(|| Finding {
        severity: Severity::Note,
        code: "precedence-unused",
        subject: "[groups] precedence".to_owned(),
        message: format!("No user to be created is in {}.", unused.join(", ")),
        next_step: "Check the names: they are Cognito's, such as Content%20Editors.".to_owned(),
    })
}

/// Imports, or goes on with a run that was stopped.
///
/// Returns normally also when [`RunControl::stop`] ended it early; the summary then is not
/// complete.
///
/// # Errors
///
/// What kept the run from starting or going on; see [`ImportError::class`]. Everything done
/// until then is recorded.
pub async fn import(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &WritableUserPool,
    run: &ImportRun,
    control: &RunControl,
) -> Result<Summary, ImportError> {
    let span = tracing::info_span!("import", run = run.name.as_str());
    tokio::select! {
        // Boxed: the phases together are more than a thread's stack should hold.
        ended = Box::pin(phases(legacy, config, pool, run, control)).instrument(span) => ended,
        never = obey_pauses(pool, control) => match never {},
        never = tell_waiting(pool, control) => match never {},
    }
}

/// Says why the phases wait that have nothing to count meanwhile; `apply` says it of its own.
async fn tell_waiting(pool: &UserPool, control: &RunControl) -> Infallible {
    let mut tick = tokio::time::interval(TELL_WAITING);
    loop {
        tick.tick().await;
        let reason = waiting(control, pool, 1);
        control.show(|progress| {
            if progress.phase != Phase::Importing
                && progress.waiting != Some(Waiting::LegacyUnavailable)
            {
                progress.waiting = reason;
            }
        });
    }
}

/// Holds the pool's calls back for as long as the run is paused.
async fn obey_pauses(pool: &UserPool, control: &RunControl) -> Infallible {
    let mut pauses = control.pauses();
    loop {
        let paused = *pauses.borrow_and_update();
        // While users are created nobody new is begun, and whoever is begun is finished.
        let importing = control.progress().borrow().phase == Phase::Importing;
        pool.set_paused(paused && !importing);
        // Cannot fail while the control is borrowed.
        let _ = pauses.changed().await;
    }
}

async fn phases(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &WritableUserPool,
    run: &ImportRun,
    control: &RunControl,
) -> Result<Summary, ImportError> {
    let description = pool.describe_user_pool().await?;
    let fit =
        PoolFit::of(&config.mapping, &description)?.in_state(run.final_state, &description)?;
    if run.final_state == FinalState::ForceChange && run.passwords_file.is_none() {
        return Err(PasswordsFileError::NoFile.into());
    }
    if let Some(difference) = divided_differently(&run.directory, &run.name) {
        return Err(ImportError::DifferentRun {
            run: run.name.as_str().to_owned(),
            differences: vec![difference],
        });
    }
    let identity = PoolIdentity::of(pool.address(), &description);
    let first = Header::new(target(legacy, config, pool, &description, run).await?);
    let hold = match run.shard {
        Some(_) => Hold::WithShards,
        None => Hold::Alone,
    };
    let ledger = Ledger::open_or_begin(&run.ledger, &identity, hold).await?;
    let mut journal = Journal::open_or_begin(&run.directory, &run.name, &first, &ledger).await?;
    let mut header = journal.header().await?;
    check_same_run(&header, &first, run)?;
    if let Some(difference) = ledger.bind_legacy(&first.target.legacy).await? {
        return Err(ImportError::DifferentRun {
            run: run.name.as_str().to_owned(),
            differences: vec![difference],
        });
    }
    journal.teach_ledger(&run.name).await?;
    let policy = policy(config, run);
    let policy_text = policy.recorded();
    if run.retry_failed {
        journal.retry_failed().await?;
    }
    let forms = forms(pool, run, &ledger.path).await?;
    let decider = Decider::new(config, &fit.mapping, &description, policy.clone()).for_forms(forms);
    let proof = IdProof::of(pool, decider.legacy_id_attribute).await?;
    let planner = Planner {
        legacy,
        pool,
        description: &description,
        mapping: &fit.mapping,
        identities: &config.identities,
        decider: &decider,
        ids_are_proof: proof.is_proof,
        claims: run.claims.as_deref(),
        control,
    };
    let jobs = HashImport {
        legacy,
        config,
        mapping: &fit.mapping,
        pool,
        description: &description,
        decider: &decider,
        ids_are_proof: proof.is_proof,
        keeps_to_plan: run.reviewed_plan.is_some(),
        base_key: &ledger.key,
        claims: run.claims.as_deref(),
        control,
        run: run.name.as_str(),
    };
    // People must not lose what they may do, nor get what others may.
    let mut legacy_blockers = legacy.group_facts().await?;
    legacy_blockers.retain(|finding| finding.severity == Severity::Blocker);
    // Before anything is planned: whom a job of an earlier start made is in the pool by us.
    if jobs.settle_open(&mut journal).await? == HashImported::Stopped {
        return finish(journal, header, run, control).await;
    }
    bind(&mut journal, run, legacy, &decider).await?;
    // What changed between plan and write is planned anew; whoever keeps changing is left to the
    // next start.
    for _ in 0..PLANS_A_START {
        header.policy = Some(policy_text.clone());
        let lesson = lesson(pool, run);
        let planning = planner.plan(&mut journal, &mut header, Some(lesson));
        let planned = planning.instrument(tracing::info_span!("plan")).await?;
        let mut stopped = matches!(planned, Planned::Stopped);
        if !stopped {
            check(&mut journal, &mut header, &policy, run, &description).await?;
            blocked(config, pool, run, &legacy_blockers)?;
            let creating = create_groups(&mut journal, pool, control);
            let created = creating.instrument(tracing::info_span!("create groups"));
            stopped = created.await? == Groups::Stopped;
        }
        if !stopped {
            let importing = jobs.run(&mut journal, &header);
            let imported = importing.instrument(tracing::info_span!("import jobs"));
            stopped = imported.await? == HashImported::Stopped;
        }
        if stopped {
            break;
        }
        let created = Run {
            legacy,
            config,
            pool,
            run,
            control,
            description: &description,
            decider: &decider,
            ledger: &ledger,
            ids_are_proof: proof.is_proof,
        };
        let creating = created.users(journal, &header);
        let span = tracing::info_span!("create users");
        journal = creating.instrument(span).await?;
        let goes_on = control.stopping() == Stop::No;
        if !goes_on || journal.changed_since_plan().await? == 0 {
            break;
        }
    }
    finish(journal, header, run, control).await
}

/// Plans of one start.
const PLANS_A_START: usize = 2;

/// How long ListUsers may lack a user who was just created.
const LISTED_AFTER: chrono::Duration = chrono::Duration::minutes(10);

fn lesson(pool: &UserPool, run: &ImportRun) -> Lesson {
    let now = pool.server_time();
    let text = |time: chrono::DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    Lesson {
        run: run.name.as_str().to_owned(),
        now: text(now),
        settled: text(now.checked_sub_signed(LISTED_AFTER).unwrap_or(now)),
    }
}

/// Whether the plan is the one that was reviewed, and whether anything stands in its way. A plan
/// that is not, is forgotten: the next start makes it anew.
async fn check(
    journal: &mut Journal,
    header: &mut Header,
    policy: &PlanPolicy,
    run: &ImportRun,
    description: &PoolDescription,
) -> Result<(), ImportError> {
    let counts = journal.plan_counts().await?;
    let open = counts.iter().filter(|count| count.outcome.is_none());
    let invited = open
        .map(|count| count.users.saturating_sub(count.disabled))
        .sum();
    let mut findings = run.final_state.findings(invited, description);
    findings.retain(|finding| finding.severity == Severity::Blocker);
    let mut differences = Vec::new();
    if let Some(reviewed) = &run.reviewed_plan {
        let binding = binding(journal, header, policy).await?;
        differences = reviewed.differences(&binding);
    }
    if findings.is_empty() && differences.is_empty() {
        return Ok(());
    }
    header.plan_complete = false;
    journal.set_header(header).await?;
    Err(match differences.is_empty() {
        true => ImportError::Blocked { findings },
        false => ImportError::PlanDiffers { differences },
    })
}

/// What a plan in the journal has to have in common with a reviewed one.
async fn binding(
    journal: &mut Journal,
    header: &Header,
    policy: &PlanPolicy,
) -> Result<PlanBinding, ImportError> {
    let target = &header.target;
    Ok(PlanBinding {
        region: target.region.clone(),
        user_pool_id: target.user_pool_id.clone(),
        is_local: target.is_local,
        shard: target.shard.map(|shard| shard.to_string()),
        config_digest: target.config_digest.clone(),
        policy: policy.planned(),
        creations_digest: journal.creations_digest(header.generation).await?,
    })
}

/// What one phase after the other needs.
struct Run<'a> {
    legacy: &'a LegacyDatabase,
    config: &'a Config,
    pool: &'a WritableUserPool,
    run: &'a ImportRun,
    control: &'a RunControl,
    description: &'a PoolDescription,
    decider: &'a Decider<'a>,
    ledger: &'a Ledger,
    ids_are_proof: bool,
}

impl Run<'_> {
    /// Creates the users who are pending.
    async fn users(&self, journal: Journal, header: &Header) -> Result<Journal, ImportError> {
        let mut reader = journal.reader().await?;
        let total = reader.pending().await?;
        self.control.show(|progress| {
            (progress.phase, progress.done, progress.total) = (Phase::Importing, 0, total);
        });
        let pending = Pending::new(reader, header.key_kind);
        let minimum_password_length = self.description.password_policy.minimum_length;
        let temporary_passwords = TemporaryPasswords::new(minimum_password_length);
        if self.run.final_state == FinalState::ForceChange {
            let file = self.run.passwords_file.as_ref();
            let file = file.ok_or(PasswordsFileError::NoFile)?;
            let everybody = Pending::new(journal.reader().await?, header.key_kind);
            if let Some(path) = temporary_passwords.write(file, everybody).await? {
                tracing::info!(file = %path.display(), "wrote the temporary passwords");
            }
        }
        let writer = JournalWriter::start(journal);
        let id_attribute = self.decider.legacy_id_attribute;
        // Whoever is begun is finished, paused or not.
        self.pool.set_paused(false);
        let steps = Arc::new(UserSteps {
            pool: self.pool.clone(),
            journal: writer.handle(),
            control: self.control.clone(),
            final_state: self.run.final_state,
            takes_users_without_password: self.description.takes_users_without_password(),
            temporary_passwords,
            minimum_password_length,
            legacy_id_attribute: id_attribute.map(str::to_owned),
            ids_are_proof: self.ids_are_proof,
            run: self.run.name.as_str().to_owned(),
            base_key: self.ledger.key.clone(),
            claims: self.run.claims.clone(),
            health: Health::default(),
            group_precedence: self.config.mapping.groups.precedence.clone(),
        });
        let apply = Apply {
            legacy: self.legacy,
            decider: self.decider,
            identities: &self.config.identities,
            keeps_to_plan: self.run.reviewed_plan.is_some(),
            steps,
            control: self.control,
            most_in_work: self.run.concurrency,
            total,
        };
        let applied = apply.run(pending).await;
        drop(apply);
        // The journal's own trouble comes first: the rest may follow from it.
        let journal = writer.finish().await?;
        match applied? {
            Applied::All | Applied::Stopped | Applied::JournalGone => Ok(journal),
        }
    }
}

pub(crate) fn policy(config: &Config, run: &ImportRun) -> PlanPolicy {
    PlanPolicy {
        routes: ImportPolicy {
            approve_password_reset: run.approve_password_reset,
            inactive: config.import.inactive,
            routes: run.routes.unwrap_or(config.import.routes),
            weak_password: config.trigger.weak_password,
            asks_elsewhere: config.trigger.external.is_some(),
        },
        keep: run.keep_for_first_login.clone(),
        as_of: run
            .reviewed_plan
            .as_ref()
            .map_or_else(Utc::now, |plan| plan.as_of()),
        final_state: run.final_state,
        shard: run.shard,
    }
}

async fn target(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &UserPool,
    description: &PoolDescription,
    run: &ImportRun,
) -> Result<Target, ImportError> {
    let address = pool.address();
    Ok(Target {
        region: address.region().to_owned(),
        user_pool_id: address.user_pool_id().to_owned(),
        is_local: address.is_loopback(),
        pool_created: description.created,
        legacy: LegacyIdentity::of(legacy, config).await?,
        config_digest: config.digest(),
        shard: run.shard,
        final_state: run.final_state,
    })
}

/// Holds the run as it was begun against what is asked for now.
fn check_same_run(begun: &Header, asked: &Header, run: &ImportRun) -> Result<(), ImportError> {
    let differences = begun.target.differences(&asked.target);
    let run = run.name.as_str().to_owned();
    if !differences.is_empty() {
        return Err(ImportError::DifferentRun { run, differences });
    }
    if begun.undone {
        return Err(ImportError::Undone { run });
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Groups {
    Created,
    Stopped,
}

/// Creates the groups that users will be added to, before any user needs one.
async fn create_groups(
    journal: &mut Journal,
    pool: &WritableUserPool,
    control: &RunControl,
) -> Result<Groups, ImportError> {
    let missing = journal.missing_groups().await?;
    let total = u64::try_from(missing.len()).unwrap_or(0);
    control.show(|progress| {
        (progress.phase, progress.done, progress.total) = (Phase::CreatingGroups, 0, total);
    });
    for group in missing {
        let mut attempts = pool.patience().begin();
        loop {
            if control.stopping() != Stop::No {
                return Ok(Groups::Stopped);
            }
            let create = pool.create_group(&group.name, &group.description, group.precedence);
            let error: PoolError = match create.await {
                Ok(_) => break,
                Err(error) => error,
            };
            if error.disposition() != Disposition::Retry {
                return Err(error.into());
            }
            tokio::select! {
                waited = attempts.pause_after(error) => waited?,
                () = control.stop_asked() => return Ok(Groups::Stopped),
            }
        }
        journal.group_created(&group.name).await?;
        control.show(|progress| progress.done += 1);
    }
    Ok(Groups::Created)
}

async fn finish(
    mut journal: Journal,
    mut header: Header,
    run: &ImportRun,
    control: &RunControl,
) -> Result<Summary, ImportError> {
    let mut reader = journal.reader().await?;
    let pending = reader.pending().await?;
    let reasons = reader.reasons().await?;
    let hash_imported = reader.hash_imported().await?;
    let complete = header.plan_complete && pending == 0;
    if complete && !header.finished {
        header.finished = true;
        journal.set_header(&header).await?;
    }
    control.show(|progress| progress.phase = Phase::Finished);
    tracing::debug!(journal = %journal.path().display(), complete, "the run has ended");
    Ok(Summary::from_counts(
        run.name.clone(),
        &reasons,
        hash_imported,
        pending,
        complete,
    ))
}
