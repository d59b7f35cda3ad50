//! The way back: only what the run created, and only whom nobody has used since.

use std::collections::BTreeMap;
use std::time::Duration;

use bulk_import::{ErrorClass, ImportError, Kept, RunControl, Undo, UndoSummary, undo};
use cognito_user_pool::SignInAnswer;

use crate::world::World;

async fn undo_run(world: &World, execute: bool) -> Result<UndoSummary, ImportError> {
    let (pool, run) = (world.pool().await, world.run());
    let writable = execute.then_some(&pool);
    let asked = Undo {
        ledger: &run.ledger,
        directory: &run.directory,
        run: &run.name,
        claims: None,
        approve_unprovable: false,
    };
    undo(&pool, writable, asked, &RunControl::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_deletes_what_the_run_created_and_nobody_else() {
    let world = World::new().await;
    world.keep("id BETWEEN 1 AND 40").await;
    let pool = world.pool().await;
    // There before the run: not the run's to delete.
    let id = BTreeMap::from([("custom:legacy_id".to_owned(), "2".to_owned())]);
    pool.admin_create_user("staff.member0", &id)
        .await
        .expect("creates");
    pool.admin_set_user_password("staff.member0", "Their-own-passw0rd")
        .await
        .expect("a password");
    let imported = world.import(&world.run()).await.expect("imports");
    assert_eq!(imported.already_in_pool, 1, "{imported:?}");

    // One of them resets the password a minute later, and is a customer from then on.
    world.service.advance_clock(Duration::from_secs(60));
    let client = world.service.client_id();
    let reset = "alg.argon2.2";
    pool.forgot_password(client, reset)
        .await
        .expect("a code is sent");
    let code = world
        .service
        .outbox()
        .last()
        .expect("a message")
        .code
        .clone();
    let code = code.expect("a code");
    let confirmed = pool.confirm_forgot_password(client, reset, &code, "Their-own-passw0rd");
    confirmed.await.expect("a new password");

    let before = world.users().await;
    let dry = undo_run(&world, false).await.expect("counts");
    assert_eq!(world.users().await, before, "a dry run deletes nobody");
    let kept = BTreeMap::from([(Kept::Changed, 1)]);
    assert_eq!(
        (dry.created, dry.deleted),
        (imported.created, imported.created - 1)
    );
    assert_eq!((&dry.kept, dry.dry_run, dry.complete), (&kept, true, true));

    let done = undo_run(&world, true).await.expect("deletes");
    assert_eq!(
        (done.deleted, &done.kept, done.failed),
        (dry.deleted, &kept, 0)
    );
    let left = world.users().await;
    assert_eq!(left.keys().collect::<Vec<_>>(), [reset, "staff.member0"]);
    let answer = pool
        .initiate_auth(client, reset, "Their-own-passw0rd")
        .await;
    assert!(matches!(answer, Ok(SignInAnswer::Tokens(_))), "{answer:?}");

    let again = undo_run(&world, true).await.expect("nothing is left");
    assert_eq!((again.created, again.deleted), (0, 0), "{again:?}");
    let refused = world.import(&world.run()).await.expect_err("it was undone");
    assert_eq!(refused.class(), ErrorClass::Usage);
    assert!(refused.to_string().contains("undone"), "{refused}");
}
