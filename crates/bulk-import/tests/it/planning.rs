//! What a plan says, and that it writes nothing.

use std::collections::BTreeMap;

use bulk_import::{ErrorClass, ImportError, ImportRun};
use cognito_user_pool::{Quotas, UserStatus};
use migration_model::Reason;

use crate::fault_front::{FaultFront, pass};
use crate::world::{World, assert_accounts, pool_at};

fn by_reason(plan: &bulk_import::Plan) -> BTreeMap<Reason, u64> {
    let mut reasons = BTreeMap::new();
    for count in plan.counts.iter().filter(|count| count.outcome.is_some()) {
        *reasons
            .entry(count.reason.expect("settled for a reason"))
            .or_default() += count.users;
    }
    reasons
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_calls_reading_operations_alone_and_leaves_no_file() {
    let world = World::new().await;
    let front = FaultFront::start(world.service.endpoint(), pass).await;
    let pool = pool_at(world.address_at(&front.endpoint), Quotas::off()).await;
    let control = bulk_import::RunControl::new();
    let legacy = world.legacy().await;
    let plan = bulk_import::plan(&legacy, &world.config, &pool, &world.run(), None, &control).await;
    let plan = plan.expect("plans");
    let calls = [
        "DescribeUserPool",
        "ListUserPoolClients",
        "DescribeUserPoolClient",
        "ListUsers",
    ];
    assert_eq!(front.calls(), calls);
    assert!(!world.runs().exists());
    assert!(world.users().await.is_empty());
    assert_accounts(&plan.summary(), 1000);

    let done = world.import(&world.run()).await.expect("imports");
    assert_eq!(
        (plan.to_create, plan.summary().held),
        (done.created, done.held)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_approval_nobody_is_imported_who_could_still_sign_in() {
    let world = World::new().await;
    let cautious = ImportRun {
        approve_password_reset: false,
        ..world.run()
    };
    let plan = world.plan(&cautious).await.expect("plans");
    let bold = world.plan(&world.run()).await.expect("plans");
    assert!(plan.kept_for_first_login > 500, "{plan:?}");
    assert_eq!(
        (plan.losing_password, bold.losing_password),
        (0, plan.kept_for_first_login)
    );
    assert_eq!(plan.to_create + plan.kept_for_first_login, bold.to_create);

    let summary = world.import(&cautious).await.expect("imports");
    assert_eq!(summary.created, plan.to_create);
    // The same run, approved later: whoever was kept is imported, the others stay as they are.
    let before = world.users().await;
    let approved = world.import(&world.run()).await.expect("imports");
    assert_accounts(&approved, 1000);
    assert_eq!(approved.created, bold.to_create);
    let after = world.users().await;
    assert!(
        before
            .iter()
            .all(|(name, user)| after.get(name) == Some(user))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signed_in_lately_can_be_left_for_first_login() {
    let world = World::new().await;
    world.keep("id BETWEEN 10 AND 13").await;
    world
        .change(
            "UPDATE auth_user SET password = 'pbkdf2_sha256$1$salt$' ||
                 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', is_active = 1;
             UPDATE auth_user SET last_login = datetime('now', '-10 days') WHERE id = 10;
             UPDATE auth_user SET last_login = datetime('now', '-100 days') WHERE id = 11;
             UPDATE auth_user SET last_login = NULL WHERE id = 12;
             UPDATE auth_user SET last_login = datetime('now'), password = '!' WHERE id = 13;",
        )
        .await;
    let run = ImportRun {
        keep_for_first_login: vec!["last_login > 90 days".parse().expect("a condition")],
        ..world.run()
    };
    let summary = world.import(&run).await.expect("imports");
    // 10 is kept; 13 has no password to keep.
    assert_eq!((summary.created, summary.held), (3, 1), "{summary:?}");
    let without = world.import(&world.run()).await.expect("planned anew");
    assert_eq!((without.created, without.held), (4, 0), "{without:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_who_would_collide_are_held_both_and_everybody_else_is_not() {
    let world = World::new().await;
    world.keep("id BETWEEN 10 AND 15").await;
    world
        .change(
            "UPDATE auth_user SET username = 'Same' WHERE id = 10;
             UPDATE auth_user SET username = 'sAME' WHERE id = 11;
             UPDATE auth_user SET email = 'one@example.org' WHERE id = 12;
             UPDATE auth_user SET email = 'ONE@example.org' WHERE id = 13;
             UPDATE account_emailaddress SET email = 'one@example.org', verified = 1
                 WHERE user_id = 12;
             UPDATE account_emailaddress SET email = 'ONE@example.org', verified = 1
                 WHERE user_id = 13;",
        )
        .await;
    let plan = world.plan(&world.run()).await.expect("plans");
    let expected = BTreeMap::from([(Reason::LoginCollision, 2), (Reason::EmailDuplicate, 2)]);
    assert_eq!(by_reason(&plan), expected, "{plan:?}");
    assert_eq!(plan.to_create, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_the_pool_are_recognised_by_id_and_a_name_proves_nothing() {
    let world = World::new().await;
    world
        .keep("username IN ('staff.member0', 'staff.member1', 'staff.member2', 'root.admin')")
        .await;
    let pool = world.pool().await;
    let id = |id: &str| BTreeMap::from([("custom:legacy_id".to_owned(), id.to_owned())]);
    // Renamed since, but the same person.
    pool.admin_create_user("root.renamed", &id("1"))
        .await
        .expect("creates");
    pool.admin_set_user_password("root.renamed", "Their-own-passw0rd")
        .await
        .expect("a password");
    // The name alone, in other letters: nobody knows who that is.
    pool.admin_create_user("STAFF.member0", &BTreeMap::new())
        .await
        .expect("creates");
    // The name, but somebody else's id.
    pool.admin_create_user("staff.member1", &id("777"))
        .await
        .expect("creates");
    let before = world.users().await;
    let summary = world.import(&world.run()).await.expect("imports");
    assert_accounts(&summary, 4);
    assert_eq!(
        (
            summary.already_in_pool,
            summary.held,
            summary.created,
            summary.failed
        ),
        (1, 2, 1, 0)
    );
    let after = world.users().await;
    assert!(
        before
            .iter()
            .all(|(name, user)| after.get(name) == Some(user)),
        "touched"
    );
    assert_eq!(after["staff.member2"].status, UserStatus::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_cannot_hold_the_users_is_refused_before_anything_is_read() {
    let config = "[legacy]\nurl = \"sqlite://legacy.sqlite3\"\n[attributes]\n\
                  \"custom:legacy_id\" = \"id\"\n\"custom:plan\" = \"last_name\"\n";
    let world = World::with(config, |_| {}).await;
    let refused = world
        .import(&world.run())
        .await
        .expect_err("custom:plan is not there");
    assert!(refused.to_string().contains("custom:plan"), "{refused}");
    assert_eq!(refused.class(), ErrorClass::Usage);
    assert!(!world.runs().exists());

    let config = "[legacy]\nurl = \"sqlite://legacy.sqlite3\"\nlogin = [\"email\"]\n";
    let world = World::with(config, |_| {}).await;
    let refused = world
        .import(&world.run())
        .await
        .expect_err("not an e-mail pool");
    assert!(
        matches!(refused, ImportError::PoolDoesNotFit { .. }),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_email_is_the_username_users_are_matched_by_it() {
    let config = "[legacy]\nurl = \"sqlite://legacy.sqlite3\"\nlogin = [\"email\"]\n\
                  email_verified = \"always\"\n[attributes]\nemail = \"email\"\n";
    let by_email = |settings: &mut rehearsal_pool::PoolSettings| {
        settings.username_attributes = vec!["email".to_owned()];
    };
    let world = World::with(config, by_email).await;
    let first = world.import(&world.run()).await.expect("imports");
    assert_accounts(&first, 1000);
    assert!(first.created > 900 && first.failed == 0, "{first:?}");
    let again = world
        .import(&world.named_run("again"))
        .await
        .expect("imports");
    assert_eq!((again.created, again.already_in_pool), (0, first.created));
    // Cognito makes the username: a UUID, the same as `sub`.
    let users = world.users().await;
    assert!(users.iter().all(|(name, user)| user.sub() == Some(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_bound_to_its_pool_and_mapping() {
    let world = World::new().await;
    world.keep("id < 20").await;
    world.import(&world.run()).await.expect("imports");
    let other = World::new().await;
    let same_run = ImportRun {
        directory: world.runs(),
        ..other.run()
    };
    let refused = other.import(&same_run).await.expect_err("another pool");
    let ImportError::DifferentRun { differences, .. } = &refused else {
        panic!("{refused}")
    };
    assert!(differences[0].contains("user pool"), "{differences:?}");
    assert_eq!(refused.class(), ErrorClass::Usage);
    assert!(other.users().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_deleted_between_plan_and_import_is_accounted_for() {
    let world = World::new().await;
    world.keep("id BETWEEN 10 AND 30").await;
    let control = bulk_import::RunControl::new();
    let (legacy, pool, run) = (world.legacy().await, world.pool().await, world.run());
    let delete = async {
        let mut progress = control.progress();
        let grouped =
            |progress: &bulk_import::Progress| progress.phase >= bulk_import::Phase::CreatingGroups;
        drop(progress.wait_for(grouped).await.expect("progress"));
        world.change("DELETE FROM auth_user WHERE id = 29").await;
        control.pause(false);
    };
    control.pause(false);
    let import = bulk_import::import(&legacy, &world.config, &pool, &run, &control);
    let (summary, ()) = tokio::join!(import, delete);
    assert_accounts(&summary.expect("imports"), 21);
    // And whoever is deleted between two starts of the same run.
    world.change("DELETE FROM auth_user WHERE id = 12").await;
    let summary = world.import(&run).await.expect("imports");
    assert_accounts(&summary, 21);
}
