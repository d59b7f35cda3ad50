//! Questions about sign-ins of users whom the pool has, and of names that nobody has.

use serde_json::json;

use crate::asking::{Asking, Client, PASSWORD, Unanswered};
use crate::question::{Answer, Needs, Question, rows};
use crate::throwaway::Kind;

/// One more than a user may type wrongly before a lockout.
const TRIES: usize = 6;

pub(super) fn questions() -> Vec<Question> {
    rows! { Needs::Nothing;
        "sign-in-disabled", "Is a disabled user told so before the password is looked at?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, AdminDisableUser 1, InitiateAuth 1],
            disabled;
        "sign-in-empty-password", "How is a sign-in with an empty password told?", 0,
            [InitiateAuth 1], empty_password;
        "flow-not-enabled", "How is a flow that the client lacks told?", 0,
            [InitiateAuth 1], flow_not_enabled;
        "secret-hash-missing", "How is a missing SECRET_HASH told?", 0,
            [InitiateAuth 1], secret_hash_missing;
        "session-made-up", "How is a made-up session told?", 1,
            [AdminCreateUser 1, RespondToAuthChallenge 1], session_made_up;
        "signed-out-deleted", "How is the token of a deleted user told at GlobalSignOut?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, InitiateAuth 1, AdminDeleteUser 1,
             GlobalSignOut 1], signed_out_deleted;
        "unknown-name-lockout", "Are unknown names locked out after wrong passwords?", 0,
            [InitiateAuth 6], unknown_lockout;
    }
}

async fn disabled(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    asking.confirm(&pool, &name).await?;
    let input = json!({"UserPoolId": pool, "Username": name});
    asking.prepare("AdminDisableUser", input).await?;
    let reply = asking.sign_in(&client, &name, "Wrong-Passw0rd!").await?;
    Ok(asking.told(&reply))
}

async fn empty_password(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let reply = asking.sign_in(&client, "nobody", "").await?;
    Ok(asking.told(&reply))
}

async fn flow_not_enabled(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::SrpOnly).await?;
    let reply = asking.sign_in(&client, "nobody", PASSWORD).await?;
    Ok(asking.told_of(&reply, &[("USER_PASSWORD_AUTH", "{flow}")]))
}

async fn secret_hash_missing(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Secret).await?;
    let reply = asking.sign_in(&client, "nobody", PASSWORD).await?;
    Ok(asking.told_of(&reply, &[("nobody", "{username}")]))
}

async fn session_made_up(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    let input = json!({
        "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "made-up-".repeat(8),
        "ChallengeResponses": {"USERNAME": name, "NEW_PASSWORD": PASSWORD},
    });
    let reply = asking.call("RespondToAuthChallenge", input).await?;
    Ok(asking.told(&reply))
}

async fn signed_out_deleted(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let client = asking.client(Kind::Plain, Client::Legacy).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    asking.confirm(&pool, &name).await?;
    let signed_in = asking.sign_in(&client, &name, PASSWORD).await?;
    let token = signed_in.body["AuthenticationResult"]["AccessToken"].as_str();
    let token = token.ok_or(Unanswered::Lacks("access token"))?.to_owned();
    let input = json!({"UserPoolId": pool, "Username": name});
    asking.prepare("AdminDeleteUser", input).await?;
    let input = json!({"AccessToken": token});
    let reply = asking.call("GlobalSignOut", input).await?;
    Ok(asking.told(&reply))
}

async fn unknown_lockout(asking: &mut Asking<'_>) -> Answer {
    let client = asking.client(Kind::Plain, Client::Enabled).await?;
    // A probing function says of this one that it is not there.
    let name = format!("probe.empty.{}", asking.nonce());
    let mut last = String::new();
    for _ in 0..TRIES {
        let reply = asking.sign_in(&client, &name, PASSWORD).await?;
        last = asking.told(&reply);
    }
    Ok(last)
}
