//! The app's side of a rehearsal: what its sign-in page does at the pool, timed. Knows the local
//! pool and its client id; decides nothing about right and wrong.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognito_user_pool::{PoolError, SignInAnswer, WritableUserPool};
use rehearsal_pool::{RunningPool, TriggerRun};
use serde_json::Value;

/// The app that signs people in.
pub(crate) struct App<'a> {
    pool: &'a WritableUserPool,
    running: &'a RunningPool,
}

/// What came of one sign-in.
pub(crate) struct Attempt {
    /// The claims of the ID token, or the refusal.
    pub(crate) answer: Result<Value, Refusal>,
    /// How long it took.
    pub(crate) ms: f64,
    /// How often the trigger ran for it.
    pub(crate) trigger_runs: usize,
}

/// A refusal as an app sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    /// The exception's name, or what was asked instead.
    pub(crate) exception: String,
}

impl Refusal {
    /// Whether the trigger failed, so that it says nothing about the person.
    pub(crate) fn is_outage(&self) -> bool {
        // The exceptions InitiateAuth declares for a trigger that failed (API model).
        matches!(
            self.exception.as_str(),
            "UserLambdaValidationException"
                | "UnexpectedLambdaException"
                | "InvalidLambdaResponseException"
        )
    }
}

/// Whether the run was a migration; the same program answers other triggers of the pool.
pub(crate) fn is_migration(run: &TriggerRun) -> bool {
    run.source.starts_with("UserMigration_")
}

impl<'a> App<'a> {
    pub(crate) fn new(pool: &'a WritableUserPool, running: &'a RunningPool) -> App<'a> {
        App { pool, running }
    }

    /// Signs in with USER_PASSWORD_AUTH.
    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Result<Attempt, PoolError> {
        let (runs, begun) = (self.migration_runs(), Instant::now());
        let answer = self
            .pool
            .initiate_auth(self.running.client_id(), login, password)
            .await?;
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        let answer = match answer {
            SignInAnswer::Tokens(tokens) => Ok(claims(&tokens.id_token)),
            SignInAnswer::Challenge(name) => Err(Refusal { exception: name }),
            SignInAnswer::Refused(error) => Err(Refusal {
                exception: error.exception().unwrap_or("no exception").to_owned(),
            }),
        };
        Ok(Attempt {
            answer,
            ms,
            trigger_runs: self.migration_runs() - runs,
        })
    }

    /// How often the pool asked for somebody it does not know.
    fn migration_runs(&self) -> usize {
        let runs = self.running.trigger_runs();
        runs.iter().filter(|run| is_migration(run)).count()
    }

    /// Forgets a password and sets a new one with the code the pool sent; `None` when no code was
    /// sent.
    pub(crate) async fn reset_password(
        &self,
        login: &str,
        new_password: &str,
    ) -> Result<Option<()>, PoolError> {
        let sent_before = self.running.outbox().len();
        let client_id = self.running.client_id();
        self.pool.forgot_password(client_id, login).await?;
        let outbox = self.running.outbox();
        let message = outbox.get(sent_before..).and_then(|new| new.last());
        let Some(code) = message.and_then(|message| message.code.as_deref()) else {
            return Ok(None);
        };
        self.pool
            .confirm_forgot_password(client_id, login, code, new_password)
            .await
            .map(Some)
    }
}

/// The payload of a JWT. The signature is the pool's own and not at issue here.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&json).unwrap_or_default()
}
