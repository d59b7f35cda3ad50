//! `[legacy] where`: whom it leaves out is nobody to every question.

use futures::TryStreamExt;
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::LegacyId;

use crate::scratch::{Engine, Scratch, found};

crate::on_each_engine! {
    the_excluded_are_nobody_to_any_question
    every_comparison_is_one_of_its_columns_type
    a_value_that_the_column_cannot_have_is_refused_with_what_to_write
    an_excluded_row_keeps_its_name_unless_it_is_free
    who_shares_an_email_with_somebody_excluded_shares_it_with_nobody
    a_view_with_a_key_that_is_unique_in_fact_is_a_user_table
}

async fn bots(engine: Engine) -> Scratch {
    let scratch = Scratch::empty(engine).await;
    let uuid = match engine {
        Engine::Sqlite => "char(32)",
        Engine::Postgres | Engine::MySql => "uuid",
    };
    let hex = match engine {
        Engine::Sqlite => "d2e7fc8347484f18bdccd739c685de56",
        _ => "d2e7fc83-4748-4f18-bdcc-d739c685de56",
    };
    scratch
        .run(&format!(
            "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150) UNIQUE,
               email varchar(254), password varchar(128), is_bot {}, deleted_at {} NULL,
               kind smallint, tenant {uuid});
             INSERT INTO auth_user VALUES
               (1, 'ann', 'ann@example.com', 'x', {no}, NULL, 1, '{hex}'),
               (2, 'AnonymousUser', '', 'x', {no}, NULL, 1, '{hex}'),
               (3, 'hook-bot', 'hook@example.com', 'x', {yes}, NULL, 1, '{hex}'),
               (4, 'leaver', 'ann@example.com', 'x', {no}, '2024-01-01 00:00:00', 1, '{hex}'),
               (5, 'other', 'other@example.com', 'x', NULL, NULL, NULL, NULL)",
            if engine == Engine::Postgres {
                "boolean"
            } else {
                "bool"
            },
            if engine == Engine::Postgres {
                "timestamptz"
            } else {
                "datetime"
            },
            no = if engine == Engine::Postgres {
                "false"
            } else {
                "0"
            },
            yes = if engine == Engine::Postgres {
                "true"
            } else {
                "1"
            },
        ))
        .await;
    scratch
}

const NOBODY: &str = "is_bot != true and deleted_at is null and username != 'AnonymousUser'";

fn with(condition: &str) -> String {
    format!(
        "[legacy]\nwhere = \"{condition}\"\nlogin = [\"username\", \"email\"]\n\
         [attributes]\nemail = \"email\""
    )
}

async fn all(database: &LegacyDatabase) -> Vec<i64> {
    // Pages of one, so that each has a condition of its own.
    let users: Vec<_> = database.users(None, 1).try_collect().await.expect("users");
    let ids = users.into_iter().map(|user| match user.id {
        LegacyId::Integer(id) => id,
        other => panic!("{other}"),
    });
    ids.collect()
}

async fn the_excluded_are_nobody_to_any_question(engine: Engine) {
    let scratch = bots(engine).await;
    let database = scratch.connected(&with(NOBODY)).await;
    assert_eq!(all(&database).await, [1, 5]);
    assert_eq!(database.count_users().await.expect("a count"), 2);
    assert_eq!(database.count_excluded().await.expect("a count"), 3);
    for (login, who) in [
        ("ann", "1"),
        ("ANN", "1"),
        ("AnonymousUser", "nobody"),
        ("hook-bot", "nobody"),
        ("HOOK@example.com", "nobody"),
        ("leaver", "nobody"),
        ("other", "5"),
    ] {
        assert_eq!(found(&database, login).await, who, "{login}");
    }
    let ids = [1, 2, 3, 4, 5].map(LegacyId::Integer);
    let known = database.users_by_ids(&ids).await.expect("users");
    assert_eq!(known.len(), 2);
    let everybody = scratch.connected(&with("id != 0")).await;
    assert_eq!(everybody.count_excluded().await.expect("a count"), 0);
}

