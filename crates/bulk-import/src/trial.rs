//! One user, imported by an import job with their hash before anybody else, who then signs in:
//! so a team learns at the cost of one account whether its pool takes hashes at all, and those
//! forms of them on which AWS's documentation is silent. What was learnt goes to the ledger. Called
//! by the command line.

use cognito_user_pool::{SignInAnswer, WritableUserPool};
use django_password::{Caveat, Limits, PlainPassword, Verifier};
use futures::TryStreamExt;
use legacy_users::LegacyDatabase;
use migration_model::{Config, HashForms, LegacyUser, Reason, Route, RoutePreference};

use crate::control::RunControl;
use crate::import_error::ImportError;
use crate::journal::OutcomeRow;
use crate::ledger::Ledger;
use crate::settings::ImportRun;

/// What came of a trial.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trial {
    /// The password is not the user's, so nothing could be learnt, and nothing was done.
    WrongPassword,
    /// No import job was made for them: outcome and reason.
    NotImported {
        /// The outcome, as in the run's accounts.
        outcome: String,
        /// The reason code.
        reason: String,
    },
    /// Imported, and signed in with their old password.
    SignsIn {
        /// The form of their hash that was in doubt, if any.
        settled: Option<Caveat>,
    },
    /// Imported, and the pool did not let them in.
    Refused {
        /// What it answered: an exception's name, or a challenge's.
        answer: String,
        /// The form of their hash that was in doubt, if any.
        doubted: Option<Caveat>,
    },
}

/// The run of a trial: hash import alone, and of one user alone.
fn of_one(run: ImportRun, user: &LegacyUser) -> ImportRun {
    let only_jobs = RoutePreference::new(&[Route::HashImport]);
    ImportRun {
        routes: Some(only_jobs.expect("hash import may be chosen")),
        only: Some(user.id.clone()),
        hash_forms: Some(HashForms::ALL),
        ..run
    }
}

/// The one user, and how to sign in as them.
#[derive(Clone, Copy, Debug)]
pub struct TrialUser<'a> {
    /// Their row.
    pub user: &'a LegacyUser,
    /// What they type at sign-in.
    pub login: &'a str,
    /// Their password.
    pub password: &'a PlainPassword,
    /// An app client that takes passwords.
    pub client_id: &'a str,
}

/// Imports the user with their hash and signs in as them through an app client.
///
/// # Errors
///
/// What kept the import from its end, or the sign-in from an answer.
pub async fn try_one(
    legacy: &LegacyDatabase,
    config: &Config,
    pool: &WritableUserPool,
    run: ImportRun,
    one: TrialUser<'_>,
    control: &RunControl,
) -> Result<Trial, ImportError> {
    let verifier = Verifier::new(config.hashers.clone(), Limits::default());
    let stored = &one.user.encoded_password;
    if !verifier.verify(one.password, stored).verdict.is_match() {
        return Ok(Trial::WrongPassword);
    }
    let hash = verifier.cognito_import(stored);
    let caveat = hash.ok().and_then(|hash| hash.caveat());
    let run = of_one(run, one.user);
    Box::pin(crate::import(legacy, config, pool, &run, control)).await?;
    let (outcome, reason) = outcome(&run, one.user).await?;
    if outcome != "created" {
        return Ok(Trial::NotImported { outcome, reason });
    }
    let password = one.password.expose();
    let signing_in = pool.initiate_auth(one.client_id, one.login, password);
    let answer = signing_in.await?;
    let ledger = Ledger::hold(&run.ledger, pool).await?;
    let refused = match answer {
        SignInAnswer::Tokens(_) | SignInAnswer::Challenge(_) => {
            if let Some(caveat) = caveat {
                ledger.learn_hash_form(caveat, true).await?;
            }
            return Ok(Trial::SignsIn { settled: caveat });
        }
        SignInAnswer::Refused(error) => error,
    };
    let answer = refused.exception().unwrap_or("no exception").to_owned();
    if let (Some(caveat), "NotAuthorizedException") = (caveat, answer.as_str()) {
        ledger.learn_hash_form(caveat, false).await?;
    }
    Ok(Trial::Refused {
        answer,
        doubted: caveat,
    })
}

/// What the run's journal says of the one user: outcome and reason.
async fn outcome(run: &ImportRun, user: &LegacyUser) -> Result<(String, String), ImportError> {
    let id = user.id.to_string();
    let rows = OutcomeRow::read_all(&run.directory, &run.name).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        if row.legacy_id == id {
            return Ok((row.outcome, row.reason));
        }
    }
    // Read, and gone before the plan was made.
    Ok(("held".to_owned(), Reason::LegacyUserGone.code().to_owned()))
}
