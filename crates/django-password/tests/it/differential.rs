//! Thousands of random passwords and hashes, each judged by real Django and by this crate.

use django_password::{HashState, Verdict};
use serde_json::Value;

use crate::oracle::{Environment, encoded, password, text, verifier};

/// Cases for each version of Django; a few seconds.
const CASES: u32 = 3_000;

#[test]
fn django_5_2_and_this_crate_agree_on_random_hashes() {
    compare_with(Environment::Django52);
}

#[test]
fn django_4_2_and_this_crate_agree_on_random_hashes() {
    compare_with(Environment::Django42);
}

fn compare_with(environment: Environment) {
    let seed = seed();
    eprintln!("{environment:?}: to see these cases again, set CUTOVER_TEST_SEED={seed}");
    let arguments = ["--seed", &seed.to_string(), "--cases", &CASES.to_string()].map(String::from);
    let mut lines = environment.run("differential.py", &arguments);
    let header = lines.next().expect("the first line says which versions");
    let verifier = verifier(&header);

    let mut compared = 0;
    let mut disagreements = Vec::new();
    for line in lines {
        compared += 1;
        let verification = verifier.verify(&password(&line), &encoded(&line));
        let inspection = verifier.inspect(&encoded(&line));
        if let Err(difference) = agree(&line, &verification, &inspection) {
            disagreements.push(format!("{difference}: {verification:?} for {line}"));
        }
    }
    assert_eq!(compared, CASES, "the script stopped early");
    assert!(
        disagreements.is_empty(),
        "{} of {compared} cases differ from {} (seed {seed}), the first ones:\n{}",
        disagreements.len(),
        header["versions"],
        disagreements[..disagreements.len().min(5)].join("\n")
    );
}

/// Whether the answers say the same.
fn agree(
    line: &Value,
    verification: &django_password::Verification,
    inspection: &django_password::Inspection,
) -> Result<(), &'static str> {
    let django_says_yes = line["django"] == Value::Bool(true);
    if verification.verdict.is_match() != django_says_yes {
        return Err("the other answer");
    }
    // A password that is merely wrong must not be blamed on the hash.
    if text(&line["kind"]) == "wrong"
        && !django_says_yes
        && !matches!(verification.verdict, Verdict::Mismatch)
    {
        return Err("a sound hash is called something else");
    }
    let fits = match (&inspection.state, &verification.verdict) {
        (HashState::Verifiable(_), Verdict::Match(_) | Verdict::Mismatch)
        | (HashState::Unusable, Verdict::Unusable)
        | (HashState::Unsupported, Verdict::Unsupported) => true,
        (HashState::Malformed(inspected), Verdict::Malformed(verified)) => inspected == verified,
        (HashState::TooCostly(inspected), Verdict::TooCostly(verified)) => inspected == verified,
        _ => false,
    };
    if !fits || inspection.algorithm != verification.algorithm {
        return Err("inspect and verify contradict each other");
    }
    // Django names a hasher for unusable passwords of 32 characters, too; it never asks it.
    let unusable = matches!(verification.verdict, Verdict::Unusable);
    let named = line["algorithm"].as_str();
    if !unusable && named.is_some() && named != verification.algorithm.as_deref() {
        return Err("another algorithm");
    }
    Ok(())
}

/// A new seed for every run, or the one of a run to look into.
fn seed() -> u64 {
    match std::env::var("CUTOVER_TEST_SEED") {
        Ok(seed) => seed.parse().expect("CUTOVER_TEST_SEED is a number"),
        Err(_) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            u64::from(now.expect("the clock is past 1970").subsec_nanos())
        }
    }
}
