//! Each kind of error, brought about for real.

use std::time::Duration;

use legacy_users::{ConnectSettings, LegacyDatabase, LegacyError};
use migration_model::Reason;

use crate::scratch::{BOTH_LOGINS, Engine, Scratch, admin_url, connect, parse, run};

crate::on_each_engine! {
    a_missing_table_is_told_with_the_one_that_looks_like_it
    a_missing_table_is_told_with_the_one_that_has_users
    a_missing_column_is_told_with_its_setting_and_the_nearest
    a_missing_column_of_django_is_no_error
    a_groups_table_named_on_purpose_must_be_there
    a_groups_table_must_look_like_one
    allauth_without_its_table_is_told_with_its_setting
    a_name_that_is_none_never_reaches_the_database
}

/// The whole of what an operator sees.
fn told(error: &LegacyError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!(
        "{error}{}; hint: {}",
        source.unwrap_or_default(),
        error.hint()
    )
}

async fn refused(scratch: &Scratch, config: &str) -> LegacyError {
    let error = scratch.connect(config).await.expect_err("a refusal");
    assert_eq!(error.reason(), Reason::LegacyUnavailable);
    error
}

async fn a_missing_table_is_told_with_the_one_that_looks_like_it(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let error = refused(&scratch, "[legacy]\nuser_table = \"auth_users\"").await;
    let LegacyError::TableMissing {
        table,
        setting,
        nearest,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (table.as_str(), setting.as_str()),
        ("auth_users", "[legacy] user_table")
    );
    assert_eq!(nearest.as_deref(), Some("auth_user"));
    assert!(!error.is_outage());
    assert!(
        told(&error).contains("did you mean `auth_user`"),
        "{}",
        told(&error)
    );
}

async fn a_missing_table_is_told_with_the_one_that_has_users(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE members_person (id integer, password varchar(128), last_login date);
             CREATE TABLE auth_users_old (id integer)",
        )
        .await;
    let error = refused(&scratch, BOTH_LOGINS).await;
    assert!(
        told(&error).contains("did you mean `members_person`"),
        "{}",
        told(&error)
    );
}

async fn a_missing_column_is_told_with_its_setting_and_the_nearest(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    for (config, column, setting, nearest) in [
        (
            "[legacy]\nlogin = [\"user_name\"]",
            "user_name",
            "[legacy] login",
            Some("username"),
        ),
        (
            "[legacy]\nlogin = [\"phone_number\"]",
            "phone_number",
            "[legacy] login",
            None,
        ),
        (
            "[legacy.columns]\nemail = \"e_mail\"",
            "e_mail",
            "[legacy.columns] email",
            Some("email"),
        ),
        (
            "[legacy.columns]\nid = \"pk\"",
            "pk",
            "[legacy.columns] id",
            None,
        ),
        (
            "[attributes]\ngiven_name = \"firstname\"",
            "firstname",
            "[attributes] given_name",
            Some("first_name"),
        ),
        (
            "[legacy]\nemail_verified = \"column:email_verified\"",
            "email_verified",
            "[legacy] email_verified",
            Some("email"),
        ),
        (
            "[attributes]\nname = \"a\\\"; DROP TABLE auth_user; --\"",
            "",
            "[attributes] name",
            None,
        ),
    ] {
        let error = refused(&scratch, config).await;
        let LegacyError::ColumnMissing {
            column: found,
            setting: named,
            nearest: near,
            ..
        } = &error
        else {
            panic!("{config}: {error:?}");
        };
        assert!(found == column || column.is_empty(), "{config}: {found}");
        assert_eq!(
            (named.as_str(), near.as_deref()),
            (setting, nearest),
            "{config}"
        );
    }
}

async fn a_missing_column_of_django_is_no_error(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    let table =
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(99), password text)";
    scratch.run(table).await;
    scratch
        .run("INSERT INTO auth_user VALUES (3, 'bob', NULL)")
        .await;
    let database = scratch.connected("").await;
    let user = crate::scratch::found_user(&database, "BOB").await;
    assert!(user.is_active && !user.is_staff && !user.is_superuser);
    assert_eq!((user.email, user.date_joined), (None, None));
    assert_eq!(user.encoded_password.expose(), "");
    assert!(user.groups.is_empty() && database.groups().await.expect("no groups").is_empty());
}

async fn a_groups_table_named_on_purpose_must_be_there(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let error = refused(
        &scratch,
        "[legacy]\nuser_groups_table = \"auth_user_group\"",
    )
    .await;
    let text = told(&error);
    assert!(
        text.contains("[legacy] user_groups_table") && text.contains("`auth_user_groups`"),
        "{text}"
    );
    let without = "[legacy]\nuser_groups_table = \"nowhere\"\n[groups]\ncarry = false";
    scratch.connected(without).await;
}

async fn a_groups_table_must_look_like_one(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let error = refused(&scratch, "[legacy]\nuser_groups_table = \"auth_user\"").await;
    assert!(
        matches!(error, LegacyError::GroupsTableUnclear { .. }),
        "{error:?}"
    );
}

