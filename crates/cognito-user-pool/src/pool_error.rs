//! The one place that decides what a failed call means: try again, this user cannot be moved, or
//! stop the run. The engine looks at nothing else. Messages never carry what Cognito quoted.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use migration_model::Reason;

use crate::{Operation, exception_table, redaction};

/// What to do after a failed call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disposition {
    /// The same call may succeed later.
    Retry,
    /// What the call was to bring about is there already, by whomever.
    Already,
    /// This user cannot be moved like this; others can.
    FailUser(Reason),
    /// No further call would fare better: stop the run and tell the operator.
    Halt,
}

/// Whether a failed call may have done its work all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Cognito refused: nothing happened.
    None,
    /// The answer is lost: it may have happened.
    Unknown,
}

/// What went wrong, as far as anybody acts on it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PoolFault {
    /// A request quota is spent.
    Throttled,
    /// Cognito failed (InternalErrorException, HTTP 5xx).
    Service,
    /// No answer: connection refused, reset, or timed out.
    Unreachable,
    /// The username is in the pool.
    UsernameExists,
    /// Another user holds the verified e-mail or phone number.
    AliasExists,
    /// The group is in the pool.
    GroupExists,
    /// The user is not in the pool.
    UserNotFound,
    /// The pool, the app client or the group does not exist.
    ResourceNotFound,
    /// A value does not fit the API or the pool's schema.
    InvalidParameter,
    /// The password does not fit the pool's policy.
    InvalidPassword,
    /// A hard limit is reached; waiting does not help.
    LimitExceeded,
    /// The IAM identity may not do this.
    AccessDenied,
    /// No credentials, or Cognito does not take them.
    Credentials,
    /// The AWS session has ended, or its source has nothing to give at the moment.
    SessionExpired,
    /// This machine's clock differs too much for signed requests.
    Clock,
    /// A Lambda trigger of the pool failed or refused.
    Lambda,
    /// The pool's settings or state do not allow the operation.
    NotAllowed,
    /// Anything else.
    Other,
}

impl PoolFault {
    /// Whether it says that nothing gets through, rather than what became of one call.
    pub(crate) const fn is_away(self) -> bool {
        matches!(
            self,
            PoolFault::Service | PoolFault::Unreachable | PoolFault::SessionExpired
        )
    }
}

use Disposition::{FailUser, Halt, Retry};
use PoolFault as F;

