//! Behaviours of Cognito, each a scenario in `behaviours/*.json` with its source.
//!
//! A scenario names the behaviour, where it is documented, how sure that is (`documented`,
//! `reported` by callers, or only `believed`), the pool, and steps. The README's table is made of
//! the same files (see `readme`).

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool, RunningPool, TriggerProgram};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::{Answer, Caller};
use crate::python::{python, script};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) behaviour: String,
    pub(crate) source: String,
    pub(crate) basis: Basis,
    /// The belief that a probe settles it by.
    pub(crate) belief: Option<String>,
    /// Why no probe asks.
    pub(crate) unasked: Option<String>,
    /// Members of `CreateUserPool`.
    #[serde(default)]
    pool: Map<String, Value>,
    /// Members of `CreateUserPoolClient`.
    #[serde(default)]
    client: Map<String, Value>,
    /// Answers of the user migration trigger by `userName`.
    trigger: Option<Value>,
    /// Triggers of `LambdaConfig` the function stands behind.
    #[serde(default)]
    triggers: Map<String, Value>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Basis {
    Documented,
    Reported,
    Believed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Operation to call.
    pub(crate) call: Option<String>,
    /// Its input; the scenario's pool and client are filled in where the operation has them.
    #[serde(default)]
    with: Map<String, Value>,
    /// What the answer must contain: objects by member, lists item by item, `"*"` anything.
    gives: Option<Value>,
    /// Paths the answer must not have.
    #[serde(default)]
    lacks: Vec<String>,
    /// How often the call is made; what is said of the answer holds each time.
    #[serde(default = "once")]
    times: u32,
    /// The error instead of an answer.
    error: Option<String>,
    /// Text the error's message must contain.
    says: Option<String>,
    /// Variables to take from the answer: name -> path.
    #[serde(default)]
    keep: BTreeMap<String, String>,
    /// Claims a kept token must contain: path in the answer -> claims.
    #[serde(default)]
    claims: BTreeMap<String, Value>,
    /// Instead of a call: moves the pool's clock by so many seconds.
    wait: Option<u64>,
    /// Instead of a call: the newest message to a username, kept as the variables CODE and
    /// DESTINATION.
    message_to: Option<String>,
    /// Instead of a call: the SECRET_HASH of this username, made of the variables SECRET and
    /// CLIENT, kept as the variable HASH.
    hash_for: Option<String>,
    /// Instead of a call: what the number of messages must be.
    messages: Option<usize>,
    /// Instead of a call: what the newest event of the trigger must contain.
    event: Option<Value>,
    /// Instead of a call: lines PUT to the variable URL as an import job's file.
    upload: Option<Vec<String>>,
    /// With `upload`: whether the encryption header goes along.
    #[serde(default = "yes")]
    encrypted: bool,
    /// With `upload`: the HTTP status that must come.
    #[serde(default = "ok")]
    status: u16,
    /// Instead of a call: waits until the job of the variable JOB has ended.
    #[serde(default)]
    job_ends: bool,
    /// Instead of a call: how often the trigger must have run so far.
    trigger_runs: Option<usize>,
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

fn ok() -> u16 {
    200
}

pub(crate) fn scenario_files() -> Vec<(String, Vec<Scenario>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/behaviours");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the scenarios are in the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a readable file");
            let scenarios = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let name = file
                .file_stem()
                .expect("a named file")
                .to_string_lossy()
                .into_owned();
            (name, scenarios)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listed_behaviour_holds() {
    let mut failures = Vec::new();
    let mut held = 0;
    let log = tempfile::NamedTempFile::new().expect("a temporary file");
    // A pool makes its signing keys by itself, which is most of the work: several at a time.
    let places = Arc::new(Semaphore::new(4));
    let mut runs = JoinSet::new();
    for (file, scenarios) in scenario_files() {
        for scenario in scenarios {
            let (places, log) = (Arc::clone(&places), log.path().to_owned());
            let name = format!("{file}: {}", scenario.behaviour);
            runs.spawn(async move {
                let _place = places.acquire().await.expect("never closed");
                let run = Run::start(&scenario, &log).await;
                run.steps(&scenario.steps)
                    .await
                    .map_err(|failure| format!("{name}\n    {failure}"))
            });
        }
    }
    while let Some(run) = runs.join_next().await {
        match run.expect("no scenario panics") {
            Ok(()) => held += 1,
            Err(failure) => failures.push(failure),
        }
    }
    assert!(
        failures.is_empty(),
        "{held} hold, {} do not:\n{}",
        failures.len(),
        failures.join("\n")
    );
    validate_answers(log.path());
}

/// Holds every answer of the scenarios to the output shapes of the API model.
fn validate_answers(log: &Path) {
    let output = Command::new(python())
        .arg(script("validate_answers.py"))
        .arg(log)
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
}

struct Run {
    running: RunningPool,
    caller: Caller,
    variables: BTreeMap<String, String>,
    inputs: Value,
    events: tempfile::TempDir,
    log: PathBuf,
}

impl Run {
    async fn start(scenario: &Scenario, log: &Path) -> Self {
        let events = tempfile::tempdir().expect("a temporary folder");
        let trigger = scenario.trigger.as_ref().map(|answers| {
            let marker = events.path().join("hung").display().to_string();
            let answers = answers.to_string().replace("$MARKER", &marker);
            let log = events.path().join("events").display().to_string();
            TriggerProgram {
                args: vec![script("trigger_program.py")],
                env: vec![
                    ("TRIGGER_ANSWERS".to_owned(), answers),
                    ("TRIGGER_EVENTS".to_owned(), log),
                ],
                // Long enough for a laden machine; a scenario that hangs waits for all of it.
                limit: Duration::from_secs(if hangs(scenario) { 10 } else { 60 }),
                ..TriggerProgram::new(python())
            }
        });
        let options = PoolOptions {
            quotas: Quotas::Off,
            trigger,
            ..PoolOptions::default()
        };
        let running = RehearsalPool::start(options)
            .await
            .expect("the pool starts");
        let caller = Caller::new(running.endpoint());

        let mut request = json!({"PoolName": "scenario"});
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:user-migration-trigger";
        if scenario.trigger.is_some() {
            let mut lambdas = scenario.triggers.clone();
            if lambdas.is_empty() {
                lambdas.insert("UserMigration".to_owned(), function.into());
            }
            let lambdas = Value::Object(lambdas)
                .to_string()
                .replace("$FUNCTION", function);
            request["LambdaConfig"] = serde_json::from_str(&lambdas).expect("JSON");
        }
        merge(&mut request, &scenario.pool);
        let answer = caller.call("CreateUserPool", &request).await;
        let pool = answer.body["UserPool"]["Id"].as_str().map(str::to_owned);
        let pool = pool.unwrap_or_else(|| panic!("{}: {answer:?}", scenario.behaviour));

        let flows = [
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ];
        let mut request =
            json!({"UserPoolId": pool, "ClientName": "scenario", "ExplicitAuthFlows": flows});
        merge(&mut request, &scenario.client);
        let answer = caller.call("CreateUserPoolClient", &request).await;
        let client = answer.body["UserPoolClient"]["ClientId"]
            .as_str()
            .map(str::to_owned);
        let client = client.unwrap_or_else(|| panic!("{}: {answer:?}", scenario.behaviour));

        let variables = BTreeMap::from([("POOL".to_owned(), pool), ("CLIENT".to_owned(), client)]);
        Self {
            running,
            caller,
            variables,
            inputs: input_members(),
            events,
            log: log.to_owned(),
        }
    }

    async fn steps(mut self, steps: &[Step]) -> Result<(), String> {
        let mut outcome = Ok(());
        for (number, step) in steps.iter().enumerate() {
            if let Err(failure) = self.step(step).await {
                let call = step.call.as_deref().unwrap_or("check");
                outcome = Err(format!("step {} ({call}): {failure}", number + 1));
                break;
            }
        }
        self.running.stop().await;
        outcome
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Some(seconds) = step.wait {
            self.running.advance_clock(Duration::from_secs(seconds));
        }
        if let Some(username) = &step.message_to {
            let username = self.filled(username);
            let message = self
                .running
                .outbox()
                .into_iter()
                .rfind(|sent| sent.username == username);
            let message = message.ok_or_else(|| format!("no message to {username}"))?;
            self.variables
                .insert("CODE".to_owned(), message.code.unwrap_or_default());
            self.variables
                .insert("DESTINATION".to_owned(), message.destination);
        }
        if let Some(username) = &step.hash_for {
            let hash = secret_hash(
                &self.variables["SECRET"],
                username,
                &self.variables["CLIENT"],
            );
            self.variables.insert("HASH".to_owned(), hash);
        }
        if let Some(expected) = step.messages {
            let sent = self.running.outbox().len();
            if sent != expected {
                return Err(format!("{sent} messages instead of {expected}"));
            }
        }
        if let Some(expected) = step.trigger_runs {
            let runs = self.running.trigger_runs().len();
            if runs != expected {
                return Err(format!(
                    "the trigger ran {runs} times instead of {expected}"
                ));
            }
        }
        if let Some(expected) = &step.event {
            let log = std::fs::read_to_string(self.events.path().join("events"));
            let log = log.map_err(|error| format!("no events: {error}"))?;
            let newest = log.lines().last().ok_or("no event")?;
            let event: Value = serde_json::from_str(newest).expect("the trigger logs JSON");
            let expected = self.filled_value(expected);
            contains(&event, &expected, "event")?;
        }
        if let Some(lines) = &step.upload {
            let file = self.filled(&lines.join("\n"));
            let url = self.variables.get("URL").ok_or("no URL was kept")?;
            let path = url
                .strip_prefix(self.running.endpoint())
                .ok_or("a foreign URL")?;
            let status = self
                .caller
                .put(path, file, step.encrypted)
                .await
                .status
                .as_u16();
            if status != step.status {
                return Err(format!("the upload gave {status}"));
            }
        }
        if step.job_ends {
            self.await_job().await;
        }
        if let Some(operation) = &step.call {
            for _ in 0..step.times {
                self.call(operation, step).await?;
            }
        }
        Ok(())
    }

    async fn await_job(&self) {
        let input = json!({"UserPoolId": self.variables["POOL"], "JobId": self.variables["JOB"]});
        loop {
            let answer = self.caller.call("DescribeUserImportJob", &input).await;
            let status = answer.body["UserImportJob"]["Status"]
                .as_str()
                .map(str::to_owned);
            let status = status.unwrap_or_else(|| panic!("no such job: {answer:?}"));
            if !["Pending", "InProgress", "Stopping"].contains(&status.as_str()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn call(&mut self, operation: &str, step: &Step) -> Result<(), String> {
        let members = &self.inputs[operation];
        let mut input = self.filled_value(&Value::Object(step.with.clone()));
        for (member, variable) in [("UserPoolId", "POOL"), ("ClientId", "CLIENT")] {
            if members[member].is_string() && input.get(member).is_none() {
                input[member] = self.variables[variable].as_str().into();
            }
        }
        let answer = self.caller.call(operation, &input).await;
        self.record(operation, &answer);
        if let Some(expected) = &step.error {
            if answer.error_type.as_ref() != Some(expected) {
                return Err(format!("{expected} was expected, came {}", answer.body));
            }
            if answer.body["__type"] != expected.as_str() {
                return Err(format!("the body names another error: {}", answer.body));
            }
            let message = answer.body["message"].as_str().unwrap_or_default();
            return match step.says.as_ref().map(|text| self.filled(text)) {
                Some(text) if !message.contains(&text) => {
                    Err(format!("the error says {message:?}"))
                }
                _ => Ok(()),
            };
        }
        if !answer.status.is_success() {
            return Err(format!("came {}", answer.body));
        }
        if let Some(expected) = &step.gives {
            contains(&answer.body, &self.filled_value(expected), "answer")?;
        }
        for path in &step.lacks {
            if at(&answer.body, path).is_some() {
                return Err(format!("the answer has {path}: {}", answer.body));
            }
        }
        for (path, expected) in &step.claims {
            let token = at(&answer.body, path).and_then(Value::as_str);
            let token = token.ok_or_else(|| format!("no token at {path}"))?;
            let claims = claims(token);
            let Value::Object(expected) = self.filled_value(expected) else {
                return Err("claims are an object".to_owned());
            };
            for (name, expected) in expected {
                // A claim of null must not be there.
                match claims.get(&name) {
                    None if expected.is_null() => {}
                    None => return Err(format!("the claim {name} is missing from {claims}")),
                    Some(claim) => contains(claim, &expected, &name)?,
                }
            }
        }
        for (name, path) in &step.keep {
            let value = at(&answer.body, path)
                .ok_or_else(|| format!("nothing at {path} to keep: {}", answer.body))?;
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            self.variables.insert(name.clone(), text);
        }
        Ok(())
    }

    fn record(&self, operation: &str, answer: &Answer) {
        let record = json!({
            "operation": operation,
            "error": answer.error_type,
            "body": answer.body,
        });
        let mut log = std::fs::File::options()
            .append(true)
            .open(&self.log)
            .expect("the log");
        // In one piece: other scenarios write at the same time.
        log.write_all(format!("{record}\n").as_bytes())
            .expect("room for the log");
    }

    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in self.variables.iter().rev() {
            filled = filled.replace(&format!("${name}"), value);
        }
        filled
    }

    fn filled_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.filled(text).into(),
            Value::Array(items) => items.iter().map(|item| self.filled_value(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, member)| (self.filled(name), self.filled_value(member)))
                .collect::<Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
}

/// Base64 of HMAC-SHA256 over username and client id, keyed by the client's secret.
fn secret_hash(secret: &str, username: &str, client: &str) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::Engine as _;
    let key = Key::new(HMAC_SHA256, secret.as_bytes());
    let tag = sign(&key, format!("{username}{client}").as_bytes());
    base64::engine::general_purpose::STANDARD.encode(tag)
}

fn hangs(scenario: &Scenario) -> bool {
    scenario
        .trigger
        .as_ref()
        .is_some_and(|answers| answers.to_string().contains("\"hang"))
}

fn merge(request: &mut Value, members: &Map<String, Value>) {
    let Value::Object(request) = request else {
        unreachable!("a request is an object")
    };
    request.extend(members.clone());
}

/// Operation -> members of its input, from the API model.
fn input_members() -> Value {
    let model: Value =
        serde_json::from_str(include_str!("../../model/cognito-idp.json")).expect("JSON");
    let operations = model["operations"].as_object().expect("an object");
    operations
        .iter()
        .map(|(name, operation)| {
            let input = operation["input"].as_str().expect("a shape's name");
            (name.clone(), model["shapes"][input]["members"].clone())
        })
        .collect::<Map<_, _>>()
        .into()
}

pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).expect("a token has three parts");
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&decoded.expect("base64url")).expect("JSON claims")
}

/// The value at a path of member names and list places, joined by dots.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

fn contains(value: &Value, expected: &Value, place: &str) -> Result<(), String> {
    match (value, expected) {
        (_, Value::String(any)) if any == "*" => Ok(()),
        (Value::Object(members), Value::Object(expected)) => {
            for (name, expected) in expected {
                let member = members.get(name);
                let member = member.ok_or_else(|| format!("{place} lacks {name}: {value}"))?;
                contains(member, expected, &format!("{place}.{name}"))?;
            }
            Ok(())
        }
        (Value::Array(items), Value::Array(expected)) => {
            // Attribute lists have no order: each expected item must be somewhere.
            for wanted in expected {
                if !items
                    .iter()
                    .any(|item| contains(item, wanted, place).is_ok())
                {
                    return Err(format!("{place} lacks {wanted}: {value}"));
                }
            }
            if expected.is_empty() && !items.is_empty() {
                return Err(format!("{place} should be empty: {value}"));
            }
            Ok(())
        }
        _ if value == expected => Ok(()),
        _ => Err(format!("{place} is {value} instead of {expected}")),
    }
}
