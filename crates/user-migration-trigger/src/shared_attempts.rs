//! How often passwords may be guessed, counted by all of the function's processes together in a
//! table of DynamoDB. Must not know why sign-ins are refused. Asked by the authentication decision
//! beside the process's own counts ([`crate::attempts`]), which alone count where there is no
//! table, or while it does not answer.
//!
//! An attempt is taken before the password is looked at and given back unless it was refused, each
//! by one conditional update: of guesses made at once no more pass than the limit says. The only
//! thing this program writes anywhere; what stands there is a keyed hash, a number and a time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use migration_model::{AttemptLimits, fold_login_name};
use serde_json::{Value, json};

use crate::breaker::Breaker;
use crate::pseudonym::PseudonymKey;
use migration_claims::{AwsCredentials, AwsFault, AwsService, DYNAMODB, ServiceKind};

pub(crate) const SERVICE: ServiceKind = ServiceKind {
    // Somebody is waiting, and may be let in without it.
    limit: Duration::from_millis(400),
    ..DYNAMODB
};

/// What DynamoDB calls an update whose condition does not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// The table.
pub(crate) struct SharedAttempts {
    table: String,
    service: AwsService,
    limits: AttemptLimits,
    names: PseudonymKey,
    breaker: Breaker,
}

/// Whose sign-in it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    pub(crate) pool: Option<&'a str>,
    pub(crate) client: Option<&'a str>,
    pub(crate) login: &'a str,
}

/// Attempts that were taken.
#[derive(Debug, Default)]
pub(crate) struct Taken(Vec<Counter>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Counter {
    key: String,
    /// When its window ends, in seconds since 1970.
    ends: u64,
}

impl Taken {
    /// Gives only the login's attempt back, the first that is taken.
    pub(crate) fn leave_the_clients(&mut self) {
        self.0.truncate(1);
    }
}

impl SharedAttempts {
    /// For the table of this ARN, whose key is the string `counter`. What is wrong with ARN or
    /// endpoint otherwise.
    pub(crate) fn new(
        arn: &str,
        endpoint: Option<&str>,
        credentials: Arc<AwsCredentials>,
        names: PseudonymKey,
        limits: AttemptLimits,
    ) -> Result<SharedAttempts, String> {
        let service = AwsService::of_arn(&SERVICE, arn, endpoint, credentials)?;
        let Some((_, table)) = arn.split_once(":table/") else {
            return Err("it is no ARN of a table".to_owned());
        };
        Ok(SharedAttempts {
            table: table.to_owned(),
            service,
            limits,
            names,
            breaker: Breaker::default(),
        })
    }

    /// Takes one attempt of the login and one of the app client, and notes them in `taken`; says
    /// whether the login has none left (as the process's own counts do: a client without any leaves
    /// each login one), or what is wrong with the table.
    pub(crate) async fn take(
        &self,
        who: Who<'_>,
        now: SystemTime,
        taken: &mut Taken,
    ) -> Result<bool, String> {
        let AttemptLimits {
            per_login,
            per_client,
            window,
        } = self.limits;
        let pool = who.pool.unwrap_or_default();
        let login = fold_login_name(who.login);
        let login = counter(&self.names.code(&["login", pool, &login]), window, now);
        let limit = if per_login > 0 { per_login } else { u32::MAX };
        let Some(guesses) = self.update(&login, one_more(&login, limit)).await? else {
            return Ok(true);
        };
        taken.0.push(login);
        if per_client == 0 {
            return Ok(false);
        }
        let client = ["client", pool, who.client.unwrap_or_default()];
        let client = counter(&self.names.code(&client), window, now);
        match self.update(&client, one_more(&client, per_client)).await? {
            Some(_) => taken.0.push(client),
            None => return Ok(guesses > 1),
        }
        Ok(false)
    }

    /// Gives back what was taken for a sign-in that was not refused.
    pub(crate) async fn give_back(&self, taken: Taken) -> Result<(), String> {
        for counter in taken.0 {
            self.update(&counter, one_less()).await?;
        }
        Ok(())
    }

    /// What the counter then says; `None` where the update's condition did not hold.
    async fn update(&self, counter: &Counter, mut update: Value) -> Result<Option<u64>, String> {
        if let Err(times) = self.breaker.admit(Instant::now()) {
            return Err(format!(
                "not asked: {times} times in a row there was no answer"
            ));
        }
        if let Some(members) = update.as_object_mut() {
            members.insert("TableName".to_owned(), json!(self.table));
            members.insert("Key".to_owned(), json!({"counter": {"S": counter.key}}));
        }
        let answer = self.service.call("UpdateItem", &update).await;
        match &answer {
            Ok(_) | Err(AwsFault::Refused { .. }) => self.breaker.answered(),
            Err(_) => self.breaker.unanswered(Instant::now()),
        }
        match answer {
            Ok(answer) => Ok(Some(attempts(&answer))),
            Err(AwsFault::Refused { exception, .. }) if exception == CONDITION_FAILED => Ok(None),
            Err(fault) => Err(fault.to_string()),
        }
    }
}

/// The attempts of an answer that returns them.
fn attempts(answer: &[u8]) -> u64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let number = answer.pointer("/Attributes/attempts/N");
    let number = number.and_then(Value::as_str);
    number.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The counter of a name in the window that is running. Windows of different names begin at
/// different times: nobody can wait for the moment at which all counts begin anew.
fn counter(name: &[u8; 16], window: Duration, now: SystemTime) -> Counter {
    let window = window.as_secs().max(1);
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let shift = u128::from_be_bytes(*name)
        .checked_rem(u128::from(window))
        .and_then(|shift| u64::try_from(shift).ok())
        .unwrap_or_default();
    let number = seconds.saturating_add(shift).checked_div(window);
    let number = number.unwrap_or_default();
    let ends = number.saturating_add(1).saturating_mul(window);
    Counter {
        key: format!("{}:{number}", hex::encode(name)),
        ends: ends.saturating_sub(shift),
    }
}

/// DynamoDB deletes items some time after `expires`, if the table says so.
fn one_more(counter: &Counter, limit: u32) -> Value {
    json!({
        "UpdateExpression": "SET expires = :expires ADD attempts :one",
        "ReturnValues": "UPDATED_NEW",
        "ConditionExpression": "attribute_not_exists(attempts) OR attempts < :limit",
        "ExpressionAttributeValues": {
            ":expires": {"N": counter.ends.to_string()},
            ":one": {"N": "1"},
            ":limit": {"N": limit.to_string()},
        },
    })
}

fn one_less() -> Value {
    json!({
        "UpdateExpression": "ADD attempts :less",
        "ConditionExpression": "attempts > :none",
        "ExpressionAttributeValues": {":less": {"N": "-1"}, ":none": {"N": "0"}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(900);

    #[test]
    fn each_counter_has_windows_of_its_own_and_ends_with_them() {
        let name = *b"0123456789abcdef";
        let begin = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let first = counter(&name, WINDOW, begin);
        let end = UNIX_EPOCH + Duration::from_secs(first.ends);
        assert!(end > begin && end <= begin + WINDOW);
        assert_eq!(counter(&name, WINDOW, end - Duration::from_secs(1)), first);
        let next = counter(&name, WINDOW, end);
        assert_ne!(next.key, first.key);
        assert_eq!(next.ends, first.ends + WINDOW.as_secs());
        let other = counter(b"another name, 16", WINDOW, begin);
        assert_ne!(other.ends, first.ends);
    }
}
