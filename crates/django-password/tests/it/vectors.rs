//! What real Django of nine versions wrote, and what its own check_password said.

use django_password::Verdict;
use serde_json::Value;

use crate::oracle::{password_of, text, verifier, workspace};

#[test]
fn django_1_3_has_its_way() {
    compare_with("1.3");
}

#[test]
fn django_1_4_has_its_way() {
    compare_with("1.4");
}

#[test]
fn django_1_8_has_its_way() {
    compare_with("1.8");
}

#[test]
fn django_1_11_has_its_way() {
    compare_with("1.11");
}

#[test]
fn django_2_2_has_its_way() {
    compare_with("2.2");
}

#[test]
fn django_3_2_has_its_way() {
    compare_with("3.2");
}

#[test]
fn django_4_2_has_its_way() {
    compare_with("4.2");
}

#[test]
fn django_5_2_has_its_way() {
    compare_with("5.2");
}

#[test]
fn django_6_1_has_its_way() {
    compare_with("6.1");
}

fn compare_with(version: &str) {
    let path = workspace().join(format!(
        "migrations-fixtures/hashes/vectors/django-{version}.json"
    ));
    let document = std::fs::read_to_string(&path).expect("the vectors are checked in");
    let document: Value = serde_json::from_str(&document).expect("the vectors are JSON");
    let verifier = verifier(&Value::Null);

    let mut checked = 0;
    for case in document["cases"].as_array().expect("a list of cases") {
        if case["refused"].is_string() {
            continue;
        }
        let encoded = django_password::EncodedPassword::new(text(&case["encoded"]));
        for (label, django) in case["checks"]
            .as_object()
            .expect("a check for each password")
        {
            let password = text(&document["passwords"][label]);
            let verification = verifier.verify(&password_of(password), &encoded);
            let word = verification.verdict.word();
            let what = format!(
                "Django {version}, {}: {case}, password {label}",
                case["algorithm"]
            );
            checked += 1;

            if let Some(kinder) = kinder_than_django(version, case, label, django) {
                assert_eq!(word, "match", "{kinder}; {what}");
                continue;
            }
            // What crypt(3) says instead of a result when a password is too long. Django stored it,
            // and up to 1.3 took any other too long password for the right one.
            if text(&case["encoded"]).ends_with("$*0") {
                assert_eq!(word, "malformed", "{what}");
                continue;
            }
            assert_eq!(
                word == "match",
                *django == Value::Bool(true),
                "{word}: {what}"
            );
            // What a hasher wrote is never called anything but right or wrong.
            if let Some(algorithm) = case["algorithm"].as_str() {
                assert_eq!(verification.algorithm.as_deref(), Some(algorithm), "{what}");
                let about_the_password =
                    matches!(verification.verdict, Verdict::Match(_) | Verdict::Mismatch);
                assert!(about_the_password, "{word}: {what}");
            }
        }
    }
    assert!(checked > 100, "only {checked} checks in {}", path.display());
}

/// Where this crate lets in who typed the right password and that version of Django did not. Each
/// is a rule of a library or version that a later one lifted for the same stored hash.
fn kinder_than_django(
    version: &str,
    case: &Value,
    label: &str,
    django: &Value,
) -> Option<&'static str> {
    let algorithm = case["algorithm"].as_str();
    let is_own = case["name"].as_str() == Some(label);
    match (version, algorithm, label) {
        ("1.4", _, "empty") if is_own && *django == Value::Bool(false) => {
            Some("Django refused every empty password up to 1.5")
        }
        // Its hasher is gone, the hash is what it was.
        ("5.2" | "6.1", None, "ascii") if case["name"] == "bare md5" => {
            Some("Django 5.1 dropped the hasher for bare MD5")
        }
        _ => None,
    }
}
