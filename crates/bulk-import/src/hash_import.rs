//! Creates users by import jobs, with their hashes: one job after the other, each of one
//! algorithm. Conducts what a job needs from its file to the account of its rows; the file is
//! written by `file_writer`, what is remembered stands in `journal::import_jobs`, and what is left
//! to do for users whom a job made (groups, identities) is done by `user_steps` as for any other.
//!
//! So that a crash between any two instructions can be resumed:
//!
//! 1. the job and its rows go to disk;
//! 2. CreateUserImportJob, and the file to its address. Nobody is imported yet: a run that ends
//!    here forgets the job, which expires by itself;
//! 3. that it starts goes to disk, then StartUserImportJob. From here on the job may be at work,
//!    and the next run waits for its end;
//! 4. the pool is read and each row is settled: made by the job, there by another way, or missing.
//!
//! Called by `import`.

mod file_writer;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use cognito_user_pool::{
    Disposition, Effect, ImportFile, ImportJob, ImportJobRequest, ImportJobStatus, PoolDescription,
    PoolFault, UserRecord, UserStatus, WritableUserPool,
};
use django_password::{CognitoAlgorithm, CognitoHash};
use futures::{TryStreamExt, pin_mut};
use legacy_users::LegacyDatabase;
use migration_model::{
    Config, LegacyId, LegacyUser, PoolSignIn, PoolUser, Reason, Route, SocialAccount, UserMapping,
};
use serde::Serialize;

use crate::control::{RunControl, Stop};
use crate::decider::Decider;
use crate::import_error::ImportError;
use crate::journal::{
    Header, JobEnd, JobFacts, JobRow, Journal, Made, Missing, OpenJob, Pending, PendingUser,
};
use crate::ledger::{Base, BaseKey};
use crate::legacy_patience::LegacyPatience;
use crate::planner::content_key;
use crate::progress::Phase;
use crate::text_key::{Folding, text_key};
use file_writer::{FileWriter, NotWritten};
use migration_claims::{Claims, Confirmed};

pub(crate) use file_writer::Mark;

/// Users read from journal and legacy database at a time.
const PAGE: i64 = 2_000;
/// Users of the pool written to the journal at a time.
const POOL_BATCH: usize = 3_000;
const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_secs(15);
/// How often the pool is read again while it shows fewer users than the job says it made: ListUsers
/// is eventually consistent.
const LOOKS: u32 = 5;
/// The local pool writes no logs, but its API wants the parameter.
const LOCAL_ROLE: &str = "arn:aws:iam::000000000000:role/no-logs";

/// A user of the pool as a row of a job is held against them.
#[derive(Debug, Serialize)]
pub(crate) struct FoundUser {
    name_key: i64,
    id_key: Option<i64>,
    mark: Option<i64>,
    sub: Option<String>,
    username: String,
}

/// Whether users still wait for a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HashImported {
    All,
    Stopped,
}

/// What import jobs need.
pub(crate) struct HashImport<'a> {
    pub(crate) legacy: &'a LegacyDatabase,
    pub(crate) config: &'a Config,
    pub(crate) mapping: &'a UserMapping,
    pub(crate) pool: &'a WritableUserPool,
    pub(crate) description: &'a PoolDescription,
    pub(crate) decider: &'a Decider<'a>,
    /// Whether the legacy id attribute proves who a pool user is.
    pub(crate) ids_are_proof: bool,
    /// Whether groups and attributes must be those of the plan, because somebody reviewed it.
    pub(crate) keeps_to_plan: bool,
    pub(crate) base_key: &'a BaseKey,
    pub(crate) claims: Option<&'a Claims>,
    pub(crate) control: &'a RunControl,
    pub(crate) run: &'a str,
}

/// A file and the algorithm of its hashes.
struct Prepared {
    job: OpenJob,
    algorithm: CognitoAlgorithm,
    file: ImportFile,
}

