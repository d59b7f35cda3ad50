//! `cutover-django`'s table of links, as its migration makes it.

use migration_model::LegacyId;

use crate::scratch::{Engine, Scratch};

crate::on_each_engine! {
    whoever_has_a_link_is_linked
    a_table_of_links_that_is_not_there_is_an_error
}

const CONFIG: &str = "[legacy]\nlinks_table = \"cutover_django_cognitolink\"";

async fn whoever_has_a_link_is_linked(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    scratch.add_user(1, "ann", "").await;
    scratch.add_user(2, "bob", "").await;
    scratch
        .run(
            "CREATE TABLE cutover_django_cognitolink (id bigint PRIMARY KEY,
               sub varchar(64) NOT NULL UNIQUE, origin varchar(16) NOT NULL,
               created_at timestamp NOT NULL, user_id integer NOT NULL UNIQUE);
             INSERT INTO cutover_django_cognitolink
             VALUES (1, 'a-sub', 'id-map', '2024-05-06 07:08:09', 2);",
        )
        .await;
    let database = scratch.connected(CONFIG).await;
    for (id, linked) in [(1, false), (2, true), (3, false)] {
        let answer = database.is_linked(&LegacyId::Integer(id)).await;
        assert_eq!(answer.expect("an answer"), linked, "{id}");
    }
    let ids = [1, 2, 3].map(LegacyId::Integer);
    let linked = database.links(&ids).await.expect("an answer");
    let linked: Vec<_> = linked.into_iter().collect();
    assert_eq!(linked, [(LegacyId::Integer(2), "a-sub".to_owned())]);
    let without = scratch.connected("").await;
    assert!(without.links(&ids).await.expect("an answer").is_empty());
    let answer = without.is_linked(&LegacyId::Integer(2)).await;
    assert!(!answer.expect("an answer"), "no table is named");
}

async fn a_table_of_links_that_is_not_there_is_an_error(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let error = scratch.connect(CONFIG).await.expect_err("it is checked");
    let text = error.to_string();
    assert!(text.contains("cutover_django_cognitolink"), "{text}");
}
