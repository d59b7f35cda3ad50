//! What `inspect` is told of the tables.

use migration_model::Severity;

use crate::scratch::{BOTH_LOGINS, Engine, Scratch};

crate::on_each_engine! {
    an_email_login_without_index_is_a_warning_until_the_index_is_there
    a_key_that_is_not_unique_is_a_blocker
    absent_tables_and_columns_are_noted
}

async fn codes(scratch: &Scratch, config: &str) -> Vec<(&'static str, String)> {
    let findings = scratch
        .connected(config)
        .await
        .table_facts()
        .await
        .expect("findings");
    findings
        .into_iter()
        .map(|finding| (finding.code, finding.subject))
        .collect()
}

async fn an_email_login_without_index_is_a_warning_until_the_index_is_there(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let database = scratch.connected(BOTH_LOGINS).await;
    let findings = database.table_facts().await.expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding.subject == "auth_user.email");
    let finding = finding.expect("stock Django has no index on e-mails");
    assert_eq!(
        (finding.code, finding.severity),
        ("login-index-missing", Severity::Warning)
    );
    let start = finding
        .next_step
        .find("CREATE INDEX")
        .expect("a statement to run");
    scratch.run(&finding.next_step[start..]).await;
    let after = codes(&scratch, BOTH_LOGINS).await;
    assert!(
        after
            .iter()
            .all(|(_, subject)| subject != "auth_user.email"),
        "{after:?}"
    );
    // Its unique index serves usernames typed exactly; on MySQL, in any case.
    let username = after
        .iter()
        .any(|(_, subject)| subject == "auth_user.username");
    assert_eq!(username, engine != Engine::MySql);
}

async fn a_key_that_is_not_unique_is_a_blocker(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    // Both are called the same.
    scratch.add_user(1, "ann", "ann@example.com").await;
    scratch.add_user(2, "bob", "bob@example.com").await;
    let findings = scratch
        .connected("[legacy.columns]\nid = \"first_name\"\n[groups]\ncarry = false")
        .await
        .table_facts()
        .await
        .expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding.code == "key-not-unique");
    assert_eq!(finding.expect("a finding").severity, Severity::Blocker);
    assert!(
        codes(&scratch, "")
            .await
            .iter()
            .all(|(code, _)| *code != "key-not-unique")
    );
}

async fn absent_tables_and_columns_are_noted(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    let table =
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(99), password text)";
    scratch.run(table).await;
    let codes = codes(&scratch, "").await;
    let codes: Vec<_> = codes.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        codes,
        [
            "is-active-missing",
            "login-index-missing",
            "groups-table-missing"
        ]
    );
}
