//! A reconciliation and an undo that are killed again and again, as by power cuts, and repeated each
//! time: in the end the pool is as after one that nobody disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance_tests::{Pool, PoolClient, PoolUser, Program, Shape, Workplace, until};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::import_run::{by_legacy_id, import_all};

const KILLS: usize = 12;
const RESETS: &[&str] = &["--execute", "--approve-password-reset"];

#[test]
fn a_killed_reconciliation_ends_as_an_undisturbed_one_and_overwrites_nothing_newer() {
    let seed = seed();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut workplace = Workplace::with_own_database(Shape::Allauth);
    let [calm, disturbed] = [workplace.serve_pool(), workplace.serve_pool()];
    let (mut calm_client, mut client) = (calm.client(), disturbed.client());
    import_all(&workplace, &calm, "calm", RESETS);
    import_all(&workplace, &disturbed, "killed", RESETS);
    let before = by_legacy_id(&mut calm_client);
    assert_eq!(before, by_legacy_id(&mut client), "seed {seed}");
    let ids: Vec<u64> = before
        .keys()
        .map(|id| id.parse().expect("a number"))
        .collect();

    // Both sides live: each changes names of its own people.
    let (in_pool, in_django): (Vec<u64>, Vec<u64>) = ids.iter().partition(|id| **id % 4 == 0);
    for (client, pool) in [(&mut calm_client, &calm), (&mut client, &disturbed)] {
        let users = client.content();
        let theirs = users.values().filter(|user| {
            user.legacy_id()
                .is_some_and(|id| in_pool.contains(&number(id)))
        });
        for user in theirs {
            rename(client, pool, user, "Renamed In Pool");
        }
    }
    let list = |ids: &[u64]| {
        let texts: Vec<String> = ids.iter().map(u64::to_string).collect();
        texts.join(", ")
    };
    let django = list(&in_django);
    workplace.legacy_mut().execute(&[
        format!("UPDATE auth_user SET first_name = 'Renamed In Django' WHERE id IN ({django})"),
        format!("UPDATE auth_user SET is_active = 0 WHERE id IN ({django}) AND id % 5 = 1"),
        format!("DELETE FROM auth_user_groups WHERE user_id IN ({django})"),
    ]);

    let fixed = fix(&workplace, &calm, "calm").run();
    fixed.expect_code(0);
    let mut kills = 0;
    while kills < KILLS {
        if !killed(
            &mut chance,
            &mut client,
            fix(&workplace, &disturbed, "killed"),
            60,
        ) {
            break;
        }
        kills += 1;
    }
    assert!(kills > 2, "seed {seed}: it was killed {kills} times only");
    fix(&workplace, &disturbed, "killed").run().expect_code(0);

    let after = by_legacy_id(&mut client);
    assert_eq!(after, by_legacy_id(&mut calm_client), "seed {seed}");
    for (id, user) in &after {
        let in_pool = in_pool.contains(&number(id));
        let name = if in_pool {
            "Renamed In Pool"
        } else {
            "Renamed In Django"
        };
        assert_eq!(
            user.attribute("given_name"),
            Some(name),
            "seed {seed}: {id}"
        );
        if in_pool {
            let (was, is) = (&before[id], user);
            assert_eq!(
                (was.enabled, &was.groups),
                (is.enabled, &is.groups),
                "seed {seed}: {id}"
            );
        } else {
            assert!(user.groups.is_empty(), "seed {seed}: {id}");
            assert!(!user.enabled || number(id) % 5 != 1, "seed {seed}: {id}");
        }
    }
}

#[test]
fn a_killed_undo_deletes_everybody_whom_nobody_used_and_nobody_else() {
    let seed = seed();
    let mut chance = StdRng::seed_from_u64(seed);
    let workplace = Workplace::with_own_database(Shape::Allauth);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    import_all(&workplace, &pool, "regretted", RESETS);
    client.advance_clock(60);
    let everybody = client.content();
    let is_used = |user: &PoolUser| {
        user.legacy_id()
            .is_some_and(|id| number(id).is_multiple_of(7))
    };
    let used: BTreeMap<&String, &PoolUser> =
        everybody.iter().filter(|(_, user)| is_used(user)).collect();
    assert!(used.len() > 5 && used.len() * 2 < everybody.len());
    for username in used.keys() {
        let password = json!({
            "UserPoolId": pool.user_pool_id,
            "Username": username,
            "Password": "Their-own-passw0rd",
            "Permanent": true,
        });
        client
            .call("admin_set_user_password", password)
            .expect("a password of their own");
    }

    let mut kills = 0;
    while kills < KILLS {
        if !killed(&mut chance, &mut client, undo(&workplace, &pool), 25) {
            break;
        }
        kills += 1;
        let left = client.content();
        let lost: BTreeSet<_> = used
            .keys()
            .filter(|name| !left.contains_key(**name))
            .collect();
        assert!(lost.is_empty(), "seed {seed}: after {kills} kills");
    }
    assert!(kills > 2, "seed {seed}: it was killed {kills} times only");
    undo(&workplace, &pool).run().expect_code(0);

    let left = client.content();
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        used.keys().copied().collect::<Vec<_>>(),
        "seed {seed}"
    );
    for (username, user) in &left {
        assert_eq!(
            user.attribute("sub"),
            used[username].attribute("sub"),
            "seed {seed}"
        );
        assert_eq!(user.groups, used[username].groups, "seed {seed}");
        let answer = client.sign_in(username, "Their-own-passw0rd");
        assert!(answer.is_ok() || !user.enabled, "seed {seed}: {answer:?}");
    }
}

fn fix(workplace: &Workplace, pool: &Pool, run: &str) -> Program {
    let reconcile = workplace.cutover(&["reconcile", "--fix", "--execute", "--run", run]);
    reconcile.args(pool.as_target())
}

fn undo(workplace: &Workplace, pool: &Pool) -> Program {
    let undo = workplace.cutover(&["undo", "--run", "regretted", "--execute"]);
    undo.args(pool.as_target())
}

/// Starts the program and kills it after some of its calls; false when it came to its end first.
/// Instants are counted in calls that the pool has answered, not in time.
fn killed(chance: &mut StdRng, client: &mut PoolClient, program: Program, most_calls: u64) -> bool {
    let from = client.calls();
    let mut running = program.start();
    let calls = chance.random_range(0..most_calls);
    until(
        Duration::from_secs(120),
        "some calls of the program",
        || (running.has_ended() || client.calls() >= from + calls).then_some(()),
    );
    running.kill();
    let finished = running.wait();
    if finished.signal() == Some(9) {
        return true;
    }
    finished.expect_code(0);
    false
}

fn rename(client: &mut PoolClient, pool: &Pool, user: &PoolUser, name: &str) {
    let arguments = json!({
        "UserPoolId": pool.user_pool_id,
        "Username": user.username,
        "UserAttributes": [{"Name": "given_name", "Value": name}],
    });
    client
        .call("admin_update_user_attributes", arguments)
        .expect("an attribute of theirs");
}

fn number(id: &str) -> u64 {
    id.parse().expect("Django's keys are numbers here")
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
