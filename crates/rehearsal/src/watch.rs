//! Where a move stands, as one value: every figure with its age and whose view it is. Collected by
//! `cutover watch`, shown by `page::watch_page` and in a terminal. Names nobody. Judges what can be
//! judged as lights.

use bulk_import::{DriftKind, ReconcileRecord, RunStatus, Standing};
use chrono::{DateTime, Utc};
use migration_model::GoCriteria;
use serde::Serialize;

use crate::forecast::Forecast;
use crate::go_criterion;
use crate::report::{Import, TriggerRuns};
use crate::wording::count_of;

/// A value with the moment it was read at, or why it could not be.
#[derive(Clone, Debug, Serialize)]
pub struct Reading<T> {
    /// The last that could be read.
    pub value: Option<T>,
    /// When, by this machine's clock.
    pub at: Option<DateTime<Utc>>,
    /// Why it is no younger.
    pub trouble: Option<String>,
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Reading {
            value: None,
            at: None,
            trouble: None,
        }
    }
}

impl<T> Reading<T> {
    /// Takes what was read, or keeps what there was and says why.
    pub fn take(&mut self, read: Result<T, String>) {
        match read {
            Ok(value) => {
                *self = Reading {
                    value: Some(value),
                    at: Some(Utc::now()),
                    trouble: None,
                };
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }
}

/// A run by its journal.
#[derive(Clone, Debug)]
pub struct WatchedRun {
    /// What it did.
    pub status: RunStatus,
    /// When its journal was last written.
    pub written: DateTime<Utc>,
}

/// A quota category's limit.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WatchedQuota {
    /// Cognito's name.
    pub category: &'static str,
    /// Requests a second that the account has; `None` for no limit.
    pub limit: Option<f64>,
    /// What an import allows itself.
    pub share: Option<f64>,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The pool's id and place.
    pub pool: String,
    /// Whether it is on this machine.
    pub is_local: bool,
    /// The pool's users.
    pub standing: Reading<Standing>,
    /// The function that is the user migration trigger; the inner `None` where none is.
    pub trigger: Reading<Option<String>>,
    /// Who will come.
    pub forecast: Reading<Forecast>,
    /// The runs into this pool.
    pub runs: Reading<Vec<WatchedRun>>,
    /// The last whole comparison.
    pub reconciled: Option<ReconcileRecord>,
    /// The trigger's runs, of a local pool.
    pub trigger_runs: Reading<TriggerRuns>,
    /// Limits.
    pub quotas: Vec<WatchedQuota>,
    /// The team's criteria.
    pub go: GoCriteria,
    /// After so many seconds there is a new one.
    pub refresh: u64,
}

/// What a light says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// As it should be.
    Green,
    /// Somebody should look.
    Amber,
    /// It must not go on like this.
    Red,
    /// It is not known.
    Dark,
}

impl Colour {
    /// As a word: nothing hangs on colour alone.
    pub const fn word(self) -> &'static str {
        match self {
            Colour::Green => "good",
            Colour::Amber => "look",
            Colour::Red => "stop",
            Colour::Dark => "unknown",
        }
    }
}

/// One criterion.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Light {
    /// What is judged.
    pub name: &'static str,
    /// The judgement.
    pub colour: Colour,
    /// Why, in words.
    pub says: String,
    /// Whose view it is.
    pub by: &'static str,
}

/// A comparison older than this says little.
const OLD_COMPARISON_DAYS: i64 = 7;

impl Watch {
    /// The criteria.
    pub fn lights(&self, now: DateTime<Utc>) -> Vec<Light> {
        let mut lights = vec![
            self.between(),
            self.unfinished_resets(),
            self.attached(),
            self.conflicts(now),
            self.pace(),
        ];
        lights.extend(self.trigger_time());
        lights.extend(self.criteria());
        lights
    }

    /// Whether one is red.
    pub fn must_stop(&self, now: DateTime<Utc>) -> bool {
        let lights = self.lights(now);
        lights.iter().any(|light| light.colour == Colour::Red)
    }

    fn between(&self) -> Light {
        let (colour, says) = match self.standing.value.as_ref().map(|pool| pool.between) {
            None => (Colour::Dark, "the pool was not read".to_owned()),
            Some(0) => (Colour::Green, "nobody".to_owned()),
            // An import at work has some for a moment.
            Some(people) => (
                Colour::Red,
                format!("{}: cutover import --finish", count_of(people, "user")),
            ),
        };
        light(
            "Created, and without a way in",
            colour,
            says,
            "pool and ledger",
        )
    }

    fn unfinished_resets(&self) -> Light {
        let people = self
            .standing
            .value
            .as_ref()
            .map(|pool| pool.unfinished_resets);
        let (colour, says) = match people {
            None => (Colour::Dark, "the pool was not read".to_owned()),
            Some(0) => (Colour::Green, "nobody".to_owned()),
            Some(people) => (
                Colour::Amber,
                format!(
                    "{}: cutover reconcile --fix --only unfinished-resets",
                    count_of(people, "user")
                ),
            ),
        };
        light("Resets never finished", colour, says, "pool")
    }

