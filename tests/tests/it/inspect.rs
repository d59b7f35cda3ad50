//! `cutover inspect`: the same counts as Django's own, on every engine.

use std::collections::BTreeMap;

use acceptance_tests::{Engine, LegacyUser, Shape, Workplace};
use serde_json::Value;

#[test]
fn inspect_counts_as_django_does_on_sqlite() {
    inspect_counts_as_django_does(Shape::Allauth, Engine::Sqlite);
}

#[test]
fn inspect_counts_as_django_does_on_postgres() {
    inspect_counts_as_django_does(Shape::Uuid, Engine::Postgres);
}

#[test]
fn inspect_counts_as_django_does_on_mysql() {
    inspect_counts_as_django_does(Shape::EmailLogin, Engine::Mysql);
}

fn inspect_counts_as_django_does(shape: Shape, engine: Engine) {
    let workplace = Workplace::new(shape, engine);
    let finished = workplace
        .cutover(&["inspect", "--json", "inspection.json"])
        .run();
    let inspection = workplace.folder().json("inspection.json");
    let blocks = findings(&inspection).any(|finding| finding["severity"] == "blocker");
    let finished = finished.expect_code(i32::from(blocks));

    let users = workplace.legacy().users();
    let count = |which: &dyn Fn(&LegacyUser) -> bool| users.iter().filter(|u| which(u)).count();
    let expected = [
        ("users", count(&|_| true)),
        ("active", count(&|user| user.is_active)),
        ("without_email", count(&|user| user.email.is_empty())),
        ("in_groups", count(&|user| !user.groups.is_empty())),
    ];
    for (key, number) in expected {
        assert_eq!(
            inspection[key].as_u64(),
            Some(number as u64),
            "{key} of {shape} on {engine}"
        );
    }
    assert_eq!(inspection["engine"], engine.word());

    let mut checked: BTreeMap<&str, u64> = BTreeMap::new();
    let mut in_all = 0;
    for group in inspection["hashes"]
        .as_array()
        .expect("a list of hash groups")
    {
        let number = group["users"].as_u64().expect("a count");
        in_all += number;
        if group["state"] == "verifiable" {
            *checked
                .entry(group["algorithm"].as_str().expect("a name"))
                .or_default() += number;
            assert!(
                group["check_ms"].as_f64().is_some_and(|ms| ms >= 0.0),
                "{group}"
            );
        }
    }
    let mut by_django: BTreeMap<&str, u64> = BTreeMap::new();
    for algorithm in users.iter().filter_map(|user| user.algorithm.as_deref()) {
        *by_django.entry(algorithm).or_default() += 1;
    }
    assert_eq!(checked, by_django);
    assert_eq!(in_all, users.len() as u64, "everybody is in one group");
    for finding in findings(&inspection) {
        for key in ["code", "subject", "next_step"] {
            let text = finding[key].as_str().expect("findings have it");
            assert!(!text.is_empty(), "{finding}");
        }
    }

    // Which size it is depends on this machine's speed; that it follows from the list does not.
    let memory = &inspection["memory_size"];
    let sizes = memory["sizes"].as_array().expect("a list of sizes");
    let first = sizes.iter().find(|size| size["suffices"] == true);
    assert_eq!(
        memory["recommended_mb"],
        first.map_or(Value::Null, |size| size["memory_mb"].clone())
    );
    let said = match memory["recommended_mb"].as_u64() {
        Some(size) => format!("memory for the function: {size} MB"),
        None => "memory for the function: none".to_owned(),
    };
    assert!(finished.stdout.contains(&said), "{finished:?}");

    // A person reads the same on stdout, and nothing but progress on stderr.
    assert!(
        finished.stdout.contains(&users.len().to_string()),
        "{finished:?}"
    );
    for algorithm in checked.keys() {
        assert!(
            finished.stdout.contains(algorithm),
            "{algorithm} in {finished:?}"
        );
    }
}

fn findings(inspection: &Value) -> impl Iterator<Item = &Value> {
    inspection["findings"]
        .as_array()
        .expect("a list of findings")
        .iter()
}
