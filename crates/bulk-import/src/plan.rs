//! What an import would do, in numbers: users by route and reason, calls by quota category, how
//! long that takes, who becomes billable. Counts only; who is meant stands in the journal.

use std::time::Duration;

use cognito_user_pool::{QuotaCategory, Quotas};
use migration_model::{Finding, Reason, Route, Severity};
use serde::Serialize;

use crate::summary::Summary;
use crate::{FinalState, PlanBinding, RunName};

/// Users of one route, reason and outcome.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlanCount {
    /// The way into the pool.
    pub route: Route,
    /// Why, for every route but admin-create.
    pub reason: Option<Reason>,
    /// What is settled already; absent for users still to be created.
    pub outcome: Option<String>,
    /// How many.
    pub users: u64,
    /// Their group memberships.
    pub memberships: u64,
    /// Their social identities to be linked.
    pub identities: u64,
    /// Those to be disabled.
    pub disabled: u64,
    /// Those without a verified address for a reset code.
    pub without_contact: u64,
    /// Those who could still keep their password by signing in.
    pub may_sign_in: u64,
}

/// A group that the import creates.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PlannedGroup {
    /// Its name in the pool.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its precedence, where one is configured.
    pub precedence: Option<i32>,
}

/// The calls that a plan makes in one quota category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryCalls {
    /// The category.
    pub category: QuotaCategory,
    /// How many calls.
    pub calls: u64,
    /// How long they take at the account's whole limit; absent without limits.
    pub at_limit: Option<Duration>,
    /// How long they take at the share we allow ourselves.
    pub at_share: Option<Duration>,
}

/// A plan in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The run's name.
    pub run: RunName,
    /// What an import that is held against this plan must have in common with it.
    pub binding: PlanBinding,
    /// The share of the limits that is allowed.
    pub share: f64,
    /// Users by route, reason and outcome.
    pub counts: Vec<PlanCount>,
    /// Users who would be created. Each becomes a monthly active user (developer guide,
    /// "Quotas": administrative creation counts).
    pub to_create: u64,
    /// Of these, users who could still keep their password by signing in, and would lose it.
    pub losing_password: u64,
    /// Users left alone because they can still keep their password by signing in: those whom
    /// `--approve-password-reset` would import.
    pub kept_for_first_login: u64,
    /// Of those to be created, users whom no reset code could reach.
    pub without_contact: u64,
    /// Calls by category, the slowest first.
    pub calls: Vec<CategoryCalls>,
    /// Groups to be created.
    pub groups: Vec<PlannedGroup>,
    /// What a review binds: one key for each user to be created.
    pub creations: Vec<i64>,
    /// What an operator should know of the pool.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether somebody in the pool has a legacy user's name, and nothing proves who it is.
    pub fn has_strangers(&self) -> bool {
        let mut counts = self.counts.iter();
        counts.any(|count| count.reason == Some(Reason::NameTakenByStranger))
    }

    pub(crate) fn new(
        run: RunName,
        binding: PlanBinding,
        counts: Vec<PlanCount>,
        groups: Vec<PlannedGroup>,
        quotas: &Quotas,
        findings: Vec<Finding>,
    ) -> Plan {
        let sum = |of: fn(&PlanCount) -> u64| {
            let open = counts.iter().filter(|count| count.outcome.is_none());
            open.map(of).sum::<u64>()
        };
        let to_create = sum(|count| count.users);
        let passwords = match binding.policy.final_state.sets_password() {
            true => to_create,
            false => 0,
        };
        let mut calls: Vec<_> = [
            (QuotaCategory::UserCreation, to_create),
            (QuotaCategory::UserAccountRecovery, passwords),
            (
                QuotaCategory::UserUpdate,
                sum(|count| count.memberships + count.identities + count.disabled),
            ),
            (
                QuotaCategory::UserPoolResourceUpdate,
                u64::try_from(groups.len()).unwrap_or(0),
            ),
        ]
        .into_iter()
        .filter(|(_, calls)| *calls > 0)
        .map(|(category, calls)| CategoryCalls {
            category,
            calls,
            at_limit: time_for(calls, quotas.limit(category)),
            at_share: time_for(calls, quotas.allowance(category)),
        })
        .collect();
        calls.sort_by_key(|calls| std::cmp::Reverse(calls.at_share));
        Plan {
            to_create,
            losing_password: sum(|count| count.may_sign_in),
            kept_for_first_login: counts
                .iter()
                .filter(|count| count.reason == Some(Reason::MayStillSignIn))
                .map(|count| count.users)
                .sum(),
            without_contact: sum(|count| count.without_contact),
            run,
            binding,
            share: quotas.share().get(),
            counts,
            calls,
            groups,
            creations: Vec::new(),
            findings,
        }
    }

    /// How long the import takes at the account's whole limits: categories run side by side, so
    /// the slowest decides. Absent without limits.
    pub fn time_at_limit(&self) -> Option<Duration> {
        self.calls.iter().filter_map(|calls| calls.at_limit).max()
    }

    /// How long the import takes at the share we allow ourselves.
    pub fn time_at_share(&self) -> Option<Duration> {
        self.calls.iter().filter_map(|calls| calls.at_share).max()
    }

    /// Of those to be created, users who are disabled at once.
    pub(crate) fn disabled(&self) -> u64 {
        let open = self.counts.iter().filter(|count| count.outcome.is_none());
        open.map(|count| count.disabled).sum()
    }

    /// Findings that keep the plan from being carried out.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        let blocks = |finding: &&Finding| finding.severity == Severity::Blocker;
        self.findings.iter().filter(blocks)
    }

    /// What no undo takes back, one sentence each.
    pub fn cannot_be_undone(&self) -> Vec<String> {
        if self.to_create == 0 {
            return Vec::new();
        }
        let created = self.to_create;
        let mut lines = vec![format!(
            "{created} users become monthly active users of this month, and are billed as such."
        )];
        if self.losing_password > 0 {
            lines.push(format!(
                "{} users lose a password with which they could still have signed in.",
                self.losing_password
            ));
        }
        if self.binding.policy.final_state == FinalState::Invite {
            lines.push("Invitations that are mailed cannot be called back.".to_owned());
        }
        lines.push(
            "A user deleted by cutover undo and created again has another sub; whoever has been \
             used since is not deleted."
                .to_owned(),
        );
        if !self.groups.is_empty() {
            lines.push("Groups stay; an undo deletes users alone.".to_owned());
        }
        lines
    }

    /// The accounts of a dry run: users to be created are pending, because nothing was written.
    pub fn summary(&self) -> Summary {
        let of = |outcome: &str| {
            let settled = |count: &&PlanCount| count.outcome.as_deref() == Some(outcome);
            self.counts
                .iter()
                .filter(settled)
                .map(|count| count.users)
                .sum::<u64>()
        };
        let (already_in_pool, held) = (of("already_in_pool"), of("held"));
        Summary {
            run: self.run.as_str().to_owned(),
            read: already_in_pool + held,
            created: 0,
            already_in_pool,
            held,
            failed: 0,
            pending: self.to_create,
            complete: false,
            dry_run: true,
        }
    }
}

