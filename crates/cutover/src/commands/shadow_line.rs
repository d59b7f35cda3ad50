//! One sign-in that the app hands over: read, judged, counted, answered. Must not know where lines
//! come from. Called by `shadow_socket`.

use std::sync::Arc;

use chrono::Utc;
use django_password::PlainPassword;
use legacy_users::LegacyDatabase;
use migration_model::Reason;
use rehearsal::{Disagreement, Ours, Sighting};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use user_migration_trigger::{Judgement, ShadowTrigger, ShadowVerdict};

use super::shadow::Counts;

/// What a line must be.
const WANTED: &str = "want {\"login\": text, \"password\": text, \"django\": \"in\" or \"refused\", \
                      \"backend\": text or null, \"dropped\": number}";

/// Judges sign-ins one at a time: checks side by side would take each other's CPU, and the app's.
pub(super) struct Judge {
    trigger: ShadowTrigger<LegacyDatabase>,
    key: Option<String>,
    counts: Arc<Counts>,
    turn: Semaphore,
}

#[derive(Deserialize)]
struct Question {
    login: String,
    password: PlainPassword,
    django: Django,
    #[serde(default)]
    backend: Option<String>,
    /// Sign-ins since the last line that did not come.
    #[serde(default)]
    dropped: u64,
    #[serde(default)]
    key: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Django {
    In,
    Refused,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Judged {
        /// `agrees`, a kind of disagreement, or `not-judged`.
        verdict: &'static str,
        ms: f64,
    },
    Error {
        error: String,
    },
}

impl Judge {
    pub(super) fn new(
        trigger: ShadowTrigger<LegacyDatabase>,
        key: Option<String>,
        counts: Arc<Counts>,
    ) -> Judge {
        Judge {
            trigger,
            key,
            counts,
            turn: Semaphore::new(1),
        }
    }

    /// The answer to one line.
    pub(super) async fn answer(&self, line: &[u8]) -> Answer {
        let question: Question = match serde_json::from_slice(line) {
            Ok(question) => question,
            // serde's text can quote the value, which may be a password: say the place alone.
            Err(error) => {
                return Answer::Error {
                    error: format!("not such a line (at column {}): {WANTED}", error.column()),
                };
            }
        };
        if !self.admits(question.key.as_deref()) {
            return Answer::Error {
                error: "the key is another than CUTOVER_SHADOW_KEY: set CUTOVER_SHADOW[\"key\"]"
                    .to_owned(),
            };
        }
        // Never closed.
        let _turn = self.turn.acquire().await;
        let judged = self.trigger.judge(&question.login, question.password).await;
        let mut ours = ours(&judged);
        let only_we_do =
            question.django == Django::Refused && matches!(ours, Ours::LetsIn | Ours::AsksForReset);
        if only_we_do && self.trigger.differs_by_case(&question.login).await {
            ours = Ours::LetsInFolded;
        }
        let sighting = Sighting {
            login: &question.login,
            django_lets_in: question.django == Django::In,
            backend: question.backend.as_deref(),
            ours,
            reason: judged.reason,
            algorithm: judged.algorithm.as_deref(),
            cost: judged.cost.as_ref(),
            look_up: judged.look_up,
            check: judged.check,
        };
        let kind = self.counts.change(|tally| {
            tally.note_dropped(question.dropped.min(u64::from(u32::MAX)));
            tally.note(&sighting, Utc::now())
        });
        let verdict = match (kind, ours) {
            (None, Ours::NotJudged) => "not-judged",
            (None, _) => "agrees",
            (Some(Disagreement::TriggerRefuses), _) => "trigger-refuses",
            (Some(Disagreement::TriggerLetsIn), _) => "trigger-lets-in",
            (Some(Disagreement::CannotCheck), _) => "cannot-check",
        };
        let ms = (judged.look_up + judged.check).as_secs_f64() * 1000.0;
        Answer::Judged {
            verdict,
            ms: (ms * 1000.0).round() / 1000.0,
        }
    }

    fn admits(&self, key: Option<&str>) -> bool {
        let Some(wanted) = &self.key else { return true };
        let key = key.unwrap_or_default();
        bool::from(key.as_bytes().ct_eq(wanted.as_bytes()))
    }
}

/// What cannot be checked is the hash's fault or nobody's: an outage says nothing of the person.
fn ours(judged: &Judgement) -> Ours {
    match judged.verdict {
        ShadowVerdict::LetsIn => Ours::LetsIn,
        ShadowVerdict::AsksForReset => Ours::AsksForReset,
        ShadowVerdict::Refuses => Ours::Refuses,
        ShadowVerdict::CannotTell => {
            let about_the_hash = [Reason::AlgorithmUnsupported, Reason::CostLimitExceeded];
            let is_about_the_hash = about_the_hash
                .iter()
                .any(|reason| judged.reason == Some(reason.code()));
            match is_about_the_hash || judged.reason == Some(Reason::DeadlineNear.code()) {
                true => Ours::CannotCheck,
                false => Ours::NotJudged,
            }
        }
    }
}
