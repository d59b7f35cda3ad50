//! `UserMigration_Authentication`: somebody the pool does not know signs in with a password.
//! Responsible for the order of the questions and for refusals that look alike; must not know SQL,
//! JSON or clocks. Called by [`crate::Trigger`].

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use django_password::{HashState, PlainPassword, Verdict};
use migration_model::{LegacyUser, LoginColumn, LoginMatch, Reason, WeakPassword, fold_login_name};

use crate::budget::Budget;
use crate::decision::{FailureCause, Stop, required};
use crate::event::Event;
use crate::hash_check::CheckFault;
use crate::legacy_logins::LegacyLogins;
use crate::observation::{Observation, Step};
use crate::public_error::PublicError;
use crate::reply::{Proof, Reply};
use crate::shared_attempts::{Taken, Who};
use crate::trigger::Trigger;
use crate::user_attributes::UserAttributes;

/// How long a right password may wait for its attempt to be given back: the count ends with its window
/// anyway.
const GIVE_BACK: Duration = Duration::from_millis(200);

/// Whether a hash was checked already; a refusal without one still owes its work.
#[derive(Clone, Copy, Eq, PartialEq)]
enum HashWork {
    Owed,
    Done,
}

/// Decides a sign-in. Every refusal passes through here and costs one hash check, real or dummy.
pub(crate) async fn decide<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &mut Event,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let login = required(event.user_name.clone(), "userName")?;
    let password = Arc::new(required(event.take_password(), "request.password")?);
    let mut work = HashWork::Owed;
    let mut taken = Taken::default();
    let allowed = attempt(trigger, event, &login, &mut taken, budget, seen).await;
    let checked = match allowed {
        Ok(()) => {
            let typed = Typed {
                login: &login,
                password: &password,
            };
            let checked = check(trigger, event, &typed, &mut work, budget, seen).await;
            let client = event.client_id.as_deref();
            match &checked {
                Err(Stop::Refuse(_)) => trigger.count_attempt(&login, client),
                other if costs_nothing(other) => {}
                _ => trigger.count_failure(client),
            }
            checked
        }
        Err(stop) => Err(stop),
    };
    let is_refused = matches!(checked, Err(Stop::Refuse(_)));
    if is_refused && work == HashWork::Owed {
        let spending = trigger.hashes.spend(&password, budget);
        seen.timed(Step::Spend, spending).await.map_err(unchecked)?;
    }
    if let (Some(table), false) = (&trigger.shared_attempts, is_refused) {
        if !costs_nothing(&checked) {
            taken.leave_the_clients();
        }
        let giving_back = tokio::time::timeout(budget.step(GIVE_BACK), table.give_back(taken));
        let given_back = seen.timed(Step::Count, giving_back).await;
        let given_back = given_back.unwrap_or_else(|_| Err("not given back in time".to_owned()));
        seen.count_fault = given_back.err().or(seen.count_fault.take());
    }
    checked
}

/// The same decision, seen by nobody: no attempt is counted, and a refusal owes no work.
pub(crate) async fn decide_unseen<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &mut Event,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let login = required(event.user_name.clone(), "userName")?;
    let password = Arc::new(required(event.take_password(), "request.password")?);
    let typed = Typed {
        login: &login,
        password: &password,
    };
    check(trigger, event, &typed, &mut HashWork::Owed, budget, seen).await
}

/// Whether an attempt does not count: the password was right, or what answers for everybody was away.
/// Any other failure is about this login and may be caused again and again: it counts against the app
/// client, and never ends in "wrong password".
fn costs_nothing(checked: &Result<Reply, Stop>) -> bool {
    match checked {
        Ok(_) | Err(Stop::Public(..)) => true,
        Err(Stop::Refuse(_)) => false,
        Err(Stop::Fail(FailureCause::Reason(reason), _)) => matches!(
            reason,
            Reason::LegacyUnavailable
                | Reason::LegacyTimeout
                | Reason::LegacyAccessDenied
                | Reason::SecretUnavailable
                | Reason::ClaimsUnavailable
                | Reason::ExternalUnavailable
                | Reason::WrongAppClient
        ),
        Err(Stop::Fail(..)) => false,
    }
}

