//! Whether people whom import jobs bring can sign in at all: SRP is impossible for them until their
//! first sign-in by password (developer guide, "Importing users into user pools from a CSV file"). Asked
//! by a plan that has such people.

use cognito_user_pool::{Disposition, PoolError, UserPool};
use migration_model::{Finding, Severity};

/// What an operator should know of the pool's app clients; nothing where all take passwords.
pub(crate) async fn finding(pool: &UserPool) -> Result<Option<Finding>, PoolError> {
    let clients = match pool.app_clients().await {
        Ok(clients) => clients,
        Err(error) if error.disposition() == Disposition::Retry => return Err(error),
        // Said already, by the proof of identity, which asks the same.
        Err(_) => return Ok(None),
    };
    let names = |takes: bool| {
        let some = clients
            .iter()
            .filter(|client| client.takes_passwords == takes);
        some.map(|client| client.name.as_str()).collect::<Vec<_>>()
    };
    let (with, without) = (names(true), names(false));
    if without.is_empty() {
        return Ok(None);
    }
    Ok(Some(Finding {
        severity: Severity::Warning,
        code: "hash-import-without-password-flow",
        subject: format!("app client {}", without.join(", ")),
        message: format!(
            "Whoever comes by import job cannot sign in by SRP before a first sign-in by password, and \
             {}.",
            match with.is_empty() {
                true => "no app client takes passwords: nobody of them gets in".to_owned(),
                false => format!("only through {} is there one", with.join(", ")),
            }
        ),
        next_step:
            "Add ALLOW_USER_PASSWORD_AUTH to ExplicitAuthFlows, and let the app use it until \
                    everybody has come once."
                .to_owned(),
    }))
}
