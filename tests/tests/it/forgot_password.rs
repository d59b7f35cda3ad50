//! Forgotten passwords of users whom the pool does not have yet: the trigger brings them over, the
//! code goes to a verified address, and only there.

use acceptance_tests::{Engine, LegacyUser, Shape, Workplace};
use serde_json::Value;

/// Satisfies Cognito's default password policy.
const NEW_PASSWORD: &str = "Brand-new-2026!";

#[test]
fn allauth_users_reset_at_their_verified_address() {
    resets_reach_verified_addresses_alone(Shape::Allauth, Engine::Sqlite);
}

#[test]
fn uuid_users_reset_at_their_confirmed_address() {
    resets_reach_verified_addresses_alone(Shape::Uuid, Engine::Postgres);
}

#[test]
fn email_login_users_reset_at_the_address_they_sign_in_by() {
    resets_reach_verified_addresses_alone(Shape::EmailLogin, Engine::Mysql);
}

#[test]
fn where_no_address_counts_as_verified_nobody_gets_a_code() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let ordinary = workplace
        .legacy()
        .users()
        .iter()
        .filter(|user| user.is_ordinary());
    for user in ordinary.take(5) {
        let answer = client
            .forgot_password(login(user))
            .expect("asking is allowed");
        assert_pretended(&answer);
    }
    assert_eq!(client.reset_codes().len(), 0);
    assert!(client.content().is_empty());
}

fn resets_reach_verified_addresses_alone(shape: Shape, engine: Engine) {
    let workplace = Workplace::new(shape, engine);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let users = workplace.legacy().users();
    let may_reset =
        |user: &&LegacyUser| user.is_ordinary() && user.is_active && user.email_is_verified();
    let [first, second, ..] = users.iter().filter(may_reset).collect::<Vec<_>>()[..] else {
        panic!("too few users with a verified e-mail");
    };
    let unusable = users
        .iter()
        .find(|user| !user.usable && user.is_active && user.email.starts_with("unusable."));
    let unusable = unusable.expect("the population has unusable passwords");

    // Whom Django gave no password (SSO, LDAP) gets none by a reset either.
    client
        .forgot_password(login(unusable))
        .expect("nobody learns that");
    assert!(client.reset_codes().is_empty());
    assert!(client.content().is_empty());

    for person in [first, second] {
        let sent_before = client.reset_codes().len();
        let answer = client
            .forgot_password(login(person))
            .expect("they may reset");
        assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
        let sent = client.reset_codes();
        assert_eq!(sent.len(), sent_before + 1, "one message");
        let message = sent.last().expect("counted above");
        assert_eq!(
            message.destination.to_lowercase(),
            person.email.to_lowercase()
        );

        let old = client
            .sign_in(login(person), "whatever it was")
            .expect_err("reset first");
        assert_eq!(old.code, "PasswordResetRequiredException", "{old:?}");
        let user = client
            .user(login(person))
            .expect("the trigger brought them over");
        assert_eq!(user.status, "RESET_REQUIRED");
        crate::mapping::assert_attributes(workplace.legacy(), person, &user);

        let code = message.code.as_str();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refusal = client.confirm_forgot_password(login(person), wrong, NEW_PASSWORD);
        assert_eq!(
            refusal.expect_err("not the code sent").code,
            "CodeMismatchException"
        );
        client
            .confirm_forgot_password(login(person), code, NEW_PASSWORD)
            .expect("the code sent, and a good password");
        let tokens = client
            .sign_in(login(person), NEW_PASSWORD)
            .expect("the new password");
        assert_eq!(
            client.user_of(&tokens).legacy_id(),
            Some(person.id.as_str())
        );
    }

    // Nobody else learns anything, nor is brought over.
    let sent = client.reset_codes().len();
    let there = client.content().len();
    let unverified = users
        .iter()
        .filter(|user| user.is_ordinary() && !user.email.is_empty() && !user.email_is_verified());
    let inactive = users
        .iter()
        .filter(|user| user.is_ordinary() && !user.is_active);
    let mut others: Vec<&str> = unverified
        .take(3)
        .chain(inactive.take(3))
        .map(login)
        .collect();
    assert!(
        others.len() >= 3,
        "the population has unverified and inactive users"
    );
    others.extend(["nobody.at.all", "nobody@example.com"]);
    for login in others {
        let answer = client.forgot_password(login).expect("asking is allowed");
        assert_pretended(&answer);
    }
    assert_eq!(client.reset_codes().len(), sent, "no further code");
    assert_eq!(client.content().len(), there, "no further user");
}

/// What everybody is told: the form of a delivery, with a masked address.
fn assert_pretended(answer: &Value) {
    let details = &answer["CodeDeliveryDetails"];
    assert_eq!(details["DeliveryMedium"], "EMAIL", "{answer}");
    assert_eq!(details["AttributeName"], "email", "{answer}");
    let masked = details["Destination"].as_str().expect("a destination");
    assert!(masked.contains("***@"), "{answer}");
}

fn login(user: &LegacyUser) -> &str {
    user.username.as_deref().unwrap_or(&user.email)
}
