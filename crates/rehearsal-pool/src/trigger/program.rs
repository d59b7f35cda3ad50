//! A function's program: as many processes as there are events at a time.
//!
//! Responsible for handing each event to an idle process or starting one, for Cognito's limit, and
//! for ending processes. It must not know what events mean.
//!
//! Sources: Lambda's execution environments (one event at a time each, reused while warm);
//! guide page cognito-user-identity-pools-working-with-aws-lambda-triggers (5 seconds).

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::cpu_share::{CpuShare, cores};
use super::environment::{Ending, Environment};
use super::{Invoked, TriggerFailure};
use crate::options::TriggerProgram;

pub(crate) struct ProgramRunner {
    program: TriggerProgram,
    region: String,
    arn: String,
    slots: Semaphore,
    idle: Mutex<Vec<Environment>>,
    /// Whether processes are to be held to their share of a core, and the machine lets them.
    shares_cpu: bool,
}

/// What is known of an invocation's start, also when the limit ends it.
#[derive(Default)]
struct Start {
    cold: bool,
    asked: Option<Arc<OnceLock<Duration>>>,
}

impl ProgramRunner {
    pub(crate) fn new(program: TriggerProgram, region: String, arn: String) -> Self {
        let slots = Semaphore::new(program.concurrency.max(1));
        if program.cpu_share {
            CpuShare::remove_strangers();
        }
        let shares_cpu = program.cpu_share
            && match CpuShare::make(program.memory_mb) {
                Ok(_) => true,
                Err(error) => {
                    tracing::warn!(
                        %error,
                        "the trigger runs with all the CPU there is: no cpu cgroup can be made here"
                    );
                    false
                }
            };
        Self {
            shares_cpu,
            program,
            region,
            arn,
            slots,
            idle: Mutex::default(),
        }
    }

    pub(crate) fn cpu_share(&self) -> Option<f64> {
        self.shares_cpu.then(|| cores(self.program.memory_mb))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn invoke(&self, event: Bytes) -> Invoked {
        let deadline = Instant::now() + self.program.limit;
        let mut start = Start::default();
        let result = timeout_at(deadline, self.invoke_in_time(event, deadline, &mut start)).await;
        // On the limit the process was dropped with the future, and dropping one ends it.
        let result = result.unwrap_or(Err(TriggerFailure::TimedOut));
        Invoked {
            cold: start.cold,
            init: start.asked.and_then(|asked| asked.get().copied()),
            result,
        }
    }

    async fn invoke_in_time(
        &self,
        event: Bytes,
        deadline: Instant,
        start: &mut Start,
    ) -> Result<Bytes, TriggerFailure> {
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(TriggerFailure::NotStarted {
                reason: "ServiceException".to_owned(),
            });
        };
        let mut environment = match self.warm() {
            Some(environment) => environment,
            None => {
                start.cold = true;
                let share = self
                    .shares_cpu
                    .then(|| CpuShare::make(self.program.memory_mb));
                let share = share.and_then(Result::ok);
                let started =
                    Environment::start(&self.program, &self.region, &self.arn, share).await;
                let environment = started.map_err(|source| {
                    tracing::error!(
                        program = %self.program.path.display(),
                        error = %source,
                        "the trigger program cannot be started"
                    );
                    TriggerFailure::NotStarted {
                        reason: "Lambda.InvalidEntrypoint".into(),
                    }
                })?;
                start.asked = Some(environment.first_asked());
                environment
            }
        };
        match environment.invoke(event, deadline).await {
            Ending::Answered(answer) => {
                self.idle().push(environment);
                Ok(answer)
            }
            Ending::Refused {
                error_type,
                message,
            } => {
                self.idle().push(environment);
                Err(TriggerFailure::Function {
                    error_type,
                    message,
                })
            }
            Ending::Exited { message } => Err(TriggerFailure::Crashed { message }),
        }
    }

    /// An idle process that is still alive.
    fn warm(&self) -> Option<Environment> {
        loop {
            let mut environment = self.idle().pop()?;
            if environment.is_alive() {
                return Some(environment);
            }
        }
    }

    /// Refuses further events and ends every idle process; those at work end with their events.
    pub(crate) async fn stop(&self) {
        self.slots.close();
        let idle = std::mem::take(&mut *self.idle());
        for environment in idle {
            environment.end().await;
        }
        // Of processes whose limit had passed; they were killed, which takes a moment.
        let patience = Instant::now() + Duration::from_secs(2);
        while !CpuShare::remove_left() && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
