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

mod cognito;
mod cost;
mod custom_hashers;
mod decimal;
mod declaration;
mod encoded_password;
mod format;
mod hashers;
mod limits;
mod malformation;
mod parsed_hash;
mod pepper;
mod plain_password;
mod speed;
mod verdict;
mod verifier;
mod work;

pub use cognito::{Caveat, CognitoAlgorithm, CognitoHash, CognitoParameter, NotImportable};
pub use cost::Cost;
pub use custom_hashers::{CustomHasherError, CustomHashers};
pub use declaration::Declaration;
pub use encoded_password::EncodedPassword;
pub use limits::{ExceededLimit, Limits, Quantity};
pub use malformation::{Fault, Field, Malformation};
pub use pepper::{Pepper, PepperError};
pub use plain_password::PlainPassword;
pub use speed::Speed;
pub use verdict::{HashState, Inspection, PasswordMatch, Verdict, Verification};
pub use verifier::Verifier;
