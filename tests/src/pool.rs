//! A running `cutover pool serve`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::patience::until;
use crate::pool_client::PoolClient;
use crate::program::{Finished, Program, Running};
use crate::test_folder::TestFolder;

/// A local pool; ended when dropped.
#[derive(Debug)]
pub struct Pool {
    running: Option<Running>,
    /// The base URL.
    pub endpoint: String,
    /// The Region it claims.
    pub region: String,
    /// The pool's id.
    pub user_pool_id: String,
    /// The app client's id.
    pub client_id: String,
    /// The process id that the ready file names.
    pub pid: u64,
}

impl Pool {
    /// Starts `serve` (a `cutover pool serve …`) with a ready file in `folder`, and waits until it
    /// accepts connections.
    ///
    /// # Panics
    ///
    /// When it ends instead, with what it wrote.
    #[track_caller]
    pub fn start(serve: Program, folder: &TestFolder) -> Pool {
        let file = folder.join(format!("ready-{:08x}.json", rand::random::<u32>()));
        let mut running = serve.arg("--ready-file").arg(&file).start();
        let ready = until(Duration::from_secs(60), "the pool's ready file", || {
            if running.has_ended() {
                return Some(None);
            }
            std::fs::read(&file).ok().map(Some)
        });
        let Some(ready) = ready else {
            panic!("the pool ended: {:?}", running.wait())
        };
        std::fs::remove_file(&file).expect("it was just read");
        // Whole as soon as it is there: a caller may read it at any moment.
        let ready: Value = serde_json::from_slice(&ready).expect("the ready file is whole JSON");
        let text = |key: &str| {
            ready[key]
                .as_str()
                .expect("the ready file has all keys")
                .to_owned()
        };
        Pool {
            endpoint: text("endpoint"),
            region: text("region"),
            user_pool_id: text("user_pool_id"),
            client_id: text("client_id"),
            pid: ready["pid"]
                .as_u64()
                .expect("the ready file has the process id"),
            running: Some(running),
        }
    }

    /// A pool of a running program, by its ids: the pool's and the app client's.
    pub(crate) fn assemble(
        running: Running,
        endpoint: String,
        region: String,
        [user_pool_id, client_id]: [String; 2],
    ) -> Pool {
        Pool {
            endpoint,
            region,
            user_pool_id,
            client_id,
            pid: running.pid().into(),
            running: Some(running),
        }
    }

    /// Another pool of the same service, made by boto3 with these settings (CreateUserPool) beside
    /// what the allauth shape needs. Runs for as long as this one.
    ///
    /// # Panics
    ///
    /// When the service refuses.
    #[track_caller]
    pub fn beside(&self, settings: &Value) -> Pool {
        let mut all = json!({
            "PoolName": "beside",
            "AliasAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": false},
            "Schema": [{"Name": "legacy_id", "AttributeDataType": "String", "Mutable": true}],
        });
        for (name, value) in settings.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        // Null takes a setting out.
        if let Some(all) = all.as_object_mut() {
            all.retain(|_, value| !value.is_null());
        }
        let mut client = self.client();
        let made = client.call("create_user_pool", all).expect("good settings");
        let id = made["UserPool"]["Id"].as_str().expect("pools have an id");
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        // Nobody writes who they are.
        let writable = ["email", "name", "given_name", "family_name", "phone_number"];
        let app = json!({
            "UserPoolId": id,
            "ClientName": "app",
            "ExplicitAuthFlows": flows,
            "WriteAttributes": writable,
        });
        let app = client.call("create_user_pool_client", app);
        let app = app.expect("good settings of an app client");
        let client_id = app["UserPoolClient"]["ClientId"].as_str();
        Pool {
            running: None,
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            user_pool_id: id.to_owned(),
            client_id: client_id.expect("app clients have an id").to_owned(),
            pid: self.pid,
        }
    }

    /// A boto3 client of this pool.
    pub fn client(&self) -> PoolClient {
        PoolClient::of(self)
    }

    /// Arguments that point `cutover import` at this pool.
    pub fn as_target(&self) -> [&str; 6] {
        [
            "--endpoint-url",
            &self.endpoint,
            "--user-pool-id",
            &self.user_pool_id,
            "--region",
            &self.region,
        ]
    }

    /// The running program.
    ///
    /// # Panics
    ///
    /// When it is a pool beside another: that one has the program.
    pub fn program(&mut self) -> &mut Running {
        self.running
            .as_mut()
            .expect("taken by stop and on drop alone")
    }

    /// Ends it as a service manager does, and returns what it wrote.
    ///
    /// # Panics
    ///
    /// When it does not end.
    #[track_caller]
    pub fn stop(mut self) -> Finished {
        let mut running = self.running.take().expect("taken here and on drop alone");
        running.terminate();
        running.wait()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // First the polite way, so that the trigger's processes end with it.
        if let Some(mut running) = self.running.take() {
            running.terminate();
            let started = std::time::Instant::now();
            while !running.has_ended() && started.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}
