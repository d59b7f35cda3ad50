//! Finding a legacy user by what was typed, as the decisions need it: one question, and an answer
//! that tells an outage from nobody. The trait is there so that decisions can be tested without a
//! database; the function uses the Django database.

use std::time::Duration;

use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{LoginMatch, Reason};

/// Where legacy users are looked up.
pub trait LegacyLogins {
    /// Who signs in with this login, by Django's rules.
    fn find_by_login(&self, login: &str) -> impl Future<Output = Result<LoginMatch, LookUpFault>>;
}

/// The question could not be answered. Whoever asked learns nothing about the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LookUpFault {
    /// The reason code.
    pub reason: Reason,
    /// What went wrong, with causes, for the log.
    pub detail: String,
}

impl LookUpFault {
    /// The database did not answer within the step's limit.
    pub fn timed_out(limit: Duration) -> LookUpFault {
        LookUpFault {
            reason: Reason::LegacyUnavailable,
            detail: format!(
                "no answer from the legacy database within {} ms",
                limit.as_millis()
            ),
        }
    }
}

impl LegacyLogins for LegacyDatabase {
    async fn find_by_login(&self, login: &str) -> Result<LoginMatch, LookUpFault> {
        LegacyDatabase::find_by_login(self, login)
            .await
            .map_err(|error| LookUpFault {
                reason: error.reason(),
                detail: described(&error),
            })
    }
}

/// The error, its causes and what to do, in one line.
pub(crate) fn described(error: &LegacyError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    format!("{text}; {}", error.hint())
}
