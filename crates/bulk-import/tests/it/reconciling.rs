//! The comparison of both sides: clean after an import, and every difference found by kind.

use std::collections::BTreeMap;

use bulk_import::{
    DriftKind, FinalState, FixKind, Ledger, LedgerUse, Prefer, Reconciliation, RunControl,
    RunJournals, fix, reconcile,
};
use futures::TryStreamExt;
use migration_model::Reason;

use crate::world::World;

async fn compare(world: &World) -> Reconciliation {
    compare_with(world, None, None).await
}

async fn compare_with(
    world: &World,
    journals: Option<&RunJournals>,
    prefer: Option<Prefer>,
) -> Reconciliation {
    let (legacy, pool, control) = (world.legacy().await, world.pool().await, RunControl::new());
    let place = world.run().ledger;
    let ledger = LedgerUse::Read(&place);
    let config = &world.config;
    reconcile(&legacy, config, &pool, ledger, journals, prefer, &control)
        .await
        .expect("both sides answer")
}

/// Compares, lets everything travel that may, and writes down what both sides agree on.
async fn compare_and_fix(world: &World, prefer: Option<Prefer>) -> Reconciliation {
    let (legacy, pool, control) = (world.legacy().await, world.pool().await, RunControl::new());
    let ledger = Ledger::hold(&world.run().ledger, &pool)
        .await
        .expect("nobody else has it");
    let ledger = LedgerUse::Write(&ledger);
    let config = &world.config;
    let mut found = reconcile(&legacy, config, &pool, ledger, None, prefer, &control)
        .await
        .expect("both sides answer");
    let fixed = fix(&pool, &mut found, &FixKind::ALL, None, &control).await;
    assert!(fixed.expect("the pool answers").refused.is_empty());
    reconcile(&legacy, config, &pool, ledger, None, None, &control)
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
        .change("UPDATE auth_user SET password = '!' WHERE id = 7")
        .await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    // In Django alone: a name, a group, and an inactive person; a newcomer without a password.
    world
        .change(
            "UPDATE auth_user SET first_name = 'Somebody' WHERE id = 3;
             INSERT INTO auth_user_groups (user_id, group_id)
                 SELECT 10, id FROM auth_group WHERE name = 'editors';
             UPDATE auth_user SET is_active = 0 WHERE id = 4;
             INSERT INTO auth_user (id, username, email, password, first_name, last_name, is_active,
                                    is_staff, is_superuser, date_joined)
                 VALUES (9999, 'new.comer', '', '!', '', '', 1, 0, 0, '2024-01-01 00:00:00')",
        )
        .await;
    // In the pool alone, and on both sides.
    let name = |value: &str| BTreeMap::from([("given_name".to_owned(), value.to_owned())]);
    pool.admin_update_user_attributes("staff.member0", &name("Theirs"))
        .await
        .expect("2: changed in the pool alone");
    pool.admin_update_user_attributes("alg.argon2.2", &name("Theirs"))
        .await
        .expect("changed on both sides");
    world
        .change("UPDATE auth_user SET first_name = 'Ours' WHERE username = 'alg.argon2.2'")
        .await;
    pool.admin_delete_user("staff.member3")
        .await
        .expect("5: deleted there");
    pool.create_group("unmanaged", "not Django's", None)
        .await
        .expect("a group");
    pool.admin_add_user_to_group("alg.argon2.3", "unmanaged")
        .await
        .expect("no drift");
    pool.admin_create_user("alg.new", &BTreeMap::new())
        .await
        .expect("registered in the pool");

    let mut found = compare(&world).await;
    let drift: Vec<(String, DriftKind, String)> = found
        .drift()
        .map_ok(|drift| (drift.legacy_id, drift.row.kind, drift.row.about))
        .try_collect()
        .await
        .expect("the comparison's own file");
    let row = |id: &str, kind, about: &str| (id.to_owned(), kind, about.to_owned());
    for expected in [
        row("3", DriftKind::Attributes, "given_name"),
        row("4", DriftKind::Enabled, "enabled"),
        row("10", DriftKind::Groups, "-editors"),
        row("9999", DriftKind::Missing, ""),
    ] {
        assert!(drift.contains(&expected), "{expected:?} of {drift:?}");
    }
    assert_eq!(
        found.counts.get(&DriftKind::Conflict),
        Some(&1),
        "{drift:?}"
    );
    assert_eq!(found.counts.get(&DriftKind::Native), Some(&1), "{found:?}");
    let deleted = DriftKind::NotExpected(Reason::DeletedInPool);
    assert_eq!(found.counts.get(&deleted), Some(&1), "{found:?}");
    assert_eq!(found.drift_count(), 5, "{drift:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_in_the_pool_stays_and_what_is_newer_in_django_travels() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    let name = |value: &str| BTreeMap::from([("given_name".to_owned(), value.to_owned())]);
    let rename = async |username: &str, value: &str| {
        let values = name(value);
        let changed = pool.admin_update_user_attributes(username, &values);
        changed.await.expect("an attribute of theirs");
    };
    rename("staff.member0", "Theirs").await;
    rename("staff.member1", "Both").await;
    pool.create_group("editors", "Django's", None)
        .await
        .expect("a group");
    pool.admin_add_user_to_group("staff.member1", "editors")
        .await
        .expect("given there");
    pool.admin_disable_user("alg.argon2.2")
        .await
        .expect("disabled there");
    world
        .change(
            "UPDATE auth_user SET first_name = 'Ours' WHERE username = 'staff.member1';
             UPDATE auth_user SET first_name = 'Newer' WHERE username = 'alg.argon2.3';
             UPDATE auth_user SET is_active = 0 WHERE id = 4",
        )
        .await;
    let stranger = pool.admin_create_user("alg.new", &name("New")).await;
    stranger.expect("registered in the pool");

    let left = compare_and_fix(&world, None).await;
    let after = world.users().await;
    assert_eq!(after["staff.member0"].attributes["given_name"], "Theirs");
    assert_eq!(after["staff.member1"].attributes["given_name"], "Both");
    assert_eq!(after["alg.argon2.3"].attributes["given_name"], "Newer");
    assert_eq!(after["alg.new"].attributes["given_name"], "New");
    assert!(!after["staff.member2"].enabled, "inactive in Django");
    assert!(
        !after["alg.argon2.2"].enabled,
        "disabled there, and left so"
    );
    let drift: Vec<&DriftKind> = left.counts.keys().filter(|kind| kind.is_drift()).collect();
    assert_eq!(drift, [&DriftKind::Conflict], "{left:?}");
    assert!(left.fixes.is_empty(), "{left:?}");

    // A person settles it.
    let left = compare_and_fix(&world, Some(Prefer::Django)).await;
    assert!(left.is_clean(), "{left:?}");
    let after = world.users().await;
    assert_eq!(after["staff.member1"].attributes["given_name"], "Ours");
    assert_eq!(after["staff.member0"].attributes["given_name"], "Theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_travels_is_not_taken_from_its_new_holder() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    let taken = "newcomer@example.com";
    let address = BTreeMap::from([
        ("email".to_owned(), taken.to_owned()),
        ("email_verified".to_owned(), "true".to_owned()),
    ]);
    pool.admin_create_user("new.comer", &address)
        .await
        .expect("registered in the pool");
    let verified = world.users().await;
    let with = verified
        .values()
        .find(|user| {
            let flag = user.attributes.get("email_verified");
            user.username != "new.comer" && flag.map(String::as_str) == Some("true")
        })
        .expect("most are verified");
    let id = &with.attributes["custom:legacy_id"];
    world
        .change(&format!(
            "UPDATE auth_user SET email = '{taken}' WHERE id = {id};
             UPDATE account_emailaddress SET email = '{taken}' WHERE user_id = {id}"
        ))
        .await;
    let left = compare_and_fix(&world, None).await;
    assert_eq!(left.counts.get(&DriftKind::Conflict), Some(&1), "{left:?}");
    let after = world.users().await;
    assert_eq!(after["new.comer"].attributes["email"], taken);
    assert_eq!(after["new.comer"].attributes["email_verified"], "true");
    assert_eq!(
        after[&with.username].attributes["email"],
        with.attributes["email"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_verified_is_left_and_a_verified_one_stays_verified() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world
        .change("UPDATE account_emailaddress SET verified = 0 WHERE user_id = 9")
        .await;
    world.import(&world.run()).await.expect("imports");
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
        let id = &user.attributes["custom:legacy_id"];
        let email = format!("changed{number}@example.com");
        world
            .change(&format!(
                "UPDATE auth_user SET email = '{email}' WHERE id = {id};
                 UPDATE account_emailaddress SET email = '{email}' WHERE user_id = {id}"
            ))
            .await;
    }
    let found = compare(&world).await;
    assert_eq!(
        found.counts.get(&DriftKind::Attributes),
        Some(&2),
        "{found:?}"
    );
    assert_eq!(found.fixes, BTreeMap::from([(FixKind::SetAttributes, 1)]));
    compare_and_fix(&world, None).await;
    let after = world.users().await;
    let (now, was) = (&after[&with.username], &after[&without.username]);
    assert_eq!(now.attributes["email"], "changed1@example.com");
    assert_eq!(now.attributes["email_verified"], "true");
    assert_eq!(was.attributes["email"], without.attributes["email"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_deleted_in_the_pool_stays_so_and_whoever_took_the_name_is_a_stranger() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world.import(&world.run()).await.expect("imports");
    let pool = world.pool().await;
    let mut again = world.users().await["alg.argon2.3"].attributes.clone();
    for username in ["alg.argon2.2", "alg.argon2.3"] {
        pool.admin_delete_user(username).await.expect("deleted");
    }
    again.remove("sub");
    let made = pool.admin_create_user("alg.argon2.3", &again).await;
    made.expect("made anew, with the legacy id");
    pool.admin_set_user_password("alg.argon2.3", "Their-own-passw0rd")
        .await
        .expect("a password");

    let found = compare(&world).await;
    let deleted = DriftKind::NotExpected(Reason::DeletedInPool);
    assert_eq!(found.counts.get(&deleted), Some(&2), "{found:?}");
    let summary = world
        .import(&world.named_run("again"))
        .await
        .expect("imports");
    assert_eq!(summary.created, 0, "{summary:?}");
    assert!(!world.users().await.contains_key("alg.argon2.2"));
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
    let with_journal = compare_with(&world, Some(&journals), None).await;
    assert!(with_journal.is_clean(), "{with_journal:?}");
    let awaits = with_journal.counts.get(&DriftKind::AwaitsFirstSignIn);
    assert_eq!(awaits, Some(&summary.created));
    // Without the journal nobody knows that it was meant.
    let without = compare(&world).await;
    assert_eq!(without.drift_count(), summary.created, "{without:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_changed_in_the_pool_is_not_called_verified_because_the_old_one_was() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world
        .change("UPDATE account_emailaddress SET verified = 0 WHERE user_id = 9")
        .await;
    world.import(&world.run()).await.expect("imports");
    let of = |users: &crate::world::Users| {
        let mut users = users.values();
        let nine = users.find(|user| user.attributes["custom:legacy_id"] == "9");
        nine.expect("9 was imported").clone()
    };
    let user = of(&world.users().await);
    assert_eq!(user.attributes["email_verified"], "false");
    let pool = world.pool().await;
    let address = BTreeMap::from([("email".to_owned(), "somebody@else.example".to_owned())]);
    pool.admin_update_user_attributes(&user.username, &address)
        .await
        .expect("an address that nobody verified");
    world
        .change("UPDATE account_emailaddress SET verified = 1 WHERE user_id = 9")
        .await;
    compare_and_fix(&world, None).await;
    let after = of(&world.users().await);
    assert_eq!(after.attributes["email"], "somebody@else.example");
    assert_eq!(after.attributes["email_verified"], "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_in_the_pool_after_the_comparison_is_not_set_back_by_its_fixes() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    world.import(&world.run()).await.expect("imports");
    world
        .change("UPDATE auth_user SET first_name = 'Django' WHERE id IN (2, 3)")
        .await;
    let mut found = compare(&world).await;
    assert_eq!(found.fixes, BTreeMap::from([(FixKind::SetAttributes, 2)]));
    world
        .service
        .advance_clock(std::time::Duration::from_secs(60));
    let pool = world.pool().await;
    let name = BTreeMap::from([("given_name".to_owned(), "Pool".to_owned())]);
    pool.admin_update_user_attributes("staff.member0", &name)
        .await
        .expect("2 changes");
    let fixed = fix(&pool, &mut found, &FixKind::ALL, None, &RunControl::new()).await;
    let fixed = fixed.expect("the pool answers");
    let one = BTreeMap::from([(FixKind::SetAttributes, 1)]);
    assert_eq!(
        (&fixed.done, &fixed.changed_since),
        (&one, &one),
        "{fixed:?}"
    );
    let users = world.users().await;
    assert_eq!(users["staff.member0"].attributes["given_name"], "Pool");
    assert_eq!(users["staff.member1"].attributes["given_name"], "Django");
}
