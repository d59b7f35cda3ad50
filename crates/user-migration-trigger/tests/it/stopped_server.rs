//! Two hundred people at once while PostgreSQL is stopped and started again: nobody with the right
//! password is told it is wrong, nobody gets in without a match, and everybody gets in soon after.
//!
//! A function has one process for each person at a time; here each is a trigger of its own with
//! the one connection that a process has. The server is the test's own.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use acceptance_tests::PostgresServer;
use django_password::{CustomHashers, EncodedPassword, HashState, Limits, Verifier};
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::Config;
use user_migration_trigger::{
    Budget, Decision, Event, HashChecker, Observation, Trigger, UsualCost,
};

use crate::program::{CHEAP_HASH, sign_in};

const PEOPLE: usize = 200;

/// The password of [`CHEAP_HASH`].
pub(crate) const PASSWORD: &str = "anything";

/// A trigger with further settings in the `[trigger]` sections.
pub(crate) fn trigger(url: &str, more: &str) -> Trigger<LegacyDatabase> {
    let text = format!(
        "[legacy]\nlogin = [\"username\"]\n[groups]\ncarry = false\n\
         [trigger.attempts]\nper_login = 0\nper_client = 0\n{more}"
    );
    let config = Config::parse(&text, Path::new("cutover.toml"), Some(url)).expect("it is right");
    let settings = ConnectSettings::for_trigger();
    let legacy = LegacyDatabase::open(&config.legacy, &config.mapping, settings);
    let verifier = Verifier::new(CustomHashers::default(), Limits::default());
    let HashState::Verifiable(cost) = verifier.inspect(&EncodedPassword::new(CHEAP_HASH)).state
    else {
        panic!("the cheap hash can be checked")
    };
    let hashes = HashChecker::new(verifier, UsualCost::starting_with(cost), None);
    Trigger::new(legacy.expect("a fine URL"), &config, hashes)
}

pub(crate) async fn decided(
    trigger: &Trigger<LegacyDatabase>,
    login: &str,
    password: &str,
) -> Decision {
    let event = sign_in(login, password).to_string();
    let mut event = Event::parse(event.into()).expect("an object");
    let budget = Budget::new(Duration::from_secs(60), Duration::ZERO);
    let mut seen = Observation::begin("request".to_owned(), false);
    trigger.decide(&mut event, &budget, &mut seen).await
}

/// What has been seen of everybody.
#[derive(Default)]
struct Seen {
    let_in: AtomicU64,
    refused: AtomicU64,
    outages: AtomicU64,
    /// Who got in since the server is back, and when.
    back: Mutex<Vec<Option<Instant>>>,
    over: std::sync::atomic::AtomicBool,
}

async fn one_person(number: usize, url: String, seen: Arc<Seen>) {
    let (trigger, login) = (trigger(&url, ""), format!("person{number}"));
    while !seen.over.load(Ordering::Relaxed) {
        match decided(&trigger, &login, PASSWORD).await {
            Decision::Migrated(_) => {
                seen.let_in.fetch_add(1, Ordering::Relaxed);
                let mut back = seen.back.lock().expect("nobody panicked");
                if let Some(first @ None) = back.get_mut(number) {
                    *first = Some(Instant::now());
                }
            }
            Decision::Failed(_) => {
                seen.outages.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("the right password: {other:?}"),
        }
        match decided(&trigger, &login, "wrong").await {
            Decision::Refused(_) => {
                seen.refused.fetch_add(1, Ordering::Relaxed);
            }
            Decision::Failed(_) => {
                seen.outages.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("a wrong password: {other:?}"),
        }
        // People take a moment before they try again.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(90), waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}

#[expect(
    clippy::print_stdout,
    reason = "the figure is for whoever runs the test"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_called_wrong_or_let_in_unproved_while_the_server_is_stopped_and_started() {
    let server = PostgresServer::make(PEOPLE + 20);
    server.start();
    server.execute(&format!(
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text UNIQUE, password text,
           is_active boolean);
         INSERT INTO auth_user SELECT n, 'person' || n, '{CHEAP_HASH}', true
           FROM generate_series(0, {PEOPLE}) n;
         CREATE INDEX ON auth_user (LOWER(username));"
    ));
    let seen = Arc::new(Seen::default());
    let mut people = tokio::task::JoinSet::new();
    for number in 0..PEOPLE {
        people.spawn(one_person(number, server.url(), Arc::clone(&seen)));
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let all = PEOPLE as u64;
    until("everybody gets in", || count(&seen.let_in) >= all).await;

    let before = count(&seen.outages);
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let server = server.await.expect("it stops");
    until("everybody meets the outage", || {
        count(&seen.outages) >= before + 2 * all
    })
    .await;

    let server = tokio::task::spawn_blocking(move || {
        server.start();
        server
    });
    let server = server.await.expect("it starts");
    let returned = Instant::now();
    *seen.back.lock().expect("nobody panicked") = vec![None; PEOPLE];
    until("everybody gets in again", || {
        let back = seen.back.lock().expect("nobody panicked");
        back.iter().all(Option::is_some)
    })
    .await;
    let mut times: Vec<Duration> = seen
        .back
        .lock()
        .expect("nobody panicked")
        .iter()
        .flatten()
        .map(|at| at.saturating_duration_since(returned))
        .collect();
    times.sort();
    seen.over.store(true, Ordering::Relaxed);
    while let Some(ended) = people.join_next().await {
        ended.expect("every answer was right");
    }
    assert!(count(&seen.refused) > 0);
    println!(
        "{PEOPLE} people: {} let in, {} refused, {} outages; in again after {:?} (median), \
         {:?} (last)",
        count(&seen.let_in),
        count(&seen.refused),
        count(&seen.outages),
        times[PEOPLE / 2],
        times[PEOPLE - 1],
    );
    drop(server);
}
