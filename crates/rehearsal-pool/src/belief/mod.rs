//! What this pool does without a source that says so, and what a probe of a real pool has settled.
//!
//! Responsible for the answer that a believed behaviour has now, for counting the calls that met
//! one, and for saying which settled answers the pool cannot follow. It must not know operations:
//! they ask by a belief's id. The list itself is `table`.

mod table;
mod template;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use self::template::{captured, filled};
use crate::api_error::ApiError;
use crate::api_model::api_model;
use crate::facts::PoolFacts;

/// The answer of a call that was not refused.
pub(crate) const ACCEPTED: &str = "accepted";

/// One behaviour that no source states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// Stable name; the probe's question has the same.
    pub id: String,
    /// The behaviour in a sentence.
    pub says: String,
    /// What is known of it elsewhere.
    pub source: &'static str,
    /// The answer this pool gives unless a probe found another one: `accepted`, an error as
    /// `Code: text`, or words of the question's own. `{…}` stands for what differs by call.
    pub believed: String,
    operation: &'static str,
    follows: Follows,
}

/// Which other answers the pool can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// None: another answer is a known difference.
    Nothing,
    /// One of these.
    Words(&'static [&'static str]),
    /// Any error that the operation declares.
    Errors,
    /// The same; the error is known by its text, on its way out.
    Wording,
    /// That, or `accepted`.
    ErrorsOrAccepted,
}

impl Belief {
    /// Every belief, in the order of the README's table.
    #[must_use]
    pub fn all() -> &'static [Belief] {
        static ALL: OnceLock<Vec<Belief>> = OnceLock::new();
        ALL.get_or_init(table::beliefs)
    }

    fn place(id: &str) -> Option<usize> {
        static PLACES: OnceLock<BTreeMap<&'static str, usize>> = OnceLock::new();
        let places = PLACES.get_or_init(|| {
            let ids = Belief::all().iter().map(|belief| belief.id.as_str());
            ids.enumerate().map(|(place, id)| (id, place)).collect()
        });
        places.get(id).copied()
    }

    /// The belief of this id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Belief> {
        Belief::place(id).map(|place| &Belief::all()[place])
    }

    /// Whether the pool can be made to answer so.
    #[must_use]
    pub fn can_follow(&self, answer: &str) -> bool {
        answer == self.believed
            || match self.follows {
                Follows::Nothing => false,
                Follows::Words(words) => words.contains(&answer),
                Follows::Errors | Follows::Wording => self.refusal(answer).is_some(),
                Follows::ErrorsOrAccepted => answer == ACCEPTED || self.refusal(answer).is_some(),
            }
    }

    /// An answer as the error it is, if the operation declares it.
    fn refusal(&self, answer: &str) -> Option<(&'static str, String)> {
        let (code, text) = answer.split_once(": ")?;
        let operation = api_model().operations.get(self.operation)?;
        let code = operation.errors.iter().find(|known| *known == code)?;
        Some((code, text.to_owned()))
    }
}

/// What became of a call whose end is believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Accepted,
    Refused(ApiError),
}

tokio::task_local! {
    /// The beliefs that the call at hand has met.
    static MET: RefCell<Vec<usize>>;
}

/// The beliefs as they stand, and how often calls met them.
#[derive(Debug)]
pub(crate) struct Beliefs {
    /// What a probe found, where it found something and the pool can follow.
    settled: Vec<Option<String>>,
    differences: Vec<KnownDifference>,
    met: Vec<AtomicU64>,
    calls: AtomicU64,
    calls_met: AtomicU64,
}

impl Beliefs {
    pub(crate) fn new(facts: Option<&PoolFacts>) -> Self {
        let mut settled: Vec<Option<String>> = vec![None; Belief::all().len()];
        let mut differences = Vec::new();
        for (id, fact) in facts.iter().flat_map(|facts| &facts.answers) {
            let Some(place) = Belief::place(id) else {
                continue;
            };
            let belief = &Belief::all()[place];
            if belief.can_follow(&fact.answer) {
                settled[place] = Some(fact.answer.clone());
            } else {
                differences.push(KnownDifference {
                    id: id.clone(),
                    says: belief.says.clone(),
                    found: fact.answer.clone(),
                    here: belief.believed.clone(),
                });
            }
        }
        Self {
            met: settled.iter().map(|_| AtomicU64::new(0)).collect(),
            settled,
            differences,
            calls: AtomicU64::new(0),
            calls_met: AtomicU64::new(0),
        }
    }

