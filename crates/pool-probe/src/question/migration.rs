//! Questions about a migrating sign-in beside the matrix: events, triggers, what becomes of the user.

use std::time::Instant;

use serde_json::{Value, json};

use crate::asking::{Asking, Client, Listed, PASSWORD, Unanswered};
use crate::question::{Answer, Needs, Question, rows};
use crate::reading::claims;
use crate::throwaway::Kind;

/// How long Cognito waits for a function, in seconds.
const WAITS: f64 = 5.0;
const GROUP: &str = "probe-group";

pub(super) fn questions() -> Vec<Question> {
    rows! { Needs::Function;
        "migration-dies", "What is told when the function's process ends?", 0,
            [InitiateAuth 1], dies;
        "migration-times-out", "What is told when the function takes too long?", 0,
            [InitiateAuth 1], times_out;
        "migration-attempts", "How often is a function asked that takes too long?", 0,
            [InitiateAuth 1], attempts;
        "migration-unfit-name", "Is a name migrated that no user can have?", 1,
            [InitiateAuth 1], unfit_name;
        "user-auth-migration", "Does USER_AUTH with PASSWORD ask the trigger?", 1,
            [InitiateAuth 1], user_auth;
        "event-at-sign-in", "Which members has the event at sign-in, and which are null?", 1,
            [InitiateAuth 1, ListUsers 1], event_at_sign_in;
        "event-at-forgot-password", "Which members has the event at ForgotPassword?", 1,
            [ForgotPassword 1, ListUsers 1], event_at_forgot_password;
        "migration-triggers", "Which triggers run at a migrating sign-in, in which order?", 1,
            [InitiateAuth 1], triggers;
        "migration-groups-in-tokens", "Are groups of PreTokenGeneration in its tokens?", 1,
            [InitiateAuth 1], groups_in_tokens;
        "migration-required-default", "Which value has a required attribute that is left out?", 1,
            [InitiateAuth 1, ListUsers 1], required_default;
        "migrated-at-forgot-password", "Which status has who was migrated at ForgotPassword?", 1,
            [ForgotPassword 1, ListUsers 1], at_forgot_password;
        "sign-up-migration", "Does SignUp ask the migration trigger?", 1,
            [SignUp 1, ListUsers 1], sign_up;
        "email-pool-username", "What is cognito:username where e-mail is the username?", 1,
            [InitiateAuth 1], email_username;
    }
}

async fn legacy_sign_in(
    asking: &mut Asking<'_>,
    word: &str,
) -> Result<(String, cognito_user_pool::RawReply), Unanswered> {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = format!("probe.{word}.{}", asking.nonce());
    let reply = asking.sign_in(&client, &name, PASSWORD).await?;
    Ok((name, reply))
}

async fn dies(asking: &mut Asking<'_>) -> Answer {
    let (_, reply) = legacy_sign_in(asking, "exit").await?;
    Ok(asking.told(&reply))
}

async fn times_out(asking: &mut Asking<'_>) -> Answer {
    let (_, reply) = legacy_sign_in(asking, "sleep").await?;
    Ok(asking.told(&reply))
}

async fn attempts(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = format!("probe.sleep.{}", asking.nonce());
    let started = Instant::now();
    asking.sign_in(&client, &name, PASSWORD).await?;
    let attempts = started.elapsed().as_secs_f64() / WAITS;
    Ok(format!("{attempts:.0}"))
}

async fn unfit_name(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = format!("probe.migrate.{} x", asking.nonce());
    let reply = asking.sign_in(&client, &name, PASSWORD).await?;
    Ok(asking.told_of(&reply, &[(&name, "{username}")]))
}

async fn user_auth(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = format!("probe.migrate.{}", asking.nonce());
    let input = json!({
        "ClientId": client, "AuthFlow": "USER_AUTH",
        "AuthParameters": {
            "USERNAME": name, "PASSWORD": PASSWORD, "PREFERRED_CHALLENGE": "PASSWORD",
        },
    });
    let reply = asking.call("InitiateAuth", input).await?;
    Ok(match reply.error() {
        None if reply.body["AuthenticationResult"].is_object() => "asked".to_owned(),
        Some("UserNotFoundException") => "not asked".to_owned(),
        _ => asking.told(&reply),
    })
}

async fn event_at_sign_in(asking: &mut Asking<'_>) -> Answer {
    let (name, _) = legacy_sign_in(asking, "seen").await?;
    seen(asking, &name).await
}

