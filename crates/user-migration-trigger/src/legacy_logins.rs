//! Asking the legacy database, as the decisions need it: few questions, and answers that tell an
//! outage from nobody. The trait is there so that decisions can be tested without a
//! database; the function uses the Django database.

use std::time::Duration;

use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{AxesLockOut, LegacyId, LoginMatch, Reason};

/// Where legacy users are looked up.
pub trait LegacyLogins {
    /// Who signs in with this login, by Django's rules.
    fn find_by_login(&self, login: &str) -> impl Future<Output = Result<LoginMatch, LookUpFault>>;

    /// Whether any legacy user has one of these names as a login or as e-mail.
    fn is_held(&self, names: &[String]) -> impl Future<Output = Result<bool, LookUpFault>>;

    /// Whether the legacy app itself knows this user as one of the pool.
    fn is_linked(&self, id: &LegacyId) -> impl Future<Output = Result<bool, LookUpFault>>;

    /// Whether django-axes has one of these names locked out.
    fn is_locked_out(
        &self,
        names: &[String],
        rule: &AxesLockOut,
    ) -> impl Future<Output = Result<bool, LookUpFault>>;
}

/// The question could not be answered. Whoever asked learns nothing about the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LookUpFault {
    /// The reason code.
    pub reason: Reason,
    /// What went wrong, with causes, for the log.
    pub detail: String,
    /// Whether every question would meet the same: no connection, or the database lets nobody in. A
    /// slow answer is not: it may be the question's own fault.
    pub for_everybody: bool,
}

impl LookUpFault {
    /// The database did not answer within the step's limit.
    pub fn timed_out(limit: Duration) -> LookUpFault {
        LookUpFault {
            reason: Reason::LegacyTimeout,
            detail: format!(
                "no answer from the legacy database within {} ms",
                limit.as_millis()
            ),
            // Anybody can ask a slow question; that must not keep everybody else out.
            for_everybody: false,
        }
    }
}

impl LegacyLogins for LegacyDatabase {
    async fn find_by_login(&self, login: &str) -> Result<LoginMatch, LookUpFault> {
        LegacyDatabase::find_by_login(self, login)
            .await
            .map_err(fault)
    }

    async fn is_held(&self, names: &[String]) -> Result<bool, LookUpFault> {
        LegacyDatabase::is_held(self, names).await.map_err(fault)
    }

    async fn is_linked(&self, id: &LegacyId) -> Result<bool, LookUpFault> {
        LegacyDatabase::is_linked(self, id).await.map_err(fault)
    }

    async fn is_locked_out(
        &self,
        names: &[String],
        rule: &AxesLockOut,
    ) -> Result<bool, LookUpFault> {
        LegacyDatabase::is_locked_out(self, names, rule)
            .await
            .map_err(fault)
    }
}

/// For a function that answers no event about which a database would be asked.
pub(crate) struct NoDatabase;

impl NoDatabase {
    fn fault() -> LookUpFault {
        LookUpFault {
            reason: Reason::LegacyUnavailable,
            detail: "this function has no legacy database".to_owned(),
            for_everybody: true,
        }
    }
}

impl LegacyLogins for NoDatabase {
    async fn find_by_login(&self, _login: &str) -> Result<LoginMatch, LookUpFault> {
        Err(NoDatabase::fault())
    }

    async fn is_linked(&self, _id: &LegacyId) -> Result<bool, LookUpFault> {
        Err(NoDatabase::fault())
    }

    async fn is_held(&self, _names: &[String]) -> Result<bool, LookUpFault> {
        Err(NoDatabase::fault())
    }

    async fn is_locked_out(
        &self,
        _names: &[String],
        _rule: &AxesLockOut,
    ) -> Result<bool, LookUpFault> {
        Err(NoDatabase::fault())
    }
}

fn fault(error: LegacyError) -> LookUpFault {
    LookUpFault {
        reason: error.reason(),
        detail: described(&error),
        for_everybody: error.reason() != Reason::LegacyTimeout
            && (error.is_outage() || error.reason() == Reason::LegacyAccessDenied),
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
