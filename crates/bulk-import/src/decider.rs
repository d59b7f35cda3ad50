//! Maps and routes one legacy user for one pool and one policy: what the plan asks, what is asked
//! again at the write with the row as it is then, and what a reconciliation asks. What users are to
//! each other is not its business: the journal finds collisions. Reads nothing.

use cognito_user_pool::PoolDescription;
use django_password::{CognitoHash, Limits, Verifier};
use migration_model::{
    Collisions, Config, HashForms, IdentityProviders, ImportPolicy, LegacyUser, MAX_IDENTITIES,
    MappingFault, PoolIdentity, PoolUser, Reason, RouteFacts, Routing, SocialAccount, UserMapping,
    decide, hash_import, map_user,
};

use crate::planner::PlanPolicy;
use crate::text_key::{Folding, text_key};

/// What every decision of a run rests on.
pub(crate) struct Decider<'a> {
    mapping: &'a UserMapping,
    pub(crate) identities: &'a IdentityProviders,
    description: &'a PoolDescription,
    pub(crate) policy: PlanPolicy,
    pub(crate) legacy_id_attribute: Option<&'a str>,
    pub(crate) folding: Folding,
    verifier: Verifier,
    forms: HashForms,
}

/// A legacy user as they are now.
pub(crate) struct Decided<'a> {
    pub(crate) target: PoolUser,
    pub(crate) identities: Vec<PoolIdentity>,
    /// Accounts at providers that nobody mapped.
    pub(crate) unmapped: Vec<&'a SocialAccount>,
    pub(crate) routing: Routing,
    /// The way once first sign-ins are given up, whoever is kept for them.
    pub(crate) at_close: Routing,
    /// The hash with which an import job can take the user, or why none can.
    pub(crate) hash_import: Result<CognitoHash, Reason>,
    /// Whether the user could still sign in to the legacy app with a password.
    pub(crate) may_sign_in: bool,
    /// Whether a collision of names would decide the route.
    pub(crate) collidable: bool,
    pub(crate) keys: NameKeys,
    /// Attributes whose values are left out because Cognito does not take them.
    pub(crate) dropped: Vec<String>,
}

/// The names by which users are found to be in each other's way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NameKeys {
    pub(crate) name: Option<i64>,
    pub(crate) email: Option<i64>,
    pub(crate) verified: bool,
    pub(crate) id: Option<i64>,
}

impl<'a> Decider<'a> {
    pub(crate) fn new(
        config: &'a Config,
        mapping: &'a UserMapping,
        description: &'a PoolDescription,
        policy: PlanPolicy,
    ) -> Decider<'a> {
        let id_column = config.legacy.columns.resolve("id");
        Decider {
            mapping,
            identities: &config.identities,
            description,
            policy,
            legacy_id_attribute: mapping.attributes.legacy_id_attribute(id_column),
            folding: Folding::of_pool(description.case_sensitive),
            verifier: Verifier::new(config.hashers.clone(), Limits::default()),
            forms: HashForms::default(),
        }
    }

    /// The same, for a pool that is known to take these forms of hashes.
    pub(crate) fn for_forms(self, forms: HashForms) -> Decider<'a> {
        Decider { forms, ..self }
    }

    /// Decides on a user who collides with nobody.
    pub(crate) fn decide<'b>(
        &self,
        user: &LegacyUser,
        accounts: &'b [SocialAccount],
    ) -> Decided<'b> {
        self.decide_among(user, accounts, Collisions::default())
    }

    /// Decides on a user with these collisions.
    pub(crate) fn decide_among<'b>(
        &self,
        user: &LegacyUser,
        accounts: &'b [SocialAccount],
        collisions: Collisions,
    ) -> Decided<'b> {
        let (target, mut faults) = map_user(user, self.mapping);
        let mut dropped = Vec::new();
        faults.retain(|fault| {
            let holds = fault.holds(self.mapping);
            if let (MappingFault::Attribute { name, .. }, false) = (fault, holds) {
                dropped.push(name.clone());
            }
            holds
        });
        let (identities, unmapped) = self.identities.identities_of(accounts);
        let hash = self.verifier.inspect(&user.encoded_password).state;
        let cognito_hash = self.verifier.cognito_import(&user.encoded_password);
        let contacts = &self.description.auto_verified;
        let by_job = hash_import(&target, cognito_hash, contacts, self.forms);
        let facts = RouteFacts {
            user,
            hash: &hash,
            faults: &faults,
            pool_fault: self.pool_fault(&target, identities.len()),
            collisions,
            hash_import: by_job.as_ref().map(drop).map_err(|reason| *reason),
            kept_for_first_login: self.policy.keeps(user),
        };
        Decided {
            routing: decide(facts, self.policy.routes),
            at_close: decide(
                RouteFacts {
                    kept_for_first_login: false,
                    ..facts
                },
                ImportPolicy {
                    approve_password_reset: true,
                    ..self.policy.routes
                },
            ),
            may_sign_in: facts.may_still_sign_in(self.policy.routes),
            hash_import: by_job,
            collidable: faults.is_empty(),
            dropped,
            keys: self.keys(user, &target, &faults),
            target,
            identities,
            unmapped,
        }
    }

    fn pool_fault(&self, target: &PoolUser, identities: usize) -> Option<Reason> {
        if let Some((attribute, reason)) = self.description.schema_fault(target) {
            tracing::debug!(attribute, %reason, "a user does not fit the pool's schema");
            return Some(reason);
        }
        if identities > MAX_IDENTITIES {
            return Some(Reason::IdentitiesTooMany);
        }
        self.policy.final_state.fault(target, self.description)
    }

    fn keys(&self, user: &LegacyUser, target: &PoolUser, faults: &[MappingFault]) -> NameKeys {
        let unnamed = |fault: &MappingFault| {
            matches!(
                fault,
                MappingFault::Username | MappingFault::EmailAsUsername
            )
        };
        let named = !target.username.is_empty() && !faults.iter().any(unnamed);
        let attribute = |name: &str| target.attributes.get(name);
        NameKeys {
            name: named.then(|| self.folding.key(&target.username)),
            email: user.email.as_deref().map(|email| self.folding.key(email)),
            // The rule's word, whoever shares the address: sharing is what the keys are for.
            verified: user.email_verified && attribute("email").is_some(),
            id: self
                .legacy_id_attribute
                .and_then(attribute)
                .map(|id| text_key(id)),
        }
    }
}
