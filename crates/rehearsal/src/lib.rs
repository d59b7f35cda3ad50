#![doc = include_str!("../README.md")]

mod app;
mod by_job;
mod canary;
mod census;
mod comparison;
mod conduct;
mod draft;
mod fitting_pool;
mod forecast;
mod go_criterion;
mod importable;
mod memory_size;
mod page;
mod report;
mod resets;
mod shadow;
mod shadowed_emails;
mod sign_ins;
mod wording;

pub use canary::{Canary, CanaryError, Expectation, read_canaries};
pub use census::{Census, HashGroup, LastLogin};
pub use conduct::{Conduct, RehearsalError};
pub use draft::{
    Choice, Choosable, Draft, GroupLines, UserTableCandidate, group_tables, user_tables,
    worth_a_sample,
};
pub use fitting_pool::fitting_pool;
pub use forecast::held_by_an_import;
pub use go_criterion::GoCriterion;
pub use importable::{Bridge, Importable, ImportableAlgorithm, NotImportable};
pub use memory_size::{MemorySize, SizeEstimate};
pub use page::page;
pub use report::{ReasonCount, Report, Verdict};
pub use shadow::{
    Agreed, Disagreement, Ours, ShadowDisagreement, ShadowReach, ShadowReport, ShadowTally,
    ShadowTimes, Sighting,
};
