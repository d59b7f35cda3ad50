//! CSV import jobs: their states, the file's dialect, its rows, and imported password hashes.
//!
//! Source for all of it: guide page cognito-user-pools-using-import-tool; `UserImportJobType` of
//! the API model. What the page leaves open is said where it is decided.

pub(crate) mod csv;
pub(crate) mod job;
pub(crate) mod password_hash;
pub(crate) mod row;
pub(crate) mod run;
