//! Where a move stands, for a terminal: what the page says, shorter. Prints and decides nothing.

use bulk_import::Way;
use chrono::{DateTime, Utc};
use rehearsal::{Reading, Watch, age};

use crate::output;

/// Prints it all.
pub(crate) fn print(watch: &Watch, now: DateTime<Utc>) {
    output::result(format_args!(
        "{}  {}",
        watch.pool,
        now.format("%Y-%m-%d %H:%M:%S UTC")
    ));
    if let Some(pool) = &watch.standing.value {
        output::result(format_args!("\nthe pool{}", read(&watch.standing, now)));
        for (users, what) in [
            (pool.by(Way::FirstSignIn), "came through the trigger"),
            (pool.today(), "of them today"),
            (pool.by(Way::HashImport), "by hash import"),
            (pool.by(Way::AdminCreate), "created by an import"),
            (pool.by(Way::Native), "registered in the pool"),
            (pool.between, "created, and without a way in"),
        ] {
            output::result(format_args!("  {users:>9}  {what}"));
        }
    } else {
        output::result(format_args!("\nthe pool{}", read(&watch.standing, now)));
    }
    if let Some(forecast) = &watch.forecast.value {
        output::result(format_args!("\nforecast{}", read(&watch.forecast, now)));
        output::result(format_args!(
            "  {:>9}  of {} came so far",
            forecast.came_so_far, forecast.awaited
        ));
        if let Some(last) = forecast.curve.last() {
            output::result(format_args!(
                "  {:>9}  by week {} ({} to {})",
                last.came, last.week, last.low, last.high
            ));
        }
    } else {
        output::result(format_args!("\nforecast{}", read(&watch.forecast, now)));
    }
    for run in watch.runs.value.iter().flatten() {
        let summary = &run.status.summary;
        output::result(format_args!(
            "\nrun {}, written {}\n  {:>9}  created\n  {:>9}  held\n  {:>9}  failed\n  {:>9}  to do",
            run.status.run,
            age(run.written, now),
            summary.created,
            summary.held,
            summary.failed,
            summary.pending
        ));
    }
    if let Some(runs) = &watch.trigger_runs.value {
        output::result(format_args!(
            "\ntrigger (local pool): {} runs, half within {:.0} ms, slowest {:.0} ms",
            runs.runs, runs.median_ms, runs.slowest_ms
        ));
    }
    output::result("\ncriteria");
    for light in watch.lights(now) {
        output::result(format_args!(
            "  {:<8} {}: {} [{}]",
            light.colour.word(),
            light.name.replace('_', " "),
            light.says,
            light.by
        ));
    }
}

fn read<T>(reading: &Reading<T>, now: DateTime<Utc>) -> String {
    let when = reading
        .at
        .map_or_else(|| "not read yet".to_owned(), |at| age(at, now));
    let trouble = reading.trouble.as_ref();
    let trouble = trouble.map_or_else(String::new, |trouble| format!("; {trouble}"));
    format!(", {when}{trouble}")
}
