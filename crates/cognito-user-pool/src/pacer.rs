//! Spends one quota category's allowance evenly: one call every so often, never two to catch up,
//! so that neither a pause nor a slow network is followed by a burst. When Cognito still says
//! TooManyRequests the rate is cut at once and comes back slowly (additive increase,
//! multiplicative decrease), because somebody else is spending the same limit. Knows nothing of
//! operations; `UserPool` asks it before every call.

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

/// What a throttle leaves of the rate.
const CUT: f64 = 0.7;
/// Part of the allowance that a second without throttling gives back.
const RAISE_PER_SECOND: f64 = 0.02;
/// The rate never falls below this part of the allowance, or it could not find out that the
/// others have stopped.
const FLOOR: f64 = 0.05;
/// Calls in flight are refused together: they are one event.
const ONE_EVENT: Duration = Duration::from_secs(1);
/// How late a wake-up may be without its lateness lowering the rate. Tokio's timer has a
/// resolution of one millisecond; a busy machine adds a few.
const TIMER_LATENESS: Duration = Duration::from_millis(5);

/// An even rate limiter for one quota category.
#[derive(Debug)]
pub struct Pacer {
    rate: StdMutex<Option<Rate>>,
    /// Fair: those who wait are served in the order in which they came. The holder alone sleeps.
    turn: Mutex<Option<Instant>>,
    rate_changed: Notify,
    calls: AtomicU64,
    throttled: AtomicU64,
    waiting: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    allowance: f64,
    current: f64,
    changed: Instant,
    cut: Option<Instant>,
}

/// A pacer's state at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PacerReading {
    /// Requests a second that may be spent; `None` when there is no limit.
    pub allowance: Option<f64>,
    /// The rate now, lower than the allowance after throttling.
    pub rate: Option<f64>,
    /// Calls let through so far.
    pub calls: u64,
    /// Calls that Cognito refused as too many.
    pub throttled: u64,
    /// Callers waiting for their turn.
    pub waiting: u64,
}

impl Pacer {
    /// A pacer for so many requests a second; `None` lets everything through at once.
    pub fn new(allowance: Option<f64>) -> Pacer {
        let now = Instant::now();
        let rate = |allowance| Rate {
            allowance,
            current: allowance,
            changed: now,
            cut: None,
        };
        Pacer {
            rate: StdMutex::new(allowance.map(rate)),
            turn: Mutex::new(None),
            rate_changed: Notify::new(),
            calls: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        }
    }

