//! Any text is read without panic, under the default limits and without work.

#![no_main]

use django_password::{CustomHashers, EncodedPassword, Limits, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let hashers = CustomHashers::default()
        .alias("pinned", "pbkdf2_sha256")
        .and_then(|hashers| hashers.wrapped("wrapped", "argon2", "sha1"))
        .expect("sound declarations");
    let verifier = Verifier::new(hashers, Limits::default());
    let encoded = EncodedPassword::new(text);
    let inspection = verifier.inspect(&encoded);
    // A name that is reported stands at the beginning, or is one of the two without a name, or that
    // of a foreign format.
    if let Some(name) = inspection.algorithm {
        let is_foreign = inspection.remedy.is_some();
        assert!(text.starts_with(&name) || name.starts_with("unsalted_") || is_foreign);
    }
    let _ = verifier.cognito_import(&encoded);
});
