//! What can become of an event: for a migration a reply, a refusal or a failure; for a sign-up
//! leave or a bar; for tokens groups or nothing. Must not know how events are
//! read or answers sent. Made by the decisions, turned into an answer by the Lambda glue.

use migration_model::Reason;

use crate::public_error::PublicError;
use crate::reply::Reply;
use crate::token_groups::TokenGroups;

/// The answer to one event.
#[derive(Debug)]
pub enum Decision {
    /// Cognito shall create the user.
    Migrated(Reply),
    /// The event goes back with an empty response: "not here".
    ///
    /// One answer for unknown users, wrong passwords and everything else that is no outage, and
    /// this one of the two the guide offers, because it is the only one that also equals what
    /// Cognito says to a wrong password of a user it already has: "Amazon Cognito returns a
    /// simulated response for users that don't exist when an empty response was set in the
    /// original event context by the Lambda trigger" (developer guide, "Managing user existence
    /// error responses"), which with PreventUserExistenceErrors is "Incorrect username or
    /// password" at sign-in and a pretended delivery at forgot-password. An error thrown instead
    /// reaches the client as `UserMigration failed with error …` and tells who has not migrated.
    Refused(Reason),
    /// Nobody may be created like this: an error with a sentence that says so.
    Barred(Reason),
    /// The event goes back as it came; the reason, where something was amiss.
    Passed(Option<Reason>),
    /// The tokens get these groups.
    GroupsAdded(TokenGroups),
    /// Nothing is known about the user: an error, and nobody is told their password is wrong.
    Failed(Failure),
}

/// An event that could not be decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Why, for operators.
    pub cause: FailureCause,
    /// The sentence for everybody else.
    pub public: PublicError,
    /// More for the log; never text of the event.
    pub detail: Option<String>,
}

/// Why an event could not be decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureCause {
    /// A reason of the shared registry.
    Reason(Reason),
    /// The event has no login, or no password where one belongs, or is no JSON object.
    EventInvalid,
    /// Attached to a trigger this function does not answer.
    TriggerSourceUnknown,
    /// A defect of this program.
    Internal,
}

impl FailureCause {
    /// The kebab-case code in logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            FailureCause::Reason(reason) => reason.code(),
            FailureCause::EventInvalid => "event-invalid",
            FailureCause::TriggerSourceUnknown => "trigger-source-unknown",
            FailureCause::Internal => "internal-error",
        }
    }
}

/// Why a decision stops short of a migration.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// The person is refused.
    Refuse(Reason),
    /// The question stays open.
    Fail(FailureCause, Option<String>),
    /// The question is answered, but not as it was meant: a sentence of its own.
    Public(PublicError, Reason),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Stop {
        Stop::Refuse(reason)
    }
}

/// Takes `None` where an event must have something.
pub(crate) fn required<T>(part: Option<T>, what: &'static str) -> Result<T, Stop> {
    part.ok_or_else(|| Stop::Fail(FailureCause::EventInvalid, Some(format!("no {what}"))))
}
