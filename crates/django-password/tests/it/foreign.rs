//! What the original packages wrote, and what they said of right and wrong passwords
//! (migrations-fixtures/hashes/foreign.py).

use std::collections::BTreeSet;

use django_password::{CustomHashers, EncodedPassword, HashState, Limits, Verdict, Verifier};
use serde_json::Value;

use crate::oracle::{password_of, text, workspace};

fn vectors() -> Value {
    let path = workspace().join("migrations-fixtures/hashes/vectors/foreign.json");
    let document = std::fs::read_to_string(path).expect("the vectors are checked in");
    serde_json::from_str(&document).expect("the vectors are JSON")
}

/// The cases that have a hash.
fn cases(document: &Value) -> impl Iterator<Item = &Value> {
    let cases = document["cases"].as_array().expect("a list of cases");
    cases.iter().filter(|case| case["encoded"].is_string())
}

fn verifier(name: &str, target: &str) -> Verifier {
    let hashers = CustomHashers::default()
        .alias(name, target)
        .expect("the vectors name formats there are");
    Verifier::new(hashers, Limits::default())
}

#[test]
fn every_format_agrees_with_its_original() {
    let document = vectors();
    let mut checked = 0;
    let mut targets = BTreeSet::new();
    let mut disagreements = Vec::new();
    for case in cases(&document) {
        let (name, target) = (text(&case["declared"]), text(&case["target"]));
        let verifier = verifier(name, target);
        let encoded = EncodedPassword::new(text(&case["encoded"]));
        targets.insert(target.to_owned());
        for (label, original) in case["checks"].as_object().expect("a check each") {
            let password = password_of(text(&document["passwords"][label]));
            let verdict = verifier.verify(&password, &encoded).verdict;
            checked += 1;
            let about_the_password = matches!(verdict, Verdict::Match(_) | Verdict::Mismatch);
            let says_yes = *original == Value::Bool(true);
            if !about_the_password || verdict.is_match() != says_yes {
                let encoded: String = encoded.expose().chars().take(80).collect();
                disagreements.push(format!(
                    "{target} as {name:?}, {label}: {}, the original says {original}: {encoded}",
                    verdict.word()
                ));
            }
        }
    }
    assert!(
        disagreements.is_empty(),
        "{} of {checked} differ:\n{}",
        disagreements.len(),
        disagreements[..disagreements.len().min(20)].join("\n")
    );
    assert!(checked > 1_500, "only {checked} checks");
    assert!(targets.len() > 35, "only {targets:?}");
}

#[test]
fn what_stands_bare_is_told_by_its_mark() {
    let document = vectors();
    let verifier = verifier("", "bare");
    let mut right = 0;
    for case in cases(&document).filter(|case| text(&case["declared"]).is_empty()) {
        let (label, target) = (text(&case["name"]), text(&case["target"]));
        let password = password_of(text(&document["passwords"][label]));
        let encoded = EncodedPassword::new(text(&case["encoded"]));
        let verification = verifier.verify(&password, &encoded);
        assert_eq!(verification.algorithm.as_deref(), Some(target), "{case}");
        let original = &case["checks"][label];
        assert_eq!(
            verification.verdict.is_match(),
            *original == Value::Bool(true),
            "{case}"
        );
        right += u32::from(verification.verdict.is_match());
    }
    assert!(right > 300, "only {right} right passwords");
}

#[test]
fn nothing_is_accepted_undeclared_and_the_line_to_add_is_the_right_one() {
    let document = vectors();
    let undeclared = Verifier::default();
    for case in cases(&document) {
        let (name, label) = (text(&case["declared"]), text(&case["name"]));
        // Werkzeug's old names are Django's own, for another way to use the salt.
        if ["md5", "sha1"].contains(&name) {
            continue;
        }
        let password = password_of(text(&document["passwords"][label]));
        let encoded = EncodedPassword::new(text(&case["encoded"]));
        let verdict = undeclared.verify(&password, &encoded).verdict;
        assert_eq!(verdict.word(), "unsupported", "{case}");
        let inspection = undeclared.inspect(&encoded);
        assert_eq!(inspection.state, HashState::Unsupported, "{case}");
        let remedy = inspection.remedy.unwrap_or_else(|| panic!("{case}"));
        assert_eq!(remedy.name, name, "{case}");
        if name.is_empty() {
            assert_eq!(remedy.to_string(), "\"\" = \"bare\"", "{case}");
        } else {
            assert_eq!(remedy.target, text(&case["target"]), "{case}");
            assert_eq!(
                remedy.to_string(),
                format!("{name} = \"{}\"", remedy.target)
            );
        }
        // What it says works.
        let declared = verifier(&remedy.name, remedy.target);
        assert_eq!(
            declared.verify(&password, &encoded).verdict.is_match(),
            case["checks"][label] == Value::Bool(true),
            "{case}"
        );
        assert_eq!(declared.inspect(&encoded).remedy, None);
    }
}

