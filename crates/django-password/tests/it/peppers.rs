//! Secrets that a site mixes into passwords. The encoded passwords are Django's
//! (migrations-fixtures/hashes/peppers.py).

use django_password::{
    CustomHashers, EncodedPassword, HashState, Limits, NotImportable, Pepper, PepperError,
    PlainPassword, Verifier,
};
use serde_json::Value;

use crate::oracle::{password_of, text, workspace};

fn vectors() -> Value {
    let path = workspace().join("migrations-fixtures/hashes/vectors/peppers.json");
    let document = std::fs::read_to_string(path).expect("the vectors are checked in");
    serde_json::from_str(&document).expect("the vectors are JSON")
}

fn declared(case: &Value) -> CustomHashers {
    let pepper = Pepper::new(
        text(&case["pepper"]),
        case["encoding"].as_str(),
        "SITE_PEPPER",
    );
    CustomHashers::default()
        .peppered(text(&case["name"]), text(&case["outer"]), pepper)
        .expect("a sound declaration")
}

#[test]
fn peppered_passwords_are_checked_as_django_does() {
    let document = vectors();
    let secret = text(&document["secret"]);
    let mut checked = 0;
    for case in document["cases"].as_array().expect("a list of cases") {
        let hashers = declared(case);
        assert_eq!(hashers.secrets().collect::<Vec<_>>(), ["SITE_PEPPER"]);
        let encoded = EncodedPassword::new(text(&case["encoded"]));
        let knowing = Verifier::new(
            hashers.clone().with_secret("SITE_PEPPER", secret),
            Limits::default(),
        );
        let mistaken = Verifier::new(
            hashers.clone().with_secret("SITE_PEPPER", "another"),
            Limits::default(),
        );
        let ignorant = Verifier::new(
            hashers.with_secret("ANOTHER_NAME", secret),
            Limits::default(),
        );
        for (password, django) in case["checks"].as_object().expect("a check each") {
            let password = password_of(password);
            let right = *django == Value::Bool(true);
            let said = knowing.verify(&password, &encoded);
            assert_eq!(said.verdict.is_match(), right, "{case}");
            assert_eq!(said.algorithm.as_deref(), case["name"].as_str());
            assert_eq!(
                mistaken.verify(&password, &encoded).verdict.word(),
                "mismatch"
            );
            // Without the secret nothing is known about the password.
            assert_eq!(
                ignorant.verify(&password, &encoded).verdict.word(),
                "unsupported"
            );
            checked += 1;
        }
        let state = ignorant.inspect(&encoded).state;
        assert!(matches!(state, HashState::Verifiable(_)), "{state:?}");
        let import = knowing.cognito_import(&encoded);
        assert_eq!(
            import.expect_err("no job has the secret"),
            NotImportable::Peppered
        );
        let shown = format!("{knowing:?}");
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(checked >= 20, "only {checked} checks");
}

#[test]
fn peppers_that_cannot_be_right_are_refused() {
    let refusals = [
        (Pepper::new("hmac-md5", None, "P"), PepperError::Method),
        (
            Pepper::new("hmac-sha256", Some("base32"), "P"),
            PepperError::Encoding,
        ),
        (
            Pepper::new("suffix", Some("hex"), "P"),
            PepperError::NeedlessEncoding,
        ),
        (
            Pepper::new("suffix", None, "the secret itself"),
            PepperError::SecretName,
        ),
        (Pepper::new("suffix", None, ""), PepperError::SecretName),
    ];
    for (pepper, fault) in refusals {
        assert_eq!(pepper.as_ref().expect_err("cannot be right"), &fault);
        let hashers = CustomHashers::default().peppered("mine", "md5", pepper);
        let message = hashers.expect_err("cannot be right").to_string();
        assert!(message.starts_with("`mine`"), "{message}");
    }
}

#[test]
fn a_pepper_under_djangos_own_name_is_for_all_its_hashes() {
    let hashers = CustomHashers::default()
        .peppered("md5", "md5", Pepper::new("suffix", None, "P"))
        .expect("a subclass can keep the name")
        .with_secret("P", "pepper");
    let verifier = Verifier::new(hashers, Limits::default());
    // md5("seasaltlètmein"), without a pepper.
    let plain = EncodedPassword::new("md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3");
    let verdict = verifier
        .verify(&PlainPassword::new("lètmein"), &plain)
        .verdict;
    assert_eq!(verdict.word(), "mismatch");
}
