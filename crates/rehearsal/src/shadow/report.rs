//! What came of a shadow check, at the memory that the function has. Made for sharing: it names
//! nobody. Called by `cutover shadow report` and by the rehearsal for its verdict.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{Finding, Reason, Severity};
use serde::Serialize;

use futures::TryStreamExt;

use super::tally::{Agreed, Disagreement, ShadowTally};
use crate::memory_size::{FUNCTION_MS, fits_memory};
use crate::report::{ReasonCount, Verdict};
use crate::wording::count_of;

/// How many users are read from the database at a time.
const PAGE: usize = 1000;

/// A shadow check in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct ShadowReport {
    /// The form of this file, now 1.
    pub format: u32,
    /// When the shadow began with this configuration, UTC.
    pub began: DateTime<Utc>,
    /// When it saw the last sign-in.
    pub last: Option<DateTime<Utc>>,
    /// Whether it judged by the configuration as it is now.
    pub is_current: bool,
    /// Sign-ins judged: agreements and disagreements.
    pub judged: u64,
    /// Where both sides said the same.
    pub agreed: Agreed,
    /// Where they did not, by kind.
    pub disagreements: Vec<ShadowDisagreement>,
    /// Sign-ins of which the trigger could say nothing, by reason.
    pub not_judged: Vec<ReasonCount>,
    /// Sign-ins that the app sampled and did not hand over.
    pub dropped: u64,
    /// How long look-up and check take; absent where nothing was checked.
    pub times: Option<ShadowTimes>,
    /// Whom it has seen.
    pub reach: ShadowReach,
    /// What follows, worst first.
    pub findings: Vec<Finding>,
    /// No-go as soon as there is a disagreement.
    pub verdict: Verdict,
}

/// One kind of disagreement.
#[derive(Clone, Debug, Serialize)]
pub struct ShadowDisagreement {
    /// `trigger-refuses`, `trigger-lets-in`, `cannot-check` or `too-slow`.
    pub kind: &'static str,
    /// The trigger's reason code.
    pub reason: Option<String>,
    /// Django's word for the hash algorithm.
    pub algorithm: Option<String>,
    /// What the check costs.
    pub cost: Option<String>,
    /// The Django backend that let the person in.
    pub backend: Option<String>,
    /// How many sign-ins.
    pub sign_ins: u64,
}

/// Look-up and check together, in milliseconds, at the function's memory.
#[derive(Clone, Debug, Serialize)]
pub struct ShadowTimes {
    /// The memory, in MB.
    pub memory_mb: u32,
    /// Half of all are done by then.
    pub p50_ms: u64,
    /// Nine in ten.
    pub p90_ms: u64,
    /// 99 in a hundred.
    pub p99_ms: u64,
    /// The slowest.
    pub max_ms: u64,
    /// What the function has.
    pub allowed_ms: u64,
}

/// Whom the shadow has seen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShadowReach {
    /// Logins that Django let in, each once; give or take 3 %.
    pub people_seen: u64,
    /// Users whose last sign-in is at most 30 days ago.
    pub signed_in_last_month: u64,
    /// The one in the other, at most 1.
    pub share: Option<f64>,
}

impl ShadowReport {
    /// Judges a tally. `signed_in_last_month` is what the legacy database says.
    pub fn of(
        tally: &ShadowTally,
        config_digest: &str,
        memory_mb: u32,
        signed_in_last_month: u64,
    ) -> ShadowReport {
        let (times, too_slow) = times(tally, memory_mb);
        let is_current = tally.config_digest == config_digest;
        let disagreements = disagreements(tally, memory_mb, too_slow);
        let agreed = tally.agreed;
        let rows: u64 = tally.disagreements.iter().map(|row| row.count).sum();
        let people_seen = tally.people.about();
        let mut report = ShadowReport {
            format: 1,
            began: tally.began,
            last: tally.last,
            is_current,
            judged: agreed.all() + rows,
            agreed,
            disagreements,
            not_judged: not_judged(tally),
            dropped: tally.dropped,
            times,
            reach: ShadowReach {
                people_seen,
                signed_in_last_month,
                share: share(people_seen, signed_in_last_month),
            },
            findings: Vec::new(),
            verdict: Verdict::Go,
        };
        report.findings = report.conclusions();
        report.verdict = Verdict::of(&report.findings);
        report
    }

