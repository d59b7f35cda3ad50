//! `PreSignUp_…`: somebody is about to be created otherwise than by a migration. Responsible for
//! that nobody takes a name or e-mail which a legacy user still holds. Called by
//! [`crate::Trigger`].
//!
//! A sign-up does not ask the migration trigger, so without this anybody could register a legacy
//! user's address first, and whose it is would never get in again (amplify-js issue 5081).
//!
//! That a name is held is said: sign-up tells of existing users anyway (`UsernameExistsException`),
//! and whose name it is must learn to sign in instead. Where that is too much, self-registration
//! has to stay closed (`AllowAdminCreateUserOnly`).

use migration_model::{PoolSignIn, Reason};

use crate::budget::Budget;
use crate::decision::{Decision, Stop};
use crate::event::{Event, TriggerSource};
use crate::legacy_logins::LegacyLogins;
use crate::observation::Observation;
use crate::trigger::Trigger;

/// Decides a creation. Administrators and identity providers pass: the import creates legacy users
/// on purpose, and whose e-mail a provider vouches for is theirs. What comes without an answer
/// from the database is an error, because a sign-up can be repeated and a name taken cannot.
pub(crate) async fn decide<L: LegacyLogins>(
    trigger: &Trigger<L>,
    event: &Event,
    budget: &Budget,
    seen: &mut Observation,
) -> Result<Decision, Stop> {
    if event.source != TriggerSource::SignUp {
        return Ok(Decision::Passed(None));
    }
    trigger.check_pool(event)?;
    // Attributes come first: the answer does not tell whether the name is held.
    let reserved = |name: &str| event.user_attribute(name).is_some_and(|v| !v.is_empty());
    if trigger.reserved_attributes().any(reserved) {
        // Whether a migration runs this trigger too is not documented (InitiateAuth's reference
        // names it among those that get ClientMetadata). If so, it was claimed seconds ago.
        let in_flight = match &trigger.once {
            Some(once) => once.is_in_flight(event).await.unwrap_or_default(),
            None => false,
        };
        return match in_flight {
            true => Ok(Decision::Passed(None)),
            false => Err(Reason::AttributeReserved.into()),
        };
    }
    let names = names(event, trigger.mapping.sign_in);
    if trigger.is_held(&names, budget, seen).await? {
        return Err(Reason::NameHeld.into());
    }
    Ok(Decision::Passed(None))
}

/// Everything the new user could be known by.
fn names(event: &Event, sign_in: PoolSignIn) -> Vec<String> {
    // Where people sign in by e-mail, Cognito has made the username up.
    let username = event
        .user_name
        .clone()
        .filter(|_| sign_in != PoolSignIn::Email);
    let mut names: Vec<String> = ["email", "phone_number", "preferred_username"]
        .into_iter()
        .filter_map(|name| event.user_attribute(name))
        .chain(username)
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}
