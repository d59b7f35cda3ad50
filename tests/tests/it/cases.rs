//! Small databases, each with something that real applications have and that once went wrong in
//! silence: what `inspect` says of it, and what comes of it at sign-in and import. The password of
//! everybody in them is the first of [`small_app::PASSWORDS`].

use acceptance_tests::{Engine, Finished, Shape, TestFolder, Workplace};
use serde_json::Value;

use crate::small_app::PASSWORDS;

const PASSWORD: &str = PASSWORDS[0].0;

/// A folder with the database that these statements make, and this configuration.
fn case(sql: &str, config: &str) -> Workplace {
    let folder = TestFolder::new();
    folder.write("cutover.toml", config);
    let mut workplace = Workplace::of_folder(folder, Shape::Stock);
    workplace.legacy_mut().execute(&statements(sql));
    workplace
}

/// One by one: comments end at their line, statements at a semicolon at the end of one.
fn statements(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| match line.split_once("--") {
        Some((before, _)) => before.trim_end().to_owned(),
        None => line.to_owned(),
    });
    let text: Vec<String> = lines.collect();
    let statements = text.join("\n");
    let statements = statements
        .split(";\n")
        .map(|one| one.trim().trim_end_matches(';'));
    statements
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What inspect found, as its JSON has it, and how it ended.
fn inspected(workplace: &Workplace) -> (Value, Finished) {
    let inspect = ["inspect", "--json", "inspection.json"];
    let finished = workplace.cutover(&inspect).run();
    assert!(matches!(finished.code(), Some(0 | 1)), "{finished:?}");
    (workplace.folder().json("inspection.json"), finished)
}

fn finding<'a>(inspection: &'a Value, code: &str) -> Option<&'a Value> {
    let findings = inspection["findings"]
        .as_array()
        .expect("a list of findings");
    findings.iter().find(|finding| finding["code"] == code)
}

fn subject<'a>(inspection: &'a Value, code: &str) -> &'a str {
    let finding = finding(inspection, code).unwrap_or_else(|| panic!("{code}: {inspection}"));
    finding["subject"].as_str().expect("a text")
}

fn refused(workplace: &Workplace) -> String {
    let finished = workplace.cutover(&["inspect"]).run();
    assert!(!matches!(finished.code(), Some(0)), "{finished:?}");
    finished.stderr
}

#[test]
fn inspect_tells_whom_the_import_will_hold() {
    let config = "[attributes]\nemail = \"email\"\n[groups]\nsuperuser = \"superusers\"";
    let workplace = case(include_str!("cases/collision.sql"), config);
    let (inspection, finished) = inspected(&workplace);
    assert_eq!(
        subject(&inspection, "login-collision"),
        "2 users would be held by an import"
    );
    assert!(
        finished.stdout.contains("2 users would be held"),
        "{finished:?}"
    );
    // The import says the same.
    let pool = workplace.serve_pool();
    let planned = workplace
        .cutover(&["import", "--approve-password-reset"])
        .args(pool.as_target())
        .run()
        .expect_code(0);
    assert!(planned.stdout.contains("2  held"), "{planned:?}");
}

fn columns(legacy: &str, columns: &str, attributes: &str) -> Workplace {
    let config = format!(
        "[legacy]\nuser_table = \"app_user\"\n{legacy}\n[legacy.columns]\n{columns}\n\
         [attributes]\nemail = \"email\"\n{attributes}"
    );
    case(include_str!("cases/columns.sql"), &config)
}

#[test]
fn columns_that_cannot_mean_it_are_refused_with_what_to_write() {
    let slug = "login = [\"slug\"]";
    for (legacy, fields, says) in [
        (
            "email_verified = \"column:email_confirmed_at\"",
            "",
            "notnull:email_confirmed_at",
        ),
        (
            "email_verified = \"column:verified_text\"",
            "",
            "verified_text = 'x'",
        ),
        ("", "full_name = \"x\"", "full_name"),
        (
            "",
            "is_active = \"email_confirmed_at\"",
            "null:email_confirmed_at",
        ),
    ] {
        let told = refused(&columns(&format!("{slug}\n{legacy}"), fields, ""));
        assert!(told.contains(says), "{legacy} {fields}: {told}");
    }
    let missing = refused(&columns("login = [\"login\"]", "", ""));
    assert!(missing.contains("`login`"), "{missing}");
}

