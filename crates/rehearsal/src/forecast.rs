//! Who will have come through the trigger by which week, who is left then, and what the rest costs. Reads
//! the legacy database once, and where a pool is given, what it says of those who came already. Counts
//! only. Shown by `cutover forecast`, `inspect`, `watch` and the rehearsal's report; how it is
//! calculated is in `sign-in-forecast`, in words in that crate's README.

mod costs;

use bulk_import::{LedgerPlace, Prospect, RunControl, Standing, Way, route_survey};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use cognito_user_pool::{Patience, PoolAddress, Quotas, UserPool};
use legacy_users::LegacyDatabase;
use migration_model::{Config, Route};
use rehearsal_pool::{PoolOptions, RehearsalPool};
use serde::Serialize;
use std::path::{Path, PathBuf};

use crate::conduct::RehearsalError;
use crate::fitting_pool::fitting_pool;

pub use costs::{CategoryHours, CostOfRest};
pub use sign_in_forecast::LONGEST;

use costs::Rest;
use sign_in_forecast::{AtClose, Band, Habits};

/// The same people give the same forecast.
const SEED: u64 = 0x0c07_05e2;
/// Of those who came through the trigger so many of a thousand may be trials before the switch.
const TRIALS_PER_MILLE: u64 = 5;

/// What is asked.
#[derive(Clone, Debug)]
pub struct ForecastQuestion {
    /// How many weeks to look ahead, from now.
    pub weeks: usize,
    /// The share of all that may be left, in percent.
    pub below_percent: f64,
    /// What a monthly active user costs.
    pub mau_price: Option<f64>,
    /// When the app was switched, where the pool's own dates do not tell it.
    pub switched: Option<NaiveDate>,
    /// What limits the import of the rest.
    pub quotas: Quotas,
}

impl ForecastQuestion {
    /// What is asked unless somebody says otherwise.
    pub const WEEKS: usize = 26;
    /// The same of the rest, in percent.
    pub const BELOW_PERCENT: f64 = 5.0;
}

impl Default for ForecastQuestion {
    fn default() -> Self {
        ForecastQuestion {
            weeks: ForecastQuestion::WEEKS,
            below_percent: ForecastQuestion::BELOW_PERCENT,
            mau_price: None,
            switched: None,
            quotas: Quotas::default(),
        }
    }
}

/// The pool that the forecast is for.
#[derive(Clone, Copy)]
pub struct ForecastTarget<'a> {
    /// The pool.
    pub pool: &'a UserPool,
    /// Its ledger.
    pub ledger: &'a LedgerPlace,
    /// Who is in it.
    pub standing: &'a Standing,
}

/// What will have become of everybody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The form of the JSON, now 1.
    pub format: u32,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// The moment from which weeks count: the switch, or now where nobody has come yet.
    pub from: DateTime<Utc>,
    /// Full weeks that have passed since.
    pub weeks_passed: usize,
    /// Legacy users in all.
    pub users: u64,
    /// Those whom import jobs take with their hash on day one.
    pub by_hash_on_day_one: u64,
    /// Those who may be imported at any time: they have no password to lose.
    pub without_password: u64,
    /// Those whom neither way takes, each for a reason that `cutover inspect` tells.
    pub held: u64,
    /// Those whom an import has created already.
    pub imported: u64,
    /// Those who can only come through the trigger, or lose the password; those who came included.
    pub awaited: u64,
    /// Who came through the trigger so far, the present week included.
    pub came_so_far: u64,
    /// How fast people come, beside what their habits say.
    pub pace: f64,
    /// Week by week.
    pub curve: Vec<WeekAhead>,
    /// The last week of the curve, and what its rest costs.
    pub rest: CostOfRest,
    /// When few enough are left.
    pub below: Below,
}

/// People who have come by the end of a week.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct WeekAhead {
    /// Counted from the switch, the first is 1.
    pub week: usize,
    /// Whether it has passed: then the three are the same.
    pub passed: bool,
    /// At least, by the band.
    pub low: u64,
    /// As expected.
    pub came: u64,
    /// At most, by the band.
    pub high: u64,
    /// Those left, as expected.
    pub left: u64,
}

/// The first week at whose end fewer are left than asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Below {
    /// Of all who are to be moved.
    pub percent: f64,
    /// The same in people.
    pub people: u64,
    /// As expected; `None` where the curve does not reach it.
    pub week: Option<usize>,
    /// If as many come as the band allows.
    pub earliest: Option<usize>,
    /// If as few come as the band allows.
    pub latest: Option<usize>,
}

