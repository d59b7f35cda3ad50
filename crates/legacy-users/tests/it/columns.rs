//! Columns of every type Django makes, and of some it does not, read as the same text.

use migration_model::{LegacyId, LegacyUser};

use crate::scratch::{BOTH_LOGINS, Engine, Scratch, found, found_user};
use futures::TryStreamExt;

crate::on_each_engine! {
    every_type_reads_as_the_same_text
    renamed_columns_are_read_under_djangos_names
    a_text_key_is_streamed_in_the_databases_order
    flags_kept_as_numbers_are_flags
    a_table_in_another_schema_is_found_with_its_siblings
}

async fn every_type_reads_as_the_same_text(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let (uuid, json, double, binary) = match engine {
        Engine::Sqlite => ("char(32)", "text", "real", "BLOB"),
        Engine::Postgres => ("uuid", "jsonb", "double precision", "bytea"),
        Engine::MySql => ("uuid", "json", "double precision", "longblob"),
    };
    let moment = match engine {
        Engine::Sqlite => "datetime",
        Engine::Postgres => "timestamp with time zone",
        Engine::MySql => "datetime(6)",
    };
    scratch
        .run(&format!(
            "ALTER TABLE auth_user ADD COLUMN a_uuid {uuid};
             ALTER TABLE auth_user ADD COLUMN a_json {json};
             ALTER TABLE auth_user ADD COLUMN a_double {double};
             ALTER TABLE auth_user ADD COLUMN a_binary {binary};
             ALTER TABLE auth_user ADD COLUMN a_moment {moment};
             ALTER TABLE auth_user ADD COLUMN a_date date;
             ALTER TABLE auth_user ADD COLUMN a_decimal decimal(10, 2);
             ALTER TABLE auth_user ADD COLUMN a_small smallint;
             ALTER TABLE auth_user ADD COLUMN a_big bigint;
             ALTER TABLE auth_user ADD COLUMN a_text text"
        ))
        .await;
    scratch.add_user(1, "full", "full@example.com").await;
    scratch.add_user(2, "nulls", "nulls@example.com").await;
    let (uuid, binary) = match engine {
        Engine::Sqlite => ("'d2e7fc8347484f18bdccd739c685de56'", "x'00ff10'"),
        Engine::Postgres => ("'d2e7fc83-4748-4f18-bdcc-d739c685de56'", "'\\x00ff10'"),
        Engine::MySql => ("'d2e7fc83-4748-4f18-bdcc-d739c685de56'", "x'00ff10'"),
    };
    scratch
        .run(&format!(
            "UPDATE auth_user SET a_uuid = {uuid}, a_json = '{{\"a\": [1, \"é\"]}}', a_double = 0.1,
               a_binary = {binary}, a_moment = '2024-02-29 23:59:59.123456', a_date = '1999-12-31',
               a_decimal = 12.5, a_small = -7, a_big = 9007199254740993, a_text = 'é''\"\\\\'
             WHERE id = 1"
        ))
        .await;
    let config = r#"
        [attributes]
        "custom:active" = "is_active"
        "custom:staff" = "is_staff"
        "custom:uuid" = "a_uuid"
        "custom:json" = "a_json"
        "custom:double" = "a_double"
        "custom:binary" = "a_binary"
        "custom:moment" = "a_moment"
        birthdate = "a_date"
        "custom:decimal" = "a_decimal"
        "custom:small" = "a_small"
        "custom:big" = "a_big"
        "custom:text" = "a_text"
        "custom:id" = "id"
        "custom:joined" = "date_joined"
    "#;
    let database = scratch.connected(config).await;
    let user = found_user(&database, "full").await;
    let backslashes = if engine == Engine::MySql {
        "\\"
    } else {
        "\\\\"
    };
    let text = format!("é'\"{backslashes}");
    for (column, value) in [
        ("is_active", "true"),
        ("is_staff", "false"),
        ("a_uuid", "d2e7fc83-4748-4f18-bdcc-d739c685de56"),
        ("a_json", "{\"a\": [1, \"é\"]}"),
        ("a_double", "0.1"),
        ("a_binary", "00ff10"),
        ("a_moment", "2024-02-29T23:59:59.123456Z"),
        ("a_date", "1999-12-31"),
        ("a_small", "-7"),
        ("a_big", "9007199254740993"),
        ("a_text", &text),
        ("id", "1"),
        ("date_joined", "2024-05-06T07:08:09.000010Z"),
    ] {
        assert_eq!(user.columns[column].as_deref(), Some(value), "{column}");
    }
    // SQLite keeps a decimal as a number, and so does Django there.
    let decimal = user.columns["a_decimal"].as_deref();
    assert!(
        decimal == Some("12.50") || decimal == Some("12.5"),
        "{decimal:?}"
    );
    let user = found_user(&database, "nulls").await;
    let nulls = user
        .columns
        .iter()
        .filter(|(name, _)| name.starts_with("a_"));
    assert!(nulls.clone().count() == 10 && nulls.clone().all(|(_, value)| value.is_none()));
}

