//! The printed table: one block of Markdown for each row.

use std::time::Duration;

use crate::contender::Times;
use crate::rows::Row;

/// Prints a row's contenders with median times, and how many times ours they take.
pub fn print(row: &Row, times: &[Vec<Times>]) {
    println!("\n### {}\n", row.title);
    println!("| | wall ms | x ours | CPU ms | x ours |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let medians = |series: &[Times]| {
        (
            median(series, |times| times.wall),
            median(series, |times| times.cpu),
        )
    };
    let (our_wall, our_cpu) = medians(&times[0]);
    for (contender, series) in row.contenders.iter().zip(times) {
        let (wall, cpu) = medians(series);
        println!(
            "| {} | {wall:.1} | {:.2} | {cpu:.1} | {:.2} |",
            contender.name,
            wall / our_wall,
            cpu / our_cpu
        );
    }
}

/// In milliseconds.
fn median(series: &[Times], which: impl Fn(&Times) -> Duration) -> f64 {
    let mut durations: Vec<Duration> = series.iter().map(which).collect();
    durations.sort();
    durations[durations.len() / 2].as_secs_f64() * 1e3
}
