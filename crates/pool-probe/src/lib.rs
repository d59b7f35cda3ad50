#![doc = include_str!("../README.md")]

mod asking;
mod clean;
mod outcome;
mod plan;
mod policy;
mod probe;
mod question;
mod reading;
mod throwaway;

pub use clean::{Cleaned, Leftover, clean, leftovers};
pub use outcome::{Comparison, Outcome, comparisons};
pub use plan::{CallsByCategory, Plan};
pub use policy::policy;
pub use probe::{Circumstances, Probe, ProbeFailure, probe};
pub use question::{Needs, Question};
