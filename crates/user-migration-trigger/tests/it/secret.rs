//! The database's login in Secrets Manager (moto's) and rotated there, with a PostgreSQL that asks
//! for the password.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::program::{CHEAP_HASH, Program, sign_in};
use crate::stopped_server::{PASSWORD, Server};

/// moto in a process of its own; it ends when its input does.
struct SecretKeeper {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    endpoint: String,
    arn: String,
}

impl SecretKeeper {
    fn start() -> SecretKeeper {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(here.join("../../target/python-emulators/bin/python"))
            .arg(here.join("tests/it/secret_keeper.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`make emulators` made it");
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it can be read");
        let ready: Value = serde_json::from_str(&line).expect("moto starts");
        let text = |name: &str| ready[name].as_str().expect("a string").to_owned();
        SecretKeeper {
            process,
            input,
            output,
            endpoint: text("endpoint"),
            arn: text("arn"),
        }
    }

    fn keep(&mut self, password: &str) {
        let secret = json!({"username": "legacy", "password": password, "engine": "postgres"});
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{secret}").expect("it listens");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("it can be read");
        assert_eq!(answer, "\n");
    }
}

impl Drop for SecretKeeper {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_rotated_secret_is_read_again_and_a_wrong_one_is_an_outage() {
    let server = Server::make();
    server.demand_password_of("legacy");
    server.start();
    server.execute(&format!(
        "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text);
         INSERT INTO auth_user VALUES (1, 'ann', '{CHEAP_HASH}');
         CREATE ROLE legacy LOGIN PASSWORD 'first-Kq3'; GRANT SELECT ON auth_user TO legacy"
    ));
    let mut keeper = SecretKeeper::start();
    keeper.keep("first-Kq3");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("cutover.toml");
    let text = "[legacy]\nlogin = [\"username\"]\n[groups]\ncarry = false\n";
    std::fs::write(&config, text).expect("our folder");
    let url = server.url().replace("app@", "") + "?sslmode=disable";
    let function = Program::with_config(&config)
        .set("CUTOVER_LEGACY_URL", &url)
        .set("CUTOVER_LEGACY_SECRET_ARN", &keeper.arn)
        .set("AWS_ENDPOINT_URL_SECRETS_MANAGER", &keeper.endpoint)
        .set("AWS_ACCESS_KEY_ID", "local")
        .set("AWS_SECRET_ACCESS_KEY", "local-Jw8")
        .start()
        .await;
    let event = sign_in("ann", PASSWORD);
    let status = |answer: &Value| answer["response"]["finalUserStatus"].clone();
    assert_eq!(status(&function.response(&event).await), "CONFIRMED");

    // A rotation changes the password on both sides; connections that are open stay.
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'legacy'";
    server.execute("ALTER ROLE legacy PASSWORD 'second-Zt5'");
    keeper.keep("second-Zt5");
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
    for secret in ["first-Kq3", "second-Zt5", "third-Mh1", "local-Jw8"] {
        assert!(!written.contains(secret));
    }
    assert!(written.contains("legacy-access-denied"), "{written}");
}
