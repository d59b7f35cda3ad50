//! cutover.toml: what is read, and how each fault is said.

use std::path::Path;

use migration_model::{
    AttributeSource, Config, EmailVerifiedRule, ExcludedNames, Flag, InactiveUsers, LoginColumn,
    OnInvalid, PoolSignIn,
};

fn parse(text: &str) -> Result<Config, migration_model::ConfigError> {
    Config::parse(text, Path::new("conf/cutover.toml"), None)
}

/// The fault of a text as `line | message | hint`.
fn fault(text: &str) -> String {
    let error = parse(text).expect_err("the text is faulty");
    assert!(
        error.to_string().starts_with("conf/cutover.toml:"),
        "{error}"
    );
    format!(
        "{} | {} | {}",
        error.line.unwrap_or(0),
        error.message,
        error.hint
    )
}

#[test]
fn an_empty_file_means_djangos_defaults() {
    let config = parse("").expect("an empty file is fine");
    assert_eq!(config.legacy.user_table, "auth_user");
    assert_eq!(config.legacy.login, [LoginColumn::Username]);
    assert_eq!(config.legacy.email_verified, EmailVerifiedRule::Never);
    assert_eq!(config.legacy.columns.resolve("email"), "email");
    assert_eq!(config.sign_in(), PoolSignIn::Username);
    assert!(config.mapping.groups.carry);
    assert!(config.legacy.url.is_none() && config.pool.is_none());
}

#[test]
fn every_documented_key_is_read() {
    let text = r#"
        [legacy]
        url = "sqlite://legacy.sqlite3"
        user_table = "people_person"
        user_groups_table = "people_person_groups"
        links_table = "cutover_django_cognitolink"
        login = ["username", "email"]
        email_verified = "column:mail_ok"
        [legacy.columns]
        id = "person_id"
        email = "mail"
        [attributes]
        email = "email"
        "custom:legacy_id" = "id"
        "custom:groups" = "groups"
        [groups]
        carry = true
        staff = "staff"
        names = { "Content Editors" = "editors" }
        precedence = { editors = 10, "Night%20Shift" = 0 }
        [identities]
        allauth = { google = "Google" }
        [hashers]
        pbkdf2_sha256_pinned = "pbkdf2_sha256"
        pbkdf2_wrapped_sha1 = { outer = "pbkdf2_sha256", inner = "sha1" }
        [import]
        inactive = "hold"
        [pool]
        region = "eu-west-1"
        user_pool_id = "eu-west-1_abc123"
        client_id = "client"
    "#;
    let config = parse(text).expect("every key is known");
    let url = config.legacy.url.as_ref().expect("a url");
    assert_eq!(url.expose(), "sqlite://conf/legacy.sqlite3");
    assert_eq!(
        config.legacy.links_table.as_deref(),
        Some("cutover_django_cognitolink")
    );
    assert_eq!(config.legacy.columns.resolve("email"), "mail");
    assert_eq!(config.legacy.columns.resolve("nickname"), "nickname");
    assert_eq!(
        config.legacy.email_verified,
        EmailVerifiedRule::Flag(Flag::Column("mail_ok".to_owned()))
    );
    assert_eq!(config.sign_in(), PoolSignIn::UsernameOrEmail);
    assert_eq!(config.import.inactive, InactiveUsers::Hold);
    let precedence = &config.mapping.groups.precedence;
    assert_eq!(precedence.get("editors"), Some(&10));
    assert_eq!(precedence.get("Night%20Shift"), Some(&0));
    let google = config.identities.allauth.get("google");
    assert_eq!(google.map(String::as_str), Some("Google"));
    assert_eq!(
        config.mapping.attributes.legacy_id_attribute("person_id"),
        Some("custom:legacy_id")
    );
    assert_eq!(
        config
            .mapping
            .groups
            .cognito_name("Content Editors")
            .as_deref(),
        Some("editors")
    );
    assert_eq!(
        config.pool.expect("a pool").user_pool_id,
        "eu-west-1_abc123"
    );
}

#[test]
fn the_environment_overrides_the_files_url() {
    let text = "[legacy]\nurl = \"sqlite://a.db\"";
    let config = Config::parse(text, Path::new("cutover.toml"), Some("postgres://db/x"));
    let config = config.expect("both URLs are fine");
    assert_eq!(config.legacy.url.expect("a url").engine(), "postgres");
}

