//! The curve of people who have come, week by week, with a band: the counts are drawn anew as chance
//! could have made them, and each draw's future is played. Where some weeks have passed, their pace
//! counts. Pure and repeatable.

use crate::chance::Chance;
use crate::habits::{Habits, Sums, Ways};

/// How often the counts are drawn anew.
const DRAWS: usize = 200;
/// No future is quite like the past, whatever the counts say: each is played so much faster or slower (one
/// deviation). It keeps the band of a million people from being as narrow as their number.
const DRIFT: f64 = 0.03;
/// In so many of a hundred cases the band shall hold the whole curve, as far as the model holds.
const LEVEL: f64 = 0.95;
/// What the forecast weighs beside the weeks that have passed, in people who came.
const WEIGHT_OF_FORECAST: f64 = 20.0;
/// A share of nobody, for logarithms.
const NOBODY: f64 = 1e-9;
/// Older weeks say less of the pace.
const WEEKS_OF_PACE: usize = 8;
/// Fewer weeks say nothing of how much weeks differ.
const WEEKS_TO_DRAW_FROM: usize = 4;

/// People who have come by the end of each week, the first week first.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// At least.
    pub low: Vec<f64>,
    /// As expected.
    pub came: Vec<f64>,
    /// At most.
    pub high: Vec<f64>,
    /// Of those who have not come by then, what becomes of them at the close.
    pub left: Vec<Ways>,
    /// How fast people come, beside what their habits say; 1 while no week has passed.
    pub pace: f64,
}

impl Band {
    /// Looks ahead. `arrived` are the people who came in each full week that has passed.
    pub fn of(habits: &Habits, arrived: &[f64], seed: u64) -> Band {
        let arrived = &arrived[..arrived.len().min(habits.weeks())];
        let people: f64 = habits.waiting().iter().sum();
        let staying = staying(habits, &habits.sums());
        let waiting = Waiting::of(&staying, people);
        let clock = Clock::of(&waiting, arrived, people);
        let as_expected = |left: f64, share: f64| left * share;
        let came = play(
            &waiting,
            arrived,
            people,
            [clock.now(), clock.pace()],
            as_expected,
        );

        let mut chance = Chance::seeded(seed);
        let mut draw = || {
            let drawn = habits.sums_of(|count| chance.poisson(f64::from(count)));
            let waiting = Waiting::of(&self::staying(habits, &drawn), people);
            let clock = Clock::of(&waiting, arrived, people);
            let pace = clock.drawn_pace(&mut chance) * (DRIFT * chance.normal()).exp();
            play(
                &waiting,
                arrived,
                people,
                [clock.now(), pace],
                |left, share| chance.binomial(left, share),
            )
        };
        let futures: Vec<Vec<f64>> = (0..DRAWS).map(|_| draw()).collect();
        let reach = reach(&futures, habits.weeks());
        let already: f64 = arrived.iter().sum();
        let bound = |sign: f64| {
            let of_week = |(came, reach): (&f64, &f64)| {
                (came + sign * reach).clamp(already.min(*came), people.max(already))
            };
            came.iter().zip(&reach).map(of_week).collect()
        };
        let left = staying.iter().zip(&came).map(|(ways, came)| {
            let all: f64 = ways.iter().sum();
            let left = (people - came).max(0.0);
            ways.map(|way| if all > 0.0 { left * way / all } else { 0.0 })
        });
        Band {
            low: bound(-1.0),
            high: bound(1.0),
            left: left.collect(),
            came,
            pace: clock.pace(),
        }
    }
}

/// Of those who wait, how many have not come by the end of each week. Nobody comes back from having
/// come, so it only falls; where nobody has been registered for so long it stays.
fn staying(habits: &Habits, sums: &Sums) -> Vec<Ways> {
    let mut before = habits.waiting();
    let mut weeks = Vec::with_capacity(habits.weeks());
    for ahead in 1..=habits.weeks() {
        if let Some(ways) = habits.staying(sums, ahead) {
            for (before, now) in before.iter_mut().zip(ways) {
                *before = now.clamp(0.0, *before);
            }
        }
        weeks.push(before);
    }
    weeks
}

/// How likely it is still to be waiting after so many weeks of people's usual pace.
struct Waiting {
    /// Natural logarithms, week 0 first.
    log: Vec<f64>,
}

impl Waiting {
    fn of(staying: &[Ways], people: f64) -> Waiting {
        let share = |ways: &Ways| (ways.iter().sum::<f64>() / people.max(1.0)).max(NOBODY);
        let log = staying.iter().map(|ways| share(ways).ln().min(0.0));
        Waiting {
            log: std::iter::once(0.0).chain(log).collect(),
        }
    }

