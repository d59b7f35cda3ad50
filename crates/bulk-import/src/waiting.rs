//! Why a run waits, found out from its pool and its control. Any reason wins; the first is shown.
//! Called by `apply` while users are in work and by `import` in the other phases.

use cognito_user_pool::{PacerReading, PoolFault, QuotaCategory, UserPool};

use crate::control::RunControl;
use crate::progress::Waiting;

/// A lowered rate is told only when it is lower by this much: the last percent comes back by itself.
const LOWERED: f64 = 0.95;

/// The reason to wait, if there is one. `in_flight` are the users in work, or the callers.
pub(crate) fn waiting(control: &RunControl, pool: &UserPool, in_flight: usize) -> Option<Waiting> {
    if control.is_paused() {
        return Some(Waiting::Paused);
    }
    match pool.away() {
        Some(PoolFault::SessionExpired) => return Some(Waiting::SessionExpired),
        Some(_) => return Some(Waiting::PoolUnreachable),
        None => {}
    }
    let categories = QuotaCategory::ALL
        .iter()
        .map(|one| (*one, pool.reading(*one)));
    let readings: Vec<(QuotaCategory, PacerReading)> = categories.collect();
    let lowered = |reading: &PacerReading| matches!((reading.rate, reading.allowance), (Some(rate), Some(all)) if rate < all * LOWERED);
    if let Some((category, _)) = readings.iter().find(|(_, reading)| lowered(reading)) {
        return Some(Waiting::Throttled(*category));
    }
    // The longest queue decides, if a good part of those in work stands in it.
    let (category, reading) = readings.iter().max_by_key(|(_, reading)| reading.waiting)?;
    let some = u64::try_from(in_flight / 4).unwrap_or(0).max(1);
    (reading.waiting >= some).then_some(Waiting::Quota(*category))
}
