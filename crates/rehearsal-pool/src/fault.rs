//! Faults on request: what a client must survive, made to happen.
//!
//! Responsible for deciding which call gets which fault, by count or by share, the same for the
//! same seed and order of calls. It must not know how a fault is carried out (see `server`).

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Deserialize;

/// Faults to make happen. The first rule that fits a call decides.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Seed of the shares' random choices.
    #[serde(default)]
    pub seed: u64,
    /// The rules, in order.
    #[serde(default)]
    pub rules: Vec<FaultRule>,
}

/// Which calls get a fault, and which one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Operation in Cognito's name; `None` for all.
    #[serde(default)]
    pub operation: Option<String>,
    /// What happens.
    pub fault: Fault,
    /// Which of the calls.
    pub when: FaultWhen,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// `TooManyRequestsException`; nothing is done.
    Throttle,
    /// `InternalErrorException`; nothing is done.
    InternalError,
    /// The connection is reset; nothing is done.
    ResetBefore,
    /// The connection is reset after the operation took effect.
    ResetAfter,
    /// Half of the answer, then a reset, after the operation took effect.
    HalfWritten,
    /// The answer comes so many milliseconds late, after the operation took effect.
    Late(u64),
}

/// Which calls a rule means.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultWhen {
    /// So many calls after so many that pass.
    Calls {
        /// Calls that pass first.
        #[serde(default)]
        after: u64,
        /// Calls that then get the fault.
        count: u64,
    },
    /// This share of all calls, 0 to 1.
    Share(f64),
}

pub(crate) struct Faults(Mutex<State>);

struct State {
    plan: FaultPlan,
    seen: Vec<u64>,
    random: StdRng,
}

impl Faults {
    pub(crate) fn new(plan: FaultPlan) -> Self {
        Self(Mutex::new(State::new(plan)))
    }

    pub(crate) fn replace(&self, plan: FaultPlan) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::new(plan);
    }

    /// The fault of the next call of `operation`.
    pub(crate) fn next(&self, operation: &str) -> Option<Fault> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next(operation)
    }
}

impl State {
    fn new(plan: FaultPlan) -> Self {
        Self {
            seen: vec![0; plan.rules.len()],
            random: StdRng::seed_from_u64(plan.seed),
            plan,
        }
    }

    fn next(&mut self, operation: &str) -> Option<Fault> {
        let mut chosen = None;
        for (rule, seen) in self.plan.rules.iter().zip(&mut self.seen) {
            if rule
                .operation
                .as_ref()
                .is_some_and(|named| named != operation)
            {
                continue;
            }
            let hit = match rule.when {
                FaultWhen::Calls { after, count } => {
                    *seen += 1;
                    *seen > after && *seen - after <= count
                }
                // Drawn for every call, so that an earlier rule does not shift later choices.
                FaultWhen::Share(share) => self.random.random::<f64>() < share,
            };
            if hit && chosen.is_none() {
                chosen = Some(rule.fault);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(operation: Option<&str>, fault: Fault, when: FaultWhen) -> FaultRule {
        FaultRule {
            operation: operation.map(str::to_owned),
            fault,
            when,
        }
    }

    fn drawn(plan: &FaultPlan, calls: usize) -> Vec<Option<Fault>> {
        let faults = Faults::new(plan.clone());
        (0..calls).map(|_| faults.next("ListUsers")).collect()
    }

    #[test]
    fn a_count_hits_exactly_the_calls_it_names() {
        let when = FaultWhen::Calls { after: 2, count: 2 };
        let plan = FaultPlan {
            seed: 0,
            rules: vec![rule(Some("ListUsers"), Fault::Throttle, when)],
        };
        let hits: Vec<bool> = drawn(&plan, 6).iter().map(Option::is_some).collect();
        assert_eq!(hits, [false, false, true, true, false, false]);
        assert_eq!(Faults::new(plan).next("AdminGetUser"), None);
    }

    #[test]
    fn a_share_is_the_same_for_the_same_seed() {
        let plan = |seed| FaultPlan {
            seed,
            rules: vec![rule(None, Fault::InternalError, FaultWhen::Share(0.3))],
        };
        let first = drawn(&plan(1), 1_000);
        assert_eq!(first, drawn(&plan(1), 1_000));
        assert_ne!(first, drawn(&plan(2), 1_000));
        let hits = first.iter().flatten().count();
        assert!((200..400).contains(&hits), "{hits} of 1,000");
    }

    #[test]
    fn a_plan_reads_as_json() {
        let text = r#"{"seed": 7, "rules": [
            {"operation": "AdminCreateUser", "fault": "reset-after",
             "when": {"calls": {"count": 1}}},
            {"fault": {"late": 200}, "when": {"share": 0.5}}]}"#;
        let plan: FaultPlan = serde_json::from_str(text).expect("a plan");
        assert_eq!(plan.rules[0].fault, Fault::ResetAfter);
        assert_eq!(plan.rules[0].when, FaultWhen::Calls { after: 0, count: 1 });
        assert_eq!(plan.rules[1].fault, Fault::Late(200));
    }
}
