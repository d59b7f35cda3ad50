//! What the store lets happen to one legacy user, in a SQLite file that two processes share.

use std::path::Path;
use std::time::{Duration, SystemTime};

use migration_claims::{CLAIM_HOLDS, ClaimKey, Claimed, Claims, Confirmed, Person};

const ANN: Person<'static> = Person {
    pool: "eu-west-1_a",
    legacy_id: "7",
    name: "ann",
};

const OLD_ANN: Person<'static> = Person {
    name: "old-ann",
    ..ANN
};

fn claims(folder: &Path) -> Claims {
    let key = ClaimKey::new("0123456789abcdef0123456789abcdef").expect("it is long enough");
    Claims::in_file(folder.join("claims.sqlite3"), key)
}

#[tokio::test]
async fn whoever_got_tokens_is_never_migrated_again_under_any_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (claims(folder.path()), claims(folder.path()));
    let now = SystemTime::now();
    assert_eq!(one.claim(ANN, now).await, Ok(Claimed::Granted));
    assert_eq!(
        other.claim(ANN, now).await,
        Ok(Claimed::Granted),
        "asked twice"
    );
    let confirmed = other.confirm(ANN, "sub-1").await.expect("it answers");
    assert_eq!(
        confirmed.and_then(|claim| claim.sub).as_deref(),
        Some("sub-1")
    );
    let years = now + Duration::from_secs(100_000_000);
    for person in [ANN, OLD_ANN] {
        assert_eq!(one.claim(person, years).await, Ok(Claimed::AlreadyMigrated));
    }
    let elsewhere = Person {
        pool: "eu-west-1_b",
        ..ANN
    };
    assert_eq!(one.claim(elsewhere, now).await, Ok(Claimed::Granted));
}

#[tokio::test]
async fn another_name_waits_until_a_lost_sign_in_is_over_and_confirms_nothing_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let (claims, now) = (claims(folder.path()), SystemTime::now());
    assert_eq!(claims.claim(ANN, now).await, Ok(Claimed::Granted));
    assert_eq!(claims.claim(OLD_ANN, now).await, Ok(Claimed::HeldByAnother));
    let claim = claims
        .confirm(OLD_ANN, "a stranger")
        .await
        .expect("it answers");
    assert_eq!(claim.expect("there is one").sub, None);
    assert_eq!(claims.is_in_flight(ANN, now).await, Ok(true));
    let later = now + CLAIM_HOLDS + Duration::from_secs(1);
    assert_eq!(claims.is_in_flight(ANN, later).await, Ok(false));
    assert_eq!(claims.claim(OLD_ANN, later).await, Ok(Claimed::Granted));
}

#[tokio::test]
async fn of_many_names_at_once_one_is_granted() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now();
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..20 {
        let claims = claims(folder.path());
        asked.spawn(async move {
            let name = format!("name-{number}");
            claims.claim(Person { name: &name, ..ANN }, now).await
        });
    }
    let answers = asked.join_all().await;
    let granted = answers
        .iter()
        .filter(|answer| **answer == Ok(Claimed::Granted));
    assert_eq!(granted.count(), 1, "{answers:?}");
}

#[tokio::test]
async fn whom_the_import_made_is_known_and_may_be_released_by_their_sub_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (claims, now) = (claims(folder.path()), SystemTime::now());
    let made = [Confirmed {
        legacy_id: "7",
        sub: "sub-1",
    }];
    for _again in 0..2 {
        claims
            .write_confirmed(ANN.pool, &made)
            .await
            .expect("it is written");
    }
    let seen = claims
        .seen(ANN.pool, "7")
        .await
        .expect("it answers")
        .expect("a claim");
    assert!(seen.groups_real && seen.sub.as_deref() == Some("sub-1"));
    assert_eq!(claims.claim(ANN, now).await, Ok(Claimed::AlreadyMigrated));
    assert_eq!(claims.release(ANN.pool, "7", "another").await, Ok(false));
    assert_eq!(claims.release(ANN.pool, "7", "sub-1").await, Ok(true));
    assert_eq!(claims.claim(ANN, now).await, Ok(Claimed::Granted));
}

#[tokio::test]
async fn a_file_that_cannot_be_used_grants_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let claims = claims(&folder.path().join("missing"));
    assert!(claims.claim(ANN, SystemTime::now()).await.is_err());
}
