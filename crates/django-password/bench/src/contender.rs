//! Something that is measured, and the taking of turns.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// How long one run took.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// By the clock on the wall.
    pub wall: Duration,
    /// Of all threads together. Tells the truth on a machine that has other things to do.
    pub cpu: Duration,
}

/// One implementation of a row's work.
pub struct Contender {
    /// As printed.
    pub name: &'static str,
    /// Does the work once and says how long it took.
    pub run: Box<dyn FnMut() -> Times>,
}

impl Contender {
    /// Something in this process.
    pub fn native(name: &'static str, mut work: impl FnMut() + 'static) -> Self {
        let run = move || {
            let (wall, cpu) = (Instant::now(), ProcessTime::now());
            work();
            Times {
                wall: wall.elapsed(),
                cpu: cpu.elapsed(),
            }
        };
        Self {
            name,
            run: Box::new(run),
        }
    }
}

/// All contenders' times, round by round.
pub fn take_turns(contenders: &mut [Contender], rounds: usize) -> Vec<Vec<Times>> {
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    for contender in contenders.iter_mut() {
        // Warm: code, pages, Python's imports.
        (contender.run)();
    }
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            // Nobody always goes after the same neighbour.
            let index = (turn + round) % contenders.len();
            times[index].push((contenders[index].run)());
        }
    }
    times
}
