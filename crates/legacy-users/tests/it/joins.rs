//! `[legacy.joins]`: profiles, and children of multi-table inheritance.

use legacy_users::LegacyError;

use crate::scratch::{Engine, Scratch, found_user};

crate::on_each_engine! {
    columns_of_a_profile_are_read_with_the_user
    a_join_with_two_rows_for_a_user_blocks
    what_no_join_has_is_refused
}

async fn members(engine: Engine) -> Scratch {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE realm (id integer PRIMARY KEY, subdomain varchar(40) UNIQUE);
             CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150) UNIQUE,
               email varchar(254), password varchar(128), realm_id integer);
             CREATE TABLE people_member (user_ptr_id integer PRIMARY KEY, phone varchar(20),
               member_no varchar(10) UNIQUE, left_at varchar(20));
             CREATE TABLE auth_userprofile (id integer PRIMARY KEY, user_id integer,
               name varchar(255));
             INSERT INTO realm VALUES (4, 'acme');
             INSERT INTO auth_user VALUES (1, 'ann', 'ann@example.com', 'x', 4),
               (2, 'bob', 'bob@example.com', 'x', NULL);
             INSERT INTO people_member VALUES (1, '+4915112345678', 'M-001', NULL),
               (2, NULL, 'M-002', '2024');
             INSERT INTO auth_userprofile VALUES (1, 1, 'Ann Lee')",
        )
        .await;
    scratch
}

const CONFIG: &str = r#"
    [legacy]
    where = "member.left_at is null"
    [legacy.joins.member]
    table = "people_member"
    on = "user_ptr_id"
    columns = ["phone", "member_no", "left_at"]
    [legacy.joins.profile]
    table = "auth_userprofile"
    on = "user_id"
    columns = ["name"]
    [legacy.joins.realm]
    table = "realm"
    on = "id"
    users = "realm_id"
    columns = ["subdomain"]
    [legacy.columns]
    phone_number = "member.phone"
    [attributes]
    email = "email"
    name = "profile.name"
    phone_number = "phone_number"
    "custom:member" = "member.member_no"
    "custom:realm" = "realm.subdomain"
"#;

async fn columns_of_a_profile_are_read_with_the_user(engine: Engine) {
    let scratch = members(engine).await;
    let database = scratch.connected(CONFIG).await;
    let ann = found_user(&database, "ann").await;
    assert_eq!(ann.phone_number.as_deref(), Some("+4915112345678"));
    for (column, value) in [
        ("profile.name", "Ann Lee"),
        ("member.member_no", "M-001"),
        ("realm.subdomain", "acme"),
    ] {
        assert_eq!(ann.columns[column].as_deref(), Some(value), "{column}");
    }
    assert_eq!(database.count_excluded().await.expect("a count"), 1);
    let everybody = CONFIG.replace("where = \"member.left_at is null\"", "");
    let database = scratch.connected(&everybody).await;
    let bob = found_user(&database, "bob").await;
    assert_eq!(bob.columns["profile.name"], None);
    assert_eq!(bob.columns["realm.subdomain"], None);
}

async fn a_join_with_two_rows_for_a_user_blocks(engine: Engine) {
    let scratch = members(engine).await;
    let codes = |scratch: Scratch| async move {
        let database = scratch.connected(CONFIG).await;
        let findings = database.table_facts().await.expect("findings");
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        (codes.contains(&"join-not-unique"), scratch)
    };
    let (blocks, scratch) = codes(scratch).await;
    assert!(!blocks, "one row each, though no index says so");
    scratch
        .run("INSERT INTO auth_userprofile VALUES (2, 1, 'Ann Two')")
        .await;
    assert!(codes(scratch).await.0);
}

async fn what_no_join_has_is_refused(engine: Engine) {
    let scratch = members(engine).await;
    let refused = |config: String| {
        let scratch = &scratch;
        async move { scratch.connect(&config).await.expect_err("refused") }
    };
    let other = CONFIG.replace("\"profile.name\"", "\"profile.nickname\"");
    assert!(matches!(
        refused(other).await,
        LegacyError::JoinMissing { .. }
    ));
    let table = CONFIG.replace("\"auth_userprofile\"", "\"auth_userprofiles\"");
    let error = refused(table).await;
    assert!(
        error.hint().contains("`auth_userprofile`"),
        "{}",
        error.hint()
    );
    let login = CONFIG.replace("[legacy]\n", "[legacy]\nlogin = [\"member.member_no\"]\n");
    assert!(matches!(
        refused(login).await,
        LegacyError::JoinNotPossible { .. }
    ));
}
