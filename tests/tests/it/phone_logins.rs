//! People who type their phone number: an alias beside the username, which the pool knows once it
//! counts as verified.

use acceptance_tests::Workplace;

use crate::import_run::import_all;
use crate::small_app::{self, PASSWORDS};

const NUMBERS: [&str; 3] = ["+4915112345671", "+4915112345672", "0151 1234567"];

/// Ada, Bob and Cyd with phone numbers, Cyd's not as Cognito takes them.
fn with_numbers(phone_verified: &str) -> Workplace {
    let mut workplace = small_app::workplace();
    let text = workplace
        .folder()
        .read("cutover.toml")
        .replace(
            r#"login = ["username"]"#,
            &format!("login = [\"username\", \"phone_number\"]\nphone_verified = \"{phone_verified}\""),
        )
        .replace(
            "[attributes]",
            "[legacy.columns]\nphone_number = \"mobile\"\n\n[attributes]\nphone_number = \"phone_number\"",
        );
    workplace.folder().write("cutover.toml", &text);
    let mut statements =
        vec!["ALTER TABLE auth_user ADD COLUMN mobile varchar(32) NULL".to_owned()];
    statements.extend(small_app::people(&["ada", "bob", "cyd"]));
    statements.extend(
        NUMBERS.iter().zip(1..).map(|(number, id)| {
            format!("UPDATE auth_user SET mobile = '{number}' WHERE id = {id}")
        }),
    );
    workplace.legacy_mut().execute(&statements);
    workplace
}

#[test]
fn a_phone_number_signs_in_at_first_through_the_trigger_and_then_by_the_alias() {
    let workplace = with_numbers("always");
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client
        .sign_in(NUMBERS[0], PASSWORDS[1].0)
        .expect_err("Bob's password");
    let tokens = client.sign_in(NUMBERS[0], PASSWORDS[0].0);
    let ada = client.user_of(&tokens.expect("Ada's number and password"));
    assert_eq!(ada.legacy_id(), Some("1"));
    let runs = client.trigger_runs();
    client
        .sign_in(NUMBERS[0], PASSWORDS[0].0)
        .expect("by the alias");
    client.sign_in("ada", PASSWORDS[0].0).expect("by name");
    assert_eq!(client.trigger_runs(), runs, "the pool knows her");

    // Whom the import creates has the alias as well; a number that Cognito does not take is left out.
    let flags = ["--execute", "--routes", "hash-import,first-login"];
    let (accounts, _) = import_all(&workplace, &pool, "night", &flags);
    assert_eq!((accounts.created, accounts.already_in_pool), (2, 1));
    client
        .sign_in(NUMBERS[1], PASSWORDS[1].0)
        .expect("Bob by his number");
    let cyd = client.user("cyd").expect("she came along");
    assert!(!cyd.attributes.contains_key("phone_number"));
}

#[test]
fn numbers_that_nobody_verified_block_what_would_work_once_alone() {
    let workplace = with_numbers("never");
    let inspected = workplace.cutover(&["inspect"]).run().expect_code(1);
    assert!(inspected.stdout.contains("BLOCKS"), "{inspected:?}");
    assert!(inspected.stdout.contains("phone_verified"), "{inspected:?}");
}
