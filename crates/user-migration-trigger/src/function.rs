//! Between lambda_runtime and the decisions: text in, text out, one log line each. Responsible for
//! that every event gets an answer and that none but [`PublicError`]'s sentences leave as errors;
//! must not know how events are decided. Called by lambda_runtime.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use lambda_runtime::{Context, LambdaEvent};
use migration_model::Reason;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::budget::Budget;
use crate::decision::{Decision, Failure, FailureCause};
use crate::event::{Event, EventUnreadable, Response};
use crate::legacy_logins::LegacyLogins;
use crate::observation::Observation;
use crate::pseudonym::PseudonymKey;
use crate::public_error::PublicError;
use crate::trigger::{Trigger, failure};

/// The function as lambda_runtime calls it.
pub struct Function<L> {
    trigger: Trigger<L>,
    pseudonyms: PseudonymKey,
    name: String,
    started: Instant,
    /// How long Cognito waited for the process to come up, until the first event is answered.
    start_up: Duration,
    cold: AtomicBool,
}

impl<L: LegacyLogins> Function<L> {
    /// `name` is the function's name in metrics; `started` when the process began.
    pub fn new(
        trigger: Trigger<L>,
        pseudonyms: PseudonymKey,
        name: String,
        started: Instant,
    ) -> Function<L> {
        let start_up = started.elapsed();
        Function {
            trigger,
            pseudonyms,
            name,
            started,
            start_up,
            cold: AtomicBool::new(true),
        }
    }

    /// Answers one event.
    ///
    /// # Errors
    ///
    /// When nothing can be said about the user: a sentence that anybody may read.
    pub async fn answer(&self, event: LambdaEvent<EventText>) -> Result<AnswerText, PublicError> {
        let (text, context) = event.into_parts();
        let cold_start = self.cold.swap(false, Ordering::Relaxed);
        let mut seen = Observation::begin(context.request_id.clone(), cold_start);
        let budget = self.budget(&context, cold_start);
        // The decisions catch their own panics; this is for the few lines around them.
        let answering = AssertUnwindSafe(self.decide(text, &budget, &mut seen)).catch_unwind();
        let (decision, answer) = answering
            .await
            .unwrap_or_else(|_panic| (failed(FailureCause::Internal, &seen), None));
        let mut line = seen.line(&decision, &self.name);
        line.push('\n');
        // With nowhere to log to, people can still sign in.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
        match (decision, answer) {
            (Decision::Failed(failure), _) => Err(failure.public),
            (Decision::Barred(Reason::NameHeld), _) => Err(PublicError::NameHeld),
            (Decision::Barred(Reason::AttributeReserved), _) => Err(PublicError::AttributeReserved),
            (Decision::Barred(_), _) => Err(PublicError::NotSetUp),
            (_, Some(answer)) => Ok(AnswerText(answer)),
            (_, None) => Err(PublicError::SignInUnchecked),
        }
    }

    /// The decision, and the event to hand back unless it failed.
    async fn decide(
        &self,
        text: EventText,
        budget: &Budget,
        seen: &mut Observation,
    ) -> (Decision, Option<Zeroizing<String>>) {
        let Some(mut event) = text.0.and_then(|text| Event::parse(text).ok()) else {
            return (failed(FailureCause::EventInvalid, seen), None);
        };
        seen.user = event
            .user_name
            .as_deref()
            .map(|login| self.pseudonyms.of(login));
        let decision = self.trigger.decide(&mut event, budget, seen).await;
        let response = match &decision {
            Decision::Migrated(reply) => Response::Migration(reply),
            Decision::Refused(_) => Response::Empty,
            Decision::Passed(_) => Response::Unchanged,
            Decision::GroupsAdded(groups) => Response::Groups(groups),
            Decision::Barred(_) | Decision::Failed(_) => return (decision, None),
        };
        match event.answered(response) {
            Ok(answer) => (decision, Some(answer)),
            Err(EventUnreadable) => (failed(FailureCause::Internal, seen), None),
        }
    }

    fn budget(&self, context: &Context, cold_start: bool) -> Budget {
        let left = context
            .deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        // A process that waited long for its first event was started ahead of it, and nobody
        // waited for that.
        let waited = self.started.elapsed().saturating_sub(self.start_up);
        let spent = match cold_start && waited < Duration::from_secs(1) {
            true => self.start_up,
            false => Duration::ZERO,
        };
        Budget::new(left, spent)
    }
}

fn failed(cause: FailureCause, seen: &Observation) -> Decision {
    let Failure {
        cause,
        public,
        detail,
    } = failure(seen.source, cause, None);
    Decision::Failed(Failure {
        cause,
        public,
        detail,
    })
}

/// The body of an invocation as it came; `None` for one that is no JSON.
///
/// Reading it never fails, because lambda_runtime turns such errors into text for the caller.
/// The text is wiped on drop; copies that lambda_runtime and the HTTP client made before are not
/// within reach.
pub struct EventText(pub Option<Zeroizing<String>>);

impl<'de> Deserialize<'de> for EventText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer).ok();
        Ok(EventText(raw.map(|raw| {
            Zeroizing::new(String::from(Box::<str>::from(raw)))
        })))
    }
}

/// The event to hand back, as JSON text. Wiped on drop.
pub struct AnswerText(Zeroizing<String>);

impl AnswerText {
    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Serialize for AnswerText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
