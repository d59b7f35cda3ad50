//! django-axes' lock-outs, in a PostgreSQL table of its own migrations' form.

use acceptance_tests::PostgresServer;
use migration_model::Reason;
use user_migration_trigger::Decision;

use crate::program::CHEAP_HASH;
use crate::stopped_server::{PASSWORD, decided, trigger};

#[tokio::test]
async fn whom_axes_has_locked_out_stays_out_until_the_cool_off_is_over() {
    let server = PostgresServer::make(20);
    server.start();
    server.execute(&format!(
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text);
         INSERT INTO auth_user VALUES (1, 'locked', '{CHEAP_HASH}'), (2, 'free', '{CHEAP_HASH}'),
           (3, 'long.ago', '{CHEAP_HASH}');
         CREATE TABLE axes_accessattempt (id serial PRIMARY KEY, user_agent varchar(255),
           ip_address inet, username varchar(255), attempt_time timestamptz,
           failures_since_start integer);
         INSERT INTO axes_accessattempt (username, attempt_time, failures_since_start) VALUES
           ('Locked', now(), 9), ('locked', now(), 2), ('locked', now() - interval '9 minutes', 1),
           ('free', now(), 2), ('long.ago', now() - interval '11 minutes', 50);"
    ));
    let axes = |cool_off: &str| format!("[trigger.axes]\n{cool_off}\n");
    let ten_minutes = trigger(&server.url(), &axes("cooloff_minutes = 10"));
    for (login, locked_out) in [("locked", true), ("free", false), ("long.ago", false)] {
        match decided(&ten_minutes, login, PASSWORD).await {
            Decision::Refused(Reason::LockedOut) => assert!(locked_out, "{login}"),
            Decision::Migrated(_) => assert!(!locked_out, "{login}"),
            other => panic!("{login}: {other:?}"),
        }
    }
    let for_ever = trigger(&server.url(), &axes("failure_limit = 50"));
    let decision = decided(&for_ever, "long.ago", PASSWORD).await;
    assert!(matches!(decision, Decision::Refused(Reason::LockedOut)));
    let decision = decided(&for_ever, "locked", PASSWORD).await;
    assert!(matches!(decision, Decision::Migrated(_)), "{decision:?}");
}
