//! What somebody with bad intent tries, through boto3, the local pool and the real trigger; and what
//! the pool and its tokens say then.

use acceptance_tests::{Engine, Pool, PoolClient, Shape, Workplace};
use serde_json::{Value, json};

const LOGIN: &str = "slash.group";
const PASSWORD: &str = "nectar-kelp-66647ea8-Z";

fn workplace() -> Workplace {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let text = workplace.legacy().shape().cutover_toml();
    let text = text.replace(
        "carry = true",
        "carry = true\ntoken_attribute = \"custom:groups\"",
    );
    workplace.folder().write("cutover.toml", &text);
    workplace
}

fn guarded(workplace: &Workplace) -> Pool {
    let settings =
        "[trigger]\nassigned = [\"UserMigration\", \"PreSignUp\", \"PreTokenGeneration\"]\n";
    workplace.folder().write("pool.toml", settings);
    let serve = [
        "pool",
        "serve",
        "--quotas",
        "off",
        "--settings",
        "pool.toml",
    ];
    Pool::start(workplace.cutover(&serve), workplace.folder())
}

fn delete(client: &mut PoolClient, pool: &Pool, username: &str) {
    let user = json!({"UserPoolId": pool.user_pool_id, "Username": username});
    client.call("admin_delete_user", user).expect("it is there");
}

fn names(client: &mut PoolClient, pool: &Pool) -> Vec<Value> {
    let all = json!({"UserPoolId": pool.user_pool_id});
    let users = client
        .call("list_users", all)
        .expect("anybody may ask here");
    users["Users"].as_array().cloned().unwrap_or_default()
}

#[test]
fn whoever_was_deleted_from_the_pool_does_not_come_back_by_the_old_password() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    client.sign_in(LOGIN, PASSWORD).expect("it is the password");
    delete(&mut client, &pool, LOGIN);
    let refusal = client
        .sign_in(LOGIN, PASSWORD)
        .expect_err("once per person");
    assert_eq!(refusal.code, "NotAuthorizedException");
    assert!(names(&mut client, &pool).is_empty());
}

#[test]
fn another_form_of_a_name_makes_no_second_person() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let form = LOGIN.replace('s', "\u{ff53}");
    client
        .sign_in(&form, PASSWORD)
        .expect_err("nobody has this name");
    client.sign_in(LOGIN, PASSWORD).expect("it is the password");
    client
        .sign_in(&form, PASSWORD)
        .expect_err("nobody has this name");
    assert_eq!(names(&mut client, &pool).len(), 1);
}

#[test]
fn the_dismissed_do_not_register_with_the_seal_and_legacy_id_they_had() {
    let workplace = workplace();
    let pool = guarded(&workplace);
    let mut client = pool.client();
    client.sign_in(LOGIN, PASSWORD).expect("it is the password");
    let user = client.user(LOGIN).expect("it was made");
    let value = |name: &str| user.attribute(name).expect("it is carried").to_owned();
    let (seal, id) = (value("custom:groups"), value("custom:legacy_id"));
    delete(&mut client, &pool, LOGIN);
    // An app client that lets whoever registers write everything.
    let open = json!({"UserPoolId": pool.user_pool_id, "ClientName": "open"});
    let open = client.call("create_user_pool_client", open);
    let open = open.expect("good settings")["UserPoolClient"]["ClientId"].clone();
    for (name, value) in [("custom:groups", seal), ("custom:legacy_id", id)] {
        for username in [LOGIN, "new.person"] {
            let request = json!({
                "ClientId": open, "Username": username, "Password": "planted-0badcafe-Z9!",
                "UserAttributes": [
                    {"Name": "email", "Value": "mallory@example.org"},
                    {"Name": name, "Value": value},
                ],
            });
            let refusal = client.call("sign_up", request).expect_err("it is reserved");
            assert_eq!(refusal.code, "UserLambdaValidationException");
        }
    }
    assert!(names(&mut client, &pool).is_empty());
}

#[test]
fn nobody_says_of_themselves_who_they_are_to_the_pool_as_it_is_served() {
    let workplace = workplace();
    // No settings and no PreSignUp: the app client alone stands in the way.
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let forged = ["custom:legacy_id", "custom:groups"];
    for name in forged {
        let request = json!({
            "ClientId": pool.client_id, "Username": "mallory", "Password": "planted-0badcafe-Z9!",
            "UserAttributes": [{"Name": name, "Value": "1"}],
        });
        let refusal = client.call("sign_up", request).expect_err("not theirs");
        assert_eq!(refusal.code, "NotAuthorizedException", "{name}");
    }
    assert!(names(&mut client, &pool).is_empty());

    let tokens = client.sign_in(LOGIN, PASSWORD).expect("it is the password");
    let before = client.user(LOGIN).expect("it was made");
    for name in forged {
        let request = json!({
            "AccessToken": tokens["AccessToken"],
            "UserAttributes": [{"Name": name, "Value": "1"}],
        });
        let refusal = client.call("update_user_attributes", request);
        let refusal = refusal.expect_err("not theirs");
        assert_eq!(refusal.code, "NotAuthorizedException", "{name}");
    }
    assert_eq!(client.user(LOGIN).expect("it is there"), before);
    // What people may change of themselves they can.
    let request = json!({
        "AccessToken": tokens["AccessToken"],
        "UserAttributes": [{"Name": "nickname", "Value": "ann"}],
    });
    let changed = client.call("update_user_attributes", request);
    changed.expect("their own nickname");
}
