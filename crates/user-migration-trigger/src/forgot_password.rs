//! `UserMigration_ForgotPassword`: somebody the pool does not know asks for a password reset.
//! Responsible for who may be created that way; never lets anybody in. Called by
//! [`crate::Trigger`].
//!
//! No dummy hash here: a reset checks no password, so a known user's answer takes a look-up and
//! nothing more, and so must a refusal's.

use crate::authentication::find_active;
use crate::budget::Budget;
use crate::decision::{Stop, required};
use crate::event::Event;
use crate::legacy_logins::LegacyLogins;
use crate::observation::Observation;
use crate::reply::Reply;
use crate::trigger::Trigger;
use crate::user_attributes::UserAttributes;

/// Decides a reset: users who are active and whom a code can reach at a verified address are
/// created as RESET_REQUIRED; Cognito then sends the code. An unusable password is no obstacle,
/// since it is not used.
pub(crate) async fn decide<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &mut Event,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Reply, Stop> {
    let login = required(event.user_name.clone(), "userName")?;
    trigger.check_pool(event)?;
    let (user, found_by) = find_active(trigger, &login, budget, seen).await?;
    let mut attributes = UserAttributes::new(&user, &found_by, &login, &trigger.mapping)?;
    if let Some(carried) = &trigger.carried_groups {
        attributes.carry_groups(carried, event);
    }
    seen.note_attributes(&attributes);
    Ok(Reply::reset_required(attributes.resettable()?))
}
