//! Groups in the very first token, and names that nobody else may register: through boto3, the
//! local pool and the real trigger.

use acceptance_tests::{Engine, Pool, PoolClient, Shape, Workplace};
use base64::Engine as _;
use serde_json::{Value, json};

fn workplace() -> Workplace {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let text = workplace.legacy().shape().cutover_toml();
    let carry = "carry = true";
    assert!(text.contains(carry));
    let text = text.replace(carry, "carry = true\ntoken_attribute = \"custom:groups\"");
    workplace.folder().write("cutover.toml", &text);
    workplace
}

fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("a token is text");
    let body = token.split('.').nth(1).expect("it has three parts");
    let body = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(body)
        .expect("base64url");
    serde_json::from_slice(&body).expect("claims are JSON")
}

fn groups(client: &mut PoolClient, login: &str, password: &str, which: &str) -> Vec<String> {
    let tokens = client.sign_in(login, password).expect("it is the password");
    let claims = claims(&tokens[which]);
    let groups = claims["cognito:groups"].as_array().cloned();
    let names = groups.unwrap_or_default().into_iter();
    names
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn the_first_tokens_of_a_first_sign_in_have_the_groups_until_they_are_real() {
    let workplace = workplace();
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let (login, password) = ("slash.group", "nectar-kelp-66647ea8-Z");
    let both = ["billing/export", "newsletter"];
    assert_eq!(groups(&mut client, login, password, "IdToken"), both);
    assert_eq!(groups(&mut client, login, password, "AccessToken"), both);

    // Somebody writes another's value, or their own with more in it: no group comes of it.
    let set = |client: &mut PoolClient, value: &str| {
        let attribute = json!([{"Name": "custom:groups", "Value": value}]);
        let user = json!({
            "UserPoolId": pool.user_pool_id, "Username": login, "UserAttributes": attribute,
        });
        client
            .call("admin_update_user_attributes", user)
            .expect("the attribute is mutable");
    };
    let user = client.user(login).expect("the user was made");
    let sealed = user
        .attribute("custom:groups")
        .expect("it is carried")
        .to_owned();
    let more = format!("{sealed} admins");
    for forged in [&more[..], "admins", &sealed.replace("newsletter", "admins")] {
        set(&mut client, forged);
        let none: [&str; 0] = [];
        assert_eq!(groups(&mut client, login, password, "IdToken"), none);
    }
    set(&mut client, &sealed);
    assert_eq!(groups(&mut client, login, password, "IdToken"), both);

    // Made real, and one of them taken away since: it does not come back.
    let group = json!({"UserPoolId": pool.user_pool_id, "GroupName": "newsletter"});
    client.call("create_group", group.clone()).expect("new");
    let mut member = group;
    member["Username"] = json!(login);
    client
        .call("admin_add_user_to_group", member)
        .expect("both are there");
    let real = ["newsletter"];
    assert_eq!(groups(&mut client, login, password, "IdToken"), real);
}

#[test]
fn nobody_registers_under_a_legacy_users_name() {
    let workplace = workplace();
    let settings = "[trigger]\nassigned = [\"UserMigration\", \"PreSignUp\"]\n";
    workplace.folder().write("pool.toml", settings);
    let serve = [
        "pool",
        "serve",
        "--quotas",
        "off",
        "--settings",
        "pool.toml",
    ];
    let pool = Pool::start(workplace.cutover(&serve), workplace.folder());
    let mut client = pool.client();
    let sign_up = |client: &mut PoolClient, name: &str, email: &str| {
        let request = json!({
            "ClientId": pool.client_id, "Username": name, "Password": "planted-0badcafe-Z9!",
            "UserAttributes": [{"Name": "email", "Value": email}],
        });
        client.call("sign_up", request)
    };
    for (name, email) in [
        ("slash.group", "nobody@example.org"),
        ("new.person", "upper.case@example.com"),
    ] {
        let refusal = sign_up(&mut client, name, email).expect_err("somebody holds it");
        assert_eq!(refusal.code, "UserLambdaValidationException");
        assert!(
            refusal.message.contains("exists already"),
            "{}",
            refusal.message
        );
    }
    sign_up(&mut client, "new.person", "new.person@example.org").expect("nobody holds it");
}
