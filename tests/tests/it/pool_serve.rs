//! `cutover pool serve` as a program: its ready file, its end, and what it says to requests that
//! no sign-in makes.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::time::Duration;

use acceptance_tests::{Canary, Engine, Pool, Shape, Workplace, kill, runs, until};
use serde_json::{Value, json};

#[test]
fn the_ready_file_appears_whole_and_the_pool_answers_from_then_on() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    for round in 0..5 {
        let file = workplace.folder().join(format!("ready-{round}.json"));
        let mut running = workplace
            .cutover(&[
                "pool",
                "serve",
                "--quotas",
                "off",
                "--listen",
                "127.0.0.1:0",
            ])
            .arg("--ready-file")
            .arg(&file)
            .start();
        // Read as often as possible: the very first content must be all of it.
        let text = until(Duration::from_secs(60), "the ready file", || {
            std::fs::read(&file).ok()
        });
        let ready: Value = serde_json::from_slice(&text).expect("whole from the first moment");
        let keys: BTreeSet<&str> = ready
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        let named = ["client_id", "endpoint", "pid", "region", "user_pool_id"];
        assert_eq!(keys, BTreeSet::from(named));
        assert_eq!(ready["pid"], json!(running.pid()));
        let endpoint = ready["endpoint"].as_str().expect("a URL");
        let address = endpoint
            .strip_prefix("http://")
            .expect("plain HTTP on this machine");
        assert!(address.starts_with("127.0.0.1:"), "{endpoint}");
        TcpStream::connect(address).expect("it accepts connections");

        if round % 2 == 0 {
            running.terminate()
        } else {
            running.interrupt()
        }
        let finished = running.wait().expect_code(0);
        TcpStream::connect(address).expect_err("nobody listens any more");
        // The same for whoever reads stdout instead.
        let printed: Value =
            serde_json::from_str(finished.stdout.trim()).expect("stdout is the ready file's JSON");
        assert_eq!(printed, ready);
    }
    let left: Vec<_> = workplace.folder().files();
    assert!(
        left.iter()
            .all(|path| !path.to_string_lossy().contains("partial")),
        "{left:?}"
    );
}

#[test]
fn its_end_takes_the_trigger_along() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let mut pool = workplace.serve_pool();
    let canary = plain_canary(&workplace);
    pool.client()
        .sign_in(&canary.login, &canary.password)
        .expect("they sign in");
    let triggers = pool.program().children();
    assert_eq!(
        triggers.len(),
        1,
        "one trigger process serves one sign-in after the other"
    );
    let finished = pool.stop().expect_code(0);
    for trigger in triggers {
        // It is gone when the pool is, or a moment later where the pool could not wait.
        until(Duration::from_secs(10), "the trigger's end", || {
            (!runs(trigger)).then_some(())
        });
    }
    assert!(
        !finished.stderr.to_lowercase().contains("panic"),
        "{finished:?}"
    );
}

#[test]
fn a_trigger_that_died_is_started_again() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let mut pool = workplace.serve_pool();
    let mut client = pool.client();
    let plain = |canary: &&Canary| canary.signs_in() && canary.fits_cognito;
    for canary in workplace.legacy().canaries().iter().filter(plain).take(3) {
        client
            .sign_in(&canary.login, &canary.password)
            .expect("they sign in");
        for trigger in pool.program().children() {
            kill(trigger);
            until(Duration::from_secs(10), "its end", || {
                (!runs(trigger)).then_some(())
            });
        }
    }
}

#[test]
fn an_operation_the_pool_lacks_is_named_in_the_refusal() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    // One that Cognito has and one that nobody has.
    let real = client.call(
        "create_identity_provider",
        json!({
            "UserPoolId": pool.user_pool_id,
            "ProviderName": "Example",
            "ProviderType": "OIDC",
            "ProviderDetails": {},
        }),
    );
    let refusal = real.expect_err("a rehearsal has no identity providers");
    assert!(
        refusal.message.contains("CreateIdentityProvider"),
        "{refusal:?}"
    );
    let target = "AWSCognitoIdentityProviderService.FlyToTheMoon";
    let (status, body) = client.post(target, "{}");
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("FlyToTheMoon"), "{body}");
}

