//! The shadow check: real sign-ins to Django, judged by the trigger's own decision before the switch,
//! kept as counts alone. `tally` counts, `people` guesses how many people were seen, `times` keeps
//! how long checks took, `report` says what came of it. Must not know how sign-ins arrive.

mod people;
mod report;
mod tally;
mod times;

pub use report::{ShadowDisagreement, ShadowReach, ShadowReport, ShadowTimes};
pub use tally::{Agreed, Disagreement, Ours, ShadowTally, Sighting};
