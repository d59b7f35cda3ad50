//! The primitives against Python's own libraries, without Django between.

use std::collections::BTreeMap;

use django_password::Verifier;
use serde_json::Value;

use crate::oracle::{Environment, encoded, password, seed, text};

#[test]
fn hashlib_passlib_bcrypt_and_argon2_cffi_agree_on_every_primitive() {
    let seed = seed();
    let arguments = ["--seed", &seed.to_string(), "--cases", "600"].map(String::from);
    let verifier = Verifier::default();
    let mut compared: BTreeMap<String, u32> = BTreeMap::new();
    for line in Environment::Django52.run("primitives.py", &arguments) {
        let verdict = verifier.verify(&password(&line), &encoded(&line)).verdict;
        let expected = if line["right"] == Value::Bool(true) {
            "match"
        } else {
            "mismatch"
        };
        assert_eq!(verdict.word(), expected, "seed {seed}: {line}");
        *compared
            .entry(text(&line["library"]).to_owned())
            .or_default() += 1;
    }
    assert_eq!(compared.len(), 6, "{compared:?}");
    assert!(compared.values().all(|cases| *cases == 100), "{compared:?}");
}
