//! A database of a test's own on each of the three engines, dropped with the value. PostgreSQL
//! and MariaDB must run: at CUTOVER_TEST_POSTGRES_URL and CUTOVER_TEST_MYSQL_URL (a login that
//! may create databases), or at their usual ports here.

use std::path::{Path, PathBuf};

use legacy_users::{ConnectSettings, LegacyDatabase, LegacyError};
use migration_model::{Config, LegacyUser, LoginMatch};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;
use url::Url;

/// The three engines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    MySql,
}

/// A database that only one test uses.
pub(crate) struct Scratch {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    name: String,
    folder: TempDir,
}

/// The legacy login that most tests use: as most Django apps have it.
pub(crate) const BOTH_LOGINS: &str = r#"
    [legacy]
    login = ["username", "email"]
    [attributes]
    email = "email"
    given_name = "first_name"
    "custom:legacy_id" = "id"
"#;

impl Scratch {
    /// An empty database.
    pub(crate) async fn empty(engine: Engine) -> Scratch {
        Scratch::with_options(engine, "").await
    }

    /// An empty database, made with these words behind CREATE DATABASE.
    pub(crate) async fn with_options(engine: Engine, options: &str) -> Scratch {
        let folder = TempDir::with_prefix("cutover-test-").expect("a temporary folder");
        let name = format!("cutover_test_{}", uuid::Uuid::new_v4().simple());
        let url = match engine {
            Engine::Sqlite => format!(
                "sqlite://{}",
                folder.path().join("legacy.sqlite3").display()
            ),
            Engine::Postgres | Engine::MySql => {
                let mut url = Url::parse(&admin_url(engine)).expect("an admin URL");
                url.set_path(&name);
                url.to_string()
            }
        };
        let scratch = Scratch {
            engine,
            url,
            name,
            folder,
        };
        match engine {
            Engine::Sqlite => {
                std::fs::write(scratch.file(), "").expect("an empty database file");
            }
            Engine::Postgres | Engine::MySql => {
                run(
                    engine,
                    &admin_url(engine),
                    &format!("CREATE DATABASE {} {options}", scratch.name),
                )
                .await;
            }
        }
        scratch
    }

    /// A database with Django's and allauth's tables, without rows.
    pub(crate) async fn django(engine: Engine) -> Scratch {
        let scratch = Scratch::empty(engine).await;
        scratch.make_django_tables().await;
        scratch
    }

    pub(crate) async fn make_django_tables(&self) {
        self.run(match self.engine {
            Engine::Sqlite => include_str!("django_tables/sqlite.sql"),
            Engine::Postgres => include_str!("django_tables/postgres.sql"),
            Engine::MySql => include_str!("django_tables/mysql.sql"),
        })
        .await;
    }

    /// Runs statements as the database's owner.
    pub(crate) async fn run(&self, sql: &str) {
        run(self.engine, &self.url, sql).await;
    }

    /// A row of auth_user; the other columns have values of no interest.
    pub(crate) async fn add_user(&self, id: i64, username: &str, email: &str) {
        self.run(&self.user_insert(id, username, email)).await;
    }

    /// The statement of [`Scratch::add_user`].
    pub(crate) fn user_insert(&self, id: i64, username: &str, email: &str) -> String {
        format!(
            "INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name,
               last_name, email, is_staff, is_active, date_joined)
             VALUES ({id}, 'md5$x$y', NULL, FALSE, {}, 'Given', 'Family', {}, FALSE, TRUE,
               '2024-05-06 07:08:09.000010');\n",
            self.literal(username),
            self.literal(email),
        )
    }

    /// A row of account_emailaddress.
    pub(crate) async fn add_address(&self, user: i64, email: &str, verified: bool) {
        let primary = match self.engine {
            Engine::MySql => "`primary`",
            Engine::Sqlite | Engine::Postgres => "\"primary\"",
        };
        self.run(&format!(
            "INSERT INTO account_emailaddress (user_id, email, verified, {primary})
             VALUES ({user}, {}, {verified}, FALSE)",
            self.literal(email),
        ))
        .await;
    }

    pub(crate) fn literal(&self, text: &str) -> String {
        let text = match self.engine {
            Engine::MySql => text.replace('\\', "\\\\"),
            Engine::Sqlite | Engine::Postgres => text.to_owned(),
        };
        format!("'{}'", text.replace('\'', "''"))
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("legacy.sqlite3")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// This URL with another user and password.
    pub(crate) fn url_as(&self, user: &str, password: &str) -> String {
        let mut url = Url::parse(&self.url).expect("a server's URL");
        url.set_username(user).expect("a URL with a host");
        url.set_password(Some(password)).expect("a URL with a host");
        url.to_string()
    }

    pub(crate) async fn connect(&self, config: &str) -> Result<LegacyDatabase, LegacyError> {
        connect(config, &self.url).await
    }

    pub(crate) async fn connected(&self, config: &str) -> LegacyDatabase {
        self.connect(config)
            .await
            .expect("a usable legacy database")
    }
}

