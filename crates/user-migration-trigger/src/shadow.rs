//! The trigger's own decision about a sign-in, for the weeks in which Django still decides: nobody is
//! created or claimed, no attempt is counted, no refusal is padded. Must not know what Django decided
//! or where judgements are kept. Called by `cutover shadow serve`.

use std::time::Duration;

use django_password::{Cost, PlainPassword, Verifier};
use migration_model::{AttemptLimits, Config, Reason};

use crate::authentication;
use crate::budget::Budget;
use crate::decision::Stop;
use crate::event::Event;
use crate::external_verifier::ExternalVerifier;
use crate::hash_check::HashChecker;
use crate::legacy_logins::LegacyLogins;
use crate::observation::{Observation, Step};
use crate::reply::FinalUserStatus;
use crate::trigger::Trigger;
use crate::usual_cost::UsualCost;

/// Long enough for every check to end: whether it would in the function is a question of the
/// function's memory, which whoever reads the times answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Judges sign-ins as the function would.
pub struct ShadowTrigger<L> {
    trigger: Trigger<L>,
}

/// What the function would have done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ShadowVerdict {
    /// The person gets in with their password.
    LetsIn,
    /// The password is right and has to be set anew.
    AsksForReset,
    /// "Incorrect username or password".
    Refuses,
    /// Nothing is known of the password: the function would answer with an error.
    CannotTell,
}

/// One sign-in, judged. Names nobody.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The decision.
    pub verdict: ShadowVerdict,
    /// Why, where the person does not get in.
    pub reason: Option<&'static str>,
    /// Django's word for the hash algorithm, where a user was found.
    pub algorithm: Option<String>,
    /// What the check cost, where there was one.
    pub cost: Option<Cost>,
    /// How long the legacy database took.
    pub look_up: Duration,
    /// How long the hash took on this machine.
    pub check: Duration,
}

impl<L: LegacyLogins> ShadowTrigger<L> {
    /// By the function's own configuration; any pool's and any app client's sign-ins are judged.
    pub fn new(legacy: L, config: &Config, verifier: Verifier) -> ShadowTrigger<L> {
        let mut config = config.clone();
        config.pool = None;
        config.trigger.attempts = AttemptLimits {
            per_login: 0,
            per_client: 0,
            ..config.trigger.attempts
        };
        let hashes = HashChecker::new(verifier, UsualCost::default(), None);
        let mut trigger = Trigger::new(legacy, &config, hashes);
        // A program can be asked here as well; another function only under the function's own role.
        let no_role = || Err("there is no role here".to_owned());
        let external = config.trigger.external.as_ref();
        let external = external.and_then(|it| ExternalVerifier::new(it, None, no_role).ok());
        if let Some(external) = external {
            trigger = trigger.asking(external);
        }
        ShadowTrigger { trigger }
    }

    /// What the function would do with this login and password.
    pub async fn judge(&self, login: &str, password: PlainPassword) -> Judgement {
        // As the trigger gets it: a user pool that does not tell case apart folds the login.
        let mut event = Event::of_sign_in(login.to_lowercase(), password);
        let mut seen = Observation::begin(String::new(), false);
        let budget = Budget::of(PATIENCE);
        let decided =
            authentication::decide_unseen(&self.trigger, &mut event, &budget, &mut seen).await;
        let (verdict, reason) = match decided {
            Ok(reply) => match reply.final_user_status() {
                FinalUserStatus::Confirmed => (ShadowVerdict::LetsIn, None),
                FinalUserStatus::ResetRequired => (ShadowVerdict::AsksForReset, None),
            },
            // Whoever has moved is in the pool: the function is not asked about them.
            Err(Stop::Refuse(reason @ Reason::AlreadyMigrated)) => {
                (ShadowVerdict::CannotTell, Some(reason.code()))
            }
            Err(Stop::Refuse(reason) | Stop::Public(_, reason)) => {
                (ShadowVerdict::Refuses, Some(reason.code()))
            }
            Err(Stop::Fail(cause, _)) => (ShadowVerdict::CannotTell, Some(cause.code())),
        };
        Judgement {
            verdict,
            reason,
            algorithm: seen.algorithm.clone(),
            cost: seen.checked.clone(),
            look_up: seen.time_of(Step::LookUp),
            check: seen.time_of(Step::Verify),
        }
    }

    /// Whether this login finds people by another letter case alone: Django tells case apart, a pool
    /// does not.
    pub async fn differs_by_case(&self, login: &str) -> bool {
        let mut seen = Observation::begin(String::new(), false);
        let folded = login.to_lowercase();
        let found = self
            .trigger
            .look_up(&folded, &Budget::of(PATIENCE), &mut seen)
            .await;
        let Ok(meant) = found.and_then(authentication::meant) else {
            return false;
        };
        meant.iter().all(|(user, _)| {
            let stored = [&user.username, &user.email, &user.phone_number];
            let mut stored = stored.into_iter().flatten();
            stored.clone().any(|name| name.to_lowercase() == folded)
                && !stored.any(|name| name == login)
        })
    }
}