/// Makes a forecast from the legacy database, and from what has happened in a pool where one is given.
///
/// # Errors
///
/// When one of the sides does not answer, or somebody asked to stop.
pub async fn forecast(
    legacy: &LegacyDatabase,
    config: &Config,
    target: Option<ForecastTarget<'_>>,
    question: &ForecastQuestion,
    control: &RunControl,
) -> Result<Forecast, RehearsalError> {
    let Some(target) = target else {
        let options = PoolOptions {
            trigger: None,
            quotas: rehearsal_pool::Quotas::Off,
            ..fitting_pool(config, Path::new(""), PathBuf::new())
        };
        let running = RehearsalPool::start(options).await?;
        let endpoint = Some(running.endpoint());
        let address = PoolAddress::new(running.region(), running.user_pool_id(), endpoint)?;
        let pool = UserPool::connect(address, Quotas::off(), Patience::NONE).await;
        let made = before_the_switch(legacy, config, &pool, question, control).await;
        running.stop().await;
        return made;
    };
    let arrivals = Arrivals::of(target.standing, question.switched);
    let mut count = Count::new(question, &arrivals);
    let (pool, ledger) = (target.pool, Some(target.ledger));
    let mut visit = |prospect: &Prospect| count.add(prospect);
    if !route_survey(legacy, config, pool, ledger, control, &mut visit).await? {
        return Err(RehearsalError::Stopped);
    }
    Ok(count.finish(question, &arrivals))
}

/// Makes the forecast for a pool in which nobody is yet.
///
/// # Errors
///
/// As [`forecast`].
pub(crate) async fn before_the_switch(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &UserPool,
    question: &ForecastQuestion,
    control: &RunControl,
) -> Result<Forecast, RehearsalError> {
    let arrivals = Arrivals::none(Utc::now(), question.switched);
    let mut count = Count::new(question, &arrivals);
    let mut visit = |prospect: &Prospect| count.add(prospect);
    if !route_survey(legacy, config, pool, None, control, &mut visit).await? {
        return Err(RehearsalError::Stopped);
    }
    Ok(count.finish(question, &arrivals))
}

/// Who came, week by week since the switch.
struct Arrivals {
    from: DateTime<Utc>,
    made: DateTime<Utc>,
    /// Of full weeks.
    weekly: Vec<f64>,
    all: u64,
}

impl Arrivals {
    fn none(now: DateTime<Utc>, switched: Option<NaiveDate>) -> Arrivals {
        Arrivals {
            from: switched.map_or(now, midnight).min(now),
            made: now,
            weekly: Vec::new(),
            all: 0,
        }
    }

