//! A row whose bytes are no text is one person who cannot be read, and not the end of everything.

use futures::TryStreamExt;
use migration_model::{LegacyId, LegacyUser};

use crate::scratch::{Engine, Scratch, found};

/// SQLite alone keeps such bytes in a column of text; the servers refuse them.
#[tokio::test]
async fn bytes_that_are_no_text_hold_one_person() {
    let scratch = Scratch::django(Engine::Sqlite).await;
    for id in 1..=40 {
        scratch
            .add_user(id, &format!("user{id}"), &format!("user{id}@example.com"))
            .await;
    }
    scratch
        .run("UPDATE auth_user SET first_name = CAST(x'4da8' AS TEXT) WHERE id IN (7, 29)")
        .await;
    let database = scratch
        .connected("[attributes]\ngiven_name = \"first_name\"")
        .await;
    let users: Vec<LegacyUser> = database.users(None, 16).try_collect().await.expect("users");
    assert_eq!(users.len(), 40);
    let unreadable: Vec<_> = users
        .iter()
        .filter(|user| user.unreadable.is_some())
        .map(|user| user.id.clone())
        .collect();
    assert_eq!(unreadable, [LegacyId::Integer(7), LegacyId::Integer(29)]);
    let column = users[6].unreadable.as_deref().unwrap_or_default();
    assert!(column.contains("first_name"), "{column}");
    assert!(users.windows(2).all(|two| two[0].id < two[1].id));
    let ids = [6, 7, 8].map(LegacyId::Integer);
    assert_eq!(database.users_by_ids(&ids).await.expect("users").len(), 3);
    // Whoever looks for another is not in their way; they themselves are no "unknown user".
    assert_eq!(found(&database, "user8").await, "8");
    assert!(database.find_by_login("user7").await.is_err());
}
