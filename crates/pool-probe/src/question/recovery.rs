//! Questions about forgotten passwords. Whatever is sent goes to addresses under example.com, which
//! take no mail.

use serde_json::json;

use crate::asking::{Asking, Client};
use crate::question::{Answer, Needs, Question, rows};
use crate::throwaway::Kind;

pub(super) fn questions() -> Vec<Question> {
    rows! { Needs::Nothing;
        "reset-admin-only", "How is AdminResetUserPassword told where recovery is admin_only?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, AdminResetUserPassword 1], reset_admin_only;
        "reset-disabled", "How is AdminResetUserPassword of a disabled user told?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, AdminDisableUser 1,
             AdminResetUserPassword 1], reset_disabled;
        "forgot-admin-only", "How is ForgotPassword told where recovery is admin_only?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, ForgotPassword 1], forgot_admin_only;
        "forgot-without-contact", "How is ForgotPassword without a contact told?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, ForgotPassword 1], forgot_without_contact;
        "forgot-temporary-password", "How is ForgotPassword in FORCE_CHANGE_PASSWORD told?", 1,
            [AdminCreateUser 1, ForgotPassword 1], forgot_temporary;
    }
}

/// A confirmed user with a verified address, or without any.
async fn confirmed(
    asking: &mut Asking<'_>,
    kind: Kind,
    has_address: bool,
) -> Result<(String, String), crate::asking::Unanswered> {
    let pool = asking.pool(kind).await?;
    let name = asking.nonce();
    let email = format!("{name}@example.com");
    let verified = [("email", email.as_str()), ("email_verified", "true")];
    let attributes: &[_] = if has_address { &verified } else { &[] };
    asking.user(&pool, &name, attributes).await?;
    asking.confirm(&pool, &name).await?;
    Ok((pool, name))
}

async fn reset_admin_only(asking: &mut Asking<'_>) -> Answer {
    let (pool, name) = confirmed(asking, Kind::AdminOnly, true).await?;
    let input = json!({"UserPoolId": pool, "Username": name});
    let reply = asking.call("AdminResetUserPassword", input).await?;
    Ok(asking.told(&reply))
}

async fn reset_disabled(asking: &mut Asking<'_>) -> Answer {
    let (pool, name) = confirmed(asking, Kind::Plain, true).await?;
    let input = json!({"UserPoolId": pool, "Username": name});
    asking.prepare("AdminDisableUser", input.clone()).await?;
    let reply = asking.call("AdminResetUserPassword", input).await?;
    Ok(asking.told(&reply))
}

async fn forgot_admin_only(asking: &mut Asking<'_>) -> Answer {
    let (_, name) = confirmed(asking, Kind::AdminOnly, true).await?;
    forgot(asking, Kind::AdminOnly, &name).await
}

async fn forgot_without_contact(asking: &mut Asking<'_>) -> Answer {
    let (_, name) = confirmed(asking, Kind::Plain, false).await?;
    forgot(asking, Kind::Plain, &name).await
}

async fn forgot_temporary(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    let email = format!("{name}@example.com");
    let verified = [("email", email.as_str()), ("email_verified", "true")];
    asking.user(&pool, &name, &verified).await?;
    forgot(asking, Kind::Plain, &name).await
}

async fn forgot(asking: &mut Asking<'_>, kind: Kind, name: &str) -> Answer {
    let client = asking.client(kind, Client::Legacy).await?;
    let input = json!({"ClientId": client, "Username": name});
    let reply = asking.call("ForgotPassword", input).await?;
    Ok(asking.told(&reply))
}