    fn of(standing: &Standing, switched: Option<NaiveDate>) -> Arrivals {
        let days = &standing.first_sign_ins;
        let all = standing.by(Way::FirstSignIn);
        let mut seen = 0;
        let first = days.iter().find(|(_, people)| {
            seen += **people;
            seen * 1000 > all * TRIALS_PER_MILLE
        });
        let from = switched.or(first.map(|(day, _)| *day)).map(midnight);
        let from = from.unwrap_or(standing.at).min(standing.at);
        let passed = (standing.at - from).num_days() / 7;
        let mut weekly = vec![0.0; usize::try_from(passed).unwrap_or(0).min(LONGEST)];
        for (day, people) in days {
            // Trials before the switch are people who need not come any more.
            let week = ((midnight(*day) - from).num_days() / 7).max(0);
            let week = usize::try_from(week).unwrap_or(0);
            if let Some(week) = weekly.get_mut(week) {
                *week += as_number(*people);
            }
        }
        if all == 0 {
            // Weeks in which nobody could come say nothing of those who will.
            weekly.clear();
        }
        Arrivals {
            from,
            made: standing.at,
            weekly,
            all,
        }
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The counters while people are read.
struct Count {
    from: DateTime<Utc>,
    habits: Habits,
    users: u64,
    by_hash: u64,
    held: u64,
    imported: u64,
    /// Those who wait, by what becomes of them at the close.
    waiting: [Rest; 3],
    without_password: Rest,
}

impl Count {
    fn new(question: &ForecastQuestion, arrivals: &Arrivals) -> Count {
        Count {
            from: arrivals.from,
            habits: Habits::new(arrivals.weekly.len() + question.weeks),
            users: 0,
            by_hash: 0,
            held: 0,
            imported: 0,
            waiting: [Rest::default(); 3],
            without_password: Rest::default(),
        }
    }

    fn add(&mut self, prospect: &Prospect) {
        self.users += 1;
        let ago = |moment: Option<DateTime<Utc>>| {
            let since: Duration = self.from - moment?;
            Some(usize::try_from(since.num_days().max(0) / 7).unwrap_or(0))
        };
        let (tenure, recency) = (ago(prospect.date_joined), ago(prospect.last_login));
        if prospect.may_sign_in {
            self.habits.add(tenure, recency);
        }
        if prospect.imported {
            self.imported += 1;
            return;
        }
        match prospect.now {
            Route::HashImport => self.by_hash += 1,
            Route::Hold => self.held += 1,
            Route::AdminCreate => self.without_password.add(prospect),
            Route::FirstLogin => {
                let close = match prospect.at_close {
                    Route::HashImport => AtClose::HashImport,
                    Route::AdminCreate => AtClose::AdminCreate,
                    Route::Hold | Route::FirstLogin => AtClose::Hold,
                };
                self.habits.add_waiting(tenure, recency, close);
                self.waiting[close as usize].add(prospect);
            }
        }
    }

    fn finish(self, question: &ForecastQuestion, arrivals: &Arrivals) -> Forecast {
        let band = Band::of(&self.habits, &arrivals.weekly, SEED);
        let passed = arrivals.weekly.len();
        let awaited: u64 = self.waiting.iter().map(|rest| rest.people).sum();
        let weeks = band.came.iter().zip(&band.low).zip(&band.high);
        let curve: Vec<WeekAhead> = weeks
            .enumerate()
            .map(|(at, ((came, low), high))| WeekAhead {
                week: at + 1,
                passed: at < passed,
                low: as_people(*low),
                came: as_people(*came),
                high: as_people(*high),
                left: awaited.saturating_sub(as_people(*came)),
            })
            .collect();
        let movable = self.users - self.held;
        let people = as_people(as_number(movable) * question.below_percent / 100.0);
        let first = |came: fn(&WeekAhead) -> u64| {
            let below = |week: &&WeekAhead| awaited.saturating_sub(came(week)) < people.max(1);
            curve.iter().find(below).map(|week| week.week)
        };
        let below = Below {
            percent: question.below_percent,
            people,
            week: first(|week| week.came),
            earliest: first(|week| week.high),
            latest: first(|week| week.low),
        };
        let left = band.left.last().copied().unwrap_or_default();
        let last = curve.last().map_or(0, |week| week.week);
        let rest = CostOfRest::of(last, left, &self.waiting, &self.without_password, question);
        Forecast {
            format: 1,
            made: arrivals.made,
            from: arrivals.from,
            weeks_passed: passed,
            users: self.users,
            by_hash_on_day_one: self.by_hash,
            without_password: self.without_password.people,
            held: self.held,
            imported: self.imported,
            awaited,
            came_so_far: arrivals.all,
            pace: band.pace,
            curve,
            rest,
            below,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 people")]
fn as_number(people: u64) -> f64 {
    people as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rounded number of people"
)]
fn as_people(number: f64) -> u64 {
    number.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).expect("a day")
    }

    #[test]
    fn trials_before_the_switch_do_not_begin_the_weeks() {
        let mut standing = Standing::empty(midnight(day(25)));
        standing.ways.insert(Way::FirstSignIn, 1_003);
        standing.first_sign_ins =
            [(day(1), 3), (day(9), 600), (day(17), 300), (day(24), 100)].into();
        let arrivals = Arrivals::of(&standing, None);
        assert_eq!(arrivals.from, midnight(day(9)));
        // The third week is not over.
        assert_eq!(arrivals.weekly, [603.0, 300.0]);
        let told = Arrivals::of(&standing, Some(day(2)));
        assert_eq!(told.weekly, [3.0, 600.0, 300.0]);
    }

    #[test]
    fn weeks_before_anybody_came_are_no_weeks() {
        let standing = Standing::empty(midnight(day(25)));
        let arrivals = Arrivals::of(&standing, Some(day(1)));
        assert_eq!(arrivals.weekly, Vec::<f64>::new());
    }
}