#[test]
fn unknown_keys_are_refused_with_line_and_nearest_known_key() {
    assert_eq!(
        fault("[legacy]\nusr_table = \"x\""),
        "2 | unknown key `usr_table` | did you mean `user_table`?"
    );
    assert_eq!(
        fault("\n\n[legcy]\nurl = \"x\""),
        "3 | unknown key `legcy` | did you mean `legacy`?"
    );
    assert_eq!(
        fault("[legacy.columns]\nfirstname = \"x\""),
        "2 | unknown key `firstname` | did you mean `first_name`?"
    );
    assert_eq!(
        fault("[pool]\nregion = \"r\"\nuser_pool = \"p\""),
        "3 | unknown key `user_pool` | did you mean `user_pool_id`?"
    );
}

#[test]
fn wrong_values_name_line_key_and_what_to_write() {
    for (text, line, says) in [
        (
            "[legacy]\nurl = \"oracle://db\"",
            2,
            "sqlite:, postgres: or mysql:",
        ),
        ("[legacy]\n\nlogin = []", 3, "[legacy] login is empty"),
        ("[legacy]\nlogin = [\"email\", \"email\"]", 2, "twice"),
        ("[legacy]\nlogin = \"email\"", 2, "`login`"),
        (
            "[legacy]\nemail_verified = \"yes\"",
            2,
            "never, always, allauth or column:NAME",
        ),
        (
            "[legacy]\nuser_table = \"a; drop table b\"",
            2,
            "letters, digits",
        ),
        ("[legacy]\nuser_table = \"a.b.c\"", 2, "letters, digits"),
        (
            "[attributes]\ngivenname = \"x\"",
            2,
            "did you mean `given_name`?",
        ),
        ("[attributes]\nsub = \"id\"", 2, "Cognito chooses it"),
        ("[hashers]\nmine = \"nonsense\"", 2, "[hashers] mine"),
        (
            "[hashers]\nmine = { outer = \"pbkdf2_sha256\" }",
            2,
            "outer",
        ),
        ("[groups]\nstaff = \"the staff\"", 2, "without spaces"),
        ("[import]\ninactive = \"gone\"", 2, "disabled"),
        ("[pool]\nregion = \"eu-west-1\"", 1, "user_pool_id"),
        ("[legacy\nurl = 1", 1, ""),
    ] {
        let said = fault(text);
        assert!(
            said.starts_with(&format!("{line} | ")),
            "{text:?} gave {said}"
        );
        assert!(said.contains(says), "{text:?} gave {said}");
    }
}