fn time_for(calls: u64, rate: Option<f64>) -> Option<Duration> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a forecast needs no more than 52 bits"
    )]
    let calls = calls as f64;
    Some(Duration::from_secs_f64(calls / rate?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognito_user_pool::Share;

    #[test]
    fn the_slowest_category_decides_how_long_it_takes() {
        let users = PlanCount {
            route: Route::AdminCreate,
            reason: None,
            outcome: None,
            users: 3000,
            memberships: 3000,
            identities: 0,
            disabled: 0,
            without_contact: 5,
            may_sign_in: 7,
        };
        let held = PlanCount {
            route: Route::FirstLogin,
            reason: Some(Reason::MayStillSignIn),
            outcome: Some("held".to_owned()),
            ..users.clone()
        };
        let quotas = Quotas::defaults(Share::HALF);
        let run: RunName = "night".parse().expect("a name");
        let group = |name: &str| PlannedGroup {
            name: name.to_owned(),
            description: String::new(),
            precedence: None,
        };
        let groups = vec![group("one"), group("two")];
        let binding = PlanBinding::example();
        let plan = Plan::new(run, binding, vec![users, held], groups, &quotas, Vec::new());
        assert_eq!(plan.to_create, 3000);
        assert_eq!((plan.losing_password, plan.without_contact), (7, 5));
        assert_eq!(plan.calls[0].category, QuotaCategory::UserUpdate);
        assert_eq!(plan.time_at_limit(), Some(Duration::from_secs(120)));
        assert_eq!(plan.time_at_share(), Some(Duration::from_secs(240)));
        let summary = plan.summary();
        assert_eq!(
            (summary.read, summary.held, summary.pending),
            (3000, 3000, 3000)
        );
        assert!(summary.dry_run && !summary.complete);
    }
}
