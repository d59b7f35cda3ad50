//! report.html: one file, no network, readable on a phone and in print. Shows a [`Report`] and
//! decides nothing.

mod beliefs;
mod chart;
mod curve;
mod watch;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use migration_model::{Finding, Severity};

use crate::canary::Expectation;
use crate::forecast::Forecast;
use crate::importable::Importable;
use crate::report::{Report, SignIn, Verdict};
use chart::{Bar, Tone, bars};
pub use watch::watch_page;

const STYLE: &str = include_str!("page/style.css");

/// The whole page.
pub fn page(report: &Report) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (headline(report.verdict)) " · Cutover rehearsal" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                main {
                    (outcomes(report))
                    (forecast(&report.forecast))
                    (findings(&report.findings))
                    (criteria(report))
                    (shadow(report))
                    (stages(report))
                    (sign_ins(report))
                    (imported_sign_ins(report))
                    (resets(report))
                    (hashes(report))
                    (last_login(report))
                    (comparison(report))
                    (beliefs::beliefs(&report.beliefs))
                }
                (foot(report))
            }
        }
    }
    .into_string()
}

fn headline(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Go => "Go",
        Verdict::NoGo => "No-go",
    }
}

fn head(report: &Report) -> Markup {
    let (class, sentence) = match report.verdict {
        Verdict::Go => (
            "go",
            "Nothing found in this rehearsal stands in the way of the move.",
        ),
        Verdict::NoGo => (
            "no-go",
            "The move must not go on like this; see what blocks it below.",
        ),
    };
    let import = &report.import;
    html! {
        header class=(class) {
            p.eyebrow { "Cutover rehearsal · " (report.started.format("%-d %B %Y, %H:%M UTC")) }
            h1 { (headline(report.verdict)) }
            p.lead { (sentence) }
            dl.figures {
                (figure(import.read, "legacy users"))
                (figure(report.sign_ins.iter().filter(|s| s.right).count() as u64,
                    &format!("of {} sign-ins as expected", report.sign_ins.len())))
                (figure(import.created, "imported"))
                (figure(import.held, "held, each with a reason"))
                (figure(import.failed, "failed"))
            }
        }
    }
}

fn figure(number: u64, label: &str) -> Markup {
    html! { div { dd { (thousands(number)) } dt { (label) } } }
}

