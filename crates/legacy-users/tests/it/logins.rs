//! Every rule of who a login means, on each engine.

use legacy_users::LegacyDatabase;
use migration_model::{LoginColumn, LoginMatch};

use crate::scratch::{BOTH_LOGINS, Engine, Scratch, found, found_user};

crate::on_each_engine! {
    an_exact_username_wins_over_one_that_differs_by_case
    a_login_typed_in_another_case_finds_its_only_user
    a_login_that_two_share_but_for_case_is_ambiguous
    an_email_twin_typed_exactly_is_that_user
    an_email_that_two_users_have_is_ambiguous_however_it_is_typed
    a_username_that_is_anothers_email_means_both_in_turn
    accents_are_letters_of_their_own
    names_beyond_ascii_are_found_in_any_case
    compatibility_forms_are_one_login
    spaces_count
    hostile_logins_are_nobodys
    many_users_with_one_email_are_ambiguous_unless_one_is_exact
    another_holder_of_the_email_is_noticed
    sharing_is_not_looked_for_where_it_has_no_consequence
    a_verified_address_finds_its_owner_and_comes_before_the_email_column
    an_unverified_address_finds_nobody
    allauth_says_which_emails_are_verified
    a_column_that_is_no_text_can_be_a_login
}

/// On MySQL two names that differ by case alone need a collation that tells them apart.
async fn django_that_tells_case(engine: Engine) -> Scratch {
    let options = match engine {
        Engine::MySql => "COLLATE utf8mb4_bin",
        _ => "",
    };
    let scratch = Scratch::with_options(engine, options).await;
    scratch.make_django_tables().await;
    scratch
}

async fn with_users(scratch: &Scratch, users: &[(i64, &str, &str)]) -> LegacyDatabase {
    let inserts = users
        .iter()
        .map(|(id, username, email)| scratch.user_insert(*id, username, email));
    scratch.run(&inserts.collect::<String>()).await;
    scratch.connected(BOTH_LOGINS).await
}

async fn an_exact_username_wins_over_one_that_differs_by_case(engine: Engine) {
    let scratch = django_that_tells_case(engine).await;
    let users = [(1, "Bob", "b1@example.com"), (2, "bob", "b2@example.com")];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "bob").await, "2");
    assert_eq!(found(&database, "Bob").await, "1");
    assert_eq!(found(&database, "BOB").await, "several");
}

async fn a_login_typed_in_another_case_finds_its_only_user(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let database = with_users(&scratch, &[(7, "CamelCase", "Camel.Case@Example.COM")]).await;
    for login in [
        "CamelCase",
        "camelcase",
        "CAMELCASE",
        "camel.case@example.com",
    ] {
        assert_eq!(found(&database, login).await, "7", "{login}");
    }
    let by_email = database
        .find_by_login("CAMEL.CASE@example.com")
        .await
        .expect("an answer");
    assert!(matches!(by_email, LoginMatch::One(_, LoginColumn::Email)));
    for login in [
        "camel",
        "camelcase2",
        "%",
        "camelcas_",
        "camel.case@example.org",
    ] {
        assert_eq!(found(&database, login).await, "nobody", "{login}");
    }
}

async fn a_login_that_two_share_but_for_case_is_ambiguous(engine: Engine) {
    let scratch = django_that_tells_case(engine).await;
    let users = [
        (1, "Odd.Name", "o1@example.com"),
        (2, "ODD.NAME", "o2@example.com"),
    ];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "odd.name").await, "several");
    assert_eq!(found(&database, "ODD.NAME").await, "2");
}

async fn an_email_twin_typed_exactly_is_that_user(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [(1, "a", "Twin@example.com"), (2, "b", "twin@example.com")];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "twin@example.com").await, "2");
    assert_eq!(found(&database, "Twin@example.com").await, "1");
    assert_eq!(found(&database, "TWIN@example.com").await, "several");
}

async fn an_email_that_two_users_have_is_ambiguous_however_it_is_typed(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "a", "shared@example.com"),
        (2, "b", "shared@example.com"),
    ];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "shared@example.com").await, "several");
    assert_eq!(found(&database, "Shared@example.com").await, "several");
    assert_eq!(found(&database, "a").await, "1");
}

async fn a_username_that_is_anothers_email_means_both_in_turn(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "claimed@example.com", "x@example.com"),
        (2, "b", "Claimed@example.com"),
    ];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "Claimed@example.com").await, "1, then 2");
}