    /// How many users have signed in to Django since, by `last_login`.
    ///
    /// # Errors
    ///
    /// When the legacy database cannot be read.
    pub async fn signed_in_since(
        legacy: &LegacyDatabase,
        since: DateTime<Utc>,
    ) -> Result<u64, LegacyError> {
        let count = |count: u64, user: migration_model::LegacyUser| {
            let came = user.last_login.is_some_and(|last| last >= since);
            std::future::ready(Ok(count + u64::from(came)))
        };
        legacy.users(None, PAGE).try_fold(0, count).await
    }

    /// What came of it, in one sentence.
    pub fn outcome(&self) -> String {
        let kinds: u64 = self.disagreements.iter().map(|row| row.sign_ins).sum();
        format!(
            "{} judged beside Django: {} alike, {kinds} not",
            count_of(self.judged, "sign-in"),
            self.agreed.all(),
        )
    }

    fn conclusions(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .disagreements
            .iter()
            .map(|row| Finding {
                severity: Severity::Blocker,
                code: "shadow-disagreement",
                subject: format!("shadow check: {}", count_of(row.sign_ins, "sign-in")),
                message: row.described(),
                next_step: match self.is_current {
                    true => row.next_step(),
                    false => {
                        "the configuration has changed since: let `cutover shadow serve` judge \
                              anew by this one"
                            .to_owned()
                    }
                },
            })
            .collect();
        let mut warn = |message: String, next_step: &str| {
            findings.push(Finding {
                severity: Severity::Warning,
                code: "shadow-unproven",
                subject: "shadow check".to_owned(),
                message,
                next_step: next_step.to_owned(),
            });
        };
        if self.judged == 0 {
            warn(
                "no sign-in was judged".to_owned(),
                "set CUTOVER_SHADOW in the app, and let it run for some days",
            );
        } else if !self.is_current {
            warn(
                "sign-ins were judged by another configuration than this".to_owned(),
                "start `cutover shadow serve` again: it begins anew",
            );
        }
        let not_judged: u64 = self.not_judged.iter().map(|count| count.users).sum();
        if not_judged > self.judged / 10 {
            warn(
                format!(
                    "of {} nothing could be said",
                    count_of(not_judged, "sign-in")
                ),
                "see the reasons; with the database away the shadow learns nothing",
            );
        }
        if self.dropped > self.judged {
            warn(
                format!(
                    "the app dropped {}, more than were judged",
                    count_of(self.dropped, "sampled sign-in")
                ),
                "lower CUTOVER_SHADOW[\"sample\"], so that those that count are a fair share",
            );
        }
        findings
    }
}

impl ShadowDisagreement {
    fn described(&self) -> String {
        let about = [&self.reason, &self.algorithm, &self.cost];
        let mut about: Vec<&str> = about.into_iter().filter_map(Option::as_deref).collect();
        let by = self.backend.as_deref().map(|name| format!("by {name}"));
        about.extend(by.as_deref());
        let words = match self.kind {
            "trigger-refuses" => "Django lets in, the trigger refuses",
            "trigger-lets-in" => "Django refuses, the trigger would let in",
            "cannot-check" => "the trigger cannot check such a hash",
            _ => "the check would not end in the function's time",
        };
        match about.is_empty() {
            true => words.to_owned(),
            false => format!("{words} ({})", about.join(", ")),
        }
    }

