//! The function as such: what it needs to decide events, and which decision answers which source.
//! Must not know the Lambda Runtime API or the environment. Called by the Lambda glue, and by
//! whoever wants a decision without Lambda.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use django_password::PlainPassword;
use futures::FutureExt;
use migration_model::{
    AxesLockOut, Config, LONGEST_PASSWORD, LegacyUser, LoginMatch, PasswordPolicy, PoolTarget,
    Reason, UserMapping, WeakPassword,
};

use crate::attempts::Attempts;
use crate::breaker::Breaker;
use crate::budget::{Budget, LOOK_UP};
use crate::carried_groups::CarriedGroups;
use crate::decision::{Decision, Failure, FailureCause, Stop};
use crate::event::{Event, TriggerSource};
use crate::group_seal::GroupSealKey;
use crate::hash_check::HashChecker;
use crate::legacy_logins::{LegacyLogins, LookUpFault};
use crate::observation::{Observation, Step};
use crate::public_error::PublicError;
use crate::shared_attempts::SharedAttempts;
use crate::{authentication, forgot_password, sign_up, token_generation};

/// Decides events. Never writes anywhere, but for counts of refusals where a table is given.
pub struct Trigger<L> {
    legacy: L,
    pool: Option<PoolTarget>,
    pub(crate) mapping: UserMapping,
    pub(crate) hashes: HashChecker,
    pub(crate) attempts: Attempts,
    pub(crate) shared_attempts: Option<SharedAttempts>,
    pub(crate) carried_groups: Option<CarriedGroups>,
    pub(crate) weak_password: WeakPassword,
    password_policy: PasswordPolicy,
    axes: Option<AxesLockOut>,
    breaker: Breaker,
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
            attempts: Attempts::new(config.trigger.attempts),
            shared_attempts: None,
            carried_groups: None,
            weak_password: config.trigger.weak_password,
            password_policy: config.trigger.password_policy,
            axes: config.trigger.axes,
            breaker: Breaker::default(),
        }
    }

    /// Lets groups travel from a first sign-in to its tokens, in this attribute and under this
    /// key's seal.
    #[must_use]
    pub fn carrying_groups(mut self, attribute: &str, key: GroupSealKey) -> Trigger<L> {
        let sign_in = self.mapping.sign_in;
        self.carried_groups = Some(CarriedGroups::new(attribute.to_owned(), key, sign_in));
        self
    }

    /// Counts refused sign-ins in a table that other processes count in, too.
    #[must_use]
    pub(crate) fn counting_in(mut self, table: SharedAttempts) -> Trigger<L> {
        self.shared_attempts = Some(table);
        self
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
                    let reply = authentication::decide(self, event, budget, seen).await;
                    reply.map(Decision::Migrated)
                }
                TriggerSource::ForgotPassword => {
                    let reply = forgot_password::decide(self, event, budget, seen).await;
                    reply.map(Decision::Migrated)
                }
                TriggerSource::SignUp | TriggerSource::Creation => {
                    sign_up::decide(self, event, budget, seen).await
                }
                TriggerSource::TokenGeneration => Ok(token_generation::decide(self, event)),
                TriggerSource::Other => Err(Stop::Fail(FailureCause::TriggerSourceUnknown, None)),
            }
        });
        let stop = match decided.catch_unwind().await {
            Ok(Ok(decision)) => return decision,
            Ok(Err(stop)) => stop,
            Err(_panic) => Stop::Fail(FailureCause::Internal, None),
        };
        match (stop, source) {
            (Stop::Refuse(reason), TriggerSource::SignUp) => Decision::Barred(reason),
            (Stop::Refuse(reason), _) => Decision::Refused(reason),
            (Stop::Fail(cause, detail), _) => Decision::Failed(failure(source, cause, detail)),
            (Stop::Public(public, reason), _) => Decision::Failed(Failure {
                cause: FailureCause::Reason(reason),
                public,
                detail: None,
            }),
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

    /// Looks a login up.
    pub(crate) async fn look_up(
        &self,
        login: &str,
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<LoginMatch, Stop> {
        let question = self.legacy.find_by_login(login);
        self.ask(question, &[login], budget, seen).await
    }

    /// Whether a legacy user has one of these names.
    pub(crate) async fn is_held(
        &self,
        names: &[String],
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<bool, Stop> {
        let question = self.legacy.is_held(names);
        let about: Vec<&str> = names.iter().map(String::as_str).collect();
        self.ask(question, &about, budget, seen).await
    }

    /// Whether the legacy app has locked this login out. Asked by every name of the user: which
    /// one was typed there is what counts there.
    pub(crate) async fn is_locked_out(
        &self,
        login: &str,
        user: &LegacyUser,
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<bool, Stop> {
        let Some(rule) = &self.axes else {
            return Ok(false);
        };
        let names = [Some(login), user.username.as_deref(), user.email.as_deref()];
        let about: Vec<&str> = names.into_iter().flatten().collect();
        let names: Vec<String> = about.iter().map(ToString::to_string).collect();
        let question = self.legacy.is_locked_out(&names, rule);
        self.ask(question, &about, budget, seen).await
    }

    /// Asks the legacy database within its share of the budget, unless it is known to be away.
    /// `about` are the names in the question, which no detail may quote.
    async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, LookUpFault>>,
        about: &[&str],
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<T, Stop> {
        if let Err(times) = self.breaker.admit(Instant::now()) {
            let detail = format!("not asked: {times} times in a row there was no answer");
            let cause = FailureCause::Reason(Reason::LegacyUnavailable);
            return Err(Stop::Fail(cause, Some(detail)));
        }
        let limit = budget.step(LOOK_UP);
        let answer = seen
            .timed(Step::LookUp, tokio::time::timeout(limit, question))
            .await
            .unwrap_or_else(|_elapsed| Err(LookUpFault::timed_out(limit)));
        match answer {
            Ok(answer) => {
                self.breaker.answered();
                Ok(answer)
            }
            Err(fault) => {
                match fault.for_everybody {
                    true => self.breaker.unanswered(Instant::now()),
                    false => self.breaker.answered(),
                }
                let detail = without(fault.detail, about);
                Err(Stop::Fail(FailureCause::Reason(fault.reason), Some(detail)))
            }
        }
    }

    /// Why the pool would not take this password from somebody who sets it.
    pub(crate) fn shortcoming(&self, password: &PlainPassword) -> Option<Reason> {
        let password = password.expose();
        if password.chars().count() > LONGEST_PASSWORD {
            return Some(Reason::PasswordTooLong);
        }
        (!self.password_policy.admits(password)).then_some(Reason::PasswordWeak)
    }
}

/// Databases quote values in some errors: a login has no business in a log.
fn without(detail: String, names: &[&str]) -> String {
    let lowered = detail.to_lowercase();
    let quotes = |name: &&str| !name.is_empty() && lowered.contains(&name.to_lowercase());
    if names.iter().any(quotes) {
        return "the database's text quotes the login and is withheld".to_owned();
    }
    detail
}

pub(crate) fn failure(
    source: TriggerSource,
    cause: FailureCause,
    detail: Option<String>,
) -> Failure {
    let public = match (cause, source) {
        (FailureCause::TriggerSourceUnknown, _) => PublicError::NotSetUp,
        (_, TriggerSource::ForgotPassword) => PublicError::ResetUnchecked,
        (_, TriggerSource::SignUp | TriggerSource::Creation) => PublicError::SignUpUnchecked,
        _ => PublicError::SignInUnchecked,
    };
    Failure {
        cause,
        public,
        detail,
    }
}
