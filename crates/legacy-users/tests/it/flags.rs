//! What yes and no are kept as: columns of several types, each read as what it means or refused.

use legacy_users::LegacyError;
use migration_model::Severity;

use crate::scratch::{Engine, Scratch, found_user};

crate::on_each_engine! {
    a_flag_is_what_the_file_says_it_means
    a_type_that_cannot_mean_it_is_refused_with_what_to_write
    numbers_that_are_no_flag_block
    a_password_nobody_knows_is_unusable
    a_columns_own_name_is_reached_past_a_field_of_the_same_name
}

async fn people(engine: Engine) -> Scratch {
    let scratch = Scratch::empty(engine).await;
    let postgres = engine == Engine::Postgres;
    let (yes, no) = if postgres {
        ("true", "false")
    } else {
        ("1", "0")
    };
    scratch
        .run(&format!(
            "CREATE TABLE app_user (id integer PRIMARY KEY, username varchar(150),
               slug varchar(150) UNIQUE, email varchar(254), password varchar(128),
               is_deleted {bool}, email_confirmed_at {moment} NULL, verified_text varchar(5),
               requires_activation smallint, autoset {bool});
             INSERT INTO app_user VALUES
               (1, 'Ann', 'ann', 'ann@example.com', 'h', {no}, '2024-05-01 10:00:00', 'true', 0, {no}),
               (2, 'Bob', 'bob', 'bob@example.com', 'h', {yes}, NULL, 'false', 1, {yes}),
               (3, 'Ann', 'ann-2', 'Ann2@example.com', 'h', {no}, NULL, NULL, 2, NULL)",
            bool = if postgres { "boolean" } else { "bool" },
            moment = if postgres { "timestamptz" } else { "datetime" },
        ))
        .await;
    scratch
}

fn config(legacy: &str, columns: &str) -> String {
    format!(
        "[legacy]\nuser_table = \"app_user\"\nlogin = [\"slug\"]\n{legacy}\n[legacy.columns]\n{columns}\n\
         [attributes]\nemail = \"email\"\n\"custom:active\" = \"is_active\""
    )
}

async fn a_flag_is_what_the_file_says_it_means(engine: Engine) {
    let scratch = people(engine).await;
    for (verified, active, expected) in [
        (
            "notnull:email_confirmed_at",
            "not:is_deleted",
            [(true, true), (false, false), (false, true)],
        ),
        (
            "verified_text = 'true'",
            "requires_activation = 0",
            [(true, true), (false, false), (false, false)],
        ),
        (
            "not:is_deleted",
            "requires_activation in (0, 2)",
            [(true, true), (false, false), (true, true)],
        ),
        (
            "null:email_confirmed_at",
            "is_deleted = false and email_confirmed_at is null",
            [(false, false), (true, false), (true, true)],
        ),
    ] {
        let database = scratch
            .connected(&config(
                &format!("email_verified = \"{verified}\""),
                &format!("is_active = \"{active}\""),
            ))
            .await;
        for (login, (is_verified, is_active)) in ["ann", "bob", "ann-2"].into_iter().zip(expected) {
            let user = found_user(&database, login).await;
            assert_eq!(
                (user.email_verified, user.is_active),
                (is_verified, is_active),
                "{login} by {verified} and {active}"
            );
            let mapped = user.columns["is_active"].as_deref();
            assert_eq!(mapped, Some(if is_active { "true" } else { "false" }));
        }
    }
}

async fn a_type_that_cannot_mean_it_is_refused_with_what_to_write(engine: Engine) {
    let scratch = people(engine).await;
    let active = "is_active = \"not:is_deleted\"";
    for (legacy, columns, says) in [
        (
            "email_verified = \"column:email_confirmed_at\"",
            active,
            "notnull:email_confirmed_at",
        ),
        (
            "email_verified = \"column:verified_text\"",
            active,
            "verified_text = 'x'",
        ),
        (
            "",
            "is_active = \"email_confirmed_at\"",
            "null:email_confirmed_at",
        ),
        (
            "",
            "is_active = \"not:is_deleted\"\nlast_login = \"requires_activation\"",
            "dates",
        ),
        (
            "",
            "is_active = \"not:is_deleted\"\nemail = \"is_deleted\"",
            "text",
        ),
    ] {
        let error = scratch.connect(&config(legacy, columns)).await.err();
        let error = error.unwrap_or_else(|| panic!("{legacy} {columns}"));
        assert!(
            matches!(error, LegacyError::ColumnMeaning { .. }),
            "{error:?}"
        );
        assert!(error.hint().contains(says), "{}", error.hint());
    }
}

async fn numbers_that_are_no_flag_block(engine: Engine) {
    let scratch = people(engine).await;
    let flag = "email_verified = \"column:requires_activation\"";
    let database = scratch
        .connected(&config(flag, "is_active = \"not:is_deleted\""))
        .await;
    let findings = database.table_facts().await.expect("findings");
    let finding = findings
        .iter()
        .find(|finding| finding.code == "flag-not-boolean");
    let finding = finding.expect("2 is neither 0 nor 1");
    assert_eq!(finding.severity, Severity::Blocker);
    assert!(
        finding.next_step.contains("requires_activation = 1"),
        "{finding:?}"
    );
}

async fn a_password_nobody_knows_is_unusable(engine: Engine) {
    let scratch = people(engine).await;
    for condition in ["autoset", "autoset = true"] {
        let setting = format!("unusable_password = \"{condition}\"");
        let database = scratch
            .connected(&config(&setting, "is_active = \"not:is_deleted\""))
            .await;
        for (login, stored) in [("ann", "h"), ("bob", "!"), ("ann-2", "h")] {
            let user = found_user(&database, login).await;
            assert_eq!(user.encoded_password.expose(), stored, "{login}");
        }
    }
}

async fn a_columns_own_name_is_reached_past_a_field_of_the_same_name(engine: Engine) {
    let scratch = people(engine).await;
    let database = scratch
        .connected(
            "[legacy]\nuser_table = \"app_user\"\n[legacy.columns]\nusername = \"slug\"\n\
             is_active = \"not:is_deleted\"\n[attributes]\n\
             preferred_username = \"column:username\"\nnickname = \"username\"",
        )
        .await;
    let user = found_user(&database, "ann-2").await;
    assert_eq!(user.columns["column:username"].as_deref(), Some("Ann"));
    assert_eq!(user.columns["username"].as_deref(), Some("ann-2"));
}
