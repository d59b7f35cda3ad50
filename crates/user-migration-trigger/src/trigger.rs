//! The function as such: what it needs to decide events, and which decision answers which source.
//! Must not know the Lambda Runtime API or the environment. Called by the Lambda glue, and by
//! whoever wants a decision without Lambda.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use migration_model::{Config, LoginMatch, PoolTarget, Reason, UserMapping};

use crate::budget::{Budget, LOOK_UP};
use crate::decision::{Decision, Failure, FailureCause, Stop};
use crate::event::{Event, TriggerSource};
use crate::hash_check::HashChecker;
use crate::legacy_logins::{LegacyLogins, LookUpFault};
use crate::observation::{Observation, Step};
use crate::public_error::PublicError;
use crate::{authentication, forgot_password};

/// Decides events. Never writes anywhere.
pub struct Trigger<L> {
    legacy: L,
    pool: Option<PoolTarget>,
    pub(crate) mapping: UserMapping,
    pub(crate) hashes: HashChecker,
}

impl<L: LegacyLogins> Trigger<L> {
    /// Takes the mapping and the target pool from the configuration; with no `[pool]` (a
    /// rehearsal) events of any pool are answered.
    pub fn new(legacy: L, config: &Config, hashes: HashChecker) -> Trigger<L> {
        Trigger {
            legacy,
            pool: config.pool.clone(),
            mapping: config.mapping.clone(),
            hashes,
        }
    }

    /// Decides one event and notes in `seen` what an operator may know of it. Never panics: a
    /// defect is one failed sign-in.
    pub async fn decide(
        &self,
        event: &mut Event,
        budget: &Budget,
        seen: &mut Observation,
    ) -> Decision {
        seen.source = event.source;
        let source = event.source;
        let decided = AssertUnwindSafe(async {
            match source {
                TriggerSource::Authentication => {
                    authentication::decide(self, event, budget, seen).await
                }
                TriggerSource::ForgotPassword => {
                    forgot_password::decide(self, event, budget, seen).await
                }
                TriggerSource::Other => Err(Stop::Fail(FailureCause::TriggerSourceUnknown, None)),
            }
        });
        let stop = match decided.catch_unwind().await {
            Ok(Ok(reply)) => return Decision::Migrated(reply),
            Ok(Err(stop)) => stop,
            Err(_panic) => Stop::Fail(FailureCause::Internal, None),
        };
        match stop {
            Stop::Refuse(reason) => Decision::Refused(reason),
            Stop::Fail(cause, detail) => Decision::Failed(failure(source, cause, detail)),
        }
    }

    /// Refuses events of another pool or app client than `[pool]` names: the function may be
    /// attached by mistake, or called by somebody who may invoke it.
    pub(crate) fn check_pool(&self, event: &Event) -> Result<(), Reason> {
        let Some(pool) = &self.pool else {
            return Ok(());
        };
        let pool_is_ours = event.user_pool_id.as_deref() == Some(pool.user_pool_id.as_str());
        let client_is_ours =
            pool.client_id.is_none() || event.client_id.as_deref() == pool.client_id.as_deref();
        if pool_is_ours && client_is_ours {
            Ok(())
        } else {
            Err(Reason::WrongPool)
        }
    }

    /// Looks a login up within its share of the budget.
    pub(crate) async fn look_up(
        &self,
        login: &str,
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<LoginMatch, Stop> {
        let limit = budget.step(LOOK_UP);
        let question = tokio::time::timeout(limit, self.legacy.find_by_login(login));
        let answer = seen.timed(Step::LookUp, question).await;
        answer
            .unwrap_or_else(|_elapsed| Err(LookUpFault::timed_out(limit)))
            .map_err(|fault| {
                let detail = without(&fault.detail, login);
                Stop::Fail(FailureCause::Reason(fault.reason), Some(detail))
            })
    }
}

/// Databases quote values in some errors: a login has no business in a log.
fn without(detail: &str, login: &str) -> String {
    if login.is_empty() || !detail.to_lowercase().contains(&login.to_lowercase()) {
        return detail.to_owned();
    }
    "the database's text quotes the login and is withheld".to_owned()
}

pub(crate) fn failure(
    source: TriggerSource,
    cause: FailureCause,
    detail: Option<String>,
) -> Failure {
    let public = match (cause, source) {
        (FailureCause::TriggerSourceUnknown, _) => PublicError::NotSetUp,
        (_, TriggerSource::ForgotPassword) => PublicError::ResetUnchecked,
        _ => PublicError::SignInUnchecked,
    };
    Failure {
        cause,
        public,
        detail,
    }
}
