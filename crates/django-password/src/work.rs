//! The kinds of work that checks consist of.
//!
//! Responsible for the interface that costs, limits, speed and dummy checks ask; each kind stands in
//! the file of the format that needs it. Several formats can share one.

use std::fmt;

use crate::cost::Cost;
use crate::limits::{ExceededLimit, Limits, Quantity};

/// What a kind of work counts, in its own order; the rest is zero.
pub(crate) type Parameters = [u64; 3];

/// One kind of work.
pub(crate) trait Work: Sync {
    /// A word of its own. Costs are told apart and ordered by it.
    fn name(&self) -> &'static str;

    /// The cost in the algorithm's own terms.
    fn describe(&self, parameters: &Parameters, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// Refuses what is over any of the caps that apply.
    fn admit(&self, parameters: &Parameters, limits: &Limits) -> Result<(), ExceededLimit>;

    /// How much of a unit's time it takes; at least a fraction of one, never zero.
    fn units(&self, parameters: &Parameters) -> f64;

    /// For every variety whose unit takes its own time, a cost that is large enough to tell and
    /// small enough to wait for.
    fn samples(&self) -> Vec<Parameters>;

    /// The sample of the same variety.
    fn sample(&self, parameters: &Parameters) -> Parameters;

    /// Does the work of one check and throws the result away. Parameters that make no sense are no
    /// work.
    fn spend(&self, password: &[u8], parameters: &Parameters);

    /// The most memory one check takes, in KiB, rounded up; 0 where it is next to nothing.
    fn memory_kib(&self, _parameters: &Parameters) -> u64 {
        0
    }

    /// How many cores one check can keep busy.
    fn lanes(&self, _parameters: &Parameters) -> u32 {
        1
    }

    /// Whether stolen hashes of this work are as good as read: nothing slows a guess.
    fn is_weak(&self, _parameters: &Parameters) -> bool {
        false
    }
}

/// Work that is one number of equal rounds.
pub(crate) struct Rounds {
    pub(crate) name: &'static str,
    /// What the rounds are called.
    pub(crate) noun: &'static str,
    /// The cap; none where the algorithm fixes their number.
    pub(crate) quantity: Option<Quantity>,
    /// How many rounds take a millisecond or so.
    pub(crate) sample: u32,
    pub(crate) spend: fn(&[u8], u32),
    /// So many rounds, or fewer, slow nobody.
    pub(crate) weak_up_to: u32,
}

impl Rounds {
    /// The cost of that many.
    pub(crate) const fn cost(&'static self, rounds: u64) -> Cost {
        Cost::new(self, [rounds, 0, 0])
    }
}

impl Work for Rounds {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(
        &self,
        [rounds, ..]: &Parameters,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        write!(formatter, "{} {rounds} {}", self.name, self.noun)
    }

    fn admit(&self, [rounds, ..]: &Parameters, limits: &Limits) -> Result<(), ExceededLimit> {
        match self.quantity {
            Some(quantity) => limits.admit(quantity, *rounds),
            None => Ok(()),
        }
    }

    fn units(&self, [rounds, ..]: &Parameters) -> f64 {
        // Exact up to 2^53, which no limit comes near.
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let rounds = (*rounds).max(1) as f64;
        rounds
    }

    fn samples(&self) -> Vec<Parameters> {
        vec![self.sample(&[0; 3])]
    }

    fn sample(&self, _parameters: &Parameters) -> Parameters {
        [u64::from(self.sample), 0, 0]
    }

    fn spend(&self, password: &[u8], [rounds, ..]: &Parameters) {
        (self.spend)(password, u32::try_from(*rounds).unwrap_or(u32::MAX));
    }

    fn is_weak(&self, [rounds, ..]: &Parameters) -> bool {
        *rounds <= u64::from(self.weak_up_to)
    }
}
