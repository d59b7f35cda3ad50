#![doc = include_str!("../README.md")]

mod apply;
mod concurrency;
mod control;
mod control_files;
mod decider;
mod final_state;
mod finish;
mod hash_import;
mod id_proof;
mod import;
mod import_error;
mod journal;
mod keep_for_first_login;
mod ledger;
mod legacy_identity;
mod legacy_patience;
mod outcome;
mod password_flows;
mod plan;
mod planner;
mod pool_fit;
mod progress;
mod proof;
mod random_password;
mod rate;
mod reconcile;
mod reviewed_plan;
mod run_name;
mod settings;
mod shard;
mod summary;
mod temporary_passwords;
mod text_key;
mod trial;
mod undo;
mod user_steps;
mod waiting;

pub use control::{RunControl, Stop};
pub use control_files::{ControlFiles, Obeyed};
pub use final_state::{FinalState, FinalStateError};
pub use finish::{Finished, finish};
pub use import::{import, plan};
pub use import_error::{ErrorClass, ImportError};
pub use journal::{JournalError, OutcomeRow, ReasonCount, RunJournals, RunStatus};
pub use keep_for_first_login::{KeepForFirstLogin, KeepForFirstLoginError};
pub use ledger::{IdMapRow, Ledger, LedgerPlace, LedgerReader};
pub use outcome::Outcome;
pub use plan::{CategoryCalls, Plan, PlanCount, PlannedGroup};
pub use progress::{Phase, Progress, Waiting};
pub use reconcile::{
    Drift, DriftKind, DriftRow, FixKind, FixSummary, LedgerUse, Prefer, Reconciliation, fix,
    reconcile,
};
pub use reviewed_plan::{PlanBinding, PlannedPolicy, ReviewedPlan, ReviewedPlanError};
pub use run_name::{RunName, RunNameError};
pub use settings::ImportRun;
pub use shard::{Shard, ShardError};
pub use summary::Summary;
pub use temporary_passwords::{AgeRecipient, AgeRecipientError, PasswordsFile, PasswordsFileError};
pub use trial::{Trial, TrialUser, try_one};
pub use undo::{Kept, Undo, UndoSummary, undo};
