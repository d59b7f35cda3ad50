//! What a store lets happen to one legacy user, however many processes ask it.

use std::time::{Duration, SystemTime};

use migration_claims::{CLAIM_HOLDS, Claimed, Confirmed, Person};

use crate::on_each_store;
use crate::store::{Kind, Store, answered};

const ANN: Person<'static> = Person {
    pool: "eu-west-1_a",
    legacy_id: "4711",
    name: "ann.marker",
};

const OLD_ANN: Person<'static> = Person {
    name: "old-ann",
    ..ANN
};

on_each_store! {
    whoever_got_tokens_is_never_migrated_again_under_any_name
    another_name_waits_until_a_lost_sign_in_is_over_and_confirms_nothing_meanwhile
    of_many_names_at_once_one_is_granted
    whom_the_import_made_is_known_and_may_be_released_by_their_sub_alone
    real_groups_are_noted_for_the_pool_user_of_the_claim_alone
    a_store_out_of_reach_grants_nothing_and_forgets_nothing
    whoever_reads_the_store_learns_no_name_and_no_legacy_id
}

async fn whoever_got_tokens_is_never_migrated_again_under_any_name(kind: Kind) {
    let store = Store::new(kind);
    let (one, other) = (store.claims(), store.claims());
    let now = SystemTime::now();
    assert_eq!(answered(|| one.claim(ANN, now)).await, Claimed::Granted);
    let again = answered(|| other.claim(ANN, now)).await;
    assert_eq!(
        again,
        Claimed::Granted,
        "a sign-in may be asked about twice"
    );
    for _again in 0..2 {
        let confirmed = answered(|| other.confirm(ANN, "sub-1")).await;
        let sub = confirmed.and_then(|claim| claim.sub);
        assert_eq!(sub.as_deref(), Some("sub-1"));
    }
    let late = answered(|| one.confirm(ANN, "sub-2")).await;
    let sub = late.and_then(|claim| claim.sub);
    assert_eq!(sub.as_deref(), Some("sub-1"), "the first one counts");
    let years = now + Duration::from_secs(100_000_000);
    for person in [ANN, OLD_ANN] {
        let answer = answered(|| one.claim(person, years)).await;
        assert_eq!(answer, Claimed::AlreadyMigrated);
    }
    let elsewhere = Person {
        pool: "eu-west-1_b",
        ..ANN
    };
    let answer = answered(|| one.claim(elsewhere, now)).await;
    assert_eq!(answer, Claimed::Granted);
}

async fn another_name_waits_until_a_lost_sign_in_is_over_and_confirms_nothing_meanwhile(
    kind: Kind,
) {
    let store = Store::new(kind);
    let (claims, now) = (store.claims(), SystemTime::now());
    assert_eq!(answered(|| claims.claim(ANN, now)).await, Claimed::Granted);
    let answer = answered(|| claims.claim(OLD_ANN, now)).await;
    assert_eq!(answer, Claimed::HeldByAnother);
    let claim = answered(|| claims.confirm(OLD_ANN, "a stranger")).await;
    assert_eq!(claim.expect("there is one").sub, None);
    assert!(answered(|| claims.is_in_flight(ANN, now)).await);
    assert!(!answered(|| claims.is_in_flight(OLD_ANN, now)).await);
    let later = now + CLAIM_HOLDS + Duration::from_secs(1);
    assert!(!answered(|| claims.is_in_flight(ANN, later)).await);
    let answer = answered(|| claims.claim(OLD_ANN, later)).await;
    assert_eq!(answer, Claimed::Granted);
}

async fn of_many_names_at_once_one_is_granted(kind: Kind) {
    let store = Store::new(kind);
    let now = SystemTime::now();
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..12 {
        let claims = store.claims();
        asked.spawn(async move {
            let name = format!("name-{number}");
            answered(|| claims.claim(Person { name: &name, ..ANN }, now)).await
        });
    }
    let answers = asked.join_all().await;
    let granted = answers.iter().filter(|answer| **answer == Claimed::Granted);
    assert_eq!(granted.count(), 1, "{answers:?}");
}

async fn whom_the_import_made_is_known_and_may_be_released_by_their_sub_alone(kind: Kind) {
    let store = Store::new(kind);
    let (claims, now) = (store.claims(), SystemTime::now());
    let made = [Confirmed {
        legacy_id: ANN.legacy_id,
        sub: "sub-1",
    }];
    for _again in 0..2 {
        answered(|| claims.write_confirmed(ANN.pool, &made)).await;
    }
    let seen = answered(|| claims.seen(ANN.pool, ANN.legacy_id)).await;
    let seen = seen.expect("a claim");
    assert!(seen.groups_real && seen.sub.as_deref() == Some("sub-1"));
    let answer = answered(|| claims.claim(ANN, now)).await;
    assert_eq!(answer, Claimed::AlreadyMigrated);
    let release = |sub: &'static str| claims.release(ANN.pool, ANN.legacy_id, sub);
    assert!(!answered(|| release("another")).await);
    assert!(answered(|| release("sub-1")).await);
    assert_eq!(answered(|| claims.claim(ANN, now)).await, Claimed::Granted);
}

async fn real_groups_are_noted_for_the_pool_user_of_the_claim_alone(kind: Kind) {
    let store = Store::new(kind);
    let (claims, now) = (store.claims(), SystemTime::now());
    answered(|| claims.claim(ANN, now)).await;
    answered(|| claims.confirm(ANN, "sub-1")).await;
    for (sub, real) in [("a stranger", false), ("sub-1", true)] {
        answered(|| claims.groups_are_real(ANN.pool, ANN.legacy_id, sub)).await;
        let seen = answered(|| claims.seen(ANN.pool, ANN.legacy_id)).await;
        assert_eq!(seen.map(|claim| claim.groups_real), Some(real), "{sub}");
    }
    assert_eq!(answered(|| claims.seen(ANN.pool, "another")).await, None);
}

async fn a_store_out_of_reach_grants_nothing_and_forgets_nothing(kind: Kind) {
    let store = Store::new(kind);
    let (claims, now) = (store.claims(), SystemTime::now());
    answered(|| claims.claim(ANN, now)).await;
    answered(|| claims.confirm(ANN, "sub-1")).await;
    for away in store.out_of_reach() {
        let fault = away.claim(OLD_ANN, now).await.expect_err("nobody answers");
        assert!(!fault.to_string().contains("ann.marker"), "{fault}");
        assert!(away.confirm(OLD_ANN, "sub-2").await.is_err());
        assert!(away.seen(ANN.pool, ANN.legacy_id).await.is_err());
    }
    let answer = answered(|| claims.claim(OLD_ANN, now)).await;
    assert_eq!(answer, Claimed::AlreadyMigrated);
}

async fn whoever_reads_the_store_learns_no_name_and_no_legacy_id(kind: Kind) {
    let store = Store::new(kind);
    let claims = store.claims();
    answered(|| claims.claim(ANN, SystemTime::now())).await;
    answered(|| claims.confirm(ANN, "sub-marker")).await;
    let content = store.content();
    assert!(content.contains("sub-marker"), "it was written");
    for secret in [ANN.name, ANN.legacy_id, ANN.pool] {
        // A time or a keyed hash may hold four digits by chance; in quotes it is the id itself.
        let quoted = format!("\"{secret}\"");
        assert!(!content.contains(&quoted), "{secret}");
    }
    assert!(!content.contains("ann.marker") && !content.contains("eu-west-1_a"));
}
