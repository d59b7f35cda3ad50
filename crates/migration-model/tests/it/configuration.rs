//! cutover.toml: what is read, and how each fault is said.

use std::path::Path;

use migration_model::{Config, EmailVerifiedRule, InactiveUsers, LoginColumn, PoolSignIn};

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
        EmailVerifiedRule::Column("mail_ok".to_owned())
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
