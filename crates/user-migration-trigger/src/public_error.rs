//! The closed list of sentences that people outside may read. Responsible for that nothing else
//! ever leaves as an error; must not know causes. Every failed invocation ends here.
//!
//! Cognito shows the text to whoever signs in: `UserMigration failed with error <text>` from the
//! API, above the form in managed login (developer guide, "Things to know about Lambda
//! triggers"). One `errorType` for all, since causes differ by user and are nobody's business.

use lambda_runtime::Diagnostic;

/// An error as Cognito and the person at the form get it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublicError {
    /// The sign-in could not be checked: an outage, never a wrong password.
    #[error("We could not check your sign-in just now. Please try again in a few minutes.")]
    SignInUnchecked,
    /// The user could not be looked up for a reset.
    #[error("We could not start your password reset just now. Please try again in a few minutes.")]
    ResetUnchecked,
    /// A password that is right and cannot be kept, of somebody whom no reset code can reach.
    #[error("Your sign-in cannot be moved to the new service by itself. Please ask for help.")]
    NotKept,
    /// It could not be found out whether somebody holds the name.
    #[error("We could not check your registration just now. Please try again in a few minutes.")]
    SignUpUnchecked,
    /// Somebody registers under a name or e-mail that a legacy user holds.
    #[error(
        "An account with this name or e-mail address exists already. Please sign in, or reset \
         your password."
    )]
    NameHeld,
    /// Somebody registers with an attribute that is the migration's alone.
    #[error("This registration sets an attribute that nobody may set.")]
    AttributeReserved,
    /// An event that no decision here answers.
    #[error("This sign-in service is not set up for this request.")]
    NotSetUp,
    /// The function could not start: its configuration is wrong.
    #[error("The sign-in service is not available just now. Please try again later.")]
    NotStarted,
}

impl PublicError {
    /// The stable `errorType` of the Lambda error document.
    pub const fn error_type(self) -> &'static str {
        match self {
            PublicError::SignInUnchecked
            | PublicError::ResetUnchecked
            | PublicError::SignUpUnchecked => "Cutover.Unavailable",
            PublicError::NotKept => "Cutover.NotKept",
            PublicError::NameHeld => "Cutover.NameHeld",
            PublicError::AttributeReserved => "Cutover.AttributeReserved",
            PublicError::NotSetUp => "Cutover.NotSetUp",
            PublicError::NotStarted => "Cutover.NotStarted",
        }
    }
}

impl From<PublicError> for Diagnostic {
    fn from(error: PublicError) -> Diagnostic {
        Diagnostic {
            error_type: error.error_type().to_owned(),
            error_message: error.to_string(),
        }
    }
}
