//! Junk sign-ins in a flood, and honest people beside them: everybody gets in.

use acceptance_tests::{Canary, Engine, Shape, Workplace, script};
use serde_json::{Value, json};

/// Seconds; the bench floods longer.
const LENGTH: &str = "4";
const PER_SECOND: &str = "1000";

#[test]
fn a_flood_of_unknown_names_keeps_nobody_out() {
    let workplace = Workplace::new(Shape::Stock, Engine::Sqlite);
    let pool = workplace.serve_pool();
    let canaries = workplace.legacy().canaries();
    let plain = |canary: &&Canary| canary.signs_in() && canary.fits_cognito;
    let mut people: Vec<Value> = canaries
        .iter()
        .filter(plain)
        .map(|canary| json!([canary.login, canary.password]))
        .collect();
    let during = people.split_off(people.len().saturating_sub(20));
    assert!(!people.is_empty() && during.len() >= 10, "{}", during.len());
    let asked = json!({"before": people.split_off(people.len() / 2), "during": during});
    let done = script("flood.py")
        .args([pool.endpoint.as_str(), &pool.client_id, LENGTH, PER_SECOND])
        .stdin(asked.to_string())
        .run()
        .expect_code(0);
    let told: Value = serde_json::from_str(&done.stdout).expect("our script writes JSON");
    for person in told["during"].as_array().expect("a list") {
        assert_eq!(person["error"], "", "{person}");
    }
    // As many as this machine manages, and not one of them got in.
    let junk = told["junk"].as_object().expect("by answer");
    let refused = junk.get("NotAuthorizedException").and_then(Value::as_u64);
    assert!(refused.unwrap_or_default() > 0, "{junk:?}");
    assert!(!junk.contains_key("200"), "{junk:?}");
}
