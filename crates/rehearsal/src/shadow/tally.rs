//! What the shadow has seen so far: counts that name nobody, as they are kept in its file. Decides
//! what a disagreement is. Called by `cutover shadow serve` for every sign-in.

use std::time::Duration;

use chrono::{DateTime, Utc};
use django_password::Cost;
use serde::{Deserialize, Serialize};

use super::people::People;
use super::times::Times;
use crate::memory_size::lanes_at_once;

/// The form of the file; raised when a reader of the old form would be misled.
const FORMAT: u32 = 1;
/// Kinds kept apart at most: whoever may send sign-ins must not fill the disk with kinds of them.
const MOST_ROWS: usize = 1000;
/// More than anybody's sign-ins; sums of such numbers fit.
const MOST: u64 = 1 << 40;
/// What a backend is called that is no dotted name of a sensible length.
const ODD_BACKEND: &str = "another";

/// The counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShadowTally {
    format: u32,
    /// The configuration by which sign-ins were judged.
    pub(super) config_digest: String,
    pub(super) began: DateTime<Utc>,
    /// The last sign-in.
    pub(super) last: Option<DateTime<Utc>>,
    pub(super) agreed: Agreed,
    pub(super) disagreements: Vec<Row>,
    /// Not judged: the database was away, or the person has moved already.
    pub(super) not_judged: Vec<Row>,
    /// Checks by what they cost.
    pub(super) checks: Vec<Check>,
    pub(super) times: Times,
    pub(super) people: People,
    /// Sign-ins that the app sampled and did not hand over.
    pub(super) dropped: u64,
}

/// Where both sides said the same.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// Both let the person in.
    pub lets_in: u64,
    /// Of these, how many the trigger asks for a new password.
    pub to_set_anew: u64,
    /// Both refuse.
    pub refuses: u64,
    /// Django refuses a login in another letter case; a pool does not tell case apart.
    pub but_for_case: u64,
}

impl Agreed {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.lets_in + self.refuses + self.but_for_case
    }
}

/// What is not as it is in Django.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disagreement {
    /// Django lets the person in, the trigger refuses.
    TriggerRefuses,
    /// Django refuses, the trigger would let in.
    TriggerLetsIn,
    /// The trigger cannot check such a hash.
    CannotCheck,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) kind: Option<Disagreement>,
    pub(super) reason: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) cost: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) count: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) algorithm: Option<String>,
    pub(super) cost: String,
    pub(super) memory_kib: u64,
    pub(super) count: u64,
}

/// One sign-in that both sides have judged. The login goes into the guess of how many people there
/// were, and nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// What was typed.
    pub login: &'a str,
    /// Whether Django let the person in.
    pub django_lets_in: bool,
    /// The Django backend that did, by its dotted name.
    pub backend: Option<&'a str>,
    /// The trigger's decision.
    pub ours: Ours,
    /// Its reason code, where the person does not get in.
    pub reason: Option<&'static str>,
    /// Django's word for the hash algorithm.
    pub algorithm: Option<&'a str>,
    /// What the check cost, where there was one.
    pub cost: Option<&'a Cost>,
    /// How long the legacy database took.
    pub look_up: Duration,
    /// How long the check took on this machine.
    pub check: Duration,
}

/// The trigger's decision about a sign-in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ours {
    /// In, with the password.
    LetsIn,
    /// In, once the password is set anew.
    AsksForReset,
    /// Refused.
    Refuses,
    /// In, and only because the pool does not tell letter case apart.
    LetsInFolded,
    /// Such a hash cannot be checked.
    CannotCheck,
    /// Nothing is known: an outage, or nobody to ask about.
    NotJudged,
}

impl ShadowTally {
    /// The file's name beside `cutover.toml`.
    pub const FILE: &str = "shadow.json";

