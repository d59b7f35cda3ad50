//! A started pool and its caller, which most tests begin with.

use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool, RunningPool};
use serde_json::json;

use crate::client::{Answer, Caller};

/// Starts a pool.
pub(crate) async fn start(options: PoolOptions) -> (RunningPool, Caller) {
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    (running, caller)
}

/// Options of a pool without request rates.
pub(crate) fn unlimited() -> PoolOptions {
    PoolOptions {
        quotas: Quotas::Off,
        ..PoolOptions::default()
    }
}

/// Signs in with a password that meets the policy.
pub(crate) async fn sign_in(running: &RunningPool, caller: &Caller, name: &str) -> Answer {
    let input = json!({"ClientId": running.client_id(), "AuthFlow": "USER_PASSWORD_AUTH",
                       "AuthParameters": {"USERNAME": name, "PASSWORD": "Typed-once-1"}});
    caller.call("InitiateAuth", &input).await
}
