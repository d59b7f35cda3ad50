//! A function's program: as many processes as there are events at a time.
//!
//! Responsible for handing each event to an idle process or starting one, for Cognito's limit, and
//! for ending processes. It must not know what events mean.
//!
//! Sources: Lambda's execution environments (one event at a time each, reused while warm);
//! guide page cognito-user-identity-pools-working-with-aws-lambda-triggers (5 seconds).

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::environment::{Ending, Environment};
use super::{Invoked, TriggerFailure};
use crate::options::TriggerProgram;

pub(crate) struct ProgramRunner {
    program: TriggerProgram,
    region: String,
    arn: String,
    slots: Semaphore,
    idle: Mutex<Vec<Environment>>,
}

impl ProgramRunner {
    pub(crate) fn new(program: TriggerProgram, region: String, arn: String) -> Self {
        let slots = Semaphore::new(program.concurrency.max(1));
        Self {
            program,
            region,
            arn,
            slots,
            idle: Mutex::default(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn invoke(&self, event: Bytes) -> Invoked {
        let deadline = Instant::now() + self.program.limit;
        let mut cold = false;
        let result = timeout_at(deadline, self.invoke_in_time(event, deadline, &mut cold)).await;
        // On the limit the process was dropped with the future, and dropping one ends it.
        let result = result.unwrap_or(Err(TriggerFailure::TimedOut));
        Invoked { cold, result }
    }

    async fn invoke_in_time(
        &self,
        event: Bytes,
        deadline: Instant,
        cold: &mut bool,
    ) -> Result<Bytes, TriggerFailure> {
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(TriggerFailure::NotStarted {
                reason: "ServiceException".to_owned(),
            });
        };
        let mut environment = match self.warm() {
            Some(environment) => environment,
            None => {
                *cold = true;
                Environment::start(&self.program, &self.region, &self.arn)
                    .await
                    .map_err(|source| {
                        tracing::error!(
                            program = %self.program.path.display(),
                            error = %source,
                            "the trigger program cannot be started"
                        );
                        TriggerFailure::NotStarted {
                            reason: "Lambda.InvalidEntrypoint".into(),
                        }
                    })?
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
    }
}
