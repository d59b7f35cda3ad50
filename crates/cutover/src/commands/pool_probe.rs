//! `cutover pool probe`: says what it would do, asks if told to, and cleans up after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cognito_user_pool::{AddressError, RawCalls, WritePermission};
use pool_probe::{Circumstances, Cleaned, Plan, ProbeFailure, comparisons, policy};
use rehearsal_pool::NEVER_ON_AWS;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Arguments, ProbeOptions};
use crate::commands::pool_facts::print_comparison;
use crate::exit_status::{ExitStatus, Failure};
use crate::{output, runtime, settings};

/// This program, as a facts file names it.
const TOOL: &str = concat!("cutover ", env!("CARGO_PKG_VERSION"));

pub(crate) fn run(arguments: &Arguments, options: &ProbeOptions) -> Result<ExitStatus, Failure> {
    runtime()?.block_on(run_async(arguments, options))
}

async fn run_async(arguments: &Arguments, options: &ProbeOptions) -> Result<ExitStatus, Failure> {
    let config = settings::config_or_defaults(arguments)?;
    let target = config.pool.as_ref();
    let region = options
        .region
        .as_deref()
        .or(target.map(|pool| pool.region.as_str()));
    let region = region.ok_or_else(|| {
        Failure::usage("no AWS Region is named").hint("name it with --region, such as eu-west-1")
    })?;
    let role = options
        .import_role_arn
        .as_deref()
        .or(target.and_then(|pool| pool.import_role_arn.as_deref()));
    for (flag, arn, service) in [
        ("--function-arn", options.function_arn.as_deref(), "lambda"),
        ("--import-role-arn", role, "iam"),
    ] {
        if arn.is_some_and(|arn| !is_arn(arn, service)) {
            return Err(
                Failure::usage(format!("{flag} is not of the form arn:aws:{service}:…"))
                    .hint("copy it from the console or the stack's outputs"),
            );
        }
    }
    let calls = RawCalls::connect(region, options.endpoint_url.as_deref());
    let calls = calls.await.map_err(|error| {
        Failure::usage("this is no place of user pools")
            .source(error)
            .hint(match error {
                AddressError::Region | AddressError::UserPoolId => "correct --region",
                AddressError::EndpointUrl | AddressError::PlainHttp => {
                    "correct --endpoint-url, or leave it out for AWS's own"
                }
            })
    })?;
    let permission = WritePermission::from_execute_flag(options.execute);
    if options.clean {
        return clean(&calls, permission.as_ref()).await;
    }
    let plan = Plan::new(options.function_arn.is_some(), role.is_some());
    print_plan(&plan, region);
    let Some(permission) = permission else {
        let policy = serde_json::to_string_pretty(&policy()).unwrap_or_default();
        output::result(format_args!(
            "\nIAM policy (infra/probe-policy.json)\n{policy}\n\n{NEVER_ON_AWS}\nNothing was asked: \
             add --execute"
        ));
        return Ok(ExitStatus::Fine);
    };
    if options.function_arn.is_none() && !options.without_trigger {
        return Err(Failure::usage("no function is named").hint(
            "deploy infra/probe-function.yaml and name it with --function-arn, or leave its \
             questions out with --without-trigger",
        ));
    }
    ask(&calls, &permission, options, role).await
}

