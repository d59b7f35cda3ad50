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

mod attempts;
mod authentication;
mod breaker;
mod budget;
mod carried_groups;
mod decision;
mod event;
mod external_verifier;
mod forgot_password;
mod function;
mod group_seal;
mod hash_check;
mod iam_login;
mod init_error;
mod json_object;
mod legacy_logins;
mod logging;
mod observation;
mod once_per_person;
mod pace;
mod pepper_secrets;
mod probing;
mod process;
mod pseudonym;
mod public_error;
mod reply;
mod secret_login;
mod settings;
mod shadow;
mod shared_attempts;
mod sign_up;
mod token_generation;
mod token_groups;
mod trigger;
mod user_attributes;
mod usual_cost;

pub use budget::Budget;
pub use decision::{Decision, Failure, FailureCause};
pub use event::{Event, EventUnreadable, Response, TriggerSource};
pub use external_verifier::ExternalMatch;
pub use function::{AnswerText, EventText, Function};
pub use group_seal::GroupSealKey;
pub use hash_check::{CheckFault, HashChecker};
pub use legacy_logins::{LegacyLogins, LookUpFault};
pub use logging::start as start_logging;
pub use observation::{METRIC_NAMESPACE, Observation, Step};
pub use process::{run, serve};
pub use pseudonym::PseudonymKey;
pub use public_error::PublicError;
pub use reply::{FinalUserStatus, Proof, Reply};
pub use shadow::{Judgement, ShadowTrigger, ShadowVerdict};
pub use token_groups::TokenGroups;
pub use trigger::Trigger;
pub use user_attributes::{ResettableUser, UserAttributes};
pub use usual_cost::UsualCost;