    /// Runs one call and counts the beliefs it met.
    pub(crate) async fn counting<T>(&self, call: impl Future<Output = T>) -> T {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.counting_what_follows(call).await
    }

    /// Runs what a call began and goes on after its answer; the call counts as having met what is
    /// met there.
    pub(crate) async fn counting_what_follows<T>(&self, work: impl Future<Output = T>) -> T {
        let (result, met) = MET
            .scope(RefCell::default(), async {
                let result = work.await;
                (result, MET.with(RefCell::take))
            })
            .await;
        for place in &met {
            self.met[*place].fetch_add(1, Ordering::Relaxed);
        }
        if !met.is_empty() {
            self.calls_met.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// The answer in force: what was found, else what is believed, which counts as met.
    fn answer(&self, place: usize) -> &str {
        match &self.settled[place] {
            Some(found) => found,
            None => {
                // Outside of a call, as when the pool starts, nobody counts.
                let _ = MET.try_with(|met| {
                    let mut met = met.borrow_mut();
                    if !met.contains(&place) {
                        met.push(place);
                    }
                });
                &Belief::all()[place].believed
            }
        }
    }

    /// What a probe found, where it did; nobody counts as having met the belief.
    pub(crate) fn found(&self, id: &str) -> Option<&str> {
        self.settled[Belief::place(id)?].as_deref()
    }

    /// The words in force for a question that is not about an error.
    pub(crate) fn word(&self, id: &str) -> &str {
        match Belief::place(id) {
            Some(place) => self.answer(place),
            None => {
                debug_assert!(false, "there is no belief {id}");
                ""
            }
        }
    }

    /// How a call ends that ends in `usual` unless a probe found otherwise.
    pub(crate) fn told(&self, id: &str, usual: Told) -> Told {
        let Some(place) = Belief::place(id) else {
            debug_assert!(false, "there is no belief {id}");
            return usual;
        };
        let belief = &Belief::all()[place];
        let text = match &usual {
            Told::Accepted => ACCEPTED.to_owned(),
            Told::Refused(error) => error.to_string(),
        };
        let parts = captured(&belief.believed, text.trim_end()).unwrap_or_default();
        let answer = self.answer(place);
        if answer == belief.believed {
            return usual;
        }
        if answer == ACCEPTED {
            return Told::Accepted;
        }
        match belief.refusal(answer) {
            Some((code, text)) => Told::Refused(ApiError::new(code, filled(&text, &parts))),
            None => usual,
        }
    }

    /// An error on its way out, whose text may be a believed one.
    pub(crate) fn worded(&self, operation: &str, error: ApiError) -> ApiError {
        let text = error.to_string();
        let believed = Belief::all().iter().position(|belief| {
            belief.operation == operation
                && belief.follows == Follows::Wording
                && captured(&belief.believed, text.trim_end()).is_some()
        });
        let Some(place) = believed else { return error };
        match self.told(&Belief::all()[place].id, Told::Refused(error)) {
            Told::Refused(error) => error,
            Told::Accepted => unreachable!("only errors follow errors here"),
        }
    }

    pub(crate) fn count(&self) -> BeliefCount {
        let met = Belief::all().iter().zip(&self.met);
        let mut met: Vec<MetBelief> = met
            .map(|(belief, count)| MetBelief {
                id: belief.id.clone(),
                says: belief.says.clone(),
                calls: count.load(Ordering::Relaxed),
            })
            .filter(|met| met.calls > 0)
            .collect();
        met.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.id.cmp(&b.id)));
        BeliefCount {
            calls: self.calls.load(Ordering::Relaxed),
            calls_that_met_one: self.calls_met.load(Ordering::Relaxed),
            settled: self.settled.iter().flatten().count(),
            met,
            differences: self.differences.clone(),
        }
    }
}

/// How far a pool's answers rested on belief.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BeliefCount {
    /// Calls answered.
    pub calls: u64,
    /// Those of them that met a believed behaviour which no probe has settled.
    pub calls_that_met_one: u64,
    /// Beliefs that the facts file settled.
    pub settled: usize,
    /// The behaviours met, the most met first.
    pub met: Vec<MetBelief>,
    /// What the facts file says and this pool cannot do.
    pub differences: Vec<KnownDifference>,
}

/// One believed behaviour and the calls that met it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetBelief {
    /// The belief's id.
    pub id: String,
    /// The behaviour.
    pub says: String,
    /// Calls.
    pub calls: u64,
}

/// An answer of a real pool that this one cannot give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownDifference {
    /// The belief's id.
    pub id: String,
    /// The behaviour.
    pub says: String,
    /// The real pool's answer.
    pub found: String,
    /// This pool's.
    pub here: String,
}