    /// Nothing seen yet, by this configuration.
    pub fn new(config_digest: String, now: DateTime<Utc>) -> ShadowTally {
        ShadowTally {
            format: FORMAT,
            config_digest,
            began: now,
            last: None,
            agreed: Agreed::default(),
            disagreements: Vec::new(),
            not_judged: Vec::new(),
            checks: Vec::new(),
            times: Times::default(),
            people: People::default(),
            dropped: 0,
        }
    }

    /// Reads a file's text; `None` when it is no such file, or of another version.
    pub fn read(text: &[u8]) -> Option<ShadowTally> {
        let tally: ShadowTally = serde_json::from_slice(text).ok()?;
        tally.is_sound().then_some(tally)
    }

    /// Whether its sums can be made: a file may say anything.
    fn is_sound(&self) -> bool {
        let Agreed {
            lets_in,
            to_set_anew,
            refuses,
            but_for_case,
        } = self.agreed;
        let rows = self.disagreements.iter().chain(&self.not_judged);
        let rows = rows.map(|row| row.count);
        let checks = self.checks.iter().map(|check| check.count);
        let mut counts = [lets_in, to_set_anew, refuses, but_for_case, self.dropped]
            .into_iter()
            .chain(rows)
            .chain(checks)
            .chain(self.times.counts());
        self.format == FORMAT
            && self.people.is_whole()
            && self.times.is_whole()
            && self.disagreements.len() + self.not_judged.len() <= 4 * MOST_ROWS
            && self.checks.len() <= MOST_ROWS
            && counts.all(|count| count <= MOST)
    }

    /// The configuration by which sign-ins were judged, as its digest.
    pub fn config_digest(&self) -> &str {
        &self.config_digest
    }

    /// When it began.
    pub fn began(&self) -> DateTime<Utc> {
        self.began
    }

    /// Sign-ins that the app could not hand over.
    pub fn note_dropped(&mut self, sign_ins: u64) {
        self.dropped = self.dropped.saturating_add(sign_ins);
    }

    /// Counts a sign-in; the disagreement, if it is one, or `None` where both agree or nothing can be
    /// said.
    pub fn note(&mut self, seen: &Sighting<'_>, now: DateTime<Utc>) -> Option<Disagreement> {
        self.last = Some(now);
        if seen.django_lets_in {
            self.people.note(seen.login);
        }
        if let Some(cost) = seen.cost {
            let lanes = lanes_at_once(cost);
            self.times
                .note(seen.look_up, seen.check.saturating_mul(lanes));
            self.note_check(cost, seen.algorithm);
        }
        let kind = match (seen.django_lets_in, seen.ours) {
            (_, Ours::NotJudged) => {
                let row = row(None, seen);
                count(&mut self.not_judged, row);
                return None;
            }
            (_, Ours::CannotCheck) => Disagreement::CannotCheck,
            (true, Ours::Refuses) => Disagreement::TriggerRefuses,
            (false, Ours::LetsIn | Ours::AsksForReset) => Disagreement::TriggerLetsIn,
            (false, Ours::LetsInFolded) => {
                self.agreed.but_for_case = self.agreed.but_for_case.saturating_add(1);
                return None;
            }
            (true, ours) => {
                self.agreed.lets_in = self.agreed.lets_in.saturating_add(1);
                let anew = u64::from(ours == Ours::AsksForReset);
                self.agreed.to_set_anew = self.agreed.to_set_anew.saturating_add(anew);
                return None;
            }
            (false, Ours::Refuses) => {
                self.agreed.refuses = self.agreed.refuses.saturating_add(1);
                return None;
            }
        };
        let row = row(Some(kind), seen);
        count(&mut self.disagreements, row);
        Some(kind)
    }

    fn note_check(&mut self, cost: &Cost, algorithm: Option<&str>) {
        let text = cost.to_string();
        let same =
            |check: &&mut Check| check.cost == text && check.algorithm.as_deref() == algorithm;
        if let Some(check) = self.checks.iter_mut().find(same) {
            check.count = check.count.saturating_add(1);
        } else if self.checks.len() < MOST_ROWS {
            self.checks.push(Check {
                algorithm: algorithm.map(str::to_owned),
                cost: text,
                memory_kib: cost.memory_kib(),
                count: 1,
            });
        }
    }
}

