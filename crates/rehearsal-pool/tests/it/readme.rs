//! The README's tables are made of the API model, the scenarios, and `other_behaviours.json`: what
//! tests of another form show.
//!
//! `CUTOVER_BLESS=1 cargo test -p rehearsal-pool readme` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use rehearsal_pool::{PoolOptions, Quotas, RehearsalPool};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::behaviours::{Basis, scenario_files};
use crate::client::Caller;
use crate::sdk::driven_by_boto3;

/// A behaviour that no scenario can show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherBehaviour {
    behaviour: String,
    source: String,
    basis: Basis,
    /// File and function of the test that shows it.
    test: String,
}

fn other_behaviours() -> Vec<OtherBehaviour> {
    serde_json::from_str(include_str!("other_behaviours.json")).expect("JSON")
}

fn behaviours_table() -> String {
    let scenarios = scenario_files()
        .into_iter()
        .flat_map(|(_, scenarios)| scenarios)
        .map(|scenario| (scenario.behaviour, scenario.source, scenario.basis));
    let others = other_behaviours()
        .into_iter()
        .map(|other| (other.behaviour, other.source, other.basis));
    let mut table = String::from("| behaviour | source | |\n| --- | --- | --- |\n");
    for (behaviour, source, basis) in scenarios.chain(others) {
        let basis = match basis {
            Basis::Documented => "documented",
            Basis::Reported => "reported",
            Basis::Believed => "**believed**",
        };
        writeln!(table, "| {behaviour} | {source} | {basis} |").expect("a string");
    }
    table
}

#[test]
fn every_other_behaviour_names_a_test_that_is_there() {
    for other in other_behaviours() {
        let (file, function) = other.test.split_once(' ').expect("a file and a function");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).expect("the file is there");
        assert!(
            text.contains(&format!("fn {function}(")),
            "{file} has no test {function}"
        );
    }
}

fn operations_table(served: &BTreeSet<String>, tested: &BTreeSet<String>) -> String {
    let mut table = String::from("| operation | |\n| --- | --- |\n");
    for name in operations() {
        let state = match (served.contains(&name), tested.contains(&name)) {
            (true, true) => "tested",
            (true, false) => "not tested",
            (false, _) => "not there",
        };
        writeln!(table, "| {name} | {state} |").expect("a string");
    }
    table
}

fn operations() -> Vec<String> {
    let model: Value =
        serde_json::from_str(include_str!("../../model/cognito-idp.json")).expect("JSON");
    model["operations"]
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect()
}

/// Operations the pool has, by asking it for each.
pub(crate) async fn served_operations() -> BTreeSet<String> {
    let options = PoolOptions {
        quotas: Quotas::Off,
        ..PoolOptions::default()
    };
    let running = RehearsalPool::start(options)
        .await
        .expect("the pool starts");
    let caller = Caller::new(running.endpoint());
    let mut served = BTreeSet::new();
    for name in operations() {
        let answer = caller.call(&name, &json!({})).await;
        if answer.error_type.as_deref() != Some("UnknownOperationException") {
            served.insert(name);
        }
    }
    running.stop().await;
    served
}

fn replaced(readme: &str, marker: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- {marker} -->"), format!("<!-- /{marker} -->"));
    let (head, rest) = readme
        .split_once(&start)
        .expect("the README has the marker");
    let (_, tail) = rest
        .split_once(&end)
        .expect("the README has the end marker");
    format!("{head}{start}\n{table}{end}{tail}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_lists_every_operation_and_behaviour() {
    let served = served_operations().await;
    let mut in_scenarios: BTreeSet<String> = scenario_files()
        .iter()
        .flat_map(|(_, scenarios)| scenarios)
        .flat_map(|scenario| &scenario.steps)
        .filter_map(|step| step.call.clone())
        .collect();
    // Every scenario begins with these.
    in_scenarios.extend(["CreateUserPool", "CreateUserPoolClient"].map(str::to_owned));
    let tested: BTreeSet<String> = in_scenarios
        .intersection(driven_by_boto3().await)
        .cloned()
        .collect();
    let untested: Vec<_> = served.difference(&tested).collect();
    assert!(
        untested.is_empty(),
        "no scenario calls {untested:?}, or boto3_session.py does not"
    );

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).expect("the README");
    let wanted = replaced(&readme, "behaviours", &behaviours_table());
    let wanted = replaced(&wanted, "operations", &operations_table(&served, &tested));
    if std::env::var_os("CUTOVER_BLESS").is_some() {
        std::fs::write(&path, wanted).expect("the README can be written");
    } else {
        assert!(
            readme == wanted,
            "the README's tables are not what the model and the scenarios say; write them by \
             CUTOVER_BLESS=1 cargo test -p rehearsal-pool readme"
        );
    }
}
