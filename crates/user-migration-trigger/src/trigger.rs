//! The function as such: what it needs to decide events, and which decision answers which source.
//! Must not know the Lambda Runtime API or the environment. Called by the Lambda glue, and by
//! whoever wants a decision without Lambda.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use django_password::PlainPassword;
use futures::FutureExt;
use migration_claims::Claims;
use migration_model::{
    AxesLockOut, Config, LONGEST_PASSWORD, LegacyId, LegacyUser, LoginColumn, LoginMatch,
    PasswordPolicy, PoolSchema, PoolTarget, Reason, UserMapping, WeakPassword,
};

use crate::attempts::Attempts;
use crate::breaker::Breaker;
use crate::budget::{Budget, LOOK_UP};
use crate::carried_groups::CarriedGroups;
use crate::decision::{Decision, Failure, FailureCause, Stop};
use crate::event::{Event, TriggerSource};
use crate::external_verifier::ExternalVerifier;
use crate::forgot_password::ResetRule;
use crate::group_seal::GroupSealKey;
use crate::hash_check::HashChecker;
use crate::legacy_logins::{LegacyLogins, LookUpFault};
use crate::observation::{Observation, Step};
use crate::once_per_person::OncePerPerson;
use crate::public_error::PublicError;
use crate::shared_attempts::SharedAttempts;
use crate::user_attributes::UserAttributes;
use crate::{authentication, forgot_password, sign_up, token_generation};

