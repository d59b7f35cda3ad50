//! Any text is checked under tiny limits without panic, and inspect never says otherwise.

#![no_main]

use django_password::{
    CustomHashers, EncodedPassword, HashState, Limits, PlainPassword, Verdict, Verifier,
};
use libfuzzer_sys::fuzz_target;

// The password, a line break, the encoded password.
fuzz_target!(|input: &str| {
    let Some((password, text)) = input.split_once('\n') else { return };
    let limits = Limits::default()
        .with_encoded_bytes(512)
        .with_pbkdf2_iterations(50)
        .with_bcrypt_work_factor(4)
        .with_scrypt_memory_kib(64)
        .with_scrypt_work(1_024)
        .with_argon2_memory_kib(64)
        .with_argon2_time_cost(2)
        .with_argon2_parallelism(4)
        .with_crypt_rounds(1_000);
    let hashers = CustomHashers::default()
        .alias("pinned", "pbkdf2_sha256")
        .and_then(|hashers| hashers.wrapped("wrapped", "argon2", "sha1"))
        .expect("sound declarations");
    let verifier = Verifier::new(hashers, limits);
    let encoded = EncodedPassword::new(text);
    let verification = verifier.verify(&PlainPassword::new(password), &encoded);
    let inspection = verifier.inspect(&encoded);
    assert_eq!(inspection.algorithm, verification.algorithm);
    let agree = matches!(
        (&inspection.state, &verification.verdict),
        (HashState::Verifiable(_), Verdict::Match(_) | Verdict::Mismatch)
            | (HashState::Unusable, Verdict::Unusable)
            | (HashState::Unsupported, Verdict::Unsupported)
            | (HashState::Malformed(_), Verdict::Malformed(_))
            | (HashState::TooCostly(_), Verdict::TooCostly(_))
    );
    assert!(agree, "inspect and verify contradict each other");
});
