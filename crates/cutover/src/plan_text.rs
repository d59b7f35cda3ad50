//! A plan as somebody reads it in a terminal. Prints and decides nothing.

use std::path::Path;
use std::time::Duration;

use bulk_import::{Plan, PlanCount};
use migration_model::{Route, Severity};

use crate::commands::status::why;
use crate::import_progress::duration;
use crate::output;

/// Prints the whole plan, and what comes next; `file` is where it was written as well.
pub(crate) fn print(plan: &Plan, file: Option<&Path>) {
    users(plan);
    risks(plan);
    calls(plan);
    groups(plan);
    let lines = plan.cannot_be_undone();
    if !lines.is_empty() {
        output::result("\nwhat cannot be undone");
        for line in lines {
            output::result(format_args!("  - {line}"));
        }
    }
    if !plan.findings.is_empty() {
        output::result("");
    }
    for finding in &plan.findings {
        let word = match finding.severity {
            Severity::Blocker => "BLOCKER",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        output::result(format_args!(
            "{word}: {}: {}\n  next: {}",
            finding.subject, finding.message, finding.next_step
        ));
    }
    if let Some(file) = file {
        output::note(format_args!("the plan is in {}", file.display()));
    }
    output::note(match (plan.blockers().next(), file) {
        (Some(_), _) => "it cannot be done like this; see BLOCKER above",
        (None, _) if plan.to_create + plan.hash_import == 0 => {
            "with these options nobody would be created"
        }
        (None, None) => "to do it, add --execute",
        // --plan goes with no --execute: what is written down is to be reviewed first.
        (None, Some(_)) => {
            "to do it once it is reviewed: --reviewed-plan in place of --plan, and --execute"
        }
    });
}

fn users(plan: &Plan) {
    let digest: String = plan.binding.digest().chars().take(12).collect();
    output::result(format_args!(
        "plan {digest} of run {} into {} (nothing was written)",
        plan.run, plan.binding.user_pool_id
    ));
    let policy = &plan.binding.policy;
    output::result(format_args!(
        "  {:>9}  would be created, final state {}",
        plan.to_create, policy.final_state
    ));
    if plan.hash_import > 0 {
        output::result(format_args!(
            "  {:>9}  would be created by import jobs and keep their password",
            plan.hash_import
        ));
    }
    // Routes that come to the same are told as one.
    let mut lines: Vec<(String, u64)> = Vec::new();
    let is_open = |count: &&PlanCount| {
        count.outcome.is_none() && matches!(count.route, Route::AdminCreate | Route::HashImport)
    };
    for count in plan.counts.iter().filter(|count| !is_open(count)) {
        let becomes = match (count.outcome.as_deref(), count.route) {
            (Some("held"), Route::FirstLogin) => "left for first login",
            (Some("already_in_pool"), _) => "already in the pool",
            (outcome, route) => outcome.unwrap_or(route.code()),
        };
        let reason = why(count.reason).map_or_else(String::new, |reason| format!(": {reason}"));
        let line = format!("{becomes}{reason}");
        match lines.iter_mut().find(|(told, _)| *told == line) {
            Some((_, users)) => *users += count.users,
            None => lines.push((line, count.users)),
        }
    }
    for (line, users) in lines {
        output::result(format_args!("  {users:>9}  {line}"));
    }
    if !policy.keep_for_first_login.is_empty() {
        let conditions = policy.keep_for_first_login.iter();
        let words: Vec<String> = conditions.map(|one| one.in_words(policy.as_of)).collect();
        output::result(format_args!(
            "\nLeft for first login although approved: {}.",
            words.join("; or ")
        ));
    }
}

fn risks(plan: &Plan) {
    if plan.kept_for_first_login > 0 {
        let kept = plan.kept_for_first_login;
        output::result(format_args!(
            "\n{kept} users can still keep their password by signing in once; they are left alone."
        ));
        if !plan.binding.policy.approve_password_reset {
            output::result("With --approve-password-reset they are imported and lose it for good.");
        }
    }
    if plan.hash_import_billable > 0 {
        output::result(format_args!(
            "\nImport jobs make nobody billable; adding groups and identities afterwards makes \
             {} of them so this month.",
            plan.hash_import_billable
        ));
    }
    if plan.losing_password > 0 {
        output::result(format_args!(
            "\nRISK: {} of those to be created could still keep their password; they lose it.",
            plan.losing_password
        ));
    }
    if plan.without_contact > 0 {
        output::result(format_args!(
            "\nRISK: {} of those to be created have no verified address: no reset code can \
             reach them.",
            plan.without_contact
        ));
    }
}

fn calls(plan: &Plan) {
    if plan.calls.is_empty() {
        return;
    }
    let time = |time: Option<Duration>| time.map_or_else(|| "no limit".to_owned(), duration);
    output::result(format_args!(
        "\n  {:>9}  {:<24} {:>12} {:>12}",
        "calls",
        "quota category",
        "at the limit",
        format!("at share {}", plan.share),
    ));
    for calls in &plan.calls {
        output::result(format_args!(
            "  {:>9}  {:<24} {:>12} {:>12}",
            calls.calls,
            calls.category.name(),
            time(calls.at_limit),
            time(calls.at_share)
        ));
    }
    output::result(format_args!(
        "  {:>9}  {:<24} {:>12} {:>12}",
        "",
        "in all (side by side)",
        time(plan.time_at_limit()),
        time(plan.time_at_share())
    ));
}

fn groups(plan: &Plan) {
    /// A screen has room for no more.
    const SHOWN: usize = 10;
    if plan.groups.is_empty() {
        return;
    }
    let names = plan.groups.iter().take(SHOWN).map(|group| {
        let precedence = group.precedence.map(|number| format!(" ({number})"));
        format!("{}{}", group.name, precedence.unwrap_or_default())
    });
    let names: Vec<String> = names.collect();
    let more = match plan.groups.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let number = match plan.groups.iter().any(|group| group.precedence.is_some()) {
        true => " (precedence)",
        false => "",
    };
    output::result(format_args!(
        "\n{} groups, created where the pool lacks them{number}: {}{more}",
        plan.groups.len(),
        names.join(", ")
    ));
}
