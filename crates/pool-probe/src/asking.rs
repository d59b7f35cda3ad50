//! What a question asks with: calls, throw-away pools, app clients and users, made when first needed.
//!
//! Responsible for keeping each question to the calls it declared, for waiting when the service says
//! that it is asked too fast, and for the redacted record of what came back. It must not know
//! questions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cognito_user_pool::{RawCalls, RawFault, RawReply, WritePermission};
use rehearsal_pool::{FactReply, redacted, redacted_json};
use serde_json::{Value, json};

use crate::throwaway::Kind;

/// The password of every user a probe makes, within the default policy.
pub(crate) const PASSWORD: &str = "Probe-Passw0rd!";
/// What stand-ins for Cognito say of operations that they lack.
const NOT_THERE: [&str; 4] = [
    "UnknownOperationException",
    "InvalidAction",
    "Unsupported",
    "UnknownError",
];
/// Pauses after being told to ask less often.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];

/// Why a question has no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Nothing came back.
    #[error(transparent)]
    Fault(#[from] RawFault),
    /// A call that only prepares was refused.
    #[error("{operation}, which prepares the question, was refused: {error}")]
    Preparation {
        /// The operation.
        operation: String,
        /// The code.
        error: String,
    },
    /// An answer lacks what is looked for.
    #[error("the answer has no {0}")]
    Lacks(&'static str),
    /// A defect of the question: it calls what it did not declare.
    #[error("a call of {0} was not declared")]
    Undeclared(String),
    /// The circumstances do not allow it.
    #[error("{0}")]
    NotHere(&'static str),
}

/// How an app client is made.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Client {
    /// `PreventUserExistenceErrors` LEGACY.
    Legacy,
    /// `PreventUserExistenceErrors` ENABLED.
    Enabled,
    /// LEGACY, with a secret.
    Secret,
    /// LEGACY, SRP alone.
    SrpOnly,
    /// Nothing but a name.
    Bare,
}

impl Client {
    /// Which pools have which app clients: what the plan counts.
    pub(crate) const OF: [(Kind, Client); 12] = [
        (Kind::Plain, Client::Legacy),
        (Kind::Plain, Client::Enabled),
        (Kind::Plain, Client::Secret),
        (Kind::Plain, Client::SrpOnly),
        (Kind::Plain, Client::Bare),
        (Kind::Alias, Client::Legacy),
        (Kind::Alias, Client::Enabled),
        (Kind::Email, Client::Legacy),
        (Kind::Required, Client::Legacy),
        (Kind::AdminOnly, Client::Legacy),
        (Kind::Triggers, Client::Legacy),
        (Kind::Import, Client::Legacy),
    ];

    pub(crate) const fn existence(self) -> &'static str {
        match self {
            Client::Enabled => "ENABLED",
            _ => "LEGACY",
        }
    }
}

/// The pools and app clients of one probe.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) pools: BTreeMap<Kind, String>,
    /// Pools that a service made where it should have refused to.
    pub(crate) strays: Vec<String>,
    /// Whether an answer was lost that may have told of a pool.
    pub(crate) unsure: bool,
    clients: BTreeMap<(Kind, Client), String>,
    /// When the first pool was made.
    pub(crate) since: Option<Instant>,
    /// Calls so far, by operation.
    pub(crate) calls: BTreeMap<String, u32>,
    users: u32,
}

/// One question at work.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) calls: &'a RawCalls,
    pub(crate) permission: &'a WritePermission,
    pub(crate) run: &'a str,
    pub(crate) function: Option<&'a str>,
    pub(crate) import_role: Option<&'a str>,
    pub(crate) made: &'a mut Made,
    /// What the question declared and has left.
    pub(crate) allowance: BTreeMap<&'static str, u32>,
    pub(crate) replies: Vec<FactReply>,
}

