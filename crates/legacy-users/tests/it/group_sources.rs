//! Groups wherever an app keeps them, followed by foreign keys or by what `[groups]` says; and none
//! lost in silence.

use legacy_users::LegacyDatabase;
use migration_model::{Finding, Severity};

use crate::scratch::{Engine, Scratch, found_user};

crate::on_each_engine! {
    groups_of_an_apps_own_model_are_followed
    a_key_that_is_no_number_is_followed
    a_column_of_the_user_is_a_group
    several_sources_are_added_up_and_kept_apart_by_prefixes
    memberships_that_nobody_asks_for_block_where_they_are_all
    rows_that_name_no_group_block
    without_a_foreign_key_the_table_must_be_named_where_there_are_others
    a_copy_without_permissions_still_has_its_groups
    memberships_count_only_where_their_condition_holds
    a_column_of_another_table_is_the_group_by_name
    groups_of_one_name_block_until_they_are_told_apart
    roles_that_somebody_made_are_not_roles_that_somebody_has
}

async fn table(scratch: &Scratch) {
    let text = match scratch.engine {
        Engine::Postgres => "uuid",
        _ => "char(36)",
    };
    scratch
        .run(&format!(
            "CREATE TABLE core_role (id integer PRIMARY KEY, title varchar(80));
             CREATE TABLE core_user (id integer PRIMARY KEY, username varchar(150) UNIQUE,
               email varchar(254), password varchar(128), kind varchar(20),
               role_id integer, FOREIGN KEY (role_id) REFERENCES core_role (id));
             CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150) UNIQUE);
             CREATE TABLE core_group (group_uuid {text} PRIMARY KEY, name varchar(80));
             CREATE TABLE core_user_groups (id integer PRIMARY KEY, user_id integer, group_id integer,
               FOREIGN KEY (user_id) REFERENCES core_user (id),
               FOREIGN KEY (group_id) REFERENCES auth_group (id));
             CREATE TABLE core_user_ak_groups (id integer PRIMARY KEY, user_id integer,
               group_id {text}, FOREIGN KEY (user_id) REFERENCES core_user (id),
               FOREIGN KEY (group_id) REFERENCES core_group (group_uuid));
             INSERT INTO core_role VALUES (3, 'Moderators');
             INSERT INTO core_user VALUES (1, 'ann', 'ann@example.com', 'x', 'teacher', 3),
               (2, 'bob', 'bob@example.com', 'x', '', NULL);
             INSERT INTO core_group VALUES ('d2e7fc83-4748-4f18-bdcc-d739c685de56', 'admins');
             INSERT INTO core_user_ak_groups VALUES (1, 1, 'd2e7fc83-4748-4f18-bdcc-d739c685de56')",
        ))
        .await;
}

fn config(groups: &str) -> String {
    format!("[legacy]\nuser_table = \"core_user\"\n{groups}")
}

async fn groups_of(database: &LegacyDatabase, login: &str) -> Vec<String> {
    found_user(database, login).await.groups
}

async fn findings(database: &LegacyDatabase) -> Vec<Finding> {
    let mut findings = database.group_facts().await.expect("findings");
    findings.retain(|finding| finding.code.starts_with("group"));
    findings
}

async fn groups_of_an_apps_own_model_are_followed(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE users_user (id integer PRIMARY KEY, username varchar(150) UNIQUE,
               password varchar(128));
             CREATE TABLE users_group (id integer PRIMARY KEY, name varchar(150) UNIQUE);
             CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150) UNIQUE);
             CREATE TABLE users_user_groups (id integer PRIMARY KEY, user_id integer,
               group_id integer, FOREIGN KEY (user_id) REFERENCES users_user (id),
               FOREIGN KEY (group_id) REFERENCES users_group (id));
             INSERT INTO users_user VALUES (1, 'eng0', 'x');
             INSERT INTO users_group VALUES (3, 'readers');
             INSERT INTO auth_group VALUES (3, 'Administrators');
             INSERT INTO users_user_groups VALUES (1, 1, 3)",
        )
        .await;
    let database = scratch
        .connected("[legacy]\nuser_table = \"users_user\"")
        .await;
    assert_eq!(groups_of(&database, "eng0").await, ["readers"]);
    assert_eq!(findings(&database).await, []);
}