/// How far a job got.
enum Ended {
    /// To its end, of whatever kind.
    Over(ImportJob),
    /// Never started and never will be.
    Forgotten,
    /// Somebody asked to stop at once; the next run goes on with it.
    Left,
}

impl HashImport<'_> {
    /// Imports whoever is planned to go by import job.
    pub(crate) async fn run(
        &self,
        journal: &mut Journal,
        header: &Header,
    ) -> Result<HashImported, ImportError> {
        loop {
            if self.settle_open(journal).await? == HashImported::Stopped {
                return Ok(HashImported::Stopped);
            }
            if self.control.stopping() != Stop::No {
                return Ok(HashImported::Stopped);
            }
            if !self.decider.policy.routes.routes.allows(Route::HashImport) {
                // Nor is the pool asked for what it may not know, such as import jobs at all.
                return Ok(HashImported::All);
            }
            let Some(prepared) = self.prepare(journal, header).await? else {
                return Ok(match self.control.stopping() {
                    Stop::No => HashImported::All,
                    _ => HashImported::Stopped,
                });
            };
            let ended = self.start(journal, &prepared).await?;
            if self.account(journal, &prepared.job, ended).await? == HashImported::Stopped {
                return Ok(HashImported::Stopped);
            }
        }
    }

    /// Accounts for a job that an earlier run left, before anything is planned: its users are in
    /// the pool, or will be.
    pub(crate) async fn settle_open(
        &self,
        journal: &mut Journal,
    ) -> Result<HashImported, ImportError> {
        journal.begin_import_jobs().await?;
        while let Some(job) = journal.open_import_job().await? {
            let ended = match &job.job_id {
                Some(id) if job.starting => self.see_through(id).await?,
                _ => Ended::Forgotten,
            };
            if self.account(journal, &job, ended).await? == HashImported::Stopped {
                return Ok(HashImported::Stopped);
            }
        }
        Ok(HashImported::All)
    }

    fn role_arn(&self) -> &str {
        let pool = self.config.pool.as_ref();
        let role = pool.and_then(|pool| pool.import_role_arn.as_deref());
        role.unwrap_or(LOCAL_ROLE)
    }

    /// Writes the next file, and its rows to disk; `None` when nobody waits for a job.
    async fn prepare(
        &self,
        journal: &mut Journal,
        header: &Header,
    ) -> Result<Option<Prepared>, ImportError> {
        let columns = self.pool.get_csv_header().await?;
        // Somebody's own column: then it is the users' value, and no mark of ours.
        let mapped: HashSet<&str> = self
            .mapping
            .attributes
            .iter()
            .map(|(name, _)| name)
            .collect();
        let marked = !mapped.contains("updated_at") && columns.iter().any(|c| c == "updated_at");
        let mut pending = Pending::for_import_jobs(journal.reader().await?, header.key_kind);
        let mut patience = LegacyPatience::new(self.pool.patience(), self.control);
        let mut begun: Option<(OpenJob, CognitoAlgorithm, FileWriter)> = None;
        'pages: loop {
            if self.control.stopping() != Stop::No {
                break;
            }
            let page = pending.page(PAGE).await?;
            if page.is_empty() {
                break;
            }
            let ids: Vec<LegacyId> = page.iter().map(|user| user.legacy_id.clone()).collect();
            let Some(users) = patience.repeat(|| self.legacy.users_by_ids(&ids)).await? else {
                break;
            };
            let mut accounts = HashMap::new();
            if self.config.identities.are_carried() {
                let read = patience
                    .repeat(|| self.legacy.social_accounts(&ids))
                    .await?;
                let Some(read) = read else { break };
                accounts = read;
            }
            let users = users.into_iter().map(|user| (user.id.clone(), user));
            let mut users: HashMap<LegacyId, LegacyUser> = users.collect();
            let mut rows = Vec::with_capacity(page.len());
            for planned in page {
                let found = users.remove(&planned.legacy_id);
                let accounts = accounts.remove(&planned.legacy_id).unwrap_or_default();
                let (user, hash) = match self.decide(&planned, found, &accounts) {
                    Ok(decided) => decided,
                    Err(reason) => {
                        journal
                            .hold_before_job(planned.position, reason.code())
                            .await?;
                        continue;
                    }
                };
                let (_, algorithm, writer) = match &mut begun {
                    Some(begun) => begun,
                    None => {
                        let algorithm = hash.algorithm();
                        let job = journal.prepare_import_job(self.run, algorithm.as_str(), marked);
                        let job = job.await?;
                        let mark = marked.then_some(job.mark);
                        let mfa = self.description.mfa_required;
                        let writer = FileWriter::new(&columns, mark, mfa);
                        begun.insert((job, algorithm, writer))
                    }
                };
                if hash.algorithm() != *algorithm {
                    // Another job takes them.
                    continue;
                }
                match writer.add(&user, &hash) {
                    Ok(line) => rows.push(JobRow {
                        line,
                        position: planned.position,
                        base: Base::of(&user, self.base_key).to_text(),
                    }),
                    Err(NotWritten::NotCarriable) => {
                        let reason = Reason::AttributeNotCarriable.code();
                        journal.hold_before_job(planned.position, reason).await?;
                    }
                    Err(NotWritten::Full) => {
                        if let Some((job, _, _)) = &begun {
                            journal.add_import_rows(job.number, &rows).await?;
                        }
                        break 'pages;
                    }
                }
            }
            if let Some((job, _, writer)) = &begun {
                journal.add_import_rows(job.number, &rows).await?;
                let written = writer.rows();
                self.control.show(|progress| {
                    (progress.phase, progress.done) = (Phase::WritingImportFile, written);
                });
            }
        }
        let Some((job, algorithm, writer)) = begun else {
            return Ok(None);
        };
        if self.control.stopping() != Stop::No || writer.rows() == 0 {
            journal.abandon_import_job(job.number).await?;
            return Ok(None);
        }
        let file = writer.finish();
        tracing::info!(
            job = job.name,
            algorithm = algorithm.as_str(),
            bytes = file.len(),
            "wrote an import file"
        );
        Ok(Some(Prepared {
            job,
            algorithm,
            file,
        }))
    }

    /// The row as it is now, by present policy; a reason when it is not to go by a job after all.
    fn decide(
        &self,
        planned: &PendingUser,
        found: Option<LegacyUser>,
        accounts: &[SocialAccount],
    ) -> Result<(PoolUser, CognitoHash), Reason> {
        let mut user = found.ok_or(Reason::LegacyUserGone)?;
        user.email_shared = planned.email_shared;
        let decided = self.decider.decide(&user, accounts);
        let id = planned.legacy_id.to_string();
        let other_content =
            self.keeps_to_plan && planned.content_key != Some(content_key(&id, &decided));
        let other_names =
            decided.keys != planned.keys || decided.target.username != planned.username;
        if decided.routing.route != Route::HashImport || other_names || other_content {
            return Err(Reason::ChangedSincePlan);
        }
        let hash = decided.hash_import?;
        Ok((decided.target, hash))
    }

    /// Steps 2 and 3.
    async fn start(
        &self,
        journal: &mut Journal,
        prepared: &Prepared,
    ) -> Result<Ended, ImportError> {
        let Some(job) = self.create(prepared).await? else {
            return Ok(Ended::Forgotten);
        };
        let mut attempts = FIRST_POLL;
        loop {
            match self.pool.upload_import_file(&job, &prepared.file).await {
                Ok(()) => break,
                // The address is good for a quarter of an hour; then a new job is made.
                Err(error) if error.may_be_repeated() && attempts < LONGEST_POLL => {
                    tracing::debug!(%error, "sending the import file again");
                }
                Err(error) => return Err(ImportError::Upload(error)),
            }
            if !self.pause(attempts).await {
                return Ok(Ended::Forgotten);
            }
            attempts *= 2;
        }
        journal
            .import_job_starts(prepared.job.number, &job.id)
            .await?;
        self.see_through(&job.id).await
    }

    /// CreateUserImportJob; a job whose answer was lost is found by its name. `None` when somebody
    /// asked to stop.
    async fn create(&self, prepared: &Prepared) -> Result<Option<ImportJob>, ImportError> {
        let request = ImportJobRequest {
            name: &prepared.job.name,
            logs_role_arn: self.role_arn(),
            algorithm: Some(prepared.algorithm),
        };
        let mut attempts = self.pool.patience().begin();
        loop {
            let error = match self.pool.create_user_import_job(request).await {
                Ok(job) => return Ok(Some(job)),
                Err(error) => error,
            };
            let lost = error.effect() == Effect::Unknown;
            tokio::select! {
                waited = attempts.pause_after(error) => waited?,
                () = self.control.stop_asked() => return Ok(None),
            }
            if lost {
                let jobs = self.pool.list_user_import_jobs().await?;
                let ours = jobs.into_iter().find(|job| job.name == prepared.job.name);
                if ours.is_some() {
                    return Ok(ours);
                }
            }
        }
    }

    /// Starts a job, unless it is started, and waits for its end. A stop is passed on to Cognito.
    async fn see_through(&self, id: &str) -> Result<Ended, ImportError> {
        let mut pause = FIRST_POLL;
        let mut stop_sent = false;
        let mut told = false;
        loop {
            let job = match self.pool.describe_user_import_job(id).await {
                Ok(job) => job,
                Err(error) if error.fault() == PoolFault::ResourceNotFound => {
                    return Ok(Ended::Forgotten);
                }
                Err(error) => return Err(error.into()),
            };
            if job.status.is_over() {
                return Ok(match job.status {
                    ImportJobStatus::Expired => Ended::Forgotten,
                    _ => Ended::Over(job),
                });
            }
            let done = job.imported + job.skipped + job.failed;
            self.control.show(|progress| {
                (progress.phase, progress.done) = (Phase::ImportJob, done);
            });
            match self.control.stopping() {
                Stop::Now => return Ok(Ended::Left),
                Stop::No if job.status == ImportJobStatus::Created => {
                    match self.pool.start_user_import_job(id).await {
                        Ok(_) => pause = FIRST_POLL,
                        // Another job of the account is at work: ours waits its turn.
                        Err(error) if error.fault() == PoolFault::NotAllowed => {
                            if !told {
                                told = true;
                                tracing::warn!(
                                    job = job.name,
                                    "the import job waits: the account has another one at work"
                                );
                            }
                        }
                        Err(error) if error.disposition() == Disposition::Retry => {
                            tracing::debug!(%error, "starting the import job again");
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                // Not started, and whether it will be is for the next run to say: the start may
                // still be on its way.
                _ if job.status == ImportJobStatus::Created => return Ok(Ended::Left),
                Stop::No => {}
                _ if !stop_sent => {
                    stop_sent = true;
                    if let Err(error) = self.pool.stop_user_import_job(id).await {
                        tracing::debug!(%error, "the import job did not take the stop");
                    }
                }
                _ => {}
            }
            // A stop ends the pause; after that the job's own end is waited for.
            if stop_sent {
                tokio::time::sleep(pause).await;
            } else {
                self.pause(pause).await;
            }
            pause = (pause * 2).min(LONGEST_POLL);
        }
    }

    /// False when somebody asked to stop meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.control.stop_asked() => false,
        }
    }

    /// Step 4.
    async fn account(
        &self,
        journal: &mut Journal,
        job: &OpenJob,
        ended: Ended,
    ) -> Result<HashImported, ImportError> {
        let over = match ended {
            Ended::Over(over) => over,
            Ended::Left => return Ok(HashImported::Stopped),
            Ended::Forgotten => {
                journal.abandon_import_job(job.number).await?;
                return Ok(HashImported::All);
            }
        };
        let end = JobEnd {
            status: over.status.name(),
            imported: over.imported,
            skipped: over.skipped,
            failed: over.failed,
        };
        let mut marked = 0;
        let mut pause = FIRST_POLL;
        for _ in 0..LOOKS {
            self.look(journal).await?;
            marked = journal.found_with_mark(job.mark).await?;
            // Fewer: not all are shown yet, or somebody deleted one meanwhile.
            if !job.marked || marked >= end.imported {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 4;
        }
        let agree = !job.marked || marked == end.imported;
        let made = match job.marked {
            // More than the job made: somebody wrote the mark who is none of them.
            true if marked > end.imported => Made::Nobody,
            true => Made::Marked,
            false if end.skipped == 0 && end.failed == 0 => Made::Everybody,
            false => Made::Nobody,
        };
        let missing = match over.status {
            ImportJobStatus::Succeeded if agree => Missing::Refused,
            ImportJobStatus::Succeeded => Missing::Unclear,
            _ if agree => Missing::Again,
            _ => Missing::Unclear,
        };
        let facts = JobFacts {
            made,
            ids_are_proof: self.ids_are_proof,
            run: self.run,
            at: self.pool.server_time(),
        };
        let settled = journal
            .settle_import_job(job, &end, &facts, missing)
            .await?;
        self.claim(journal, job.number).await?;
        tracing::info!(
            job = job.name,
            status = end.status,
            imported = settled.imported,
            in_pool = settled.in_pool,
            missing = settled.missing,
            "an import job has ended"
        );
        let stopped = self.control.stopping() != Stop::No;
        let progressed = settled.imported + settled.in_pool > 0;
        if missing == Missing::Again && !progressed && !stopped {
            // The next one would fare no better.
            let failure = over
                .failure
                .map_or("it was stopped", |failure| failure.meaning());
            return Err(ImportError::ImportJobFailed {
                job: job.name.clone(),
                failure,
            });
        }
        Ok(HashImported::All)
    }

    /// Writes down that these people are in the pool, before the job counts as settled by anybody.
    async fn claim(&self, journal: &mut Journal, job: i64) -> Result<(), ImportError> {
        let Some(claims) = self.claims else {
            return Ok(());
        };
        let mut after = 0;
        loop {
            let people = journal.people_of_import_job(job, after).await?;
            let Some((last, ..)) = people.last() else {
                return Ok(());
            };
            after = *last;
            let people: Vec<Confirmed<'_>> = people
                .iter()
                .map(|(_, legacy_id, sub)| Confirmed { legacy_id, sub })
                .collect();
            let pool = self.pool.address().user_pool_id();
            claims.write_confirmed(pool, &people).await?;
        }
    }

    /// Reads the pool's users. ListUsers, not AdminGetUser: looking must not make anybody billable.
    async fn look(&self, journal: &mut Journal) -> Result<(), ImportError> {
        let folding = self.decider.folding;
        let id_attribute = self.decider.legacy_id_attribute;
        journal.begin_found_users().await?;
        let pages = self.pool.list_users();
        pin_mut!(pages);
        let mut rows = Vec::new();
        while let Some(page) = pages.try_next().await? {
            for user in &page {
                rows.extend(self.found(user, folding, id_attribute));
            }
            if rows.len() >= POOL_BATCH {
                journal.add_found_users(&rows).await?;
                rows.clear();
            }
        }
        journal.add_found_users(&rows).await?;
        Ok(())
    }

    fn found(
        &self,
        user: &UserRecord,
        folding: Folding,
        id_attribute: Option<&str>,
    ) -> Option<FoundUser> {
        if user.status == UserStatus::ExternalProvider {
            return None;
        }
        let attribute = |name: &str| user.attributes.get(name).filter(|value| !value.is_empty());
        let name = match self.mapping.sign_in {
            PoolSignIn::Email => attribute("email").unwrap_or(&user.username),
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => &user.username,
        };
        Some(FoundUser {
            name_key: folding.key(name),
            id_key: id_attribute.and_then(attribute).map(|id| text_key(id)),
            mark: attribute("updated_at").and_then(|value| value.parse().ok()),
            sub: user.sub().map(str::to_owned),
            username: user.username.clone(),
        })
    }
}