async fn accents_are_letters_of_their_own(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "josé", "café@example.com"),
        (2, "strasse", "s@example.com"),
    ];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "josé").await, "1");
    for login in ["jose", "JOSE", "cafe@example.com", "straße"] {
        assert_eq!(found(&database, login).await, "nobody", "{login}");
    }
    assert_eq!(found(&database, "café@example.com").await, "1");
}

async fn names_beyond_ascii_are_found_in_any_case(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "BJÖRN.ÅSTRÖM", "Éloïse.Müller@Example.com"),
        (2, "Ольга.Петрова", "o@example.com"),
        (3, "佐藤.美咲", "s@example.com"),
    ];
    let database = with_users(&scratch, &users).await;
    for (login, id) in [
        ("björn.åström", "1"),
        ("BJÖRN.ÅSTRÖM", "1"),
        ("éloïse.müller@example.com", "1"),
        ("ольга.петрова", "2"),
        ("ОЛЬГА.ПЕТРОВА", "2"),
        ("佐藤.美咲", "3"),
    ] {
        assert_eq!(found(&database, login).await, id, "{login}");
    }
}

async fn compatibility_forms_are_one_login(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "fiona7", "f@example.com"),
        (2, "zoë", "jose\u{301}@example.com"),
    ];
    let database = with_users(&scratch, &users).await;
    assert_eq!(found(&database, "ﬁona７").await, "1");
    assert_eq!(found(&database, "zoe\u{308}").await, "2");
    assert_eq!(found(&database, "ZOE\u{308}").await, "2");
    assert_eq!(
        found(&database, "josé@example.com").await,
        "2",
        "stored decomposed"
    );
}

async fn spaces_count(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let database = with_users(&scratch, &[(1, " around ", "x@example.com")]).await;
    assert_eq!(found(&database, " around ").await, "1");
    for login in ["around", " around", "around ", " around  "] {
        assert_eq!(found(&database, login).await, "nobody", "{login:?}");
    }
    let scratch = Scratch::django(engine).await;
    let database = with_users(&scratch, &[(1, "bob", "x@example.com")]).await;
    assert_eq!(found(&database, "bob ").await, "nobody");
}

async fn hostile_logins_are_nobodys(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let database = with_users(&scratch, &[(1, "o'hara\\\"`;--", "")]).await;
    for login in [
        "",
        "\0",
        "bob\0",
        "' OR 1=1 --",
        "\" OR \"\"=\"",
        "` OR 1=1",
        "\\' OR 1=1 #",
        "$1",
        "?",
        "%",
        "😀",
        "\u{fffd}\u{202e}\u{feff}",
    ] {
        assert_eq!(found(&database, login).await, "nobody", "{login:?}");
    }
    assert_eq!(found(&database, &"x".repeat(100_000)).await, "nobody");
    assert_eq!(found(&database, &"Ä".repeat(5_000)).await, "nobody");
    assert_eq!(found(&database, "o'hara\\\"`;--").await, "1");
    assert_eq!(found(&database, "O'HARA\\\"`;--").await, "1");
}

async fn many_users_with_one_email_are_ambiguous_unless_one_is_exact(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let mut inserts = String::new();
    for id in 1..=80 {
        inserts += &scratch.user_insert(id, &format!("user{id}"), "info@example.com");
    }
    inserts += &scratch.user_insert(99, "user99", "Info@example.com");
    scratch.run(&inserts).await;
    let database = scratch.connected(BOTH_LOGINS).await;
    assert_eq!(found(&database, "info@example.com").await, "several");
    assert_eq!(found(&database, "INFO@example.com").await, "several");
    assert_eq!(found(&database, "Info@example.com").await, "99");
    assert!(found_user(&database, "user99").await.email_shared);
}

async fn another_holder_of_the_email_is_noticed(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "a", "Shared@example.com"),
        (2, "b", "shared@example.com"),
        (3, "c", "josé@example.com"),
        (4, "d", "jose@example.com"),
        (5, "e", ""),
        (6, "f", ""),
    ];
    let database = with_users(&scratch, &users).await;
    assert!(found_user(&database, "a").await.email_shared);
    assert!(
        found_user(&database, "shared@example.com")
            .await
            .email_shared
    );
    for alone in ["c", "d", "e", "f"] {
        assert!(!found_user(&database, alone).await.email_shared, "{alone}");
    }
}

