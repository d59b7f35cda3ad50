//! What checking one hash costs.
//!
//! Responsible for carrying a kind of work with its parameters, their order and their text. Knows
//! nothing about clocks (`speed` does), about what is allowed (`limits` does), or about any kind of
//! work (the files under `hashers/` do, where the constructors are, too).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::limits::{ExceededLimit, Limits};
use crate::work::{Parameters, Work};

/// The work that one check of an encoded password takes, known without a password.
///
/// Ordered by algorithm, then by parameters, so that it can key a report's table. Its text is in
/// the algorithm's own terms.
#[derive(Clone)]
pub struct Cost {
    work: &'static dyn Work,
    parameters: Parameters,
}

impl Cost {
    pub(crate) const fn new(work: &'static dyn Work, parameters: Parameters) -> Self {
        Self { work, parameters }
    }

    /// The most memory one check takes, in KiB, rounded up; 0 where it is next to nothing.
    ///
    /// For scrypt that counts the lanes that may run at once.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        self.work.memory_kib(&self.parameters)
    }

    /// How many cores one check can keep busy: argon2's and scrypt's lanes, else one.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.work.lanes(&self.parameters)
    }

    /// Whether nothing slows a guess: one pass of a digest, or the DES of the seventies. Whoever
    /// has such a hash has the password.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.work.is_weak(&self.parameters)
    }

    pub(crate) fn admit(&self, limits: &Limits) -> Result<(), ExceededLimit> {
        self.work.admit(&self.parameters, limits)
    }

    pub(crate) fn spend(&self, password: &[u8]) {
        self.work.spend(password, &self.parameters);
    }

    pub(crate) fn units(&self) -> f64 {
        self.work.units(&self.parameters)
    }

    /// The cost whose time tells that of this one.
    pub(crate) fn sample(&self) -> Self {
        Self::new(self.work, self.work.sample(&self.parameters))
    }

    fn key(&self) -> (&'static str, &Parameters) {
        (self.work.name(), &self.parameters)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work.describe(&self.parameters, formatter)
    }
}

impl fmt::Debug for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cost({self})")
    }
}

impl PartialEq for Cost {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Cost {}

impl PartialOrd for Cost {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cost {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Cost {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
