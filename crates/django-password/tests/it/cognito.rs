//! What a Cognito user import job could take over. Each hash is real Django's.

use django_password::{
    Caveat, CognitoAlgorithm, CognitoParameter, CustomHashers, EncodedPassword, Limits,
    NotImportable, Quantity, Verifier,
};
use serde_json::json;

use crate::oracle::{Environment, text, workspace};

fn verifier() -> Verifier {
    let hashers = CustomHashers::default()
        .alias("pbkdf2_sha256_pinned", "pbkdf2_sha256")
        .and_then(|hashers| hashers.wrapped("pbkdf2_wrapped_sha1", "pbkdf2_sha256", "sha1"))
        .expect("sound declarations");
    // Tight limits: what Cognito can take over is not a matter of what we would compute.
    Verifier::new(
        hashers,
        Limits::default().with(Quantity::PBKDF2_ITERATIONS, 1),
    )
}

fn imported(encoded: &str) -> (CognitoAlgorithm, String, Option<Caveat>) {
    let hash = verifier()
        .cognito_import(&EncodedPassword::new(encoded))
        .unwrap_or_else(|refusal| panic!("{refusal}: {encoded}"));
    (hash.algorithm(), hash.expose().to_owned(), hash.caveat())
}

fn refused(encoded: &str) -> NotImportable {
    verifier()
        .cognito_import(&EncodedPassword::new(encoded))
        .expect_err(encoded)
}

fn over(parameter: CognitoParameter, value: u64, maximum: u64) -> NotImportable {
    NotImportable::OverMaximum {
        parameter,
        value,
        maximum,
    }
}

// Password `letmein`, made with Django 5.2.19's hashers.
const PBKDF2_HASH: &str = "vAA4GxJ4jjpvL8iUmQMgrx26+hpLV7CwTBLDvRVwhA8=";

#[test]
fn pbkdf2_sha256_becomes_a_modular_crypt_string() {
    let encoded = format!("pbkdf2_sha256$600000$salt${PBKDF2_HASH}");
    let (algorithm, hash, caveat) = imported(&encoded);
    assert_eq!(algorithm, CognitoAlgorithm::Pbkdf2Sha256);
    assert_eq!(algorithm.as_str(), "PBKDF2_SHA256");
    assert_eq!(
        hash,
        "$pbkdf2-sha256$600000$c2FsdA$vAA4GxJ4jjpvL8iUmQMgrx26.hpLV7CwTBLDvRVwhA8"
    );
    assert_eq!(
        caveat,
        Some(Caveat::Base64Alphabet),
        "a `+` in Django's string"
    );

    let without = encoded.replace('+', "x");
    assert_eq!(imported(&without).2, None);
    let pinned = encoded.replace("pbkdf2_sha256", "pbkdf2_sha256_pinned");
    assert_eq!(imported(&pinned).1, hash, "a custom name is the same hash");
}

#[test]
fn pbkdf2_over_600_000_iterations_is_over_the_maximum() {
    for (iterations, django) in [
        (600_001, "one more"),
        (1_000_000, "5.2"),
        (1_500_000, "6.1"),
    ] {
        let encoded = format!("pbkdf2_sha256${iterations}$salt${PBKDF2_HASH}");
        let expected = over(CognitoParameter::Iterations, iterations, 600_000);
        assert_eq!(refused(&encoded), expected, "{django}");
    }
}

#[test]
fn bcrypt_becomes_its_own_string_under_the_common_prefix() {
    let salt_and_hash = "abcdefghijklmnopqrstuuGu8FhXxEcjbv1vM1X6oTOZ0WFIY8p0a";
    for prefix in ["2a", "2b", "2x", "2y"] {
        let (algorithm, hash, caveat) = imported(&format!("bcrypt$${prefix}$12${salt_and_hash}"));
        assert_eq!(algorithm, CognitoAlgorithm::Bcrypt);
        assert_eq!(hash, format!("$2b$12${salt_and_hash}"));
        assert_eq!(caveat, None);
    }
    assert_eq!(
        refused(&format!("bcrypt$$2b$13${salt_and_hash}")),
        over(CognitoParameter::BcryptCost, 13, 12)
    );
}

#[test]
fn bcrypt_sha256_is_never_importable() {
    // It would import as bcrypt and refuse every sign-in.
    let salt_and_hash = "abcdefghijklmnopqrstuuGu8FhXxEcjbv1vM1X6oTOZ0WFIY8p0a";
    for cost in ["04", "12", "13"] {
        let encoded = format!("bcrypt_sha256$$2b${cost}${salt_and_hash}");
        assert_eq!(refused(&encoded), NotImportable::PrehashedBcrypt);
    }
}

