//! The probing mode: the function answers as the login tells it to, so that `cutover pool probe` can
//! see what Cognito makes of each kind of answer. Must not know legacy users, and shares nothing with
//! the decisions. Called by `process` alone, when `CUTOVER_ANSWERS` is `probe`.
//!
//! Attached to a pool with users it would let anybody in who knows its words. So it starts only
//! without a legacy configuration, answers logins of its own form alone, makes nobody whose address
//! is outside example.com, and stops answering at `CUTOVER_PROBE_UNTIL`, at most a day ahead.

mod record;
mod word;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::{Map, Value, json};

use self::record::{Record, members};
use self::word::{Login, Word};

/// "A function must answer within five seconds"; longer than that, and short of Lambda's own end.
const TOO_LONG: Duration = Duration::from_secs(7);
/// The exit code that the probe looks for in the error's text.
const EXIT_CODE: i32 = 3;
/// The group that token events add.
const GROUP: &str = "probe-group";
/// The attribute that carries what the migration event held.
const SEEN: &str = "custom:seen";
/// How far ahead the end may lie.
const LONGEST_DAYS: i64 = 1;

/// Until when a probing function answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until(DateTime<Utc>);

impl Until {
    /// The end as RFC 3339 text, at most a day after `now`.
    pub(crate) fn parse(text: &str, now: DateTime<Utc>) -> Option<Until> {
        let until = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
        let latest = now.checked_add_signed(TimeDelta::days(LONGEST_DAYS))?;
        (until <= latest).then_some(Until(until))
    }
}

/// An error as the login asked for it.
#[derive(Debug)]
pub(crate) struct ProbeError(&'static str);

impl From<ProbeError> for Diagnostic {
    fn from(error: ProbeError) -> Diagnostic {
        Diagnostic {
            error_type: "Cutover.Probe".to_owned(),
            error_message: error.0.to_owned(),
        }
    }
}

/// Answers events of the Lambda Runtime API until it goes away.
pub(crate) async fn serve(until: Until) -> Result<(), lambda_runtime::Error> {
    tracing::warn!(until = %until.0, "probing: no legacy user is looked up, nobody's password checked");
    let record = Mutex::new(Record::default());
    let record = &record;
    let handler = service_fn(move |event: LambdaEvent<Value>| async move {
        if Utc::now() > until.0 {
            return Err(ProbeError("The probe is over."));
        }
        answer(event.payload, record).await
    });
    Runtime::new(handler).run().await
}

async fn answer(mut event: Value, record: &Mutex<Record>) -> Result<Value, ProbeError> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let source = text("triggerSource").to_owned();
    let name = text("userName").to_owned();
    let seen = {
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        record.saw(&name, &source)
    };
    if source.starts_with("UserMigration_") {
        let login = Login::parse(&name).ok_or(ProbeError("No login of a probe."))?;
        return migrate(event, &login).await;
    }
    if source.starts_with("TokenGeneration_") {
        let first = event.get("version").and_then(Value::as_str) == Some("1");
        set(&mut event, token_response(first, &seen));
    }
    Ok(event)
}

async fn migrate(mut event: Value, login: &Login<'_>) -> Result<Value, ProbeError> {
    let confirmed = "CONFIRMED";
    let response = match login.word {
        Word::Throw => return Err(ProbeError("The probe asked for this")),
        Word::NoEvent => return Ok(Value::String("no event".to_owned())),
        Word::Exit => std::process::exit(EXIT_CODE),
        Word::Sleep => {
            tokio::time::sleep(TOO_LONG).await;
            return Err(ProbeError("Too late"));
        }
        Word::Empty => return Ok(event),
        Word::StatusAlone => json!({"finalUserStatus": confirmed, "messageAction": "SUPPRESS"}),
        Word::Migrate => reply(login, &[], confirmed),
        Word::Reset => reply(login, &[], "RESET_REQUIRED"),
        Word::Seen => {
            let seen = members(event.get("request"));
            reply(login, &[(SEEN, &seen)], confirmed)
        }
        Word::Sub => {
            let sub = "11111111-2222-4333-8444-555555555555";
            reply(login, &[("sub", sub)], confirmed)
        }
        Word::BadAttribute => reply(login, &[("custom:not_there", "1")], confirmed),
        Word::Bare => reply(login, &[("name", "Probe")], confirmed),
        Word::Taken => {
            let address = format!("probe.held.{}@example.com", login.nonce);
            reply(login, &[("email", &address)], confirmed)
        }
    };
    set(&mut event, response);
    Ok(event)
}

