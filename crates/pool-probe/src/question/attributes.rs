//! Questions about users, their names and their attributes, as an administrator sets them.

use cognito_user_pool::RawReply;
use serde_json::json;

use crate::asking::{Asking, Unanswered, attribute_list};
use crate::question::{Answer, Needs, Question, rows};
use crate::throwaway::Kind;

pub(super) fn questions() -> Vec<Question> {
    rows! { Needs::Nothing;
        "both-kinds-of-names", "How is a pool with username and alias attributes refused?", 0,
            [CreateUserPool 1], both_kinds_of_names;
        "pool-unknown", "How is a pool that is not there told?", 0,
            [DescribeUserPool 1], pool_unknown;
        "username-taken", "How is a taken username told?", 1,
            [AdminCreateUser 2], username_taken;
        "alias-taken-at-creation", "How is a taken alias told at AdminCreateUser?", 2,
            [AdminCreateUser 2], alias_taken;
        "attribute-unknown", "How is an attribute that the schema lacks refused?", 0,
            [AdminCreateUser 1], attribute_unknown;
        "attribute-too-long", "How is a value that is too long refused?", 0,
            [AdminCreateUser 1], attribute_too_long;
        "attribute-no-boolean", "Is a custom boolean held to be true or false?", 0,
            [AdminCreateUser 1], attribute_no_boolean;
        "email-malformed", "How is an e-mail address without a domain refused?", 0,
            [AdminCreateUser 1], email_malformed;
        "medium-without-address", "How is a medium without an address refused?", 0,
            [AdminCreateUser 1], medium_without_address;
        "empty-password-set", "How is an empty password refused?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1], empty_password;
        "password-unfit", "How is a password that the policy refuses told?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1], password_unfit;
        "preferred-username-taken", "Is a preferred username taken from its holder?", 2,
            [AdminCreateUser 2, AdminUpdateUserAttributes 1], preferred_username_taken;
        "alias-moves-at-update", "Who has a verified address that two users were given?", 2,
            [AdminCreateUser 2, AdminUpdateUserAttributes 1, ListUsers 2], alias_moves;
        "delete-absent-attribute", "Is deleting an attribute without a value an error?", 1,
            [AdminCreateUser 1, AdminDeleteUserAttributes 1], delete_absent;
        "delete-email-flag", "Does email_verified go with the address?", 1,
            [AdminCreateUser 1, AdminDeleteUserAttributes 1, ListUsers 1], delete_email;
        "confirmed-twice", "How is confirming a confirmed user told?", 1,
            [AdminCreateUser 1, AdminSetUserPassword 1, AdminConfirmSignUp 1], confirmed_twice;
    }
}

async fn both_kinds_of_names(asking: &mut Asking<'_>) -> Answer {
    let mut settings = Kind::Alias.settings(asking.run, None);
    settings["UsernameAttributes"] = json!(["email"]);
    let reply = asking.call("CreateUserPool", settings).await?;
    if let Some(id) = reply.body["UserPool"]["Id"].as_str() {
        // A service that takes both has made one; it goes with the others.
        asking.made.strays.push(id.to_owned());
    }
    Ok(asking.told(&reply))
}

async fn pool_unknown(asking: &mut Asking<'_>) -> Answer {
    let id = format!("{}_{}", asking.calls.region(), "Nobody000");
    let reply = asking
        .call("DescribeUserPool", json!({"UserPoolId": id}))
        .await?;
    Ok(asking.told_of(&reply, &[(&id, "{pool}")]))
}

async fn username_taken(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    created(asking, &name, &[], &[], &[]).await
}

async fn alias_taken(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Alias).await?;
    let (name, other) = (asking.nonce(), asking.nonce());
    let email = format!("{name}@example.com");
    let verified = [("email", email.as_str()), ("email_verified", "true")];
    asking.user(&pool, &name, &verified).await?;
    let reply = create(asking, Kind::Alias, &other, &verified, &[]).await?;
    Ok(asking.told(&reply))
}

async fn attribute_unknown(asking: &mut Asking<'_>) -> Answer {
    let name = asking.nonce();
    let names = [("custom:not_there", "{attribute}")];
    created(asking, &name, &[("custom:not_there", "1")], &[], &names).await
}

async fn attribute_too_long(asking: &mut Asking<'_>) -> Answer {
    let name = asking.nonce();
    let names = [("custom:short", "{attribute}"), (" 10 ", " {limit} ")];
    created(
        asking,
        &name,
        &[("custom:short", "elevenchars")],
        &[],
        &names,
    )
    .await
}

async fn attribute_no_boolean(asking: &mut Asking<'_>) -> Answer {
    let name = asking.nonce();
    let names = [("custom:flag", "{attribute}")];
    created(asking, &name, &[("custom:flag", "perhaps")], &[], &names).await
}

async fn email_malformed(asking: &mut Asking<'_>) -> Answer {
    let name = asking.nonce();
    created(asking, &name, &[("email", "nobody")], &[], &[]).await
}

async fn medium_without_address(asking: &mut Asking<'_>) -> Answer {
    let name = asking.nonce();
    let names = [("email is", "{attribute} is"), ("by EMAIL", "by {medium}")];
    created(asking, &name, &[], &["EMAIL"], &names).await
}

