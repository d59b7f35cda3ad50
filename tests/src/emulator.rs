//! Emulators of Cognito that other people wrote, and a proxy that makes faults, as pools to import
//! into. Installed by `tests/environment/emulators.sh`; knows nothing of what is done with them.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::patience::until;
use crate::pool::Pool;
use crate::pool_client::PoolClient;
use crate::program::{Program, Running};
use crate::python::root;
use crate::test_folder::TestFolder;

const REGION: &str = "eu-west-1";

/// moto's server, with a pool whose users have a legacy id and sign in by username or e-mail.
///
/// # Panics
///
/// When it is not installed or does not start.
#[track_caller]
pub fn moto(folder: &TestFolder) -> Pool {
    let port = free_port();
    let server = program("moto_server", folder).args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    with_pool(server.start(), port)
}

/// MiniStack, with a pool of the same kind.
///
/// # Panics
///
/// When it is not installed or does not start.
#[track_caller]
pub fn ministack(folder: &TestFolder) -> Pool {
    let port = free_port();
    let server = program("ministack", folder)
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        // It would listen on every address of the machine.
        .env("IOT_MTLS_ENABLED", "0");
    with_pool(server.start(), port)
}

/// cognito-local, with a pool of the same kind.
///
/// # Panics
///
/// When it is not installed or does not start.
#[track_caller]
pub fn cognito_local(folder: &TestFolder) -> Pool {
    let port = free_port();
    // Its own default is a pool with e-mail as username.
    let config = json!({"UserPoolDefaults": {"UsernameAttributes": []}});
    folder.write(".cognito/config.json", config.to_string());
    let start = "target/node-emulators/node_modules/cognito-local/lib/bin/start.js";
    let server = Program::new("node")
        .arg(installed(start))
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("HOST", "127.0.0.1")
        .env("PORT", port.to_string());
    with_pool(server.start(), port)
}

/// The same pool behind microburst, which does to the calls what the rules say.
///
/// # Panics
///
/// When it is not installed or does not start.
#[track_caller]
pub fn microburst(pool: &Pool, rules: &Value, folder: &TestFolder) -> Pool {
    let port = free_port();
    // JSON is YAML.
    let config = json!({"upstream": pool.endpoint, "port": port, "rules": rules});
    let config = folder.write("microburst.yaml", config.to_string());
    let proxy = program("microburst", folder).arg("--config").arg(config);
    let proxy = proxy.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    let running = listening(proxy.start(), port);
    let ids = [pool.user_pool_id.clone(), pool.client_id.clone()];
    Pool::assemble(running, endpoint(port), pool.region.clone(), ids)
}

fn program(name: &str, folder: &TestFolder) -> Program {
    let path = installed(&format!("target/python-emulators/bin/{name}"));
    Program::new(path)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_ACCESS_KEY_ID", "acceptance-tests")
        .env("AWS_SECRET_ACCESS_KEY", "not a secret")
}

/// A file that `emulators.sh` installed.
#[track_caller]
pub(crate) fn installed(name: &str) -> PathBuf {
    let path = root().join(name);
    assert!(
        path.is_file(),
        "there is no {}: run tests/environment/emulators.sh target (`make test` does)",
        path.display()
    );
    path
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("some port is free").port()
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[track_caller]
fn listening(mut running: Running, port: u16) -> Running {
    until(Duration::from_secs(60), "an emulator that listens", || {
        assert!(!running.has_ended(), "it ended; is the port taken?");
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    running
}

#[track_caller]
fn with_pool(running: Running, port: u16) -> Pool {
    let running = listening(running, port);
    let mut client = PoolClient::at(&endpoint(port), REGION);
    let settings = json!({
        "PoolName": "acceptance-tests",
        "AliasAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": false},
        "Schema": [{"Name": "legacy_id", "AttributeDataType": "String", "Mutable": true}],
    });
    let made = client.call("create_user_pool", settings);
    let made = made.expect("an emulator has pools");
    let id = made["UserPool"]["Id"].as_str().expect("pools have an id");
    let settings = json!({"UserPoolId": id, "ClientName": "acceptance-tests"});
    let made = client.call("create_user_pool_client", settings);
    let made = made.expect("an emulator has app clients");
    let client_id = made["UserPoolClient"]["ClientId"].as_str();
    let client_id = client_id.expect("app clients have an id");
    let ids = [id.to_owned(), client_id.to_owned()];
    Pool::assemble(running, endpoint(port), REGION.to_owned(), ids)
}
