//! Databases of real applications, made by their own migrations and code
//! (`migrations-fixtures/applications`): what `cutover init --yes` alone writes lets in whom the
//! application lets in, and nobody else, with the groups that the application shows.

use acceptance_tests::{Shape, TestFolder, Workplace, fixture};
use serde::Deserialize;

/// Somebody who signs in at the application.
#[derive(Deserialize)]
struct Person {
    login: String,
    password: String,
    /// What the application's own `authenticate()` said.
    expect: String,
    legacy_id: Option<String>,
    /// As the application shows them.
    groups: Vec<String>,
    /// A row that is nobody to be moved.
    #[serde(default)]
    excluded: bool,
}

/// A key as texts are compared: an application may show a UUID without its hyphens.
fn id(text: Option<&str>) -> Option<String> {
    text.map(|text| text.replace('-', ""))
}

fn agrees(name: &str) {
    let folder = TestFolder::new();
    let mut workplace = Workplace::of_folder(folder, Shape::Stock);
    let dump = std::fs::read_to_string(fixture(&format!("applications/{name}.sql")));
    let statements: Vec<String> = dump
        .expect("it is checked in")
        .lines()
        .map(|line| line.trim_end_matches(';').to_owned())
        .collect();
    workplace.legacy_mut().execute(&statements);
    let people = std::fs::read_to_string(fixture(&format!("applications/{name}.json")));
    let people: Vec<Person> =
        serde_json::from_str(&people.expect("it is checked in")).expect("people");

    let finished = workplace
        .cutover(&["init", "--yes", "--url", "sqlite:legacy.sqlite3"])
        .run();
    assert_eq!(finished.code(), Some(0), "nothing blocks: {finished:?}");
    let written = workplace.folder().read("cutover.toml");
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    for person in &people {
        let tokens = client.sign_in(&person.login, &person.password);
        let expected = person.expect == "signs-in" && !person.excluded;
        assert_eq!(tokens.is_ok(), expected, "{}: {written}", person.login);
        if let Ok(tokens) = tokens {
            let user = client.user_of(&tokens);
            assert_eq!(
                id(user.legacy_id()),
                id(person.legacy_id.as_deref()),
                "{}",
                person.login
            );
        }
    }
    for arguments in [
        &[
            "import",
            "--approve-password-reset",
            "--execute",
            "--run",
            "one",
        ][..],
        &["reconcile", "--fix", "--execute"],
    ] {
        workplace
            .cutover(arguments)
            .args(pool.as_target())
            .run()
            .expect_code(0);
    }
    let content = client.content();
    for person in people.iter().filter(|person| person.expect == "signs-in") {
        let wanted = id(person.legacy_id.as_deref());
        let user = content.values().find(|user| id(user.legacy_id()) == wanted);
        if person.excluded {
            assert!(user.is_none(), "{} is left out", person.login);
            continue;
        }
        let user = user.unwrap_or_else(|| panic!("{} was moved", person.login));
        let groups: Vec<String> = user
            .groups
            .iter()
            .map(|group| group.replace("%20", " "))
            .collect();
        assert_eq!(groups, person.groups, "{}: {written}", person.login);
    }
}

#[test]
fn django_oscar_with_guardian_and_allauth() {
    agrees("oscar");
}

#[test]
fn kolibri_with_keys_of_its_own_and_no_emails() {
    agrees("kolibri");
}
