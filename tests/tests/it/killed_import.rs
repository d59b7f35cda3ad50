//! An import that is killed again and again, as by power cuts, and resumed each time: in the end
//! the pool is as after an import that nobody disturbed, and the accounts are exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use acceptance_tests::{Canary, Engine, LegacyUser, PoolClient, Shape, Workplace, until};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::import_run::{by_legacy_id, import, import_all, outcomes, status};

const KILLS: usize = 12;
const FLAGS: &[&str] = &["--execute", "--approve-password-reset"];

#[test]
fn a_killed_import_ends_as_an_undisturbed_one() {
    let seed = seed();
    let mut chance = StdRng::seed_from_u64(seed);
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let [calm, disturbed] = [workplace.serve_pool(), workplace.serve_pool()];
    let mut calm_client = calm.client();
    let mut client = disturbed.client();
    let early = sign_in_early(&workplace, &mut calm_client);
    assert_eq!(early.len(), sign_in_early(&workplace, &mut client).len());

    let (expected, _) = import_all(&workplace, &calm, "calm", FLAGS);
    expected.assert_whole(workplace.legacy().users().len());

    let mut kills = 0;
    while kills < KILLS {
        let mut running = import(&workplace, &disturbed, "killed", FLAGS).start();
        // Instants are counted in calls that the pool has answered, not in time, so that they
        // spread over the work on fast and slow machines alike; some fall into the planning.
        let calls = chance.random_range(0..30);
        let from = client.calls();
        until(Duration::from_secs(60), "some calls of the import", || {
            (running.has_ended() || client.calls() >= from + calls).then_some(())
        });
        assert!(
            !running.has_ended(),
            "it ended after {kills} kills: {:?}",
            running.wait()
        );
        running.kill();
        let finished = running.wait();
        assert_eq!(finished.signal(), Some(9), "{finished:?}");
        kills += 1;
        // The journal can be read at any time, and is never ahead of itself.
        if workplace.folder().join("runs/killed.sqlite3").exists() && client.calls() > from {
            let so_far = status(&workplace, "killed");
            so_far.assert_exact();
            assert!(
                !so_far.complete && so_far.created <= expected.created,
                "{so_far:?}"
            );
        }
    }
    assert!(kills >= KILLS / 2, "it was killed {kills} times only");
    let (accounts, _) = import_all(&workplace, &disturbed, "killed", FLAGS);
    accounts.assert_whole(workplace.legacy().users().len());
    assert_eq!(
        (
            accounts.created,
            accounts.already_in_pool,
            accounts.held,
            accounts.failed
        ),
        (
            expected.created,
            expected.already_in_pool,
            expected.held,
            expected.failed
        ),
        "seed {seed}"
    );
    assert_eq!(
        by_legacy_id(&mut client),
        by_legacy_id(&mut calm_client),
        "seed {seed}"
    );
    let words = |run: &str| -> BTreeMap<String, (String, String)> {
        let rows = outcomes(&workplace, run).into_iter();
        rows.map(|(id, row)| (id, (row.outcome, row.reason)))
            .collect()
    };
    assert_eq!(words("killed"), words("calm"), "seed {seed}");
    for canary in &early {
        client
            .sign_in(&canary.login, &canary.password)
            .expect("who was there keeps the password");
    }
    assert_eq!(workplace.temporary_files().len(), 0);
}

/// Kills in the storm.
const STORM: usize = 100;

