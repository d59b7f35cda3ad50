//! Finding and deleting what a probe left behind when it was stopped.
//!
//! Responsible for deleting a pool only on the proof of `throwaway`, looked at right before the
//! deletion. Must not know questions.

use std::time::Duration;

use cognito_user_pool::{RawCalls, RawFault, WritePermission};
use rehearsal_pool::redacted;
use serde_json::{Value, json};

use crate::throwaway::{NAME_PREFIX, is_a_probes};

const PAGE: u32 = 60;
/// An account has at most 10,000 pools.
const MOST_PAGES: usize = 200;
const ATTEMPTS: u32 = 5;

/// A pool that bears a probe's name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leftover {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether name and tag prove that a probe made it. Without the proof it stays.
    pub proven: bool,
}

/// What became of the leftovers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cleaned {
    /// Pools deleted.
    pub deleted: Vec<Leftover>,
    /// Pools that only bear the name.
    pub unproven: Vec<Leftover>,
    /// Pools that could not be deleted, with the error's code.
    pub failed: Vec<(Leftover, String)>,
}

/// Every pool of the account and Region that bears a probe's name. Writes nothing.
///
/// # Errors
///
/// When the pools cannot be listed: no answer, or the error's code.
pub async fn leftovers(calls: &RawCalls) -> Result<Vec<Leftover>, String> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut input = json!({"MaxResults": PAGE});
        if let Some(token) = &next {
            input["NextToken"] = token.as_str().into();
        }
        let answer = read(calls, "ListUserPools", input).await?;
        for pool in answer["UserPools"].as_array().into_iter().flatten() {
            let (Some(id), Some(name)) = (pool["Id"].as_str(), pool["Name"].as_str()) else {
                continue;
            };
            if !name.starts_with(NAME_PREFIX) {
                continue;
            }
            let shown = read(calls, "DescribeUserPool", json!({"UserPoolId": id})).await?;
            found.push(Leftover {
                id: id.to_owned(),
                name: name.to_owned(),
                proven: is_a_probes(&shown["UserPool"]),
            });
        }
        match answer["NextToken"].as_str() {
            Some(token) if next.as_deref() != Some(token) => next = Some(token.to_owned()),
            _ => break,
        }
    }
    Ok(found)
}

async fn read(calls: &RawCalls, operation: &str, input: Value) -> Result<Value, String> {
    let mut pause = Duration::from_millis(500);
    for attempt in 1.. {
        let reply = calls.read(operation, &input).await;
        let reply = reply.map_err(|fault| fault.to_string())?;
        match reply.error() {
            None => return Ok(reply.body),
            Some("TooManyRequestsException") if attempt < ATTEMPTS => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Some(error) => return Err(format!("{operation}: {}", redacted(error))),
        }
    }
    Err(operation.to_owned())
}

/// Deletes what probes left behind.
///
/// # Errors
///
/// As [`leftovers`].
pub async fn clean(calls: &RawCalls, permission: &WritePermission) -> Result<Cleaned, String> {
    let mut cleaned = Cleaned::default();
    for leftover in leftovers(calls).await? {
        if !leftover.proven {
            cleaned.unproven.push(leftover);
            continue;
        }
        match delete(calls, permission, &leftover.id).await {
            Ok(()) => cleaned.deleted.push(leftover),
            Err(why) => cleaned.failed.push((leftover, why)),
        }
    }
    Ok(cleaned)
}

/// Deletes one pool; one that is gone is deleted.
pub(crate) async fn delete(
    calls: &RawCalls,
    permission: &WritePermission,
    id: &str,
) -> Result<(), String> {
    let mut pause = Duration::from_millis(500);
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let input = json!({"UserPoolId": id});
        match calls.call(permission, "DeleteUserPool", &input).await {
            Ok(reply) => match reply.error() {
                None | Some("ResourceNotFoundException") => return Ok(()),
                Some(error) => last = redacted(error),
            },
            Err(fault @ (RawFault::Credentials | RawFault::Request)) => {
                return Err(fault.to_string());
            }
            Err(fault) => last = fault.to_string(),
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Err(last)
}
