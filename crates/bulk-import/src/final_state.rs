//! In which state the import leaves a user: one choice for a whole run. Knows what each state asks
//! of the pool, and makes no call.

use std::fmt;
use std::str::FromStr;

use cognito_user_pool::{PoolDescription, UserStatus};
use migration_model::{Finding, PoolUser, Reason, Severity};
use serde::{Deserialize, Serialize};

/// Messages a day that Cognito's own mailer sends for an account (developer guide, "Quotas").
const DEFAULT_MAILER_A_DAY: u64 = 50;

/// How an imported user gets to a password of their own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinalState {
    /// CONFIRMED with a random password that nobody learns: by forgot-password, which needs a
    /// verified e-mail or phone number.
    #[default]
    ConfirmedRandom,
    /// FORCE_CHANGE_PASSWORD: by the temporary password that Cognito mails to them.
    Invite,
    /// FORCE_CHANGE_PASSWORD: by the temporary password that the operator hands over.
    ForceChange,
    /// CONFIRMED without any password: people sign in by a code.
    Passwordless,
}

impl FinalState {
    /// All four.
    pub const ALL: [FinalState; 4] = [
        FinalState::ConfirmedRandom,
        FinalState::Invite,
        FinalState::ForceChange,
        FinalState::Passwordless,
    ];

    /// The word on the command line, in the journal and in plans.
    pub const fn code(self) -> &'static str {
        match self {
            FinalState::ConfirmedRandom => "confirmed-random",
            FinalState::Invite => "invite",
            FinalState::ForceChange => "force-change",
            FinalState::Passwordless => "passwordless",
        }
    }

    /// The pool's status of a user with whom the run is done.
    pub(crate) const fn status(self) -> UserStatus {
        match self {
            FinalState::ConfirmedRandom | FinalState::Passwordless => UserStatus::Confirmed,
            FinalState::Invite | FinalState::ForceChange => UserStatus::ForceChangePassword,
        }
    }

    /// Whether AdminSetUserPassword is called.
    pub(crate) const fn sets_password(self) -> bool {
        matches!(self, FinalState::ConfirmedRandom | FinalState::ForceChange)
    }

    /// Why a user cannot be brought into this state.
    pub(crate) fn fault(self, target: &PoolUser, pool: &PoolDescription) -> Option<Reason> {
        let has = |name: &str| target.attributes.contains_key(name);
        let reachable = match self {
            FinalState::Invite => !target.enabled || has("email"),
            // Cognito makes nobody who could never sign in (guide: how-to-create-user-accounts).
            FinalState::Passwordless => pool.code_addresses().any(has),
            FinalState::ConfirmedRandom | FinalState::ForceChange => true,
        };
        (!reachable).then_some(Reason::NoAddress)
    }

    /// What the pool cannot do, in words for an operator.
    pub(crate) fn pool_fault(self, pool: &PoolDescription) -> Option<String> {
        let refused = self == FinalState::Passwordless && !pool.takes_users_without_password();
        refused.then(|| {
            let factors = match pool.first_factors.is_empty() {
                true => "PASSWORD".to_owned(),
                false => pool.first_factors.join(", "),
            };
            format!("people sign in by {factors} there, so a user must have a password")
        })
    }

    /// What stands in the way of bringing so many users into this state, and what should be known.
    pub(crate) fn findings(self, users: u64, pool: &PoolDescription) -> Vec<Finding> {
        if self == FinalState::Invite && pool.default_mailer && users > DEFAULT_MAILER_A_DAY {
            return vec![Finding {
                severity: Severity::Blocker,
                code: "default-mailer",
                subject: "user pool".to_owned(),
                message: format!(
                    "It would mail {users} invitations by Cognito's own mailer, which sends \
                     {DEFAULT_MAILER_A_DAY} a day."
                ),
                next_step: "Let the pool send through Amazon SES (EmailConfiguration), or choose \
                            another --final-state."
                    .to_owned(),
            }];
        }
        if self.status() == UserStatus::ForceChangePassword && users > 0 {
            let days = pool.temporary_password_days;
            return vec![Finding {
                severity: Severity::Warning,
                code: "temporary-passwords-expire",
                subject: "user pool".to_owned(),
                message: format!(
                    "The temporary passwords work for {days} days; until they have set one of \
                     their own these users cannot use forgot-password."
                ),
                next_step: "Raise TemporaryPasswordValidityDays of the pool if people need longer."
                    .to_owned(),
            }];
        }
        Vec::new()
    }
}

impl fmt::Display for FinalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for FinalState {
    type Err = FinalStateError;

    fn from_str(text: &str) -> Result<FinalState, FinalStateError> {
        let mut all = FinalState::ALL.into_iter();
        all.find(|state| state.code() == text)
            .ok_or(FinalStateError)
    }
}

/// The text is no final state.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write confirmed-random, invite, force-change or passwordless")]
pub struct FinalStateError;