/// AdminCreateUser in the plain pool, in words; `names` are for what varies.
async fn created(
    asking: &mut Asking<'_>,
    username: &str,
    attributes: &[(&str, &str)],
    mediums: &[&str],
    names: &[(&str, &str)],
) -> Answer {
    let reply = create(asking, Kind::Plain, username, attributes, mediums).await?;
    Ok(asking.told_of(&reply, names))
}

/// AdminCreateUser as the question, without a message to anybody.
async fn create(
    asking: &mut Asking<'_>,
    kind: Kind,
    username: &str,
    attributes: &[(&str, &str)],
    mediums: &[&str],
) -> Result<RawReply, Unanswered> {
    let pool = asking.pool(kind).await?;
    let mut input = json!({
        "UserPoolId": pool, "Username": username, "MessageAction": "SUPPRESS",
        "UserAttributes": attribute_list(attributes),
    });
    if !mediums.is_empty() {
        input["DesiredDeliveryMediums"] = json!(mediums);
    }
    asking.call("AdminCreateUser", input).await
}

async fn empty_password(asking: &mut Asking<'_>) -> Answer {
    let told = set_password(asking, "").await?;
    // The pattern is the API model's, whichever version.
    Ok(match told.split_once("pattern: ") {
        Some((before, _)) => format!("{before}pattern: {{pattern}}"),
        None => told,
    })
}

async fn password_unfit(asking: &mut Asking<'_>) -> Answer {
    set_password(asking, "short").await
}

async fn set_password(asking: &mut Asking<'_>, password: &str) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    let input = json!({
        "UserPoolId": pool, "Username": name, "Password": password, "Permanent": true,
    });
    let reply = asking.call("AdminSetUserPassword", input).await?;
    Ok(asking.told(&reply))
}

async fn preferred_username_taken(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Alias).await?;
    let (holder, other) = (asking.nonce(), asking.nonce());
    let wanted = format!("{holder}p");
    let preferred = [("preferred_username", wanted.as_str())];
    asking.user(&pool, &holder, &preferred).await?;
    asking.user(&pool, &other, &[]).await?;
    let input = json!({
        "UserPoolId": pool, "Username": other, "UserAttributes": attribute_list(&preferred),
    });
    let reply = asking.call("AdminUpdateUserAttributes", input).await?;
    Ok(asking.told(&reply))
}

async fn alias_moves(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Alias).await?;
    let (holder, other) = (asking.nonce(), asking.nonce());
    let email = format!("{holder}@example.com");
    let verified = [("email", email.as_str()), ("email_verified", "true")];
    asking.user(&pool, &holder, &verified).await?;
    asking.user(&pool, &other, &[]).await?;
    let input = json!({
        "UserPoolId": pool, "Username": other, "UserAttributes": attribute_list(&verified),
    });
    let reply = asking.call("AdminUpdateUserAttributes", input).await?;
    if reply.error().is_some() {
        return Ok(asking.told(&reply));
    }
    let mut verified_of = async |name: &str| {
        let user = asking
            .listed(&pool, &format!("username = \"{name}\""))
            .await?;
        let attributes = user.map(|user| user.attributes).unwrap_or_default();
        let flag = attributes
            .get("email_verified")
            .is_some_and(|flag| flag == "true");
        Ok::<_, Unanswered>((attributes.contains_key("email"), flag))
    };
    let (before, after) = (verified_of(&holder).await?, verified_of(&other).await?);
    Ok(match (before, after) {
        ((true, false), (true, true)) => "moves; the former holder keeps the address, not verified",
        ((false, _), (true, true)) => "moves; the former holder has no address",
        ((true, true), (true, true)) => "both have it, verified",
        _ => "stays",
    }
    .to_owned())
}

async fn delete_absent(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    let input = json!({
        "UserPoolId": pool, "Username": name, "UserAttributeNames": ["nickname"],
    });
    let reply = asking.call("AdminDeleteUserAttributes", input).await?;
    Ok(asking.told(&reply))
}

async fn delete_email(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    let email = format!("{name}@example.com");
    let verified = [("email", email.as_str()), ("email_verified", "true")];
    asking.user(&pool, &name, &verified).await?;
    let input = json!({"UserPoolId": pool, "Username": name, "UserAttributeNames": ["email"]});
    let reply = asking.call("AdminDeleteUserAttributes", input).await?;
    if reply.error().is_some() {
        return Ok(asking.told(&reply));
    }
    let user = asking
        .listed(&pool, &format!("username = \"{name}\""))
        .await?;
    let attributes = user.map(|user| user.attributes).unwrap_or_default();
    Ok(match attributes.contains_key("email_verified") {
        true => "stays",
        false => "gone",
    }
    .to_owned())
}

async fn confirmed_twice(asking: &mut Asking<'_>) -> Answer {
    let pool = asking.pool(Kind::Plain).await?;
    let name = asking.nonce();
    asking.user(&pool, &name, &[]).await?;
    asking.confirm(&pool, &name).await?;
    let input = json!({"UserPoolId": pool, "Username": name});
    let reply = asking.call("AdminConfirmSignUp", input).await?;
    Ok(asking.told(&reply))
}
