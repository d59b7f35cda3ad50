//! Tokens: what they claim, how they are signed, and how they are read back.
//!
//! Source: guide pages amazon-cognito-user-pools-using-the-id-token,
//! …-using-the-access-token, …-using-the-refresh-token and …-verifying-a-jwt.

pub(crate) mod claims;
pub(crate) mod customization;
pub(crate) mod keys;
pub(crate) mod refresh;

pub(crate) use self::claims::{AccessClaims, SignIn, TokenClaims};
