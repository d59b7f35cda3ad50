//! A legacy PostgreSQL that fails over while an import reads from it: the run waits, goes on by
//! itself, and everybody is created once.

use std::time::Duration;

use acceptance_tests::PostgresServer;
use bulk_import::{Progress, RunControl, Waiting};
use migration_model::Config;

use crate::world::{World, assert_accounts};

/// More than are read ahead of the work, so that a page is left to read after the outage.
const USERS: u64 = 2_000;

const CONFIG: &str = r#"
[legacy]
login = ["username"]
[groups]
carry = false
[attributes]
given_name = "first_name"
"custom:legacy_id" = "id"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_in_the_middle_is_waited_for_and_nobody_is_lost_or_doubled() {
    let server = PostgresServer::make(20);
    server.start();
    server.execute(include_str!(
        "../../../legacy-users/tests/it/django_tables/postgres.sql"
    ));
    // Unusable passwords: nobody of them can come by signing in.
    server.execute(&format!(
        "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name,
                                email, is_staff, is_active, date_joined)
         SELECT n, '!', false, 'user' || n, 'Given', '', '', false, true, now()
         FROM generate_series(1, {USERS}) AS n"
    ));
    let mut world = World::new().await;
    let path = world.directory.path().join("cutover.toml");
    let url = format!("{}?sslmode=disable", server.url());
    world.config = Config::parse(CONFIG, &path, Some(&url)).expect("a good configuration");
    let (legacy, pool, control) = (world.legacy().await, world.pool().await, RunControl::new());

    let run = world.run();
    let import = bulk_import::import(&legacy, &world.config, &pool, &run, &control);
    let outage = async {
        let mut progress = control.progress();
        let some = progress.wait_for(|progress| progress.created >= 50).await;
        let before = some.expect("the run is at work").created;
        server.stop();
        let waits = |progress: &Progress| progress.waiting == Some(Waiting::LegacyUnavailable);
        progress
            .wait_for(waits)
            .await
            .expect("it says why it waits");
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.start();
        before
    };
    let (summary, before) = tokio::join!(import, outage);
    let summary = summary.expect("an outage is waited for");
    assert!(before < USERS, "the database failed too late");
    assert_accounts(&summary, USERS);
    assert_eq!(summary.created, USERS, "{summary:?}");
    assert_eq!(world.users().await.len() as u64, USERS);
}
