//! The second phase: takes the users who are still to be created, in the order of their keys,
//! and keeps a bounded number of them in work. Decides when to stop taking more. What is done to
//! one user is in `user_steps`; what is remembered in the journal.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cognito_user_pool::{PoolError, QuotaCategory, WritableUserPool};
use legacy_users::LegacyDatabase;
use migration_model::{IdentityProviders, LegacyId, LegacyUser, Reason, UserMapping, map_user};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::Instrument;

use crate::concurrency::{Concurrency, Queue};
use crate::control::{RunControl, Stop};
use crate::import_error::ImportError;
use crate::journal::{Entry, Pending, State};
use crate::legacy_patience::LegacyPatience;
use crate::outcome::Outcome;
use crate::progress::Waiting;
use crate::rate::Rate;
use crate::user_steps::{UserEnd, UserSteps, Work};
use crate::waiting::waiting;

/// Users read from journal and legacy database at a time. One page waits while one is in work.
const PAGE: i64 = 500;
/// So many refusals in a row are not about the users.
const FAILURES_IN_A_ROW: usize = 100;
/// How long users in work may take to finish once somebody asked to stop.
const FINISHING: Duration = Duration::from_secs(15);
/// How often progress is shown.
const TICK: Duration = Duration::from_millis(200);

/// The phase's conductor.
pub(crate) struct Apply<'a> {
    pub(crate) legacy: &'a LegacyDatabase,
    pub(crate) mapping: &'a UserMapping,
    pub(crate) identities: &'a IdentityProviders,
    pub(crate) steps: Arc<UserSteps>,
    pub(crate) control: &'a RunControl,
    /// Most users in work at a time.
    pub(crate) most_in_work: usize,
    pub(crate) total: u64,
}

/// Why the phase ended without an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Applied {
    /// Nobody is left.
    All,
    /// Somebody asked to stop.
    Stopped,
    /// The journal's writer has stopped; it knows why.
    JournalGone,
}