async fn event_at_forgot_password(asking: &mut Asking<'_>) -> Answer {
    let name = forgotten(asking, "seen").await?;
    seen(asking, &name).await
}

async fn forgotten(asking: &mut Asking<'_>, word: &str) -> Result<String, Unanswered> {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = format!("probe.{word}.{}", asking.nonce());
    let input = json!({"ClientId": client, "Username": name});
    asking.call("ForgotPassword", input).await?;
    Ok(name)
}

async fn migrated(asking: &mut Asking<'_>, kind: Kind, name: &str) -> Result<Listed, Unanswered> {
    let pool = asking.pool(kind).await?;
    let filter = format!("username = \"{name}\"");
    let user = asking.listed(&pool, &filter).await?;
    user.ok_or(Unanswered::NotHere("nobody was migrated"))
}

async fn seen(asking: &mut Asking<'_>, name: &str) -> Answer {
    let user = migrated(asking, Kind::Plain, name).await?;
    let seen = user.attributes.get("custom:seen").cloned();
    seen.ok_or(Unanswered::Lacks("record of the event"))
}

async fn with_triggers(asking: &mut Asking<'_>) -> Result<Value, Unanswered> {
    let client = asking.client(Kind::Triggers, Client::Legacy).await?;
    let name = format!("probe.migrate.{}", asking.nonce());
    let reply = asking.sign_in(&client, &name, PASSWORD).await?;
    match reply.error() {
        None => Ok(reply.body),
        Some(_) => Err(Unanswered::NotHere("nobody was migrated")),
    }
}

async fn triggers(asking: &mut Asking<'_>) -> Answer {
    let answer = with_triggers(asking).await?;
    let claims = claims(&answer, "IdToken").ok_or(Unanswered::Lacks("ID token"))?;
    let saw = claims["probe_saw"].as_str();
    Ok(saw.unwrap_or("TokenGeneration does not run").to_owned())
}

async fn groups_in_tokens(asking: &mut Asking<'_>) -> Answer {
    let answer = with_triggers(asking).await?;
    let has = |token: &str| {
        let claims = claims(&answer, token).unwrap_or_default();
        let groups = claims["cognito:groups"].as_array();
        groups.is_some_and(|groups| groups.iter().any(|group| group == GROUP))
    };
    Ok(match (has("IdToken"), has("AccessToken")) {
        (true, true) => "in both tokens",
        (true, false) => "in the ID token",
        (false, true) => "in the access token",
        (false, false) => "in neither",
    }
    .to_owned())
}

async fn required_default(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Required, Client::Legacy).await?;
    let name = format!("probe.migrate.{}", asking.nonce());
    let reply = asking.sign_in(&client, &name, PASSWORD).await?;
    if reply.error().is_some() {
        return Ok(asking.told_of(&reply, &[(&name, "{username}")]));
    }
    let user = migrated(asking, Kind::Required, &name).await?;
    Ok(match user.attributes.get("family_name") {
        None => "absent".to_owned(),
        Some(value) => format!("\"{}\"", rehearsal_pool::redacted(value)),
    })
}

async fn at_forgot_password(asking: &mut Asking<'_>) -> Answer {
    let name = forgotten(asking, "migrate").await?;
    let user = migrated(asking, Kind::Plain, &name).await?;
    Ok(user.status)
}

async fn email_username(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Email, Client::Legacy).await?;
    let name = format!("probe.migrate.{}@example.com", asking.nonce());
    let reply = asking.sign_in(&client, &name, PASSWORD).await?;
    let claims =
        claims(&reply.body, "IdToken").ok_or(Unanswered::NotHere("nobody was migrated"))?;
    let username = claims["cognito:username"].as_str().unwrap_or_default();
    Ok(match username {
        same if claims["sub"] == same => "the sub",
        email if email == name => "the address",
        _ => "neither the sub nor the address",
    }
    .to_owned())
}

async fn sign_up(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = format!("probe.seen.{}", asking.nonce());
    // Without an address nothing is sent.
    let input = json!({"ClientId": client, "Username": name, "Password": PASSWORD});
    let reply = asking.call("SignUp", input).await?;
    if reply.error().is_some() {
        return Ok(asking.told_of(&reply, &[(&name, "{username}")]));
    }
    let user = migrated(asking, Kind::Plain, &name).await?;
    Ok(match user.attributes.contains_key("custom:seen") {
        true => "asked",
        false => "not asked",
    }
    .to_owned())
}
