//! The second phase: takes the users who are still to be created, in the order of their keys,
//! and keeps a bounded number of them in work. Decides when to stop taking more. What is done to
//! one user is in `user_steps`; what is remembered in the journal.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cognito_user_pool::{PoolError, QuotaCategory, WritableUserPool};
use legacy_users::LegacyDatabase;
use migration_model::{IdentityProviders, LegacyId, LegacyUser, Reason, Route, SocialAccount};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::Instrument;

use crate::concurrency::{Concurrency, Queue};
use crate::control::{RunControl, Stop};
use crate::decider::Decider;
use crate::import_error::ImportError;
use crate::journal::{Entry, Pending, PendingUser, State};
use crate::legacy_patience::LegacyPatience;
use crate::outcome::Outcome;
use crate::planner::content_key;
use crate::progress::Waiting;
use crate::rate::Rate;
use crate::user_steps::{UserEnd, UserSteps, Work};
use crate::waiting::waiting;

/// Users read from journal and legacy database at a time. One page waits while one is in work.
const PAGE: i64 = 500;
/// So many refusals in a row are not about the users.
const FAILURES_IN_A_ROW: usize = 100;
/// How often progress is shown.
const TICK: Duration = Duration::from_millis(200);

/// The phase's conductor.
pub(crate) struct Apply<'a> {
    pub(crate) legacy: &'a LegacyDatabase,
    pub(crate) decider: &'a Decider<'a>,
    pub(crate) identities: &'a IdentityProviders,
    /// Whether groups and attributes must be those of the plan, because somebody reviewed it.
    pub(crate) keeps_to_plan: bool,
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
                        let accounts = accounts.remove(&legacy.id).unwrap_or_default();
                        match self.at_the_write(user, &legacy, &accounts) {
                            AtTheWrite::Work(work) => works.push(*work),
                            AtTheWrite::Changed(position) => {
                                let entry = Entry::Settled {
                                    position,
                                    ours: false,
                                    outcome: Outcome::Held,
                                    reason: Reason::ChangedSincePlan,
                                    detail: None,
                                    sub: None,
                                };
                                if self.steps.journal.note(entry).await.is_err() {
                                    return Ok(());
                                }
                            }
                        }
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

    /// Decides on a user once more, as they are now: the plan was a forecast.
    fn at_the_write(
        &self,
        mut user: PendingUser,
        legacy: &LegacyUser,
        accounts: &[SocialAccount],
    ) -> AtTheWrite {
        let decided = self.decider.decide(legacy, accounts);
        let other_names = decided.keys != user.keys || decided.target.username != user.username;
        let other_content = self.keeps_to_plan
            && user.content_key != Some(content_key(&user.legacy_id.to_string(), &decided));
        let changed = decided.routing.route != Route::AdminCreate || other_names || other_content;
        match user.state {
            State::Planned if changed => return AtTheWrite::Changed(user.position),
            // It must be found out whether somebody was created; nobody is created any more.
            State::Creating(_) if changed => {
                user.route = Route::Hold;
                user.reason = Some(Reason::ChangedSincePlan);
            }
            State::Planned | State::Creating(_) | State::Created => {}
        }
        AtTheWrite::Work(Box::new(Work {
            pending: user,
            target: decided.target,
            identities: decided.identities,
        }))
    }

    async fn conduct(&self, mut queue: mpsc::Receiver<Vec<Work>>) -> Result<Applied, ImportError> {
        let mut waiting: VecDeque<Work> = VecDeque::new();
        let mut in_work: JoinSet<UserEnd> = JoinSet::new();
        let mut tally = Tally::new(self);
        let mut concurrency = Concurrency::new(self.most_in_work);
        let mut exhausted = false;
        let mut ending: Option<Ending> = None;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stop = self.control.stopping();
            if stop != Stop::No && ending.is_none() {
                ending = Some(Ending::Stopped);
            }
            if stop == Stop::Now {
                // As good as a crash: what was in work is found out by the next run.
                in_work.abort_all();
            }
            // Until one user is through, one is enough to learn that a permission is missing. While
            // paused nobody new is begun, and whoever is begun is finished.
            let limit = match tally.done {
                0 => 1,
                _ => concurrency.limit(),
            };
            while ending.is_none() && !self.control.is_paused() && in_work.len() < limit {
                let Some(work) = waiting.pop_front() else {
                    break;
                };
                let steps = Arc::clone(&self.steps);
                let span = tracing::info_span!("user", position = work.pending.position);
                in_work.spawn(async move { steps.run(&work).await }.instrument(span));
            }
            let takes_more = ending.is_none() && !exhausted && waiting.is_empty();
            let waits = ending.is_none() && !waiting.is_empty();
            if in_work.is_empty() && !takes_more && !waits {
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

/// What the row as it is now makes of a plan.
enum AtTheWrite {
    Work(Box<Work>),
    /// Another plan is needed for the user at this position.
    Changed(i64),
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
