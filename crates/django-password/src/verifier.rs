//! The front door: inspect, verify, spend.
//!
//! Responsible for the order of things: read, refuse what is too costly, compute, compare. Called
//! by the trigger for one sign-in, by `inspect` for whole tables, by `cutover verify`.

use crate::cognito::{CognitoHash, NotImportable};
use crate::cost::Cost;
use crate::custom_hashers::CustomHashers;
use crate::encoded_password::EncodedPassword;
use crate::format::Unaffordable;
use crate::limits::{ExceededLimit, Limits, Quantity};
use crate::parsed_hash::{ParsedHash, Reading, Refusal};
use crate::plain_password::PlainPassword;
use crate::verdict::{HashState, Inspection, PasswordMatch, Verdict, Verification};

/// Checks passwords against Django's encoded passwords.
///
/// Holds the project's custom hashers and the limits; no state changes, so one value serves every
/// thread. A check of a costly hash takes as long as it takes (see
/// [`Speed::estimate`](crate::Speed::estimate)): call it where blocking is allowed.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    hashers: CustomHashers,
    limits: Limits,
}

impl Verifier {
    /// A verifier for Django's own hashers and `hashers`, within `limits`.
    #[must_use]
    pub fn new(hashers: CustomHashers, limits: Limits) -> Self {
        Self { hashers, limits }
    }

    /// Says what can be said about `encoded` without a password: algorithm, and cost or fault.
    /// Does no work and never fails.
    #[must_use]
    pub fn inspect(&self, encoded: &EncodedPassword) -> Inspection {
        let Reading {
            algorithm,
            hash,
            remedy,
        } = self.read(encoded.expose());
        let state = match hash {
            Ok(hash) => HashState::Verifiable(hash.cost()),
            Err(Refusal::Unusable) => HashState::Unusable,
            Err(Refusal::Unsupported) => HashState::Unsupported,
            Err(Refusal::Malformed(malformation)) => HashState::Malformed(malformation),
            Err(Refusal::TooCostly(limit)) => HashState::TooCostly(limit),
        };
        Inspection {
            algorithm,
            state,
            remedy,
        }
    }

    /// Checks `password` against `encoded` as Django's `check_password` does.
    ///
    /// Blocks for the hash's cost; refuses what exceeds the limits before any of it. Never fails:
    /// whatever is wrong with `encoded` is one of the verdicts.
    pub fn verify(&self, password: &PlainPassword, encoded: &EncodedPassword) -> Verification {
        let Reading {
            algorithm, hash, ..
        } = self.read(encoded.expose());
        let verdict = match hash {
            Ok(hash) => match hash.matches(password.expose()) {
                Ok(Some(true)) => Verdict::Match(PasswordMatch::proven()),
                Ok(Some(false)) => Verdict::Mismatch,
                Ok(None) => Verdict::Unsupported,
                Err(Unaffordable) => Verdict::TooCostly(ExceededLimit {
                    quantity: Quantity::AVAILABLE_MEMORY_KIB,
                    declared: hash.cost().memory_kib(),
                    limit: 0,
                }),
            },
            Err(Refusal::Unusable) => Verdict::Unusable,
            Err(Refusal::Unsupported) => Verdict::Unsupported,
            Err(Refusal::Malformed(malformation)) => Verdict::Malformed(malformation),
            Err(Refusal::TooCostly(limit)) => Verdict::TooCostly(limit),
        };
        Verification { algorithm, verdict }
    }

    /// Does the work that checking `password` against a hash of `cost` would take, and throws the
    /// result away, so that an unknown user takes as long as a known one (Django ticket 20760).
    ///
    /// A cost over the limits is not spent: such a hash would be refused unread, too.
    pub fn spend(&self, password: &PlainPassword, cost: &Cost) {
        if cost.admit(&self.limits).is_ok() {
            cost.spend(password.expose().as_bytes());
        }
    }

    /// The string for the `password_hash` column of a Cognito import job, or why Cognito could not
    /// take the hash over. Pure; the limits do not matter since nothing is computed.
    ///
    /// # Errors
    ///
    /// The reason, one per thing an operator could tell apart.
    pub fn cognito_import(&self, encoded: &EncodedPassword) -> Result<CognitoHash, NotImportable> {
        crate::cognito::convert(ParsedHash::parse(encoded.expose(), &self.hashers))
    }

    fn read<'a>(&'a self, encoded: &'a str) -> Reading<'a> {
        ParsedHash::read(encoded, &self.hashers, &self.limits)
    }
}
