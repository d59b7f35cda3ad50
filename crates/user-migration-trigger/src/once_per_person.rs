//! Once per person: what the decisions ask the store of claims. Knows events and what the pool will
//! call a user, not how claims are kept ([`migration_claims`]). Asked before a migration is answered
//! and when tokens are made.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use migration_claims::{Claim, Claimed, Claims, ClaimsUnavailable, Person};
use migration_model::{LegacyId, PoolSignIn, Reason};

use crate::decision::{FailureCause, Stop};
use crate::event::Event;
use crate::observation::{Observation, Step};
use crate::user_attributes::UserAttributes;

/// Pool users remembered as confirmed at most: nobody waits for a store that said it already.
const REMEMBERED: usize = 10_000;

/// The store, and by what a pool of this kind knows people.
#[derive(Debug)]
pub(crate) struct OncePerPerson {
    claims: Claims,
    /// The attribute that carries the legacy primary key.
    legacy_id_attribute: String,
    sign_in: PoolSignIn,
    confirmed: Mutex<HashSet<String>>,
}

impl OncePerPerson {
    pub(crate) fn new(
        claims: Claims,
        legacy_id_attribute: String,
        sign_in: PoolSignIn,
    ) -> OncePerPerson {
        OncePerPerson {
            claims,
            legacy_id_attribute,
            sign_in,
            confirmed: Mutex::default(),
        }
    }

    /// Claims a legacy user for the migration that is about to be answered. Without the store's
    /// word nobody is migrated: that would be the way to migrate somebody twice.
    pub(crate) async fn claim(
        &self,
        event: &Event,
        id: &LegacyId,
        attributes: &UserAttributes,
        seen: &mut Observation,
    ) -> Result<(), Stop> {
        let id = id.to_string();
        let typed = event.user_name.as_deref().unwrap_or_default();
        let person = Person {
            pool: event.user_pool_id.as_deref().unwrap_or_default(),
            legacy_id: &id,
            name: attributes.pool_name(self.sign_in, typed),
        };
        let claiming = self.claims.claim(person, SystemTime::now());
        match seen.timed(Step::Claim, claiming).await {
            Ok(Claimed::Granted) => Ok(()),
            Ok(Claimed::AlreadyMigrated) => Err(Reason::AlreadyMigrated.into()),
            Ok(Claimed::HeldByAnother) => Err(Reason::ClaimHeld.into()),
            Err(fault) => {
                let cause = FailureCause::Reason(Reason::ClaimsUnavailable);
                Err(Stop::Fail(cause, Some(fault.to_string())))
            }
        }
    }

    /// Whether a migration of just this user was answered a moment ago.
    pub(crate) async fn is_in_flight(&self, event: &Event) -> Result<bool, ClaimsUnavailable> {
        match self.legacy_id(event) {
            Some(id) => {
                let name = self.pool_name(event);
                let person = person(event, &id, &name);
                self.claims.is_in_flight(person, SystemTime::now()).await
            }
            None => Ok(false),
        }
    }

    /// Confirms the claim of the pool user whose tokens are made; what the store then knows.
    /// `None` where there is no claim, or nothing to ask about.
    pub(crate) async fn confirm(
        &self,
        event: &Event,
        seen: &mut Observation,
    ) -> Result<Option<Claim>, ClaimsUnavailable> {
        let (Some(id), Some(sub)) = (self.legacy_id(event), event.user_attribute("sub")) else {
            return Ok(None);
        };
        let name = self.pool_name(event);
        let confirming = self.claims.confirm(person(event, &id, &name), &sub);
        let claim = seen.timed(Step::Claim, confirming).await?;
        if claim.as_ref().is_some_and(|claim| claim.sub.is_some()) {
            let mut confirmed = self
                .confirmed
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if confirmed.len() >= REMEMBERED {
                confirmed.clear();
            }
            confirmed.insert(sub);
        }
        Ok(claim)
    }

    /// Whether this process knows already that the pool user's claim is settled.
    pub(crate) fn is_settled(&self, event: &Event) -> bool {
        let confirmed = self
            .confirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sub = event.user_attribute("sub");
        sub.is_some_and(|sub| confirmed.contains(&sub))
    }

    /// Notes that the pool user's groups were seen real.
    pub(crate) async fn groups_are_real(&self, event: &Event) -> Result<(), ClaimsUnavailable> {
        let (Some(id), Some(sub)) = (self.legacy_id(event), event.user_attribute("sub")) else {
            return Ok(());
        };
        let pool = event.user_pool_id.as_deref().unwrap_or_default();
        self.claims.groups_are_real(pool, &id, &sub).await
    }

    fn legacy_id(&self, event: &Event) -> Option<String> {
        event
            .user_attribute(&self.legacy_id_attribute)
            .filter(|id| !id.is_empty())
    }

    /// The name of a user of the pool, as [`UserAttributes::pool_name`] foretold it.
    fn pool_name(&self, event: &Event) -> String {
        let name = match self.sign_in {
            PoolSignIn::Username | PoolSignIn::UsernameOrEmail => event.user_name.clone(),
            PoolSignIn::Email => event.user_attribute("email"),
        };
        name.unwrap_or_default()
    }
}

fn person<'a>(event: &'a Event, legacy_id: &'a str, name: &'a str) -> Person<'a> {
    let pool = event.user_pool_id.as_deref().unwrap_or_default();
    Person {
        pool,
        legacy_id,
        name,
    }
}
