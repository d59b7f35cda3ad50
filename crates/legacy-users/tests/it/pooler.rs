//! Behind pgbouncer in transaction pooling, which gives every transaction whatever server
//! connection is free. The strictest of the poolers people run (RDS Proxy pins sessions where
//! this one breaks them). Needs the program: Debian's package `pgbouncer`.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use legacy_users::{ConnectSettings, LegacyDatabase};
use migration_model::LegacyUser;
use sqlx::{ConnectOptions, Connection, Row};
use tokio::process::{Child, Command};
use url::Url;

use crate::scratch::{BOTH_LOGINS, Engine, Scratch, found, parse};

/// A pgbouncer of the test's own before the scratch database; killed with the value.
struct Bouncer {
    url: String,
    _process: Child,
}

impl Bouncer {
    async fn before(scratch: &Scratch) -> Bouncer {
        let server = Url::parse(&scratch.url).expect("a URL");
        let folder = scratch.folder();
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("our folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let password = server
            .password()
            .map(|password| format!(" password={password}"));
        let password = password.unwrap_or_default();
        let settings = format!(
            "[databases]\n* = host={} port={} user={}{password}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 2\n",
            server.host_str().unwrap_or("127.0.0.1"),
            server.port().unwrap_or(5432),
            server.username(),
        );
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("our folder");
        let process = start(&file);
        let mut url = server;
        url.set_host(Some("127.0.0.1")).expect("a URL with a host");
        url.set_port(Some(port)).expect("a URL with a host");
        let bouncer = Bouncer {
            url: url.to_string(),
            _process: process,
        };
        bouncer.await_connections().await;
        bouncer
    }

    async fn await_connections(&self) {
        for _ in 0..300 {
            if self.connect().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("pgbouncer did not answer: {:?}", self.connect().await.err());
    }

    async fn connect(&self) -> Result<sqlx::PgConnection, sqlx::Error> {
        let options: sqlx::postgres::PgConnectOptions = self.url.parse()?;
        options.extra_float_digits(None).connect().await
    }
}

fn start(settings: &Path) -> Child {
    let installed = Path::new("/usr/sbin/pgbouncer");
    let program = if installed.exists() {
        installed
    } else {
        Path::new("pgbouncer")
    };
    let mut command = Command::new(program);
    if std::fs::metadata("/proc/self").expect("Linux").uid() == 0 {
        // It refuses to run as root.
        command.args(["-u", "nobody"]);
    }
    command
        .arg(settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match command.spawn() {
        Ok(process) => process,
        Err(error) => panic!("this test needs pgbouncer (apt-get install pgbouncer): {error}"),
    }
}

#[tokio::test]
async fn look_ups_and_streams_hold_behind_a_transaction_pooler() {
    let scratch = Scratch::django(Engine::Postgres).await;
    let insert = |id| scratch.user_insert(id, &format!("User{id}"), &format!("u{id}@example.com"));
    scratch.run(&(1..=60).map(insert).collect::<String>()).await;
    let bouncer = Bouncer::before(&scratch).await;
    let config = parse(BOTH_LOGINS, &bouncer.url);
    let settings = ConnectSettings {
        max_connections: 8,
        statement_timeout: Duration::from_millis(4_321),
        ..ConnectSettings::default()
    };
    let database = LegacyDatabase::connect(&config.legacy, &config.mapping, settings).await;
    let database = Arc::new(database.expect("pgbouncer takes our connections"));
    let mut tasks = Vec::new();
    for task in 0..8_i64 {
        let database = Arc::clone(&database);
        tasks.push(tokio::spawn(async move {
            for round in 0..40_i64 {
                let id = (task * 40 + round * 7) % 60 + 1;
                let login = match (task + round) % 3 {
                    0 => format!("User{id}"),
                    1 => format!("uSER{id}"),
                    _ => format!("U{id}@EXAMPLE.com"),
                };
                assert_eq!(found(&database, &login).await, id.to_string());
            }
        }));
    }
    let users: Vec<LegacyUser> = database.users(None, 3).try_collect().await.expect("users");
    assert_eq!(users.len(), 60);
    for task in tasks {
        task.await.expect("every look-up found its own user");
    }

    // Limits were the transactions' own: whoever gets the server connections next has theirs.
    for _ in 0..4 {
        let mut connection = bouncer.connect().await.expect("a connection");
        for setting in ["SHOW statement_timeout", "SHOW transaction_read_only"] {
            let row = sqlx::query(setting)
                .persistent(false)
                .fetch_one(&mut connection)
                .await;
            let value: String = row.expect("a value").get(0);
            assert!(value == "0" || value == "off", "{setting}: {value}");
        }
        connection.close().await.expect("a goodbye");
    }
}
