//! Strings that somebody put into the column to hurt whoever checks them, one test an attack.
//!
//! Each test ends at once or takes the process down; none looks at a clock.

use django_password::{
    Cost, CustomHasherError, CustomHashers, EncodedPassword, HashState, Limits, PlainPassword,
    Quantity, Verdict, Verifier,
};

fn verdict(encoded: &str) -> Verdict {
    let verifier = Verifier::default();
    let encoded = EncodedPassword::new(encoded);
    let verification = verifier.verify(&PlainPassword::new("password"), &encoded);
    let inspection = verifier.inspect(&encoded);
    assert_eq!(inspection.algorithm, verification.algorithm);
    verification.verdict
}

fn exceeded(encoded: &str) -> Quantity {
    match verdict(encoded) {
        Verdict::TooCostly(limit) => {
            assert!(limit.declared > limit.limit, "{limit}");
            limit.quantity
        }
        other => panic!("{} for {encoded:.80}", other.word()),
    }
}

fn base64(bytes: usize) -> String {
    // Zeros, with the padding that length has.
    let characters = (bytes * 8).div_ceil(6);
    format!(
        "{}{}",
        "A".repeat(characters),
        "=".repeat((4 - characters % 4) % 4)
    )
}

fn pbkdf2(iterations: &str) -> String {
    format!("pbkdf2_sha256${iterations}$salt${}", base64(32))
}

#[test]
fn a_row_that_asks_for_hours_of_pbkdf2() {
    for iterations in [
        "50000001",
        "100000000",
        "2147483647",
        "4294967295",
        "4294967296",
    ] {
        assert_eq!(exceeded(&pbkdf2(iterations)), Quantity::PBKDF2_ITERATIONS);
    }
    let sha1 = format!("pbkdf2_sha1$2147483647$salt${}", base64(20));
    assert_eq!(exceeded(&sha1), Quantity::PBKDF2_ITERATIONS);
}

#[test]
fn a_number_too_long_for_any_integer() {
    assert_eq!(
        exceeded(&pbkdf2(&"9".repeat(300))),
        Quantity::PBKDF2_ITERATIONS
    );
    // Just over the 64 bits, where a wrapped number would be small.
    assert_eq!(
        exceeded(&pbkdf2("18446744073709551617")),
        Quantity::PBKDF2_ITERATIONS
    );
}

#[test]
fn an_argon2_hash_that_asks_for_all_memory() {
    let argon2 =
        |parameters: &str| format!("argon2$argon2id$v=19${parameters}$c2FsdHNhbHQ$aGFzaGhhc2g");
    assert_eq!(
        exceeded(&argon2("m=4294967295,t=1,p=1")),
        Quantity::ARGON2_MEMORY_KIB
    );
    assert_eq!(
        exceeded(&argon2("m=1048576,t=1,p=1")),
        Quantity::ARGON2_MEMORY_KIB
    );
    assert_eq!(
        exceeded(&argon2("m=8,t=4294967295,p=1")),
        Quantity::ARGON2_TIME_COST
    );
    assert_eq!(
        exceeded(&argon2("m=134217720,t=1,p=16777215")),
        Quantity::ARGON2_MEMORY_KIB
    );
    assert_eq!(
        exceeded(&argon2("m=4096,t=1,p=512")),
        Quantity::ARGON2_PARALLELISM
    );
    assert_eq!(
        exceeded(&argon2("m=524288,t=17,p=1")),
        Quantity::ARGON2_WORK_KIB
    );
}

#[test]
fn a_scrypt_hash_that_asks_for_all_memory() {
    let scrypt = |n: &str, r: &str, p: &str| format!("scrypt${n}$salt${r}${p}${}", base64(64));
    assert_eq!(
        exceeded(&scrypt("1099511627776", "8", "1")),
        Quantity::SCRYPT_MEMORY_KIB
    );
    assert_eq!(
        exceeded(&scrypt("9223372036854775808", "8", "1")),
        Quantity::SCRYPT_MEMORY_KIB
    );
    assert_eq!(
        exceeded(&scrypt("2", "1073741823", "1")),
        Quantity::SCRYPT_MEMORY_KIB
    );
    assert_eq!(
        exceeded(&scrypt("2", "1", "1073741823")),
        Quantity::SCRYPT_WORK
    );
    assert_eq!(
        exceeded(&scrypt(&"9".repeat(40), "8", "1")),
        Quantity::SCRYPT_MEMORY_KIB
    );
}

