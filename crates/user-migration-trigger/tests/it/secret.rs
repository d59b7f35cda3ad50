//! Secrets in Secrets Manager (moto's): the database's login, rotated there, with a PostgreSQL that
//! asks for the password; and a site's pepper.

use acceptance_tests::{LegacyDatabase, PostgresServer, Shape, TestFolder, fixture};
use serde_json::{Value, json};

use crate::aws_account::{AwsAccount, SECRET_KEY};
use crate::program::{CHEAP_HASH, Program, sign_in};
use crate::stopped_server::PASSWORD;

/// The secret's new value; its ARN.
fn keep(account: &mut AwsAccount, operation: &str, name: &str, password: &str) -> String {
    let secret = json!({"username": "legacy", "password": password, "engine": "postgres"});
    let arguments = json!({ name: "legacy", "SecretString": secret.to_string() });
    let kept = account.call("secretsmanager", operation, &arguments);
    kept["ARN"].as_str().expect("secrets have one").to_owned()
}

#[tokio::test]
async fn a_rotated_secret_is_read_again_and_a_wrong_one_is_an_outage() {
    let server = PostgresServer::make(20);
    server.demand_password_of("legacy");
    server.start();
    server.execute(&format!(
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text);
         INSERT INTO auth_user VALUES (1, 'ann', '{CHEAP_HASH}');
         CREATE ROLE legacy LOGIN PASSWORD 'first-Kq3'; GRANT SELECT ON auth_user TO legacy"
    ));
    let mut account = AwsAccount::start();
    let arn = keep(&mut account, "create_secret", "Name", "first-Kq3");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("cutover.toml");
    let text = "[legacy]\nlogin = [\"username\"]\n[groups]\ncarry = false\n";
    std::fs::write(&config, text).expect("our folder");
    let url = server.url().replace("app@", "") + "?sslmode=disable";
    let function = Program::with_config(&config)
        .set("CUTOVER_LEGACY_URL", &url)
        .set("CUTOVER_LEGACY_SECRET_ARN", &arn)
        .with_aws("AWS_ENDPOINT_URL_SECRETS_MANAGER", &account.endpoint)
        .start()
        .await;
    let event = sign_in("ann", PASSWORD);
    let status = |answer: &Value| answer["response"]["finalUserStatus"].clone();
    assert_eq!(status(&function.response(&event).await), "CONFIRMED");

    // A rotation changes the password on both sides; connections that are open stay.
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'legacy'";
    server.execute("ALTER ROLE legacy PASSWORD 'second-Zt5'");
    keep(&mut account, "put_secret_value", "SecretId", "second-Zt5");
    server.execute(cut);
    assert_eq!(status(&function.response(&event).await), "CONFIRMED");

    // Half a rotation: nobody's password is called wrong.
    server.execute("ALTER ROLE legacy PASSWORD 'third-Mh1'");
    server.execute(cut);
    assert_eq!(
        function.error(&event).await["errorType"],
        "Cutover.Unavailable"
    );
    let written = function.finish().await.all();
    for secret in ["first-Kq3", "second-Zt5", "third-Mh1", SECRET_KEY] {
        assert!(!written.contains(secret));
    }
    assert!(written.contains("legacy-access-denied"), "{written}");
}

#[tokio::test]
async fn a_pepper_comes_from_the_environment_or_from_secrets_manager() {
    let vectors = std::fs::read_to_string(fixture("hashes/vectors/peppers.json"));
    let vectors: Value =
        serde_json::from_str(&vectors.expect("the vectors are checked in")).expect("JSON");
    let secret = vectors["secret"].as_str().expect("text");
    let case = &vectors["cases"][0];
    let checks = case["checks"].as_object().expect("a check each");
    let (right, _) = checks
        .iter()
        .find(|(_, said)| **said == json!(true))
        .expect("one is right");

    let folder = TestFolder::new();
    let mut legacy = LegacyDatabase::copy_to(Shape::Stock, &folder);
    let user = legacy
        .users()
        .iter()
        .find(|user| user.is_active)
        .expect("somebody is");
    let (id, username) = (
        user.id.clone(),
        user.username.clone().expect("stock users have one"),
    );
    let encoded = case["encoded"].as_str().expect("text");
    let update = format!("UPDATE auth_user SET password = '{encoded}' WHERE id = {id}");
    legacy.execute(&[update]);
    let config = folder.write(
        "cutover.toml",
        format!(
            "[legacy]\nlogin = [\"username\"]\n[groups]\ncarry = false\n[hashers]\n\
             {} = {{ outer = {}, pepper = {}, secret = \"SITE_PEPPER\" }}\n",
            case["name"].as_str().expect("text"),
            case["outer"],
            case["pepper"],
        ),
    );

    let mut account = AwsAccount::start();
    let kept = account.call(
        "secretsmanager",
        "create_secret",
        &json!({ "Name": "pepper", "SecretString": secret }),
    );
    let arn = kept["ARN"].as_str().expect("secrets have one");
    let program = || Program::with_config(&config).set("CUTOVER_LEGACY_URL", legacy.url());
    let from_environment = program().set("SITE_PEPPER", secret);
    let from_service = program()
        .set("SITE_PEPPER_SECRET_ARN", arn)
        .with_aws("AWS_ENDPOINT_URL_SECRETS_MANAGER", &account.endpoint);
    for program in [from_environment, from_service] {
        let function = program.start().await;
        let answer = function.response(&sign_in(&username, right)).await;
        assert_eq!(
            answer["response"]["finalUserStatus"], "CONFIRMED",
            "{answer}"
        );
        let wrong = sign_in(&username, &format!("{right}x"));
        let answer = function.response(&wrong).await;
        assert_eq!(answer["response"].get("finalUserStatus"), None, "{answer}");
        assert!(!function.finish().await.all().contains(secret));
    }
}
