//! A forgotten password that nobody ever set anew: anybody can ask for one in another's name, and
//! the pool then has a user whom the old password no longer lets in. The way back.

use acceptance_tests::{Finished, Pool, Workplace};

use crate::small_app::{self, PASSWORDS};

const HOUR: u64 = 3_600;

fn reconcile(workplace: &Workplace, pool: &Pool, flags: &[&str]) -> Finished {
    let run = workplace.cutover(&["reconcile"]).args(pool.as_target());
    run.args(flags).run()
}

#[test]
fn the_old_password_works_again_where_a_reset_was_never_finished() {
    let mut workplace = small_app::workplace();
    let rows = small_app::people(&["ada", "bob", "cyd"]);
    workplace.legacy_mut().execute(&rows);
    let pool = workplace.serve_pool();
    let mut client = pool.client();

    // Somebody asks in the name of Ada; Bob asks for himself and finishes.
    client.forgot_password("ada").expect("anybody may ask");
    client.forgot_password("bob").expect("anybody may ask");
    let code = client.reset_codes().pop().expect("it went to Bob").code;
    client
        .confirm_forgot_password("bob", &code, "Brand-new-2026!")
        .expect("the code that was sent");
    client.advance_clock(20 * HOUR);
    client.forgot_password("cyd").expect("anybody may ask");
    let locked_out = client.sign_in("ada", PASSWORDS[0].0);
    let locked_out = locked_out.expect_err("the pool has her now");
    assert_eq!(locked_out.code, "PasswordResetRequiredException");

    // Not before a day has gone by on the pool's clock, and never unless it is asked for by name.
    let only = ["--fix", "--only", "unfinished-resets", "--execute"];
    reconcile(&workplace, &pool, &only);
    assert_eq!(client.content().len(), 3);
    client.advance_clock(5 * HOUR);
    let told = reconcile(&workplace, &pool, &["--fix", "--execute"]);
    assert!(told.stdout.contains("unfinished-resets"), "{told:?}");
    assert_eq!(client.content().len(), 3);

    reconcile(&workplace, &pool, &only);
    let left: Vec<String> = client.content().into_keys().collect();
    assert_eq!(left, ["bob", "cyd"], "Cyd asked five hours ago");
    let tokens = client.sign_in("ada", PASSWORDS[0].0);
    let tokens = tokens.expect("the trigger lets the old password in");
    assert_eq!(client.user_of(&tokens).legacy_id(), Some("1"));
    client
        .sign_in("bob", "Brand-new-2026!")
        .expect("nobody touched him");

    // Whom the import creates afterwards is not Ada again.
    let (accounts, _) = crate::import_run::import_all(&workplace, &pool, "night", &["--execute"]);
    assert_eq!((accounts.created, accounts.already_in_pool), (0, 3));
}
