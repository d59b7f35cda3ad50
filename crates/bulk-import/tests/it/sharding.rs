//! A run divided among processes: together they do exactly what one would have done.

use std::collections::BTreeMap;

use bulk_import::{ImportError, ImportRun, OutcomeRow, RunStatus, Shard};
use futures::TryStreamExt;

use crate::world::{World, assert_accounts};

fn shard(text: &str) -> Shard {
    text.parse().expect("a shard")
}

fn in_shard(run: ImportRun, text: &str) -> ImportRun {
    run.in_shard(shard(text)).expect("a short name")
}

/// Every user's outcome and reason by legacy id; no user has two.
async fn outcomes(world: &World, run: &ImportRun) -> BTreeMap<String, (String, String)> {
    let name = run.name.parts().0;
    let rows = OutcomeRow::read_all(&world.runs(), &name).await;
    let rows: Vec<OutcomeRow> = rows
        .expect("journals")
        .try_collect()
        .await
        .expect("readable");
    let count = rows.len();
    let by_id: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| (row.legacy_id, (row.outcome, row.reason)))
        .collect();
    assert_eq!(by_id.len(), count, "a user is in two shards");
    by_id
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_together_do_what_one_process_would_though_users_are_added_between_their_starts() {
    let whole = World::new().await;
    let expected = whole.import(&whole.run()).await.expect("imports");
    let expected_rows = outcomes(&whole, &whole.run()).await;

    let world = World::new().await;
    // Ordinary users alone are added later: whoever shares a name must be seen by all shards.
    world.keep("id <= 400 OR id % 2 = 0").await;
    let mut created = 0;
    for part in ["2/3", "1/3", "3/3"] {
        let run = in_shard(world.run(), part);
        let first = world.import(&run).await.expect("imports");
        let users = first.read;
        assert_accounts(&first, users);
        assert!(
            first.complete && first.failed == 0 && first.created > 50,
            "{first:?}"
        );
        created += first.created;
        if part == "2/3" {
            // The others find twice as many users as the first did.
            restore(&world).await;
        }
    }
    // Only the shard that came first has something left: its part of those who were added.
    let second = world
        .import(&in_shard(world.run(), "2/3"))
        .await
        .expect("goes on");
    assert!(second.complete && second.created > 100, "{second:?}");
    let status = RunStatus::read(&world.runs(), &world.run().name).await;
    let status = status.expect("three journals");
    assert_eq!((status.shards, status.missing_shards.len()), (Some(3), 0));
    assert!(status.summary.complete, "{status:?}");
    assert!(status.summary.created > created);
    assert_eq!(
        (
            status.summary.read,
            status.summary.created,
            status.summary.held
        ),
        (expected.read, expected.created, expected.held)
    );
    assert_eq!(
        outcomes(&world, &in_shard(world.run(), "1/3")).await,
        expected_rows
    );
    assert_eq!(world.users().await.len() as u64, expected.created);
}

/// Puts the users back that were taken away.
async fn restore(world: &World) {
    let original = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../migrations-fixtures/legacy.sqlite3"
    );
    let columns = "ATTACH DATABASE '{original}' AS original;
                   INSERT OR IGNORE INTO auth_user SELECT * FROM original.auth_user;
                   DETACH DATABASE original";
    world.change(&columns.replace("{original}", original)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_collide_across_shards_are_held_by_both() {
    let world = World::new().await;
    let whole = world.named_run("whole");
    let all = world.import(&whole).await.expect("imports");
    let collisions = |rows: BTreeMap<String, (String, String)>| {
        let collided = rows
            .into_iter()
            .filter(|(_, (_, reason))| reason == "login-collision");
        collided.map(|(id, _)| id).collect::<Vec<_>>()
    };
    let expected = collisions(outcomes(&world, &whole).await);
    assert!(expected.len() >= 2 && all.held > 2, "{expected:?}");
    let other = World::new().await;
    for part in 1..=8 {
        let run = in_shard(other.run(), &format!("{part}/8"));
        other.import(&run).await.expect("imports");
    }
    assert_eq!(
        collisions(outcomes(&other, &in_shard(other.run(), "1/8")).await),
        expected
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_divided_in_one_way_only_and_says_which_parts_are_missing() {
    let world = World::new().await;
    world.keep("id <= 60").await;
    world
        .import(&in_shard(world.run(), "3/4"))
        .await
        .expect("imports");
    for (other, said) in [
        (in_shard(world.run(), "1/8"), "4 shards"),
        (world.run(), "4 shards"),
    ] {
        let refused = world.import(&other).await.expect_err("another division");
        assert!(
            matches!(refused, ImportError::DifferentRun { .. }),
            "{refused:?}"
        );
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let status = RunStatus::read(&world.runs(), &world.run().name).await;
    let status = status.expect("one journal");
    assert_eq!(status.missing_shards, [1, 2, 4]);
    assert!(!status.summary.complete, "three parts are not here");
}
