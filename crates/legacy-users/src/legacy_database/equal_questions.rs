//! Whoever is found or not, a look-up asks the database the same.

use std::path::Path;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use migration_model::Config;
use sqlx::{AssertSqlSafe, ConnectOptions, sqlite::SqliteConnectOptions};

use super::LegacyDatabase;
use crate::connect_settings::ConnectSettings;
use crate::connections::{Backend, ReadSession};
use crate::error::LegacyError;
use crate::query::{Query, TextRow};

type Asked = Arc<Mutex<Vec<String>>>;

/// A database that notes the statements it runs.
struct Noting(Box<dyn Backend>, Asked);

struct NotingSession(Box<dyn ReadSession>, Asked);

impl Backend for Noting {
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn ReadSession>, LegacyError>> {
        Box::pin(async {
            let session = self.0.begin().await?;
            let session = NotingSession(session, Arc::clone(&self.1));
            Ok(Box::new(session) as Box<dyn ReadSession>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.close()
    }
}

impl ReadSession for NotingSession {
    fn rows(&mut self, query: Query) -> BoxFuture<'_, Result<Vec<TextRow>, LegacyError>> {
        let mut asked = self.1.lock().expect("nobody panicked");
        asked.push(query.sql.clone());
        drop(asked);
        self.0.rows(query)
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<(), LegacyError>> {
        self.0.finish()
    }
}

const USERS: &str = "
    INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email,
        is_staff, is_active, date_joined)
    VALUES (1, '!', 0, 'ann', '', '', 'ann@example.com', 0, 1, '2024-05-06 07:08:09'),
        (2, '!', 0, 'Bob', '', '', 'two@example.com', 0, 0, '2024-05-06 07:08:09'),
        (3, '!', 0, 'carl', '', '', 'two@example.com', 0, 1, '2024-05-06 07:08:09'),
        (4, '!', 0, 'dora', '', '', '', 0, 1, '2024-05-06 07:08:09');
    INSERT INTO account_emailaddress (user_id, email, verified, \"primary\")
    VALUES (1, 'other@example.com', 1, 0);";

async fn database(folder: &Path, config: &str) -> (LegacyDatabase, Asked) {
    let file = folder.join("legacy.sqlite3");
    let mut connection = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .connect()
        .await
        .expect("a file of ours");
    let tables = include_str!("../../tests/it/django_tables/sqlite.sql").to_owned() + USERS;
    sqlx::raw_sql(AssertSqlSafe(tables))
        .execute(&mut connection)
        .await
        .expect("statements");
    let url = format!("sqlite://{}", file.display());
    let config = Config::parse(config, Path::new("/cutover.toml"), Some(&url));
    let config = config.expect("a fine configuration");
    let settings = ConnectSettings::default();
    let mut database = LegacyDatabase::open(&config.legacy, &config.mapping, settings)
        .expect("nothing is asked yet");
    database.warm_up().await.expect("it is there");
    let asked = Asked::default();
    let plain = database.backend;
    database.backend = Box::new(Noting(plain, Arc::clone(&asked)));
    (database, asked)
}

const BOTH: &str = "[legacy]\nlogin = [\"username\", \"email\"]\nemail_verified = \"allauth\"\n";

#[tokio::test]
async fn the_same_is_asked_about_somebody_and_about_nobody() {
    for (config, about_shared) in [
        (BOTH, true),
        ("[legacy]\nlogin = [\"email\"]\n", true),
        ("[legacy]\nlogin = [\"username\"]\n", false),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (database, asked) = database(folder.path(), config).await;
        let mut first = None;
        for login in [
            "ann",
            "ANN",
            "ann@example.com",
            "other@example.com",
            "Bob",
            "two@example.com",
            "dora",
            "nobody",
            "nobody@example.com",
        ] {
            database.find_by_login(login).await.expect("an answer");
            let questions = std::mem::take(&mut *asked.lock().expect("nobody panicked"));
            let shared = questions
                .iter()
                .any(|sql| sql.contains("\"id\" AS TEXT), CAST"));
            assert_eq!(shared, about_shared, "{questions:#?}");
            assert_eq!(
                *first.get_or_insert(questions.clone()),
                questions,
                "{login}"
            );
        }
        let questions = first.expect("something was asked");
        let look_ups = |sql: &&String| sql.contains("cutover_place");
        assert_eq!(
            questions.iter().filter(look_ups).count(),
            1,
            "{questions:#?}"
        );
    }
}

#[tokio::test]
async fn a_row_is_folded_once_however_a_login_may_be_spelled() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (database, asked) = database(folder.path(), BOTH).await;
    for login in ["äöüäö.müller", "ǅﬁKÅẞµÄÖÜ@example.com"] {
        database.find_by_login(login).await.expect("an answer");
        for sql in std::mem::take(&mut *asked.lock().expect("nobody panicked")) {
            for column in ["LOWER(\"username\")", "LOWER(\"email\")"] {
                // Once among the users, and e-mails once among the addresses.
                assert!(sql.matches(column).count() <= 2, "{sql}");
            }
            assert!(!sql.contains(" OR "), "{sql}");
        }
    }
}

#[tokio::test]
async fn every_name_of_a_sign_up_is_asked_about() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (database, asked) = database(folder.path(), BOTH).await;
    let names = |first: &str| [first.to_owned(), "new@example.com".to_owned()];
    let mut first = None;
    for (name, held) in [("ann", true), ("nobody", false)] {
        let answer = database.is_held(&names(name)).await;
        assert_eq!(answer.expect("an answer"), held);
        let questions = std::mem::take(&mut *asked.lock().expect("nobody panicked"));
        assert_eq!(*first.get_or_insert(questions.clone()), questions, "{name}");
    }
}
