//! Two findings about the only other crate for Django's hashes, djangohashers 1.8.4, kept as tests
//! of this one: it refuses every argon2id hash that real Django makes (it computes argon2i), and
//! panics on malformed argon2 and scrypt strings.

use django_password::{EncodedPassword, PlainPassword, Verifier};

fn word(password: &str, encoded: &str) -> &'static str {
    let verification = Verifier::default().verify(
        &PlainPassword::new(password),
        &EncodedPassword::new(encoded),
    );
    verification.verdict.word()
}

#[test]
fn argon2id_hashes_of_real_django_are_accepted() {
    // Made by Django 5.2.19 with argon2-cffi 25.1.0; the last salt has `+` in its base64, one hash
    // has `/`.
    for encoded in [
        "argon2$argon2id$v=19$m=102400,t=2,p=8$YUIzZEVmNmhJajlsTW4ycFFyNXRVdg\
         $Wu1n0l/1CR1L77J8PbzyFZBhpB7dK99BpVbWPkYjQ44",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZSBvdGhlciBzYWx0LCAyMiBjaA\
         $q9UOCwMXD0WeShP1HxjjYeJ6I78EK1TdE57mqRQTAdg",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$fn5+fn5+fn5+fsO/w7/Dv8O/Pj4+Pj8/Pz8\
         $x59073VxmXxFjJECWm5rxIp0fVPM9fz/RZlM8+8mido",
    ] {
        assert_eq!(word("letmein", encoded), "match");
        assert_eq!(word("Letmein", encoded), "mismatch");
    }
}

#[test]
fn malformed_argon2_strings_are_a_verdict_and_no_panic() {
    for encoded in [
        "argon2$",
        "argon2$argon2id",
        "argon2$argon2id$v=19$m=x,t=2,p=8$c2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=19$m=,t=,p=$c2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=19$t=2,m=512,p=2$c2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=19$m=512,t=2$c2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=nineteen$m=512,t=2,p=2$c2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=19$m=512,t=2,p=2$+/not base64$aGFzaGhhc2g",
        "argon2$argon2id$v=19$m=512,t=2,p=2$c2FsdHNhbHQ$",
        "argon2$argon2id$v=19$m=512,t=0,p=2$c2FsdHNhbHQ$aGFzaGhhc2g",
        "argon2$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
    ] {
        assert_eq!(word("letmein", encoded), "malformed", "{encoded}");
    }
}

#[test]
fn malformed_scrypt_strings_are_a_verdict_and_no_panic() {
    let hash = format!("{}==", "A".repeat(86));
    for encoded in [
        "scrypt$".to_owned(),
        "scrypt$16384$salt".to_owned(),
        format!("scrypt$many$salt$8$1${hash}"),
        format!("scrypt$16383$salt$8$1${hash}"),
        format!("scrypt$0$salt$8$1${hash}"),
        format!("scrypt$1$salt$8$1${hash}"),
        format!("scrypt$16384$salt$0$1${hash}"),
        format!("scrypt$16384$salt$8$0${hash}"),
        format!("scrypt$16384$salt$8$1${hash}$"),
        format!("scrypt$65536$salt$1$1${hash}"),
        "scrypt$16384$salt$8$1$not base64".to_owned(),
        "scrypt$16384$salt$8$1$AAAA".to_owned(),
    ] {
        assert_eq!(word("letmein", &encoded), "malformed", "{encoded}");
    }
}

#[test]
fn zero_pbkdf2_iterations_are_a_verdict_and_no_panic() {
    let hash = format!("{}=", "A".repeat(43));
    assert_eq!(
        word("letmein", &format!("pbkdf2_sha256$0$salt${hash}")),
        "malformed"
    );
}
