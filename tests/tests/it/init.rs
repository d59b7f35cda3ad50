//! `cutover init`: a configuration from what a database shows, and what then comes of it.

use acceptance_tests::{Pool, Shape, TestFolder, Workplace, root, script};

use crate::small_app::{self, PASSWORDS, person};

/// In place of the folder's own cutover.toml.
const OVERWRITE: [&str; 5] = [
    "init",
    "--yes",
    "--overwrite",
    "--url",
    "sqlite:legacy.sqlite3",
];

/// The folder's own cutover.toml makes room for the one that `init` writes.
fn init(workplace: &Workplace) -> String {
    let file = workplace.folder().join("cutover.toml");
    std::fs::remove_file(file).expect("it was there");
    let finished = workplace
        .cutover(&["init", "--yes", "--url", "sqlite:legacy.sqlite3"])
        .run();
    assert!(
        matches!(finished.code(), Some(0 | 1)),
        "a finding at the most: {finished:?}"
    );
    workplace.folder().read("cutover.toml")
}

#[test]
fn what_init_writes_signs_people_in_and_moves_them() {
    let mut workplace = small_app::workplace();
    let people = [person(1, "ada", PASSWORDS[0].1), person(2, "bob", "!")];
    workplace.legacy_mut().execute(&people);
    let written = init(&workplace);
    assert!(
        written.contains("\"custom:legacy_id\" = \"id\""),
        "{written}"
    );
    assert!(written.contains("login = [\"username\"]"), "{written}");
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in("ada", PASSWORDS[0].0)
        .expect("it is the password");
    assert_eq!(
        client.user("ada").expect("signed in").legacy_id(),
        Some("1")
    );
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let workplace = small_app::workplace();
    let before = workplace.folder().read("cutover.toml");
    let init = ["init", "--yes", "--url", "sqlite:legacy.sqlite3"];
    let finished = workplace.cutover(&init).run().expect_code(2);
    assert!(finished.stderr.contains("--overwrite"), "{finished:?}");
    assert_eq!(workplace.folder().read("cutover.toml"), before);
}

#[test]
fn groups_are_those_that_the_foreign_key_points_at_and_never_a_namesake_by_number() {
    let mut workplace = small_app::workplace();
    let statements = [
        // The app's own model of groups, beside django.contrib.auth's stale one.
        "CREATE TABLE users_group (id integer PRIMARY KEY, name varchar(150) UNIQUE)",
        "INSERT INTO users_group VALUES (1, 'readers'), (2, 'writers')",
        "DROP TABLE auth_user_groups",
        "CREATE TABLE auth_user_groups (id integer PRIMARY KEY, \
         user_id integer REFERENCES auth_user (id), group_id integer REFERENCES users_group (id))",
    ];
    let mut statements: Vec<String> = statements.iter().map(ToString::to_string).collect();
    statements.push(person(1, "ada", PASSWORDS[0].1));
    // Number 1 is `admins` in the stale table.
    statements.push("INSERT INTO auth_user_groups VALUES (1, 1, 1)".to_owned());
    workplace.legacy_mut().execute(&statements);
    init(&workplace);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in("ada", PASSWORDS[0].0)
        .expect("it is the password");
    reconciled(&workplace, &pool);
    let content = client.content();
    let groups: Vec<&str> = content["ada"].groups.iter().map(String::as_str).collect();
    assert_eq!(groups, ["readers"]);
}

fn reconciled(workplace: &Workplace, pool: &Pool) {
    workplace
        .cutover(&["reconcile", "--fix", "--execute"])
        .args(pool.as_target())
        .run()
        .expect_code(0);
}

#[test]
fn who_is_nobody_or_banned_or_has_left_is_seen_by_the_names_of_columns() {
    let mut workplace = small_app::workplace();
    let mut statements: Vec<String> = [
        "ALTER TABLE auth_user ADD COLUMN is_banned bool NOT NULL DEFAULT 0",
        "ALTER TABLE auth_user ADD COLUMN account_type varchar(30) NOT NULL DEFAULT 'internal'",
        "CREATE TABLE crew_team (id integer PRIMARY KEY, name varchar(20))",
        "CREATE TABLE crew_team_members (id integer PRIMARY KEY, left_at datetime NULL, \
         user_id integer REFERENCES auth_user (id), team_id integer REFERENCES crew_team (id))",
        "INSERT INTO crew_team VALUES (5, 'Crew'), (6, 'Board'), (7, 'Crew')",
    ]
    .map(str::to_owned)
    .to_vec();
    let names = ["ada", "bob", "robot", "system"];
    for (id, name) in (1..).zip(names) {
        statements.push(person(id, name, PASSWORDS[0].1));
    }
    statements.extend(
        [
            "UPDATE auth_user SET is_banned = 1 WHERE username = 'bob'",
            "UPDATE auth_user SET account_type = 'service_account' WHERE username = 'robot'",
            "UPDATE auth_user SET password = '!' WHERE username = 'system'",
            "INSERT INTO crew_team_members VALUES (1, NULL, 1, 7), \
             (2, '2026-01-01 00:00:00', 1, 6), (3, NULL, 2, 5)",
        ]
        .map(str::to_owned),
    );
    workplace.legacy_mut().execute(&statements);
    let written = init(&workplace);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    for name in names {
        let tokens = client.sign_in(name, PASSWORDS[0].0);
        assert_eq!(tokens.is_ok(), name == "ada", "{name}: {written}");
    }
    workplace
        .cutover(&["import", "--approve-password-reset", "--execute"])
        .args(pool.as_target())
        .run()
        .expect_code(0);
    reconciled(&workplace, &pool);
    let content = client.content();
    let moved: Vec<&str> = content.keys().map(String::as_str).collect();
    assert_eq!(moved, ["ada", "bob"], "{written}");
    // Two teams are called Crew: their keys tell them apart.
    assert!(content["ada"].groups.iter().eq(["team:7"]), "{written}");
}

