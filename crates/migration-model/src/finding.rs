//! What a check found. Checks return all findings and never stop at the first (inspect,
//! preflight and the rehearsal's verdict are made of these).

use serde::Serialize;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Some users will be affected; the move can go on.
    Warning,
    /// The move must not go on like this.
    Blocker,
}

/// One thing a check found: a code, whom it is about, and what to do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable kebab-case code; a reason code where one fits.
    pub code: &'static str,
    /// What it is about: a table, a setting, a count of users. Never a person's data.
    pub subject: String,
    /// What is so, in one sentence.
    pub message: String,
    /// What to do about it, in one sentence.
    pub next_step: String,
}