impl Apply<'_> {
    /// Deals with everybody who is pending.
    pub(crate) async fn run(&self, pending: Pending) -> Result<Applied, ImportError> {
        let (pages, queue) = mpsc::channel(1);
        let (read, applied) =
            futures::future::join(self.read(pending, pages), self.conduct(queue)).await;
        // An error of reading ends the queue; users in work were finished all the same.
        match (read, applied?) {
            (Err(error), Applied::All) => Err(error),
            (_, applied) => Ok(applied),
        }
    }

    /// Reads the users with work left, page by page, ahead of the work.
    async fn read(
        &self,
        mut pending: Pending,
        pages: mpsc::Sender<Vec<Work>>,
    ) -> Result<(), ImportError> {
        let mut patience = LegacyPatience::new(self.steps.pool.patience(), self.control);
        loop {
            let page = pending.page(PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            let ids: Vec<LegacyId> = page.iter().map(|user| user.legacy_id.clone()).collect();
            let read = patience.repeat(|| self.legacy.users_by_ids(&ids));
            let Some(users) = read.await? else {
                return Ok(());
            };
            let mut users: HashMap<LegacyId, LegacyUser> = users
                .into_iter()
                .map(|user| (user.id.clone(), user))
                .collect();
            let mut accounts = HashMap::new();
            if self.identities.are_carried() {
                let read = patience.repeat(|| self.legacy.social_accounts(&ids));
                let Some(read) = read.await? else {
                    return Ok(());
                };
                accounts = read;
            }
            let mut works = Vec::with_capacity(page.len());
            for user in page {
                match users.remove(&user.legacy_id) {
                    Some(mut legacy) => {
                        legacy.email_shared = user.email_shared;
                        let (target, _) = map_user(&legacy, self.mapping);
                        let accounts = accounts.remove(&legacy.id).unwrap_or_default();
                        works.push(Work {
                            pending: user,
                            target,
                            identities: self.identities.identities_of(&accounts).0,
                        });
                    }
                    None => {
                        // What was done to them stays done; whether anything was, is asked last.
                        let ours = user.state == State::Created;
                        let outcome = if ours { Outcome::Failed } else { Outcome::Held };
                        let entry = Entry::Settled {
                            position: user.position,
                            ours,
                            outcome,
                            reason: Reason::LegacyUserGone,
                            detail: None,
                            sub: user.sub,
                        };
                        if self.steps.journal.note(entry).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
            if pages.send(works).await.is_err() {
                return Ok(());
            }
        }
    }

    async fn conduct(&self, mut queue: mpsc::Receiver<Vec<Work>>) -> Result<Applied, ImportError> {
        let mut waiting: VecDeque<Work> = VecDeque::new();
        let mut in_work: JoinSet<UserEnd> = JoinSet::new();
        let mut tally = Tally::new(self);
        let mut concurrency = Concurrency::new(self.most_in_work);
        let mut exhausted = false;
        let mut ending: Option<Ending> = None;
        let mut deadline: Option<Instant> = None;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stop = self.control.stopping();
            if stop != Stop::No && ending.is_none() {
                ending = Some(Ending::Stopped);
            }
            if ending.is_some() {
                deadline.get_or_insert_with(|| Instant::now() + FINISHING);
            }
            let overdue = deadline.is_some_and(|deadline| deadline <= Instant::now());
            if stop == Stop::Now || overdue {
                // As good as a crash: what was in work is found out by the next run.
                in_work.abort_all();
            }
            while ending.is_none() && in_work.len() < concurrency.limit() {
                let Some(work) = waiting.pop_front() else {
                    break;
                };
                let steps = Arc::clone(&self.steps);
                let span = tracing::info_span!("user", position = work.pending.position);
                in_work.spawn(async move { steps.run(&work).await }.instrument(span));
            }
            let takes_more = ending.is_none() && !exhausted && waiting.is_empty();
            if in_work.is_empty() && !takes_more {
                break;
            }
            tokio::select! {
                Some(end) = in_work.join_next(), if !in_work.is_empty() => {
                    // An aborted user has no end.
                    let Ok(end) = end else { continue };
                    if let Some(reason) = tally.add(end) {
                        ending.get_or_insert(reason);
                    }
                }
                page = queue.recv(), if takes_more => match page {
                    Some(page) => waiting.extend(page),
                    None => exhausted = true,
                },
                () = self.control.stop_asked(), if ending.is_none() => {}
                () = self.control.stop_now_asked(), if stop != Stop::Now => {}
                _ = tick.tick() => {
                    tally.show(in_work.len());
                    // Nobody queues either while nothing goes out at all.
                    if !self.control.is_paused() && self.steps.pool.away().is_none() {
                        concurrency.follow(in_work.len(), longest_queue(&self.steps.pool));
                    }
                }
            }
        }
        tally.show(0);
        match ending {
            None => Ok(Applied::All),
            Some(Ending::Stopped) => Ok(Applied::Stopped),
            Some(Ending::JournalGone) => Ok(Applied::JournalGone),
            Some(Ending::Halt(error)) => Err(ImportError::Pool(error)),
            Some(Ending::TooManyFailures(detail)) => Err(ImportError::TooManyFailures {
                count: FAILURES_IN_A_ROW,
                detail,
            }),
        }
    }
}

/// Why no more users are taken.
enum Ending {
    Stopped,
    JournalGone,
    Halt(PoolError),
    TooManyFailures(String),
}

/// Counts ends, and shows progress.
struct Tally<'a> {
    apply: &'a Apply<'a>,
    done: u64,
    by_outcome: HashMap<Outcome, u64>,
    failures_in_a_row: usize,
    rate: Rate,
}

impl<'a> Tally<'a> {
    fn new(apply: &'a Apply<'a>) -> Tally<'a> {
        let (done, by_outcome) = (0, HashMap::new());
        Tally {
            apply,
            done,
            by_outcome,
            failures_in_a_row: 0,
            rate: Rate::new(Instant::now()),
        }
    }

    /// Counts one end, and says whether the run must end with it.
    fn add(&mut self, end: UserEnd) -> Option<Ending> {
        match end {
            UserEnd::Settled(outcome, detail) => {
                self.done += 1;
                *self.by_outcome.entry(outcome).or_default() += 1;
                match outcome {
                    Outcome::Failed => self.failures_in_a_row += 1,
                    _ => self.failures_in_a_row = 0,
                }
                (self.failures_in_a_row >= FAILURES_IN_A_ROW)
                    .then(|| Ending::TooManyFailures(detail.unwrap_or_default()))
            }
            UserEnd::Left => Some(Ending::Stopped),
            UserEnd::Halt(error) => Some(Ending::Halt(error)),
            UserEnd::JournalGone => Some(Ending::JournalGone),
        }
    }

    fn show(&mut self, in_flight: usize) {
        let rate = self.rate.read(self.done, Instant::now());
        let steps = &self.apply.steps;
        let of = |outcome| self.by_outcome.get(&outcome).copied().unwrap_or(0);
        let total = self.apply.total;
        self.apply.control.show(|progress| {
            progress.done = self.done;
            progress.total = total;
            progress.created = of(Outcome::Created);
            progress.already_in_pool = of(Outcome::AlreadyInPool);
            progress.held = of(Outcome::Held);
            progress.failed = of(Outcome::Failed);
            progress.in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
            progress.throttled = throttled(&steps.pool);
            progress.rate = rate;
            // Reading ahead says for itself that it waits.
            if progress.waiting != Some(Waiting::LegacyUnavailable) {
                progress.waiting = waiting(self.apply.control, &steps.pool, in_flight);
            }
            progress.time_left = crate::rate::time_left(self.done, total, rate);
        });
    }
}

/// The longest queue of calls before a quota category.
fn longest_queue(pool: &WritableUserPool) -> Queue {
    let readings = QuotaCategory::ALL.iter().map(|one| pool.reading(*one));
    // Where nobody waits, a category with a limit: by one without, there would seem to be none.
    let longest = readings.max_by_key(|reading| (reading.waiting, reading.rate.is_some()));
    longest.map_or_else(Queue::default, |reading| Queue {
        waiting: reading.waiting,
        rate: reading.rate,
    })
}

fn throttled(pool: &WritableUserPool) -> u64 {
    QuotaCategory::ALL
        .iter()
        .map(|category| pool.reading(*category).throttled)
        .sum()
}
