//! The part of the page about what the local pool did without a source that says so.

use maud::{Markup, html};

use super::thousands;
use crate::report::Beliefs;

/// Rows shown; report.json has them all.
const SHOWN: usize = 10;

/// How many calls met a believed behaviour, which, and what a facts file says otherwise.
pub(super) fn beliefs(beliefs: &Beliefs) -> Markup {
    let count = &beliefs.count;
    html! {
        section {
            h2 { "What rests on belief" }
            p {
                "Of " (thousands(count.calls)) " calls to the local pool, "
                (thousands(count.calls_that_met_one))
                " met a behaviour that no source states. A facts file had settled "
                (thousands(count.settled as u64)) " of them."
            }
            @if !count.met.is_empty() {
                table {
                    thead { tr { th { "Believed" } th.n { "calls" } } }
                    tbody {
                        @for met in count.met.iter().take(SHOWN) {
                            tr { td { (met.says) } td.n { (thousands(met.calls)) } }
                        }
                    }
                }
            }
            @if !count.differences.is_empty() {
                h3 { "Known differences to the pool that was asked" }
                ul {
                    @for difference in &count.differences {
                        li {
                            (difference.says) ": there " code { (difference.found) } ", here "
                            code { (difference.here) }
                        }
                    }
                }
            }
            p { (beliefs.never_on_aws) }
        }
    }
}
