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
    /// Its key, where the application lets nobody in by it.
    row: Option<u64>,
}

/// A group's name as the application shows it: without what Cognito needs, and without the prefix that
/// keeps two kinds of groups apart.
fn shown(group: &str, written: &str) -> String {
    let prefixes = written
        .lines()
        .filter_map(|line| line.strip_prefix("prefix = \""));
    let mut prefixes = prefixes.map(|rest| rest.trim_end_matches('"'));
    let bare = prefixes.find_map(|prefix| group.strip_prefix(prefix));
    bare.unwrap_or(group).replace("%20", " ")
}

/// A key as texts are compared: an application may show a UUID without its hyphens.
fn id(text: Option<&str>) -> Option<String> {
    text.map(|text| text.replace('-', ""))
}

/// The application's database, and what `init` writes for it.
fn initialised(name: &str) -> (Workplace, String) {
    let folder = TestFolder::new();
    let mut workplace = Workplace::of_folder(folder, Shape::Stock);
    let dump = std::fs::read_to_string(fixture(&format!("applications/{name}.sql")));
    let statements: Vec<String> = dump
        .expect("it is checked in")
        .lines()
        .map(|line| line.trim_end_matches(';').to_owned())
        .collect();
    workplace.legacy_mut().execute(&statements);
    let finished = workplace
        .cutover(&["init", "--yes", "--url", "sqlite:legacy.sqlite3"])
        .run();
    assert_eq!(finished.code(), Some(0), "nothing blocks: {finished:?}");
    let written = workplace.folder().read("cutover.toml");
    (workplace, written)
}

fn agrees(name: &str) {
    let (workplace, written) = initialised(name);
    let people = std::fs::read_to_string(fixture(&format!("applications/{name}.json")));
    let people: Vec<Person> =
        serde_json::from_str(&people.expect("it is checked in")).expect("people");

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
    for person in &people {
        let row = person.row.map(|row| row.to_string());
        let wanted = id(person.legacy_id.as_deref().or(row.as_deref()));
        if wanted.is_none() {
            continue;
        }
        let user = content.values().find(|user| id(user.legacy_id()) == wanted);
        if person.excluded {
            assert!(user.is_none(), "{} is left out", person.login);
            continue;
        }
        let user = user.unwrap_or_else(|| panic!("{} was moved", person.login));
        let mut groups: Vec<String> = user
            .groups
            .iter()
            .map(|group| shown(group, &written))
            .collect();
        groups.sort();
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

#[test]
fn kolibris_roles_are_groups_once_it_is_said_where_they_must_hold() {
    let (workplace, written) = initialised("kolibri");
    assert!(
        written.contains("ignore = [\"kolibriauth_role\"]"),
        "a role in one class is none in all: {written}"
    );
    // The facility, of which the application's administrators are administrators.
    let source = "[[groups.source]]\nmembers_table = \"kolibriauth_role\"\nuser_column = \"user_id\"\n\
                  group_column = \"kind\"\nwhere = \"collection_id = '8dc9328d8af89b3b50fcfa62e02f04dc'\"\n";
    workplace
        .folder()
        .write("cutover.toml", format!("{written}\n{source}"));
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    for name in ["ada", "bob"] {
        client
            .sign_in(name, "Otter-river-1!")
            .expect("as in Kolibri");
    }
    workplace
        .cutover(&["reconcile", "--fix", "--execute"])
        .args(pool.as_target())
        .run()
        .expect_code(0);
    let content = client.content();
    assert!(content["ada"].groups.iter().eq(["admin"]));
    assert!(content["bob"].groups.is_empty());
}

#[test]
fn evennia_with_bots_and_names_in_any_case() {
    agrees("evennia");
}

#[test]
fn ephios_with_emails_for_names() {
    agrees("ephios");
}

#[test]
fn label_studio_with_shared_usernames() {
    agrees("label-studio");
}

#[test]
fn pretalx_with_teams_and_people_without_a_name() {
    agrees("pretalx");
}

#[test]
fn openwisp_with_uuids_and_verified_emails() {
    agrees("openwisp");
}

#[test]
fn review_board_with_two_kinds_of_groups() {
    agrees("reviewboard");
}

#[test]
fn pretix_with_teams_and_another_way_to_sign_in() {
    agrees("pretix");
}

#[test]
fn doccano_with_roles_in_each_project_and_allauth_for_other_services_alone() {
    agrees("doccano");
}

#[test]
fn what_init_writes_is_rehearsed_to_a_go() {
    // Somebody without a usable password gets no code before the import, as configured: no no-go.
    let (workplace, _) = initialised("openwisp");
    let finished = workplace.cutover(&["rehearse"]).run().expect_code(0);
    assert!(finished.stdout.contains("verdict: go"), "{finished:?}");
}
