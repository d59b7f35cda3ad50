//! The connection to the database is encrypted, and where an authority is named the server must
//! prove its name.

use acceptance_tests::PostgresServer;
use migration_model::Reason;
use user_migration_trigger::{Decision, FailureCause};

use crate::program::CHEAP_HASH;
use crate::stopped_server::{PASSWORD, decided, trigger};

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_an_outage() {
    let server = PostgresServer::make(20);
    let authority = server.speak_tls_as("localhost");
    server.start();
    // Nobody is there for a connection that is not encrypted.
    server.execute(&format!(
        "CREATE TABLE person (id integer PRIMARY KEY, username text, password text);
         INSERT INTO person VALUES (1, 'ann', '{CHEAP_HASH}');
         CREATE VIEW auth_user AS SELECT p.* FROM person p, pg_stat_ssl s
           WHERE s.pid = pg_backend_pid() AND s.ssl"
    ));
    let authority = authority.display();
    for (host, options, proves_it) in [
        (
            "localhost",
            format!("sslrootcert={authority}&sslmode=verify-full"),
            true,
        ),
        (
            "127.0.0.1",
            format!("sslrootcert={authority}&sslmode=verify-full"),
            false,
        ),
        ("localhost", "sslmode=verify-full".to_owned(), false),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
    ] {
        let url = format!("{}?{options}", server.url()).replace("127.0.0.1", host);
        let decision = decided(&trigger(&url, ""), "ann", PASSWORD).await;
        match decision {
            Decision::Migrated(_) => assert!(proves_it, "{url}"),
            Decision::Failed(failure) => {
                assert!(!proves_it, "{url}: {failure:?}");
                let cause = FailureCause::Reason(Reason::LegacyUnavailable);
                assert_eq!(failure.cause, cause, "{url}");
                let detail = failure.detail.expect("it says why");
                assert!(detail.contains("certificate"), "{url}: {detail}");
            }
            other => panic!("{url}: {other:?}"),
        }
    }
}