#[test]
fn the_database_that_is_named_is_inspected_whatever_the_environment_says() {
    let mut workplace = small_app::workplace();
    workplace
        .legacy_mut()
        .execute(&[person(1, "ada", PASSWORDS[0].1)]);
    let finished = workplace
        .cutover(&OVERWRITE)
        .env("CUTOVER_LEGACY_URL", "sqlite:elsewhere.sqlite3")
        .run()
        .expect_code(0);
    assert!(finished.stdout.contains("1 user in"), "{finished:?}");
    assert!(finished.stderr.contains("rehearse"), "{finished:?}");
}

#[test]
fn foreign_hashes_get_the_line_that_checks_them() {
    // Made by django-hashers-passlib and passlib: migrations-fixtures/hashes/vectors/foreign.json.
    const FOREIGN: &str = "correct horse";
    let mut workplace = small_app::workplace();
    let people = [
        person(1, "ada", PASSWORDS[0].1),
        person(2, "bob", "phpass$$P$5TPU6oXV1p/xXLAekQU.Wa7o7mZG9U1"),
        person(3, "eve", "$H$6HIh2iNJHiGyM40EZaKg5uG82VQs/X1"),
        person(4, "gus", "homemade$12$c29tZXRoaW5nIGVsc2U="),
    ];
    workplace.legacy_mut().execute(&people);
    let written = init(&workplace);
    assert!(written.contains("phpass = \"passlib:phpass\""), "{written}");
    assert!(written.contains("\"\" = \"bare\""), "{written}");
    assert!(written.contains("begin with homemade"), "{written}");
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    for (name, password) in [("ada", PASSWORDS[0].0), ("bob", FOREIGN), ("eve", FOREIGN)] {
        let tokens = client.sign_in(name, password);
        assert!(tokens.is_ok(), "{name}: {written}");
    }
}

#[test]
fn a_database_without_users_is_said_to_be_one() {
    let mut workplace = small_app::workplace();
    let drop = "DROP TABLE auth_user".to_owned();
    workplace.legacy_mut().execute(&[drop]);
    let finished = workplace.cutover(&OVERWRITE).run().expect_code(2);
    assert!(finished.stderr.contains("Django's users"), "{finished:?}");
}

/// Names that mislead: what the project says goes before what its database looks like.
#[test]
fn a_settings_module_is_believed_before_the_looks_of_a_database() {
    let folder = TestFolder::new();
    script("settings_module.py")
        .arg(folder.join(""))
        .run()
        .expect_code(0);
    let workplace = Workplace::of_folder(folder, Shape::Stock);
    let python = root().join("target/python/bin/python");
    let init = ["init", "--yes", "--django-settings", "shop.settings"];
    let finished = workplace
        .cutover(&init)
        .env("CUTOVER_LEGACY_URL", "")
        .arg("--python")
        .arg(&python)
        .run();
    assert!(matches!(finished.code(), Some(0 | 1)), "{finished:?}");
    let written = workplace.folder().read("cutover.toml");
    for line in [
        "user_table = \"people_customer\"",
        "login = [\"email\"]",
        "email = \"contact_address\"",
        "is_active = \"may_enter\"",
        "pbkdf2_shop = \"pbkdf2_sha256\"",
        "shop.backends.DoorCode",
        "shop.hashers.Wrapped",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in("ada@example.org", "Ada-river-1!")
        .expect("it is the password");
    client
        .sign_in("bob@example.org", "Bob-river-1!")
        .expect_err("may not enter");

    let missing = ["init", "--overwrite", "--django-settings", "shop.nowhere"];
    let missing = workplace.cutover(&missing).arg("--python").arg(&python);
    let missing = missing.run().expect_code(2);
    assert!(missing.stderr.contains("shop.nowhere"), "{missing:?}");
    let none = ["init", "--overwrite", "--django-settings", "shop.settings"];
    let none = workplace
        .cutover(&none)
        .args(["--python", "no-such-python"]);
    assert!(none.run().expect_code(2).stderr.contains("--python"));
}
