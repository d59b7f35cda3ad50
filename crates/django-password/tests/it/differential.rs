//! Thousands of random passwords and hashes, each judged by real Django and by this crate.

use django_password::{HashState, Verdict};
use serde_json::Value;

use crate::oracle::{Environment, encoded, password, seed, text, verifier};

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

#[expect(clippy::print_stderr, reason = "the seed of a failure must be seen")]
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
        if library_refuses_password(&header, &line) {
            continue;
        }
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

/// Whether Django raised an exception over the password because of a rule that only this version
/// of its bcrypt library has (see `hashers/bcrypt.rs`): until 4.0 no NUL, from 5.0 on no more than
/// 72 bytes. What this crate answers then is what the versions between answer.
fn library_refuses_password(header: &Value, line: &Value) -> bool {
    let version = text(&header["versions"]["bcrypt"]);
    let major: u32 = version
        .split('.')
        .next()
        .and_then(|text| text.parse().ok())
        .expect("a number");
    let password = text(&line["password"]);
    let refused = (major < 4 && password.contains('\0')) || (major >= 5 && password.len() > 72);
    let plain_bcrypt = matches!(line["algorithm"].as_str(), Some("bcrypt" | "bcrypt_4"));
    plain_bcrypt && refused && line["django"] == "ValueError"
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
