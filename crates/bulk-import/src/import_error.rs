//! Why an import did not run or did not go on, and whether repeating the command may help.

use cognito_user_pool::{Operation, PoolError, PoolFault, UploadError};
use legacy_users::LegacyError;

use crate::PasswordsFileError;
use crate::journal::JournalError;
use migration_claims::ClaimsUnavailable;
use migration_model::Finding;

/// What an exit code shall say of an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorClass {
    /// The command or the configuration must be corrected; nothing was written.
    Usage,
    /// The run stopped and can be resumed with the same command.
    Halted,
}

/// An error that ends an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A run of this name exists and is about something else.
    #[error("run `{run}` was started for something else: {}", differences.join("; "))]
    DifferentRun {
        /// The run's name.
        run: String,
        /// What differs, one sentence part each.
        differences: Vec<String>,
    },
    /// A run that has been undone cannot go on.
    #[error("run `{run}` has been undone")]
    Undone {
        /// The run's name.
        run: String,
    },
    /// Only one final state gives a way in to somebody who has none.
    #[error("--finish gives people a random password that nobody knows, so that they can reset it")]
    NothingToFinishWith,
    /// The one user whom a trial imports is not there any more.
    #[error("the user to try with is not in the legacy database any more")]
    NobodyToTry,
    /// A part of the run is not here.
    #[error("run `{run}` is divided, and the journals of these shards are not here: {}", missing.iter().map(u16::to_string).collect::<Vec<_>>().join(", "))]
    MissingShards {
        /// The run's name.
        run: String,
        /// The shards' numbers.
        missing: Vec<u16>,
    },
    /// The pool cannot hold the users as cutover.toml maps them.
    #[error("the user pool does not fit cutover.toml: {}", faults.join("; "))]
    PoolDoesNotFit {
        /// What does not fit, one sentence part each.
        faults: Vec<String>,
        /// What to do about it.
        hint: &'static str,
    },
    /// What the import would do is not what was reviewed.
    #[error("the import is not the one that was reviewed: {}", differences.join("; "))]
    PlanDiffers {
        /// What differs, one sentence part each.
        differences: Vec<String>,
    },
    /// Something stands in the way of the import as a whole.
    #[error("the import cannot be done: {}", findings.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join(" "))]
    Blocked {
        /// What stands in the way; each has a next step.
        findings: Vec<Finding>,
    },
    /// Temporary passwords have nowhere to go.
    #[error("no temporary password was set")]
    Passwords(#[source] PasswordsFileError),
    /// The user pool refused something that no user is to blame for.
    #[error("the user pool did not do as asked")]
    Pool(#[source] PoolError),
    /// The store of claims did not answer.
    #[error("it cannot be written down who is in the pool")]
    Claims(#[source] ClaimsUnavailable),
    /// The legacy database did not answer.
    #[error("the legacy users cannot be read")]
    Legacy(#[source] LegacyError),
    /// The journal cannot be used.
    #[error("the run's journal cannot be used")]
    Journal(#[source] JournalError),
    /// A survey had no room for its temporary files.
    #[error("the temporary files of a survey cannot be used")]
    TemporaryFile(#[source] std::io::Error),
    /// The file of an import job did not arrive.
    #[error("the file of the import job did not arrive")]
    Upload(#[source] UploadError),
    /// An import job failed as a whole and made nobody.
    #[error("import job `{job}` failed and made nobody: {failure}")]
    ImportJobFailed {
        /// The job's name.
        job: String,
        /// Why, as far as Cognito says.
        failure: &'static str,
    },
    /// One user after another is refused: it is not about the users.
    #[error("{count} users in a row were refused, the last by {detail}")]
    TooManyFailures {
        /// How many.
        count: usize,
        /// Operation, exception and attribute of the last.
        detail: String,
    },
}

impl ImportError {
    /// What the exit code shall say.
    pub fn class(&self) -> ErrorClass {
        match self {
            ImportError::DifferentRun { .. }
            | ImportError::Undone { .. }
            | ImportError::MissingShards { .. }
            | ImportError::NothingToFinishWith
            | ImportError::NobodyToTry
            | ImportError::PoolDoesNotFit { .. }
            | ImportError::PlanDiffers { .. }
            | ImportError::Blocked { .. }
            | ImportError::Passwords(PasswordsFileError::NoFile) => ErrorClass::Usage,
            ImportError::Journal(JournalError::Full { .. } | JournalError::Storage { .. }) => {
                ErrorClass::Halted
            }
            ImportError::Journal(_) => ErrorClass::Usage,
            // The very first call: there is no such pool, and nothing was begun.
            ImportError::Pool(error)
                if error.operation() == Operation::DescribeUserPool
                    && error.fault() == PoolFault::ResourceNotFound =>
            {
                ErrorClass::Usage
            }
            ImportError::Pool(_)
            | ImportError::Claims(_)
            | ImportError::Legacy(_)
            | ImportError::Passwords(_)
            | ImportError::Upload(_)
            | ImportError::TemporaryFile(_)
            | ImportError::ImportJobFailed { .. }
            | ImportError::TooManyFailures { .. } => ErrorClass::Halted,
        }
    }

    /// What to do about it, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            ImportError::DifferentRun { .. } => "give this import another name with --run, \
                 or go back to what the run was started with"
                .to_owned(),
            ImportError::Undone { .. } => "give this import another name with --run".to_owned(),
            ImportError::NothingToFinishWith => "leave --final-state out".to_owned(),
            ImportError::NobodyToTry => "name somebody else with --try-one".to_owned(),
            ImportError::MissingShards { .. } => "bring all journals of the run into one folder, \
                 then repeat the command"
                .to_owned(),
            ImportError::PoolDoesNotFit { hint, .. } => (*hint).to_owned(),
            ImportError::PlanDiffers { .. } => "make the plan again (a dry run with --plan), have \
                 it reviewed, and name the new file"
                .to_owned(),
            ImportError::Blocked { findings } => {
                let steps = findings.iter().map(|finding| finding.next_step.as_str());
                steps.collect::<Vec<_>>().join(" ")
            }
            ImportError::Passwords(PasswordsFileError::NoFile) => "name a file with \
                 --passwords-file, and the key to encrypt to with --age-recipient"
                .to_owned(),
            ImportError::Passwords(_) => "check that the folder exists, is yours, and has room; \
                 then repeat the command"
                .to_owned(),
            ImportError::Pool(error) => error.hint(),
            ImportError::Claims(_) => "check CUTOVER_CLAIMS_TABLE or CUTOVER_CLAIMS_FILE, and \
                 the permission to write there; then repeat the command"
                .to_owned(),
            ImportError::Legacy(error) => error.hint(),
            ImportError::Journal(error) => error.hint().to_owned(),
            ImportError::TemporaryFile(_) => {
                "make room in the folder for temporary files, or name \
                 another one in TMPDIR; it takes 50 MB for a million users"
                    .to_owned()
            }
            ImportError::Upload(_) => "repeat the command: it makes a new import job".to_owned(),
            ImportError::ImportJobFailed { .. } => {
                "look at the job in the user pool's console and \
                 its log in CloudWatch; repeat the command, or leave hash-import out of --routes"
                    .to_owned()
            }
            ImportError::TooManyFailures { .. } => "look up the exception, correct the pool or \
                 cutover.toml, then repeat the command with --retry-failed"
                .to_owned(),
        }
    }
}

impl From<JournalError> for ImportError {
    fn from(error: JournalError) -> Self {
        ImportError::Journal(error)
    }
}

impl From<ClaimsUnavailable> for ImportError {
    fn from(error: ClaimsUnavailable) -> Self {
        ImportError::Claims(error)
    }
}

impl From<PasswordsFileError> for ImportError {
    fn from(error: PasswordsFileError) -> Self {
        ImportError::Passwords(error)
    }
}

impl From<PoolError> for ImportError {
    fn from(error: PoolError) -> Self {
        ImportError::Pool(error)
    }
}

impl From<LegacyError> for ImportError {
    fn from(error: LegacyError) -> Self {
        ImportError::Legacy(error)
    }
}