fn reply(login: &Login<'_>, more: &[(&str, &str)], status: &str) -> Value {
    let mut attributes = BTreeMap::from([("email_verified", "true".to_owned())]);
    attributes.insert("email", login.address());
    attributes.extend(
        more.iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    if login.word == Word::Bare {
        attributes.remove("email");
        attributes.remove("email_verified");
    }
    json!({
        "userAttributes": attributes,
        "finalUserStatus": status,
        "messageAction": "SUPPRESS",
    })
}

/// Adds a group, and a claim with what the function saw of this user.
fn token_response(first_version: bool, seen: &str) -> Value {
    let claims = json!({"probe_saw": seen});
    let groups = json!({"groupsToOverride": [GROUP]});
    match first_version {
        true => json!({"claimsOverrideDetails": {
            "claimsToAddOrOverride": claims, "groupOverrideDetails": groups,
        }}),
        false => json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": claims},
            "groupOverrideDetails": groups,
        }}),
    }
}

/// Puts members into the event's response.
fn set(event: &mut Value, members: Value) {
    let response = event.as_object_mut().map(|event| {
        event
            .entry("response")
            .or_insert_with(|| Value::Object(Map::new()))
    });
    let Some(response) = response else { return };
    if !response.is_object() {
        *response = Value::Object(Map::new());
    }
    if let (Some(response), Value::Object(members)) = (response.as_object_mut(), members) {
        response.extend(members);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(source: &str, name: &str) -> Value {
        json!({
            "version": "1", "triggerSource": source, "userName": name,
            "request": {"password": "x", "validationData": null, "userAttributes": null},
            "response": {"userAttributes": null, "finalUserStatus": null},
        })
    }

    #[tokio::test]
    async fn the_login_says_what_the_answer_is() {
        let record = Mutex::default();
        let ask = |name: &str| answer(event("UserMigration_Authentication", name), &record);
        let made = ask("probe.migrate.a1@example.com").await.expect("an event");
        assert_eq!(
            made["response"]["userAttributes"]["email"],
            "probe.migrate.a1@example.com"
        );
        assert_eq!(made["response"]["finalUserStatus"], "CONFIRMED");
        let seen = ask("probe.seen.a1").await.expect("an event");
        assert_eq!(
            seen["response"]["userAttributes"]["custom:seen"],
            "password text, userAttributes null, validationData null"
        );
        let empty = ask("probe.empty.a1").await.expect("an event");
        assert_eq!(empty["response"]["finalUserStatus"], Value::Null);
        assert!(ask("probe.throw.a1").await.is_err());
    }

    #[tokio::test]
    async fn people_are_none_of_its_business() {
        let record = Mutex::default();
        for name in [
            "ada",
            "ada@example.com",
            "probe.migrate.a1@gmail.com",
            "probe.migrate.a1@example.com.evil.org",
            "probe.nonsense.a1",
            "probe.migrate.",
            "",
        ] {
            let asked = answer(event("UserMigration_Authentication", name), &record).await;
            assert!(asked.is_err(), "{name}");
        }
    }

    #[tokio::test]
    async fn tokens_tell_what_was_seen_of_a_user() {
        let record = Mutex::default();
        let name = "probe.migrate.b2";
        for source in [
            "UserMigration_Authentication",
            "PostAuthentication_Authentication",
        ] {
            answer(event(source, name), &record)
                .await
                .expect("an event");
        }
        let tokens = answer(event("TokenGeneration_Authentication", name), &record).await;
        let tokens = tokens.expect("an event");
        let details = &tokens["response"]["claimsOverrideDetails"];
        assert_eq!(
            details["claimsToAddOrOverride"]["probe_saw"],
            "UserMigration_Authentication, PostAuthentication_Authentication, \
             TokenGeneration_Authentication"
        );
        assert_eq!(
            details["groupOverrideDetails"]["groupsToOverride"],
            json!([GROUP])
        );
    }

    #[test]
    fn the_end_is_at_most_a_day_ahead() {
        let now = Utc::now();
        let after = |days| {
            let end = now.checked_add_signed(TimeDelta::days(days));
            end.expect("near").to_rfc3339()
        };
        assert!(Until::parse(&after(1), now).is_some());
        assert!(Until::parse(&after(2), now).is_none());
        assert!(Until::parse("tomorrow", now).is_none());
    }
}