async fn a_key_that_is_no_number_is_followed(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    table(&scratch).await;
    for keys in [
        "[groups]\nmembers_table = \"core_user_ak_groups\"",
        "[groups]\nmembers_table = \"core_user_ak_groups\"\ntable = \"core_group\"\n\
         key = \"group_uuid\"\nname = \"name\"\nuser_column = \"user_id\"\ngroup_column = \"group_id\"",
    ] {
        let database = scratch.connected(&config(keys)).await;
        assert_eq!(groups_of(&database, "ann").await, ["admins"], "{keys}");
        assert!(groups_of(&database, "bob").await.is_empty());
    }
    let wrong = "[groups]\nmembers_table = \"core_user_ak_groups\"\nname = \"nam\"";
    let error = scratch.connect(&config(wrong)).await.err();
    let error = error.expect("there is no such column");
    assert!(error.to_string().contains("[groups] name"), "{error}");
}

async fn a_column_of_the_user_is_a_group(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    table(&scratch).await;
    for (keys, group) in [
        ("[groups]\ncolumn = \"kind\"", "teacher"),
        (
            "[groups]\ncolumn = \"role_id\"\nname = \"title\"",
            "Moderators",
        ),
        (
            "[groups]\ncolumn = \"role_id\"\ntable = \"core_role\"\nname = \"title\"",
            "Moderators",
        ),
    ] {
        let database = scratch.connected(&config(keys)).await;
        assert_eq!(groups_of(&database, "ann").await, [group], "{keys}");
        assert!(groups_of(&database, "bob").await.is_empty(), "{keys}");
        let all = database.groups().await.expect("groups");
        assert!(all.iter().any(|known| known.name == group), "{all:?}");
    }
}

async fn several_sources_are_added_up_and_kept_apart_by_prefixes(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    table(&scratch).await;
    scratch
        .run(
            "INSERT INTO auth_group VALUES (7, 'admins');
             INSERT INTO core_user_groups VALUES (1, 1, 7)",
        )
        .await;
    let keys = "[[groups.source]]\nmembers_table = \"core_user_ak_groups\"\nprefix = \"ak:\"\n\
                [[groups.source]]\ncolumn = \"kind\"";
    let database = scratch.connected(&config(keys)).await;
    assert_eq!(
        groups_of(&database, "ann").await,
        ["admins", "ak:admins", "teacher"]
    );
}

async fn memberships_that_nobody_asks_for_block_where_they_are_all(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    table(&scratch).await;
    let database = scratch.connected(&config("")).await;
    let found = findings(&database).await;
    let subjects: Vec<_> = found
        .iter()
        .map(|finding| finding.subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        ["core_user.role_id", "core_user_ak_groups.group_id"]
    );
    assert!(found.iter().all(|finding| {
        finding.code == "groups-elsewhere" && finding.severity == Severity::Blocker
    }));
    let answered = "[groups]\nmembers_table = \"core_user_ak_groups\"\nignore = [\"role_id\"]";
    let database = scratch.connected(&config(answered)).await;
    assert_eq!(findings(&database).await, []);
    // Where others are carried, it is a question and no wall.
    let half = "[groups]\nmembers_table = \"core_user_ak_groups\"";
    let database = scratch.connected(&config(half)).await;
    let found = findings(&database).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
    let none = scratch.connected(&config("[groups]\ncarry = false")).await;
    assert_eq!(findings(&none).await, []);
}

async fn rows_that_name_no_group_block(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150), password text);
             CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150));
             CREATE TABLE auth_user_groups (id integer PRIMARY KEY, user_id integer, group_id integer);
             INSERT INTO auth_user VALUES (1, 'ann', 'x');
             INSERT INTO auth_user_groups VALUES (1, 1, 3)",
        )
        .await;
    let found = findings(&scratch.connected("").await).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, "group-memberships-dangling");
    assert_eq!(found[0].severity, Severity::Blocker);
}

async fn without_a_foreign_key_the_table_must_be_named_where_there_are_others(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150), password text);
             CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150));
             CREATE TABLE auth_user_groups (id integer PRIMARY KEY, user_id integer, group_id integer);
             INSERT INTO auth_user VALUES (1, 'ann', 'x');
             INSERT INTO auth_group VALUES (3, 'Administrators');
             INSERT INTO auth_user_groups VALUES (1, 1, 3)",
        )
        .await;
    assert_eq!(findings(&scratch.connected("").await).await, []);
    scratch
        .run("CREATE TABLE users_group (id integer PRIMARY KEY, name varchar(150))")
        .await;
    let found = findings(&scratch.connected("").await).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].code, "groups-table-guessed");
    let named = "[groups]\ntable = \"auth_group\"";
    assert_eq!(findings(&scratch.connected(named).await).await, []);
}

async fn a_copy_without_permissions_still_has_its_groups(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    scratch
        .run(
            "CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150), password text);
             CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150));
             CREATE TABLE auth_user_groups (id integer PRIMARY KEY, user_id integer, group_id integer);
             INSERT INTO auth_group VALUES (3, 'editors')",
        )
        .await;
    let groups = scratch.connected("").await.groups().await.expect("groups");
    let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["editors"]);
}