#[test]
fn a_name_of_djangos_own_can_have_hashes_of_both() {
    // Django's scrypt and passlib's both begin with `scrypt$`.
    let document = vectors();
    let verifier = verifier("scrypt", "passlib:scrypt");
    let password = password_of("letmein");
    // As Django spells hashlib's result: N=16, salt `salt`, r=8, p=1.
    let djangos = EncodedPassword::new(
        "scrypt$16$salt$8$1$vPiQ7jp4Il1debaDquuxGc9dgqyUUO0iCrAhg5x7ehuiKuU/3qle+6JvaBeH1Mp1PmubDUboikIHPBSaFCWXyw==",
    );
    assert!(verifier.verify(&password, &djangos).verdict.is_match());
    let passlibs = cases(&document)
        .find(|case| case["declared"] == "scrypt" && case["name"] == "ascii")
        .expect("a case of passlib's");
    let encoded = EncodedPassword::new(text(&passlibs["encoded"]));
    let right = password_of(text(&document["passwords"]["ascii"]));
    assert!(verifier.verify(&right, &encoded).verdict.is_match());
    assert!(!verifier.verify(&password, &encoded).verdict.is_match());
}

#[test]
fn a_row_that_asks_for_hours_is_refused_by_name() {
    let state = |target, encoded: &str| {
        verifier("", target)
            .inspect(&EncodedPassword::new(encoded))
            .state
    };
    for (target, encoded) in [
        // 2^30 rounds each.
        ("passlib:phpass", format!("$P$S12345678{}", "a".repeat(22))),
        ("drupal7", format!("$S$S12345678{}", "a".repeat(43))),
        (
            "passlib:pbkdf2_sha512",
            format!("$pbkdf2-sha512$4294967295$c2FsdA${}", "A".repeat(86)),
        ),
        (
            "passlib:pbkdf2_sha1",
            format!("$pbkdf2$4294967295$c2FsdA${}", "A".repeat(27)),
        ),
        (
            "passlib:cta_pbkdf2_sha1",
            format!("$p5k2$ffffffff$c2FsdA==${}=", "A".repeat(27)),
        ),
        (
            "passlib:dlitz_pbkdf2_sha1",
            format!("$p5k2$ffffffff$salt${}", "A".repeat(32)),
        ),
        (
            "passlib:grub_pbkdf2_sha512",
            format!("grub.pbkdf2.sha512.4294967295.AA.{}", "A".repeat(128)),
        ),
        (
            "passlib:sha1_crypt",
            format!("$sha1$4294967295$salt${}", "a".repeat(28)),
        ),
        (
            "passlib:fshp",
            format!("{{FSHP0|0|4294967295}}{}=", "A".repeat(27)),
        ),
        (
            "passlib:sha512_crypt",
            format!("$6$rounds=999999999$salt${}", ".".repeat(86)),
        ),
        ("passlib:bcrypt", format!("$2y$31${}", ".".repeat(53))),
        (
            "passlib:bcrypt_sha256",
            format!(
                "$bcrypt-sha256$v=2,t=2b,r=31${}${}",
                ".".repeat(22),
                ".".repeat(31)
            ),
        ),
        (
            "passlib:argon2",
            "$argon2id$v=19$m=4294967295,t=9,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".to_owned(),
        ),
        (
            "passlib:scrypt",
            format!("$scrypt$ln=31,r=8,p=1$c2FsdA${}", "A".repeat(43)),
        ),
        (
            "werkzeug",
            format!("pbkdf2:sha256:99999999999$salt${}", "a".repeat(64)),
        ),
        (
            "werkzeug",
            format!("scrypt:1073741824:8:1$salt${}", "a".repeat(128)),
        ),
        ("bare", format!("_zzzzsalt{}", ".".repeat(11))),
        ("bare", format!("$P$S12345678{}", "a".repeat(22))),
        ("wordpress", format!("$wp$2y$31${}", ".".repeat(53))),
    ] {
        let HashState::TooCostly(limit) = state(target, &encoded) else {
            panic!("{target}: {:?} for {encoded}", state(target, &encoded));
        };
        assert!(limit.declared > limit.limit, "{target}: {limit}");
    }
}
