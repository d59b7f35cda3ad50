//! Who could take their password along by import job, and of the others why not; and how many of
//! those a bridge would help: a hasher within Cognito's caps, to which Django re-hashes whoever
//! signs in. Counts only. What users are to each other, and what the pool is like beyond the
//! contacts it verifies, is the plan's business.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use django_password::{CognitoAlgorithm, HashState, Verifier};
use migration_model::{HashForms, LegacyUser, PoolUser, Reason, UserMapping, hash_import};
use serde::Serialize;

/// The contacts that a pool can verify, one of which an import job demands of every row.
const CONTACTS: [&str; 2] = ["email", "phone_number"];

/// Users by whether an import job could take them with their hash.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Importable {
    /// Those it could take.
    pub users: u64,
    /// Of these, those whose hash has a form on which AWS's documentation is silent: a trial with one
    /// such user settles it.
    pub in_doubt: u64,
    /// The same by the algorithm of the job, most first.
    pub by_algorithm: Vec<ImportableAlgorithm>,
    /// All others by the first reason against them, most first.
    pub why_not: Vec<NotImportable>,
    /// Those of the others whom a bridge hasher would help.
    pub bridge: Bridge,
}

/// Users whose hashes one kind of job takes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ImportableAlgorithm {
    /// `PasswordHashingAlgorithm` of the job.
    pub algorithm: &'static str,
    /// How many.
    pub users: u64,
}

/// Users whom no job takes, for one reason.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct NotImportable {
    /// Reason code.
    pub reason: &'static str,
    /// The same in words.
    pub meaning: &'static str,
    /// How many.
    pub users: u64,
}

/// Users whose hash alone stands against them, and whom Django would re-hash at their next sign-in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Bridge {
    /// All of them.
    pub users: u64,
    /// Those who signed in within the last 30 days.
    pub seen_within_30_days: u64,
    /// Those who signed in within the last 90 days.
    pub seen_within_90_days: u64,
}

/// The counters while the table is read.
pub(crate) struct Count {
    contacts: Vec<String>,
    now: DateTime<Utc>,
    algorithms: BTreeMap<CognitoAlgorithm, u64>,
    in_doubt: u64,
    reasons: BTreeMap<Reason, u64>,
    bridge: Bridge,
}

impl Count {
    pub(crate) fn new(mapping: &UserMapping, now: DateTime<Utc>) -> Count {
        let mapped: Vec<&str> = mapping.attributes.iter().map(|(name, _)| name).collect();
        let contacts = CONTACTS.iter().filter(|contact| mapped.contains(contact));
        Count {
            contacts: contacts.map(|contact| (*contact).to_owned()).collect(),
            now,
            algorithms: BTreeMap::new(),
            in_doubt: 0,
            reasons: BTreeMap::new(),
            bridge: Bridge::default(),
        }
    }

    pub(crate) fn add(
        &mut self,
        user: &LegacyUser,
        target: &PoolUser,
        state: &HashState,
        verifier: &Verifier,
    ) {
        let hash = verifier.cognito_import(&user.encoded_password);
        let reason = match hash_import(target, hash, &self.contacts, HashForms::ALL) {
            Ok(hash) => {
                *self.algorithms.entry(hash.algorithm()).or_default() += 1;
                self.in_doubt += u64::from(hash.caveat().is_some());
                return;
            }
            Err(reason) => reason,
        };
        *self.reasons.entry(reason).or_default() += 1;
        let is_checkable = matches!(state, HashState::Verifiable(_));
        if is_checkable && is_the_hash(reason) && target.has_verified_contact() {
            let days = user.last_login.map(|seen| (self.now - seen).num_days());
            let seen_within = |limit| u64::from(days.is_some_and(|days| days <= limit));
            self.bridge.users += 1;
            self.bridge.seen_within_30_days += seen_within(30);
            self.bridge.seen_within_90_days += seen_within(90);
        }
    }

    pub(crate) fn finish(self) -> Importable {
        let mut by_algorithm: Vec<_> = self
            .algorithms
            .into_iter()
            .map(|(algorithm, users)| ImportableAlgorithm {
                algorithm: algorithm.as_str(),
                users,
            })
            .collect();
        by_algorithm.sort_by_key(|count| std::cmp::Reverse(count.users));
        let mut why_not: Vec<_> = self
            .reasons
            .into_iter()
            .map(|(reason, users)| NotImportable {
                reason: reason.code(),
                meaning: reason.meaning(),
                users,
            })
            .collect();
        why_not.sort_by_key(|count| std::cmp::Reverse(count.users));
        Importable {
            users: by_algorithm.iter().map(|count| count.users).sum(),
            in_doubt: self.in_doubt,
            by_algorithm,
            why_not,
            bridge: self.bridge,
        }
    }
}

/// Whether another hash of the same password would do.
fn is_the_hash(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::HashOverCognitoCap
            | Reason::HashPrehashed
            | Reason::HashWrapped
            | Reason::HashArgonVariety
            | Reason::HashNotImportable
    )
}
