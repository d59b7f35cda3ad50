//! Canaries sign in through the real trigger program: each first sign-in must come out as
//! expected, lead to the right person, and be followed by one that Cognito answers alone. Called
//! by the conduct of a rehearsal.

use std::collections::BTreeSet;

use cognito_user_pool::PoolError;
use migration_model::{Finding, Reason, Severity, fold_login_name};
use serde_json::Value;

use crate::app::{App, Attempt};
use crate::canary::{Canary, Expectation};
use crate::report::SignIn;
use crate::wording::count_of;

/// Reasons behind which a refusal must look like every other (no oracle for guessers).
const ONE_REFUSAL: &[Reason] = &[
    Reason::PasswordMismatch,
    Reason::PasswordUnusable,
    Reason::UserInactive,
    Reason::UserUnknown,
    Reason::LoginAmbiguous,
];

/// Signs every canary in, in the order of the file, but for those who wait for the import.
///
/// `legacy_id_claim` is the claim that carries the legacy primary key, where one is mapped.
pub(crate) async fn practise(
    app: &App<'_>,
    canaries: &[Canary],
    waiting: &BTreeSet<usize>,
    legacy_id_claim: Option<&str>,
) -> Result<(Vec<SignIn>, Vec<Finding>), PoolError> {
    let mut sign_ins = Vec::with_capacity(canaries.len());
    let mut refusals = Vec::new();
    let present = canaries.iter().enumerate();
    for (index, canary) in present.filter(|(index, _)| !waiting.contains(index)) {
        let (first, outages) = first_sign_in(app, canary).await?;
        let mut wrong = fault(canary, &first, legacy_id_claim);
        let (mut second_ms, mut limit) = (None, None);
        if let (Ok(claims), Expectation::SignsIn) = (&first.answer, canary.expected()) {
            let second = app.sign_in(&canary.login, canary.password.expose()).await?;
            second_ms = Some(second.ms);
            match second.answer.is_err() && is_unverified_alias(&canary.login, claims) {
                true => limit = Some(Reason::AliasUnverified.code()),
                false => wrong = wrong.or_else(|| second_fault(&second)),
            }
        }
        if let (Err(refusal), true) = (&first.answer, is_one_refusal(canary)) {
            refusals.push(refusal.exception.clone());
        }
        sign_ins.push(SignIn {
            canary: index + 1,
            note: canary.note.clone(),
            expected: canary.expected(),
            happened: happened(&first),
            right: wrong.is_none(),
            wrong,
            outages,
            limit,
            first_ms: first.ms,
            second_ms,
        });
    }
    let findings = findings(&sign_ins, &mut refusals);
    Ok((sign_ins, findings))
}

/// How many of those who had signed in still do.
pub(crate) struct Kept {
    pub(crate) tried: usize,
    pub(crate) right: usize,
}

/// After the import, everybody who had signed in does so again: the import must have left their
/// passwords alone.
pub(crate) async fn practise_again(
    app: &App<'_>,
    canaries: &[Canary],
    before: &[SignIn],
) -> Result<Kept, PoolError> {
    let mut kept = Kept { tried: 0, right: 0 };
    for before in before {
        let Some(canary) = canaries.get(before.canary - 1) else {
            continue;
        };
        if before.expected == Expectation::SignsIn && before.right && before.limit.is_none() {
            kept.tried += 1;
            let attempt = app.sign_in(&canary.login, canary.password.expose()).await?;
            kept.right += usize::from(attempt.answer.is_ok());
        }
    }
    Ok(kept)
}

impl Kept {
    pub(crate) fn findings(&self) -> Option<Finding> {
        (self.right < self.tried).then(|| Finding {
            severity: Severity::Blocker,
            code: "password-lost",
            subject: format!("{} of {} people", self.tried - self.right, self.tried),
            message: "they had signed in, and cannot any more after the import".to_owned(),
            next_step: "run the rehearsal again and keep its output for a bug report".to_owned(),
        })
    }
}

/// How often a person tries again who is told that it did not work just now.
const TRIES: usize = 3;

/// Signs in as a person would: an outage is tried again. Returns how many there were.
async fn first_sign_in(app: &App<'_>, canary: &Canary) -> Result<(Attempt, usize), PoolError> {
    let mut outages = 0;
    loop {
        let attempt = app.sign_in(&canary.login, canary.password.expose()).await?;
        let outage = attempt
            .answer
            .as_ref()
            .is_err_and(|refusal| refusal.is_outage());
        if !outage || canary.expected() == Expectation::Refused || outages + 1 == TRIES {
            return Ok((attempt, outages));
        }
        outages += 1;
    }
}