#[test]
fn columns_that_mean_the_opposite_block() {
    let slug = "login = [\"slug\"]";
    let negative = columns(slug, "is_active = \"is_deleted\"", "");
    let (inspection, finished) = inspected(&negative);
    finished.expect_code(1);
    let finding = finding(&inspection, "flag-means-opposite").expect("its name says so");
    assert!(
        finding["next_step"]
            .as_str()
            .is_some_and(|next| next.contains("not:is_deleted"))
    );
    let number = columns(
        &format!("{slug}\nemail_verified = \"column:requires_activation\""),
        "",
        "",
    );
    let (inspection, finished) = inspected(&number);
    finished.expect_code(1);
    assert!(subject(&inspection, "flag-not-boolean").contains("requires_activation"));
    let right = columns(slug, "is_active = \"not:is_deleted\"", "");
    let (inspection, _) = inspected(&right);
    assert_eq!(inspection["active"], 3, "{inspection}");
}

#[test]
fn logins_that_several_people_have_are_counted_by_inspect() {
    for login in ["username", "email"] {
        let workplace = columns(&format!("login = [\"{login}\"]"), "", "");
        let (inspection, _) = inspected(&workplace);
        let subject = subject(&inspection, "login-collision");
        assert_eq!(subject, "2 users would be held by an import", "{login}");
    }
}

#[test]
fn a_value_that_cognito_does_not_take_has_one_rule_at_sign_in_and_import() {
    let mapped = "phone_number = \"phone_number\"";
    let phone = "phone_number = \"phone\"";
    let slug = "login = [\"slug\"]";
    for (rule, moved) in [("drop", true), ("hold", false)] {
        let attributes = format!("{mapped}\non_invalid = \"{rule}\"");
        let workplace = columns(slug, phone, &attributes);
        let (inspection, _) = inspected(&workplace);
        let subject = subject(&inspection, "attribute-invalid");
        assert!(
            subject.starts_with("1 user with a value of phone_number"),
            "{subject}"
        );
        let pool = workplace.serve_pool();
        let mut client = pool.client();
        assert_eq!(client.sign_in("ann", PASSWORD).is_ok(), moved, "{rule}");
        workplace
            .cutover(&[
                "import",
                "--approve-password-reset",
                "--execute",
                "--run",
                "one",
            ])
            .args(pool.as_target())
            .run()
            .expect_code(0);
        let content = client.content();
        assert_eq!(content.contains_key("ann"), moved, "{rule}");
        assert!(content.contains_key("bob"), "{rule}");
        assert_eq!(
            content["bob"].attribute("phone_number"),
            Some("+4915112345678")
        );
        if moved {
            assert_eq!(content["ann"].attribute("phone_number"), None);
        }
    }
}

#[test]
fn a_columns_own_name_is_reached_past_a_renamed_field() {
    let workplace = columns("", "username = \"slug\"", "nickname = \"column:username\"");
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in("ann-2", PASSWORD)
        .expect("it is the password");
    let user = client.user("ann-2").expect("signed in");
    assert_eq!(user.attribute("nickname"), Some("Ann"));
}

const EXCLUDE: &str = "login = [\"username\", \"email\"]\nemail_verified = \"always\"\n";