async fn sharing_is_not_looked_for_where_it_has_no_consequence(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    with_users(
        &scratch,
        &[(1, "a", "s@example.com"), (2, "b", "s@example.com")],
    )
    .await;
    let unverified = "[legacy]\nlogin = [\"username\"]";
    let database = scratch.connected(unverified).await;
    assert!(!found_user(&database, "a").await.email_shared);
    let verified = "[legacy]\nlogin = [\"username\"]\nemail_verified = \"always\"";
    let database = scratch.connected(verified).await;
    assert!(found_user(&database, "a").await.email_shared);
}

const ALLAUTH: &str = r#"
    [legacy]
    login = ["username", "email"]
    email_verified = "allauth"
"#;

async fn a_verified_address_finds_its_owner_and_comes_before_the_email_column(engine: Engine) {
    let scratch = django_that_tells_case(engine).await;
    with_users(
        &scratch,
        &[
            (1, "a", "one@example.com"),
            (2, "b", "one@example.com"),
            (3, "c", "three@example.com"),
        ],
    )
    .await;
    scratch.add_address(1, "one@example.com", true).await;
    scratch.add_address(2, "one@example.com", false).await;
    scratch.add_address(3, "Secondary@example.org", true).await;
    let database = scratch.connected(ALLAUTH).await;
    // allauth: "if there is a user with a verified email than that user should be returned".
    assert_eq!(found(&database, "one@example.com").await, "1");
    assert_eq!(found(&database, "secondary@example.org").await, "3");
    let third = found_user(&database, "secondary@example.org").await;
    let email = third.email.as_deref();
    assert_eq!(
        (email, third.email_verified),
        (Some("Secondary@example.org"), true)
    );
    let third = found_user(&database, "c").await;
    let email = third.email.as_deref();
    assert_eq!(
        (email, third.email_verified),
        (Some("three@example.com"), false)
    );
    assert_eq!(
        found(&database, "three@example.com").await,
        "3",
        "the e-mail column"
    );
    // Two spellings of one user are one user; two users are several.
    scratch.add_address(3, "secondary@Example.org", true).await;
    assert_eq!(found(&database, "secondary@example.org").await, "3");
    scratch.add_address(1, "SECONDARY@example.org", true).await;
    assert_eq!(found(&database, "secondary@example.org").await, "several");
    assert_eq!(
        found(&database, "SECONDARY@example.org").await,
        "1",
        "exactly"
    );
}

async fn an_unverified_address_finds_nobody(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    with_users(&scratch, &[(1, "a", "one@example.com")]).await;
    scratch.add_address(1, "new@example.org", false).await;
    let database = scratch.connected(ALLAUTH).await;
    assert_eq!(found(&database, "new@example.org").await, "nobody");
}

async fn allauth_says_which_emails_are_verified(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    let users = [
        (1, "verified", "one@example.com"),
        (2, "unverified", "two@example.com"),
        (3, "none", "three@example.com"),
        (4, "drifted", "four@example.com"),
        (5, "by.case", "Five@Example.com"),
        (6, "another", "one@example.com"),
    ];
    with_users(&scratch, &users).await;
    scratch.add_address(1, "one@example.com", true).await;
    scratch.add_address(2, "two@example.com", false).await;
    scratch.add_address(4, "four.new@example.com", true).await;
    scratch.add_address(5, "five@example.com", true).await;
    let database = scratch.connected(ALLAUTH).await;
    for (login, verified) in [
        ("verified", true),
        ("unverified", false),
        ("none", false),
        ("drifted", false),
        ("by.case", true),
        ("another", false),
    ] {
        let user = found_user(&database, login).await;
        assert_eq!(user.email_verified, verified, "{login}");
    }
}

async fn a_column_that_is_no_text_can_be_a_login(engine: Engine) {
    let scratch = Scratch::django(engine).await;
    scratch
        .run("ALTER TABLE auth_user ADD COLUMN employee_no bigint")
        .await;
    scratch.add_user(1, "a", "a@example.com").await;
    scratch.run("UPDATE auth_user SET employee_no = 4711").await;
    let config = "[legacy]\nlogin = [\"employee_no\", \"date_joined\"]";
    let database = scratch.connected(config).await;
    assert_eq!(found(&database, "4711").await, "1");
    for login in [
        "04711",
        "4711x",
        "99999999999999999999",
        "4711.0",
        "' OR 1=1",
    ] {
        assert_eq!(found(&database, login).await, "nobody", "{login}");
    }
}
