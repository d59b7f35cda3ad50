//! Connections: read-only, shared by many tasks, opened late, given up when dead.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use legacy_users::{ConnectSettings, LegacyDatabase, LegacyError};
use migration_model::{LegacyId, LoginMatch};

use crate::scratch::{BOTH_LOGINS, Engine, Scratch, admin_url, found, parse, run};

crate::on_each_engine! {
    many_tasks_share_few_connections
    nothing_is_connected_before_the_first_question
    a_look_up_that_was_given_up_leaves_the_others_alone
    users_are_streamed_from_where_a_reader_stopped
    a_position_of_another_kind_of_key_is_refused
    the_session_cannot_write
}

async fn some_users(engine: Engine, count: i64) -> Scratch {
    let scratch = Scratch::django(engine).await;
    let insert = |id| scratch.user_insert(id, &format!("user{id}"), &format!("u{id}@example.com"));
    scratch
        .run(&(1..=count).map(insert).collect::<String>())
        .await;
    scratch
}

async fn many_tasks_share_few_connections(engine: Engine) {
    let scratch = some_users(engine, 20).await;
    let database = Arc::new(scratch.connected(BOTH_LOGINS).await);
    let tasks = (0..200_i64).map(|task| {
        let database = Arc::clone(&database);
        tokio::spawn(async move {
            let id = task % 20 + 1;
            assert_eq!(found(&database, &format!("USER{id}")).await, id.to_string());
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("every task found its own user");
    }
}

async fn nothing_is_connected_before_the_first_question(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    let config = parse(BOTH_LOGINS, &scratch.url);
    let settings = ConnectSettings::for_trigger();
    let database =
        LegacyDatabase::open(&config.legacy, &config.mapping, settings).expect("no database");
    let error = database
        .find_by_login("bob")
        .await
        .expect_err("no tables yet");
    assert!(
        matches!(error, LegacyError::TableMissing { .. }),
        "{error:?}"
    );
    // The failure is not remembered.
    scratch.make_django_tables().await;
    scratch.add_user(1, "bob", "").await;
    assert_eq!(found(&database, "bob").await, "1");
}

async fn a_look_up_that_was_given_up_leaves_the_others_alone(engine: Engine) {
    let scratch = some_users(engine, 20).await;
    let config = parse(BOTH_LOGINS, &scratch.url);
    let settings = ConnectSettings::for_trigger();
    let database =
        LegacyDatabase::open(&config.legacy, &config.mapping, settings).expect("a database");
    found(&database, "user1").await;
    // Polled a few times and dropped, at each place where it may be waiting.
    for polls in 0..30 {
        let mut look_up = Box::pin(database.find_by_login("user2"));
        for _ in 0..polls {
            if futures::poll!(look_up.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(look_up);
        assert_eq!(found(&database, "user3").await, "3");
    }
}

async fn users_are_streamed_from_where_a_reader_stopped(engine: Engine) {
    let scratch = some_users(engine, 25).await;
    let database = scratch.connected(BOTH_LOGINS).await;
    for page_size in [0, 1, 7, 25, 1_000_000] {
        let after = LegacyId::Integer(5);
        let ids: Vec<String> = database
            .users(Some(after), page_size)
            .map_ok(|user| user.id.to_string())
            .try_collect()
            .await
            .expect("users");
        assert_eq!(
            ids,
            (6..=25).map(|id| id.to_string()).collect::<Vec<_>>(),
            "{page_size}"
        );
    }
    let none: Vec<_> = database
        .users(Some(LegacyId::Integer(25)), 10)
        .collect()
        .await;
    assert!(none.is_empty());
    // A reader who stops early holds nothing.
    for _ in 0..10 {
        let first = Box::pin(database.users(None, 5)).next().await;
        assert_eq!(
            first.expect("a user").expect("a user").id,
            LegacyId::Integer(1)
        );
    }
}

async fn a_position_of_another_kind_of_key_is_refused(engine: Engine) {
    let scratch = some_users(engine, 3).await;
    let database = scratch.connected(BOTH_LOGINS).await;
    let after = LegacyId::Text("1' OR '1'='1".to_owned());
    let error = Box::pin(database.users(Some(after.clone()), 10))
        .next()
        .await;
    assert!(matches!(error, Some(Err(LegacyError::KeyKind { .. }))));
    // No user has such an id: nothing to find, nothing to complain of.
    let ids = [
        LegacyId::Integer(2),
        after,
        LegacyId::Integer(99),
        LegacyId::Integer(1),
    ];
    let users = database.users_by_ids(&ids).await.expect("users");
    let found: Vec<_> = users.into_iter().map(|user| user.id.to_string()).collect();
    assert_eq!(found, ["2", "1"]);
    assert!(database.users_by_ids(&[]).await.expect("nobody").is_empty());
}

/// A function in the user table's place that writes when it is read. MySQL's functions cannot be
/// called by a view like that, so there the transaction's own word must do.
async fn the_session_cannot_write(engine: Engine) {
    let scratch = some_users(engine, 1).await;
    match engine {
        Engine::Sqlite => {
            // The file itself cannot be written to, whatever the URL asks for.
            let before = std::fs::read(scratch.file()).expect("the file");
            let url = format!("{}?mode=rwc", scratch.url);
            let database = crate::scratch::connect(BOTH_LOGINS, &url)
                .await
                .expect("a database");
            assert_eq!(found(&database, "user1").await, "1");
            assert_eq!(std::fs::read(scratch.file()).expect("the file"), before);
        }
        Engine::Postgres => {
            scratch
                .run(
                    "CREATE TABLE written (n integer);
                     CREATE FUNCTION writes() RETURNS text LANGUAGE plpgsql AS
                       'BEGIN INSERT INTO written VALUES (1); RETURN ''x''; END';
                     CREATE VIEW writing AS SELECT id, username, writes() AS password FROM auth_user",
                )
                .await;
        }
        Engine::MySql => {
            scratch
                .run(
                    "CREATE TABLE written (n integer);
                     CREATE FUNCTION writes() RETURNS varchar(9) DETERMINISTIC MODIFIES SQL DATA
                       BEGIN INSERT INTO written VALUES (1); RETURN 'x'; END;
                     CREATE VIEW writing AS SELECT id, username, writes() AS password FROM auth_user",
                )
                .await;
        }
    }
    if engine != Engine::Sqlite {
        let config = parse("[legacy]\nuser_table = \"writing\"", &scratch.url);
        let settings = ConnectSettings::default();
        let database = LegacyDatabase::open(&config.legacy, &config.mapping, settings);
        let error = database.expect("a database").find_by_login("user1").await;
        let error = error.expect_err("it would have written");
        let cause = std::error::Error::source(&error)
            .expect("the server's words")
            .to_string();
        assert!(cause.to_lowercase().contains("read"), "{cause}");
    }
}

#[tokio::test]
async fn a_connection_that_died_at_rest_is_replaced() {
    for engine in [Engine::Postgres, Engine::MySql] {
        let scratch = some_users(engine, 1).await;
        let mut config = scratch.url.clone();
        if engine == Engine::Postgres {
            config += "?application_name=cutover-dying";
        }
        let config = parse(BOTH_LOGINS, &config);
        let settings = ConnectSettings::for_trigger();
        let database =
            LegacyDatabase::open(&config.legacy, &config.mapping, settings).expect("a database");
        assert_eq!(found(&database, "user1").await, "1");
        kill_connections(&scratch).await;
        assert!(matches!(
            database.find_by_login("user1").await,
            Ok(LoginMatch::One(..))
        ));
    }
}

/// Ends all other connections to the scratch database.
async fn kill_connections(scratch: &Scratch) {
    let name = url::Url::parse(&scratch.url).expect("a URL").path()[1..].to_owned();
    let sql = match scratch.engine {
        Engine::MySql => format!(
            "BEGIN NOT ATOMIC FOR c IN (SELECT id FROM information_schema.processlist
               WHERE db = '{name}') DO KILL CONNECTION c.id; END FOR; END"
        ),
        _ => format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ),
    };
    run(scratch.engine, &admin_url(scratch.engine), &sql).await;
}

#[tokio::test]
async fn a_stream_of_100_000_users_holds_one_page_at_a_time() {
    let scratch = Scratch::django(Engine::Sqlite).await;
    scratch
        .run(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name,
               email, is_staff, is_active, date_joined)
             SELECT i, '{}', 0, 'user' || i, '', '', 'u' || i || '@example.com', 0, 1,
               '2024-01-01 00:00:00' FROM n",
            "h".repeat(128)
        ))
        .await;
    let database = scratch.connected(BOTH_LOGINS).await;
    let before = resident_kib();
    let mut most = before;
    let mut groups = BTreeMap::new();
    let mut users = Box::pin(database.users(None, 500));
    let mut read = 0_u32;
    while let Some(user) = users.next().await {
        *groups
            .entry(user.expect("a user").groups.len())
            .or_insert(0) += 1;
        read += 1;
        if read.is_multiple_of(5_000) {
            most = most.max(resident_kib());
        }
    }
    assert_eq!((read, groups), (100_000, BTreeMap::from([(0, 100_000)])));
    // All rows at once are about 100 MiB as values; other tests run in this process meanwhile.
    let grown = most.saturating_sub(before);
    assert!(grown < 64 * 1024, "memory grew by {grown} KiB");
}

/// Resident memory of this process (Linux, proc_pid_statm(5): pages of 4 KiB).
fn resident_kib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split_whitespace().nth(1).expect("a second field");
    pages.parse::<u64>().expect("a number") * 4
}
