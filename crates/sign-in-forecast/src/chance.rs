//! Seeded random numbers for resampling: the same people always give the same forecast. Called by
//! the band and its backtest; nothing secret hangs on it. Pure.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

/// From here on a normal distribution is near enough to the counted one.
const NORMAL_FROM: f64 = 30.0;

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are what a double holds"
    )]
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 0 and deviation 1 (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// One of `0..below`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder is below a usize"
    )]
    pub(crate) fn index(&mut self, below: usize) -> usize {
        (self.next() % below.max(1) as u64) as usize
    }

    /// How often something happens that happens `mean` times.
    pub(crate) fn poisson(&mut self, mean: f64) -> f64 {
        if mean >= NORMAL_FROM {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let limit = (-mean).exp();
        let (mut product, mut times) = (self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            times += 1.0;
        }
        times
    }

    /// How many of `people` do what each does with probability `share`.
    pub(crate) fn binomial(&mut self, people: f64, share: f64) -> f64 {
        let share = share.clamp(0.0, 1.0);
        let rare = share.min(1.0 - share);
        let variance = people * rare * (1.0 - rare);
        let times = if variance >= NORMAL_FROM {
            (people * rare + variance.sqrt() * self.normal()).round()
        } else {
            self.binomial_by_inversion(people, rare)
        };
        let times = times.clamp(0.0, people);
        if share <= 0.5 { times } else { people - times }
    }

    /// Adds up probabilities until the drawn one is reached (Kachitvichyanukul and Schmeiser's BINV).
    fn binomial_by_inversion(&mut self, people: f64, share: f64) -> f64 {
        let odds = share / (1.0 - share);
        let mut left = self.uniform();
        let (mut times, mut probability) = (0.0, (1.0 - share).powf(people));
        while left > probability && times < people {
            left -= probability;
            times += 1.0;
            probability *= odds * (people - times + 1.0) / times;
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_and_the_spread_that_they_should() {
        let mut chance = Chance::seeded(7);
        let mut check = |draw: &mut dyn FnMut(&mut Chance) -> f64, mean: f64, variance: f64| {
            let drawn: Vec<f64> = (0..20_000).map(|_| draw(&mut chance)).collect();
            let count = 20_000.0;
            let found = drawn.iter().sum::<f64>() / count;
            let spread = drawn.iter().map(|x| (x - found).powi(2)).sum::<f64>() / count;
            let tolerance = 5.0 * (variance / count).sqrt();
            assert!((found - mean).abs() < tolerance, "mean {found}, not {mean}");
            let apart = (spread / variance - 1.0).abs();
            assert!(apart < 0.1, "variance {spread}, not {variance}");
        };
        check(&mut |chance| chance.normal(), 0.0, 1.0);
        check(&mut |chance| chance.poisson(2.5), 2.5, 2.5);
        check(&mut |chance| chance.poisson(80.0), 80.0, 80.0);
        check(&mut |chance| chance.binomial(40.0, 0.1), 4.0, 3.6);
        check(&mut |chance| chance.binomial(40.0, 0.9), 36.0, 3.6);
        check(&mut |chance| chance.binomial(4000.0, 0.3), 1200.0, 840.0);
    }
}
