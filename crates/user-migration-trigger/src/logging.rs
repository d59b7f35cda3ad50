//! Where diagnostics go and which may. Responsible for that no level of RUST_LOG can print an
//! event; must not know what is logged. Set up once, by [`crate::run`].
//!
//! Diagnostics are JSON lines on stderr; the line of an invocation ([`crate::Observation`]) goes to
//! stdout. In Lambda both end in the function's log group.

use std::io;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Crates of this workspace that run in the function: they keep secrets out of their logs, so
/// RUST_LOG may ask of them what it likes.
const OURS: &[&str] = &[
    "user_migration_trigger",
    "legacy_users",
    "migration_model",
    "django_password",
];

/// Crates whose diagnostics carry requests: lambda_runtime 1.5 logs the raw event at TRACE and
/// the handler's errors and panics at ERROR, which are logged here without their text.
const NEVER: &[&str] = &[
    "lambda_runtime",
    "lambda_runtime_api_client",
    "hyper",
    "hyper_util",
];

/// Starts logging. `directives` is RUST_LOG (`level` or `target=level`, comma-separated); without
/// it, or with one that cannot be read, INFO.
pub fn start(directives: Option<&str>) {
    let chosen = directives
        .and_then(|text| text.parse::<Targets>().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stderr)
        .with_filter(chosen.and(filter_fn(may_be_logged)));
    // Fails only where somebody set a subscriber before, as a test may.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // Where, never what: a panic's text may quote what it stumbled over.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            place,
            "panicked; the invocation at hand fails, the process goes on"
        );
    }));
}

fn may_be_logged(event: &Metadata<'_>) -> bool {
    let from = |crates: &[&str]| {
        crates.iter().any(|name| {
            event
                .target()
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    };
    from(OURS) || (*event.level() <= LevelFilter::WARN && !from(NEVER))
}
