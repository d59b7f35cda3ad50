//! A curve over weeks with its band, as inline SVG: no script, no external resource. What it says stands
//! in words beside it, too. Used by the report and by the watch page.

use maud::{Markup, PreEscaped, html};
use std::fmt::Write as _;

use super::thousands;
use crate::forecast::{Forecast, WeekAhead};

/// The drawing's own units; it is as wide as the page.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
/// Room for the numbers at the left and below.
const LEFT: f64 = 56.0;
const BELOW: f64 = 28.0;
const ABOVE: f64 = 12.0;

/// The forecast's curve: how many of those awaited will have come.
pub(super) fn curve(forecast: &Forecast) -> Markup {
    let weeks = &forecast.curve;
    let Some(last) = weeks.last() else {
        return html! {};
    };
    let top = round_up(forecast.awaited.max(last.high).max(1));
    let x = |week: usize| LEFT + (WIDTH - LEFT - 8.0) * number(week) / number(last.week);
    let y = |people: u64| {
        let share = people as f64 / top as f64;
        HEIGHT - BELOW - (HEIGHT - BELOW - ABOVE) * share
    };
    let line = |of: fn(&WeekAhead) -> u64, from: usize| {
        let mut path = String::new();
        if from == 0 {
            _ = write!(path, "M{:.1} {:.1}", x(0), y(0));
        }
        for week in weeks.iter().skip(from.saturating_sub(1)) {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            _ = write!(path, "{letter}{:.1} {:.1}", x(week.week), y(of(week)));
        }
        path
    };
    let passed = forecast.weeks_passed;
    let came = weeks.iter().take(passed);
    let mut actual = format!("M{:.1} {:.1}", x(0), y(0));
    for week in came {
        _ = write!(actual, "L{:.1} {:.1}", x(week.week), y(week.came));
    }
    let mut band = line(|week| week.high, 0);
    for week in weeks.iter().rev() {
        _ = write!(band, "L{:.1} {:.1}", x(week.week), y(week.low));
    }
    band.push('Z');
    let ticks = [0, top / 4, top / 2, top / 4 * 3, top];
    let step = last.week.div_ceil(6).max(1);
    let said = format!(
        "By week {}: {} of {} have come, between {} and {}.",
        last.week,
        thousands(last.came),
        thousands(forecast.awaited),
        thousands(last.low),
        thousands(last.high)
    );
    html! {
        figure.chart {
            svg.curve viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(said) {
                @for tick in ticks {
                    line.grid x1=(LEFT) x2=(WIDTH - 8.0) y1=(at(y(tick))) y2=(at(y(tick))) {}
                    text.tick x=(LEFT - 6.0) y=(at(y(tick) + 4.0)) text-anchor="end" { (short(tick)) }
                }
                @for week in (0..=last.week).step_by(step) {
                    text.tick x=(at(x(week))) y=(HEIGHT - 8.0) text-anchor="middle" { (week) }
                }
                path.band d=(PreEscaped(band)) {}
                path.line d=(PreEscaped(line(|week| week.came, passed))) {}
                @if passed > 0 { path.actual d=(PreEscaped(actual)) {} }
            }
            figcaption.small {
                "People who came, by week since "
                @if passed > 0 || forecast.came_so_far > 0 { "the switch on " }
                (forecast.from.format("%-d %B %Y"))
                "; the band holds the whole curve in 95 of 100 cases, as far as people go on as they did. "
                (said)
            }
        }
    }
}

/// The weeks worth reading in a table.
pub(super) fn weeks_in_words(forecast: &Forecast) -> Markup {
    const TOLD: [usize; 8] = [1, 2, 4, 8, 13, 26, 52, 104];
    let last = forecast.curve.len();
    let told = forecast.curve.iter().filter(|week| {
        week.week == last || week.week == forecast.weeks_passed || TOLD.contains(&week.week)
    });
    html! {
        table {
            thead { tr { th { "By week" } th.n { "Have come" } th.n { "At least" } th.n { "At most" } th.n { "Left" } } }
            tbody {
                @for week in told {
                    tr {
                        td { (week.week) @if week.passed { " (passed)" } }
                        td.n { (thousands(week.came)) } td.n { (thousands(week.low)) }
                        td.n { (thousands(week.high)) } td.n { (thousands(week.left)) }
                    }
                }
            }
        }
    }
}

/// 12500 as `12.5k`: an axis has little room on a phone.
fn short(people: u64) -> String {
    match people {
        0..10_000 => people.to_string(),
        10_000..1_000_000 => format!("{}k", people as f64 / 1e3),
        _ => format!("{}M", people as f64 / 1e6),
    }
}

fn number(weeks: usize) -> f64 {
    weeks as f64
}

fn at(place: f64) -> String {
    format!("{place:.1}")
}

/// The next number that reads well, divisible by four.
fn round_up(people: u64) -> u64 {
    let mut step = 4_u64;
    while step.saturating_mul(25) < people {
        step = step.saturating_mul(10);
    }
    people.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_number_that_reads_well() {
        let ends: Vec<u64> = [1, 99, 101, 4_321, 999_999].map(round_up).to_vec();
        assert_eq!(ends, [4, 100, 120, 4_400, 1_000_000]);
        let shown: Vec<String> = [750, 12_500, 1_250_000].map(short).to_vec();
        assert_eq!(shown, ["750", "12.5k", "1.25M"]);
    }
}