async fn allauth_without_its_table_is_told_with_its_setting(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    scratch.run("DROP TABLE account_emailaddress").await;
    let error = refused(&scratch, "[legacy]\nemail_verified = \"allauth\"").await;
    let LegacyError::TableMissing { table, setting, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(table, "account_emailaddress");
    assert_eq!(setting, "[legacy] email_verified = \"allauth\"");
}

async fn a_name_that_is_none_never_reaches_the_database(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let mut config = parse("", &scratch.url);
    for name in ["", "a.b.c", "auth_user\0", "x\n"] {
        config.legacy.user_table = name.to_owned();
        let opened =
            LegacyDatabase::open(&config.legacy, &config.mapping, ConnectSettings::default());
        assert!(
            matches!(opened, Err(LegacyError::NameInvalid { .. })),
            "{name:?}"
        );
    }
    // What the configuration would refuse as well, but is quoted here all the same.
    for name in [
        "auth_user\"; DROP TABLE auth_user; --",
        "auth_user`; DROP TABLE auth_user",
        "' OR 1",
    ] {
        config.legacy.user_table = name.to_owned();
        let settings = ConnectSettings::default();
        let error = LegacyDatabase::connect(&config.legacy, &config.mapping, settings).await;
        assert!(
            matches!(error, Err(LegacyError::TableMissing { .. })),
            "{name}: {error:?}"
        );
    }
    scratch.connected("").await;
}

#[tokio::test]
async fn a_sqlite_file_that_is_missing_is_not_made() {
    let scratch = Scratch::empty(Engine::Sqlite).await;
    let missing = scratch.folder().join("nowhere.sqlite3");
    for suffix in ["", "?mode=rwc"] {
        let url = format!("sqlite://{}{suffix}", missing.display());
        let error = connect("", &url).await.expect_err("no database");
        assert!(
            matches!(error, LegacyError::DatabaseMissing { .. }),
            "{error:?}"
        );
        assert!(told(&error).contains("does not exist"), "{}", told(&error));
        assert!(!missing.exists());
    }
    let folder = format!("sqlite://{}", scratch.folder().display());
    let error = connect("", &folder).await.expect_err("no database");
    assert!(
        matches!(error, LegacyError::DatabaseMissing { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_sqlite_database_is_told_as_such() {
    let scratch = Scratch::empty(Engine::Sqlite).await;
    std::fs::write(scratch.file(), "not a database, ".repeat(300)).expect("a file");
    let error = scratch.connect("").await.expect_err("no database");
    assert!(
        matches!(error, LegacyError::DatabaseMissing { .. }),
        "{error:?}"
    );
    assert!(told(&error).contains("not a database"), "{}", told(&error));
}

#[tokio::test]
async fn a_sqlite_database_that_somebody_writes_to_all_the_time_is_a_timeout() {
    let scratch = Scratch::django(Engine::Sqlite).await;
    let options: sqlx::sqlite::SqliteConnectOptions = scratch.url.parse().expect("a URL");
    let mut writer = sqlx::ConnectOptions::connect(&options)
        .await
        .expect("a connection");
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut writer)
        .await
        .expect("a lock");
    let settings = ConnectSettings {
        statement_timeout: Duration::from_millis(50),
        ..Default::default()
    };
    let config = parse("", &scratch.url);
    let error = LegacyDatabase::connect(&config.legacy, &config.mapping, settings).await;
    let error = error.expect_err("a locked database");
    assert!(
        matches!(error, LegacyError::Timeout { .. }) && error.is_outage(),
        "{error:?}"
    );
}

const SERVERS: [Engine; 2] = [Engine::Postgres, Engine::MySql];

#[tokio::test]
async fn a_database_the_server_does_not_have_is_missing() {
    for engine in SERVERS {
        let mut url = url::Url::parse(&admin_url(engine)).expect("an admin URL");
        url.set_path("cutover_test_nowhere");
        let error = connect("", url.as_str()).await.expect_err("no database");
        assert!(
            matches!(error, LegacyError::DatabaseMissing { .. }),
            "{error:?}"
        );
        assert!(!error.is_outage());
    }
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_unreachable_at_once() {
    for scheme in ["postgres", "mysql"] {
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let url = format!("{scheme}://app:hunter2@127.0.0.1:{port}/app");
        let settings = ConnectSettings {
            connect_timeout: Duration::from_secs(600),
            ..Default::default()
        };
        let config = parse("", &url);
        let error = LegacyDatabase::connect(&config.legacy, &config.mapping, settings).await;
        let error = error.expect_err("nobody there");
        assert!(
            matches!(error, LegacyError::Unreachable { .. }) && error.is_outage(),
            "{error:?}"
        );
        let text = format!("{} {error:?}", told(&error));
        assert!(
            text.contains("refused") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_unreachable_when_time_is_up() {
    for scheme in ["postgres", "mysql"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("{scheme}://app@127.0.0.1:{port}/app");
        let settings = ConnectSettings {
            connect_timeout: Duration::from_millis(50),
            ..Default::default()
        };
        let config = parse("", &url);
        let error = LegacyDatabase::connect(&config.legacy, &config.mapping, settings).await;
        let error = error.expect_err("no answer");
        assert!(
            told(&error).contains("no answer within 50 ms"),
            "{}",
            told(&error)
        );
        drop(listener);
    }
}

/// A login of its own on the server, dropped at the end of the closure's work.
struct Login {
    engine: Engine,
    name: String,
    /// Dropping a PostgreSQL role needs its grants gone first, which are in this database.
    database: String,
}

impl Login {
    async fn new(scratch: &Scratch, options: &str) -> Login {
        let name = format!(
            "cutover_t_{}",
            &uuid::Uuid::new_v4().simple().to_string()[..16]
        );
        let sql = match scratch.engine {
            Engine::MySql => format!("CREATE USER {name}@'%' IDENTIFIED BY 'hunter2'"),
            _ => format!("CREATE ROLE {name} {options} PASSWORD 'hunter2'"),
        };
        run(scratch.engine, &admin_url(scratch.engine), &sql).await;
        Login {
            engine: scratch.engine,
            name,
            database: scratch.url.clone(),
        }
    }

    fn account(&self) -> String {
        match self.engine {
            Engine::MySql => format!("{}@'%'", self.name),
            _ => self.name.clone(),
        }
    }

    async fn drop(self) {
        if self.engine == Engine::Postgres {
            run(
                self.engine,
                &self.database,
                &format!("DROP OWNED BY {}", self.name),
            )
            .await;
        }
        let kind = if self.engine == Engine::MySql {
            "USER"
        } else {
            "ROLE"
        };
        let sql = format!("DROP {kind} {}", self.account());
        run(self.engine, &admin_url(self.engine), &sql).await;
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_role_without_login_are_denied() {
    let scratch = Scratch::django(Engine::MySql).await;
    let login = Login::new(&scratch, "").await;
    let error = connect("", &scratch.url_as(&login.name, "wrong-secret")).await;
    login.drop().await;
    let error = error.expect_err("a wrong password");
    assert!(
        matches!(error, LegacyError::AccessDenied { .. }) && !error.is_outage(),
        "{error:?}"
    );
    assert!(!format!("{error:?} {}", told(&error)).contains("wrong-secret"));

    let scratch = Scratch::django(Engine::Postgres).await;
    let login = Login::new(&scratch, "NOLOGIN").await;
    let error = connect("", &scratch.url_as(&login.name, "hunter2")).await;
    login.drop().await;
    let error = error.expect_err("a role without login");
    assert!(
        matches!(error, LegacyError::AccessDenied { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_login_that_may_not_read_a_table_is_denied_by_name() {
    for engine in SERVERS {
        let scratch = Scratch::django(engine).await;
        let login = Login::new(&scratch, "LOGIN").await;
        let url = scratch.url_as(&login.name, "hunter2");
        let account = login.account();
        if engine == Engine::MySql {
            // Without any privilege in it, the database itself is out of reach.
            scratch
                .run(&format!("GRANT SELECT ON auth_group TO {account}"))
                .await;
        }
        let none = connect("", &url).await;
        scratch
            .run(&format!("GRANT SELECT ON auth_user TO {account}"))
            .await;
        let users_alone = connect("", &url).await;
        let without_groups = connect("[groups]\ncarry = false", &url).await;
        scratch
            .run(&format!("GRANT SELECT ON auth_user_groups TO {account}"))
            .await;
        scratch
            .run(&format!("GRANT SELECT ON auth_group TO {account}"))
            .await;
        let all = connect("", &url).await;
        login.drop().await;

        let error = none.expect_err("no grant");
        assert!(
            matches!(error, LegacyError::AccessDenied { .. }),
            "{engine:?} {error:?}"
        );
        assert!(told(&error).contains("`auth_user`"), "{}", told(&error));
        if engine == Engine::Postgres {
            let error = users_alone.expect_err("no grant on the groups");
            assert!(
                told(&error).contains("`auth_user_groups`"),
                "{}",
                told(&error)
            );
        }
        assert!(without_groups.is_ok(), "{without_groups:?}");
        assert!(all.is_ok(), "{all:?}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_a_timeout() {
    for engine in SERVERS {
        let scratch = Scratch::django(engine).await;
        scratch.add_user(1, "bob", "").await;
        let sleep = match engine {
            Engine::MySql => "SLEEP(30)",
            _ => "(SELECT 1 FROM pg_sleep(30))",
        };
        scratch
            .run(&format!(
                "CREATE VIEW slow_user AS SELECT id, username, CONCAT(password, {sleep}) AS password
                 FROM auth_user"
            ))
            .await;
        let settings = ConnectSettings {
            statement_timeout: Duration::from_millis(200),
            ..Default::default()
        };
        let config = parse("[legacy]\nuser_table = \"slow_user\"", &scratch.url);
        let database = LegacyDatabase::open(&config.legacy, &config.mapping, settings);
        let error = database
            .expect("no connection yet")
            .find_by_login("bob")
            .await;
        let error = error.expect_err("too slow");
        assert!(
            matches!(error, LegacyError::Timeout { .. }) && error.is_outage(),
            "{error:?}"
        );
        assert!(error.to_string().contains("200 ms"), "{error}");
    }
}