impl Asking<'_> {
    /// A call that is the question, or part of it. Its reply is recorded.
    pub(crate) async fn call(
        &mut self,
        operation: &str,
        input: Value,
    ) -> Result<RawReply, Unanswered> {
        self.spend(operation)?;
        let reply = self.send(operation, &input).await?;
        self.record(operation, &reply);
        match reply.error() {
            Some(error) if NOT_THERE.contains(&error) => {
                Err(Unanswered::NotHere("the service lacks an operation"))
            }
            _ => Ok(reply),
        }
    }

    /// Takes a call off what the question declared.
    fn spend(&mut self, operation: &str) -> Result<(), Unanswered> {
        let left = self.allowance.get_mut(operation);
        let left = left.filter(|left| **left > 0);
        let left = left.ok_or_else(|| Unanswered::Undeclared(operation.to_owned()))?;
        *left -= 1;
        Ok(())
    }

    /// A call that must succeed for the question to be asked.
    pub(crate) async fn prepare(
        &mut self,
        operation: &str,
        input: Value,
    ) -> Result<Value, Unanswered> {
        let reply = self.call(operation, input).await?;
        whole(operation, reply)
    }

    /// A call that must succeed and that nobody needs to see: one look of many.
    pub(crate) async fn look(
        &mut self,
        operation: &str,
        input: Value,
    ) -> Result<Value, Unanswered> {
        self.spend(operation)?;
        let reply = self.send(operation, &input).await?;
        whole(operation, reply)
    }

    /// Records what the last of many looks saw.
    pub(crate) fn note(&mut self, operation: &str, body: &Value) {
        self.record(
            operation,
            &RawReply {
                status: 200,
                headers: BTreeMap::new(),
                body: body.clone(),
            },
        );
    }

    async fn send(&mut self, operation: &str, input: &Value) -> Result<RawReply, Unanswered> {
        let mut pauses = PAUSES.iter();
        loop {
            *self.made.calls.entry(operation.to_owned()).or_default() += 1;
            let reply = self.calls.call(self.permission, operation, input).await?;
            let throttled = matches!(
                reply.error(),
                Some("TooManyRequestsException" | "ThrottlingException" | "RequestLimitExceeded")
            );
            match pauses.next() {
                Some(pause) if throttled => tokio::time::sleep(*pause).await,
                _ => return Ok(reply),
            }
        }
    }

    pub(crate) fn record(&mut self, operation: &str, reply: &RawReply) {
        let known = |text: &str| self.named(text);
        self.replies.push(FactReply {
            operation: operation.to_owned(),
            status: reply.status,
            body: redacted_json(&replaced(&reply.body, &known)),
        });
    }

    /// A text with the names of what this probe made in place of their ids.
    fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for id in self.made.clients.values() {
            text = text.replace(id.as_str(), "{app client}");
        }
        for id in self.made.pools.values() {
            text = text.replace(id.as_str(), "{pool}");
        }
        if text.contains(self.run) {
            // The last first: the name of the first user begins that of the tenth.
            for number in (1..=self.made.users).rev() {
                text = text.replace(&self.user_name(number), "{username}");
            }
        }
        text
    }

    /// A reply in words: `accepted`, or the error with its text.
    pub(crate) fn told(&self, reply: &RawReply) -> String {
        self.told_of(reply, &[])
    }

    /// The same, with more names for what varies.
    pub(crate) fn told_of(&self, reply: &RawReply, names: &[(&str, &str)]) -> String {
        let Some(code) = reply.error() else {
            return "accepted".to_owned();
        };
        let mut message = self.named(reply.message());
        for (part, name) in names {
            message = message.replace(part, name);
        }
        format!("{code}: {}", redacted(message.trim_end()))
    }

    /// The pool of a kind, made when first needed.
    pub(crate) async fn pool(&mut self, kind: Kind) -> Result<String, Unanswered> {
        if let Some(id) = self.made.pools.get(&kind) {
            return Ok(id.clone());
        }
        let settings = kind.settings(self.run, self.function);
        let reply = self.send("CreateUserPool", &settings).await;
        // Without an answer there may be a pool all the same.
        self.made.unsure |= reply.is_err();
        let made = whole("CreateUserPool", reply?)?;
        let id = made["UserPool"]["Id"].as_str();
        let id = id.ok_or(Unanswered::Lacks("pool id"))?.to_owned();
        self.made.since.get_or_insert_with(Instant::now);
        self.made.pools.insert(kind, id.clone());
        Ok(id)
    }

    /// An app client of a pool, made when first needed.
    pub(crate) async fn client(
        &mut self,
        kind: Kind,
        client: Client,
    ) -> Result<String, Unanswered> {
        if let Some(id) = self.made.clients.get(&(kind, client)) {
            return Ok(id.clone());
        }
        if !Client::OF.contains(&(kind, client)) {
            return Err(Unanswered::Undeclared("CreateUserPoolClient".to_owned()));
        }
        let pool = self.pool(kind).await?;
        let mut settings = json!({"UserPoolId": pool, "ClientName": format!("{client:?}")});
        if client != Client::Bare {
            settings["PreventUserExistenceErrors"] = client.existence().into();
            settings["ExplicitAuthFlows"] = match client {
                Client::SrpOnly => json!(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]),
                _ => json!([
                    "ALLOW_USER_PASSWORD_AUTH",
                    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                    "ALLOW_USER_AUTH",
                    "ALLOW_REFRESH_TOKEN_AUTH",
                ]),
            };
        }
        if client == Client::Secret {
            settings["GenerateSecret"] = true.into();
        }
        let reply = self.send("CreateUserPoolClient", &settings).await?;
        let made = whole("CreateUserPoolClient", reply)?;
        let id = made["UserPoolClient"]["ClientId"].as_str();
        let id = id.ok_or(Unanswered::Lacks("app client's id"))?.to_owned();
        self.made.clients.insert((kind, client), id.clone());
        Ok(id)
    }

    /// A part of a name that nobody has yet.
    pub(crate) fn nonce(&mut self) -> String {
        self.made.users += 1;
        self.user_name(self.made.users)
    }

    fn user_name(&self, number: u32) -> String {
        format!("{}n{number}", self.run)
    }

    /// A user made without a message, with these attributes, in FORCE_CHANGE_PASSWORD.
    pub(crate) async fn user(
        &mut self,
        pool: &str,
        username: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), Unanswered> {
        let input = json!({
            "UserPoolId": pool, "Username": username, "MessageAction": "SUPPRESS",
            "UserAttributes": attribute_list(attributes),
        });
        self.prepare("AdminCreateUser", input).await.map(drop)
    }

    /// Gives a user the probe's password for good.
    pub(crate) async fn confirm(&mut self, pool: &str, username: &str) -> Result<(), Unanswered> {
        let input = json!({
            "UserPoolId": pool, "Username": username, "Password": PASSWORD, "Permanent": true,
        });
        self.prepare("AdminSetUserPassword", input).await.map(drop)
    }

    /// A sign-in with this password.
    pub(crate) async fn sign_in(
        &mut self,
        client_id: &str,
        username: &str,
        password: &str,
    ) -> Result<RawReply, Unanswered> {
        let input = json!({
            "ClientId": client_id, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": username, "PASSWORD": password},
        });
        self.call("InitiateAuth", input).await
    }

    /// A user's attributes and status, by ListUsers, which makes nobody billable.
    pub(crate) async fn listed(
        &mut self,
        pool: &str,
        filter: &str,
    ) -> Result<Option<Listed>, Unanswered> {
        let input = json!({"UserPoolId": pool, "Filter": filter});
        let answer = self.prepare("ListUsers", input).await?;
        let users = answer["Users"].as_array();
        let users = users.ok_or(Unanswered::Lacks("list of users"))?;
        Ok(users.first().map(Listed::read))
    }
}

/// A user as ListUsers shows them.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) status: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Listed {
    fn read(user: &Value) -> Listed {
        let attributes = user["Attributes"].as_array().into_iter().flatten();
        let pair = |attribute: &Value| {
            let name = attribute["Name"].as_str()?.to_owned();
            Some((
                name,
                attribute["Value"].as_str().unwrap_or_default().to_owned(),
            ))
        };
        Listed {
            status: user["UserStatus"].as_str().unwrap_or_default().to_owned(),
            attributes: attributes.filter_map(pair).collect(),
        }
    }
}

pub(crate) fn attribute_list(attributes: &[(&str, &str)]) -> Value {
    attributes
        .iter()
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect()
}

fn whole(operation: &str, reply: RawReply) -> Result<Value, Unanswered> {
    match reply.error() {
        None => Ok(reply.body),
        Some(error) => Err(Unanswered::Preparation {
            operation: operation.to_owned(),
            error: redacted(error),
        }),
    }
}

fn replaced(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.iter().map(|item| replaced(item, change)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (change(name), replaced(member, change)))
            .collect(),
        other => other.clone(),
    }
}
