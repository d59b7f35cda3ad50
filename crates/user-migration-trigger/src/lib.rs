#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod authentication;
mod budget;
mod decision;
mod event;
mod forgot_password;
mod function;
mod hash_check;
mod init_error;
mod legacy_logins;
mod logging;
mod observation;
mod pace;
mod process;
mod pseudonym;
mod public_error;
mod reply;
mod settings;
mod trigger;
mod user_attributes;
mod usual_cost;

pub use budget::Budget;
pub use decision::{Decision, Failure, FailureCause};
pub use event::{Event, EventUnreadable, Response, TriggerSource};
pub use function::{AnswerText, EventText, Function};
pub use hash_check::{CheckFault, HashChecker};
pub use legacy_logins::{LegacyLogins, LookUpFault};
pub use logging::start as start_logging;
pub use observation::{METRIC_NAMESPACE, Observation, Step};
pub use process::{run, serve};
pub use pseudonym::PseudonymKey;
pub use public_error::PublicError;
pub use reply::{FinalUserStatus, Reply};
pub use trigger::Trigger;
pub use user_attributes::{ResettableUser, UserAttributes};
pub use usual_cost::UsualCost;
