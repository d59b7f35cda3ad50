//! When the legacy database is away: nobody is told that their password is wrong, nobody is
//! migrated, and all goes on by itself afterwards.

use acceptance_tests::{Canary, Shape, Workplace};

#[test]
fn an_outage_is_no_wrong_password_and_passes() {
    let mut workplace = Workplace::with_own_database(Shape::Stock);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let plain = |canary: &&Canary| canary.signs_in() && canary.fits_cognito;
    let canaries: Vec<Canary> = workplace
        .legacy()
        .canaries()
        .iter()
        .filter(plain)
        .cloned()
        .collect();
    let [early, late, ..] = &canaries[..] else {
        panic!("too few canaries")
    };

    client
        .sign_in(&early.login, &early.password)
        .expect("all is well yet");
    workplace
        .legacy_mut()
        .execute(&["ALTER TABLE auth_user RENAME TO away".to_owned()]);
    let of_known = client
        .sign_in(&late.login, &late.password)
        .expect_err("nobody can check");
    let of_unknown = client
        .sign_in("nobody.at.all", "wrong")
        .expect_err("nobody can check");
    assert_eq!(
        of_known.code, "UserLambdaValidationException",
        "{of_known:?}"
    );
    assert_eq!(of_known, of_unknown);
    let reset = client
        .forgot_password(&late.login)
        .expect_err("nobody can look them up");
    assert_eq!(reset.code, "UserLambdaValidationException", "{reset:?}");
    client
        .sign_in(&early.login, &early.password)
        .expect("the pool needs no trigger for them");
    assert_eq!(client.content().len(), 1, "nobody was migrated meanwhile");

    workplace
        .legacy_mut()
        .execute(&["ALTER TABLE away RENAME TO auth_user".to_owned()]);
    client
        .sign_in(&late.login, &late.password)
        .expect("the outage is over");
}
