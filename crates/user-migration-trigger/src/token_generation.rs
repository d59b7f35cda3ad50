//! `TokenGeneration_…`: tokens are about to be made. Responsible for which groups they get, and for
//! confirming the claim of whoever gets their first. Asks no legacy database, and the store of claims
//! only while a seal counts or at a sign-in this process has not seen confirmed: people who moved
//! long ago depend on neither. Called by [`crate::Trigger`].

use std::time::SystemTime;

use migration_model::Reason;

use crate::carried_groups::{made_real, with_carried};
use crate::decision::{Decision, Stop};
use crate::event::Event;
use crate::legacy_logins::LegacyLogins;
use crate::observation::Observation;
use crate::trigger::Trigger;

/// Decides a token event. Where there is nothing to add, or no business here, it goes back as it
/// came and the tokens are as without this function: an error would end the sign-ins of everybody.
pub(crate) async fn decide<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &Event,
    seen: &mut Observation,
) -> Result<Decision, Stop> {
    match trigger.check_pool(event) {
        Ok(()) => {}
        Err(Stop::Refuse(reason)) => return Ok(Decision::Passed(Some(reason))),
        Err(_) => return Ok(Decision::Passed(Some(Reason::WrongAppClient))),
    }
    let carried = match &trigger.carried_groups {
        Some(carried) => carried.of_pool_user(event, SystemTime::now()),
        None => Ok(Vec::new()),
    };
    let (groups, mut reason) = match carried {
        Ok(groups) => (groups, None),
        Err(_invalid) => (Vec::new(), Some(Reason::GroupsSealInvalid)),
    };
    let mut counts = true;
    if let Some(once) = &trigger.once {
        let first = !event.is_refresh && !once.is_settled(event);
        if first || !groups.is_empty() {
            match once.confirm(event, seen).await {
                Ok(claim) => {
                    let sub = event.user_attribute("sub");
                    // A seal speaks for the pool user of the claim and nobody else.
                    let is_theirs = claim
                        .as_ref()
                        .is_some_and(|c| c.sub.is_some() && c.sub == sub);
                    let over = claim.as_ref().is_some_and(|claim| claim.groups_real);
                    counts = is_theirs && !over;
                    if !groups.is_empty() && !is_theirs {
                        reason = Some(Reason::GroupsSealInvalid);
                    }
                    if counts && made_real(&event.token_groups(), &groups) {
                        // From here on what is taken away stays away.
                        let noted = once.groups_are_real(event).await;
                        reason = noted.err().map(|_| Reason::ClaimsUnavailable);
                    }
                }
                // Tokens without the carried groups, rather than groups that may be nobody's.
                Err(_fault) => {
                    counts = false;
                    reason = Some(Reason::ClaimsUnavailable);
                }
            }
        }
    }
    if !counts {
        return Ok(Decision::Passed(reason));
    }
    Ok(match with_carried(event.token_groups(), groups) {
        Some(tokens) => Decision::GroupsAdded(tokens),
        None => Decision::Passed(reason),
    })
}
