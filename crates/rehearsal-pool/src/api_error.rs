//! The error an operation answers with: Cognito's exception name and text.
//!
//! Responsible for the names, texts and HTTP status of errors that several operations share, each
//! spelled once. It must not know HTTP framing (see `wire`). Used by every operation.

use std::fmt;

/// An error as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Cognito's exception name, such as `UserNotFoundException`.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// 500 for the service's own faults (`fault: true` in the API model), 400 for all others.
    pub(crate) fn status(&self) -> u16 {
        match self.code {
            "InternalErrorException" | "InternalServerException" => 500,
            _ => 400,
        }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    pub(crate) fn not_authorized(message: impl Into<String>) -> Self {
        Self::new("NotAuthorizedException", message)
    }

    /// The one refusal for a wrong password and, under `PreventUserExistenceErrors`, for an
    /// unknown user (guide: cognito-user-pool-managing-errors).
    pub(crate) fn incorrect_username_or_password() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    pub(crate) fn user_not_found() -> Self {
        Self::new("UserNotFoundException", "User does not exist.")
    }

    pub(crate) fn pool_not_found(pool_id: &str) -> Self {
        Self::new(
            "ResourceNotFoundException",
            format!("User pool {pool_id} does not exist."),
        )
    }

    pub(crate) fn client_not_found(client_id: &str) -> Self {
        Self::new(
            "ResourceNotFoundException",
            format!("User pool client {client_id} does not exist."),
        )
    }

    pub(crate) fn group_not_found() -> Self {
        Self::new("ResourceNotFoundException", "Group not found.")
    }

    /// More guesses or codes than one user has.
    pub(crate) fn attempt_limit_exceeded() -> Self {
        Self::new(
            "LimitExceededException",
            "Attempt limit exceeded, please try after some time.",
        )
    }

    /// Cognito's own mailer has sent its messages of the day (text: cognito-backup-restore issue
    /// 46, seen at `AdminCreateUser`, which does not declare the error).
    pub(crate) fn daily_mail_exceeded() -> Self {
        Self::new(
            "LimitExceededException",
            "Exceeded daily email limit for the operation or the account. If a higher limit is \
             required, please configure your user pool to use your own Amazon SES configuration \
             for sending email.",
        )
    }

    pub(crate) fn code_mismatch() -> Self {
        Self::new(
            "CodeMismatchException",
            "Invalid verification code provided, please try again.",
        )
    }

    pub(crate) fn code_expired() -> Self {
        Self::new(
            "ExpiredCodeException",
            "Invalid code provided, please request a code again.",
        )
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::new("TooManyRequestsException", "Rate exceeded")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalErrorException", message)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}