impl BeliefCount {
    /// The sentence for reports: how many calls rested on belief, and on what.
    #[must_use]
    pub fn sentence(&self) -> String {
        let all = self.calls;
        let met = self.calls_that_met_one;
        if met == 0 {
            return format!("Of {all} calls, none met a believed behaviour.");
        }
        let named = self.met.iter().take(5);
        let mut named: Vec<String> = named
            .map(|met| format!("{} ({})", met.says, met.calls))
            .collect();
        if let Some(more) = self.met.len().checked_sub(5).filter(|more| *more > 0) {
            named.push(format!("{more} more"));
        }
        format!(
            "Of {all} calls, {met} met a believed behaviour: {}.",
            named.join("; ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{FactAnswer, Probed};

    fn facts(answers: &[(&str, &str)]) -> PoolFacts {
        let fact = |(id, answer): &(&str, &str)| {
            let fact = FactAnswer {
                answer: (*answer).to_owned(),
                replies: Vec::new(),
            };
            ((*id).to_owned(), fact)
        };
        PoolFacts::new(Probed::default(), answers.iter().map(fact).collect())
    }

    #[test]
    fn ids_are_unique_and_every_believed_error_is_declared() {
        let mut ids: Vec<&str> = Belief::all().iter().map(|b| b.id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        for belief in Belief::all() {
            let errors = matches!(
                belief.follows,
                Follows::Errors | Follows::Wording | Follows::ErrorsOrAccepted
            );
            if errors && belief.believed != ACCEPTED {
                assert!(belief.refusal(&belief.believed).is_some(), "{}", belief.id);
            }
            if let Follows::Words(words) = belief.follows {
                assert!(words.contains(&belief.believed.as_str()), "{}", belief.id);
            }
        }
    }

    #[test]
    fn two_wordings_of_one_operation_are_told_apart() {
        let wire: Vec<&Belief> = Belief::all()
            .iter()
            .filter(|belief| belief.follows == Follows::Wording)
            .collect();
        for belief in &wire {
            let same = wire
                .iter()
                .filter(|other| other.operation == belief.operation)
                .filter(|other| captured(&other.believed, &belief.believed).is_some());
            assert_eq!(same.count(), 1, "{}", belief.id);
        }
    }

    #[tokio::test]
    async fn a_fact_changes_the_answer_and_is_no_belief_any_more() {
        let id = "groups-join-twice";
        let believing = Beliefs::new(None);
        let told = believing
            .counting(async { believing.told(id, Told::Accepted) })
            .await;
        assert_eq!(told, Told::Accepted);
        let count = believing.count();
        assert_eq!((count.calls, count.calls_that_met_one), (1, 1));
        assert!(count.sentence().starts_with("Of 1 calls, 1 met"));

        let error = "InvalidParameterException: User is in the group already.";
        let knowing = Beliefs::new(Some(&facts(&[(id, error)])));
        let told = knowing
            .counting(async { knowing.told(id, Told::Accepted) })
            .await;
        let wanted = ApiError::invalid_parameter("User is in the group already.");
        assert_eq!(told, Told::Refused(wanted));
        let count = knowing.count();
        assert_eq!((count.calls, count.calls_that_met_one), (1, 0));
        assert_eq!(count.settled, 1);
    }

    #[test]
    fn what_varies_by_call_is_filled_in() {
        let id = "migration-bad-attribute/InitiateAuth/LEGACY";
        let found = "NotAuthorizedException: No migration for {app client}, sorry.";
        let beliefs = Beliefs::new(Some(&facts(&[(id, found)])));
        let usual = ApiError::new(
            "UserNotFoundException",
            "Exception migrating user in app client 1abc",
        );
        let told = beliefs.told(id, Told::Refused(usual));
        let wanted = ApiError::not_authorized("No migration for 1abc, sorry.");
        assert_eq!(told, Told::Refused(wanted));
    }

    #[test]
    fn what_cannot_be_followed_is_a_known_difference() {
        let id = "migration-throws/InitiateAuth/LEGACY";
        let beliefs = Beliefs::new(Some(&facts(&[
            (id, "accepted"),
            ("groups-join-twice", "MadeUpException: no"),
            ("a question of a later version", "yes"),
        ])));
        let count = beliefs.count();
        let mut ids: Vec<&str> = count.differences.iter().map(|d| d.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["groups-join-twice", id]);
        assert_eq!(count.settled, 0);
    }
}