async fn ask(
    calls: &RawCalls,
    permission: &WritePermission,
    options: &ProbeOptions,
    role: Option<&str>,
) -> Result<ExitStatus, Failure> {
    // A file that cannot be written is better known before anything is made.
    output::check_writable(&options.out)?;
    let stop = Arc::new(AtomicBool::new(false));
    let listening = tokio::spawn(stop_at_a_signal(Arc::clone(&stop)));
    let circumstances = Circumstances {
        function: options.function_arn.as_deref(),
        import_role: role,
        on_aws: options.endpoint_url.is_none(),
        tool: TOOL,
        stop: &stop,
    };
    let probe = pool_probe::probe(
        calls,
        permission,
        circumstances,
        |question, answer| match answer {
            Ok(answer) => output::note(format_args!("{}: {answer}", question.id)),
            Err(why) => output::note(format_args!("{}: not answered: {why}", question.id)),
        },
    )
    .await;
    listening.abort();
    let facts = &probe.facts;
    if let Some((place, kind)) = facts.unredacted() {
        return Err(Failure::new(
            ExitStatus::Findings,
            format!("the answers hold {kind} in {place}, so they were not written"),
        )
        .hint("tell us the question; the file must name nobody"));
    }
    output::json_file(&options.out, facts)?;
    let made: u32 = probe.calls.values().sum();
    output::result(format_args!(
        "\n{} answers in {}, {} questions without one, {made} calls",
        facts.answers.len(),
        options.out.display(),
        facts.not_asked.len()
    ));
    print_comparison(&comparisons(facts));
    for (id, why) in &probe.left {
        output::note(format_args!(
            "the pool {id} could not be deleted ({why}): run cutover pool probe --clean --execute"
        ));
    }
    if let Some(failure) = probe.ended_early {
        let hint = match &failure {
            ProbeFailure::Stopped => "run it again; what it had made is deleted",
            ProbeFailure::NoAnswers => "check the network, the Region and --endpoint-url",
            ProbeFailure::Credentials => "sign in, for example with aws sso login",
            ProbeFailure::Refused { .. } => "give the caller infra/probe-policy.json",
        };
        return Err(Failure::new(
            ExitStatus::Halted,
            "the probe ended before its last question",
        )
        .source(failure)
        .hint(hint));
    }
    Ok(match probe.left.is_empty() {
        true => ExitStatus::Fine,
        false => ExitStatus::Findings,
    })
}

fn is_arn(text: &str, service: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, named, _, _, rest]
        if partition.starts_with("aws") && named == service && !rest.is_empty())
}

async fn stop_at_a_signal(stop: Arc<AtomicBool>) {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    output::note("stopping after this question; what was made is deleted");
    stop.store(true, Ordering::Relaxed);
}

fn print_plan(plan: &Plan, region: &str) {
    output::result(format_args!(
        "{} questions in {region}: makes and deletes {} user pools with {} app clients; no function \
         and no role is made\nat most {} users, each at most one monthly active user (MAU); every \
         address is under example.com\ncalls at most, by quota category",
        plan.questions, plan.pools, plan.clients, plan.users
    ));
    for calls in &plan.calls {
        output::result(format_args!("  {:<24} {}", calls.category, calls.calls));
    }
    let mut reasons: Vec<&str> = plan.left_out.iter().map(|(_, why)| *why).collect();
    reasons.dedup();
    for reason in reasons {
        let count = plan.left_out.iter().filter(|(_, why)| *why == reason);
        output::result(format_args!(
            "left out: {} questions, {reason}",
            count.count()
        ));
    }
}

async fn clean(
    calls: &RawCalls,
    permission: Option<&WritePermission>,
) -> Result<ExitStatus, Failure> {
    let failed = |why: String| {
        Failure::new(
            ExitStatus::Halted,
            format!("the user pools cannot be looked through: {why}"),
        )
        .hint("check the network, the Region, and that infra/probe-policy.json is allowed")
    };
    let Some(permission) = permission else {
        let found = pool_probe::leftovers(calls).await.map_err(failed)?;
        for leftover in &found {
            let what = match leftover.proven {
                true => "would be deleted",
                false => "stays: it has a probe's name and not its tag",
            };
            output::result(format_args!("{} {}: {what}", leftover.id, leftover.name));
        }
        output::result(format_args!(
            "{} user pools of probes. Nothing was deleted: add --execute",
            found.iter().filter(|leftover| leftover.proven).count()
        ));
        return Ok(ExitStatus::Fine);
    };
    let Cleaned {
        deleted,
        unproven,
        failed,
    } = pool_probe::clean(calls, permission).await.map_err(failed)?;
    output::result(format_args!("{} user pools deleted", deleted.len()));
    for leftover in &unproven {
        output::result(format_args!(
            "{} {} stays: it has a probe's name and not its tag",
            leftover.id, leftover.name
        ));
    }
    for (leftover, why) in &failed {
        output::result(format_args!("{} is still there: {why}", leftover.id));
    }
    Ok(match failed.is_empty() {
        true => ExitStatus::Fine,
        false => ExitStatus::Findings,
    })
}