    fn attached(&self) -> Light {
        let (colour, says) = match &self.trigger.value {
            None => (Colour::Dark, "the pool was not read".to_owned()),
            Some(Some(_)) => (Colour::Green, "attached".to_owned()),
            Some(None) => (
                Colour::Amber,
                "not attached: nobody new comes in".to_owned(),
            ),
        };
        light("User migration trigger", colour, says, "pool")
    }

    fn conflicts(&self, now: DateTime<Utc>) -> Light {
        let (colour, says) = match &self.reconciled {
            None => (
                Colour::Dark,
                "never compared here: cutover reconcile".to_owned(),
            ),
            Some(record) => {
                let days = (now - record.at).num_days();
                let conflicts = record.count(&DriftKind::Conflict);
                let strangers = record.count(&DriftKind::Stranger);
                let says =
                    format!("{conflicts} conflicts, {strangers} strangers by a legacy user's name");
                match (conflicts + strangers, days > OLD_COMPARISON_DAYS) {
                    (0, false) => (Colour::Green, says),
                    _ => (Colour::Amber, says),
                }
            }
        };
        light("Both sides compared", colour, says, "the last comparison")
    }

    fn pace(&self) -> Light {
        let (colour, says) = match &self.forecast.value {
            None => (Colour::Dark, "no forecast".to_owned()),
            Some(forecast) if forecast.weeks_passed == 0 => {
                (Colour::Dark, "no full week has passed".to_owned())
            }
            Some(forecast) => {
                let colour = match (0.5..=2.0).contains(&forecast.pace) {
                    true => Colour::Green,
                    false => Colour::Amber,
                };
                let says = format!("{:.2} of what their habits say", forecast.pace);
                (colour, says)
            }
        };
        light("People come", colour, says, "pool and legacy database")
    }

    fn trigger_time(&self) -> Option<Light> {
        let runs = self
            .trigger_runs
            .value
            .as_ref()
            .filter(|runs| runs.runs > 0)?;
        let (colour, says) = match runs.slowest_ms {
            slowest if slowest < 4_000.0 => (Colour::Green, "in time".to_owned()),
            slowest => (
                Colour::Amber,
                format!("the slowest took {slowest:.0} ms of 5,000"),
            ),
        };
        Some(light("Trigger", colour, says, "local pool"))
    }

    /// The rehearsal's criteria, held against what the runs really did.
    fn criteria(&self) -> Vec<Light> {
        let runs = self.runs.value.as_deref().unwrap_or_default();
        let Some(newest) = runs.iter().max_by_key(|run| run.written) else {
            return Vec::new();
        };
        let status = &newest.status;
        let import = Import {
            read: status.summary.read,
            created: status.summary.created,
            held: held(status),
            failed: status.summary.failed,
            password_resets: status.password_lost,
            without_verified_contact: status.without_contact,
            ..Import::default()
        };
        let judged = go_criterion::judge(&self.go, &import).into_iter();
        let light_of = |criterion: go_criterion::GoCriterion| {
            let colour = match criterion.met {
                true => Colour::Green,
                false => Colour::Red,
            };
            let says = format!(
                "{} {}, and {} may",
                count_of(criterion.people, "user"),
                criterion.meaning,
                criterion.at_most
            );
            light(criterion.name, colour, says, "journal of the newest run")
        };
        judged.map(light_of).collect()
    }
}

/// Whoever is left for first login is held by the journal's word, and by nobody else's.
fn held(status: &RunStatus) -> u64 {
    let waiting = status.reasons.iter().filter(|count| {
        count.outcome == "held" && count.reason == Some(migration_model::Reason::MayStillSignIn)
    });
    let waiting: u64 = waiting.map(|count| count.users).sum();
    status.summary.held.saturating_sub(waiting)
}

fn light(name: &'static str, colour: Colour, says: String, by: &'static str) -> Light {
    Light {
        name,
        colour,
        says,
        by,
    }
}

/// How old something is, in words.
pub fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds().max(0);
    match seconds {
        0..=1 => "now".to_owned(),
        2..=119 => format!("{seconds} s ago"),
        120..=7_199 => format!("{} min ago", seconds / 60),
        7_200..=172_799 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_read_is_dark_and_people_between_are_red() {
        let now = Utc::now();
        let mut watch = Watch::default();
        let dark = watch.lights(now);
        assert!(
            dark.iter().all(|light| light.colour == Colour::Dark),
            "{dark:?}"
        );
        assert!(!watch.must_stop(now));
        let standing = Standing {
            between: 1,
            ..Standing::empty(now)
        };
        watch.standing.take(Ok(standing));
        assert!(watch.must_stop(now));
        watch.standing.take(Err("away".to_owned()));
        assert!(watch.must_stop(now), "what was known stays known");
    }
}