/// Decides events. Never writes anywhere, but for claims and counts of refusals where a store is given.
pub struct Trigger<L> {
    legacy: L,
    pool: Option<PoolTarget>,
    pub(crate) mapping: UserMapping,
    pub(crate) hashes: HashChecker,
    pub(crate) attempts: Attempts,
    pub(crate) shared_attempts: Option<SharedAttempts>,
    pub(crate) carried_groups: Option<CarriedGroups>,
    pub(crate) once: Option<OncePerPerson>,
    pub(crate) external: Option<ExternalVerifier>,
    pub(crate) weak_password: WeakPassword,
    pub(crate) reset: ResetRule,
    legacy_id_attribute: Option<String>,
    schema: Option<PoolSchema>,
    password_policy: PasswordPolicy,
    axes: Option<AxesLockOut>,
    /// Whether the legacy database keeps who is in the pool.
    has_links: bool,
    breaker: Breaker,
    tokens_alone: bool,
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
            once: None,
            external: None,
            weak_password: config.trigger.weak_password,
            reset: ResetRule {
                answer: config.trigger.forgot_password,
                for_unusable: config.trigger.forgot_password_for_unusable,
            },
            legacy_id_attribute: config
                .mapping
                .attributes
                .legacy_id_attribute(config.legacy.columns.resolve("id"))
                .map(ToOwned::to_owned),
            schema: None,
            password_policy: config.trigger.password_policy,
            axes: config.trigger.axes,
            has_links: config.legacy.links_table.is_some(),
            breaker: Breaker::default(),
            tokens_alone: false,
        }
    }

    /// Lets groups travel from a first sign-in to its tokens, in this attribute and under this
    /// key's seal.
    #[must_use]
    pub fn carrying_groups(
        mut self,
        attribute: &str,
        key: GroupSealKey,
        life: Duration,
    ) -> Trigger<L> {
        self.carried_groups = Some(CarriedGroups {
            attribute: attribute.to_owned(),
            legacy_id_attribute: self.legacy_id_attribute.clone(),
            key,
            life,
            sign_in: self.mapping.sign_in,
        });
        self
    }

    /// Leaves out what a pool of this schema would not take.
    #[must_use]
    pub fn fitting(mut self, schema: PoolSchema) -> Trigger<L> {
        self.schema = Some(schema);
        self
    }

    /// The attributes of a legacy user who was found so, as the pool takes them.
    pub(crate) fn attributes(
        &self,
        event: &Event,
        user: &LegacyUser,
        found_by: &LoginColumn,
        login: &str,
    ) -> Result<UserAttributes, Stop> {
        let mut attributes = UserAttributes::new(user, found_by, login, &self.mapping)?;
        if let Some(schema) = &self.schema {
            attributes.fit(schema, self.legacy_id_attribute.as_deref())?;
        }
        if let Some(carried) = &self.carried_groups {
            attributes.carry_groups(carried, event, self.schema.as_ref());
        }
        Ok(attributes)
    }

    /// Answers token events and no others.
    #[must_use]
    pub(crate) fn for_tokens_alone(mut self) -> Trigger<L> {
        self.tokens_alone = true;
        self
    }

    /// Migrates everybody once: each migration is claimed before it is answered.
    #[must_use]
    pub fn claiming_in(mut self, claims: Claims, legacy_id_attribute: String) -> Trigger<L> {
        let sign_in = self.mapping.sign_in;
        self.once = Some(OncePerPerson::new(claims, legacy_id_attribute, sign_in));
        self
    }

    /// Asks somebody else about passwords that Django does not store.
    #[must_use]
    pub(crate) fn asking(mut self, external: ExternalVerifier) -> Trigger<L> {
        self.external = Some(external);
        self
    }

    /// Claims a user, where claims are kept. Whom the legacy app knows as one of the pool was migrated.
    pub(crate) async fn claim(
        &self,
        event: &Event,
        id: &LegacyId,
        attributes: &UserAttributes,
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<(), Stop> {
        if self.has_links {
            let question = self.legacy.is_linked(id);
            if self.ask(question, &[], budget, seen).await? {
                return Err(Reason::AlreadyMigrated.into());
            }
        }
        match &self.once {
            Some(once) => once.claim(event, id, attributes, seen).await,
            None => Ok(()),
        }
    }

    /// Counts one attempt of this login.
    pub(crate) fn count_attempt(&self, login: &str, client: Option<&str>) {
        self.attempts.counted(Some(login), client, Instant::now());
    }

    /// Counts one attempt through the client alone.
    pub(crate) fn count_failure(&self, client: Option<&str>) {
        self.attempts.counted(None, client, Instant::now());
    }

    /// The attributes that only a migration or the import may write.
    pub(crate) fn reserved_attributes(&self) -> impl Iterator<Item = &str> {
        let carrying = self.carried_groups.as_ref();
        let carrying = carrying.map(|carried| carried.attribute.as_str());
        self.mapping.attributes.custom_attributes().chain(carrying)
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
                TriggerSource::TokenGeneration => token_generation::decide(self, event, seen).await,
                _ if self.tokens_alone => Err(Stop::Fail(FailureCause::TriggerSourceUnknown, None)),
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

    /// Refuses events of another pool than `[pool]` names: the function may be attached by mistake,
    /// or called by somebody who may invoke it. Another app client is a failure.
    pub(crate) fn check_pool(&self, event: &Event) -> Result<(), Stop> {
        let Some(pool) = &self.pool else {
            return Ok(());
        };
        let pool_is_ours = event.user_pool_id.as_deref() == Some(pool.user_pool_id.as_str());
        if !pool_is_ours {
            return Err(Reason::WrongPool.into());
        }
        if !pool.client_id.admits(event.client_id.as_deref()) {
            // A second app of the same team: its people are not wrong, the configuration is.
            let cause = FailureCause::Reason(Reason::WrongAppClient);
            return Err(Stop::Fail(cause, None));
        }
        Ok(())
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

    /// Whether the legacy app has locked this login out. Asked by every name of those whom it
    /// means: which one was typed there is what counts there.
    pub(crate) async fn is_locked_out(
        &self,
        login: &str,
        found: &LoginMatch,
        budget: &Budget,
        seen: &mut Observation,
    ) -> Result<bool, Stop> {
        let Some(rule) = &self.axes else {
            return Ok(false);
        };
        let of_user = |user: &'_ LegacyUser| [user.username.clone(), user.email.clone()];
        let of_users: Vec<String> = match found {
            LoginMatch::One(user, _) => of_user(user).into_iter().flatten().collect(),
            LoginMatch::InTurn(users) => {
                let names = users.iter().flat_map(|(user, _)| of_user(user));
                names.flatten().collect()
            }
            LoginMatch::None | LoginMatch::Ambiguous => Vec::new(),
        };
        let others = of_users.iter().map(String::as_str);
        let about: Vec<&str> = std::iter::once(login).chain(others).collect();
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
