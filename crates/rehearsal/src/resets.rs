//! Forgotten passwords: before the import through the trigger, after it as everybody imported will
//! have to. No password need be known for that. Called by the conduct of a rehearsal.

use std::collections::BTreeSet;

use cognito_user_pool::PoolError;
use django_password::{HashState, Limits, Verifier};
use futures::StreamExt;
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::{
    Config, Finding, ForgotPassword, LegacyUser, PoolSignIn, Severity, fold_login_name, map_user,
};

use crate::app::App;
use crate::canary::Canary;
use crate::report::Reset;

/// How many people forget their password before, and again after, the import.
const EACH_TIME: usize = 3;

/// Somebody who can reset a password: active, with a verified address, and no canary.
pub(crate) struct Forgetful {
    legacy_id: String,
    login: String,
}

/// Whom to ask, and how many others could be asked.
pub(crate) struct Picked {
    pub(crate) before: Vec<Forgetful>,
    pub(crate) after: Vec<Forgetful>,
    /// With a verified address, but canaries, inactive or held.
    pub(crate) passed_over: u64,
}

/// Picks the first such people of the table, half for before the import and half for after. Before it
/// only those whom the trigger is to answer: the others get no code, as configured.
pub(crate) async fn pick(
    legacy: &LegacyDatabase,
    config: &Config,
    canaries: &[Canary],
) -> Result<Picked, LegacyError> {
    let canary_ids: BTreeSet<_> = canaries
        .iter()
        .filter_map(|c| c.legacy_id.clone())
        .collect();
    let verifier = Verifier::new(config.hashers.clone(), Limits::default());
    let is_answered = |user: &LegacyUser| {
        let state = verifier.inspect(&user.encoded_password).state;
        let has_password = !matches!(state, HashState::Unusable);
        has_password || config.trigger.forgot_password_for_unusable
    };
    let migrates = config.trigger.forgot_password == ForgotPassword::Migrate;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut passed_over = 0;
    let mut emails = BTreeSet::new();
    let mut users = std::pin::pin!(legacy.users(None, 500));
    while let Some(user) = users.next().await {
        let user = user?;
        let (pool_user, faults) = map_user(&user, &config.mapping);
        let is_held = faults.iter().any(|fault| fault.holds(&config.mapping));
        let fits = user.is_active && !is_held && pool_user.has_verified_contact();
        let id = user.id.to_string();
        let email = user.email.as_deref().unwrap_or_default();
        if !fits || canary_ids.contains(&id) || !emails.insert(fold_login_name(email)) {
            passed_over += u64::from(pool_user.has_verified_contact());
            continue;
        }
        let login = match config.sign_in() {
            PoolSignIn::Username => pool_user.username,
            PoolSignIn::UsernameOrEmail | PoolSignIn::Email => email.to_owned(),
        };
        let is_before = migrates && is_answered(&user) && before.len() < EACH_TIME;
        let person = Forgetful {
            legacy_id: id,
            login,
        };
        if is_before && (before.len() <= after.len() || after.len() == EACH_TIME) {
            before.push(person);
        } else if after.len() < EACH_TIME {
            after.push(person);
        }
        if after.len() == EACH_TIME && (before.len() == EACH_TIME || !migrates) {
            break;
        }
    }
    Ok(Picked {
        before,
        after,
        passed_over,
    })
}

/// Each forgets the password, gets a code, sets a new one, and signs in with it.
pub(crate) async fn practise(
    app: &App<'_>,
    people: &[Forgetful],
    when: &'static str,
) -> Result<Vec<Reset>, PoolError> {
    let mut resets = Vec::with_capacity(people.len());
    for person in people {
        let wrong = reset(app, person).await?;
        let legacy_id = person.legacy_id.clone();
        resets.push(Reset {
            when,
            legacy_id,
            right: wrong.is_none(),
            wrong,
        });
    }
    Ok(resets)
}

async fn reset(app: &App<'_>, person: &Forgetful) -> Result<Option<String>, PoolError> {
    let password = random_password();
    match app.reset_password(&person.login, &password).await {
        Ok(None) => return Ok(Some("no code was sent".to_owned())),
        Err(error) if error.exception().is_some() => {
            return Ok(Some(format!(
                "refused: {}",
                error.exception().unwrap_or_default()
            )));
        }
        Err(error) => return Err(error),
        Ok(Some(())) => {}
    }
    let attempt = app.sign_in(&person.login, &password).await?;
    Ok(attempt
        .answer
        .is_err()
        .then(|| "the new password was refused".to_owned()))
}

/// A password of 128 random bits that fits every policy Cognito can have.
fn random_password() -> String {
    format!("Aa1!{}", uuid::Uuid::new_v4().simple())
}

/// What the resets say about the move.
pub(crate) fn findings(resets: &[Reset], passed_over: u64) -> Vec<Finding> {
    let wrong = resets.iter().filter(|reset| !reset.right).count();
    let mut findings = Vec::new();
    if wrong > 0 {
        findings.push(Finding {
            severity: Severity::Blocker,
            code: "reset-not-possible",
            subject: format!("{wrong} of {} people", resets.len()),
            message: "they could not replace a forgotten password".to_owned(),
            next_step: "look at each under \"Forgotten passwords\"".to_owned(),
        });
    }
    if resets.is_empty() && passed_over > 0 {
        findings.push(Finding {
            severity: Severity::Note,
            code: "no-reset-practised",
            subject: "forgotten passwords".to_owned(),
            message: format!(
                "no reset was practised: the {passed_over} with a verified address are canaries, \
                 inactive or held"
            ),
            next_step: "leave somebody with a verified address out of the canaries".to_owned(),
        });
    } else if resets.is_empty() {
        findings.push(Finding {
            severity: Severity::Warning,
            code: "no-verified-contact",
            subject: "forgotten passwords".to_owned(),
            message: "nobody has a verified address, so no reset was practised".to_owned(),
            next_step: "set [legacy] email_verified if the addresses were confirmed".to_owned(),
        });
    }
    findings
}
