//! Lambda functions behind a pool's triggers.
//!
//! Responsible for invoking a function by its ARN within Cognito's limits, for recording each
//! run, and for wording its failures as the service does. What an event holds is `event`'s; how a
//! program runs is `program`'s, how a function elsewhere is called `invoke_url`'s.

mod cpu_share;
pub(crate) mod environment;
pub(crate) mod event;
pub(crate) mod invoke_url;
pub(crate) mod program;
pub(crate) mod runtime_api;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;

use self::invoke_url::InvokeUrl;
use self::program::ProgramRunner;
use crate::api_error::ApiError;

/// One invocation of a trigger, for reports; it holds nothing of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriggerRun {
    /// `triggerSource`, such as `UserMigration_Authentication`.
    pub source: &'static str,
    /// From the pool's call to the answer, starting a process included.
    pub duration: Duration,
    /// Whether a process had to be started; of functions at a URL nothing is known of that.
    pub cold: bool,
    /// With a cold start: from the start of the process until it asked for its first event, if it
    /// came so far.
    pub init: Option<Duration>,
    /// How it ended.
    pub outcome: TriggerOutcome,
}

/// How a trigger's invocation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerOutcome {
    /// The function returned an event.
    Answered,
    /// The function reported an error of this type.
    Refused {
        /// The function's own `errorType`.
        error_type: String,
    },
    /// No answer within the limit; the process was ended.
    TimedOut,
    /// The process ended before it answered.
    Crashed,
    /// The function could not be started.
    NotStarted,
}

/// An answer or failure with whether a process was started for it.
pub(crate) struct Invoked {
    pub(crate) cold: bool,
    pub(crate) init: Option<Duration>,
    pub(crate) result: Result<Bytes, TriggerFailure>,
}

/// Why an invocation gave no event back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TriggerFailure {
    Function { error_type: String, message: String },
    TimedOut,
    Crashed { message: String },
    NotStarted { reason: String },
}

impl TriggerFailure {
    fn outcome(&self) -> TriggerOutcome {
        match self {
            Self::Function { error_type, .. } => TriggerOutcome::Refused {
                error_type: error_type.clone(),
            },
            Self::TimedOut => TriggerOutcome::TimedOut,
            Self::Crashed { .. } => TriggerOutcome::Crashed,
            Self::NotStarted { .. } => TriggerOutcome::NotStarted,
        }
    }

    /// The error a client gets. `trigger` is the name in `LambdaConfig`.
    ///
    /// Sources: guide page cognito-user-identity-pools-working-with-aws-lambda-triggers
    /// (`<trigger> failed with error <text>`); texts as callers report them
    /// ("UserMigration failed with error Bad password.", "Socket timeout while invoking Lambda
    /// function"). A crash reaches Cognito as a function error whose text Lambda wrote.
    pub(crate) fn into_api_error(self, trigger: &str) -> ApiError {
        match self {
            Self::Function { message, .. } | Self::Crashed { message } => {
                let stop = if message.ends_with('.') { "" } else { "." };
                ApiError::new(
                    "UserLambdaValidationException",
                    format!("{trigger} failed with error {message}{stop}"),
                )
            }
            Self::TimedOut => ApiError::new(
                "UnexpectedLambdaException",
                format!(
                    "{trigger} invocation failed due to error Socket timeout while invoking \
                     Lambda function."
                ),
            ),
            Self::NotStarted { reason } => ApiError::new(
                "UnexpectedLambdaException",
                format!("{trigger} invocation failed due to error {reason}."),
            ),
        }
    }
}

/// Where functions run.
pub(crate) enum Runner {
    /// One program is behind every function.
    Program(ProgramRunner),
    Url(InvokeUrl),
}

/// The functions there are.
pub(crate) struct Functions {
    runner: Option<Runner>,
    /// Invocations after one that timed out.
    retries: u8,
    runs: Mutex<VecDeque<TriggerRun>>,
}

/// Runs kept for reports; the oldest go first.
const RUNS_KEPT: usize = 200_000;

impl Functions {
    pub(crate) fn new(runner: Option<Runner>, retries: u8) -> Self {
        Self {
            runner,
            retries,
            runs: Mutex::default(),
        }
    }

    /// The share of a core that a program's processes get, where the machine limits them.
    pub(crate) fn cpu_share(&self) -> Option<f64> {
        match &self.runner {
            Some(Runner::Program(program)) => program.cpu_share(),
            Some(Runner::Url(_)) | None => None,
        }
    }

    /// Invokes a function with an event and returns the event it gave back.
    ///
    /// `trigger` is the name in `LambdaConfig`, `source` the event's `triggerSource`.
    pub(crate) async fn invoke(
        &self,
        arn: &str,
        trigger: &str,
        source: &'static str,
        event: Bytes,
    ) -> Result<Value, ApiError> {
        let mut attempts_left = self.retries;
        let answer = loop {
            let started = Instant::now();
            let invoked = match &self.runner {
                Some(Runner::Program(program)) => program.invoke(event.clone()).await,
                Some(Runner::Url(invoker)) => invoker.invoke(arn, event.clone()).await,
                // No function is there, as Lambda would say it.
                None => {
                    tracing::warn!(
                        arn,
                        "a pool names a function, but this rehearsal pool was started without a \
                         trigger program or Invoke URL"
                    );
                    Invoked {
                        cold: false,
                        init: None,
                        result: Err(TriggerFailure::NotStarted {
                            reason: "ResourceNotFoundException".to_owned(),
                        }),
                    }
                }
            };
            self.record(source, started.elapsed(), &invoked);
            match invoked.result {
                Err(TriggerFailure::TimedOut) if attempts_left > 0 => attempts_left -= 1,
                result => break result,
            }
        };
        let answer = answer.map_err(|failure| failure.into_api_error(trigger))?;
        match serde_json::from_slice(&answer) {
            Ok(event @ Value::Object(_)) => Ok(event),
            _ => Err(unrecognizable()),
        }
    }

    fn record(&self, source: &'static str, duration: Duration, invoked: &Invoked) {
        let outcome = match &invoked.result {
            Ok(_) => TriggerOutcome::Answered,
            Err(failure) => failure.outcome(),
        };
        tracing::debug!(
            source,
            ?duration,
            cold = invoked.cold,
            ?outcome,
            "trigger run"
        );
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() == RUNS_KEPT {
            runs.pop_front();
        }
        runs.push_back(TriggerRun {
            source,
            duration,
            cold: invoked.cold,
            init: invoked.init,
            outcome,
        });
    }

    pub(crate) fn runs(&self) -> Vec<TriggerRun> {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(crate) async fn stop(&self) {
        if let Some(Runner::Program(program)) = &self.runner {
            program.stop().await;
        }
    }
}

/// A function that does not return the event (guide: "Unrecognizable lambda output" as callers
/// report it).
pub(crate) fn unrecognizable() -> ApiError {
    ApiError::new(
        "InvalidLambdaResponseException",
        "Unrecognizable lambda output",
    )
}
