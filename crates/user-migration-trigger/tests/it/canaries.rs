//! Every sign-in that real Django made for the fixtures, tried at the real program: who gets in,
//! and why the others do not.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::program::{Program, fixtures, refused, sign_in};

#[derive(Deserialize)]
struct Canary {
    login: String,
    password: String,
    expect: String,
    reason: Option<String>,
    expect_lowered: String,
    reason_lowered: Option<String>,
    algorithm: Option<String>,
    legacy_id: Option<String>,
    note: String,
    fits_cognito: bool,
}

impl Canary {
    /// The canary as a case-insensitive pool would send it.
    fn lowered(self) -> Canary {
        Canary {
            login: self.login.to_lowercase(),
            expect: self.expect_lowered.clone(),
            reason: self.reason_lowered.clone(),
            ..self
        }
    }

    fn is_about_the_password(&self) -> bool {
        matches!(self.reason.as_deref(), None | Some("password-mismatch"))
    }

    /// Whether nobody can check the hash: not refused but reported, since the password may be
    /// right.
    fn is_uncheckable(&self) -> bool {
        let reason = self.reason.as_deref();
        matches!(
            reason,
            Some("algorithm-unsupported" | "cost-limit-exceeded")
        )
    }
}

/// The canaries that can come through a pool: Cognito holds no other names.
fn canaries() -> impl Iterator<Item = Canary> {
    let text = std::fs::read_to_string(fixtures("canaries.json")).expect("it is checked in");
    let canaries: Vec<Canary> = serde_json::from_str(&text).expect("the README tells its form");
    let canaries = canaries.into_iter().filter(|canary| canary.fits_cognito);
    let canaries: Vec<Canary> = canaries.collect();
    assert!(
        canaries.len() > 80,
        "the fixtures shrank to {}",
        canaries.len()
    );
    canaries.into_iter()
}

#[tokio::test]
async fn each_canary_is_answered_as_expected() {
    check(canaries().collect()).await;
}

#[tokio::test]
async fn each_canary_is_answered_as_expected_when_the_pool_lowers_its_login() {
    check(canaries().map(Canary::lowered).collect()).await;
}

async fn check(canaries: Vec<Canary>) {
    let function = Program::on_default_data().start().await;
    let mut faults = Vec::new();
    for canary in &canaries {
        let event = sign_in(&canary.login, &canary.password);
        if canary.is_uncheckable() {
            let error = function.error(&event).await;
            assert_eq!(
                error["errorType"], "Cutover.Unavailable",
                "{}",
                canary.login
            );
            continue;
        }
        let answer = function.response_in_the_end(&event).await;
        let right = match canary.expect.as_str() {
            // Django signs them in, but the pool would make another person of another form.
            _ if is_another_form(&canary.login) => answer == refused(&event),
            "signs-in" => lets_in(&answer, canary.legacy_id.as_deref()),
            _ => answer == refused(&event),
        };
        if !right {
            let response = &answer["response"];
            faults.push(format!("{} ({}): {response}", canary.login, canary.note));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let mut lines = function.finish().await.invocations();
    lines.retain(|line| line["Reason"] != "deadline-near");
    assert_eq!(lines.len(), canaries.len());
    for (line, canary) in lines.iter().zip(&canaries) {
        let reason = match is_another_form(&canary.login) {
            true => Some("user-unknown"),
            false => canary.reason.as_deref(),
        };
        let reason = reason.map_or(Value::Null, Value::from);
        assert_eq!(line["Reason"], reason, "{}: {}", canary.login, canary.note);
        if canary.is_about_the_password() && !is_another_form(&canary.login) {
            assert_eq!(
                line["algorithm"],
                json!(canary.algorithm),
                "{}",
                canary.login
            );
        }
    }
}

/// Whether a login is typed in another of Unicode's forms than Django stores.
fn is_another_form(login: &str) -> bool {
    migration_model::normalize_login_name(login) != login
}

/// Whether the answer makes the expected user, confirmed.
fn lets_in(answer: &Value, legacy_id: Option<&str>) -> bool {
    let response = &answer["response"];
    response["finalUserStatus"] == "CONFIRMED"
        && response["userAttributes"]["custom:legacy_id"].as_str() == legacy_id
        && response["userAttributes"].get("sub").is_none()
}