async fn renamed_columns_are_read_under_djangos_names(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE staff (nr integer PRIMARY KEY, login varchar(50), mail varchar(50),
               pw varchar(50), mobile varchar(20));
             INSERT INTO staff VALUES (5, 'Bob', 'bob@example.com', 'md5$a$b', '')",
        )
        .await;
    let config = r#"
        [legacy]
        user_table = "staff"
        login = ["username", "mail"]
        [legacy.columns]
        id = "nr"
        username = "login"
        email = "mail"
        password = "pw"
        phone_number = "mobile"
        [attributes]
        email = "email"
        nickname = "login"
        "custom:legacy_id" = "id"
    "#;
    let database = scratch.connected(config).await;
    let user = found_user(&database, "BOB@example.com").await;
    assert_eq!(
        (&user.id, user.username.as_deref()),
        (&LegacyId::Integer(5), Some("Bob"))
    );
    assert_eq!(
        (user.email.as_deref(), user.phone_number),
        (Some("bob@example.com"), None)
    );
    let keys: Vec<_> = user.columns.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["email", "id", "login"],
        "as [attributes] writes them"
    );
    assert_eq!(user.columns["email"].as_deref(), Some("bob@example.com"));
}

async fn a_text_key_is_streamed_in_the_databases_order(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE auth_user (id varchar(40) NOT NULL PRIMARY KEY, username varchar(50),
               password varchar(50));
             INSERT INTO auth_user VALUES ('b', 'u1', ''), ('É', 'u2', ''), ('a''b', 'u3', ''),
               ('10', 'u4', ''), ('9', 'u5', ''), ('d2e7fc8347484f18bdccd739c685de56', 'u6', ''),
               ('Z', 'u7', '')",
        )
        .await;
    let database = scratch.connected("").await;
    let all: Vec<LegacyUser> = database.users(None, 2).try_collect().await.expect("users");
    let mut names: Vec<_> = all
        .iter()
        .filter_map(|user| user.username.clone())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["u1", "u2", "u3", "u4", "u5", "u6", "u7"],
        "each once"
    );
    assert!(all.iter().all(|user| matches!(user.id, LegacyId::Text(_))));
    let ids: Vec<_> = all.iter().map(|user| user.id.clone()).collect();
    let again = database.users_by_ids(&ids).await.expect("users");
    assert_eq!(again.len(), 7);
}

async fn flags_kept_as_numbers_are_flags(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(50),
               password varchar(50), is_active integer, is_staff smallint, is_superuser bigint);
             INSERT INTO auth_user VALUES (1, 'on', '', 1, 2, 1), (2, 'off', '', 0, 0, 0),
               (3, 'null', '', NULL, NULL, NULL)",
        )
        .await;
    let database = scratch.connected("").await;
    let user = found_user(&database, "on").await;
    assert!(user.is_active && user.is_staff && user.is_superuser);
    for name in ["off", "null"] {
        // To Django a null is_active is false as well.
        let user = found_user(&database, name).await;
        assert!(
            !user.is_active && !user.is_staff && !user.is_superuser,
            "{name}"
        );
    }
}

async fn a_table_in_another_schema_is_found_with_its_siblings(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    let schema = match engine {
        Engine::Sqlite => "main".to_owned(),
        Engine::Postgres => {
            scratch
                .run("CREATE SCHEMA app; SET search_path TO app; CREATE TABLE app.x (n int)")
                .await;
            let tables = include_str!("django_tables/postgres.sql");
            scratch
                .run(&format!("SET search_path TO app; {tables}"))
                .await;
            let user = scratch.user_insert(1, "bob", "b@example.com");
            scratch
                .run(&format!("SET search_path TO app; {user}"))
                .await;
            "app".to_owned()
        }
        Engine::MySql => url::Url::parse(&scratch.url).expect("a URL").path()[1..].to_owned(),
    };
    if engine != Engine::Postgres {
        scratch.make_django_tables().await;
        scratch.add_user(1, "bob", "b@example.com").await;
    }
    scratch
        .run(&format!(
            "INSERT INTO {schema}.auth_group (id, name) VALUES (1, 'editors');
             INSERT INTO {schema}.auth_user_groups (user_id, group_id) VALUES (1, 1)"
        ))
        .await;
    let config =
        format!("[legacy]\nuser_table = \"{schema}.auth_user\"\nemail_verified = \"allauth\"");
    let database = scratch.connected(&config).await;
    assert_eq!(found_user(&database, "bob").await.groups, ["editors"]);
}

