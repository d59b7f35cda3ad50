//! Migration is once per person. Before the trigger answers a migrating sign-in it claims the
//! legacy user by one conditional write; when the first tokens are made it confirms the claim with
//! the pool user's `sub`; whoever is confirmed is never migrated again, whatever name is typed and
//! whatever became of the pool user. The importer writes confirmed claims for those it creates.
//!
//! Responsible for claims and for where they are kept (a table of DynamoDB, or a SQLite file), and
//! for signed requests to AWS's services, which the trigger makes without the AWS SDK. Must not know
//! events, pools or the legacy database. A store holds keyed hashes, times and `sub`s alone.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod aws_service;
mod aws_signing;
mod claim;
mod claim_key;
mod claims;
mod dynamo_claims;
mod sqlite_claims;

pub use aws_service::{AwsFault, AwsService, ServiceKind};
pub use aws_signing::{AwsCredentials, SigningScope, sha256_hex};
pub use claim::{CLAIM_HOLDS, Claim, Claimed, ClaimsUnavailable, Confirmed, IN_FLIGHT};
pub use claim_key::ClaimKey;
pub use claims::{Claims, Person};
pub use dynamo_claims::SERVICE as DYNAMODB;
