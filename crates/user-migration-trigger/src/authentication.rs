//! `UserMigration_Authentication`: somebody the pool does not know signs in with a password.
//! Responsible for the order of the questions and for refusals that look alike; must not know SQL,
//! JSON or clocks. Called by [`crate::Trigger`].

use std::sync::Arc;

use django_password::{HashState, PlainPassword, Verdict};
use migration_model::{LegacyUser, LoginColumn, LoginMatch, Reason};

use crate::budget::Budget;
use crate::decision::{FailureCause, Stop, required};
use crate::event::Event;
use crate::hash_check::CheckFault;
use crate::legacy_logins::LegacyLogins;
use crate::observation::{Observation, Step};
use crate::reply::Reply;
use crate::trigger::Trigger;
use crate::user_attributes::UserAttributes;

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
    let checked = match trigger.check_pool(event) {
        Ok(()) => check(trigger, &login, &password, &mut work, budget, seen).await,
        Err(reason) => Err(reason.into()),
    };
    if matches!(checked, Err(Stop::Refuse(_))) && work == HashWork::Owed {
        let spending = trigger.hashes.spend(&password, budget);
        seen.timed(Step::Spend, spending).await.map_err(unchecked)?;
    }
    checked
}

async fn check<L: LegacyLogins>(
    trigger: &Trigger<L>,
    login: &str,
    password: &Arc<PlainPassword>,
    work: &mut HashWork,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let (user, found_by) = find_active(trigger, login, budget, seen).await?;
    let inspection = trigger.hashes.inspect(&user.encoded_password);
    seen.algorithm = inspection.algorithm;
    let cost = match inspection.state {
        HashState::Verifiable(cost) => cost,
        HashState::Unusable => return Err(Reason::PasswordUnusable.into()),
        HashState::Malformed(_) => return Err(Reason::HashMalformed.into()),
        // Not the person's fault and not known to be wrong: an outage until configured right.
        HashState::Unsupported => return Err(cannot_check(Reason::AlgorithmUnsupported)),
        HashState::TooCostly(_) => return Err(cannot_check(Reason::CostLimitExceeded)),
    };
    seen.cost = Some(cost.to_string());

    let checking = trigger
        .hashes
        .verify(password, user.encoded_password.clone(), &cost, budget);
    let verification = seen
        .timed(Step::Verify, checking)
        .await
        .map_err(unchecked)?;
    *work = HashWork::Done;
    let proof = match verification.verdict {
        Verdict::Match(proof) => proof,
        Verdict::Mismatch => return Err(Reason::PasswordMismatch.into()),
        Verdict::Unusable => return Err(Reason::PasswordUnusable.into()),
        Verdict::Malformed(_) => return Err(Reason::HashMalformed.into()),
        Verdict::Unsupported => return Err(cannot_check(Reason::AlgorithmUnsupported)),
        Verdict::TooCostly(_) => return Err(cannot_check(Reason::CostLimitExceeded)),
    };

    let attributes = UserAttributes::new(&user, &found_by, login, &trigger.mapping)?;
    seen.note_attributes(&attributes);
    Ok(Reply::confirmed(proof, attributes))
}

/// The one active user who signs in with this login, and the column that found them.
pub(crate) async fn find_active<L: LegacyLogins>(
    trigger: &Trigger<L>,
    login: &str,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<(Box<LegacyUser>, LoginColumn), Stop> {
    match trigger.look_up(login, budget, seen).await? {
        LoginMatch::None => Err(Reason::UserUnknown.into()),
        LoginMatch::Ambiguous => Err(Reason::LoginAmbiguous.into()),
        LoginMatch::One(user, found_by) => {
            seen.note_found_by(&found_by);
            // Also what keeps a user deleted from the pool out: Cognito asks for them again.
            if user.is_active {
                Ok((user, found_by))
            } else {
                Err(Reason::UserInactive.into())
            }
        }
    }
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
