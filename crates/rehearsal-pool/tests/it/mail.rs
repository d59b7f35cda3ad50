//! Cognito's own mailer and its fifty messages a day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rehearsal_pool::{MailCount, PoolOptions, QuotaTable, Quotas, RunningPool};
use serde_json::{Value, json};

use crate::client::{Answer, Caller};
use crate::pool::start;

const DAY: u64 = 24 * 60 * 60;
const MESSAGES_A_DAY: usize = 50;

/// A pool whose request rates are out of the way.
async fn start_at_nine() -> (RunningPool, Caller) {
    let rates = ["UserCreation", "UserAccountRecovery"].map(|name| (name.to_owned(), 10_000.0));
    let table = QuotaTable {
        rates: rates.into(),
        ..QuotaTable::default()
    };
    let (running, caller) = start(PoolOptions {
        quotas: Quotas::Custom(table),
        ..PoolOptions::default()
    })
    .await;
    // To the beginning of a day, which is not to end during the test.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let since_nine = (now.as_secs() + DAY - 9 * 60 * 60) % DAY;
    running.advance_clock(Duration::from_secs(DAY - since_nine));
    (running, caller)
}

/// Makes a user and sends an invitation.
async fn invite(caller: &Caller, pool: &str, name: &str, medium: &str) -> Answer {
    let input = json!({
        "UserPoolId": pool, "Username": name, "DesiredDeliveryMediums": [medium],
        "UserAttributes": [
            {"Name": "email", "Value": format!("{name}@example.org")},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "phone_number", "Value": "+12065550100"},
        ],
    });
    caller.call("AdminCreateUser", &input).await
}

fn is_over(answer: &Answer) -> bool {
    let message = answer.body["message"].as_str().unwrap_or_default();
    answer.error_type.as_deref() == Some("LimitExceededException")
        && message.starts_with("Exceeded daily email limit")
}

#[tokio::test]
async fn the_fifty_first_mail_of_a_day_is_refused_though_its_user_is_there() {
    let (running, caller) = start_at_nine().await;
    let (pool, client) = (running.user_pool_id(), running.client_id());
    for number in 0..MESSAGES_A_DAY {
        let answer = invite(&caller, pool, &format!("user{number}"), "EMAIL").await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    let one_more = invite(&caller, pool, "ann", "EMAIL").await;
    assert!(is_over(&one_more), "{one_more:?}");
    let user = json!({"UserPoolId": pool, "Username": "ann"});
    let there = caller.call("AdminGetUser", &user).await;
    assert_eq!(there.body["UserStatus"], "FORCE_CHANGE_PASSWORD");

    let password = json!({
        "UserPoolId": pool, "Username": "ann", "Password": "Permanent-1", "Permanent": true,
    });
    caller.call("AdminSetUserPassword", &password).await;
    let forgotten = json!({"ClientId": client, "Username": "ann"});
    assert!(is_over(&caller.call("ForgotPassword", &forgotten).await));
    let sign_up = json!({
        "ClientId": client, "Username": "sue", "Password": "Permanent-1",
        "UserAttributes": [{"Name": "email", "Value": "sue@example.org"}],
    });
    assert!(is_over(&caller.call("SignUp", &sign_up).await));
    let sue = json!({"UserPoolId": pool, "Username": "sue"});
    let there = caller.call("AdminGetUser", &sue).await;
    assert_eq!(there.body["UserStatus"], "UNCONFIRMED");

    // Text messages are another service's.
    let by_phone = invite(&caller, pool, "bob", "SMS").await;
    assert!(by_phone.status.is_success(), "{by_phone:?}");
    let expected = MailCount {
        limit: Some(50),
        sent: 50,
        refused: 3,
    };
    assert_eq!(running.mail(), expected);

    running.advance_clock(Duration::from_secs(DAY));
    let next_day = caller.call("ForgotPassword", &forgotten).await;
    assert!(next_day.status.is_success(), "{next_day:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_pool_with_a_mailer_of_its_own_has_no_daily_limit() {
    let (running, caller) = start_at_nine().await;
    let settings = json!({
        "PoolName": "own", "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"},
    });
    let answer = caller.call("CreateUserPool", &settings).await;
    let pool: &Value = &answer.body["UserPool"]["Id"];
    for number in 0..=MESSAGES_A_DAY {
        let name = format!("user{number}");
        let answer = invite(&caller, pool.as_str().expect("an id"), &name, "EMAIL").await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    assert_eq!(running.mail().sent, 0);
    running.stop().await;
}
