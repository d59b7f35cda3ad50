//! `cutover pool serve --state`: an app under development keeps its users, whatever stops the pool.

use std::time::Duration;

use acceptance_tests::{Canary, Engine, Pool, Shape, Workplace, until};
use serde_json::{Value, json};

fn serve(workplace: &Workplace, listen: &str) -> Pool {
    let arguments = [
        "pool",
        "serve",
        "--quotas",
        "off",
        "--state",
        "state.json",
        "--listen",
    ];
    Pool::start(
        workplace.cutover(&arguments).arg(listen),
        workplace.folder(),
    )
}

fn migrations(pool: &Pool) -> usize {
    let (_, runs) = pool.client().get("/_rehearsal/trigger-runs");
    let runs: Value = serde_json::from_str(&runs).expect("JSON");
    let runs = runs["runs"].as_array().expect("a list");
    let of_sign_in = |run: &&Value| run["source"] == "UserMigration_Authentication";
    runs.iter().filter(of_sign_in).count()
}

fn refresh(pool: &Pool, tokens: &Value) {
    let asked = json!({
        "ClientId": pool.client_id,
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]},
    });
    let answer = pool.client().call("initiate_auth", asked);
    let answer = answer.expect("a refresh token of before is good");
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
}

#[test]
fn people_stay_who_they_are_over_a_stop_and_over_a_crash() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let plain = |canary: &&Canary| canary.signs_in() && canary.fits_cognito;
    let mut canaries = workplace.legacy().canaries().iter().filter(plain);
    let (one, two) = (
        canaries.next().expect("some"),
        canaries.next().expect("some"),
    );

    let pool = serve(&workplace, "127.0.0.1:0");
    let listen = pool.endpoint.trim_start_matches("http://").to_owned();
    let ids = (pool.user_pool_id.clone(), pool.client_id.clone());
    let tokens = pool.client().sign_in(&one.login, &one.password);
    let tokens = tokens.expect("they sign in");
    let user = pool.client().user_of(&tokens);
    assert_eq!(migrations(&pool), 1);
    pool.stop().expect_code(0);

    let mut pool = serve(&workplace, &listen);
    assert_eq!((pool.user_pool_id.clone(), pool.client_id.clone()), ids);
    assert_eq!(
        pool.client().user_of(&tokens),
        user,
        "the same sub, and tokens of before"
    );
    refresh(&pool, &tokens);
    let again = pool.client().sign_in(&one.login, &one.password);
    again.expect("the password is in the pool");
    assert_eq!(migrations(&pool), 0, "nobody moves twice");
    let second = pool.client().sign_in(&two.login, &two.password);
    let second = second.expect("the trigger goes on");
    let content = pool.client().content();
    // Until it is on the disk; then the machine may lose its power.
    let file = workplace.folder().join("state.json");
    until(Duration::from_secs(30), "the second person's save", || {
        let text = std::fs::read(&file).expect("always there");
        let state: Value = serde_json::from_slice(&text).expect("always whole");
        let users = state["pools"][0]["users"].as_array().map(Vec::len);
        (users == Some(content.len())).then_some(())
    });
    pool.program().kill();
    drop(pool);

    let pool = serve(&workplace, &listen);
    assert_eq!(pool.client().content(), content);
    refresh(&pool, &tokens);
    refresh(&pool, &second);

    // Who was deleted in the pool is not migrated again: the trigger's memory stays too.
    let user = pool.client().user_of(&second);
    let named = json!({"UserPoolId": pool.user_pool_id, "Username": user.username});
    pool.client()
        .call("admin_delete_user", named)
        .expect("they are there");
    pool.stop().expect_code(0);
    let pool = serve(&workplace, &listen);
    let refused = pool.client().sign_in(&two.login, &two.password);
    assert_eq!(refused.expect_err("deleted").code, "NotAuthorizedException");

    let other = workplace.cutover(&["pool", "serve", "--state", "state.json"]);
    let refused = other.run().expect_code(2);
    assert!(refused.stderr.contains("another pool"), "{refused:?}");
}