#[test]
fn nonsense_is_refused_and_does_no_harm() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let target = "AWSCognitoIdentityProviderService.InitiateAuth";
    for body in [
        "",
        "{",
        "null",
        "[]",
        "7",
        "{\"ClientId\": 7}",
        &"[".repeat(50_000),
    ] {
        let (status, answer) = client.post(target, body);
        assert_eq!(status, 400, "{answer}");
        let answer: Value = serde_json::from_str(&answer).expect("errors are JSON");
        assert!(answer["__type"].is_string(), "{answer}");
    }
    let (status, _) = client.post("nonsense", "{}");
    assert_eq!(status, 400);
    let (status, _) = client.get("/nothing/here");
    assert_eq!(status, 404);
    let unknown = json!({"UserPoolId": "eu-west-1_doesNotExist", "Username": "x"});
    let refusal = client
        .call("admin_get_user", unknown)
        .expect_err("no such pool");
    assert_eq!(refusal.code, "ResourceNotFoundException");

    let canary = plain_canary(&workplace);
    client
        .sign_in(&canary.login, &canary.password)
        .expect("all is well after that");
}

#[test]
fn tokens_name_a_key_that_the_pool_publishes() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let mut client = pool.client();
    let (status, keys) = client.get(&format!("/{}/.well-known/jwks.json", pool.user_pool_id));
    assert_eq!(status, 200);
    let keys: Value = serde_json::from_str(&keys).expect("a key set");
    let published: BTreeSet<&str> = keys["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(|key| key["kid"].as_str())
        .collect();
    let canary = plain_canary(&workplace);
    let tokens = client
        .sign_in(&canary.login, &canary.password)
        .expect("they sign in");
    for token in ["IdToken", "AccessToken"] {
        let token = tokens[token].as_str().expect("a token");
        assert_eq!(
            token.split('.').count(),
            3,
            "a signed token has three parts"
        );
    }
    assert!(!published.is_empty());
    let (status, document) = client.get(&format!(
        "/{}/.well-known/openid-configuration",
        pool.user_pool_id
    ));
    assert_eq!(status, 200);
    let document: Value = serde_json::from_str(&document).expect("a discovery document");
    assert_eq!(
        document["issuer"],
        format!("{}/{}", pool.endpoint, pool.user_pool_id)
    );
}

#[test]
fn a_settings_file_shapes_the_pool_and_names_what_it_cannot_read() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let file = workplace.folder().write(
        "pool.toml",
        "list_delay_ms = 600000\n[trigger]\nassigned = []\n\
         [pool]\nMfaConfiguration = \"OPTIONAL\"\n[client]\nAccessTokenValidity = 2\n",
    );
    let serve = || workplace.cutover(&["pool", "serve", "--quotas", "off", "--settings"]);
    let pool = Pool::start(serve().arg(&file), workplace.folder());
    let mut client = pool.client();
    let named = json!({"UserPoolId": pool.user_pool_id});
    let described = client
        .call("describe_user_pool", named.clone())
        .expect("it is there");
    assert_eq!(described["UserPool"]["MfaConfiguration"], "OPTIONAL");
    assert_eq!(described["UserPool"]["LambdaConfig"], json!({}));
    let new = json!({"UserPoolId": pool.user_pool_id, "Username": "a@example.org",
                     "MessageAction": "SUPPRESS"});
    client.call("admin_create_user", new).expect("a new user");
    let listed = client.call("list_users", named).expect("a page");
    assert_eq!(listed["Users"], json!([]), "new users show later");
    drop(pool);

    for (text, named) in [
        ("colour = 1", "colour"),
        ("[trigger]\nretries = 9", "retries"),
    ] {
        let file = workplace.folder().write("bad.toml", text);
        let refused = serve().arg(&file).run().expect_code(2);
        assert!(refused.stderr.contains(named), "{refused:?}");
    }
    let refused = workplace
        .cutover(&["pool", "serve", "--trigger-url", "https://example.org"])
        .run()
        .expect_code(2);
    assert!(refused.stderr.contains("http://host:port"), "{refused:?}");
}

fn plain_canary(workplace: &Workplace) -> Canary {
    let plain = |canary: &&Canary| canary.signs_in() && canary.fits_cognito;
    let canary = workplace.legacy().canaries().iter().find(plain);
    canary.expect("most canaries sign in").clone()
}
