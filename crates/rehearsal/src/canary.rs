//! People whose passwords are known, so that a rehearsal can sign in as them. The file is JSON: a
//! list of objects with `login`, `password`, `expect` and optionally `reason`, `legacy_id`,
//! `note`. Passwords stay in their own type and never reach a report.

use std::path::{Path, PathBuf};

use django_password::PlainPassword;
use migration_model::Reason;
use serde::{Deserialize, Serialize};

/// One known login.
#[derive(Debug, Deserialize)]
pub struct Canary {
    /// What is typed.
    pub login: String,
    /// The password that is typed.
    pub password: PlainPassword,
    /// What must happen.
    pub expect: Expectation,
    /// The reason code behind an expected refusal.
    #[serde(default)]
    pub reason: Option<String>,
    /// What must happen when the pool hands the login over in lower case, where that differs.
    #[serde(default)]
    pub expect_lowered: Option<Expectation>,
    /// The reason code behind that refusal.
    #[serde(default)]
    pub reason_lowered: Option<String>,
    /// The legacy user whom a successful sign-in must lead to.
    #[serde(default, deserialize_with = "text_or_number")]
    pub legacy_id: Option<String>,
    /// False for a login that Cognito has no form for, such as one with a space: Django signs them
    /// in, the pool cannot, so they are expected to be refused.
    #[serde(default = "yes")]
    pub fits_cognito: bool,
    /// What this canary is for; shown in the report, so it must name nobody.
    #[serde(default)]
    pub note: Option<String>,
}

/// What must come of a canary's sign-in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// Tokens.
    SignsIn,
    /// The one refusal that everybody gets.
    Refused,
}

/// Why a canary file cannot be used. Never quotes it: it holds passwords.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// The file cannot be read.
    #[error("could not read the canary file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a list of canaries.
    #[error(
        "{}:{line}:{column}: not a list of canaries; each has `login`, `password` and `expect` \
         (\"signs-in\" or \"refused\")",
        path.display()
    )]
    NotCanaries {
        /// The file.
        path: PathBuf,
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
}

/// Reads a canary file.
///
/// # Errors
///
/// When it cannot be read or is no list of canaries; says where.
pub fn read_canaries(path: &Path) -> Result<Vec<Canary>, CanaryError> {
    let text = std::fs::read(path).map_err(|source| CanaryError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|error| CanaryError::NotCanaries {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
    })
}

impl Canary {
    /// What a case-insensitive pool must answer, as the local one is.
    pub fn expected(&self) -> Expectation {
        match self.fits_cognito {
            true => self.expect_lowered.unwrap_or(self.expect),
            false => Expectation::Refused,
        }
    }

    /// The reason code behind an expected refusal by a case-insensitive pool.
    pub fn expected_reason(&self) -> Option<Reason> {
        let lowered = self.expect_lowered.and(self.reason_lowered.as_deref());
        lowered
            .or(self.reason.as_deref())
            .and_then(|code| code.parse().ok())
    }
}

fn yes() -> bool {
    true
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(i64),
        Text(String),
    }
    let id = Option::<Id>::deserialize(deserializer)?.map(|id| match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    });
    // A spreadsheet's empty cell names nobody.
    Ok(id.filter(|id| !id.trim().is_empty()))
}
