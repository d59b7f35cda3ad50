//! map_user: what a legacy user becomes, and every fault that stands in the way.

use std::collections::BTreeMap;
use std::path::Path;

use django_password::EncodedPassword;
use migration_model::{Config, LegacyId, LegacyUser, MappingFault, Reason, UserMapping, map_user};

pub(crate) fn legacy_user() -> LegacyUser {
    LegacyUser {
        id: LegacyId::Integer(7),
        username: Some("ada".to_owned()),
        email: Some("ada@example.com".to_owned()),
        email_verified: true,
        email_shared: false,
        phone_number: None,
        phone_verified: false,
        encoded_password: EncodedPassword::new("!"),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        last_login: None,
        date_joined: None,
        columns: BTreeMap::from([
            ("email".to_owned(), Some("ada@example.com".to_owned())),
            ("id".to_owned(), Some("7".to_owned())),
            ("first_name".to_owned(), Some(String::new())),
        ]),
        groups: vec!["Content Editors".to_owned(), "staff".to_owned()],
        unreadable: None,
    }
}

fn mapping(text: &str) -> UserMapping {
    Config::parse(text, Path::new("cutover.toml"), None)
        .expect("a fine text")
        .mapping
}

const BOTH_LOGINS: &str = r#"
    [legacy]
    login = ["username", "email"]
    [attributes]
    email = "email"
    given_name = "first_name"
    "custom:legacy_id" = "id"
"#;

#[test]
fn a_plain_user_becomes_username_attributes_and_groups_without_empty_values() {
    let (user, faults) = map_user(&legacy_user(), &mapping(BOTH_LOGINS));
    assert_eq!(faults, []);
    assert_eq!(user.username, "ada");
    assert!(user.enabled && user.has_verified_contact());
    let attributes: Vec<_> = user
        .attributes
        .iter()
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    assert_eq!(
        attributes,
        [
            "custom:legacy_id=7",
            "email=ada@example.com",
            "email_verified=true"
        ]
    );
    assert_eq!(user.groups, ["Content%20Editors", "staff"]);
}

#[test]
fn a_shared_email_is_never_called_verified() {
    let user = LegacyUser {
        email_shared: true,
        ..legacy_user()
    };
    let (user, _) = map_user(&user, &mapping(BOTH_LOGINS));
    assert_eq!(
        user.attributes.get("email_verified").map(String::as_str),
        Some("false")
    );
    assert!(!user.has_verified_contact());
}

#[test]
fn usernames_that_the_pool_cannot_have_are_faults() {
    let both = mapping(BOTH_LOGINS);
    let plain = mapping("");
    let named = |name: &str| LegacyUser {
        username: Some(name.to_owned()),
        ..legacy_user()
    };
    for name in [" spaced ", "a b", "", "tab\t", &"x".repeat(129)] {
        assert_eq!(
            map_user(&named(name), &plain).1,
            [MappingFault::Username],
            "{name:?}"
        );
    }
    let email_shaped = named("bob@example.org");
    assert_eq!(
        map_user(&email_shaped, &both).1,
        [MappingFault::UsernameEmailShaped]
    );
    assert_eq!(map_user(&email_shaped, &plain).1, []);
    assert_eq!(map_user(&named(&"é".repeat(128)), &plain).1, []);
    assert_eq!(map_user(&named("a@b"), &both).1, []);
}

#[test]
fn email_logins_take_the_email_as_username_and_need_a_fine_one() {
    let mapping = mapping("[legacy]\nlogin = [\"email\"]");
    let (user, faults) = map_user(&legacy_user(), &mapping);
    assert_eq!(
        (user.username.as_str(), faults),
        ("ada@example.com", vec![])
    );
    assert_eq!(
        user.attributes.get("email").map(String::as_str),
        Some("ada@example.com")
    );
    for email in [None, Some("nonsense".to_owned())] {
        let (_, faults) = map_user(
            &LegacyUser {
                email,
                ..legacy_user()
            },
            &mapping,
        );
        assert_eq!(faults.first(), Some(&MappingFault::EmailAsUsername));
    }
}

#[test]
fn a_faulty_value_is_left_out_and_named_without_being_shown() {
    let mut user = legacy_user();
    user.columns
        .insert("email".to_owned(), Some("not an address".to_owned()));
    let (mapped, faults) = map_user(&user, &mapping(BOTH_LOGINS));
    assert_eq!(faults.len(), 1);
    let said = faults[0].to_string();
    assert!(
        said.contains("email") && !said.contains("not an address"),
        "{said}"
    );
    assert_eq!(faults[0].reason(), Reason::AttributeInvalid);
    assert!(!mapped.attributes.contains_key("email"));
    assert!(!mapped.attributes.contains_key("email_verified"));
}

#[test]
fn groups_can_be_left_renamed_or_carried_as_an_attribute() {
    let text = |groups: &str| format!("{groups}\n[attributes]\n\"custom:groups\" = \"groups\"");
    let (user, _) = map_user(&legacy_user(), &mapping(&text("[groups]\ncarry = false")));
    assert!(user.groups.is_empty());
    assert_eq!(
        user.attributes.get("custom:groups").map(String::as_str),
        Some(r#"["Content Editors","staff"]"#)
    );
    let renamed = text("[groups]\nsuperuser = \"root\"\nnames = { \"Content Editors\" = \"ed\" }");
    let superuser = LegacyUser {
        is_superuser: true,
        ..legacy_user()
    };
    assert_eq!(
        map_user(&superuser, &mapping(&renamed)).0.groups,
        ["ed", "root", "staff"]
    );
}

#[test]
fn too_many_or_too_long_groups_are_a_fault() {
    let many = (0..101).map(|n| format!("g{n}")).collect();
    for groups in [many, vec!["x".repeat(129)]] {
        let (_, faults) = map_user(
            &LegacyUser {
                groups,
                ..legacy_user()
            },
            &mapping(""),
        );
        assert_eq!(faults, [MappingFault::Group]);
    }
}

#[test]
fn date_times_become_seconds_where_cognito_wants_seconds() {
    let mut user = legacy_user();
    user.columns.insert(
        "date_joined".to_owned(),
        Some("2020-02-03T04:05:06Z".to_owned()),
    );
    let (user, faults) = map_user(
        &user,
        &mapping("[attributes]\nupdated_at = \"date_joined\""),
    );
    assert_eq!(faults, []);
    assert_eq!(
        user.attributes.get("updated_at").map(String::as_str),
        Some("1580702706")
    );
}

#[test]
fn debug_output_has_no_personal_data() {
    let (user, _) = map_user(&legacy_user(), &mapping(BOTH_LOGINS));
    let shown = format!("{user:?} {:?}", legacy_user());
    assert!(!shown.contains("ada"), "{shown}");
}