/// What came of an attempt, in one word.
pub(crate) fn happened(attempt: &Attempt) -> String {
    match &attempt.answer {
        Ok(_) => "signs in".to_owned(),
        Err(refusal) => refusal.exception.clone(),
    }
}

/// What was wrong with a first sign-in.
pub(crate) fn fault(
    canary: &Canary,
    first: &Attempt,
    legacy_id_claim: Option<&str>,
) -> Option<String> {
    match (canary.expected(), &first.answer) {
        (Expectation::SignsIn, Err(_)) => Some("the right password was refused".to_owned()),
        (Expectation::Refused, Ok(_)) => Some("somebody got in who must not".to_owned()),
        (Expectation::Refused, Err(_)) => None,
        (Expectation::SignsIn, Ok(claims)) => {
            let (claim, expected) = (legacy_id_claim?, canary.legacy_id.as_deref()?);
            let found = claims.get(claim).and_then(Value::as_str);
            (found != Some(expected)).then(|| "the tokens are another person's".to_owned())
        }
    }
}

/// Whether somebody signed in by an e-mail that is not their username and not verified: the pool
/// makes no alias of it, so it does not know the name the second time.
fn is_unverified_alias(login: &str, claims: &Value) -> bool {
    let claim = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .map(fold_login_name)
    };
    let login = Some(fold_login_name(login));
    claim("email") == login
        && claim("cognito:username") != login
        && claims.get("email_verified") == Some(&Value::Bool(false))
}

fn second_fault(second: &Attempt) -> Option<String> {
    if second.answer.is_err() {
        return Some("the second sign-in was refused".to_owned());
    }
    (second.trigger_runs > 0).then(|| "the second sign-in ran the trigger again".to_owned())
}

fn is_one_refusal(canary: &Canary) -> bool {
    let reason = canary.expected_reason();
    canary.fits_cognito && reason.is_some_and(|reason| ONE_REFUSAL.contains(&reason))
}

fn findings(sign_ins: &[SignIn], refusals: &mut Vec<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let wrong = sign_ins.iter().filter(|sign_in| !sign_in.right).count();
    if wrong > 0 {
        findings.push(Finding {
            severity: Severity::Blocker,
            code: "sign-in-not-as-expected",
            subject: format!("{wrong} of {} canaries", sign_ins.len()),
            message: "their sign-in did not come out as the canary file says".to_owned(),
            next_step: "look at each under \"Sign-ins through the trigger\"".to_owned(),
        });
    }
    let outages: usize = sign_ins.iter().map(|sign_in| sign_in.outages).sum();
    if outages > 0 {
        findings.push(Finding {
            severity: Severity::Warning,
            code: Reason::DeadlineNear.code(),
            subject: count_of(outages as u64, "sign-in"),
            message: "could not be checked in time or at all, and had to be tried again".to_owned(),
            next_step: "see the trigger's log; on a busy machine, rehearse again when it is idle"
                .to_owned(),
        });
    }
    let limited = sign_ins
        .iter()
        .filter(|sign_in| sign_in.limit.is_some())
        .count();
    if limited > 0 {
        findings.push(Finding {
            severity: Severity::Warning,
            code: Reason::AliasUnverified.code(),
            subject: format!("{limited} of {} canaries", sign_ins.len()),
            message: "they signed in by an unverified e-mail, which the pool takes only once"
                .to_owned(),
            next_step: "set [legacy] email_verified if the addresses were confirmed, or tell \
                        people to type their username"
                .to_owned(),
        });
    }
    refusals.sort();
    refusals.dedup();
    if refusals.len() > 1 {
        findings.push(Finding {
            severity: Severity::Blocker,
            code: "refusals-differ",
            subject: format!("{} kinds of refusal", refusals.len()),
            message: "an unknown user and a wrong password can be told apart".to_owned(),
            next_step: "set PreventUserExistenceErrors to ENABLED on the app client".to_owned(),
        });
    }
    if sign_ins.is_empty() {
        findings.push(Finding {
            severity: Severity::Warning,
            code: "no-canaries",
            subject: "first sign-in".to_owned(),
            message: "nobody's password is known, so no first sign-in was practised".to_owned(),
            next_step: "name people whose passwords you know with --canaries FILE".to_owned(),
        });
    }
    findings
}
