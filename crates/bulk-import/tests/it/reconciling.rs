//! The comparison of both sides: clean after an import, and every difference found by kind.

use std::collections::BTreeMap;

use bulk_import::{DriftKind, Reconciliation, RunControl, reconcile};
use futures::TryStreamExt;
use migration_model::Reason;

use crate::world::World;

async fn compare(world: &World) -> Reconciliation {
    let (legacy, pool, control) = (world.legacy().await, world.pool().await, RunControl::new());
    reconcile(&legacy, &world.config, &pool, &control)
        .await
        .expect("both sides answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_import_both_sides_agree_and_whoever_is_missing_was_held() {
    let world = World::new().await;
    let summary = world.import(&world.run()).await.expect("imports");
    let mut found = compare(&world).await;
    let drift: Vec<_> = found
        .drift()
        .try_collect()
        .await
        .expect("the comparison's own file");
    assert!(found.is_clean(), "{found:?} {drift:?}");
    assert_eq!(
        (found.legacy_users, found.pool_users),
        (1000, summary.created)
    );
    let not_expected: u64 = found.counts.values().sum();
    assert_eq!(not_expected, summary.held, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_an_import_everybody_is_missing_and_only_some_should_be_there() {
    let world = World::new().await;
    let found = compare(&world).await;
    let missing = found.counts.get(&DriftKind::Missing).copied().unwrap_or(0);
    let first_login = DriftKind::NotExpected(Reason::MayStillSignIn);
    let kept = found.counts.get(&first_login).copied().unwrap_or(0);
    assert!(missing > 0 && kept > missing, "{found:?}");
    assert_eq!(found.counts.values().sum::<u64>(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_difference_is_found_by_legacy_id() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    // Nobody expects a user to be there who can still come by signing in.
    world
        .change("UPDATE auth_user SET password = '!' WHERE id = 5")
        .await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    let attribute = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let id = attribute("custom:legacy_id", "999");
    pool.admin_update_user_attributes("staff.member0", &id)
        .await
        .expect("2: another id");
    let name = attribute("given_name", "Somebody");
    pool.admin_update_user_attributes("staff.member1", &name)
        .await
        .expect("3: attributes");
    pool.admin_disable_user("staff.member2")
        .await
        .expect("4: disabled");
    pool.admin_delete_user("staff.member3")
        .await
        .expect("5: missing");
    pool.create_group("unmanaged", "not Django's")
        .await
        .expect("a group");
    pool.admin_add_user_to_group("alg.argon2.2", "unmanaged")
        .await
        .expect("no drift");
    pool.create_group("editors", "Django's")
        .await
        .expect("a group");
    pool.admin_add_user_to_group("alg.argon2.3", "editors")
        .await
        .expect("10: groups");
    pool.admin_create_user("alg.new", &BTreeMap::new())
        .await
        .expect("extra");

    let mut found = compare(&world).await;
    assert!(!found.is_clean());
    let mut drift: Vec<(String, DriftKind, String)> = found
        .drift()
        .map_ok(|drift| (drift.legacy_id, drift.row.kind, drift.row.about))
        .try_collect()
        .await
        .expect("the comparison's own file");
    // The two whose identifiers are `sub`s: the stranger, and whoever lost their id.
    for (id, kind, _) in &mut drift {
        if *kind == DriftKind::Extra {
            id.clear();
        }
    }
    let row = |id: &str, kind, about: &str| (id.to_owned(), kind, about.to_owned());
    let expected = [
        row("2", DriftKind::Identity, "another id"),
        row("3", DriftKind::Attributes, "given_name"),
        row("4", DriftKind::Enabled, "disabled"),
        row("5", DriftKind::Missing, ""),
        row("10", DriftKind::Groups, "+editors"),
        row("", DriftKind::Extra, "FORCE_CHANGE_PASSWORD"),
    ];
    assert_eq!(drift, expected);
    assert_eq!(found.drift_count(), 6);
}