fn row(kind: Option<Disagreement>, seen: &Sighting<'_>) -> Row {
    Row {
        kind,
        reason: seen.reason.map(str::to_owned),
        algorithm: seen.algorithm.map(str::to_owned),
        cost: seen.cost.map(ToString::to_string),
        backend: seen.backend.map(dotted_name),
        count: 1,
    }
}

/// The app says which backend it was: whatever is no name of one is not kept.
fn dotted_name(backend: &str) -> String {
    let is_name = backend.contains('.')
        && backend.len() <= 200
        && backend
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if is_name { backend } else { ODD_BACKEND }.to_owned()
}

fn count(rows: &mut Vec<Row>, row: Row) {
    let same = |known: &Row| {
        known.kind == row.kind
            && known.reason == row.reason
            && known.algorithm == row.algorithm
            && known.cost == row.cost
            && known.backend == row.backend
    };
    if let Some(known) = rows.iter_mut().find(|known| same(known)) {
        known.count = known.count.saturating_add(1);
    } else if rows.len() < MOST_ROWS {
        rows.push(row);
    } else if let Some(first) = rows.iter_mut().find(|known| known.kind == row.kind) {
        // Counted among its kind rather than lost.
        first.count = first.count.saturating_add(1);
    } else {
        rows.push(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally_of(sightings: &[(bool, Ours)]) -> (ShadowTally, Vec<Option<Disagreement>>) {
        let mut tally = ShadowTally::new("digest".to_owned(), Utc::now());
        let kinds = sightings.iter().map(|&(django_lets_in, ours)| {
            let seen = Sighting {
                login: "ada@example.org",
                django_lets_in,
                backend: Some("ada@example.org"),
                ours,
                reason: None,
                algorithm: None,
                cost: None,
                look_up: Duration::ZERO,
                check: Duration::ZERO,
            };
            tally.note(&seen, Utc::now())
        });
        let kinds = kinds.collect();
        (tally, kinds)
    }

    #[test]
    fn both_answers_alike_agree_and_all_others_are_told_apart() {
        let (tally, kinds) = tally_of(&[
            (true, Ours::LetsIn),
            (true, Ours::AsksForReset),
            (false, Ours::Refuses),
            (true, Ours::Refuses),
            (false, Ours::LetsIn),
            (true, Ours::CannotCheck),
            (false, Ours::CannotCheck),
            (true, Ours::NotJudged),
            (false, Ours::LetsInFolded),
        ]);
        assert_eq!(kinds[..3], [None, None, None]);
        let expected = [
            Some(Disagreement::TriggerRefuses),
            Some(Disagreement::TriggerLetsIn),
            Some(Disagreement::CannotCheck),
            Some(Disagreement::CannotCheck),
            None,
            None,
        ];
        assert_eq!(kinds[3..], expected);
        let agreed = Agreed {
            lets_in: 2,
            to_set_anew: 1,
            refuses: 1,
            but_for_case: 1,
        };
        assert_eq!(tally.agreed, agreed);
        assert_eq!(tally.not_judged.len(), 1);
    }

    #[test]
    fn the_file_names_nobody_and_is_read_again() {
        let (tally, _) = tally_of(&[(true, Ours::Refuses)]);
        let text = serde_json::to_string(&tally).expect("plain values");
        assert!(!text.contains("ada") && !text.contains("example.org"));
        let again = ShadowTally::read(text.as_bytes()).expect("what was written");
        assert_eq!(again.disagreements.len(), 1);
        assert!(ShadowTally::read(b"{}").is_none());
        let forged = text.replace("\"dropped\":0", &format!("\"dropped\":{}", u64::MAX));
        assert!(ShadowTally::read(forged.as_bytes()).is_none());
        assert!(
            ShadowTally::read(text.replace("\"format\":1", "\"format\":2").as_bytes()).is_none()
        );
    }
}