#[test]
fn bots_and_the_deleted_stay_out_of_everything() {
    let condition = "is_bot = false and deleted_at is null and username != 'AnonymousUser'";
    let by_where =
        format!("[legacy]\n{EXCLUDE}where = \"{condition}\"\n[attributes]\nemail = \"email\"");
    let by_view =
        format!("[legacy]\n{EXCLUDE}user_table = \"people\"\n[attributes]\nemail = \"email\"");
    for (config, excluded) in [(by_where, 3), (by_view, 0)] {
        let workplace = case(include_str!("cases/exclude.sql"), &config);
        let (inspection, finished) = inspected(&workplace);
        let finished = finished.expect_code(0);
        assert_eq!(inspection["users"], 1);
        assert_eq!(inspection["excluded"], excluded);
        assert!(
            !finished.stdout.contains("CREATE INDEX") || excluded > 0,
            "{finished:?}"
        );
        let pool = workplace.serve_pool();
        let mut client = pool.client();
        for login in ["leaver", "hook-bot", "AnonymousUser", "hook@example.com"] {
            let unknown = client
                .sign_in("nobody-at-all", PASSWORD)
                .expect_err("unknown");
            let refusal = client.sign_in(login, PASSWORD).expect_err("excluded");
            assert_eq!(refusal, unknown, "{login}");
        }
        client.sign_in("ann", PASSWORD).expect("it is the password");
        workplace
            .cutover(&[
                "import",
                "--approve-password-reset",
                "--execute",
                "--run",
                "one",
            ])
            .args(pool.as_target())
            .run()
            .expect_code(0);
        let content = client.content();
        assert_eq!(content.keys().collect::<Vec<_>>(), ["ann"]);
        workplace
            .cutover(&["reconcile"])
            .args(pool.as_target())
            .run()
            .expect_code(0);
    }
}

#[test]
fn groups_of_an_apps_own_model_come_along() {
    let config = "[legacy]\nuser_table = \"users_user\"\n[attributes]\nemail = \"email\"\n\
                  \"custom:groups\" = \"groups\"";
    let workplace = case(include_str!("cases/grouptable.sql"), config);
    let (inspection, finished) = inspected(&workplace);
    finished.expect_code(0);
    assert_eq!(inspection["in_groups"], 1);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in("eng0", PASSWORD)
        .expect("it is the password");
    let user = client.user("eng0").expect("signed in");
    assert_eq!(user.attribute("custom:groups"), Some("[\"readers\"]"));
}

#[test]
fn without_a_word_the_legacy_id_goes_along_and_people_are_known_again() {
    for (sql, config) in [
        (
            include_str!("cases/idless.sql"),
            "[attributes]\nemail = \"email\"",
        ),
        (
            include_str!("cases/collision.sql"),
            "[attributes]\nemail = \"email\"",
        ),
    ] {
        let workplace = case(sql, config);
        let pool = workplace.serve_pool();
        let mut client = pool.client();
        let name = match sql.contains("'ann'") {
            true => "ann",
            false => "zed",
        };
        client.sign_in(name, PASSWORD).expect("it is the password");
        assert!(client.user(name).expect("signed in").legacy_id().is_some());
        workplace
            .cutover(&["reconcile", "--fix", "--execute"])
            .args(pool.as_target())
            .run();
        let content = client.content();
        if name == "ann" {
            let groups: Vec<&str> = content["ann"].groups.iter().map(String::as_str).collect();
            assert_eq!(groups, ["editors"]);
        }
    }
}

#[test]
fn profiles_and_children_of_the_user_model_are_joined() {
    let config = r#"
        [legacy.joins.member]
        table = "people_member"
        on = "user_ptr_id"
        columns = ["phone", "member_no"]
        [legacy.joins.profile]
        table = "auth_userprofile"
        on = "user_id"
        columns = ["name"]
        [attributes]
        name = "profile.name"
        phone_number = "member.phone"
        "custom:member" = "member.member_no"
        "custom:source" = "=django"
    "#;
    let workplace = case(include_str!("cases/mti.sql"), config);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client.sign_in("ann", PASSWORD).expect("it is the password");
    let user = client.user("ann").expect("signed in");
    for (attribute, value) in [
        ("name", "Ann Lee"),
        ("phone_number", "+4915112345678"),
        ("custom:member", "M-001"),
        ("custom:source", "django"),
    ] {
        assert_eq!(user.attribute(attribute), Some(value), "{attribute}");
    }
    // A view of everything is as good.
    let view = case(
        include_str!("cases/mti.sql"),
        "[legacy]\nuser_table = \"v\"",
    );
    let (_, finished) = inspected(&view);
    finished.expect_code(0);
}