/// A failed call to the user pool.
pub struct PoolError {
    operation: Operation,
    fault: PoolFault,
    disposition: Disposition,
    effect: Effect,
    exception: Option<String>,
    subject: Option<String>,
    why: &'static str,
    /// Of the connection only: what Cognito says quotes its caller.
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl PoolError {
    /// Classifies what the SDK returned. `sent` are the names of the attributes in the request.
    pub(crate) fn new<'a, E>(
        operation: Operation,
        error: SdkError<E, HttpResponse>,
        sent: impl Iterator<Item = &'a str>,
    ) -> PoolError
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        match &error {
            SdkError::ServiceError(context) => {
                let metadata = context.err().meta();
                let message = metadata.message().unwrap_or_default();
                let subject = redaction::subject(message, sent);
                PoolError::from_exception(operation, metadata.code(), status, subject)
            }
            SdkError::ResponseError(_) if status.is_some_and(|status| status < 500) => {
                PoolError::broken_off(operation)
            }
            SdkError::ResponseError(_) => {
                PoolError::from_exception(operation, None, status.or(Some(500)), None)
            }
            SdkError::ConstructionFailure(_) => {
                let why = "the request could not be built";
                PoolError::plain(operation, F::Other, Halt, Effect::None, why)
            }
            _ => match credentials_error(&error) {
                Some(
                    CredentialsError::CredentialsNotLoaded(_)
                    | CredentialsError::InvalidConfiguration(_),
                ) => {
                    let why = "no AWS credentials: set a profile (AWS_PROFILE), sign in with \
                               `aws sso login`, or set AWS_ACCESS_KEY_ID and \
                               AWS_SECRET_ACCESS_KEY";
                    PoolError::plain(operation, F::Credentials, Halt, Effect::None, why)
                }
                // An SSO session that is over, or a credential_process that fails: a new
                // session may come any moment.
                Some(_) => {
                    let why = "no AWS session: sign in (`aws sso login`), set AWS_PROFILE, or set \
                               AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
                    PoolError::plain(operation, F::SessionExpired, Retry, Effect::None, why)
                }
                None => {
                    let why = "no answer from the endpoint; check the network and the Region";
                    let unreachable =
                        PoolError::plain(operation, F::Unreachable, Retry, Effect::Unknown, why);
                    PoolError {
                        source: error.into_source().ok(),
                        ..unreachable
                    }
                }
            },
        }
    }

    /// Looks the exception up in the table.
    pub(crate) fn from_exception(
        operation: Operation,
        exception: Option<&str>,
        status: Option<u16>,
        subject: Option<String>,
    ) -> PoolError {
        let found = exception.and_then(|exception| exception_table::find(exception, operation));
        let mut error = match found {
            Some(row) => {
                PoolError::plain(operation, row.fault, row.disposition, row.effect, row.why)
            }
            None if status.is_some_and(|status| status >= 500) => {
                let why = "the endpoint failed; it may have done the work first";
                PoolError::plain(operation, F::Service, Retry, Effect::Unknown, why)
            }
            None if status == Some(429) => {
                let why = "the endpoint refuses the rate of requests";
                PoolError::plain(operation, F::Throttled, Retry, Effect::None, why)
            }
            None => {
                let why = "an exception this version does not know";
                let disposition = FailUser(Reason::RefusedByCognito);
                PoolError::plain(operation, F::Other, disposition, Effect::None, why)
            }
        };
        if matches!(error.disposition, FailUser(_))
            && error.fault == F::InvalidParameter
            && subject.is_none()
        {
            // Without an attribute's name it need not be about an attribute.
            error.disposition = FailUser(Reason::RefusedByCognito);
        }
        // An exception's name is a word of the service's, unless the endpoint is none.
        let is_name =
            |name: &&str| name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric());
        error.exception = exception.filter(is_name).map(str::to_owned);
        error.subject = subject;
        error
    }

    fn plain(
        operation: Operation,
        fault: PoolFault,
        disposition: Disposition,
        effect: Effect,
        why: &'static str,
    ) -> PoolError {
        let (exception, subject, source) = (None, None, None);
        PoolError {
            operation,
            fault,
            disposition,
            effect,
            exception,
            subject,
            why,
            source,
        }
    }

    /// An answer without something that the API promises.
    pub(crate) fn incomplete(operation: Operation) -> PoolError {
        let why = "the answer lacks what the API promises; is the endpoint a user pool?";
        PoolError::plain(operation, F::Other, Halt, Effect::Unknown, why)
    }

    /// An answer that is not whole, as when a connection is cut in the middle of it: lost.
    pub(crate) fn broken_off(operation: Operation) -> PoolError {
        let why = "answers break off, or are none of a user pool's; check the network and the \
                   endpoint";
        PoolError::plain(operation, F::Unreachable, Retry, Effect::Unknown, why)
    }

    /// The operation that failed.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// What went wrong.
    pub fn fault(&self) -> PoolFault {
        self.fault
    }

    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        self.disposition
    }

    /// Whether it may have had its effect all the same.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The exception's name, where Cognito gave one.
    pub fn exception(&self) -> Option<&str> {
        self.exception.as_deref()
    }

    /// The attribute or parameter it is about, where recognisable.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// What an operator can do, naming the IAM action where that is what is missing.
    pub fn hint(&self) -> String {
        match (self.fault, self.operation.iam_action()) {
            (F::AccessDenied, Some(action)) if self.operation == Operation::CreateUserImportJob => {
                // Whoever hands a role to a service must be allowed to.
                format!(
                    "{}; allow {action} on the pool's ARN, and iam:PassRole on the role of \
                         [pool] import_role_arn",
                    self.why
                )
            }
            (F::AccessDenied, Some(action)) => {
                format!("{}; allow {action} on the pool's ARN", self.why)
            }
            _ => self.why.to_owned(),
        }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (&self.exception, self.fault) {
            (Some(exception), _) => exception.as_str(),
            (None, F::Unreachable) => "no answer",
            (None, F::Service) => "the service failed",
            (None, F::Throttled) => "too many requests",
            (None, F::Credentials) => "no credentials",
            (None, F::SessionExpired) => "no AWS session",
            (None, _) => "unusable answer",
        };
        write!(f, "{}: {what}", self.operation)?;
        match &self.subject {
            Some(subject) => write!(f, " about `{subject}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PoolError({self}, {:?}, {:?})",
            self.disposition, self.effect
        )
    }
}

impl StdError for PoolError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

fn credentials_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a CredentialsError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(operation: Operation, exception: &str, status: u16) -> PoolError {
        PoolError::from_exception(operation, Some(exception), Some(status), None)
    }

    #[test]
    fn a_spent_quota_is_retried_and_a_hard_limit_is_not() {
        let throttled = classify(Operation::AdminCreateUser, "TooManyRequestsException", 400);
        assert_eq!(throttled.disposition(), Retry);
        assert_eq!(throttled.effect(), Effect::None);
        let capped = classify(Operation::AdminCreateUser, "LimitExceededException", 400);
        assert_eq!(capped.disposition(), Halt);
        let groups = classify(
            Operation::AdminAddUserToGroup,
            "LimitExceededException",
            400,
        );
        assert_eq!(groups.disposition(), FailUser(Reason::GroupInvalid));
    }

    #[test]
    fn a_failing_service_may_have_done_the_work() {
        for (exception, status) in [("InternalErrorException", 500), ("SomethingNew", 503)] {
            let error = classify(Operation::AdminCreateUser, exception, status);
            assert_eq!(
                (error.disposition(), error.effect()),
                (Retry, Effect::Unknown)
            );
        }
    }

    #[test]
    fn a_missing_right_names_the_iam_action() {
        let error = classify(Operation::AdminDisableUser, "AccessDeniedException", 400);
        assert_eq!(error.disposition(), Halt);
        assert!(
            error.hint().contains("cognito-idp:AdminDisableUser"),
            "{}",
            error.hint()
        );
    }

    #[test]
    fn an_exception_nobody_knows_fails_the_user_alone() {
        let error = classify(Operation::AdminCreateUser, "BrandNewException", 400);
        assert_eq!(error.disposition(), FailUser(Reason::RefusedByCognito));
        assert_eq!(error.to_string(), "AdminCreateUser: BrandNewException");
    }

    #[test]
    fn text_in_place_of_a_name_is_not_shown() {
        let error = classify(Operation::AdminCreateUser, "ada@example.org is bad", 400);
        assert!(!format!("{error} {error:?}").contains("ada"));
    }
}
