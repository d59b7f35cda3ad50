#![doc = include_str!("../README.md")]

mod answer_body;
mod api_error;
mod api_model;
mod belief;
mod clock;
mod cross_origin;
mod facts;
mod fault;
mod operation;
mod options;
mod outbox;
mod page;
mod pool;
mod quota;
mod random;
mod running;
mod secret;
mod server;
mod service;
mod settings_file;
mod srp;
mod state;
mod token;
mod trigger;
mod user_import;
mod wire;

pub use belief::{Belief, BeliefCount, KnownDifference, MetBelief};
pub use facts::{
    Disagreement, FactAnswer, FactReply, FactsError, PoolFacts, Probed, redacted, redacted_json,
};
pub use fault::{Fault, FaultPlan, FaultRule, FaultWhen};
pub use options::{
    AttributeKind, CustomAttribute, KeptState, PasswordPolicy, PoolOptions, PoolSettings,
    TriggerKind, TriggerProgram, TriggerUrl,
};
pub use outbox::{Medium, MessageReason, SentMessage};
pub use quota::{MailCount, QuotaCount, QuotaFileError, QuotaTable, Quotas, quota_category};
pub use running::{RehearsalPool, RehearsalPoolError, RunningPool};
pub use settings_file::{SettingsFile, SettingsFileError};
pub use state::StateError;
pub use trigger::{TriggerOutcome, TriggerRun};

/// What every report, page and README says of where its figures come from.
pub const NEVER_ON_AWS: &str = "The authors have run nothing on AWS: what the rehearsal pool does \
     comes from documentation, from reports of others, and from belief; `cutover pool probe` asks \
     your account.";
