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
mod held_by_import;
mod importable;
mod memory_size;
mod page;
mod report;
mod resets;
mod shadow;
mod shadowed_emails;
mod sign_ins;
mod watch;
mod wording;

pub use canary::{Canary, CanaryError, Expectation, read_canaries};
pub use census::{Census, HashGroup, LastLogin};
pub use conduct::{Conduct, RehearsalError};
pub use draft::{
    Choice, Choosable, DjangoFacts, Draft, GroupLines, UserTableCandidate, tables_beside,
    user_tables, worth_a_sample,
};
pub use fitting_pool::{answer_a_probe, fitting_pool};
pub use forecast::{
    Below, CategoryHours, CostOfRest, Forecast, ForecastQuestion, ForecastTarget, LONGEST,
    WeekAhead, forecast,
};
pub use go_criterion::GoCriterion;
pub use held_by_import::held_by_an_import;
pub use importable::{Bridge, Importable, ImportableAlgorithm, NotImportable};
pub use memory_size::{MemorySize, SizeEstimate};
pub use page::{page, watch_page};
pub use report::{ReasonCount, Report, TriggerRuns, Verdict};
pub use shadow::{
    Agreed, Disagreement, Ours, ShadowDisagreement, ShadowReach, ShadowReport, ShadowTally,
    ShadowTimes, Sighting,
};
pub use watch::{Colour, Light, Reading, Watch, WatchedQuota, WatchedRun, age};