#[tokio::test]
async fn zero_dates_of_mysql_are_no_dates() {
    let scratch = Scratch::django(Engine::MySql).await;
    scratch.add_user(1, "bob", "").await;
    scratch
        .run("SET SESSION sql_mode = ''; UPDATE auth_user SET last_login = '0000-00-00 00:00:00'")
        .await;
    let database = scratch
        .connected("[attributes]\n\"custom:last\" = \"last_login\"")
        .await;
    let user = found_user(&database, "bob").await;
    assert_eq!(
        (user.last_login, &user.columns["last_login"]),
        (None, &None)
    );
}

#[tokio::test]
async fn an_old_mysql_character_set_takes_no_sign_in_down() {
    for charset in ["latin1", "utf8mb3", "utf8mb4 COLLATE utf8mb4_bin"] {
        let scratch =
            Scratch::with_options(Engine::MySql, &format!("CHARACTER SET {charset}")).await;
        scratch.make_django_tables().await;
        scratch.add_user(1, "José", "jose@example.com").await;
        let database = scratch.connected(BOTH_LOGINS).await;
        assert_eq!(found(&database, "josé").await, "1", "{charset}");
        assert_eq!(found(&database, "jose").await, "nobody", "{charset}");
        assert_eq!(found(&database, "😀").await, "nobody", "{charset}");
        assert_eq!(found(&database, "Ольга").await, "nobody", "{charset}");
    }
}

#[tokio::test]
async fn a_postgres_database_without_a_locale_still_folds_case() {
    let scratch = Scratch::with_options(
        Engine::Postgres,
        "LOCALE 'C' ENCODING 'UTF8' TEMPLATE template0",
    )
    .await;
    scratch.make_django_tables().await;
    scratch
        .add_user(1, "BJÖRN.Åström", "Éloïse@Example.com")
        .await;
    for index in [
        "",
        "CREATE INDEX ON auth_user (UPPER(username)), ON auth_user (UPPER(email))",
    ] {
        if !index.is_empty() {
            scratch
                .run("CREATE INDEX ON auth_user (UPPER(username))")
                .await;
            scratch
                .run("CREATE INDEX ON auth_user (UPPER(email))")
                .await;
        }
        let database = scratch.connected(BOTH_LOGINS).await;
        assert_eq!(found(&database, "björn.åström").await, "1");
        assert_eq!(found(&database, "éloïse@example.com").await, "1");
    }
}

#[tokio::test]
async fn citext_enums_and_domains_of_postgres_are_columns_like_others() {
    let scratch = Scratch::empty(Engine::Postgres).await;
    scratch
        .run(
            "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
             CREATE TYPE tier AS ENUM ('gold', 'tin');
             CREATE DOMAIN user_key AS uuid;
             CREATE TABLE auth_user (id user_key PRIMARY KEY, username ext.citext UNIQUE,
               password varchar(128), tier tier);
             INSERT INTO auth_user VALUES
               ('d2e7fc83-4748-4f18-bdcc-d739c685de56', 'Éloïse', '', 'gold'),
               ('e2e7fc83-4748-4f18-bdcc-d739c685de56', 'Bob', '', 'tin')",
        )
        .await;
    let config = "[legacy]\nlogin = [\"username\", \"tier\"]\n[attributes]\nnickname = \"tier\"";
    let database = scratch.connected(config).await;
    let user = found_user(&database, "éloïse").await;
    assert_eq!(
        user.id,
        LegacyId::Uuid("d2e7fc83-4748-4f18-bdcc-d739c685de56".to_owned())
    );
    assert_eq!(user.columns["tier"].as_deref(), Some("gold"));
    assert_eq!(found(&database, "eloise").await, "nobody");
    assert_eq!(
        found(&database, "TIN").await,
        "e2e7fc83-4748-4f18-bdcc-d739c685de56"
    );
    let all: Vec<LegacyUser> = database.users(None, 1).try_collect().await.expect("users");
    assert_eq!(all.len(), 2);
}
