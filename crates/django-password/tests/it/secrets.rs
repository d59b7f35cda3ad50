//! What may not be seen is not seen, and what may not be made cannot be made.

use django_password::{EncodedPassword, Limits, PlainPassword, Verifier};

const PASSWORD: &str = "planted-password-marker";
const HASH: &str = "pbkdf2_sha256$10$planted-salt-marker$";

#[test]
fn debug_output_shows_neither_password_nor_hash() {
    let password = PlainPassword::new(PASSWORD);
    let encoded = EncodedPassword::new(HASH);
    let verifier = Verifier::default();
    let shown = format!(
        "{password:?} {encoded:?} {:?} {:?} {:?} {verifier:?}",
        verifier.inspect(&encoded),
        verifier.verify(&password, &encoded),
        verifier.cognito_import(&encoded),
    );
    assert!(!shown.contains("marker"), "{shown}");
}

#[test]
fn a_cognito_hash_is_masked_too() {
    let hash = format!("pbkdf2_sha256$10$planted-salt-marker${}=", "A".repeat(43));
    let import = Verifier::default().cognito_import(&EncodedPassword::new(hash));
    let shown = format!("{:?}", import.expect("within Cognito's maxima"));
    assert!(!shown.contains("cGxhbnRlZC1zYWx0LW1hcmtlcg"), "{shown}");
    assert!(!shown.contains("AAAA"), "{shown}");
}

#[test]
fn a_password_stored_in_the_clear_is_not_reported_as_an_algorithm() {
    let verifier = Verifier::default();
    for stored in [
        "Summer2026",
        "summer$2026",
        "Summer$20$26",
        "päss$wo$rd",
        "a b$c$d",
        "$x$y",
    ] {
        let inspection = verifier.inspect(&EncodedPassword::new(stored));
        assert_eq!(inspection.algorithm, None, "{stored}");
    }
}

#[test]
fn an_undeclared_custom_hasher_is_reported_by_its_name() {
    let encoded = EncodedPassword::new("pbkdf2_sha256_pinned$600000$salt$hash");
    let inspection = Verifier::default().inspect(&encoded);
    assert_eq!(
        inspection.algorithm.as_deref(),
        Some("pbkdf2_sha256_pinned")
    );
}

#[test]
fn messages_about_a_hash_do_not_quote_it() {
    let verifier = Verifier::new(Default::default(), Limits::default());
    for encoded in [
        "pbkdf2_sha256$marker$salt$hash",
        "pbkdf2_sha256$10$salt$marker",
        "argon2$marker$v=19$m=8,t=1,p=1$salt$hash",
        "bcrypt$$2b$marker$hash",
        "scrypt$16$salt$marker$1$hash",
        "crypt$$marker",
        "md5$salt$marker",
    ] {
        let encoded = EncodedPassword::new(encoded);
        let state = verifier.inspect(&encoded).state;
        let django_password::HashState::Malformed(malformation) = state else {
            panic!("{state:?}");
        };
        let refusal = verifier.cognito_import(&encoded).expect_err("malformed");
        let shown = format!("{malformation} {malformation:?} {refusal} {refusal:?}");
        assert!(!shown.contains("marker"), "{shown}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn passwords_can_be_read_from_json() {
    let password: PlainPassword = serde_json::from_str("\"p\\u00e4ss\\u0000\"").expect("a string");
    assert_eq!(password.expose(), "päss\0");
    let refused: Result<PlainPassword, _> = serde_json::from_str("\"\\ud800\"");
    assert!(refused.is_err(), "a lone surrogate is not text");
}
