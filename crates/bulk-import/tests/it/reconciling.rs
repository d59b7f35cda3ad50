//! The comparison of both sides: clean after an import, and every difference found by kind.

use std::collections::BTreeMap;

use bulk_import::{
    DriftKind, FinalState, FixKind, Reconciliation, RunControl, RunJournals, fix, reconcile,
};
use futures::TryStreamExt;
use migration_model::Reason;

use crate::world::World;

async fn compare(world: &World) -> Reconciliation {
    let (legacy, pool, control) = (world.legacy().await, world.pool().await, RunControl::new());
    reconcile(&legacy, &world.config, &pool, None, &control)
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
    pool.create_group("unmanaged", "not Django's", None)
        .await
        .expect("a group");
    pool.admin_add_user_to_group("alg.argon2.2", "unmanaged")
        .await
        .expect("no drift");
    pool.create_group("editors", "Django's", None)
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

#[tokio::test(flavor = "multi_thread")]
async fn attributes_groups_and_inactive_users_are_made_as_in_django_and_nobody_else_is_touched() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    let attribute = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let set = async |username: &str, name: &str, value: &str| {
        let values = attribute(name, value);
        let changed = pool.admin_update_user_attributes(username, &values);
        changed.await.expect("an attribute of theirs");
    };
    // Ours to mend: a name, a group too many, and somebody whom Django has locked out since.
    set("staff.member0", "given_name", "Somebody").await;
    pool.create_group("editors", "Django's", None)
        .await
        .expect("a group");
    pool.admin_add_user_to_group("staff.member1", "editors")
        .await
        .expect("a group too many");
    world
        .change("UPDATE auth_user SET is_active = 0 WHERE id = 4")
        .await;
    // Not ours: a stranger, an account with another's id, and a user whom somebody disabled here.
    let name = attribute("given_name", "New");
    let stranger = pool.admin_create_user("alg.new", &name).await;
    stranger.expect("a stranger");
    set("staff.member3", "custom:legacy_id", "999").await;
    set("staff.member3", "given_name", "Else").await;
    pool.admin_disable_user("alg.argon2.2")
        .await
        .expect("disabled here");
    let before = world.users().await;

    let mut found = compare(&world).await;
    let one_each = [
        FixKind::SetAttributes,
        FixKind::RemoveFromGroup,
        FixKind::Disable,
    ];
    let counted: Vec<FixKind> = found.fixes.keys().copied().collect();
    assert_eq!(counted, one_each, "{found:?}");
    let fixed = fix(&pool, &mut found, &FixKind::ALL, &RunControl::new()).await;
    let fixed = fixed.expect("the pool answers");
    assert_eq!(fixed.done, BTreeMap::from(one_each.map(|kind| (kind, 1))));
    assert!(fixed.refused.is_empty(), "{fixed:?}");

    let after = world.users().await;
    let changed: Vec<&String> = after
        .iter()
        .filter(|(name, user)| before.get(*name) != Some(user))
        .map(|(name, _)| name)
        .collect();
    assert!(!after["staff.member2"].enabled, "inactive in Django");
    assert!(!after["alg.argon2.2"].enabled, "not ours to enable");
    assert_eq!(
        after["staff.member0"].attributes["given_name"], "Kofi",
        "as in Django"
    );
    assert_eq!(
        changed,
        ["staff.member0", "staff.member2"],
        "users themselves"
    );
    let left = compare(&world).await;
    let expected = [
        (DriftKind::Extra, 1),
        (DriftKind::Enabled, 1),
        (DriftKind::Identity, 1),
    ];
    let drift: Vec<(DriftKind, u64)> = left
        .counts
        .iter()
        .filter(|(kind, _)| kind.is_drift())
        .map(|(kind, users)| (kind.clone(), *users))
        .collect();
    assert_eq!(drift, expected);
    assert!(left.fixes.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_verified_is_left_and_a_verified_one_stays_verified() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world
        .change("UPDATE account_emailaddress SET verified = 0 WHERE user_id = 9")
        .await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    let verified = world.users().await;
    let is_verified = |user: &&cognito_user_pool::UserRecord| {
        user.attributes.get("email_verified").map(String::as_str) == Some("true")
    };
    let with = verified
        .values()
        .find(is_verified)
        .expect("most are verified");
    let without = verified
        .values()
        .find(|user| !is_verified(user) && user.attributes.contains_key("email"))
        .expect("some are not");
    for (user, number) in [(with, 1), (without, 2)] {
        let email = format!("changed{number}@example.com");
        let email = BTreeMap::from([("email".to_owned(), email)]);
        pool.admin_update_user_attributes(&user.username, &email)
            .await
            .expect("an address");
    }
    let mut found = compare(&world).await;
    assert_eq!(
        found.counts.get(&DriftKind::Attributes),
        Some(&2),
        "{found:?}"
    );
    assert_eq!(found.fixes, BTreeMap::from([(FixKind::SetAttributes, 1)]));
    let fixed = fix(&pool, &mut found, &FixKind::ALL, &RunControl::new()).await;
    assert!(fixed.expect("the pool answers").refused.is_empty());
    let after = world.users().await;
    assert_eq!(after[&with.username].attributes, with.attributes);
    let left = &after[&without.username].attributes["email"];
    assert_eq!(left, "changed2@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_a_run_created_and_somebody_deleted_or_replaced_since_is_told_by_the_journal() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    // Both could still sign in by the trigger, so that without the journal nobody misses them.
    let with_id = world.users().await["alg.argon2.3"].attributes.clone();
    for username in ["alg.argon2.2", "alg.argon2.3"] {
        pool.admin_delete_user(username).await.expect("deleted");
    }
    let mut again = with_id;
    again.remove("sub");
    let made = pool.admin_create_user("alg.argon2.3", &again).await;
    made.expect("made anew");
    pool.admin_set_user_password("alg.argon2.3", "Their-own-passw0rd")
        .await
        .expect("a password");

    let without = compare(&world).await;
    assert!(without.is_clean(), "{without:?}");
    let journals = RunJournals::find(&world.runs(), &world.run().name).expect("the run's");
    let (legacy, control) = (world.legacy().await, RunControl::new());
    let found = reconcile(&legacy, &world.config, &pool, Some(&journals), &control).await;
    let found = found.expect("both sides answer");
    assert_eq!(found.counts.get(&DriftKind::Missing), Some(&1), "{found:?}");
    assert_eq!(
        found.counts.get(&DriftKind::Replaced),
        Some(&1),
        "{found:?}"
    );
    assert_eq!(found.drift_count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_passwords_that_the_run_gave_are_no_drift_and_others_are() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    let mut run = world.run();
    run.final_state = FinalState::Invite;
    let summary = world.import(&run).await.expect("imports");
    assert!(summary.created > 1, "{summary:?}");
    let journals = RunJournals::find(&run.directory, &run.name).expect("a journal");
    let (legacy, pool, control) = (world.legacy().await, world.pool().await, RunControl::new());
    let with_journal = reconcile(&legacy, &world.config, &pool, Some(&journals), &control)
        .await
        .expect("both sides answer");
    assert!(with_journal.is_clean(), "{with_journal:?}");
    let awaits = with_journal.counts.get(&DriftKind::AwaitsFirstSignIn);
    assert_eq!(awaits, Some(&summary.created));
    // Without the journal nobody knows that it was meant.
    let without = compare(&world).await;
    assert_eq!(without.drift_count(), summary.created, "{without:?}");
}