async fn every_comparison_is_one_of_its_columns_type(engine: Engine) {
    let scratch = bots(engine).await;
    for (condition, expected) in [
        ("is_bot = true", &[3][..]),
        ("is_bot = false", &[1, 2, 4]),
        ("is_bot != false", &[3, 5]),
        ("is_bot is null", &[5]),
        ("deleted_at is not null", &[4]),
        ("kind = 1", &[1, 2, 3, 4]),
        ("kind != 1", &[5]),
        ("kind in (2, 3)", &[]),
        ("username in ('ann', 'other')", &[1, 5]),
        // Exactly, whatever the collation.
        ("username = 'anonymoususer'", &[]),
        ("username not in ('ann', 'hook-bot')", &[2, 4, 5]),
        (
            "tenant = 'D2E7FC83-4748-4f18-bdcc-d739c685de56' and id in (1, 5)",
            &[1],
        ),
        ("tenant != 'd2e7fc83-4748-4f18-bdcc-d739c685de56'", &[5]),
        ("email = ''", &[2]),
        ("username = 'x'' OR 1=1 --'", &[]),
    ] {
        let database = scratch.connected(&with(condition)).await;
        assert_eq!(all(&database).await, expected, "{condition}");
    }
}

async fn a_value_that_the_column_cannot_have_is_refused_with_what_to_write(engine: Engine) {
    let scratch = bots(engine).await;
    for (condition, says) in [
        ("is_bot = 'no'", "is_bot = true"),
        ("kind = 'x'", "kind = 1"),
        ("kind = true", "kind = 1"),
        ("username = 5", "in quotes"),
        ("deleted_at = '2024-01-01'", "is null"),
        ("tenant = 5", "UUID in quotes"),
    ] {
        let error = scratch.connect(&with(condition)).await;
        let error = error.err().unwrap_or_else(|| panic!("{condition}"));
        assert!(
            matches!(error, LegacyError::ColumnMeaning { .. }),
            "{condition}: {error:?}"
        );
        assert!(error.hint().contains(says), "{condition}: {}", error.hint());
    }
    let error = scratch.connect(&with("is_bt = true")).await.err();
    let error = error.expect("there is no such column");
    assert!(error.hint().contains("is_bot"), "{}", error.hint());
}

async fn an_excluded_row_keeps_its_name_unless_it_is_free(engine: Engine) {
    let scratch = bots(engine).await;
    let kept = scratch.connected(&with(NOBODY)).await;
    let held = |database: LegacyDatabase, name: &'static str| async move {
        database
            .is_held(&[name.to_owned()])
            .await
            .expect("an answer")
    };
    assert!(held(kept, "Hook-Bot").await);
    let free = with(NOBODY).replace("[legacy]\n", "[legacy]\nexcluded_names = \"free\"\n");
    assert!(!held(scratch.connected(&free).await, "Hook-Bot").await);
    assert!(held(scratch.connected(&free).await, "Ann").await);
}

async fn who_shares_an_email_with_somebody_excluded_shares_it_with_nobody(engine: Engine) {
    let scratch = bots(engine).await;
    let shared = |database: LegacyDatabase| async move {
        crate::scratch::found_user(&database, "ann")
            .await
            .email_shared
    };
    assert!(shared(scratch.connected(&with("id != 0")).await).await);
    assert!(!shared(scratch.connected(&with(NOBODY)).await).await);
}

async fn a_view_with_a_key_that_is_unique_in_fact_is_a_user_table(engine: Engine) {
    let scratch = bots(engine).await;
    scratch
        .run("CREATE VIEW people AS SELECT * FROM auth_user WHERE deleted_at IS NULL")
        .await;
    scratch
        .run("CREATE VIEW twice AS SELECT * FROM auth_user UNION ALL SELECT * FROM auth_user")
        .await;
    let of = |table: &str| format!("[legacy]\nuser_table = \"{table}\"");
    let findings = |config: String| {
        let scratch = &scratch;
        async move {
            let database = scratch.connected(&config).await;
            database.table_facts().await.expect("findings")
        }
    };
    let people = findings(of("people")).await;
    let codes: Vec<_> = people.iter().map(|finding| finding.code).collect();
    assert!(codes.contains(&"user-table-is-view"), "{codes:?}");
    assert!(!codes.contains(&"key-not-unique"), "{codes:?}");
    let told: String = people
        .iter()
        .map(|finding| finding.next_step.clone())
        .collect();
    assert!(!told.contains("CREATE INDEX"), "{told}");
    let twice = findings(of("twice")).await;
    let repeated = twice
        .iter()
        .find(|finding| finding.code == "key-not-unique");
    assert!(repeated.is_some_and(|finding| finding.message.starts_with("5 rows")));
}
