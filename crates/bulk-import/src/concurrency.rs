//! How many users to have in work. Just as many as keep the slowest quota category's queue from
//! running dry: with a slow network or a slow Cognito more of them are on their way and fewer
//! wait, so more are taken; when the queue is long, fewer, so that a run that is asked to stop
//! has little to finish. Pure; `apply` asks it a few times a second.

use std::time::Duration;

/// Users in work at the start.
const FIRST: usize = 16;
/// Users in work where nothing limits the calls: these keep the cores of a large machine busy, and
/// more would only take memory.
const MOST_WITHOUT_LIMIT: usize = 64;
/// A queue of so many seconds' calls outlasts the time between two readings and a hiccup.
const QUEUE: Duration = Duration::from_millis(600);

/// The number of users in work, following the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concurrency {
    limit: usize,
    most: usize,
}

/// The longest queue before a quota category.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Queue {
    /// Callers waiting for their turn.
    pub(crate) waiting: u64,
    /// The rate at which they get it; `None` without a limit.
    pub(crate) rate: Option<f64>,
}

impl Concurrency {
    pub(crate) fn new(most: usize) -> Concurrency {
        let most = most.max(1);
        let limit = FIRST.min(most);
        Concurrency { limit, most }
    }

    /// Users that may be in work now.
    pub(crate) fn limit(self) -> usize {
        self.limit
    }

    /// Follows a reading taken while so many users were in work.
    pub(crate) fn follow(&mut self, in_work: usize, queue: Queue) {
        let Some(rate) = queue.rate else {
            // Nobody queues, so that nothing would end the rise.
            self.limit = MOST_WITHOUT_LIMIT.min(self.most);
            return;
        };
        let wanted = (rate * QUEUE.as_secs_f64()).max(4.0);
        let waiting = f64::from(u32::try_from(queue.waiting).unwrap_or(u32::MAX));
        if waiting < wanted && in_work >= self.limit {
            self.limit = (self.limit + self.limit / 2 + 1).min(self.most);
        } else if waiting > wanted * 2.0 {
            self.limit = (self.limit - self.limit / 8).max(FIRST.min(self.most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A category at `rate`, and users of whom each spends `latency` seconds on calls besides
    /// waiting for it: those who do not fit into the calls wait.
    fn settled(mut concurrency: Concurrency, rate: f64, latency: f64) -> usize {
        for _ in 0..200 {
            let in_work = concurrency.limit();
            let on_their_way = (rate * latency).min(in_work as f64);
            let waiting = (in_work as f64 - on_their_way) as u64;
            let rate = Some(rate);
            concurrency.follow(in_work, Queue { waiting, rate });
        }
        concurrency.limit()
    }

    #[test]
    fn the_slower_the_answers_the_more_users_are_in_work() {
        let near = settled(Concurrency::new(512), 25.0, 0.1);
        let far = settled(Concurrency::new(512), 25.0, 2.0);
        assert!((16..=48).contains(&near), "{near}");
        assert!((60..=100).contains(&far), "{far}");
        // Whatever the latency, the queue never runs dry.
        assert!(far as f64 > 25.0 * 2.0);
    }

    #[test]
    fn it_comes_down_again_when_the_answers_are_fast() {
        let mut concurrency = Concurrency::new(512);
        for _ in 0..20 {
            let in_work = concurrency.limit();
            concurrency.follow(
                in_work,
                Queue {
                    waiting: 0,
                    rate: Some(25.0),
                },
            );
        }
        assert_eq!(concurrency.limit(), 512);
        assert!(settled(concurrency, 25.0, 0.1) <= 48);
    }

    #[test]
    fn without_a_limit_this_machine_is_the_limit() {
        let mut concurrency = Concurrency::new(512);
        for _ in 0..20 {
            concurrency.follow(concurrency.limit(), Queue::default());
        }
        assert_eq!(concurrency.limit(), MOST_WITHOUT_LIMIT);
    }

    #[test]
    fn no_more_are_taken_than_there_are_to_take_and_never_more_than_allowed() {
        let mut few = Concurrency::new(512);
        few.follow(
            3,
            Queue {
                waiting: 0,
                rate: Some(25.0),
            },
        );
        assert_eq!(few.limit(), FIRST);
        let mut two = Concurrency::new(2);
        two.follow(
            2,
            Queue {
                waiting: 0,
                rate: None,
            },
        );
        assert_eq!(two.limit(), 2);
    }
}
