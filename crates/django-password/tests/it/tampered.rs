//! Every format's hashes with characters changed, cut and doubled at random: read and checked without
//! panic, and never for more work than the limits allow. Seeded; a failure says how to see it again.

use std::time::Duration;

use django_password::{
    CustomHashers, EncodedPassword, HashState, Limits, PlainPassword, Quantity, Speed, Verdict,
    Verifier,
};
use serde_json::Value;

use crate::oracle::{seed, workspace};

/// Changed lines; under tiny limits that is a second or two.
const LINES: u32 = 30_000;

/// A linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }
}

/// Every hash of every format in the vectors.
fn hashes() -> Vec<(String, String, String)> {
    let folder = workspace().join("migrations-fixtures/hashes/vectors");
    let mut hashes = Vec::new();
    for name in ["foreign", "django-1.3", "django-4.2", "django-6.1"] {
        let document = std::fs::read_to_string(folder.join(format!("{name}.json")));
        let document: Value =
            serde_json::from_str(&document.expect("the vectors are checked in")).expect("JSON");
        for case in document["cases"].as_array().expect("a list of cases") {
            if let Some(encoded) = case["encoded"].as_str() {
                let declared = case["declared"].as_str().unwrap_or("pinned");
                let target = case["target"].as_str().unwrap_or("pbkdf2_sha256");
                hashes.push((declared.to_owned(), target.to_owned(), encoded.to_owned()));
            }
        }
    }
    hashes
}

fn tampered(random: &mut Random, encoded: &str, other: &str) -> String {
    let mut characters: Vec<char> = encoded.chars().collect();
    for _ in 0..random.below(4) {
        let at = random.below(characters.len().saturating_add(1));
        let odd = [
            '$', '9', '0', '\0', 'ß', '=', '{', ':', ',', '!', '.', '\n', '𝕏', 'z', '*', '_',
        ];
        let odd = odd[random.below(odd.len())];
        match random.below(6) {
            0 if at < characters.len() => characters[at] = odd,
            1 => characters.insert(at, odd),
            2 if at < characters.len() => {
                characters.remove(at);
            }
            3 => characters.truncate(at),
            4 => {
                let tail: Vec<char> = characters[at..].to_vec();
                characters.extend(tail);
            }
            _ => characters
                .splice(at.., other.chars().skip(at))
                .for_each(drop),
        }
    }
    characters.into_iter().collect()
}

fn tiny() -> Limits {
    Limits::default()
        .with(Quantity::PBKDF2_ITERATIONS, 50)
        .with(Quantity::PBKDF2_SHA512_ITERATIONS, 50)
        .with(Quantity::BCRYPT_WORK_FACTOR, 4)
        .with(Quantity::SCRYPT_MEMORY_KIB, 64)
        .with(Quantity::SCRYPT_WORK, 1_024)
        .with(Quantity::ARGON2_MEMORY_KIB, 64)
        .with(Quantity::ARGON2_TIME_COST, 2)
        .with(Quantity::ARGON2_PARALLELISM, 4)
        .with(Quantity::CRYPT_ROUNDS, 1_000)
        .with(Quantity::PHPASS_ROUNDS, 256)
        .with(Quantity::DRUPAL_ROUNDS, 256)
        .with(Quantity::SHA1_CRYPT_ROUNDS, 100)
        .with(Quantity::FSHP_ROUNDS, 100)
        .with(Quantity::SUN_MD5_ROUNDS, 4_200)
}

#[test]
#[expect(clippy::print_stderr, reason = "the seed of a failure must be seen")]
fn changed_hashes_are_read_and_checked_within_the_limits() {
    let seed = seed();
    eprintln!("to see these lines again, set CUTOVER_TEST_SEED={seed}");
    let mut random = Random(seed);
    let hashes = hashes();
    let password = PlainPassword::new("correct horse");
    let (mut computed, mut refused) = (0, 0);
    for _ in 0..LINES {
        let (name, target, encoded) = &hashes[random.below(hashes.len())];
        let (_, _, other) = &hashes[random.below(hashes.len())];
        let line = tampered(&mut random, encoded, other);
        let hashers = match random.below(3) {
            0 => CustomHashers::default(),
            1 => CustomHashers::default().alias("", "bare").expect("sound"),
            _ => CustomHashers::default().alias(name, target).expect("sound"),
        };
        let encoded = EncodedPassword::new(line.as_str());

        // Under the limits that everybody has, no work but what they admit.
        let usual = Verifier::new(hashers.clone(), Limits::default());
        if let HashState::Verifiable(cost) = usual.inspect(&encoded).state {
            let estimate = Speed::of_this_machine().estimate(&cost);
            assert!(estimate < Duration::from_secs(60), "seed {seed}: {cost}");
            assert!(cost.memory_kib() <= 512 * 1024, "seed {seed}: {cost}");
        }
        let _ = usual.cognito_import(&encoded);

        // Under tiny ones the work is done, too.
        let verifier = Verifier::new(hashers, tiny());
        let inspection = verifier.inspect(&encoded);
        let verification = verifier.verify(&password, &encoded);
        assert_eq!(
            inspection.algorithm, verification.algorithm,
            "seed {seed}: {line:?}"
        );
        let agree = matches!(
            (&inspection.state, &verification.verdict),
            (
                HashState::Verifiable(_),
                Verdict::Match(_) | Verdict::Mismatch
            ) | (HashState::Unusable, Verdict::Unusable)
                | (HashState::Unsupported, Verdict::Unsupported)
                | (HashState::Malformed(_), Verdict::Malformed(_))
                | (HashState::TooCostly(_), Verdict::TooCostly(_))
        );
        assert!(
            agree,
            "seed {seed}: {inspection:?} and {verification:?} for {line:?}"
        );
        match verification.verdict {
            Verdict::Match(_) | Verdict::Mismatch => computed += 1,
            _ => refused += 1,
        }
        if let HashState::Verifiable(cost) = inspection.state {
            verifier.spend(&password, &cost);
        }
    }
    assert!(computed > LINES / 20, "only {computed} were checked");
    assert!(refused > LINES / 20, "only {refused} were refused");
}
