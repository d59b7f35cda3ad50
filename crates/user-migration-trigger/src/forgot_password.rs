//! `UserMigration_ForgotPassword`: somebody the pool does not know asks for a password reset.
//! Responsible for who may be created that way; never lets anybody in. Called by
//! [`crate::Trigger`].
//!
//! Whoever is created so has lost the old password, and nobody proved to be them: so the question is
//! counted as a sign-in is, and whom Django gave no password gets none here unless asked for, as
//! Django's own form skips them (`PasswordResetForm.get_users`).
//!
//! No dummy hash here: a reset checks no password, so a known user's answer takes a look-up and
//! nothing more, and so must a refusal's.

use django_password::HashState;
use migration_model::{ForgotPassword, LoginColumn, Reason};

use crate::authentication::{active, attempt, meant};
use crate::budget::Budget;
use crate::decision::{Stop, required};
use crate::event::Event;
use crate::legacy_logins::LegacyLogins;
use crate::observation::Observation;
use crate::reply::Reply;
use crate::shared_attempts::Taken;
use crate::trigger::Trigger;

/// What a configuration says of resets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResetRule {
    pub(crate) answer: ForgotPassword,
    /// Whether somebody without a usable password may get one so.
    pub(crate) for_unusable: bool,
}

/// Decides a reset: users who are active and whom a code can reach at a verified address are
/// created as RESET_REQUIRED; Cognito then sends the code. Every question is counted, also one that
/// is granted: it may be anybody's.
pub(crate) async fn decide<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &mut Event,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let login = required(event.user_name.clone(), "userName")?;
    if trigger.reset.answer == ForgotPassword::Refuse {
        return Err(Reason::ResetRefused.into());
    }
    // Nothing is given back: a reset that was granted counts, too.
    let mut taken = Taken::default();
    attempt(trigger, event, &login, &mut taken, budget, seen).await?;
    trigger.count_attempt(&login, event.client_id.as_deref());
    let found = trigger.look_up(&login, budget, seen).await?;
    let mut meant = meant(found)?;
    // Django's own form asks for the e-mail: whose it is goes before whose username it is.
    meant.sort_by_key(|(_, found_by)| *found_by != LoginColumn::Email);
    let (user, found_by) = active(meant, &login, seen)?;
    let state = trigger.hashes.inspect(&user.encoded_password).state;
    if matches!(state, HashState::Unusable) && !trigger.reset.for_unusable {
        return Err(Reason::PasswordUnusable.into());
    }
    let attributes = trigger.attributes(event, &user, &found_by, &login)?;
    seen.note_attributes(&attributes);
    if attributes.can_be_reset() {
        trigger
            .claim(event, &user.id, &attributes, budget, seen)
            .await?;
    }
    Ok(Reply::reset_required(attributes.resettable()?))
}
