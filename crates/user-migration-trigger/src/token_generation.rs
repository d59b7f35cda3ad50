//! `TokenGeneration_…`: tokens are about to be made. Responsible for which groups they get; writes
//! nothing and asks nobody, so that sign-ins of people who moved long ago depend on no database.
//! Called by [`crate::Trigger`].

use migration_model::Reason;

use crate::carried_groups::with_carried;
use crate::decision::Decision;
use crate::event::Event;
use crate::legacy_logins::LegacyLogins;
use crate::trigger::Trigger;

/// Decides a token event. Where there is nothing to add, or no business here, it goes back as it
/// came and the tokens are as without this function: an error would end the sign-ins of everybody.
pub(crate) fn decide<L: LegacyLogins>(trigger: &Trigger<L>, event: &Event) -> Decision {
    let Some(carried) = &trigger.carried_groups else {
        return Decision::Passed(None);
    };
    if let Err(reason) = trigger.check_pool(event) {
        return Decision::Passed(Some(reason));
    }
    match carried.of_pool_user(event) {
        Ok(groups) => match with_carried(event.token_groups(), groups) {
            Some(tokens) => Decision::GroupsAdded(tokens),
            None => Decision::Passed(None),
        },
        Err(_invalid) => Decision::Passed(Some(Reason::GroupsSealInvalid)),
    }
}