#[test]
fn no_fault_repeats_a_database_password() {
    for text in [
        "[legacy]\nlogin = \"mysql://app:hunter2@db/x\"",
        "[legacy]\nurl = \"ftp://app:hunter2@db/x\"",
        "[legacy]\nemail_verified = \"mysql://app:hunter2@db/x\"",
        "[groups]\ncarry = \"mysql://app:hunter2@db/x\"",
    ] {
        assert!(!fault(text).contains("hunter2"), "{}", fault(text));
    }
    let config = parse("[legacy]\nurl = \"mysql://app:hunter2@db/x\"").expect("a fine url");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_digest_changes_with_whatever_changes_who_gets_what() {
    let digest = |text: &str| parse(text).expect("fine").digest();
    let base = digest("");
    assert_eq!(base, digest("[legacy]\nuser_table = \"auth_user\""));
    assert_eq!(base, digest("[legacy]\nurl = \"sqlite://other.db\""));
    for text in [
        "[legacy]\nuser_table = \"u\"",
        "[legacy]\nlogin = [\"email\"]",
        "[legacy]\nemail_verified = \"always\"",
        "[legacy.columns]\nemail = \"mail\"",
        "[attributes]\nemail = \"email\"",
        "[groups]\ncarry = false",
        "[hashers]\na = \"pbkdf2_sha256\"",
    ] {
        assert_ne!(base, digest(text), "{text}");
    }
}

#[test]
fn precedences_and_providers_that_cognito_cannot_have_are_refused() {
    for (text, said) in [
        (
            "[groups]\nprecedence = { x = -1 }",
            "precedence is out of range",
        ),
        (
            "[groups]\nprecedence = { x = 2147483648 }",
            "precedence is out of range",
        ),
        (
            "[groups]\nprecedence = { \"a b\" = 1 }",
            "names a group that Cognito cannot have",
        ),
        (
            "[identities]\nallauth = { google = \"\" }",
            "provider name Cognito refuses",
        ),
        (
            "[identities]\nallauth = { google = \"My Google\" }",
            "provider name Cognito refuses",
        ),
    ] {
        let fault = fault(text);
        assert!(
            fault.starts_with("2 | ") && fault.contains(said),
            "{text}: {fault}"
        );
    }
}

#[test]
fn conditions_flags_and_joins_are_read_from_where_they_stand() {
    let config = parse(
        r#"
        [legacy]
        user_table = '"Beta-Co".app_user'
        where = "is_bot != true and deleted_at is null"
        excluded_names = "free"
        email_verified = "notnull:confirmed_at"
        unusable_password = "is_password_autoset"
        [legacy.columns]
        is_active = "not:is_banned"
        is_staff = "role in ('staff', 'admin')"
        username = "{realm.name}.{username}"
        [legacy.joins.realm]
        table = "app_realm"
        on = "id"
        users = "realm_id"
        columns = ["name"]
        [attributes]
        on_invalid = "hold"
        "custom:source" = "=django"
        preferred_username = "column:username"
        [groups]
        members_table = "app_user_roles"
        name = "title"
        ignore = ["app_user_teams"]
        [[groups.source]]
        column = "role"
        prefix = "role:"
        "#,
    )
    .expect("every key is known");
    let legacy = &config.legacy;
    assert_eq!(legacy.user_table, "\"Beta-Co\".app_user");
    let included = legacy.included.as_ref().expect("a condition");
    assert_eq!(included.comparisons.len(), 2);
    assert_eq!(legacy.excluded_names, ExcludedNames::Free);
    assert_eq!(
        legacy.columns.flag("is_active"),
        Flag::Not("is_banned".to_owned())
    );
    assert!(legacy.columns.is_computed("is_staff"));
    assert_eq!(
        legacy.columns.flag("is_superuser"),
        Flag::Column("is_superuser".to_owned())
    );
    assert!(legacy.columns.username_template().is_some());
    assert_eq!(legacy.columns.resolve("column:username"), "username");
    assert_eq!(legacy.joins["realm"].users.as_deref(), Some("realm_id"));
    let names: Vec<_> = config.mapping.attributes.iter().collect();
    assert_eq!(
        names.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["custom:legacy_id", "custom:source", "preferred_username"],
        "the legacy id goes along"
    );
    assert_eq!(names[1].1, &AttributeSource::Constant("django".to_owned()));
    assert_eq!(config.mapping.attributes.on_invalid(), OnInvalid::Hold);
    let sources: Vec<_> = legacy
        .group_sources
        .iter()
        .map(|source| (source.members_table.as_deref(), source.prefix.as_str()))
        .collect();
    assert_eq!(sources, [(Some("app_user_roles"), ""), (None, "role:")]);
}

#[test]
fn the_legacy_id_goes_along_unless_another_attribute_has_it() {
    let attribute = |text: &str| {
        let config = parse(text).expect("fine");
        let id = config.legacy.columns.resolve("id").to_owned();
        let attributes = &config.mapping.attributes;
        attributes.legacy_id_attribute(&id).map(str::to_owned)
    };
    assert_eq!(attribute("").as_deref(), Some("custom:legacy_id"));
    let other = "[attributes]\n\"custom:old\" = \"id\"";
    assert_eq!(attribute(other).as_deref(), Some("custom:old"));
    let own = "[legacy.columns]\nid = \"pk\"\n[attributes]\n\"custom:old\" = \"column:pk\"";
    assert_eq!(attribute(own).as_deref(), Some("custom:old"));
    // Whoever says that it is something else is told by import and attachment.
    assert_eq!(
        attribute("[attributes]\n\"custom:legacy_id\" = \"email\""),
        None
    );
}

#[test]
fn faults_of_the_newer_keys_say_what_to_write() {
    for (text, says) in [
        ("[legacy]\nwhere = \"a = 1 or b = 2\"", "`or`"),
        ("[legacy]\nwhere = \"lower(a) = 'x'\"", "does not compare"),
        ("[legacy]\nemail_verified = \"not: a b\"", "no such rule"),
        ("[legacy.columns]\nis_active = \"not a flag\"", "is_active"),
        ("[legacy.columns]\nusername = \"{a}{b}\"", "in braces"),
        ("[legacy]\nuser_table = '\"a'", "double quotes"),
        ("[attributes]\non_invalid = \"skip\"", "\"drop\""),
        (
            "[groups]\ncolumn = \"role\"\nmembers_table = \"m\"",
            "two ways",
        ),
        (
            "[[groups.source]]\ntable = \"t\"",
            "neither members_table nor column",
        ),
        (
            "[legacy]\nuser_groups_table = \"a\"\n[groups]\nmembers_table = \"b\"",
            "one thing",
        ),
        (
            "[legacy.joins.\"a b\"]\ntable = \"t\"\non = \"x\"\ncolumns = []",
            "no column could have",
        ),
    ] {
        let fault = fault(text);
        assert!(fault.contains(says), "{text}: {fault}");
    }
}
