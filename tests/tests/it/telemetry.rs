//! OpenTelemetry as a collector receives it, decoded by OpenTelemetry's own messages: spans of the
//! run and of every call, the import's counts, and nothing of a person.

use std::collections::BTreeMap;

use acceptance_tests::{Engine, LineProcess, Shape, Workplace, emulator_script};
use serde_json::{Value, json};

use crate::import_run::{Accounts, import};
use crate::leak::Secrets;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// `SPAN_KIND_CLIENT` of OpenTelemetry's trace.proto.
const CLIENT: i64 = 3;

#[test]
fn a_collector_receives_every_call_the_counts_and_nothing_of_a_person() {
    let workplace = Workplace::new(Shape::Allauth, Engine::Sqlite);
    let secrets = Secrets::of(workplace.legacy());
    let pool = workplace.serve_pool();
    let mut collector = LineProcess::start(emulator_script("otlp_collector.py"));
    let endpoint = collector.ask(&json!({"endpoint": true}));
    let endpoint = endpoint["endpoint"].as_str().expect("an address");
    let flags = ["--execute", "--approve-password-reset"];
    let imported = import(&workplace, &pool, "told", &flags)
        .env(ENDPOINT, endpoint)
        // Whatever the collector's pace: the standard's default drops spans past 2,048.
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "100000");
    imported.run().expect_code(0);
    let summary = workplace.folder().json("summary.json");
    let accounts: Accounts = serde_json::from_value(summary).expect("a summary");
    assert!(accounts.created > 100, "{accounts:?}");

    let received = collector.ask(&json!({"received": true}));
    let spans = received["spans"].as_array().expect("a list");
    let of = |name: &str| -> Vec<&Value> {
        let named = spans.iter().filter(|span| span["name"] == name);
        named.collect()
    };
    let created = of("AdminCreateUser");
    assert_eq!(created.len(), accounts.created);
    for span in &created {
        assert_eq!(span["kind"], CLIENT, "{span}");
        assert_eq!(span["parent"], "user", "{span}");
        assert_eq!(span["service"], "cutover", "{span}");
        assert_eq!(span["attributes"]["quota.category"], "UserCreation");
    }
    assert_eq!(of("user").len(), accounts.created);
    assert!(
        of("user")
            .iter()
            .all(|span| span["parent"] == "create users")
    );
    for phase in ["plan", "create groups", "create users"] {
        let phases = of(phase);
        assert_eq!(phases.len(), 1, "{phase}");
        assert_eq!(phases[0]["parent"], "import", "{phase}");
    }
    let metrics: BTreeMap<String, u64> =
        serde_json::from_value(received["metrics"].clone()).expect("numbers by name");
    let by_outcome = |outcome: &str| metrics.get(&format!("cutover.users/{outcome}")).copied();
    assert_eq!(by_outcome("created"), Some(accounts.created as u64));
    assert_eq!(by_outcome("failed"), Some(0));
    assert_eq!(metrics.get("cutover.throttled"), Some(&0));
    let text = received["text"].as_str().expect("text");
    secrets.assert_none_in("OpenTelemetry", text, false);
}

#[test]
fn a_collector_that_is_away_or_no_http_keeps_nobody_from_importing_or_is_refused() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let dry_run = |endpoint: &str| import(&workplace, &pool, "away", &[]).env(ENDPOINT, endpoint);
    // Nobody listens there.
    let away = dry_run("http://127.0.0.1:9").run().expect_code(0);
    assert!(away.stderr.contains("did not take everything"), "{away:?}");
    let refused = dry_run("https://127.0.0.1:4318").run().expect_code(2);
    assert!(refused.stderr.contains(ENDPOINT), "{refused:?}");
}