    fn next_step(&self) -> String {
        let reason: Option<Reason> = self.reason.as_deref().and_then(|code| code.parse().ok());
        match (self.kind, self.backend.as_deref(), reason) {
            ("too-slow", ..) => "give the function more memory (`--memory-mb` shows what it brings), or \
                                 lower the cost of hashes in Django before the move"
                .to_owned(),
            ("trigger-lets-in", ..) => "look for what Django asks beside the password: a backend that \
                                        says no (lock-outs: [trigger.axes]), [legacy] where and \
                                        is_active; or an app that asks by another login than was typed"
                .to_owned(),
            ("trigger-refuses", Some(backend), _)
                if backend != "django.contrib.auth.backends.ModelBackend" =>
            {
                format!(
                    "{backend} decided, which may know passwords or logins that are not in the user \
                     table: those people cannot move by first sign-in unless [legacy] login or \
                     [hashers] can say the same"
                )
            }
            ("trigger-refuses", _, Some(Reason::UserUnknown | Reason::PasswordMismatch)) => {
                "compare [legacy] login, columns and where with what the app's backend looks up; a \
                 password that was changed in between is seen once"
                    .to_owned()
            }
            (_, _, Some(reason)) => reason.next_step().to_owned(),
            _ => "compare [legacy] with the app's AUTHENTICATION_BACKENDS".to_owned(),
        }
    }
}

fn disagreements(tally: &ShadowTally, memory_mb: u32, too_slow: u64) -> Vec<ShadowDisagreement> {
    let kind = |kind| match kind {
        Some(Disagreement::TriggerLetsIn) => "trigger-lets-in",
        Some(Disagreement::CannotCheck) => "cannot-check",
        Some(Disagreement::TriggerRefuses) | None => "trigger-refuses",
    };
    let mut rows: Vec<ShadowDisagreement> = tally
        .disagreements
        .iter()
        .map(|row| ShadowDisagreement {
            kind: kind(row.kind),
            reason: row.reason.clone(),
            algorithm: row.algorithm.clone(),
            cost: row.cost.clone(),
            backend: row.backend.clone(),
            sign_ins: row.count,
        })
        .collect();
    let over = tally.checks.iter();
    let over = over.filter(|check| !fits_memory(check.memory_kib, memory_mb));
    rows.extend(over.map(|check| ShadowDisagreement {
        kind: "cannot-check",
        reason: Some(Reason::CostLimitExceeded.code().to_owned()),
        algorithm: check.algorithm.clone(),
        cost: Some(check.cost.clone()),
        backend: None,
        sign_ins: check.count,
    }));
    if too_slow > 0 {
        rows.push(ShadowDisagreement {
            kind: "too-slow",
            reason: Some(Reason::DeadlineNear.code().to_owned()),
            algorithm: None,
            cost: None,
            backend: None,
            sign_ins: too_slow,
        });
    }
    rows.sort_by(|a, b| b.sign_ins.cmp(&a.sign_ins).then(a.kind.cmp(b.kind)));
    rows
}

/// The distribution, and how many would not end in time.
fn times(tally: &ShadowTally, memory_mb: u32) -> (Option<ShadowTimes>, u64) {
    let times = tally.times.at(memory_mb);
    let all: u64 = times.values().sum();
    let Some((&max_ms, _)) = times.last_key_value() else {
        return (None, 0);
    };
    let by = |percent: u64| {
        let wanted = (all * percent).div_ceil(100);
        let mut so_far = 0;
        let found = times.iter().find(|(_, count)| {
            so_far += **count;
            so_far >= wanted
        });
        found.map_or(max_ms, |(ms, _)| *ms)
    };
    let too_slow = times.range(FUNCTION_MS + 1..).map(|(_, count)| count).sum();
    let times = ShadowTimes {
        memory_mb,
        p50_ms: by(50),
        p90_ms: by(90),
        p99_ms: by(99),
        max_ms,
        allowed_ms: FUNCTION_MS,
    };
    (Some(times), too_slow)
}

fn not_judged(tally: &ShadowTally) -> Vec<ReasonCount> {
    let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &tally.not_judged {
        let reason = row.reason.as_deref().unwrap_or("unknown");
        *by_reason.entry(reason).or_default() += row.count;
    }
    let counts = by_reason.into_iter().map(|(code, users)| ReasonCount {
        outcome: "not-judged".to_owned(),
        reason: code.to_owned(),
        users,
        next_step: code
            .parse::<Reason>()
            .map_or("", |reason| reason.next_step())
            .to_owned(),
    });
    counts.collect()
}

fn share(seen: u64, of: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    (of > 0).then(|| (seen as f64 / of as f64).min(1.0))
}