/// Answers lost, calls refused and connections reset, 100 kills at random instants, and at each of
/// them somebody who signs in through the real trigger.
#[test]
fn killed_a_hundred_times_under_faults_while_people_sign_in_everything_stays_exact() {
    let seed = seed();
    let mut chance = StdRng::seed_from_u64(seed);
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client.set_faults(seed, &faults());

    let (door, arrivals) = std::sync::mpsc::channel();
    let people = std::thread::spawn({
        let client = pool.client();
        let mut people = people(&workplace);
        people.shuffle(&mut chance);
        move || sign_in_one_by_one(client, people, &arrivals)
    });
    let mut kills = 0;
    let mut lost_at_the_door = 0;
    while kills < STORM {
        let mut running = import(&workplace, &pool, "storm", FLAGS).start();
        door.send(()).expect("the people wait for it");
        let calls = chance.random_range(0..CALLS_BETWEEN_KILLS);
        let from = client.calls();
        until(Duration::from_secs(60), "some calls of the import", || {
            (running.has_ended() || client.calls() >= from + calls).then_some(())
        });
        running.kill();
        let finished = running.wait();
        match (finished.signal(), finished.code()) {
            (Some(9), _) => kills += 1,
            // Its very first question met faults alone.
            (_, Some(3)) if finished.stderr.contains("does not answer") => lost_at_the_door += 1,
            _ => panic!("seed {seed}: after {kills} kills: {finished:?}"),
        }
        if kills % 10 == 0 && workplace.folder().join("runs/storm.sqlite3").exists() {
            let so_far = status(&workplace, "storm");
            so_far.assert_exact();
            assert!(!so_far.complete, "seed {seed}: {so_far:?}");
        }
    }
    drop(door);
    let signed_in = people.join().expect("everybody got an answer");
    client.set_faults(seed, &json!([]));

    let (accounts, _) = import_all(&workplace, &pool, "storm", FLAGS);
    accounts.assert_whole(workplace.legacy().users().len());
    assert_eq!(accounts.failed, 0, "seed {seed}: {accounts:?}");
    let content = client.content();
    assert_eq!(
        accounts.created + accounts.already_in_pool,
        content.len(),
        "seed {seed}: {accounts:?}"
    );
    let mut ids = BTreeSet::new();
    for user in content.values() {
        assert_eq!(user.status, "CONFIRMED", "seed {seed}: {user:?}");
        let id = user.legacy_id().expect("the mapping has the key");
        assert!(ids.insert(id), "seed {seed}: {id} is there twice");
    }
    // Whoever signed in was created by that, and by nobody else; and the password is theirs.
    assert!(signed_in.len() >= 10, "seed {seed}: {}", signed_in.len());
    assert_eq!(accounts.already_in_pool, signed_in.len(), "seed {seed}");
    let rows = outcomes(&workplace, "storm");
    for person in &signed_in {
        assert_eq!(
            rows[&person.legacy_id].outcome, "already_in_pool",
            "seed {seed}"
        );
        client
            .sign_in(&person.login, &person.password)
            .unwrap_or_else(|refusal| panic!("seed {seed}: {refusal:?} for {}", person.legacy_id));
    }
    // The trigger cannot carry groups; with those added both sides agree.
    let reconcile = |flags: &[&str]| {
        let program = workplace.cutover(&["reconcile"]).args(pool.as_target());
        program.args(flags).run()
    };
    reconcile(&["--fix", "--execute"]).expect_code(0);
    reconcile(&[]).expect_code(0);
    assert_eq!(workplace.temporary_files().len(), 0);
    assert!(lost_at_the_door < 10, "seed {seed}: {lost_at_the_door}");
}

/// Calls of the import from its start to its death: a few for the start, the rest are users'.
const CALLS_BETWEEN_KILLS: u64 = 24;

/// Lost answers 2 %, throttling 5 %, resets 2 %, of all calls, sign-ins too.
fn faults() -> Value {
    json!([
        {"operation": "AdminCreateUser", "fault": "half-written", "when": {"share": 0.01}},
        {"fault": "reset-after", "when": {"share": 0.02}},
        {"fault": "throttle", "when": {"share": 0.05}},
        {"fault": "reset-before", "when": {"share": 0.02}},
    ])
}

/// Somebody with a password that Django knows.
struct Person {
    legacy_id: String,
    login: String,
    password: String,
}

/// Ordinary people who can sign in, by the rule of their passwords (`population/crowd.py`).
fn people(workplace: &Workplace) -> Vec<Person> {
    let ordinary = |user: &&LegacyUser| user.is_ordinary() && user.is_active && user.usable;
    let users = workplace.legacy().users().iter().filter(ordinary);
    users
        .filter_map(|user| {
            let login = user.username.clone()?.to_lowercase();
            let number: usize = login
                .trim_start_matches(|c: char| !c.is_ascii_digit())
                .parse()
                .ok()?;
            Some(Person {
                legacy_id: user.id.clone(),
                password: format!("crowd-20260115-{}", number % 1_000),
                login,
            })
        })
        .collect()
}

/// Signs one person in for each arrival, until somebody gets an answer that is one; returns those
/// who got in. The others had been imported, or been locked out by what the import made of them.
fn sign_in_one_by_one(
    mut client: PoolClient,
    people: Vec<Person>,
    arrivals: &Receiver<()>,
) -> Vec<Person> {
    let mut signed_in = Vec::new();
    for person in people {
        if arrivals.recv().is_err() {
            break;
        }
        let answer = loop {
            match client.sign_in(&person.login, &person.password) {
                Err(refusal) if FAULTS.contains(&refusal.code.as_str()) => {}
                answer => break answer,
            }
        };
        match answer {
            Ok(_) => signed_in.push(person),
            Err(refusal) => assert_eq!(refusal.code, "NotAuthorizedException", "{refusal:?}"),
        }
    }
    signed_in
}

/// What a call that met one of the faults ends in.
const FAULTS: [&str; 2] = ["NoAnswer", "TooManyRequestsException"];

fn sign_in_early(workplace: &Workplace, client: &mut PoolClient) -> Vec<Canary> {
    let plain =
        |canary: &&Canary| canary.signs_in() && canary.fits_cognito && canary.django == "signs-in";
    let canaries = workplace.legacy().canaries().iter().filter(plain).take(4);
    let canaries: Vec<Canary> = canaries.cloned().collect();
    for canary in &canaries {
        client
            .sign_in(&canary.login, &canary.password)
            .expect("they sign in");
    }
    canaries
}

fn seed() -> u64 {
    let seed = match std::env::var("CUTOVER_TEST_SEED") {
        Ok(text) => text.parse().expect("CUTOVER_TEST_SEED is a number"),
        Err(_) => rand::random(),
    };
    // The test harness shows it when the test fails.
    #[expect(
        clippy::print_stdout,
        reason = "a test that uses chance says how to repeat it"
    )]
    {
        println!("to repeat this: CUTOVER_TEST_SEED={seed}");
    }
    seed
}
