//! Names that Django takes for one and Unicode writes in several ways; and one name of two people.

use acceptance_tests::{Canary, Engine, Shape, Workplace};

use crate::import_run::{import_all, outcomes};
use crate::small_app::{self, PASSWORDS};

#[test]
fn another_form_of_a_name_is_another_name_for_the_pool_and_makes_nobody() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    // The plan is made before they sign in, the users are created after it.
    let without_resets = ["--execute"];
    import_all(&workplace, &pool, "before", &without_resets);
    let canaries = workplace.legacy().canaries().iter();
    let canaries: Vec<&Canary> = canaries
        .filter(|canary| canary.signs_in() && canary.note.contains("NFKC"))
        .collect();
    for canary in &canaries {
        // Django takes this form; Cognito would make a user of this name.
        client
            .sign_in(&canary.login, &canary.password)
            .expect_err("nobody has this name in the pool");
    }
    let flags = ["--execute", "--approve-password-reset"];
    let (accounts, _) = import_all(&workplace, &pool, "after", &flags);
    accounts.assert_whole(workplace.legacy().users().len());
    let rows = outcomes(&workplace, "after");
    for canary in canaries {
        let id = canary.legacy_id.as_ref().expect("they mean one user");
        assert_eq!(rows[id].outcome, "created", "{}", canary.note);
    }
}

/// A username that is another's e-mail: Django's backends try both people, and so does the trigger.
#[test]
fn a_login_that_means_two_people_lets_in_the_one_whose_password_it_is() {
    let mut workplace = small_app::workplace();
    let text = workplace.folder().read("cutover.toml");
    let both = text.replace(
        r#"login = ["username"]"#,
        r#"login = ["username", "email"]"#,
    );
    workplace.folder().write("cutover.toml", &both);
    let rows = small_app::people(&["vera@example.org", "vera", "cyd@example.org", "cyd"]);
    workplace.legacy_mut().execute(&rows);
    let inspected = workplace.cutover(&["inspect"]).run();
    assert!(inspected.stdout.contains("email-shadowed"), "{inspected:?}");

    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let refused = client.sign_in("vera@example.org", PASSWORDS[2].0);
    assert_eq!(
        refused.expect_err("neither has it").code,
        "NotAuthorizedException"
    );
    let tokens = client.sign_in("vera@example.org", PASSWORDS[1].0);
    let tokens = tokens.expect("it is Vera's e-mail and her password");
    assert_eq!(client.user_of(&tokens).legacy_id(), Some("2"));
    client
        .sign_in("vera@example.org", PASSWORDS[1].0)
        .expect("by her alias from now on");

    // A reset goes by e-mail alone, as in Django.
    client
        .forgot_password("cyd@example.org")
        .expect("anybody may ask");
    let message = client.reset_codes().pop().expect("one message");
    assert_eq!(message.destination, "cyd@example.org");
    let user = client.user("cyd").expect("Cyd is there");
    assert_eq!(user.legacy_id(), Some("4"));
}