#[test]
fn a_right_password_lets_in_whatever_is_mapped() {
    for attributes in [
        "",
        "[attributes]\nemail = \"email\"\ngiven_name = \"first_name\"",
    ] {
        let workplace = case(include_str!("cases/noattr.sql"), attributes);
        let pool = workplace.serve_pool();
        let mut client = pool.client();
        for login in ["bob", "amy"] {
            client.sign_in(login, PASSWORD).expect("it is the password");
        }
    }
}

#[test]
fn a_copy_without_the_permission_tables_is_rehearsed_to_its_end() {
    let config = "[attributes]\nemail = \"email\"";
    let workplace = case(include_str!("cases/partialcopy.sql"), config);
    workplace
        .cutover(&["rehearse", "--out", "report"])
        .run()
        .expect_code(0);
}

fn on_postgres(name: &str, sql: &str, config: &str) -> Workplace {
    let folder = TestFolder::new();
    folder.write("cutover.toml", config);
    let mut workplace = Workplace::on_server(folder, Engine::Postgres, name);
    workplace.legacy_mut().execute(&statements(sql));
    workplace
}

#[test]
fn memberships_in_a_table_nobody_named_block_until_they_are_named() {
    let sql = format!(
        "{}\nINSERT INTO core_user (username, email, password) VALUES ('ann', 'ann@example.com', '{}');\n\
         INSERT INTO core_group VALUES ('d2e7fc83-4748-4f18-bdcc-d739c685de56', 'admins');\n\
         INSERT INTO core_user_ak_groups (user_id, group_id) VALUES (1, 'd2e7fc83-4748-4f18-bdcc-d739c685de56');\n",
        include_str!("cases/grouppk.sql"),
        PASSWORDS[0].1
    );
    let silent = "[legacy]\nuser_table = \"core_user\"";
    let workplace = on_postgres("grouppk", &sql, silent);
    let (inspection, finished) = inspected(&workplace);
    finished.expect_code(1);
    assert_eq!(
        subject(&inspection, "groups-elsewhere"),
        "core_user_ak_groups.group_id"
    );
    let pool = workplace.serve_pool();
    let blocked = workplace
        .cutover(&["import", "--approve-password-reset"])
        .args(pool.as_target())
        .run();
    assert!(blocked.stdout.contains("BLOCKER"), "{blocked:?}");
    drop(pool);
    let named = format!("{silent}\n[groups]\nmembers_table = \"core_user_ak_groups\"");
    workplace.folder().write("cutover.toml", named);
    let (inspection, finished) = inspected(&workplace);
    finished.expect_code(0);
    assert_eq!(inspection["in_groups"], 1);
}

#[test]
fn a_schema_of_any_name_and_moments_for_flags_are_read_on_postgres() {
    let sql = include_str!("cases/pg.sql").replace("accounts_user", "\"Beta-Co\".accounts_user");
    let config = r#"
        [legacy]
        user_table = '"Beta-Co".accounts_user'
        login = ["email"]
        email_verified = "notnull:email_verified_at"
        [legacy.columns]
        is_active = "null:deleted_at"
        [attributes]
        email = "email"
        name = "name"
    "#;
    let workplace = on_postgres("schema", &sql, config);
    let (inspection, finished) = inspected(&workplace);
    finished.expect_code(0);
    for (key, number) in [("users", 3), ("active", 2), ("with_verified_email", 2)] {
        assert_eq!(inspection[key], number, "{key}");
    }
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in("ann@example.com", PASSWORD)
        .expect("it is the password");
    client
        .sign_in("gone@example.com", PASSWORD)
        .expect_err("deleted");
    drop(pool);
    let moment = config.replace("null:deleted_at", "deleted_at");
    workplace.folder().write("cutover.toml", moment);
    let told = refused(&workplace);
    assert!(told.contains("null:deleted_at"), "{told}");
}