/// People in teams and with roles, some of them no more.
async fn teams(scratch: &Scratch) {
    let moment = match scratch.engine {
        Engine::Postgres => "timestamptz",
        _ => "datetime",
    };
    scratch
        .run(&format!(
            "CREATE TABLE core_user (id integer PRIMARY KEY, username varchar(150) UNIQUE,
               email varchar(254), password varchar(128));
             CREATE TABLE core_team (id integer PRIMARY KEY, title varchar(80));
             CREATE TABLE core_teammember (id integer PRIMARY KEY, user_id integer, team_id integer,
               left_at {moment} NULL, FOREIGN KEY (user_id) REFERENCES core_user (id),
               FOREIGN KEY (team_id) REFERENCES core_team (id));
             CREATE TABLE core_role (id integer PRIMARY KEY, user_id integer, kind varchar(20),
               place integer, FOREIGN KEY (user_id) REFERENCES core_user (id));
             INSERT INTO core_user VALUES (1, 'ann', '', 'x'), (2, 'bob', '', 'x');
             INSERT INTO core_team VALUES (5, 'Crew'), (6, 'Board'), (7, 'Crew');
             INSERT INTO core_teammember VALUES (1, 1, 5, NULL), (2, 1, 6, '2026-01-01 00:00:00'),
               (3, 2, 7, NULL);
             INSERT INTO core_role VALUES (1, 1, 'admin', 10), (2, 1, 'coach', 11), (3, 2, '', 10)"
        ))
        .await;
}

const TEAMS: &str = "[groups]\nmembers_table = \"core_teammember\"\ngroup_column = \"team_id\"\n";

async fn memberships_count_only_where_their_condition_holds(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    teams(&scratch).await;
    let all = format!("{TEAMS}name = \"title\"\n");
    let database = scratch.connected(&config(&all)).await;
    assert_eq!(groups_of(&database, "ann").await, ["Board", "Crew"]);
    let some = format!("{all}where = \"left_at is null\"");
    let database = scratch.connected(&config(&some)).await;
    assert_eq!(groups_of(&database, "ann").await, ["Crew"]);
}

async fn a_column_of_another_table_is_the_group_by_name(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    teams(&scratch).await;
    let roles = "[groups]\nmembers_table = \"core_role\"\ngroup_column = \"kind\"\n";
    let database = scratch.connected(&config(roles)).await;
    assert_eq!(groups_of(&database, "ann").await, ["admin", "coach"]);
    assert!(groups_of(&database, "bob").await.is_empty());
    let in_one_place =
        format!("{roles}where = \"place in (10) and kind != 'coach'\"\nprefix = \"is:\"");
    let database = scratch.connected(&config(&in_one_place)).await;
    assert_eq!(groups_of(&database, "ann").await, ["is:admin"]);
}

async fn groups_of_one_name_block_until_they_are_told_apart(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    teams(&scratch).await;
    let shared = |findings: &[Finding]| {
        let found = findings
            .iter()
            .find(|finding| finding.code == "group-names-shared");
        found.map(|finding| finding.severity)
    };
    let by_title = format!("{TEAMS}name = \"title\"\nwhere = \"left_at is null\"");
    let database = scratch.connected(&config(&by_title)).await;
    assert_eq!(shared(&findings(&database).await), Some(Severity::Blocker));
    let by_key = format!("{TEAMS}name = \"id\"\nprefix = \"team:\"");
    let database = scratch.connected(&config(&by_key)).await;
    assert_eq!(shared(&findings(&database).await), None);
    assert_eq!(groups_of(&database, "bob").await, ["team:7"]);
}

async fn roles_that_somebody_made_are_not_roles_that_somebody_has(engine: Engine) {
    let scratch = Scratch::empty(engine).await;
    teams(&scratch).await;
    scratch
        .run(
            "DROP TABLE core_role;
             DROP TABLE core_teammember;
             CREATE TABLE core_role (id integer PRIMARY KEY, name varchar(20), created_by_id integer,
               parent_id integer, FOREIGN KEY (created_by_id) REFERENCES core_user (id),
               FOREIGN KEY (parent_id) REFERENCES core_role (id));
             INSERT INTO core_role VALUES (1, 'admin', 1, NULL), (2, 'coach', 1, 1)",
        )
        .await;
    let database = scratch.connected(&config("")).await;
    let mut findings = findings(&database).await;
    findings.retain(|finding| finding.code == "groups-elsewhere");
    assert!(findings.is_empty(), "{findings:?}");
}
