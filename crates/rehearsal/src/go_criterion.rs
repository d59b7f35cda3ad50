//! The team's own verdict: each of its criteria against the figure of this rehearsal. Called by
//! `conduct` once the import is done.

use migration_model::{Finding, GoCriteria, GoLimit, Severity};
use serde::Serialize;

use crate::report::Import;
use crate::wording::count_of;

/// One criterion and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct GoCriterion {
    /// Its key in `[rehearsal] go`.
    pub name: &'static str,
    /// Who is counted, in words.
    pub meaning: &'static str,
    /// How many there are.
    pub people: u64,
    /// How many there may be.
    pub at_most: u64,
    /// Whether it is met.
    pub met: bool,
    /// What would bring the number down.
    pub next_step: &'static str,
}

/// Holds the criteria against an import.
pub(crate) fn judge(criteria: &GoCriteria, import: &Import) -> Vec<GoCriterion> {
    let judged = |name, meaning, people: u64, limit: GoLimit, next_step| {
        let at_most = limit.of(import.read);
        GoCriterion {
            name,
            meaning,
            people,
            at_most,
            met: people <= at_most,
            next_step,
        }
    };
    vec![
        judged(
            "locked_out",
            "lost the password, and no reset code can reach them",
            import.without_verified_contact,
            criteria.locked_out,
            "set [legacy] email_verified if the addresses were confirmed, or let these people sign \
             in during the window",
        ),
        judged(
            "password_lost",
            "could still have signed in, and lost the password",
            import.password_resets,
            criteria.password_lost,
            "put hash-import first in [import] routes, or keep the window open for longer",
        ),
        judged(
            "held",
            "were not moved",
            import.held,
            criteria.held,
            "correct in Django what the findings above name",
        ),
        judged(
            "failed",
            "could not be moved",
            import.failed,
            criteria.failed,
            "see the findings above",
        ),
    ]
}

/// What is not met blocks.
pub(crate) fn findings(criteria: &[GoCriterion]) -> Vec<Finding> {
    let missed = criteria.iter().filter(|criterion| !criterion.met);
    let finding = |criterion: &GoCriterion| Finding {
        severity: Severity::Blocker,
        code: "go-criterion-missed",
        subject: format!("[rehearsal] go.{}", criterion.name),
        message: format!(
            "{} {}, and at most {} may",
            count_of(criterion.people, "user"),
            criterion.meaning,
            criterion.at_most
        ),
        next_step: criterion.next_step.to_owned(),
    };
    missed.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_locked_out_is_no_go_and_what_would_help_is_said() {
        let import = Import {
            read: 1000,
            without_verified_contact: 206,
            password_resets: 50,
            held: 20,
            ..Import::default()
        };
        let judged = judge(&GoCriteria::default(), &import);
        let met: Vec<bool> = judged.iter().map(|criterion| criterion.met).collect();
        assert_eq!(met, [false, true, true, true]);
        let found = findings(&judged);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("206 users"), "{found:?}");
        assert!(found[0].next_step.contains("email_verified"));
    }
}
