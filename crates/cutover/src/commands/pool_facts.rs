//! `cutover pool facts`: files of answers beside what the rehearsal pool believes, and beside each
//! other. Makes no call.

use std::path::Path;

use pool_probe::{Comparison, Outcome, comparisons};
use rehearsal_pool::PoolFacts;

use crate::arguments::FactsOptions;
use crate::exit_status::{ExitStatus, Failure};
use crate::output;

pub(crate) fn run(options: &FactsOptions) -> Result<ExitStatus, Failure> {
    let mut files = Vec::new();
    for path in &options.files {
        let facts = read(path)?;
        let probed = &facts.probed;
        output::result(format_args!(
            "{}: {} answers, {} in {} ({})",
            path.display(),
            facts.answers.len(),
            probed.date,
            probed.region,
            probed.service
        ));
        print_comparison(&comparisons(&facts));
        files.push((path.display().to_string(), facts));
    }
    let disagreements = PoolFacts::disagreements(&files);
    for disagreement in &disagreements {
        output::result(format_args!("\nthe files disagree: {}", disagreement.id));
        for (file, answer) in &disagreement.answers {
            output::result(format_args!("  {file}: {answer}"));
        }
    }
    Ok(match disagreements.is_empty() {
        true => ExitStatus::Fine,
        false => ExitStatus::Findings,
    })
}

/// Reads a file of answers.
pub(crate) fn read(path: &Path) -> Result<PoolFacts, Failure> {
    PoolFacts::read(path).map_err(|error| {
        Failure::usage("the facts file cannot be used")
            .source(error)
            .hint("name a file that `cutover pool probe` wrote, as it wrote it")
    })
}

/// How many answers are as believed, and every other one.
pub(crate) fn print_comparison(all: &[Comparison]) {
    let of = |outcome| all.iter().filter(move |one| one.outcome == outcome);
    output::result(format_args!(
        "  as believed: {}; otherwise and followed: {}; otherwise and not followed: {}; of no \
         belief of this version: {}",
        of(Outcome::AsBelieved).count(),
        of(Outcome::Followed).count(),
        of(Outcome::Different).count(),
        of(Outcome::NoBelief).count()
    ));
    for (outcome, word) in [
        (Outcome::Followed, "followed"),
        (Outcome::Different, "known difference"),
        (Outcome::NoBelief, "no belief"),
    ] {
        for one in of(outcome) {
            output::result(format_args!("  {word}: {}", one.id));
            output::result(format_args!("    found:    {}", one.found));
            if let Some(believed) = &one.believed {
                output::result(format_args!("    believed: {believed}"));
            }
        }
    }
}