    /// Straight between weeks; after the last as in the last.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "weeks are few, and not negative"
    )]
    fn log_after(&self, weeks: f64) -> f64 {
        let last = self.log.len() - 1;
        let before = (weeks.max(0.0) as usize).min(last.saturating_sub(1));
        let (from, to) = (self.log[before], self.log[(before + 1).min(last)]);
        from + (to - from) * (weeks - before as f64)
    }

    /// After how many weeks so many would be waiting: the opposite.
    #[expect(clippy::cast_precision_loss, reason = "weeks are few")]
    fn weeks_until(&self, share: f64) -> f64 {
        let log = share.max(NOBODY).ln();
        let last = self.log.len() - 1;
        let week = self.log.iter().skip(1).position(|after| *after <= log);
        let before = week.unwrap_or(last - 1);
        let (from, to) = (self.log[before], self.log[before + 1]);
        match to < from {
            true => before as f64 + (log - from) / (to - from),
            false => before as f64 + 1.0,
        }
    }

    /// The share of those still waiting that comes between two moments.
    fn comes(&self, from: f64, to: f64) -> f64 {
        1.0 - (self.log_after(to) - self.log_after(from)).exp()
    }
}

/// The weeks that have passed, in weeks of people's usual pace.
struct Clock {
    /// How long each lasted.
    weeks: Vec<f64>,
    /// How many came in them.
    came: f64,
}

impl Clock {
    fn of(waiting: &Waiting, arrived: &[f64], people: f64) -> Clock {
        let (mut before, mut came) = (0.0, 0.0);
        let week = |arrived: &f64| {
            came += arrived;
            let now = waiting.weeks_until(1.0 - came / people.max(1.0));
            let lasted = now - before;
            before = now;
            lasted
        };
        let weeks = arrived.iter().map(week).collect();
        Clock { weeks, came }
    }

    fn now(&self) -> f64 {
        self.weeks.iter().sum()
    }

    /// The first week is like no other: sessions have ended, and everybody has a look.
    fn recent(&self) -> &[f64] {
        let first = usize::from(self.weeks.len() > WEEKS_TO_DRAW_FROM);
        &self.weeks[self.weeks.len().saturating_sub(WEEKS_OF_PACE).max(first)..]
    }

    /// The pace as these weeks show it; that of the forecast while few came.
    #[expect(clippy::cast_precision_loss, reason = "weeks are few")]
    fn pace_of(&self, weeks: &[f64]) -> f64 {
        let mean = weeks.iter().sum::<f64>() / weeks.len().max(1) as f64;
        (self.came * mean + WEIGHT_OF_FORECAST) / (self.came + WEIGHT_OF_FORECAST)
    }

    fn pace(&self) -> f64 {
        self.pace_of(self.recent())
    }

    /// The pace as other weeks of the same kind could have shown it.
    fn drawn_pace(&self, chance: &mut Chance) -> f64 {
        let recent = self.recent();
        if recent.is_empty() {
            return 1.0;
        }
        if recent.len() < WEEKS_TO_DRAW_FROM {
            let noise = 1.0 + chance.normal() / self.came.max(1.0).sqrt();
            return self.pace_of(recent) * noise.max(0.0);
        }
        let weeks = recent.iter().map(|_| recent[chance.index(recent.len())]);
        self.pace_of(&weeks.collect::<Vec<f64>>())
    }
}

/// Week by week: what has passed as it was, then so many of those left as `come` says.
fn play(
    waiting: &Waiting,
    arrived: &[f64],
    people: f64,
    [mut now, pace]: [f64; 2],
    mut come: impl FnMut(f64, f64) -> f64,
) -> Vec<f64> {
    let mut came = 0.0;
    let mut path = Vec::with_capacity(waiting.log.len() - 1);
    for week in 0..waiting.log.len() - 1 {
        came += match arrived.get(week) {
            Some(arrived) => *arrived,
            None => {
                let share = waiting.comes(now, now + pace);
                now += pace;
                come((people - came).max(0.0), share.clamp(0.0, 1.0))
            }
        };
        path.push(came);
    }
    path
}

/// How far from the middle the band must reach in each week to hold whole curves: the spread of each
/// week, times what the worst week of a curve is off at most (Montiel Olea and Plagborg-Møller,
/// "Simultaneous confidence bands", 2019: sup-t).
#[expect(clippy::cast_precision_loss, reason = "a few hundred draws")]
fn reach(futures: &[Vec<f64>], weeks: usize) -> Vec<f64> {
    let count = futures.len().max(1) as f64;
    let of_week = |week: usize| futures.iter().map(move |future| future[week]);
    let means: Vec<f64> = (0..weeks)
        .map(|week| of_week(week).sum::<f64>() / count)
        .collect();
    let spreads: Vec<f64> = (0..weeks)
        .map(|week| {
            let squares = of_week(week).map(|came| (came - means[week]).powi(2));
            (squares.sum::<f64>() / count).sqrt()
        })
        .collect();
    let mut worst: Vec<f64> = futures
        .iter()
        .map(|future| {
            let off = (0..weeks).filter(|week| spreads[*week] > 0.0);
            let off = off.map(|week| (future[week] - means[week]).abs() / spreads[week]);
            off.fold(0.0, f64::max)
        })
        .collect();
    worst.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index below the number of draws"
    )]
    let at = (worst.len() as f64 * LEVEL) as usize;
    let times = worst.get(at).or(worst.last()).copied().unwrap_or(0.0);
    // A count is whole: half a person to each side is no news. What has passed is known.
    let of_week = |spread: &f64| match *spread > 0.0 {
        true => spread * times + 0.5,
        false => 0.0,
    };
    spreads.iter().map(of_week).collect()
}

#[cfg(test)]
mod backtest;
