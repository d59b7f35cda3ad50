//! An import that is killed again and again, as by power cuts, and resumed each time: in the end
//! the pool is as after an import that nobody disturbed, and the accounts are exact.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance_tests::{Canary, Engine, PoolClient, PoolUser, Shape, Workplace, until};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::import_run::{import, import_all, outcomes, status};

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

fn by_legacy_id(client: &mut PoolClient) -> BTreeMap<String, PoolUser> {
    let users = client
        .content()
        .into_values()
        .map(PoolUser::without_accidents);
    users
        .map(|user| (user.legacy_id().unwrap_or_default().to_owned(), user))
        .collect()
}

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
