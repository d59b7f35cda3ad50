//! How much work one hash may ask for.
//!
//! Responsible for the caps and for naming the one that was exceeded. Which caps there are, how high
//! and why stands in the files under `hashers/`. A hash comes from a database that somebody else
//! wrote to: without caps one row could stop a sign-in service.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Caps on what a single encoded password may ask for. Checked before any work is done.
///
/// No default sits at what Django uses today: ten more years of Django must fit. Every default
/// bounds one check to some seconds of one core; a caller with less time compares
/// [`Speed::estimate`](crate::Speed::estimate) with its deadline besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    changed: BTreeMap<Quantity, u64>,
}

impl Limits {
    /// Caps `quantity` at `cap` instead of its default.
    #[must_use]
    pub fn with(mut self, quantity: Quantity, cap: u64) -> Self {
        self.changed.insert(quantity, cap.min(quantity.ceiling));
        self
    }

    /// The cap on `quantity`.
    pub(crate) fn cap(&self, quantity: Quantity) -> u64 {
        self.changed
            .get(&quantity)
            .copied()
            .unwrap_or(quantity.default)
    }

    /// Refuses a number over the cap.
    pub(crate) fn admit(&self, quantity: Quantity, declared: u64) -> Result<(), ExceededLimit> {
        let limit = self.cap(quantity);
        if declared <= limit {
            Ok(())
        } else {
            Err(ExceededLimit {
                quantity,
                declared,
                limit,
            })
        }
    }

    /// Refuses an encoded password that is longer than the cap.
    pub(crate) fn admit_length(&self, encoded: &str) -> Result<(), ExceededLimit> {
        self.admit(Quantity::ENCODED_BYTES, encoded.len() as u64)
    }
}

/// The cap that a hash exceeds, with both numbers. Nothing was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceededLimit {
    /// What is capped.
    pub quantity: Quantity,
    /// What the hash asks for; saturated where the number in it is greater than any machine's.
    pub declared: u64,
    /// The cap.
    pub limit: u64,
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            quantity,
            declared,
            limit,
        } = self;
        write!(
            formatter,
            "{quantity} of {declared} is over the limit of {limit}"
        )
    }
}

/// What a cap counts, with its default. The constants stand with the formats they bound.
#[derive(Clone, Copy)]
pub struct Quantity {
    name: &'static str,
    default: u64,
    ceiling: u64,
}

impl Quantity {
    /// Length of the encoded password, in bytes.
    // Django's column holds 128 characters (AbstractBaseUser.password); projects that widen it do
    // so for argon2 or peppered salts, never by this much.
    pub const ENCODED_BYTES: Self = Self::new("length in bytes", 4_096);

    /// Memory the machine could give at that moment, in KiB; not one of the configured caps.
    pub const AVAILABLE_MEMORY_KIB: Self = Self::new("memory in KiB", u64::MAX);

    pub(crate) const fn new(name: &'static str, default: u64) -> Self {
        Self {
            name,
            default,
            ceiling: u64::MAX,
        }
    }

    /// No cap is ever higher.
    pub(crate) const fn at_most(mut self, ceiling: u64) -> Self {
        self.ceiling = ceiling;
        self
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Quantity({})", self.name)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
