//! Sign-in by secure remote password: `USER_SRP_AUTH` and the answer to `PASSWORD_VERIFIER`.
//!
//! The password never reaches the pool in this flow, so the migration trigger is not asked.
//!
//! Sources: guide pages amazon-cognito-user-pools-authentication-flow-methods and
//! cognito-user-pool-managing-errors (an unknown name gets a simulated challenge: the same salt and
//! a UUID for the same name); cognito-user-pools-using-import-tool (users imported with a hash
//! cannot use SRP before they signed in by password). That those get a simulated challenge too, and
//! that a refused proof ends the session, is believed.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

use super::password_check::{may_try, proven};
use super::sign_in::Attempt;
use crate::api_error::ApiError;
use crate::pool::challenge::ChallengeKind;
use crate::pool::login_name;
use crate::pool::password::SALT_LENGTH;
use crate::pool::user_table::UserIndex;
use crate::srp::{Claim, Exchange};

/// What a challenge is made of, for a real user or a made-up one.
struct Challenged {
    user: Option<UserIndex>,
    user_id: String,
    salt: [u8; SALT_LENGTH],
    x: [u8; 32],
}

pub(super) fn start(attempt: Attempt<'_>) -> Result<Value, ApiError> {
    let Attempt {
        service,
        pool,
        client,
        parameters,
        ..
    } = attempt;
    let name = parameters.need("USERNAME")?;
    let client_public = parameters.need("SRP_A")?;
    attempt.check_secret_hash(name)?;
    let challenged = challenged(attempt, name)?;
    // The arithmetic takes a while: not under the pool's lock.
    let exchange = Exchange::start(client_public, &challenged.x)
        .ok_or_else(|| ApiError::invalid_parameter("SRP_A is not a valid public value."))?;
    let server_public = exchange.server_public();
    let kind = ChallengeKind::PasswordVerifier {
        user: challenged.user,
        user_id: challenged.user_id.clone(),
        exchange: Box::new(exchange),
    };
    // The session's letters are base64 too, so it serves as the secret block.
    let mut state = pool.state();
    let block = state
        .challenges
        .open(&client.id, kind, service.now(), client.session_lives);
    Ok(json!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": hexadecimal(&challenged.salt),
            "SECRET_BLOCK": block,
            "SRP_B": server_public,
            "USERNAME": challenged.user_id,
            "USER_ID_FOR_SRP": challenged.user_id,
        },
    }))
}

fn challenged(attempt: Attempt<'_>, name: &str) -> Result<Challenged, ApiError> {
    let Attempt {
        service,
        pool,
        client,
        ..
    } = attempt;
    let config = pool.config();
    let state = pool.state();
    let Some(index) = login_name::find(&config, &state.users, name) else {
        return if client.hides_user_existence {
            Ok(simulated(attempt, &config.folded(name), None))
        } else {
            Err(ApiError::user_not_found())
        };
    };
    let user = state.user(index)?;
    may_try(user, client, service.now())?;
    Ok(match user.credential.verifier() {
        Some(verifier) => Challenged {
            user: Some(index),
            user_id: user.username.to_string(),
            salt: verifier.salt,
            x: *verifier.private_value(),
        },
        None => simulated(attempt, name, Some(user.username.to_string())),
    })
}

/// A challenge nobody can answer, the same for the same name.
fn simulated(attempt: Attempt<'_>, name: &str, user_id: Option<String>) -> Challenged {
    let key = hmac::Key::new(hmac::HMAC_SHA256, attempt.pool.simulation_secret());
    let tag = hmac::sign(&key, name.as_bytes());
    let (first, second) = tag.as_ref().split_at(SALT_LENGTH);
    let mut salt: [u8; SALT_LENGTH] = first.try_into().expect("split at this length");
    salt[0] = (salt[0] & 0x7f) | 0x01;
    let id = uuid::Builder::from_random_bytes(second.try_into().expect("the other half"));
    let mut x = [0; 32];
    crate::random::fill(&mut x);
    Challenged {
        user: None,
        user_id: user_id.unwrap_or_else(|| Uuid::to_string(id.as_uuid())),
        salt,
        x,
    }
}

/// The answer to `PASSWORD_VERIFIER`.
pub(super) async fn answer(attempt: Attempt<'_>) -> Result<Value, ApiError> {
    let Attempt {
        service,
        pool,
        client,
        parameters,
        ..
    } = attempt;
    let username = parameters.need("USERNAME")?;
    let secret_block = parameters.need("PASSWORD_CLAIM_SECRET_BLOCK")?;
    let signature = parameters.need("PASSWORD_CLAIM_SIGNATURE")?;
    let timestamp = parameters.need("TIMESTAMP")?;
    attempt.check_secret_hash(username)?;
    if !is_timestamp(timestamp) {
        return Err(ApiError::invalid_parameter(
            "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.",
        ));
    }
    let now = service.now();
    let taken = pool.state().challenges.take(secret_block, &client.id, now);
    let Some(ChallengeKind::PasswordVerifier {
        user,
        user_id,
        exchange,
    }) = taken
    else {
        return Err(ApiError::not_authorized("Invalid session for the user."));
    };
    let claim = Claim {
        pool_name: pool.short_name(),
        user_id: &user_id,
        secret_block,
        timestamp,
    };
    let proof = exchange.proves(&claim, signature);
    let (judged, index) = {
        let mut state = pool.state();
        let index = user.ok_or_else(ApiError::incorrect_username_or_password)?;
        let user = state.user_mut(index)?;
        may_try(user, client, now)?;
        if !proof {
            user.rare().lockout.failed(now);
            return Err(ApiError::incorrect_username_or_password());
        }
        (proven(user, now)?, index)
    };
    let client_metadata = attempt.client_metadata;
    attempt.after_password(judged, index, client_metadata).await
}

/// `Sun Nov 2 13:05:09 UTC 2026`.
fn is_timestamp(text: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text.split(' ').collect();
    let [day_name, month, day, time, zone, year] = parts[..] else {
        return false;
    };
    let number = |text: &str, most: u16| text.parse().is_ok_and(|number: u16| number <= most);
    let times: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = times[..] else {
        return false;
    };
    DAYS.contains(&day_name)
        && MONTHS.contains(&month)
        && number(day, 31)
        && !day.starts_with('0')
        && [hour, minute, second].iter().all(|part| part.len() == 2)
        && number(hour, 23)
        && number(minute, 59)
        && number(second, 60)
        && matches!(zone, "UTC" | "GMT")
        && year.len() == 4
        && number(year, 9999)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes anything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn timestamps_are_as_the_clients_write_them() {
        assert!(is_timestamp("Sun Nov 2 13:05:09 UTC 2026"));
        assert!(is_timestamp("Mon Nov 23 00:00:00 UTC 2026"));
        for bad in [
            "",
            "Sun Nov 02 13:05:09 UTC 2026",
            "2026-11-22T13:05:09Z",
            "So Nov 2 13:05:09 UTC 2026",
            "Sun Nov 2 25:05:09 UTC 2026",
            "Sun Nov 2 1:05:09 UTC 2026",
        ] {
            assert!(!is_timestamp(bad), "{bad}");
        }
    }
}
