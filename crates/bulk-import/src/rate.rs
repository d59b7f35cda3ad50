//! Users a second, smoothed, and the time that is left by it. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How far back the rate looks.
const WINDOW: Duration = Duration::from_secs(10);

/// The rate over the last ten seconds.
#[derive(Debug)]
pub(crate) struct Rate {
    readings: VecDeque<(Instant, u64)>,
}

impl Rate {
    pub(crate) fn new(now: Instant) -> Rate {
        Rate {
            readings: VecDeque::from([(now, 0)]),
        }
    }

    /// Takes a reading and says the rate in users a second.
    pub(crate) fn read(&mut self, done: u64, now: Instant) -> f64 {
        self.readings.push_back((now, done));
        while self.readings.len() > 2
            && self
                .readings
                .get(1)
                .is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW)
        {
            self.readings.pop_front();
        }
        let Some((since, before)) = self.readings.front() else {
            return 0.0;
        };
        let seconds = now.duration_since(*since).as_secs_f64();
        if seconds < 0.1 {
            0.0
        } else {
            float(done.saturating_sub(*before)) / seconds
        }
    }
}

/// The time left at this rate; none before one percent is done, when it would be a guess.
pub(crate) fn time_left(done: u64, total: u64, rate: f64) -> Option<Duration> {
    if total == 0 || done.saturating_mul(100) < total || rate <= 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(float(total.saturating_sub(done)) / rate).ok()
}

#[expect(clippy::cast_precision_loss, reason = "shown to people")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_the_last_ten_seconds() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        for second in 1..=20 {
            rate.read(second * 100, start + Duration::from_secs(second));
        }
        let mut last = 0.0;
        for second in 21..=32 {
            last = rate.read(2000, start + Duration::from_secs(second));
        }
        assert!(last.abs() < 1.0, "{last}");
    }

    #[test]
    fn no_time_left_is_told_before_one_percent() {
        assert_eq!(time_left(9, 1000, 5.0), None);
        assert_eq!(time_left(10, 1000, 5.0), Some(Duration::from_secs(198)));
        assert_eq!(time_left(10, 1000, 0.0), None);
    }
}
