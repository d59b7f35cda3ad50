//! What a rehearsal leaves behind, as plain values: report.json is this, report.html shows it.
//! Made for sharing: no login, e-mail, hash or password has a place in it.

use chrono::{DateTime, Utc};
use migration_model::{Finding, PoolSignIn, Severity};
use rehearsal_pool::{BeliefCount, NEVER_ON_AWS};
use serde::Serialize;

use crate::canary::Expectation;
use crate::census::Census;
use crate::forecast::Forecast;
use crate::go_criterion::GoCriterion;
use crate::shadow::ShadowReport;

/// The form of report.json; raised when a reader of the old form would be misled.
pub(crate) const REPORT_FORMAT: u32 = 2;

/// A whole rehearsal.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The form of report.json, now 2.
    pub format: u32,
    /// This program's version.
    pub version: &'static str,
    /// When it began, UTC.
    pub started: DateTime<Utc>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// SHA-256 of all settings that decide who may sign in and what becomes of them.
    pub config_digest: String,
    /// `sqlite`, `postgres` or `mysql`.
    pub engine: &'static str,
    /// How people sign in at the pool.
    pub sign_in: PoolSignIn,
    /// Go or no-go.
    pub verdict: Verdict,
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// Everything worth knowing, worst first.
    pub findings: Vec<Finding>,
    /// The legacy database.
    pub census: Census,
    /// The team's criteria for a go, where it has set any.
    pub criteria: Vec<GoCriterion>,
    /// Real sign-ins that the shadow has judged before, where it ran.
    pub shadow: Option<ShadowReport>,
    /// Sign-ins of canaries through the trigger.
    pub sign_ins: Vec<SignIn>,
    /// Sign-ins of canaries whom import jobs took with their hash.
    pub imported_sign_ins: Vec<SignIn>,
    /// Who will have come by in which week, were the window open from now on.
    pub forecast: Forecast,
    /// Forgotten passwords, before and after the import.
    pub resets: Vec<Reset>,
    /// The bulk import.
    pub import: Import,
    /// Both sides compared afterwards.
    pub comparison: Comparison,
    /// The trigger's runs.
    pub trigger: TriggerRuns,
    /// How far the local pool's answers rested on belief.
    pub beliefs: Beliefs,
}

/// Whether the move may go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing blocks.
    Go,
    /// At least one blocker.
    NoGo,
}

impl Verdict {
    /// No-go as soon as one finding blocks.
    pub fn of(findings: &[Finding]) -> Verdict {
        match findings
            .iter()
            .any(|finding| finding.severity == Severity::Blocker)
        {
            true => Verdict::NoGo,
            false => Verdict::Go,
        }
    }
}

/// One stage of the rehearsal.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// What was practised.
    pub name: &'static str,
    /// What came of it, in one sentence.
    pub outcome: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// One canary's sign-in.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    /// Its place in the canary file, from 1: the report names nobody.
    pub canary: usize,
    /// What it is for.
    pub note: Option<String>,
    /// What had to happen.
    pub expected: Expectation,
    /// What happened: `signs-in`, or the exception's name.
    pub happened: String,
    /// Whether that was right, including every repetition.
    pub right: bool,
    /// What was wrong, if anything.
    pub wrong: Option<String>,
    /// How often the trigger could not answer, so that it was tried again.
    pub outages: usize,
    /// A reason code where it came out as it must, and yet not as a person would wish.
    pub limit: Option<&'static str>,
    /// Milliseconds of the first sign-in, trigger included.
    pub first_ms: f64,
    /// Milliseconds of the second, which Cognito answers alone.
    pub second_ms: Option<f64>,
}

/// One forgotten password.
#[derive(Clone, Debug, Serialize)]
pub struct Reset {
    /// `before the import` (through the trigger) or `after the import`.
    pub when: &'static str,
    /// The user's legacy primary key.
    pub legacy_id: String,
    /// Whether the new password signed in.
    pub right: bool,
    /// What was wrong, if anything.
    pub wrong: Option<String>,
}

/// The bulk import in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Import {
    /// Legacy users read.
    pub read: u64,
    /// Created by the run.
    pub created: u64,
    /// Of these, by import job, with their hash: they keep their password.
    pub hash_imported: u64,
    /// In the pool already, by signing in.
    pub already_in_pool: u64,
    /// Held, with the reason.
    pub held: u64,
    /// Failed, with the reason.
    pub failed: u64,
    /// Whether every user has an outcome.
    pub complete: bool,
    /// Users by outcome and reason.
    pub reasons: Vec<ReasonCount>,
    /// Users created a second.
    pub rate: f64,
    /// Users who would lose a password they could still have kept, had they signed in.
    pub password_resets: u64,
    /// Created without a verified address that a reset code could go to.
    pub without_verified_contact: u64,
}

/// Users with one outcome for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonCount {
    /// `held`, `failed`, …
    pub outcome: String,
    /// Reason code.
    pub reason: String,
    /// How many.
    pub users: u64,
    /// What an operator can do.
    pub next_step: String,
}

/// Legacy database and pool side by side.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// Legacy users compared.
    pub legacy_users: u64,
    /// Users of the pool.
    pub pool_users: u64,
    /// Legacy users found in the pool.
    pub in_both: u64,
    /// Legacy users not in the pool for a reason.
    pub left_out: u64,
    /// Users by what differs.
    pub differences: Vec<Difference>,
    /// Whether all were compared.
    pub complete: bool,
}

/// Users who differ in one way.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// A kebab-case code.
    pub code: &'static str,
    /// The same in words.
    pub meaning: &'static str,
    /// How many.
    pub users: u64,
}

impl Comparison {
    /// Whether both sides agree.
    pub fn is_clean(&self) -> bool {
        self.complete && self.differences.is_empty()
    }
}

/// The trigger program's work.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TriggerRuns {
    /// Invocations.
    pub runs: u64,
    /// Milliseconds of the middle one.
    pub median_ms: f64,
    /// Milliseconds of the slowest.
    pub slowest_ms: f64,
    /// Cold starts among them.
    pub cold_starts: u64,
}

/// What the local pool did without a source that says so.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Beliefs {
    /// How many calls met a believed behaviour, and which, in a sentence.
    pub sentence: String,
    /// That nothing was run on AWS by the authors.
    pub never_on_aws: &'static str,
    /// The figures.
    pub count: BeliefCount,
}

impl From<BeliefCount> for Beliefs {
    fn from(count: BeliefCount) -> Beliefs {
        Beliefs {
            sentence: count.sentence(),
            never_on_aws: NEVER_ON_AWS,
            count,
        }
    }
}
