//! Runs hash checks: off the async thread, never one that could not end in time, and the dummy
//! one that makes a refusal cost what a check costs. Must not know users, events or replies.
//! Called by the authentication decision.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use django_password::{
    Cost, EncodedPassword, Inspection, PlainPassword, Speed, Verification, Verifier,
};

use crate::budget::Budget;
use crate::pace::Pace;
use crate::usual_cost::UsualCost;

/// What the function needs beside the hash's own memory: measured at under 10 MB resident, and air.
const MEMORY_OF_THE_REST_MB: u64 = 40;

/// A hash check that was not done. Nothing is known about the password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckFault {
    /// It would not have ended in time, or did not.
    #[error("the hash check does not fit into the time left")]
    DeadlineNear,
    /// It needs more memory than the function has; trying would kill the process.
    #[error("the hash check needs {needed_mb} MB, the function has {memory_mb} MB")]
    NotEnoughMemory {
        /// Memory of the hash and of the rest, in MB.
        needed_mb: u64,
        /// Memory of the function, in MB.
        memory_mb: u32,
    },
    /// A defect of ours.
    #[error("the hash check panicked")]
    Panicked,
}

/// Checks passwords against hashes within a budget.
pub struct HashChecker {
    verifier: Arc<Verifier>,
    usual: Mutex<UsualCost>,
    pace: Mutex<Pace>,
    memory_mb: Option<u32>,
}

impl HashChecker {
    /// `usual` is what a refusal costs until this process knows better. `memory_mb` is the
    /// function's memory, where Lambda holds the process to it; `None` elsewhere.
    pub fn new(verifier: Verifier, usual: UsualCost, memory_mb: Option<u32>) -> HashChecker {
        HashChecker {
            verifier: Arc::new(verifier),
            usual: Mutex::new(usual),
            pace: Mutex::default(),
            memory_mb,
        }
    }

    /// What the encoded password is, without checking anything.
    pub fn inspect(&self, encoded: &EncodedPassword) -> Inspection {
        self.verifier.inspect(encoded)
    }

    /// Checks a password against a hash whose inspection gave this cost.
    ///
    /// # Errors
    ///
    /// [`CheckFault`]; then nothing is known about the password.
    pub async fn verify(
        &self,
        password: &Arc<PlainPassword>,
        encoded: EncodedPassword,
        cost: &Cost,
        budget: &Budget,
    ) -> Result<Verification, CheckFault> {
        let (verifier, password) = (Arc::clone(&self.verifier), Arc::clone(password));
        let check = move || verifier.verify(&password, &encoded);
        let verification = self.run(check, cost, budget).await?;
        lock(&self.usual).learn(cost);
        Ok(verification)
    }

    /// Does the work of a usual hash check and throws it away.
    ///
    /// # Errors
    ///
    /// [`CheckFault`], as a real check would have met it: were this the only place where it goes
    /// unnoticed, an overloaded function would tell unknown users by their refusal.
    pub async fn spend(
        &self,
        password: &Arc<PlainPassword>,
        budget: &Budget,
    ) -> Result<(), CheckFault> {
        let cost = lock(&self.usual).current().clone();
        let (verifier, password) = (Arc::clone(&self.verifier), Arc::clone(password));
        let spent = cost.clone();
        self.run(move || verifier.spend(&password, &spent), &cost, budget)
            .await
    }

    /// Runs one hash on a thread of its own, so that the deadline is kept even if it overruns. A
    /// hash cannot be stopped; what overruns ends by itself with nobody listening.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        cost: &Cost,
        budget: &Budget,
    ) -> Result<T, CheckFault> {
        self.check_memory(cost)?;
        // Each kind of hash is measured when first met, in a few milliseconds, and not at start:
        // Lambda gives starting functions more CPU than they have afterwards.
        let measured = Speed::of_this_machine().estimate(cost);
        if !lock(&self.pace).fits(measured, budget.left()) {
            return Err(CheckFault::DeadlineNear);
        }
        let began = Instant::now();
        let hash = tokio::task::spawn_blocking(work);
        match tokio::time::timeout(budget.left(), hash).await {
            Ok(Ok(done)) => {
                lock(&self.pace).ended(measured, began.elapsed());
                Ok(done)
            }
            Ok(Err(_panicked)) => Err(CheckFault::Panicked),
            Err(_elapsed) => {
                lock(&self.pace).overran(measured, began.elapsed());
                Err(CheckFault::DeadlineNear)
            }
        }
    }

    fn check_memory(&self, cost: &Cost) -> Result<(), CheckFault> {
        let Some(memory_mb) = self.memory_mb else {
            return Ok(());
        };
        let needed_mb = cost
            .memory_kib()
            .div_ceil(1024)
            .saturating_add(MEMORY_OF_THE_REST_MB);
        if cost.memory_kib() > 1024 && needed_mb > u64::from(memory_mb) {
            return Err(CheckFault::NotEnoughMemory {
                needed_mb,
                memory_mb,
            });
        }
        Ok(())
    }
}

/// What a panic left behind is still good: both values are whole at any time.
fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
