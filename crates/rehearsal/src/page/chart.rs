//! Horizontal bar charts as plain HTML: each bar has its number in words beside it, so that
//! nothing hangs on colour or width alone.

use maud::{Markup, html};

use super::thousands;

/// What a bar stands for.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    Good,
    Plain,
    Warn,
    Bad,
}

/// One bar.
pub(super) struct Bar {
    label: String,
    value: u64,
    tone: Tone,
}

impl Bar {
    pub(super) fn new(label: impl Into<String>, value: u64, tone: Tone) -> Bar {
        Bar {
            label: label.into(),
            value,
            tone,
        }
    }
}

/// A chart of bars, drawn against the longest.
pub(super) fn bars(title: &str, rows: &[Bar]) -> Markup {
    let longest = rows.iter().map(|row| row.value).max().unwrap_or(0).max(1);
    let total = rows.iter().map(|row| row.value).sum::<u64>().max(1);
    html! {
        figure.chart role="group" aria-label=(title) {
            @for row in rows {
                @let width = 100.0 * row.value as f64 / longest as f64;
                div.row {
                    span.label { (row.label) }
                    span.track { span class={ "bar " (class(row.tone)) } style=(format!("width:{width:.2}%")) {} }
                    span.value {
                        (thousands(row.value))
                        " " small { (format!("{:.1} %", 100.0 * row.value as f64 / total as f64)) }
                    }
                }
            }
        }
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Plain => "plain",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    }
}
