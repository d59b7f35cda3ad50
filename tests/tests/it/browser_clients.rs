//! The clients that front ends use: amazon-cognito-identity-js signs in by SRP and by password,
//! aws-jwt-verify checks the tokens against the pool's published keys.

use acceptance_tests::{Engine, Shape, Workplace, node_script};
use serde_json::{Value, json};

#[test]
fn browser_clients_sign_in_and_their_tokens_verify() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    // Whoever came by the trigger has a password that SRP proves from then on.
    let canary = workplace.legacy().canaries().iter();
    let canary = canary
        .filter(|canary| canary.signs_in() && canary.fits_cognito && canary.django == "signs-in")
        .find(|canary| canary.login.is_ascii() && canary.login == canary.login.to_lowercase())
        .expect("a plain canary");
    client
        .sign_in(&canary.login, &canary.password)
        .expect("the trigger lets them in");
    let invitation = json!({
        "UserPoolId": pool.user_pool_id, "Username": "invited",
        "TemporaryPassword": "Temporary-1", "MessageAction": "SUPPRESS",
    });
    client
        .call("admin_create_user", invitation)
        .expect("it is created");

    let ask = json!({
        "endpoint": pool.endpoint, "user_pool_id": pool.user_pool_id, "client_id": pool.client_id,
        "username": canary.login, "password": canary.password,
        "invited": {"username": "invited", "password": "Temporary-1", "again": "Their-own-1"},
    });
    let finished = node_script("browser_clients.js")
        .stdin(ask.to_string())
        .run()
        .expect_code(0);
    let outcomes: Value = serde_json::from_str(&finished.stdout).expect("one JSON object");
    let tokens = json!({"id": "id", "access": true});
    let signed_in = json!({"challenge": null, "error": null, "tokens": tokens});
    let refused = json!({"challenge": null, "error": "NotAuthorizedException", "tokens": null});
    let mut invited = signed_in.clone();
    invited["challenge"] = json!("NEW_PASSWORD_REQUIRED");
    let expected = json!({
        "srp": signed_in,
        "refreshed": signed_in,
        "right USER_SRP_AUTH": signed_in,
        "wrong USER_SRP_AUTH": refused,
        "right USER_PASSWORD_AUTH": signed_in,
        "wrong USER_PASSWORD_AUTH": refused,
        "invited": invited,
        "tampered": "JwtInvalidSignatureError",
    });
    assert_eq!(outcomes, expected);
}
