//! The watch page: one file, no script, no network, made anew by whoever serves it and fetched anew by
//! the browser. Shows a [`Watch`] and decides nothing. Its size does not grow with the people.

use bulk_import::{Standing, Way};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use migration_model::Reason;

use super::chart::{Bar, Tone, bars};
use super::{STYLE, curve, figure, milliseconds, thousands};
use crate::watch::{Colour, Reading, Watch, WatchedRun, age};

/// Days of first sign-ins that are drawn.
const DAYS: usize = 14;
/// Runs that are shown, the newest first.
const RUNS: usize = 5;
/// Reasons of a run that are listed.
const REASONS: usize = 12;

/// The whole page, as of `now`.
pub fn watch_page(watch: &Watch, now: DateTime<Utc>) -> String {
    let must_stop = watch.must_stop(now);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content=(watch.refresh);
                title { "Cutover · " (watch.pool) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(watch, must_stop, now))
                main {
                    (lights(watch, now))
                    (came(watch, now))
                    (days(watch, now))
                    (ways(watch, now))
                    (runs(watch, now))
                    (reconciled(watch, now))
                    (trigger(watch, now))
                    (quotas(watch))
                }
                footer {
                    p {
                        "Made " (now.format("%-d %B %Y, %H:%M:%S UTC")) "; fetched anew every "
                        (watch.refresh) " s. The pool is read by ListUsers and Describe calls alone: looking \
                        makes nobody a monthly active user. No person is named."
                    }
                }
            }
        }
    }
    .into_string()
}

fn head(watch: &Watch, must_stop: bool, now: DateTime<Utc>) -> Markup {
    let (class, word) = match must_stop {
        true => ("no-go", "Stop and look"),
        false => ("go", "Moving"),
    };
    html! {
        header class=(class) {
            p.eyebrow { "Cutover · " (watch.pool) }
            h1 { (word) }
            @if let Some(pool) = &watch.standing.value {
                dl.figures {
                    (figure(pool.by(Way::FirstSignIn), "came through the trigger"))
                    (figure(pool.today(), "of them today (UTC)"))
                    (figure(pool.by(Way::HashImport), "by hash import"))
                    (figure(pool.by(Way::AdminCreate), "created, password to reset"))
                    (figure(pool.between, "without a way in"))
                }
            }
            (source("the pool's view", &watch.standing, now))
        }
    }
}

/// Whose view it is, and how old.
fn source<T>(whose: &str, reading: &Reading<T>, now: DateTime<Utc>) -> Markup {
    html! {
        p.source {
            (whose) ", "
            @match reading.at {
                Some(at) => { (age(at, now)) }
                None => { "not read yet" }
            }
            @if let Some(trouble) = &reading.trouble { " · " strong { (trouble) } }
        }
    }
}

fn lights(watch: &Watch, now: DateTime<Utc>) -> Markup {
    html! {
        section {
            h2 { "Criteria" }
            ul.lights {
                @for light in watch.lights(now) {
                    li class=(class(light.colour)) {
                        span.badge { (light.colour.word()) }
                        div {
                            p { strong { (light.name.replace('_', " ")) } ": " (light.says) }
                            p.source { "by " (light.by) }
                        }
                    }
                }
            }
        }
    }
}

fn class(colour: Colour) -> &'static str {
    match colour {
        Colour::Green => "good",
        Colour::Amber => "warning",
        Colour::Red => "blocks",
        Colour::Dark => "dark",
    }
}

fn came(watch: &Watch, now: DateTime<Utc>) -> Markup {
    html! {
        section {
            h2 { "Who came, and who will" }
            @match &watch.forecast.value {
                None => { p { "There is no forecast yet." } }
                Some(forecast) => {
                    (curve::curve(forecast))
                    (curve::weeks_in_words(forecast))
                }
            }
            (source("the legacy database's view, with the pool's of who came", &watch.forecast, now))
        }
    }
}

fn days(watch: &Watch, now: DateTime<Utc>) -> Markup {
    let Some(pool) = &watch.standing.value else {
        return html! {};
    };
    let days: Vec<_> = pool.first_sign_ins.iter().rev().take(DAYS).collect();
    let rows: Vec<Bar> = days
        .iter()
        .rev()
        .map(|(day, people)| Bar::new(day.format("%a %-d %b").to_string(), **people, Tone::Good))
        .collect();
    html! {
        section {
            h2 { "First sign-ins by day" }
            @if rows.is_empty() { p { "Nobody has come yet." } }
            @else { (bars("First sign-ins by day", &rows)) }
            (source("the pool's view, days of UTC on which somebody came", &watch.standing, now))
        }
    }
}