fn findings(findings: &[Finding]) -> Markup {
    let word = |severity| match severity {
        Severity::Blocker => "blocks",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    html! {
        section {
            h2 { "What to know" }
            @if findings.is_empty() { p { "Nothing: no finding at all." } }
            ul.findings {
                @for finding in findings {
                    li class=(word(finding.severity)) {
                        span.badge { (word(finding.severity)) }
                        div {
                            p { strong { (finding.subject) } ": " (finding.message) }
                            p.next { "→ " (finding.next_step) " " code { (finding.code) } }
                        }
                    }
                }
            }
        }
    }
}

fn criteria(report: &Report) -> Markup {
    html! {
        @if !report.criteria.is_empty() {
            section {
                h2 { "The team's criteria for a go" }
                table {
                    thead { tr { th { "People who …" } th { "are" } th { "may be" } th { "met" } } }
                    tbody {
                        @for criterion in &report.criteria {
                            tr {
                                td { (criterion.meaning) }
                                td { (thousands(criterion.people)) }
                                td { (thousands(criterion.at_most)) }
                                td { @if criterion.met { "yes" } @else { "no" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn shadow(report: &Report) -> Markup {
    html! {
        @if let Some(shadow) = &report.shadow {
            section {
                h2 { "Real sign-ins, judged beside Django" }
                p { (shadow.outcome()) ". About " (thousands(shadow.reach.people_seen)) " people; "
                    (thousands(shadow.reach.signed_in_last_month)) " users' last sign-in is at most 30 \
                    days ago." }
                @if let Some(times) = &shadow.times {
                    p { "Look-up and check in a function of " (times.memory_mb) " MB: half within "
                        (thousands(times.p50_ms)) " ms, 99 in 100 within " (thousands(times.p99_ms))
                        " ms, the slowest " (thousands(times.max_ms)) " ms of "
                        (thousands(times.allowed_ms)) " ms." }
                }
            }
        }
    }
}

fn stages(report: &Report) -> Markup {
    html! {
        section {
            h2 { "What was practised" }
            ol.stages {
                @for stage in &report.stages {
                    li {
                        div { strong { (stage.name) } span.time { (seconds(stage.seconds)) } }
                        p { (stage.outcome) }
                    }
                }
            }
        }
    }
}

fn outcomes(report: &Report) -> Markup {
    let import = &report.import;
    let rows = [
        Bar::new(
            "Signed in first, password kept",
            import.already_in_pool,
            Tone::Good,
        ),
        Bar::new(
            "Imported with their hash, password kept",
            import.hash_imported,
            Tone::Good,
        ),
        Bar::new(
            "Imported, password to be reset",
            import.created - import.hash_imported,
            Tone::Plain,
        ),
        Bar::new("Held", import.held, Tone::Warn),
        Bar::new("Failed", import.failed, Tone::Bad),
    ];
    html! {
        section {
            h2 { "Where everybody ended up" }
            (bars("Users by outcome of the import", &rows))
            p.small {
                "In this rehearsal the window for first sign-ins closes at once. "
                (thousands(import.password_resets))
                " of the imported could still have kept their password by signing in before."
            }
            @if !import.reasons.is_empty() {
                table {
                    thead { tr { th { "Outcome" } th { "Reason" } th.n { "Users" } th { "Next step" } } }
                    tbody {
                        @for row in &import.reasons {
                            tr {
                                td { (row.outcome) }
                                td { code { (row.reason) } }
                                td.n { (thousands(row.users)) }
                                td { (row.next_step) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Who would come by, were the window open from now on.
fn forecast(forecast: &Forecast) -> Markup {
    html! {
        section {
            h2 { "If the window stayed open" }
            p {
                (thousands(forecast.awaited)) " users keep their password by signing in once"
                @if forecast.by_hash_on_day_one > 0 {
                    ", " (thousands(forecast.by_hash_on_day_one)) " by hash import on day one"
                }
                ", as they did before: by their last sign-in, and for how long they have been registered."
            }
            (curve::curve(forecast))
            (curve::weeks_in_words(forecast))
            p.small { (rest_in_words(forecast)) }
        }
    }
}

/// What closing the window at the end of the curve would take.
fn rest_in_words(forecast: &Forecast) -> String {
    let rest = &forecast.rest;
    let hours = rest.hours.map_or_else(String::new, |hours| {
        format!(", {hours:.1} hours at half of the account's limits")
    });
    let below = &forecast.below;
    let week = below.week.map_or_else(
        || format!("not within {} weeks", forecast.curve.len()),
        |week| format!("in week {week}"),
    );
    format!(
        "Closing after week {}: {} lose their password, {} come with their hash, {} created in all{hours}. \
         Fewer than {} % ({}) are left {week}.",
        rest.week,
        thousands(rest.password_lost),
        thousands(rest.by_hash),
        thousands(rest.created),
        below.percent,
        thousands(below.people),
    )
}

fn imported_sign_ins(report: &Report) -> Markup {
    let rows: Vec<_> = report.imported_sign_ins.iter().collect();
    html! {
        @if !rows.is_empty() {
            section {
                h2 { "Sign-ins after hash import" }
                p { "Canaries who waited for the import job: a wrong password first, then their old one." }
                (sign_in_table(&rows))
            }
        }
    }
}

fn sign_ins(report: &Report) -> Markup {
    let wrong: Vec<_> = report
        .sign_ins
        .iter()
        .filter(|sign_in| !sign_in.right)
        .collect();
    html! {
        section {
            h2 { "Sign-ins through the trigger" }
            p {
                "The trigger ran " (thousands(report.trigger.runs)) " times: half of them within "
                (milliseconds(report.trigger.median_ms)) ", the slowest in "
                (milliseconds(report.trigger.slowest_ms)) " (Cognito waits 5 s)."
            }
            @if !wrong.is_empty() { h3 { "Not as expected" } (sign_in_table(&wrong)) }
            details open[wrong.is_empty() && report.sign_ins.len() <= 12] {
                summary { "All " (report.sign_ins.len()) " sign-ins" }
                (sign_in_table(&report.sign_ins.iter().collect::<Vec<_>>()))
            }
        }
    }
}

fn sign_in_table(rows: &[&SignIn]) -> Markup {
    html! {
        table {
            thead { tr { th.n { "#" } th { "Canary" } th { "Expected" } th { "Happened" } th.n { "First" } th.n { "Second" } } }
            tbody {
                @for row in rows {
                    tr class=[(!row.right).then_some("wrong")] {
                        td.n { (row.canary) }
                        td { (row.note.as_deref().unwrap_or("")) }
                        td { (expected(row.expected)) }
                        td {
                            (row.happened)
                            @if let Some(wrong) = &row.wrong { br; strong { (wrong) } }
                            @if let Some(limit) = row.limit { " " code { (limit) } }
                        }
                        td.n { (milliseconds(row.first_ms)) }
                        td.n { @if let Some(ms) = row.second_ms { (milliseconds(ms)) } }
                    }
                }
            }
        }
    }
}

fn resets(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Forgotten passwords" }
            @if report.resets.is_empty() { p { "None could be practised." } }
            @else {
                table {
                    thead { tr { th { "When" } th { "Legacy id" } th { "Outcome" } } }
                    tbody {
                        @for reset in &report.resets {
                            tr class=[(!reset.right).then_some("wrong")] {
                                td { (reset.when) }
                                td { code { (reset.legacy_id) } }
                                td { (reset.wrong.as_deref().unwrap_or("code sent, new password set, signed in")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn expected(expectation: Expectation) -> &'static str {
    match expectation {
        Expectation::SignsIn => "signs in",
        Expectation::Refused => "refused",
    }
}

fn hashes(report: &Report) -> Markup {
    let rows: Vec<_> = report
        .census
        .hashes
        .iter()
        .map(|group| {
            let tone = match group.state {
                "verifiable" => Tone::Good,
                "unusable" => Tone::Plain,
                _ => Tone::Bad,
            };
            let time = group.check_ms.map(|ms| format!(" · {}", milliseconds(ms)));
            let label = format!(
                "{} {}{}",
                group.algorithm,
                group.cost,
                time.unwrap_or_default()
            );
            Bar::new(label, group.users, tone)
        })
        .collect();
    html! {
        section {
            h2 { "Stored passwords" }
            p { "Algorithm, cost and the estimated time of one check on one core of this machine." }
            (bars("Users by hash algorithm and cost", &rows))
            (importable(&report.census.importable))
        }
    }
}

/// Who could take their password along by import job.
fn importable(importable: &Importable) -> Markup {
    let rows: Vec<_> = importable
        .by_algorithm
        .iter()
        .map(|count| Bar::new(count.algorithm, count.users, Tone::Good))
        .chain(
            importable
                .why_not
                .iter()
                .map(|count| Bar::new(count.meaning, count.users, Tone::Plain)),
        )
        .collect();
    let bridge = importable.bridge;
    html! {
        h3 { "Hash import" }
        p {
            (thousands(importable.users))
            " users could take their password along by a Cognito import job ("
            (thousands(importable.in_doubt))
            " of them once a trial showed that the pool reads their form of hash); the others not, for \
             the first reason against each."
        }
        (bars("Users by import job, or by the reason against it", &rows))
        @if bridge.users > 0 {
            p.small {
                "A bridge hasher in Django would make " (thousands(bridge.users))
                " of them importable at their next sign-in there: " (thousands(bridge.seen_within_30_days))
                " were seen within 30 days, " (thousands(bridge.seen_within_90_days)) " within 90."
            }
        }
    }
}

fn last_login(report: &Report) -> Markup {
    let rows: Vec<_> = report
        .census
        .last_login
        .iter()
        .map(|span| Bar::new(span.span, span.users, Tone::Plain))
        .collect();
    html! {
        section {
            h2 { "Last seen" }
            p { "Whoever signs in during the window keeps their password." }
            (bars("Users by last sign-in", &rows))
        }
    }
}

fn comparison(report: &Report) -> Markup {
    let comparison = &report.comparison;
    let rows = [
        ("legacy users", comparison.legacy_users),
        ("users in the pool", comparison.pool_users),
        ("in both", comparison.in_both),
        ("left out, each with a reason", comparison.left_out),
    ];
    let differences = comparison
        .differences
        .iter()
        .map(|difference| (difference.meaning, difference.users));
    html! {
        section {
            h2 { "Both sides compared" }
            table {
                tbody {
                    @for (label, users) in rows { tr { td { (label) } td.n { (thousands(users)) } } }
                    @for (label, users) in differences {
                        tr.wrong { td { (label) } td.n { (thousands(users)) } }
                    }
                    @if comparison.differences.is_empty() {
                        tr { td { "differences" } td.n { "0" } }
                    }
                }
            }
        }
    }
}

fn foot(report: &Report) -> Markup {
    html! {
        footer {
            p {
                "Cutover " (report.version) " · legacy database: " (report.engine)
                " · settings " code { (report.config_digest.get(..12).unwrap_or_default()) }
                " · " (seconds(report.seconds))
            }
            p { "A rehearsal on a local pool shows what Cognito documents; it is not Cognito." }
        }
    }
}

/// 1234567 as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn milliseconds(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown: Vec<_> = [0, 999, 1000, 1_234_567].map(thousands).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
