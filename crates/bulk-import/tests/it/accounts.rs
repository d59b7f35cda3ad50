//! Undisturbed imports: who ends up where, in which state, and what a second import does.

use cognito_user_pool::UserStatus;

use crate::world::{World, assert_accounts};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_creates_everybody_who_is_not_held_and_a_second_changes_nothing() {
    let world = World::new().await;
    let first = world.import(&world.run()).await.expect("imports");
    assert_accounts(&first, 1000);
    assert!(
        first.complete && first.failed == 0 && first.already_in_pool == 0,
        "{first:?}"
    );
    assert!(first.created > 800 && first.held > 0, "{first:?}");
    let users = world.users().await;
    assert_eq!(users.len() as u64, first.created);
    assert!(
        users
            .values()
            .all(|user| user.status == UserStatus::Confirmed)
    );

    let again = world.import(&world.run()).await.expect("imports");
    assert_eq!(again, first);
    assert_eq!(
        world.users().await,
        users,
        "nobody was touched, down to the time of change"
    );

    let other = world
        .import(&world.named_run("other"))
        .await
        .expect("imports");
    assert_accounts(&other, 1000);
    assert_eq!(
        (other.created, other.already_in_pool),
        (0, first.created),
        "{other:?}"
    );
    assert_eq!(world.users().await, users);
}