#[test]
fn a_bcrypt_work_factor_of_days() {
    let bcrypt = |factor: &str| format!("bcrypt$$2b${factor}${}", ".".repeat(53));
    assert_eq!(exceeded(&bcrypt("17")), Quantity::BCRYPT_WORK_FACTOR);
    assert_eq!(exceeded(&bcrypt("31")), Quantity::BCRYPT_WORK_FACTOR);
    assert_eq!(verdict(&bcrypt("32")).word(), "malformed");
    assert_eq!(verdict(&bcrypt("99")).word(), "malformed");
}

#[test]
fn crypt_rounds_of_minutes() {
    let sha512 = format!("crypt$$$6$rounds=999999999$salt${}", ".".repeat(86));
    assert_eq!(exceeded(&sha512), Quantity::CRYPT_ROUNDS);
    assert_eq!(
        exceeded("crypt$$_zzzzsalt..........."),
        Quantity::CRYPT_ROUNDS
    );
}

#[test]
fn a_column_of_ten_megabytes() {
    let long = "x".repeat(10_000_000);
    let salted = format!("pbkdf2_sha256$1${long}${}", base64(32));
    assert_eq!(exceeded(&salted), Quantity::ENCODED_BYTES);
    let argon2 = format!("argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ${long}");
    assert!(matches!(
        verdict(&argon2).word(),
        "too-costly" | "malformed"
    ));
    assert_eq!(verdict(&long).word(), "malformed");
    assert_eq!(verdict(&format!("{long}$x")).word(), "unsupported");
    assert_eq!(verdict(&"$".repeat(10_000_000)).word(), "malformed");
    assert_eq!(
        verdict(&format!("scrypt${}", "$".repeat(10_000_000))).word(),
        "malformed"
    );
}

#[test]
fn a_nul_that_ends_the_string_for_c_code() {
    // Django hands argon2 to a C library, which stops reading there; the others compare it all.
    let sound = "argon2$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$";
    assert_eq!(
        verdict(&format!("{sound}aGFzaGhhc2g\0and more")).word(),
        "mismatch"
    );
    assert_eq!(
        verdict(&format!("{sound}aGFz\0aGhhc2g")).word(),
        "malformed"
    );
    assert_eq!(verdict(&format!("{}\0", pbkdf2("1"))).word(), "malformed");
    assert_eq!(verdict("\0").word(), "malformed");
}

#[test]
fn zero_of_everything() {
    assert_eq!(verdict(&pbkdf2("0")).word(), "malformed");
    assert_eq!(
        verdict(&format!("scrypt$0$salt$0$0${}", base64(64))).word(),
        "malformed"
    );
    let argon2 = "argon2$argon2id$v=0$m=0,t=0,p=0$c2FsdHNhbHQ$aGFzaGhhc2g";
    assert_eq!(verdict(argon2).word(), "malformed");
    assert_eq!(
        verdict(&format!("bcrypt$$2b$00${}", ".".repeat(53))).word(),
        "malformed"
    );
    assert_eq!(verdict("crypt$$_....salt...........").word(), "malformed");
    assert_eq!(
        verdict(&format!("crypt$$$6$rounds=0$s${}", ".".repeat(86))).word(),
        "malformed"
    );
}

#[test]
fn multi_byte_characters_where_the_parser_cuts() {
    // bcrypt's salt ends at byte 22, DES's at byte 2: both in the middle of a character here.
    let bcrypt = format!("bcrypt$$2b$04${}ß{}", ".".repeat(21), ".".repeat(31));
    assert_eq!(verdict(&bcrypt).word(), "malformed");
    assert_eq!(verdict("crypt$$aß...........").word(), "malformed");
    assert_eq!(verdict("crypt$$_...ß...........").word(), "malformed");
    // 32 characters and 37 characters are counted as Python does.
    let characters = "ß".repeat(32);
    assert_eq!(verdict(&characters).word(), "malformed");
    let inspection = Verifier::default().inspect(&EncodedPassword::new(characters));
    assert_eq!(inspection.algorithm.as_deref(), Some("unsalted_md5"));
}

#[test]
fn nothing_and_marks_for_nothing() {
    for encoded in [
        "",
        "!",
        "!!",
        "!pbkdf2_sha256$1$salt$hash",
        "!32 characters, counted with this",
    ] {
        assert_eq!(verdict(encoded).word(), "unusable", "{encoded:?}");
    }
    let null = EncodedPassword::from_column(None::<String>);
    let verification = Verifier::default().verify(&PlainPassword::new(""), &null);
    assert_eq!(verification.verdict.word(), "unusable");
    assert_eq!(verification.algorithm, None);
}

