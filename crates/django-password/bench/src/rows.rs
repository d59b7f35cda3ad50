//! What is measured beside what.

use std::hint::black_box;
use std::num::NonZeroU32;

use django_password::{EncodedPassword, PlainPassword, Verifier};

use crate::contender::Contender;
use crate::python::Python;

/// One table: the same work by several. Ours comes first.
pub struct Row {
    pub title: &'static str,
    pub contenders: Vec<Contender>,
}

const PASSWORD: &str = "a password of some length";
const SALT: &[u8] = b"aSaltOf22CharactersXyz";
const MILLION: u32 = 1_000_000;

/// What runs on one core whoever computes it.
pub fn one_core(python: &Python) -> Vec<Row> {
    vec![pbkdf2_sha256(python), pbkdf2_sha1(python), bcrypt(python)]
}

/// What has lanes that a second core can take. Run also on one core, for comparison.
pub fn all_cores(python: &Python) -> Vec<Row> {
    vec![argon2(python), scrypt(python)]
}

fn ours(name: &'static str, encoded: &str) -> Contender {
    let verifier = Verifier::default();
    let password = PlainPassword::new(PASSWORD);
    let encoded = EncodedPassword::new(encoded);
    Contender::native(name, move || {
        assert!(verifier.verify(&password, &encoded).verdict.is_match());
    })
}

fn djangohashers(encoded: &str) -> Contender {
    let encoded = encoded.to_owned();
    Contender::native("djangohashers 1.8.4", move || {
        // Not asserted: it refuses every real argon2id hash, after the work.
        let _ = black_box(djangohashers::check_password(PASSWORD, &encoded));
    })
}

fn pbkdf2_sha256(python: &Python) -> Row {
    let encoded = python.encode(PASSWORD, "pbkdf2_sha256");
    let contenders = vec![
        ours("django-password", &encoded),
        Contender::native("floor: 2,000,000 dependent compressions", || {
            let block = [black_box(0x5a); 64];
            let mut state = [black_box(1); 8];
            for _ in 0..2 * MILLION {
                sha2::block_api::compress256(&mut state, std::slice::from_ref(&block));
            }
            black_box(state);
        }),
        Contender::native("RustCrypto pbkdf2 0.13", || {
            let mut output = [0; 32];
            let password = black_box(PASSWORD.as_bytes());
            pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, SALT, MILLION, &mut output);
            black_box(output);
        }),
        Contender::native("ring 0.17", || {
            let mut output = [0; 32];
            ring::pbkdf2::derive(
                ring::pbkdf2::PBKDF2_HMAC_SHA256,
                NonZeroU32::new(MILLION).expect("not zero"),
                SALT,
                black_box(PASSWORD.as_bytes()),
                &mut output,
            );
            black_box(output);
        }),
        Contender::native("aws-lc-rs 1.19", || {
            let mut output = [0; 32];
            aws_lc_rs::pbkdf2::derive(
                aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256,
                NonZeroU32::new(MILLION).expect("not zero"),
                SALT,
                black_box(PASSWORD.as_bytes()),
                &mut output,
            );
            black_box(output);
        }),
        djangohashers(&encoded),
        python.check_password("Django 5.2 (OpenSSL)", PASSWORD, &encoded),
    ];
    Row {
        title: "pbkdf2_sha256, 1,000,000 iterations",
        contenders,
    }
}

fn pbkdf2_sha1(python: &Python) -> Row {
    let encoded = python.encode(PASSWORD, "pbkdf2_sha1");
    let contenders = vec![
        ours("django-password", &encoded),
        Contender::native("floor: 2,000,000 dependent compressions", || {
            let block = [black_box(0x5a); 64];
            let mut state = [black_box(1); 5];
            for _ in 0..2 * MILLION {
                sha1::block_api::compress(&mut state, std::slice::from_ref(&block));
            }
            black_box(state);
        }),
        Contender::native("RustCrypto pbkdf2 0.13", || {
            let mut output = [0; 20];
            let password = black_box(PASSWORD.as_bytes());
            pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password, SALT, MILLION, &mut output);
            black_box(output);
        }),
        Contender::native("ring 0.17", || {
            let mut output = [0; 20];
            ring::pbkdf2::derive(
                ring::pbkdf2::PBKDF2_HMAC_SHA1,
                NonZeroU32::new(MILLION).expect("not zero"),
                SALT,
                black_box(PASSWORD.as_bytes()),
                &mut output,
            );
            black_box(output);
        }),
        Contender::native("aws-lc-rs 1.19", || {
            let mut output = [0; 20];
            aws_lc_rs::pbkdf2::derive(
                aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA1,
                NonZeroU32::new(MILLION).expect("not zero"),
                SALT,
                black_box(PASSWORD.as_bytes()),
                &mut output,
            );
            black_box(output);
        }),
        djangohashers(&encoded),
        python.check_password("Django 5.2 (OpenSSL)", PASSWORD, &encoded),
    ];
    Row {
        title: "pbkdf2_sha1, 1,000,000 iterations",
        contenders,
    }
}

fn bcrypt(python: &Python) -> Row {
    let encoded = python.encode(PASSWORD, "bcrypt");
    let contenders = vec![
        ours("django-password", &encoded),
        djangohashers(&encoded),
        python.primitive("Python's bcrypt", "python-bcrypt"),
        python.check_password("Django 5.2", PASSWORD, &encoded),
    ];
    Row {
        title: "bcrypt, work factor 12",
        contenders,
    }
}

fn argon2(python: &Python) -> Row {
    let encoded = python.encode(PASSWORD, "argon2");
    let contenders = vec![
        ours("django-password", &encoded),
        Contender::native("RustCrypto argon2 0.6, with rayon", || {
            let params = argon2::Params::new(102_400, 2, 8, None).expect("sound parameters");
            let argon2 =
                argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
            let mut output = [0; 32];
            argon2
                .hash_password_into(black_box(PASSWORD.as_bytes()), SALT, &mut output)
                .expect("sound input");
            black_box(output);
        }),
        djangohashers(&encoded),
        python.primitive("argon2-cffi", "argon2-cffi"),
        python.check_password("Django 5.2 (argon2-cffi)", PASSWORD, &encoded),
    ];
    Row {
        title: "argon2id, m=102400, t=2, p=8",
        contenders,
    }
}

fn scrypt(python: &Python) -> Row {
    let encoded = python.encode(PASSWORD, "scrypt");
    let contenders = vec![
        ours("django-password", &encoded),
        djangohashers(&encoded),
        python.primitive("OpenSSL (hashlib)", "openssl-scrypt"),
        python.check_password("Django 5.2 (OpenSSL)", PASSWORD, &encoded),
    ];
    Row {
        title: "scrypt, N=16384, r=8, p=5",
        contenders,
    }
}
