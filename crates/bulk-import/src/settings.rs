//! What an operator chooses for one run, beyond cutover.toml.

use std::path::PathBuf;
use std::sync::Arc;

use migration_claims::Claims;

use migration_model::{HashForms, LegacyId, RoutePreference};

use crate::{
    FinalState, KeepForFirstLogin, LedgerPlace, PasswordsFile, ReviewedPlan, RunName, RunNameError,
    Shard,
};

/// The settings of an import run.
#[derive(Clone, Debug)]
pub struct ImportRun {
    /// The run's name; the same name resumes.
    pub name: RunName,
    /// The directory of the journals.
    pub directory: PathBuf,
    /// Where the pool's ledger is.
    pub ledger: LedgerPlace,
    /// Where it is kept who was migrated: whoever is created here is never migrated by the trigger,
    /// whatever name they have later.
    pub claims: Option<Arc<Claims>>,
    /// Import users who could still keep their password by signing in.
    pub approve_password_reset: bool,
    /// The ways into the pool, in order of preference; the configuration's unless given.
    pub routes: Option<RoutePreference>,
    /// Of those, whom to leave for first login all the same: whoever meets one of these.
    pub keep_for_first_login: Vec<KeepForFirstLogin>,
    /// In which state users are left.
    pub final_state: FinalState,
    /// Where the temporary passwords of [`FinalState::ForceChange`] go.
    pub passwords_file: Option<PasswordsFile>,
    /// The plan that somebody has reviewed, to which this import must keep.
    pub reviewed_plan: Option<ReviewedPlan>,
    /// The one user to import, leaving everybody else alone.
    pub only: Option<LegacyId>,
    /// The forms of hashes that the pool is taken to know; by default what is known of it.
    pub hash_forms: Option<HashForms>,
    /// Which part of the users to import, if the run is divided among processes.
    pub shard: Option<Shard>,
    /// Try users again who failed in this run.
    pub retry_failed: bool,
    /// Most users in work at a time; fewer are where fewer keep Cognito's quotas spent.
    pub concurrency: usize,
}

impl ImportRun {
    /// Unless told otherwise: enough for 50 users a second on whom Cognito spends five seconds each.
    pub const DEFAULT_CONCURRENCY: usize = 256;

    /// A run with the cautious choices.
    pub fn new(name: RunName, directory: impl Into<PathBuf>) -> ImportRun {
        let directory = directory.into();
        ImportRun {
            name,
            ledger: LedgerPlace::Folder(directory.join("ledger")),
            claims: None,
            directory,
            approve_password_reset: false,
            routes: None,
            keep_for_first_login: Vec::new(),
            final_state: FinalState::default(),
            passwords_file: None,
            reviewed_plan: None,
            only: None,
            hash_forms: None,
            shard: None,
            retry_failed: false,
            concurrency: Self::DEFAULT_CONCURRENCY,
        }
    }

    /// The part of this run that a shard does.
    ///
    /// # Errors
    ///
    /// When the run's name is too long to have the shard added.
    pub fn in_shard(self, shard: Shard) -> Result<ImportRun, RunNameError> {
        Ok(ImportRun {
            name: self.name.in_shard(shard)?,
            shard: Some(shard),
            ..self
        })
    }
}