#[test]
fn scrypt_is_spelled_in_hexadecimal() {
    let digest = "A".repeat(86) + "==";
    let (algorithm, hash, caveat) = imported(&format!("scrypt$16384$sälz$8$1${digest}"));
    assert_eq!(algorithm, CognitoAlgorithm::Scrypt);
    assert_eq!(hash, format!("16384$8$1$73c3a46c7a${}", "0".repeat(128)));
    assert_eq!(caveat, Some(Caveat::ScryptHashLength));

    let refusal = |n, r, p| refused(&format!("scrypt${n}$salt${r}${p}${digest}"));
    assert_eq!(
        refusal(131_072, 8, 1),
        over(CognitoParameter::ScryptN, 131_072, 65_536)
    );
    assert_eq!(refusal(16_384, 9, 1), over(CognitoParameter::ScryptR, 9, 8));
    assert_eq!(refusal(16_384, 8, 5), over(CognitoParameter::ScryptP, 5, 1));
}

#[test]
fn argon2id_is_taken_within_the_owasp_parameters() {
    let string = "$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA";
    let (algorithm, hash, caveat) = imported(&format!("argon2$argon2id{string}"));
    assert_eq!(algorithm, CognitoAlgorithm::Argon2id);
    assert_eq!(
        hash,
        format!("$argon2id{string}"),
        "commas are for the file's writer to escape"
    );
    assert_eq!(caveat, None);

    assert_eq!(
        refused(&format!("argon2$argon2i{string}")),
        NotImportable::Argon2Variety
    );
    assert_eq!(
        refused(&format!("argon2$argon2d{string}")),
        NotImportable::Argon2Variety
    );
    let old = string.replace("v=19", "v=16");
    assert_eq!(
        refused(&format!("argon2$argon2id{old}")),
        NotImportable::Argon2Version
    );
    let refusal = |parameters: &str| {
        let string = string.replace("m=19456,t=2,p=1", parameters);
        refused(&format!("argon2$argon2id{string}"))
    };
    let over_memory = over(CognitoParameter::Argon2Memory, 102_400, 19_456);
    assert_eq!(
        refusal("m=102400,t=2,p=8"),
        over_memory,
        "Django's own default"
    );
    assert_eq!(
        refusal("m=19456,t=3,p=1"),
        over(CognitoParameter::Argon2Time, 3, 2)
    );
    assert_eq!(
        refusal("m=19456,t=2,p=2"),
        over(CognitoParameter::Argon2Parallelism, 2, 1)
    );
}

#[test]
fn the_rest_is_refused_each_with_its_reason() {
    let md5 = "0".repeat(32);
    let sha1 = "0".repeat(40);
    assert_eq!(refused("!"), NotImportable::Unusable);
    assert_eq!(refused(""), NotImportable::Unusable);
    assert_eq!(refused("other$salt$hash"), NotImportable::Unsupported);
    assert!(matches!(
        refused("pbkdf2_sha256$600000$salt$x"),
        NotImportable::Malformed(_)
    ));
    assert_eq!(refused(&md5), NotImportable::Algorithm);
    assert_eq!(
        refused(&format!("md5$salt${md5}")),
        NotImportable::Algorithm
    );
    assert_eq!(
        refused(&format!("sha1$salt${sha1}")),
        NotImportable::Algorithm
    );
    assert_eq!(refused("crypt$$ab..........."), NotImportable::Algorithm);
    assert_eq!(
        refused(&format!("crypt$$$2b$04${}", ".".repeat(53))),
        NotImportable::Algorithm,
        "bcrypt inside crypt, which no import file needs"
    );
    assert_eq!(
        refused("pbkdf2_sha1$1$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        NotImportable::Algorithm
    );
    assert_eq!(
        refused(&format!("pbkdf2_wrapped_sha1$600000$salt${PBKDF2_HASH}")),
        NotImportable::Wrapped
    );
}

/// Cognito cannot be asked here; passlib reads the same modular crypt format and is.
#[test]
fn passlib_verifies_what_would_be_imported() {
    let document = workspace().join("migrations-fixtures/hashes/vectors/django-5.2.json");
    let document = std::fs::read_to_string(document).expect("the vectors are checked in");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let mut questions = Vec::new();
    for case in document["cases"].as_array().expect("a list of cases") {
        let (Some("pbkdf2_sha256" | "bcrypt" | "argon2"), Some(encoded)) =
            (case["algorithm"].as_str(), case["encoded"].as_str())
        else {
            continue;
        };
        let name = text(&case["name"]);
        let Ok(hash) = Verifier::default().cognito_import(&EncodedPassword::new(encoded)) else {
            continue;
        };
        // passlib refuses what is longer.
        if let Some(password) = document["passwords"][name]
            .as_str()
            .filter(|password| password.len() <= 4_096)
        {
            questions.push(json!({
                "name": name,
                "algorithm": hash.algorithm().as_str(),
                "password": password,
                "hash": hash.expose(),
            }));
        }
    }
    assert!(
        questions.len() > 30,
        "only {} hashes to ask about",
        questions.len()
    );

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("questions.json");
    std::fs::write(&path, json!(questions).to_string()).expect("the folder can be written");
    let arguments = [path.display().to_string()];
    let answers = Environment::Django52.run("passlib_verify.py", &arguments);
    let mut answered = 0;
    for answer in answers {
        assert_eq!(answer["verified"], json!(true), "{answer}");
        answered += 1;
    }
    assert_eq!(answered, questions.len());
}
