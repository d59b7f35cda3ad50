//! An answer beside what the rehearsal pool believes. Makes no call.

use rehearsal_pool::{Belief, PoolFacts};

/// How an answer compares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// As believed.
    AsBelieved,
    /// Otherwise, and the rehearsal pool does so too with this file.
    Followed,
    /// Otherwise, and the rehearsal pool cannot.
    Different,
    /// No belief of this version hangs on it.
    NoBelief,
}

/// One answer and the belief it settles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison {
    /// The question's and the belief's id.
    pub id: String,
    /// What was found.
    pub found: String,
    /// What is believed.
    pub believed: Option<String>,
    /// How they compare.
    pub outcome: Outcome,
}

/// Every answer of a file beside its belief.
#[must_use]
pub fn comparisons(facts: &PoolFacts) -> Vec<Comparison> {
    let compare = |(id, fact): (&String, &rehearsal_pool::FactAnswer)| {
        let belief = Belief::find(id);
        let outcome = match belief {
            None => Outcome::NoBelief,
            Some(belief) if belief.believed == fact.answer => Outcome::AsBelieved,
            Some(belief) if belief.can_follow(&fact.answer) => Outcome::Followed,
            Some(_) => Outcome::Different,
        };
        Comparison {
            id: id.clone(),
            found: fact.answer.clone(),
            believed: belief.map(|belief| belief.believed.clone()),
            outcome,
        }
    };
    facts.answers.iter().map(compare).collect()
}