/// Whether the password will be looked at. One login guessed at too often is refused as any wrong
/// password is, at the same cost: whoever guesses does not even learn that this guess was not
/// tried. Too many refusals through one app client may be anybody's: then each login has one guess
/// left through any client, so that who types the right password is let in.
///
/// The process's own counts are asked first, and alone where no table is given or it does not answer:
/// then no more guesses pass than each process allows, and nobody is refused for the table's sake.
pub(crate) async fn attempt<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &Event,
    login: &str,
    taken: &mut Taken,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<(), Stop> {
    trigger.check_pool(event)?;
    let client = event.client_id.as_deref();
    let mut exceeded = trigger.attempts.exceeded(login, client, Instant::now());
    if let (Some(table), false) = (&trigger.shared_attempts, exceeded) {
        let who = Who {
            pool: event.user_pool_id.as_deref(),
            client,
            login,
        };
        let taking = table.take(who, SystemTime::now(), taken);
        let taking = tokio::time::timeout(budget.left(), taking);
        match seen.timed(Step::Count, taking).await {
            Ok(Ok(answer)) => exceeded = answer,
            Ok(Err(fault)) => seen.count_fault = Some(fault),
            Err(_elapsed) => seen.count_fault = Some("no time left to count".to_owned()),
        }
    }
    match exceeded {
        true => Err(Reason::AttemptsExceeded.into()),
        false => Ok(()),
    }
}

/// What somebody typed.
struct Typed<'a> {
    login: &'a str,
    password: &'a Arc<PlainPassword>,
}

async fn check<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &Event,
    typed: &Typed<'_>,
    work: &mut HashWork,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let found = trigger.look_up(typed.login, budget, seen).await?;
    // Asked about nobody, too: how long an answer takes tells nobody who exists.
    let locked_out = trigger
        .is_locked_out(typed.login, &found, budget, seen)
        .await?;
    if locked_out {
        active(meant(found)?, typed.login, seen)?;
        return Err(Reason::LockedOut.into());
    }
    let mut refusal = Reason::UserUnknown;
    for (user, found_by) in &meant(found)? {
        seen.note_found_by(found_by);
        match prove(trigger, typed, (user, found_by), work, budget, seen).await {
            Ok(proven) => {
                return admit(
                    trigger,
                    event,
                    typed,
                    (user, found_by),
                    proven,
                    budget,
                    seen,
                )
                .await;
            }
            // The login may be another's e-mail: Django asks its next backend.
            Err(Stop::Refuse(reason)) => refusal = reason,
            Err(stop) => return Err(stop),
        }
    }
    Err(refusal.into())
}

/// The proof of a right password, and whether its hash is as good as the password in the clear.
struct Proven {
    proof: Proof,
    is_weak: bool,
}

