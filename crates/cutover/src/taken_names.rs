//! Ways to a legacy user's name that lead past the sign-up's guard: whoever is in the pool changes an
//! attribute that is a sign-in name there, and the migration trigger never fires for the person whose
//! name it is: their right password is called wrong. And settings with which somebody whom the trigger
//! makes could never get in again. Reads nothing itself; part of [`crate::pool_findings`].

use cognito_user_pool::{AppClient, PoolDescription};
use migration_model::{
    Config, EmailVerifiedRule, Finding, ForgotPassword, PhoneVerifiedRule, PoolSignIn, Severity,
};

/// What a pool with these app clients allows.
pub(crate) fn taken_name_findings(
    pool: &PoolDescription,
    clients: &[AppClient],
    config: &Config,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ["email", "phone_number", "preferred_username"]
        .into_iter()
        .filter(|name| pool.sign_in_attributes.iter().any(|other| other == name))
        .filter_map(|name| taken_by_update(name, pool, clients))
        .collect();
    findings.extend(lost_resets(pool, config));
    findings.extend(lost_aliases(config));
    findings.extend(lost_phone_aliases(pool, config));
    findings
}

/// A sign-in name that a registered stranger can give themselves.
///
/// Sources: developer guide, "Verifying updates to email addresses and phone numbers" (without the
/// setting the new value takes the old one's place before it is verified) and "Customizing sign-in
/// attributes" (a preferred username is verified by nobody).
fn taken_by_update(
    name: &'static str,
    pool: &PoolDescription,
    clients: &[AppClient],
) -> Option<Finding> {
    let is_verified = pool
        .verified_before_update
        .iter()
        .any(|other| other == name);
    let writers: Vec<String> = clients
        .iter()
        .filter(|client| client.can_write(name))
        .map(|client| format!("{} ({})", client.name, client.id))
        .collect();
    if is_verified || writers.is_empty() {
        return None;
    }
    let next_step = match name {
        "preferred_username" => {
            "list WriteAttributes of those app clients without preferred_username until the move is over"
                .to_owned()
        }
        _ => format!(
            "set UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate to [\"{name}\"], \
             or list WriteAttributes of those app clients without {name} until the move is over"
        ),
    };
    Some(blocker(
        "sign-in-name-writable",
        format!("user pool attribute {name}"),
        format!(
            "whoever is registered can make a legacy user's {name} their own sign-in name, through {}: \
             then the trigger never fires for that user",
            writers.join(", ")
        ),
        next_step,
    ))
}

/// A reset that the trigger grants, to somebody whom the pool can send no code.
fn lost_resets(pool: &PoolDescription, config: &Config) -> Option<Finding> {
    if config.trigger.forgot_password == ForgotPassword::Refuse || pool.recovery.is_empty() {
        return None;
    }
    let attributes = &config.mapping.attributes;
    let maps = |name: &str| attributes.iter().any(|(mapped, _)| mapped == name);
    let by_email = maps("email") && config.legacy.email_verified != EmailVerifiedRule::Never;
    let by_phone = (maps("phone_number") || config.mapping.phone_alias)
        && config.legacy.phone_verified != PhoneVerifiedRule::Never;
    let recovers = |name: &str| pool.recovery.iter().any(|way| way == name);
    let reaches =
        by_email && recovers("verified_email") || by_phone && recovers("verified_phone_number");
    // Where nobody's address counts as verified the trigger grants no reset.
    if reaches || !(by_email || by_phone) {
        return None;
    }
    Some(blocker(
        "recovery-unreachable",
        "user pool AccountRecoverySetting".to_owned(),
        format!(
            "who asks for a reset is created without a password, and {} reaches none of the addresses \
             that the move brings along: they never get in again",
            pool.recovery.join(", ")
        ),
        "add verified_email to AccountRecoverySetting, or set [trigger] forgot_password = \"refuse\""
            .to_owned(),
    ))
}

/// E-mails that are to be typed at sign-in, none of which is verified: the pool knows each once.
fn lost_aliases(config: &Config) -> Option<Finding> {
    let never = config.legacy.email_verified == EmailVerifiedRule::Never;
    (config.sign_in() == PoolSignIn::UsernameOrEmail && never).then(|| {
        blocker(
            "alias-unverified",
            "[legacy] email_verified = \"never\"".to_owned(),
            "whoever first signs in by e-mail is known by it no more: an alias counts once it is \
             verified, and the second time the right password is called wrong"
                .to_owned(),
            "set [legacy] email_verified if the addresses were confirmed, or take \"email\" out of login"
                .to_owned(),
        )
    })
}

/// Phone numbers that are to be typed at sign-in, and that the pool does not know as names.
fn lost_phone_aliases(pool: &PoolDescription, config: &Config) -> Option<Finding> {
    if !config.mapping.phone_alias {
        return None;
    }
    let is_name = pool
        .sign_in_attributes
        .iter()
        .any(|name| name == "phone_number");
    let never = config.legacy.phone_verified == PhoneVerifiedRule::Never;
    let (subject, message, next_step) = match (is_name, never) {
        (true, false) => return None,
        (false, _) => (
            "user pool AliasAttributes",
            "people type their phone number at the legacy sign-in, and this pool does not know it as a \
             name: it would make a user of that name",
            "use a pool with AliasAttributes = phone_number (fixed when a pool is created), or take \
             \"phone_number\" out of login",
        ),
        (true, true) => (
            "[legacy] phone_verified = \"never\"",
            "whoever first signs in by phone number is known by it no more: an alias counts once it is \
             verified",
            "set [legacy] phone_verified if the numbers were confirmed, or take \"phone_number\" out of \
             login",
        ),
    };
    let code = "alias-unverified";
    let [subject, message, next_step] = [subject, message, next_step].map(str::to_owned);
    Some(blocker(code, subject, message, next_step))
}

fn blocker(code: &'static str, subject: String, message: String, next_step: String) -> Finding {
    Finding {
        severity: Severity::Blocker,
        code,
        subject,
        message,
        next_step,
    }
}
