//! A probe from its first pool to its last deletion.
//!
//! Responsible for asking question by question, for stopping where going on makes no sense, and for
//! deleting what was made, whatever happened. It must not know what questions ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Utc;
use cognito_user_pool::{RawCalls, RawFault, SDK, WritePermission};
use rehearsal_pool::{FactAnswer, PoolFacts, Probed};

use crate::asking::{Asking, Made, Unanswered};
use crate::clean::{delete, leftovers};
use crate::plan::lacking;
use crate::question::Question;
use crate::throwaway::{NAME_PREFIX, new_run};

/// Questions in a row without any answer after which nobody is there.
const GIVE_UP_AFTER: u32 = 3;
/// Errors that every further call would meet too.
const HOPELESS: [&str; 6] = [
    "AccessDeniedException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
];

/// What a probe found.
#[derive(Debug)]
pub struct Probe {
    /// The answers.
    pub facts: PoolFacts,
    /// Calls made, by operation.
    pub calls: BTreeMap<String, u32>,
    /// Pools that could not be deleted, with the reason.
    pub left: Vec<(String, String)>,
    /// Why it ended before its last question.
    pub ended_early: Option<ProbeFailure>,
}

/// Why a probe ended early.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProbeFailure {
    /// Asked to.
    #[error("it was stopped")]
    Stopped,
    /// Nobody answers.
    #[error("no answers came for {GIVE_UP_AFTER} questions in a row")]
    NoAnswers,
    /// There is nothing to sign with.
    #[error("there are no AWS credentials")]
    Credentials,
    /// Not allowed.
    #[error("{operation} was refused: {error}")]
    Refused {
        /// The operation.
        operation: String,
        /// The code.
        error: String,
    },
}

/// What a probe is run with.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// ARN of a function in probing mode.
    pub function: Option<&'a str>,
    /// ARN of a role for the logs of import jobs.
    pub import_role: Option<&'a str>,
    /// Whether the endpoint is AWS's own.
    pub on_aws: bool,
    /// Program and version.
    pub tool: &'a str,
    /// Set to end early.
    pub stop: &'a AtomicBool,
}

/// Asks every question that the circumstances allow, then deletes every pool it made. `told` hears
/// of each question with its answer, or why there is none.
pub async fn probe(
    calls: &RawCalls,
    permission: &WritePermission,
    circumstances: Circumstances<'_>,
    mut told: impl FnMut(&Question, Result<&str, &str>),
) -> Probe {
    let run = new_run();
    let mut made = Made::default();
    let mut answers = BTreeMap::new();
    let mut not_asked = BTreeMap::new();
    let mut ended_early = None;
    let mut silent = 0;
    let (function, role) = (circumstances.function, circumstances.import_role);
    for question in Question::all() {
        if circumstances.stop.load(Ordering::Relaxed) {
            ended_early = Some(ProbeFailure::Stopped);
            break;
        }
        if let Some(why) = lacking(&question, function.is_some(), role.is_some()) {
            told(&question, Err(why));
            not_asked.insert(question.id, why.to_owned());
            continue;
        }
        let mut asking = Asking {
            calls,
            permission,
            run: &run,
            function,
            import_role: role,
            made: &mut made,
            allowance: question.calls.iter().copied().collect(),
            replies: Vec::new(),
        };
        let answer = question.ask(&mut asking).await;
        let replies = std::mem::take(&mut asking.replies);
        match answer {
            Ok(answer) => {
                silent = 0;
                told(&question, Ok(&answer));
                answers.insert(question.id, FactAnswer { answer, replies });
            }
            Err(unanswered) => {
                let why = unanswered.to_string();
                told(&question, Err(&why));
                not_asked.insert(question.id, why);
                match hopeless(unanswered) {
                    Some(ProbeFailure::NoAnswers) if silent + 1 < GIVE_UP_AFTER => silent += 1,
                    Some(failure) => {
                        ended_early = Some(failure);
                        break;
                    }
                    None => silent = 0,
                }
            }
        }
    }
    let age = made.since.map_or(0, |since| since.elapsed().as_secs());
    let mut left = Vec::new();
    for id in made.pools.values().chain(&made.strays) {
        *made.calls.entry("DeleteUserPool".to_owned()).or_default() += 1;
        if let Err(why) = delete(calls, permission, id).await {
            left.push((id.clone(), why));
        }
    }
    if made.unsure {
        left.extend(delete_unseen(calls, permission, &run).await);
    }
    let probed = Probed {
        date: Utc::now().format("%Y-%m-%d").to_string(),
        region: calls.region().to_owned(),
        service: if circumstances.on_aws {
            "aws"
        } else {
            "endpoint"
        }
        .to_owned(),
        pool_age_seconds: age,
        tool: circumstances.tool.to_owned(),
        sdk: SDK.to_owned(),
    };
    let mut facts = PoolFacts::new(probed, answers);
    facts.not_asked = not_asked;
    Probe {
        facts,
        calls: made.calls,
        left,
        ended_early,
    }
}

/// Deletes pools of this run that nobody told us of; gives those that stay.
async fn delete_unseen(
    calls: &RawCalls,
    permission: &WritePermission,
    run: &str,
) -> Vec<(String, String)> {
    let found = match leftovers(calls).await {
        Ok(found) => found,
        Err(why) => return vec![("that an answer was lost of".to_owned(), why)],
    };
    let of_this_run = format!("{NAME_PREFIX}{run}-");
    let mut left = Vec::new();
    for pool in found {
        if pool.proven
            && pool.name.starts_with(&of_this_run)
            && let Err(why) = delete(calls, permission, &pool.id).await
        {
            left.push((pool.id, why));
        }
    }
    left
}

/// Whether an unanswered question means that all others will be.
fn hopeless(unanswered: Unanswered) -> Option<ProbeFailure> {
    match unanswered {
        Unanswered::Fault(RawFault::Credentials) => Some(ProbeFailure::Credentials),
        Unanswered::Fault(RawFault::NoAnswer) => Some(ProbeFailure::NoAnswers),
        Unanswered::Preparation { operation, error } if HOPELESS.contains(&error.as_str()) => {
            Some(ProbeFailure::Refused { operation, error })
        }
        _ => None,
    }
}
