#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod algorithm;
mod cognito;
mod cost;
mod custom_hashers;
mod decimal;
mod encoded_password;
mod hashers;
mod limits;
mod malformation;
mod parsed_hash;
mod plain_password;
mod speed;
mod verdict;
mod verifier;

pub use cognito::{Caveat, CognitoAlgorithm, CognitoHash, CognitoParameter, NotImportable};
pub use cost::{Cost, Pbkdf2Digest, ShaCryptDigest};
pub use custom_hashers::{CustomHasherError, CustomHashers};
pub use encoded_password::EncodedPassword;
pub use limits::{ExceededLimit, Limits, Quantity};
pub use malformation::{Fault, Field, Malformation};
pub use plain_password::PlainPassword;
pub use speed::Speed;
pub use verdict::{HashState, Inspection, PasswordMatch, Verdict, Verification};
pub use verifier::Verifier;
