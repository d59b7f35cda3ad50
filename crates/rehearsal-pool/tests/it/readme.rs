//! The README's tables are made of the API model, the scenarios, and `other_behaviours.json`: what
//! tests of another form show.
//!
//! `CUTOVER_BLESS=1 cargo test -p rehearsal-pool readme` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use rehearsal_pool::{Belief, PoolOptions, Quotas, RehearsalPool};
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
    /// The belief that a probe settles it by.
    belief: Option<String>,
    /// Why no probe asks.
    unasked: Option<String>,
    /// File and function of the test that shows it.
    test: String,
}

fn other_behaviours() -> Vec<OtherBehaviour> {
    serde_json::from_str(include_str!("other_behaviours.json")).expect("JSON")
}

/// A row of the table.
struct Row {
    behaviour: String,
    source: String,
    basis: Basis,
    belief: Option<String>,
    unasked: Option<String>,
}

impl Row {
    /// How sure it is, and which question would settle it.
    fn basis(&self) -> String {
        let basis = match self.basis {
            Basis::Documented => "documented",
            Basis::Reported => "reported",
            Basis::Believed => "**believed**",
        };
        match (&self.belief, &self.unasked) {
            (Some(belief), None) => format!("{basis}: `{belief}`"),
            (None, Some(why)) => format!("{basis}, not asked: {why}"),
            (None, None) => basis.to_owned(),
            (Some(_), Some(_)) => panic!("{}: asked or not?", self.behaviour),
        }
    }
}

fn rows() -> Vec<Row> {
    let scenarios = scenario_files()
        .into_iter()
        .flat_map(|(_, scenarios)| scenarios)
        .map(|scenario| Row {
            behaviour: scenario.behaviour,
            source: scenario.source,
            basis: scenario.basis,
            belief: scenario.belief,
            unasked: scenario.unasked,
        });
    let others = other_behaviours().into_iter().map(|other| Row {
        behaviour: other.behaviour,
        source: other.source,
        basis: other.basis,
        belief: other.belief,
        unasked: other.unasked,
    });
    scenarios.chain(others).collect()
}

fn behaviours_table() -> String {
    let mut table = String::from("| behaviour | source | |\n| --- | --- | --- |\n");
    for row in rows() {
        let (behaviour, source, basis) = (&row.behaviour, &row.source, row.basis());
        writeln!(table, "| {behaviour} | {source} | {basis} |").expect("a string");
    }
    table
}

fn beliefs_table() -> String {
    let mut table =
        String::from("| question | behaviour | believed | source |\n| --- | --- | --- | --- |\n");
    for belief in Belief::all() {
        let (id, says, source) = (&belief.id, &belief.says, belief.source);
        let believed = &belief.believed;
        writeln!(table, "| `{id}` | {says} | {believed} | {source} |").expect("a string");
    }
    table
}

#[test]
fn what_no_source_states_is_a_belief_or_says_why_nobody_asks() {
    for row in rows() {
        let settled = row.belief.is_some() || row.unasked.is_some();
        assert_eq!(settled, row.basis != Basis::Documented, "{}", row.behaviour);
        if let Some(id) = &row.belief {
            assert!(Belief::find(id).is_some(), "{}: {id}", row.behaviour);
        }
    }
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
    let wanted = replaced(&wanted, "beliefs", &beliefs_table());
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
