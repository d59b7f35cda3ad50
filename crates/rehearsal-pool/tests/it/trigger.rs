//! How the trigger's program is run: as many processes as events at a time, reused while warm,
//! gone after the stop.

use std::path::PathBuf;
use std::time::Duration;

use rehearsal_pool::{PoolOptions, RehearsalPool, RunningPool, TriggerOutcome, TriggerProgram};
use serde_json::{Value, json};

use crate::client::Caller;
use crate::pool::{sign_in, start, unlimited};
use crate::python::{python, script};

/// The test's function with these answers.
fn function(answers: &Value) -> TriggerProgram {
    TriggerProgram {
        args: vec![script("trigger_program.py")],
        env: vec![("TRIGGER_ANSWERS".to_owned(), answers.to_string())],
        limit: PATIENT,
        ..TriggerProgram::new(python())
    }
}

async fn start_with(trigger: TriggerProgram) -> (RunningPool, Caller) {
    start(PoolOptions {
        trigger: Some(trigger),
        ..unlimited()
    })
    .await
}

const PATIENT: Duration = Duration::from_secs(60);

/// The folders in `/proc` of the processes with this argument.
fn processes(argument: &str) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").expect("a Linux machine");
    let has = |folder: &PathBuf| {
        let command = std::fs::read_to_string(folder.join("cmdline")).unwrap_or_default();
        command.split('\0').any(|given| given == argument)
    };
    processes
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(has)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_process_serves_one_event_after_the_other() {
    let (running, caller) = start_with(function(&json!({}))).await;
    for number in 0..5 {
        sign_in(&running, &caller, &format!("user{number}")).await;
    }
    let runs = running.trigger_runs();
    let cold: Vec<bool> = runs.iter().map(|run| run.cold).collect();
    assert_eq!(cold, [true, false, false, false, false]);
    let first = runs[0].init.expect("a cold start has an initialization");
    assert!(first <= runs[0].duration);
    assert!(runs[1..].iter().all(|run| run.init.is_none()));
    assert!(
        runs.iter()
            .all(|run| run.outcome == TriggerOutcome::Answered)
    );
    assert!(
        runs.iter()
            .all(|run| run.source == "UserMigration_Authentication")
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_at_the_same_time_get_a_process_each_up_to_the_limit() {
    let (running, _) = start_with(TriggerProgram {
        concurrency: 2,
        ..function(&json!({}))
    })
    .await;
    let names: Vec<String> = (0..8).map(|number| format!("user{number}")).collect();
    let running = std::sync::Arc::new(running);
    let mut tasks = tokio::task::JoinSet::new();
    for name in names {
        let running = std::sync::Arc::clone(&running);
        tasks.spawn(async move {
            let caller = Caller::new(running.endpoint());
            sign_in(&running, &caller, &name).await.error_type
        });
    }
    while let Some(done) = tasks.join_next().await {
        assert_eq!(
            done.expect("no panic").as_deref(),
            Some("NotAuthorizedException")
        );
    }
    let cold = running.trigger_runs().iter().filter(|run| run.cold).count();
    assert!(cold <= 2, "{cold} processes were started");
    assert_eq!(running.trigger_runs().len(), 8);
    let running = std::sync::Arc::into_inner(running).expect("every task has ended");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_recorded_without_the_text_of_the_error() {
    let answers = json!({"ann": {"error": ["Refused", "private"]}, "bob": {"exit": 1},
                         "init_error": null});
    let (running, caller) = start_with(TriggerProgram {
        concurrency: 1,
        ..function(&answers)
    })
    .await;
    sign_in(&running, &caller, "ann").await;
    sign_in(&running, &caller, "bob").await;
    sign_in(&running, &caller, "eve").await;
    let runs = running.trigger_runs();
    let outcomes: Vec<_> = runs.iter().map(|run| (run.cold, &run.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            (
                true,
                &TriggerOutcome::Refused {
                    error_type: "Refused".to_owned()
                }
            ),
            (false, &TriggerOutcome::Crashed),
            (true, &TriggerOutcome::Answered),
        ]
    );
    assert!(!format!("{runs:?}").contains("private"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_beyond_the_limit_is_ended_and_recorded() {
    let limit = Duration::from_secs(2);
    let (running, caller) = start_with(TriggerProgram {
        limit,
        ..function(&json!({"ann": {"hang": true}}))
    })
    .await;
    let answer = sign_in(&running, &caller, "ann").await;
    assert_eq!(
        answer.error_type.as_deref(),
        Some("UnexpectedLambdaException")
    );
    let runs = running.trigger_runs();
    assert_eq!(runs[0].outcome, TriggerOutcome::TimedOut);
    assert!(runs[0].duration >= limit);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_while_starting_reaches_the_caller() {
    let answers = json!({"init_error": ["Config", "no database"]});
    let (running, caller) = start_with(TriggerProgram {
        concurrency: 1,
        ..function(&answers)
    })
    .await;
    let answer = sign_in(&running, &caller, "ann").await;
    assert_eq!(
        answer.error_type.as_deref(),
        Some("UserLambdaValidationException")
    );
    let message = answer.body["message"].as_str().expect("text");
    assert!(message.contains("Config: no database"), "{message}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_on_after_the_stop() {
    let mark = format!("mark-{}", std::process::id());
    let (running, caller) = start_with(TriggerProgram {
        args: vec![script("trigger_program.py"), mark.clone()],
        ..TriggerProgram::new(python())
    })
    .await;
    sign_in(&running, &caller, "ann").await;
    assert_eq!(processes(&mark).len(), 1);
    let address = running.endpoint().trim_start_matches("http://").to_owned();
    running.stop().await;
    assert!(processes(&mark).is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_held_to_its_share_of_a_core_or_the_list_of_runs_says_it_is_not() {
    let mark = format!("share-{}", std::process::id());
    let (running, caller) = start_with(TriggerProgram {
        args: vec![script("trigger_program.py"), mark.clone()],
        memory_mb: 1_769,
        cpu_share: true,
        ..TriggerProgram::new(python())
    })
    .await;
    sign_in(&running, &caller, "ann").await;
    let groups = std::fs::read_to_string(processes(&mark)[0].join("cgroup")).expect("readable");
    let share = caller.get("/_rehearsal/trigger-runs").await.body["cpu_share"].take();
    let held = groups.contains("rehearsal-trigger-");
    let expected = if held { json!(1.0) } else { Value::Null };
    assert_eq!(share, expected, "{groups}");
    running.stop().await;
}

#[tokio::test]
async fn a_missing_program_stops_the_start() {
    let options = PoolOptions {
        trigger: Some(TriggerProgram::new("/nowhere/bootstrap")),
        ..PoolOptions::default()
    };
    let refused = RehearsalPool::start(options).await.expect_err("refused");
    assert!(
        refused.to_string().contains("/nowhere/bootstrap"),
        "{refused}"
    );
}
