//! The threads that independent lanes of argon2 and scrypt share.
//!
//! Responsible for their number. A pool of its own, not rayon's global one: that would take every
//! core of a large machine (and, for scrypt, memory for each) and panics if it cannot start.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::format::Unaffordable;

/// How many lanes of one scrypt check run at once, each with its own memory.
///
/// Django's default since 5.1 is p = 5; more workers than this would buy little time for much
/// memory.
pub(super) const LANES_AT_ONCE: u32 = 4;

static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();

/// Runs `work` on the shared threads; lanes inside it spread over them. On a machine with one core
/// it runs on the one thread there is.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Unaffordable> {
    let pool = POOL.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(LANES_AT_ONCE as usize);
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("hash-lane-{index}"))
            .build()
            .ok()
    });
    pool.as_ref()
        .map(|pool| pool.install(work))
        .ok_or(Unaffordable)
}
