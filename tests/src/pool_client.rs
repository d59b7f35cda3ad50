//! AWS's own client (boto3) talking to a pool. Every answer comes from there; nothing here knows
//! the wire protocol.

use std::fmt;

use serde_json::{Value, json};

use crate::line_process::LineProcess;
use crate::pool::Pool;
use crate::pool_user::{PoolContent, PoolUser};
use crate::python::script;

/// A boto3 client of one pool.
#[derive(Debug)]
pub struct PoolClient {
    process: LineProcess,
    user_pool_id: String,
    client_id: String,
}

/// An exception of the service.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Refusal {
    /// The exception's name.
    pub code: String,
    /// Its text.
    pub message: String,
}

/// A message with a code for ConfirmForgotPassword.
#[derive(Clone, Debug)]
pub struct ResetCode {
    /// The address it goes to.
    pub destination: String,
    /// The code.
    pub code: String,
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl PoolClient {
    pub(crate) fn of(pool: &Pool) -> PoolClient {
        PoolClient {
            user_pool_id: pool.user_pool_id.clone(),
            client_id: pool.client_id.clone(),
            ..PoolClient::at(&pool.endpoint, &pool.region)
        }
    }

    /// A client of an endpoint where there is no pool yet.
    pub(crate) fn at(endpoint: &str, region: &str) -> PoolClient {
        let program = script("pool_client.py")
            .args([endpoint, region])
            // No profile of whoever runs the tests.
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        PoolClient {
            process: LineProcess::start(program),
            user_pool_id: String::new(),
            client_id: String::new(),
        }
    }

    /// Calls an operation by boto3's name for it.
    pub fn call(&mut self, operation: &str, arguments: Value) -> Result<Value, Refusal> {
        read(
            &self
                .process
                .ask(&json!({"call": operation, "with": arguments})),
        )
    }

    /// Signs in by USER_PASSWORD_AUTH; the `AuthenticationResult`.
    pub fn sign_in(&mut self, login: &str, password: &str) -> Result<Value, Refusal> {
        let answer = self.call(
            "initiate_auth",
            json!({
                "ClientId": self.client_id,
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": login, "PASSWORD": password},
            }),
        )?;
        let tokens = &answer["AuthenticationResult"];
        for token in ["IdToken", "AccessToken", "RefreshToken"] {
            assert!(
                tokens[token].is_string(),
                "{login} got no {token} but {answer}"
            );
        }
        Ok(tokens.clone())
    }

    /// The user whom a sign-in's tokens belong to.
    pub fn user_of(&mut self, tokens: &Value) -> PoolUser {
        let own = self
            .call("get_user", json!({"AccessToken": tokens["AccessToken"]}))
            .expect("a fresh access token is good");
        let username = own["Username"].as_str().expect("GetUser names the user");
        self.user(username)
            .expect("whoever signed in is in the pool")
    }

    /// A user by a name they sign in with.
    pub fn user(&mut self, username: &str) -> Result<PoolUser, Refusal> {
        let arguments = json!({"UserPoolId": self.user_pool_id, "Username": username});
        self.call("admin_get_user", arguments)
            .map(|user| PoolUser::read(&user))
    }

    /// ForgotPassword.
    pub fn forgot_password(&mut self, login: &str) -> Result<Value, Refusal> {
        self.call(
            "forgot_password",
            json!({"ClientId": self.client_id, "Username": login}),
        )
    }

    /// ConfirmForgotPassword.
    pub fn confirm_forgot_password(
        &mut self,
        login: &str,
        code: &str,
        password: &str,
    ) -> Result<Value, Refusal> {
        self.call(
            "confirm_forgot_password",
            json!({
                "ClientId": self.client_id,
                "Username": login,
                "ConfirmationCode": code,
                "Password": password,
            }),
        )
    }

    /// All users with their groups, by username.
    ///
    /// # Panics
    ///
    /// When a page repeats a user.
    pub fn content(&mut self) -> PoolContent {
        let mut content = PoolContent::new();
        for user in self.all("list_users", "Users", json!({})) {
            let user = PoolUser::read(&user);
            let twice = content.insert(user.username.clone(), user);
            assert!(twice.is_none(), "listed twice: {twice:?}");
        }
        for group in self.group_names() {
            let with = json!({"GroupName": group});
            for member in self.all("list_users_in_group", "Users", with) {
                let username = member["Username"].as_str().expect("users have one");
                let user = content.get_mut(username).expect("members are users");
                user.groups.insert(group.clone());
            }
        }
        content
    }

    /// Names of all groups.
    pub fn group_names(&mut self) -> Vec<String> {
        let groups = self.all("list_groups", "Groups", json!({}));
        let name = |group: &Value| {
            group["GroupName"]
                .as_str()
                .expect("groups have one")
                .to_owned()
        };
        groups.iter().map(name).collect()
    }

    fn all(&mut self, operation: &str, of: &str, mut with: Value) -> Vec<Value> {
        with["UserPoolId"] = json!(self.user_pool_id);
        let answer = self
            .process
            .ask(&json!({"all": operation, "of": of, "with": with}));
        let items = read(&answer).expect("listing is allowed");
        items.as_array().expect("all pages make a list").clone()
    }

    /// A request as no AWS client makes it: status and body.
    pub fn post(&mut self, target: &str, body: &str) -> (u64, String) {
        plain(&self.process.ask(&json!({"post": target, "body": body})))
    }

    /// How often the pool has asked its user migration trigger.
    ///
    /// # Panics
    ///
    /// When the pool does not say.
    pub fn trigger_runs(&mut self) -> usize {
        let (status, body) = self.get("/_rehearsal/trigger-runs");
        assert_eq!(status, 200, "{body}");
        let runs: Value = serde_json::from_str(&body).expect("the pool answers JSON");
        let runs = runs["runs"].as_array().expect("a list of runs");
        let migrates = |run: &&Value| {
            let source = run["source"].as_str();
            source.is_some_and(|source| source.starts_with("UserMigration"))
        };
        runs.iter().filter(migrates).count()
    }

    /// Makes faults happen from now on, by the pool's own plan of them; an empty list ends them.
    ///
    /// # Panics
    ///
    /// When the pool does not take the plan.
    pub fn set_faults(&mut self, seed: u64, rules: &Value) {
        let plan = json!({"seed": seed, "rules": rules}).to_string();
        let answer = self
            .process
            .ask(&json!({"put": "/_rehearsal/faults", "body": plan}));
        let (status, body) = plain(&answer);
        assert!((200..300).contains(&status), "{status} {body}");
    }

    /// Lets time pass in the pool.
    ///
    /// # Panics
    ///
    /// When the pool does not take it.
    pub fn advance_clock(&mut self, seconds: u64) {
        let body = json!({"advance_seconds": seconds}).to_string();
        let answer = self
            .process
            .ask(&json!({"put": "/_rehearsal/clock", "body": body}));
        let (status, body) = plain(&answer);
        assert!((200..300).contains(&status), "{status} {body}");
    }

    /// How many calls the pool has answered that spend a quota, sign-ins left out.
    ///
    /// # Panics
    ///
    /// When the pool does not say.
    pub fn calls(&mut self) -> u64 {
        let (status, body) = self.get("/_rehearsal/quotas");
        assert_eq!(status, 200, "{body}");
        let counts: Value = serde_json::from_str(&body).expect("the pool answers JSON");
        let categories = counts["categories"]
            .as_array()
            .expect("a list of categories");
        categories
            .iter()
            .filter(|category| category["category"] != "UserAuthentication")
            .filter_map(|category| category["granted"].as_u64())
            .sum()
    }

    /// Messages the pool would have sent, oldest first, as they stand in the outbox.
    ///
    /// # Panics
    ///
    /// When the pool does not say.
    pub fn messages(&mut self) -> Vec<Value> {
        let (status, body) = self.get("/_rehearsal/outbox");
        assert_eq!(status, 200, "{body}");
        let outbox: Value = serde_json::from_str(&body).expect("the pool answers JSON");
        let messages = outbox["messages"].as_array();
        messages.expect("a list of messages").clone()
    }

    /// Codes the pool would have sent for ForgotPassword, oldest first, with their addresses.
    ///
    /// # Panics
    ///
    /// When the pool does not say.
    pub fn reset_codes(&mut self) -> Vec<ResetCode> {
        let messages = self.messages();
        let code = |message: &Value| {
            let text = |key: &str| {
                message[key]
                    .as_str()
                    .expect("messages are whole")
                    .to_owned()
            };
            assert_eq!(
                message["reason"], "forgot-password",
                "nobody expects other messages"
            );
            ResetCode {
                destination: text("destination"),
                code: text("code"),
            }
        };
        messages.iter().map(code).collect()
    }

    /// A page that a browser would ask for: status and body.
    pub fn get(&mut self, path: &str) -> (u64, String) {
        plain(&self.process.ask(&json!({"get": path})))
    }
}

fn read(answer: &Value) -> Result<Value, Refusal> {
    if let Some(result) = answer.get("ok") {
        return Ok(result.clone());
    }
    let part = |key: &str| {
        answer["error"][key]
            .as_str()
            .expect("boto3 names it")
            .to_owned()
    };
    Err(Refusal {
        code: part("code"),
        message: part("message"),
    })
}

fn plain(answer: &Value) -> (u64, String) {
    let answer = &answer["ok"];
    let body = answer["body"].as_str().expect("bodies are text").to_owned();
    (
        answer["status"].as_u64().expect("answers have a status"),
        body,
    )
}
