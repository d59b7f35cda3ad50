//! Questions about groups.

use serde_json::json;

use crate::asking::Asking;
use crate::question::{Answer, Needs, Question, rows};
use crate::throwaway::Kind;

pub(super) fn questions() -> Vec<Question> {
    rows! { Needs::Nothing;
        "groups-join-twice", "Is adding a user to a group twice an error?", 1,
            [AdminCreateUser 1, CreateGroup 1, AdminAddUserToGroup 2], join_twice;
        "groups-leave-absent", "Is taking a user out of a group they are not in an error?", 1,
            [AdminCreateUser 1, CreateGroup 1, AdminRemoveUserFromGroup 1], leave_absent;
    }
}

async fn join_twice(asking: &mut Asking<'_>) -> Answer {
    let membership = user_and_group(asking).await?;
    asking
        .prepare("AdminAddUserToGroup", membership.clone())
        .await?;
    let reply = asking.call("AdminAddUserToGroup", membership).await?;
    Ok(asking.told(&reply))
}

async fn leave_absent(asking: &mut Asking<'_>) -> Answer {
    let membership = user_and_group(asking).await?;
    let reply = asking.call("AdminRemoveUserFromGroup", membership).await?;
    Ok(asking.told(&reply))
}

async fn user_and_group(
    asking: &mut Asking<'_>,
) -> Result<serde_json::Value, crate::asking::Unanswered> {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    let group = json!({"UserPoolId": pool, "GroupName": name});
    asking.prepare("CreateGroup", group).await?;
    Ok(json!({"UserPoolId": pool, "Username": name, "GroupName": name}))
}
