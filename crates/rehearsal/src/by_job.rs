//! Canaries whom nobody signs in before the import, so that an import job takes them with their
//! hash: afterwards each must get in with the old password and with no other. One for each
//! algorithm that the routes let go that way. Called by the conduct of a rehearsal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cognito_user_pool::PoolError;
use django_password::{CognitoAlgorithm, Limits, Verifier};
use futures::StreamExt;
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{Config, Finding, Route, Severity};

use crate::app::App;
use crate::canary::{Canary, Expectation};
use crate::report::SignIn;
use crate::sign_ins::{fault, happened};

/// Who goes which way, as a plan wrote it down.
pub(crate) struct PlannedRoutes(BTreeMap<String, String>);

impl PlannedRoutes {
    /// Reads what `cutover import --plan-users` writes; of the canaries alone.
    pub(crate) fn read(path: &Path, canaries: &[Canary]) -> Result<PlannedRoutes, csv::Error> {
        let wanted: BTreeSet<&str> = canaries
            .iter()
            .filter_map(|canary| canary.legacy_id.as_deref())
            .collect();
        let mut routes = BTreeMap::new();
        let mut rows = csv::Reader::from_path(path)?;
        for row in rows.deserialize() {
            let row: Row = row?;
            if row.outcome == "to-create" && wanted.contains(row.legacy_id.as_str()) {
                routes.insert(row.legacy_id, row.route);
            }
        }
        Ok(PlannedRoutes(routes))
    }

    fn goes_by_job(&self, legacy_id: &str) -> bool {
        let route = self.0.get(legacy_id);
        route.is_some_and(|route| route == Route::HashImport.code())
    }
}

#[derive(serde::Deserialize)]
struct Row {
    legacy_id: String,
    outcome: String,
    route: String,
}

/// Places in the canary file of those who wait for the import: one an algorithm, and nobody of whom
/// another canary signs in.
pub(crate) async fn pick(
    legacy: &LegacyDatabase,
    config: &Config,
    canaries: &[Canary],
    routes: &PlannedRoutes,
) -> Result<BTreeSet<usize>, LegacyError> {
    let mut by_person: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, canary) in canaries.iter().enumerate() {
        if let (Expectation::SignsIn, Some(id)) = (canary.expected(), &canary.legacy_id) {
            by_person.entry(id).or_default().push(place);
        }
    }
    by_person.retain(|id, places| places.len() == 1 && routes.goes_by_job(id));
    let verifier = Verifier::new(config.hashers.clone(), Limits::default());
    let mut picked: BTreeMap<CognitoAlgorithm, usize> = BTreeMap::new();
    let mut users = std::pin::pin!(legacy.users(None, 500));
    while let Some(user) = users.next().await {
        let user = user?;
        let Some(places) = by_person.remove(user.id.to_string().as_str()) else {
            continue;
        };
        if let Ok(hash) = verifier.cognito_import(&user.encoded_password) {
            picked.entry(hash.algorithm()).or_insert(places[0]);
        }
        if by_person.is_empty() {
            break;
        }
    }
    Ok(picked.into_values().collect())
}

/// Signs each in: a wrong password first, then the old one.
pub(crate) async fn practise(
    app: &App<'_>,
    canaries: &[Canary],
    picked: &BTreeSet<usize>,
    legacy_id_claim: Option<&str>,
) -> Result<(Vec<SignIn>, Option<Finding>), PoolError> {
    let mut sign_ins = Vec::with_capacity(picked.len());
    for place in picked {
        let Some(canary) = canaries.get(*place) else {
            continue;
        };
        let another = format!("{}?", canary.password.expose());
        let refused = app.sign_in(&canary.login, &another).await?;
        let first = app.sign_in(&canary.login, canary.password.expose()).await?;
        let mut wrong = fault(canary, &first, legacy_id_claim);
        if refused.answer.is_ok() {
            wrong = Some("a wrong password got in".to_owned());
        } else if first.trigger_runs > 0 {
            wrong = Some("the trigger ran: no import job had taken them".to_owned());
        }
        sign_ins.push(SignIn {
            canary: place + 1,
            note: canary.note.clone(),
            expected: canary.expected(),
            happened: happened(&first),
            right: wrong.is_none(),
            wrong,
            outages: 0,
            limit: None,
            first_ms: first.ms,
            second_ms: None,
        });
    }
    let wrong = sign_ins.iter().filter(|sign_in| !sign_in.right).count();
    let finding = (wrong > 0).then(|| Finding {
        severity: Severity::Blocker,
        code: "hash-import-not-as-expected",
        subject: format!(
            "{wrong} of {} canaries imported with their hash",
            sign_ins.len()
        ),
        message: "their sign-in after the import did not come out as it must".to_owned(),
        next_step: "look at each under \"Sign-ins after hash import\"".to_owned(),
    });
    Ok((sign_ins, finding))
}
