//! A forecast as somebody reads it in a terminal. Prints and decides nothing.

use bulk_import::Standing;
use rehearsal::{Forecast, WeekAhead};

use crate::output;

/// The weeks worth a line.
const TOLD: [usize; 8] = [1, 2, 4, 8, 13, 26, 52, 104];

/// Prints all of it. `standing` is what the pool said, where one was asked.
pub(crate) fn print(forecast: &Forecast, standing: Option<&Standing>, share: f64) {
    output::result(format_args!("{} legacy users", forecast.users));
    for (users, what) in [
        (
            forecast.by_hash_on_day_one,
            "come by hash import on day one, with their password",
        ),
        (forecast.awaited, "keep their password by signing in once"),
        (
            forecast.without_password,
            "have no password to lose: an import takes them at any time",
        ),
        (forecast.imported, "were created by an import already"),
        (forecast.held, "are held (cutover inspect says why)"),
    ] {
        if users > 0 {
            output::result(format_args!("  {users:>9}  {what}"));
        }
    }
    match standing {
        Some(standing) => output::result(format_args!(
            "  {:>9}  came through the trigger so far (the pool, {})",
            forecast.came_so_far,
            standing.at.format("%Y-%m-%d %H:%M UTC"),
        )),
        None => output::result(
            "\nfrom the database alone; once people come, name the pool: what really came by counts",
        ),
    }
    if standing.is_some_and(|standing| !standing.has_ledger) && forecast.came_so_far > 0 {
        output::note(
            "the pool has no ledger here: whom an import created counts as having come; name it with \
             --ledger",
        );
    }
    curve(forecast);
    rest(forecast, share);
    for finding in standing.iter().flat_map(|standing| &standing.findings) {
        crate::commands::inspect::print_finding(finding);
    }
}

fn curve(forecast: &Forecast) {
    let from = match forecast.weeks_passed > 0 || forecast.came_so_far > 0 {
        true => "the switch on",
        false => "now,",
    };
    output::result(format_args!(
        "\ncome through the trigger, by week from {from} {}",
        forecast.from.format("%Y-%m-%d")
    ));
    output::result(format_args!(
        "  {:>5}  {:>9}  {:>9}  {:>9}  {:>9}",
        "week", "come", "at least", "at most", "left"
    ));
    for week in told(forecast) {
        output::result(format_args!(
            "  {:>5}  {:>9}  {:>9}  {:>9}  {:>9}{}",
            week.week,
            week.came,
            week.low,
            week.high,
            week.left,
            if week.passed { "  passed" } else { "" }
        ));
    }
    if forecast.weeks_passed > 0 {
        output::result(format_args!(
            "  people come at {:.2} of the pace that their habits before the switch say",
            forecast.pace
        ));
    }
}

fn rest(forecast: &Forecast, share: f64) {
    let below = &forecast.below;
    let week =
        |week: Option<usize>| week.map_or_else(|| "later".to_owned(), |week| week.to_string());
    output::result(match below.week {
        Some(at) => format!(
            "\nfewer than {} % ({} of all) are left after week {at} (at best {}, at worst {})",
            below.percent,
            below.people,
            week(below.earliest),
            week(below.latest),
        ),
        None => format!(
            "\nmore than {} % ({} of all) are left for longer than {} weeks",
            below.percent,
            below.people,
            forecast.curve.len()
        ),
    });
    let rest = &forecast.rest;
    output::result(format_args!(
        "\nclosing the window after week {}",
        rest.week
    ));
    for (users, what) in [
        (rest.password_lost, "lose their password"),
        (rest.by_hash, "come by hash import, with their password"),
        (rest.held, "are held"),
        (
            rest.created,
            "are created, with those who have no password to lose",
        ),
        (
            rest.without_contact,
            "of these cannot be reached by a reset code",
        ),
        (
            rest.mails_at_most,
            "reset mails, if all of the others come back",
        ),
    ] {
        if users > 0 {
            output::result(format_args!("  {users:>9}  {what}"));
        }
    }
    let price = rest.monthly_active_users_cost;
    let price = price.map_or_else(String::new, |cost| {
        format!(", {cost:.2} at the price given")
    });
    output::result(format_args!(
        "  {:>9}  monthly active users by the import{price}",
        rest.monthly_active_users
    ));
    for calls in &rest.calls {
        let hours = calls.hours.map_or_else(
            || "no limit".to_owned(),
            |hours| format!("{hours:.1} h at share {share}"),
        );
        output::result(format_args!(
            "  {:>9}  calls of {}, {hours}",
            calls.calls, calls.category
        ));
    }
}

/// A few lines for `inspect`.
pub(crate) fn print_briefly(forecast: &Forecast) {
    output::result("\nif they go on as before (cutover forecast says more)");
    for week in told(forecast).filter(|week| week.week > 2) {
        output::result(format_args!(
            "  {:>9}  of {} come through the trigger within {} weeks ({} to {})",
            week.came, forecast.awaited, week.week, week.low, week.high
        ));
    }
    output::result(format_args!(
        "  {:>9}  would lose their password then",
        forecast.rest.password_lost
    ));
}

fn told(forecast: &Forecast) -> impl Iterator<Item = &WeekAhead> {
    let last = forecast.curve.len();
    let (passed, pace) = (forecast.weeks_passed, TOLD);
    forecast
        .curve
        .iter()
        .filter(move |week| week.week == last || week.week == passed || pace.contains(&week.week))
}
