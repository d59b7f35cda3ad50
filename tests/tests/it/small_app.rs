//! A Django app of a few tables and no people: for tests that say who there is, one by one.

use acceptance_tests::{Shape, TestFolder, Workplace};

pub(crate) const GROUPS: [&str; 3] = ["admins", "editors", "staff"];

/// Passwords with what Django 4.2 stores for them at a thousand rounds.
pub(crate) const PASSWORDS: [(&str, &str); 4] = [
    (
        "Otter-river-1!",
        "pbkdf2_sha256$1000$saltone$UvfljrBIazXooY+W22wSHHNeD9moq0qMjH06dg3RxYU=",
    ),
    (
        "Heron-marsh-2!",
        "pbkdf2_sha256$1000$salttwo$3feL6T1lu3isAkuIMWiEG3YOqIMIaqjgtzH8L+kLrtQ=",
    ),
    (
        "Finch-hedge-3!",
        "pbkdf2_sha256$1000$saltthree$cvDjuqIXjvUBO14o4/6WwEYwh0UBjqkKEDDg5H9DQFw=",
    ),
    (
        "Stoat-field-4!",
        "pbkdf2_sha256$1000$saltfour$p8Ta96856F11c3/9IAFU/peHOV9oEBDZbE92ROj+HCU=",
    ),
];

const CONFIGURATION: &str = r#"
[legacy]
url = "sqlite://legacy.sqlite3"
login = ["username"]
email_verified = "always"

[attributes]
email = "email"
given_name = "first_name"
"custom:legacy_id" = "id"
"#;

/// A folder with the configuration and the tables.
pub(crate) fn workplace() -> Workplace {
    let folder = TestFolder::new();
    folder.write("cutover.toml", CONFIGURATION);
    let mut workplace = Workplace::of_folder(folder, Shape::Stock);
    workplace.legacy_mut().execute(&tables());
    workplace
}

/// The statement that adds a person with this stored password.
pub(crate) fn person(id: u32, username: &str, encoded: &str) -> String {
    format!(
        "INSERT INTO auth_user (id, username, email, password, first_name, last_name, is_active, \
         is_staff, is_superuser, last_login, date_joined) VALUES ({id}, '{username}', \
         '{username}@example.org', '{encoded}', 'Given{id}', '', 1, 0, 0, NULL, \
         '2020-01-{:02} 00:00:00')",
        id % 28 + 1
    )
}

/// The statements that add people of these names, at most four, with the passwords in their order; the
/// first has key 1.
pub(crate) fn people(usernames: &[&str]) -> Vec<String> {
    assert!(usernames.len() <= PASSWORDS.len(), "a password each");
    let numbered = usernames.iter().zip(1..).zip(PASSWORDS);
    numbered
        .map(|((name, id), (_, encoded))| person(id, name, encoded))
        .collect()
}

/// Django's tables, as its migrations make them on SQLite, as far as they are read.
fn tables() -> Vec<String> {
    let mut statements = vec![
        "CREATE TABLE auth_user (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime NULL, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime NOT NULL, first_name varchar(150) NOT NULL)".to_owned(),
        "CREATE TABLE auth_group (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(150) NOT NULL UNIQUE)".to_owned(),
        "CREATE TABLE auth_user_groups (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, user_id integer NOT NULL REFERENCES auth_user (id), group_id integer NOT NULL REFERENCES auth_group (id))".to_owned(),
    ];
    for table in [
        "auth_permission (id integer PRIMARY KEY, content_type_id integer, codename text, name text)",
        "django_content_type (id integer PRIMARY KEY, app_label text, model text)",
        "auth_group_permissions (id integer PRIMARY KEY, group_id integer, permission_id integer)",
    ] {
        statements.push(format!("CREATE TABLE {table}"));
    }
    for (at, group) in GROUPS.iter().enumerate() {
        statements.push(format!(
            "INSERT INTO auth_group (id, name) VALUES ({}, '{group}')",
            at + 1
        ));
    }
    statements
}
