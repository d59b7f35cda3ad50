//! Any text is checked under tiny limits without panic, and inspect never says otherwise.

#![no_main]

use django_password::{
    CustomHashers, EncodedPassword, HashState, Limits, PlainPassword, Quantity, Verdict, Verifier,
};
use libfuzzer_sys::fuzz_target;

// The password, a line break, the encoded password.
fuzz_target!(|input: &str| {
    let Some((password, text)) = input.split_once('\n') else { return };
    let limits = Limits::default()
        .with(Quantity::ENCODED_BYTES, 512)
        .with(Quantity::PBKDF2_ITERATIONS, 50)
        .with(Quantity::BCRYPT_WORK_FACTOR, 4)
        .with(Quantity::SCRYPT_MEMORY_KIB, 64)
        .with(Quantity::SCRYPT_WORK, 1_024)
        .with(Quantity::ARGON2_MEMORY_KIB, 64)
        .with(Quantity::ARGON2_TIME_COST, 2)
        .with(Quantity::ARGON2_PARALLELISM, 4)
        .with(Quantity::CRYPT_ROUNDS, 1_000)
        .with(Quantity::PBKDF2_SHA512_ITERATIONS, 50)
        .with(Quantity::PHPASS_ROUNDS, 256)
        .with(Quantity::DRUPAL_ROUNDS, 256)
        .with(Quantity::SHA1_CRYPT_ROUNDS, 100)
        .with(Quantity::SUN_MD5_ROUNDS, 4_200)
        .with(Quantity::FSHP_ROUNDS, 100);
    let hashers = CustomHashers::default()
        .alias("pinned", "pbkdf2_sha256")
        .and_then(|hashers| hashers.wrapped("wrapped", "argon2", "sha1"))
        .and_then(|hashers| hashers.alias("", "bare"))
        .and_then(|hashers| hashers.alias("drupal_sha512", "drupal7"))
        .and_then(|hashers| hashers.alias("nthash", "passlib:nthash"))
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