/// Reads the configuration and connects to this URL.
pub(crate) async fn connect(config: &str, url: &str) -> Result<LegacyDatabase, LegacyError> {
    let config = parse(config, url);
    LegacyDatabase::connect(&config.legacy, &config.mapping, ConnectSettings::default()).await
}

pub(crate) fn parse(config: &str, url: &str) -> Config {
    Config::parse(config, Path::new("/cutover.toml"), Some(url)).expect("a fine configuration")
}

/// The id a login leads to, `nobody` or `several`.
pub(crate) async fn found(database: &LegacyDatabase, login: &str) -> String {
    match database.find_by_login(login).await.expect("an answer") {
        LoginMatch::None => "nobody".to_owned(),
        LoginMatch::One(user, _) => user.id.to_string(),
        LoginMatch::InTurn(users) => {
            let ids: Vec<String> = users.iter().map(|(user, _)| user.id.to_string()).collect();
            ids.join(", then ")
        }
        LoginMatch::Ambiguous => "several".to_owned(),
    }
}

pub(crate) async fn found_user(database: &LegacyDatabase, login: &str) -> LegacyUser {
    match database.find_by_login(login).await.expect("an answer") {
        LoginMatch::One(user, _) => *user,
        other => panic!("expected one user, found {other:?}"),
    }
}

pub(crate) fn admin_url(engine: Engine) -> String {
    let (variable, usual) = match engine {
        Engine::MySql => ("CUTOVER_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test"),
        _ => (
            "CUTOVER_TEST_POSTGRES_URL",
            "postgres://root@127.0.0.1:5432/postgres",
        ),
    };
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

/// Runs statements on a connection of their own.
pub(crate) async fn run(engine: Engine, url: &str, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match engine {
        Engine::Sqlite => {
            let mut connection = open::<sqlx::Sqlite>(engine, url).await;
            sqlx::raw_sql(sql)
                .execute(&mut connection)
                .await
                .expect("statements");
        }
        Engine::Postgres => {
            let mut connection = open::<sqlx::Postgres>(engine, url).await;
            sqlx::raw_sql(sql)
                .execute(&mut connection)
                .await
                .expect("statements");
        }
        Engine::MySql => {
            let mut connection = open::<sqlx::MySql>(engine, url).await;
            sqlx::raw_sql(sql)
                .execute(&mut connection)
                .await
                .expect("statements");
        }
    }
}

async fn open<DB: sqlx::Database>(engine: Engine, url: &str) -> DB::Connection {
    let options: <DB::Connection as Connection>::Options = url.parse().expect("a database URL");
    match options.connect().await {
        Ok(connection) => connection,
        Err(error) => panic!(
            "these tests need a {engine:?} server: `make test` provides one, or set \
             CUTOVER_TEST_POSTGRES_URL and CUTOVER_TEST_MYSQL_URL ({error})"
        ),
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (engine, name) = (self.engine, self.name.clone());
        let force = match engine {
            Engine::Sqlite => return,
            Engine::Postgres => " WITH (FORCE)",
            Engine::MySql => "",
        };
        // On a thread of its own: a runtime cannot wait inside another.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let sql = format!("DROP DATABASE IF EXISTS {name}{force}");
            runtime
                .expect("a runtime")
                .block_on(run(engine, &admin_url(engine), &sql));
        });
        // In a test that failed already, another panic would hide why.
        let _ = dropping.join();
    }
}

/// Makes each `async fn name(engine: Engine)` a test on each of the three engines.
#[macro_export]
macro_rules! on_each_engine {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name($crate::scratch::Engine::Sqlite).await }
            )*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name($crate::scratch::Engine::Postgres).await }
            )*
        }
        mod on_mysql {
            $(#[tokio::test] async fn $name() { super::$name($crate::scratch::Engine::MySql).await }
            )*
        }
    };
}