#[test]
fn a_password_of_a_megabyte() {
    let password = PlainPassword::new("p".repeat(1 << 20));
    let verifier = Verifier::default();
    for encoded in [
        pbkdf2("1000"),
        format!("scrypt$16$salt$8$1${}", base64(64)),
        "argon2$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".to_owned(),
        format!("bcrypt$$2b$04${}", ".".repeat(53)),
        format!("bcrypt_sha256$$2b$04${}", ".".repeat(53)),
        format!("crypt$$$6$salt${}", ".".repeat(86)),
        "crypt$$ab...........".to_owned(),
        "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
    ] {
        let verification = verifier.verify(&password, &EncodedPassword::new(encoded.as_str()));
        assert_eq!(verification.verdict.word(), "mismatch", "{encoded}");
    }
}

#[test]
fn the_heaviest_hash_of_the_next_ten_years_is_still_checked() {
    // Twice a year's growth of Django's iterations for ten years, from 6.1's 1,500,000.
    let state = |encoded: &str| {
        Verifier::default()
            .inspect(&EncodedPassword::new(encoded))
            .state
    };
    let iterations = 24_000_000;
    assert_eq!(
        state(&pbkdf2(&iterations.to_string())),
        HashState::Verifiable(Cost::pbkdf2_sha256(iterations))
    );
    let argon2 = "argon2$argon2id$v=19$m=409600,t=4,p=16$c2FsdHNhbHQ$aGFzaGhhc2g";
    assert!(matches!(
        state(argon2),
        HashState::Verifiable(cost) if cost.to_string().starts_with("argon2")
    ));
    let scrypt = format!("scrypt$131072$salt$8$5${}", base64(64));
    assert!(matches!(
        state(&scrypt),
        HashState::Verifiable(cost) if cost.to_string().starts_with("scrypt")
    ));
    let bcrypt = format!("bcrypt$$2b$16${}", ".".repeat(53));
    assert!(matches!(
        state(&bcrypt),
        HashState::Verifiable(cost) if cost.to_string().starts_with("bcrypt")
    ));
}

#[test]
fn limits_can_be_tightened_one_by_one() {
    let state = |limits: Limits, encoded: &str| {
        Verifier::new(CustomHashers::default(), limits)
            .inspect(&EncodedPassword::new(encoded))
            .state
    };
    let limits = Limits::default().with(Quantity::PBKDF2_ITERATIONS, 1_000);
    assert!(matches!(
        state(limits.clone(), &pbkdf2("1000")),
        HashState::Verifiable(_)
    ));
    assert!(matches!(
        state(limits, &pbkdf2("1001")),
        HashState::TooCostly(_)
    ));
    // Raising it beyond what OpenSSL can count does not let a saturated number through.
    let limits = Limits::default().with(Quantity::PBKDF2_ITERATIONS, u64::from(u32::MAX));
    assert!(matches!(
        state(limits, &pbkdf2(&"9".repeat(30))),
        HashState::TooCostly(_)
    ));
}

#[test]
fn spending_does_no_work_that_verifying_would_refuse() {
    let verifier = Verifier::default();
    let password = PlainPassword::new("password");
    // Each would take hours or all memory.
    verifier.spend(&password, &Cost::pbkdf2_sha256(u32::MAX));
    verifier.spend(&password, &Cost::argon2(u32::MAX, 9, 1));
    verifier.spend(&password, &Cost::scrypt(1 << 60, 8, 1));
    verifier.spend(&password, &Cost::bcrypt(40));
    // And what makes no sense does nothing.
    verifier.spend(&password, &Cost::bcrypt(0));
    verifier.spend(&password, &Cost::argon2(0, 0, 0));
    verifier.spend(&password, &Cost::scrypt(0, 0, 0));
    verifier.spend(&password, &Cost::scrypt(3, 1, 1));
}

#[test]
fn custom_hashers_that_cannot_be_right_are_refused_by_name() {
    let alias = |name, target| CustomHashers::default().alias(name, target);
    let wrapped = |name, outer, inner| CustomHashers::default().wrapped(name, outer, inner);
    let refusals = [
        alias("", "pbkdf2_sha256"),
        alias("a$b", "pbkdf2_sha256"),
        alias("!a", "pbkdf2_sha256"),
        alias("md5", "sha1"),
        alias("mine", "pbkdf2_sha512"),
        alias("mine", "unsalted_md5"),
        alias("mine", "md5").and_then(|hashers| hashers.alias("mine", "sha1")),
        wrapped("mine", "pbkdf2_sha256", "pbkdf2_sha1"),
        wrapped("mine", "md5", "sha1"),
        wrapped("mine", "bcrypt", "sha1"),
        wrapped("mine", "nothing", "sha1"),
    ];
    for refusal in refusals {
        let error: CustomHasherError = refusal.expect_err("cannot be right");
        let message = error.to_string();
        assert!(
            message.starts_with('`'),
            "names the declaration first: {message}"
        );
    }
}