async fn prove<L: LegacyLogins>(
    trigger: &Trigger<L>,
    typed: &Typed<'_>,
    (user, found_by): (&LegacyUser, &LoginColumn),
    work: &mut HashWork,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Proven, Stop> {
    is_active(user, found_by, typed.login)?;
    let inspection = trigger.hashes.inspect(&user.encoded_password);
    seen.algorithm = inspection.algorithm;
    let cost = match inspection.state {
        HashState::Verifiable(cost) => cost,
        HashState::Unusable => return ask_elsewhere(trigger, typed, user, budget, seen).await,
        HashState::Malformed(_) => return Err(Reason::HashMalformed.into()),
        // Not the person's fault and not known to be wrong: an outage until configured right.
        HashState::Unsupported => return Err(cannot_check(Reason::AlgorithmUnsupported)),
        HashState::TooCostly(_) => return Err(cannot_check(Reason::CostLimitExceeded)),
    };
    seen.cost = Some(cost.to_string());
    seen.checked = Some(cost.clone());

    let checking =
        trigger
            .hashes
            .verify(typed.password, user.encoded_password.clone(), &cost, budget);
    let verification = seen
        .timed(Step::Verify, checking)
        .await
        .map_err(unchecked)?;
    *work = HashWork::Done;
    match verification.verdict {
        Verdict::Match(proof) => Ok(Proven {
            proof: proof.into(),
            is_weak: cost.is_weak(),
        }),
        Verdict::Mismatch => Err(Reason::PasswordMismatch.into()),
        Verdict::Unusable => Err(Reason::PasswordUnusable.into()),
        Verdict::Malformed(_) => Err(Reason::HashMalformed.into()),
        Verdict::Unsupported => Err(cannot_check(Reason::AlgorithmUnsupported)),
        Verdict::TooCostly(_) => Err(cannot_check(Reason::CostLimitExceeded)),
    }
}

/// Asks whoever knows the passwords that Django does not store, if there is anybody.
async fn ask_elsewhere<L: LegacyLogins>(
    trigger: &Trigger<L>,
    typed: &Typed<'_>,
    user: &LegacyUser,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Proven, Stop> {
    let Some(external) = &trigger.external else {
        return Err(Reason::PasswordUnusable.into());
    };
    let asking = external.verify(typed.login, user, typed.password, budget.left());
    match seen.timed(Step::Verify, asking).await {
        Ok(Some(proof)) => Ok(Proven {
            proof: Proof::External(proof),
            is_weak: false,
        }),
        Ok(None) => Err(Reason::PasswordMismatch.into()),
        Err(detail) => {
            let cause = FailureCause::Reason(Reason::ExternalUnavailable);
            Err(Stop::Fail(cause, Some(detail)))
        }
    }
}

/// The reply to somebody whose password is right, once it is noted that they are migrated.
async fn admit<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &Event,
    typed: &Typed<'_>,
    (user, found_by): (&LegacyUser, &LoginColumn),
    proven: Proven,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let mut attributes = trigger.attributes(event, user, found_by, typed.login)?;
    let weakly_kept = trigger.weak_password == WeakPassword::Reset && proven.is_weak;
    let shortcoming = trigger
        .shortcoming(typed.password)
        .or(weakly_kept.then_some(Reason::HashWeak));
    attributes.warnings.extend(shortcoming);
    trigger
        .claim(event, &user.id, &attributes, budget, seen)
        .await?;
    let weak_password = trigger.weak_password;
    let reply = keep_or_reset(proven.proof, attributes, shortcoming, weak_password, seen);
    reply.ok_or(Stop::Public(PublicError::NotKept, Reason::PasswordTooLong))
}

/// The reply to a right password: kept, or to be set anew where Cognito cannot hold it or the
/// operator does not want it. Somebody whom no code can reach would never get in again by a
/// reset: their weak password is kept, and for one too long there is no reply.
fn keep_or_reset(
    proof: Proof,
    attributes: UserAttributes,
    shortcoming: Option<Reason>,
    weak_password: WeakPassword,
    seen: &mut Observation,
) -> Option<Reply> {
    let too_long = shortcoming == Some(Reason::PasswordTooLong);
    let unwanted = shortcoming.is_some() && weak_password == WeakPassword::Reset;
    seen.note_attributes(&attributes);
    if !too_long && !unwanted {
        return Some(Reply::confirmed(proof, attributes));
    }
    if attributes.can_be_reset() {
        return attributes.resettable().ok().map(Reply::reset_required);
    }
    seen.warnings.push(Reason::NoVerifiedContact);
    (!too_long).then(|| Reply::confirmed(proof, attributes))
}

/// Whom a login may mean, in the order in which Django's backends try them.
pub(crate) fn meant(found: LoginMatch) -> Result<Vec<(LegacyUser, LoginColumn)>, Stop> {
    match found {
        LoginMatch::None => Err(Reason::UserUnknown.into()),
        LoginMatch::Ambiguous => Err(Reason::LoginAmbiguous.into()),
        LoginMatch::One(user, found_by) => Ok(vec![(*user, found_by)]),
        LoginMatch::InTurn(users) => Ok(users),
    }
}

/// The first active user who signs in with this login, and the column that found them.
pub(crate) fn active(
    meant: Vec<(LegacyUser, LoginColumn)>,
    login: &str,
    seen: &mut Observation,
) -> Result<(LegacyUser, LoginColumn), Stop> {
    let mut refusal = Reason::UserUnknown.into();
    for (user, found_by) in meant {
        seen.note_found_by(&found_by);
        match is_active(&user, &found_by, login) {
            Ok(()) => return Ok((user, found_by)),
            Err(stop) => refusal = stop,
        }
    }
    Err(refusal)
}

/// Also what keeps a user deleted from the pool out: Cognito asks for them again.
fn is_active(user: &LegacyUser, found_by: &LoginColumn, login: &str) -> Result<(), Stop> {
    if !is_same_name(login, user, found_by) {
        return Err(Reason::UserUnknown.into());
    }
    match user.is_active {
        true => Ok(()),
        false => Err(Reason::UserInactive.into()),
    }
}

/// Whether the typed login is the stored one but for letter case. Django folds Unicode's forms into
/// one (`ａnn` is `ann` there), and the pool would take such a form for another name: a second user
/// of one person.
fn is_same_name(typed: &str, user: &LegacyUser, found_by: &LoginColumn) -> bool {
    let stored = match found_by {
        LoginColumn::Username => user.username.as_deref(),
        LoginColumn::Email => user.email.as_deref(),
        LoginColumn::PhoneNumber => user.phone_number.as_deref(),
        LoginColumn::Other(_) => None,
    };
    let lower = typed.to_lowercase();
    if stored.is_some_and(|stored| stored.to_lowercase() == lower) {
        return true;
    }
    // Found by a value that did not come along, such as another address of allauth's.
    let is_elsewhere =
        stored.is_none_or(|stored| fold_login_name(stored) != fold_login_name(typed));
    is_elsewhere && fold_login_name(typed) == lower
}

fn cannot_check(reason: Reason) -> Stop {
    Stop::Fail(FailureCause::Reason(reason), None)
}

fn unchecked(fault: CheckFault) -> Stop {
    let cause = match fault {
        CheckFault::DeadlineNear => FailureCause::Reason(Reason::DeadlineNear),
        CheckFault::NotEnoughMemory { .. } => FailureCause::Reason(Reason::CostLimitExceeded),
        CheckFault::Panicked => FailureCause::Internal,
    };
    Stop::Fail(cause, Some(fault.to_string()))
}