    /// Returns when the next call may go. Dropping the future gives the turn to the next caller.
    pub async fn permit(&self) {
        if self.interval(Instant::now()).is_some() {
            let _waiting = Waiting::enter(&self.waiting);
            let mut last = self.turn.lock().await;
            while let Some(interval) = self.interval(Instant::now()) {
                let due = last.map(|last| last + interval);
                let now = Instant::now();
                if let Some(due) = due.filter(|due| *due > now) {
                    tokio::select! {
                        () = tokio::time::sleep_until(due) => {}
                        // A new rate counts for whoever is waiting already.
                        () = self.rate_changed.notified() => continue,
                    }
                }
                let now = Instant::now();
                // Counting from when the call was due, not from when the timer fired, keeps the
                // rate; counting from now after a real gap keeps the gap from being caught up.
                *last = Some(match due {
                    Some(due) if now.duration_since(due) <= interval.max(TIMER_LATENESS) => due,
                    _ => now,
                });
                break;
            }
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells the pacer that Cognito refused a call as too many.
    pub fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut guard = self
            .rate
            .lock()
            .expect("no panic happens while the rate is held");
        let Some(rate) = guard.as_mut() else { return };
        rate.raise(now);
        if rate
            .cut
            .is_none_or(|cut| now.duration_since(cut) >= ONE_EVENT)
        {
            rate.current = (rate.current * CUT).max(rate.allowance * FLOOR);
            rate.cut = Some(now);
        }
    }

    /// Changes the allowance from the next call on; a rate lowered by throttling stays lowered.
    pub fn set_allowance(&self, allowance: Option<f64>) {
        let now = Instant::now();
        {
            let mut guard = self
                .rate
                .lock()
                .expect("no panic happens while the rate is held");
            *guard = allowance.map(|allowance| match *guard {
                Some(old) => Rate {
                    allowance,
                    current: allowance * (old.current / old.allowance),
                    changed: now,
                    cut: old.cut,
                },
                None => Rate {
                    allowance,
                    current: allowance,
                    changed: now,
                    cut: None,
                },
            });
        }
        self.rate_changed.notify_one();
    }

    /// The state now.
    pub fn reading(&self) -> PacerReading {
        let now = Instant::now();
        let mut guard = self
            .rate
            .lock()
            .expect("no panic happens while the rate is held");
        if let Some(rate) = guard.as_mut() {
            rate.raise(now);
        }
        PacerReading {
            allowance: guard.map(|rate| rate.allowance),
            rate: guard.map(|rate| rate.current),
            calls: self.calls.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    fn interval(&self, now: Instant) -> Option<Duration> {
        let mut guard = self
            .rate
            .lock()
            .expect("no panic happens while the rate is held");
        let rate = guard.as_mut()?;
        rate.raise(now);
        Some(Duration::from_secs_f64(1.0 / rate.current))
    }
}

impl Rate {
    fn raise(&mut self, now: Instant) {
        let seconds = now.duration_since(self.changed).as_secs_f64();
        let raised = self.current + self.allowance * RAISE_PER_SECOND * seconds;
        self.current = raised.min(self.allowance);
        self.changed = now;
    }
}

/// Counts a waiting caller for as long as it waits, also when its future is dropped.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_evenly_and_a_pause_is_not_caught_up() {
        let pacer = Pacer::new(Some(10.0));
        pacer.permit().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let start = Instant::now();
        for _ in 0..11 {
            pacer.permit().await;
        }
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(999), "{elapsed:?}");
        assert!(elapsed <= Duration::from_millis(1020), "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_waiting_callers_go_at_the_allowed_rate() {
        let pacer = Arc::new(Pacer::new(Some(50.0)));
        let start = Instant::now();
        let callers = (0..1001).map(|_| {
            let pacer = Arc::clone(&pacer);
            async move { pacer.permit().await }
        });
        futures::future::join_all(callers).await;
        let rate = 1000.0 / start.elapsed().as_secs_f64();
        assert!((49.0..=50.05).contains(&rate), "{rate}");
    }

    #[tokio::test(start_paused = true)]
    async fn late_timers_do_not_lower_the_rate() {
        // 300 a second is an interval of 3.33 ms, which a timer of whole milliseconds overshoots.
        let pacer = Pacer::new(Some(300.0));
        let start = Instant::now();
        for _ in 0..3001 {
            pacer.permit().await;
        }
        let rate = 3000.0 / start.elapsed().as_secs_f64();
        assert!((298.0..=300.1).contains(&rate), "{rate}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_cuts_the_rate_once_per_event_and_it_comes_back() {
        let pacer = Pacer::new(Some(100.0));
        for _ in 0..20 {
            pacer.throttled();
        }
        assert_eq!(pacer.reading().rate, Some(70.0));
        assert_eq!(pacer.reading().throttled, 20);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let rate = pacer.reading().rate.expect("limited");
        assert!((79.9..=80.1).contains(&rate), "{rate}");
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(pacer.reading().rate, Some(100.0));
        for _ in 0..100 {
            pacer.throttled();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(pacer.reading().rate.expect("limited") >= 5.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_allowance_counts_for_those_who_wait() {
        let pacer = Arc::new(Pacer::new(Some(0.01)));
        pacer.permit().await;
        let waiting = tokio::spawn({
            let pacer = Arc::clone(&pacer);
            async move { pacer.permit().await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(pacer.reading().waiting, 1);
        let start = Instant::now();
        pacer.set_allowance(Some(10.0));
        waiting.await.expect("no panic");
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(pacer.reading().waiting, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_gives_up_leaves_the_turn_to_the_next() {
        let pacer = Pacer::new(Some(1.0));
        pacer.permit().await;
        let gave_up = tokio::time::timeout(Duration::from_millis(10), pacer.permit()).await;
        assert!(gave_up.is_err());
        let start = Instant::now();
        pacer.permit().await;
        assert!(start.elapsed() <= Duration::from_secs(1));
        assert_eq!(pacer.reading().calls, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nothing_waits() {
        let pacer = Pacer::new(None);
        let start = Instant::now();
        for _ in 0..10_000 {
            pacer.permit().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