fn ways(watch: &Watch, now: DateTime<Utc>) -> Markup {
    let Some(pool) = &watch.standing.value else {
        return html! {};
    };
    let rows = [
        Bar::new(
            "Signed in first, password kept",
            pool.by(Way::FirstSignIn),
            Tone::Good,
        ),
        Bar::new(
            "Hash import, password kept",
            pool.by(Way::HashImport),
            Tone::Good,
        ),
        Bar::new(
            "Created, password to be reset",
            pool.by(Way::AdminCreate),
            Tone::Plain,
        ),
        Bar::new("Registered in the pool", pool.by(Way::Native), Tone::Plain),
    ];
    html! {
        section {
            h2 { "Users of the pool by the way they came" }
            (bars("Users by way", &rows))
            (proof(pool))
            (source("the pool's view, with the ledger's of who was created", &watch.standing, now))
        }
    }
}

fn proof(pool: &Standing) -> Markup {
    html! {
        @if !pool.ids_are_proof {
            p.small { "App clients can write the legacy id, or none is mapped: only whom the ledger knows is counted as moved." }
        }
        @if !pool.has_ledger {
            p.small { "There is no ledger here: whom an import created is counted as having signed in." }
        }
    }
}

fn runs(watch: &Watch, now: DateTime<Utc>) -> Markup {
    let runs = watch.runs.value.as_deref().unwrap_or_default();
    html! {
        section {
            h2 { "Import runs" }
            @if runs.is_empty() { p { "None into this pool." } }
            @for run in runs.iter().rev().take(RUNS) { (one_run(run, now)) }
            @if runs.len() > RUNS { p.small { (runs.len() - RUNS) " older runs: cutover status --run NAME" } }
            (source("the journals' view", &watch.runs, now))
        }
    }
}

fn one_run(run: &WatchedRun, now: DateTime<Utc>) -> Markup {
    let (status, summary) = (&run.status, &run.status.summary);
    let reasons = status.reasons.iter();
    let told: Vec<_> = reasons
        .filter(|count| matches!(count.outcome.as_str(), "held" | "failed"))
        .take(REASONS)
        .collect();
    let word = if summary.complete {
        "complete"
    } else {
        "not complete"
    };
    html! {
        h3 { (status.run) " · " (word) }
        table {
            tbody {
                @for (label, users) in [
                    ("read", summary.read), ("created", summary.created),
                    ("of these with their hash", summary.hash_imported),
                    ("in the pool already", summary.already_in_pool), ("held", summary.held),
                    ("failed", summary.failed), ("to do", summary.pending),
                ] { tr { td { (label) } td.n { (thousands(users)) } } }
            }
        }
        @if !told.is_empty() {
            table {
                thead { tr { th { "Outcome" } th { "Reason" } th.n { "Users" } } }
                tbody {
                    @for count in told {
                        tr {
                            td { (count.outcome) }
                            td { code { (count.reason.map_or("", Reason::code)) } }
                            td.n { (thousands(count.users)) }
                        }
                    }
                }
            }
        }
        p.source { "written " (age(run.written, now)) }
    }
}

fn reconciled(watch: &Watch, now: DateTime<Utc>) -> Markup {
    html! {
        section {
            h2 { "Both sides compared" }
            @match &watch.reconciled {
                None => { p { "No comparison is recorded here; " code { "cutover reconcile" } " makes one. This page makes none." } }
                Some(record) => {
                    table {
                        tbody {
                            tr { td { "legacy users" } td.n { (thousands(record.legacy_users)) } }
                            tr { td { "users of the pool" } td.n { (thousands(record.pool_users)) } }
                            @for (code, users) in record.counts.iter().chain(&record.not_in_pool) {
                                tr { td { code { (code) } } td.n { (thousands(*users)) } }
                            }
                        }
                    }
                    p.source { "the last whole comparison, " (age(record.at, now)) }
                }
            }
        }
    }
}

fn trigger(watch: &Watch, now: DateTime<Utc>) -> Markup {
    html! {
        section {
            h2 { "The trigger" }
            @match &watch.trigger_runs.value {
                Some(runs) if runs.runs > 0 => {
                    p {
                        (thousands(runs.runs)) " runs: half within " (milliseconds(runs.median_ms))
                        ", the slowest " (milliseconds(runs.slowest_ms)) " (Cognito waits 5 s), "
                        (runs.cold_starts) " cold starts."
                    }
                }
                Some(_) => { p { "It has not run yet." } }
                None => { p { "How long it takes is on the function's dashboard in CloudWatch; only a local pool tells it here." } }
            }
            @if watch.is_local { (source("the local pool's view", &watch.trigger_runs, now)) }
        }
    }
}

fn quotas(watch: &Watch) -> Markup {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "none".to_owned(), |rate| format!("{rate}"));
    html! {
        section {
            h2 { "Request quotas" }
            table {
                thead { tr { th { "Category" } th.n { "Limit a second" } th.n { "For an import" } } }
                tbody {
                    @for quota in &watch.quotas {
                        tr {
                            td { (quota.category) } td.n { (rate(quota.limit)) } td.n { (rate(quota.share)) }
                        }
                    }
                }
            }
            p.source { "UserCreation by GetProvisionedLimit where that is allowed, the others Cognito's defaults or --limit" }
        }
    }
}
