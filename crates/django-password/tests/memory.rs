//! Peak memory of a check. Alone in its program, so that nothing else allocates meanwhile.

#![cfg(target_os = "linux")]

use std::fs;

use django_password::{EncodedPassword, HashState, PlainPassword, Verifier};

/// A line of `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with(name))
        .expect("a known line");
    line.split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

#[test]
fn a_check_takes_no_more_memory_than_declared_and_a_tenth() {
    let verifier = Verifier::default();
    let password = PlainPassword::new("password");
    let peak_of = |encoded: &str| {
        let before = status("VmRSS:");
        let verification = verifier.verify(&password, &EncodedPassword::new(encoded));
        assert_eq!(verification.verdict.word(), "mismatch");
        status("VmHWM:") - before
    };
    // Code, threads and the allocator are there once a small hash was checked.
    let small = "argon2$argon2id$v=19$m=512,t=1,p=8$c2FsdHNhbHQ$aGFzaGhhc2g";
    peak_of(small);

    // The refused come first: the peak so far is what they must not raise.
    let before = status("VmHWM:");
    let greedy = "argon2$argon2id$v=19$m=4000000,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
    let greedy = EncodedPassword::new(greedy);
    for _ in 0..1_000 {
        assert_eq!(
            verifier.verify(&password, &greedy).verdict.word(),
            "too-costly"
        );
    }
    assert!(
        status("VmHWM:") - before < 1_024,
        "a refused hash took memory"
    );

    let digest = format!("{}==", "A".repeat(86));
    let scrypt = format!("scrypt$16384$salt$8$5${digest}");
    let argon2 = "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$aGFzaGhhc2g";
    for encoded in [&scrypt, argon2] {
        let state = verifier.inspect(&EncodedPassword::new(encoded)).state;
        let HashState::Verifiable(cost) = state else {
            panic!("{state:?}")
        };
        let peak = peak_of(encoded);
        let declared = cost.memory_kib();
        assert!(
            peak * 10 <= declared * 11,
            "{cost} took {peak} KiB of {declared}"
        );
        if cost.to_string().starts_with("argon2") {
            assert!(
                peak * 10 >= declared * 9,
                "{peak} KiB: the peak was not seen"
            );
        }
    }
}
