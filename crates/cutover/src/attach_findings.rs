//! What an operator should know before the function is attached to a pool: settings with which it
//! never fires, or with which it protects less than it could. Reads only; called by
//! `cutover trigger attach`.

use cognito_user_pool::{
    AppClient, PoolDescription, PoolError, PoolSettings, PoolTrigger, UserPool,
};
use migration_model::{Config, Finding, Severity};

/// Everything there is to know; nothing here stops an attachment.
pub(crate) async fn attach_findings(
    pool: &UserPool,
    config: &Config,
    planned: &PoolSettings,
) -> Result<Vec<Finding>, PoolError> {
    let description = pool.describe_user_pool().await?;
    let mut findings = Vec::new();
    if !description.admin_create_user_only && planned.function_of(PoolTrigger::PreSignUp).is_none()
    {
        findings.push(warning(
            "self-registration-open",
            "user pool".to_owned(),
            "anybody can register the e-mail or username of a legacy user who has not signed in yet",
            "attach pre-sign-up too, or close self-registration until the move is over",
        ));
    }
    let ours = config.pool.as_ref().map(|pool| &pool.client_id);
    let clients = pool.app_clients().await?;
    for client in &clients {
        if ours.is_none_or(|ids| ids.admits(Some(&client.id))) {
            client_findings(client, config, &mut findings);
        }
    }
    if let Some(attribute) = &config.trigger.groups_attribute {
        token_attribute_findings(attribute, &description, &clients, &mut findings);
    }
    let known = |id: &str| clients.iter().any(|client| client.id == id);
    for id in ours
        .into_iter()
        .flat_map(|ids| ids.iter())
        .filter(|id| !known(id))
    {
        findings.push(warning(
            "app-client-missing",
            format!("app client {id}"),
            "[pool] client_id names an app client that the pool does not have; the function refuses \
             events of any other",
            "correct client_id in cutover.toml and in the function's package",
        ));
    }
    Ok(findings)
}

fn client_findings(client: &AppClient, config: &Config, findings: &mut Vec<Finding>) {
    let subject = || format!("app client {} ({})", client.name, client.id);
    if !client.takes_passwords {
        findings.push(warning(
            "app-client-without-password-flow",
            subject(),
            "it allows neither USER_PASSWORD_AUTH nor ADMIN_USER_PASSWORD_AUTH, and for SRP sign-ins \
             the trigger never fires",
            "add ALLOW_USER_PASSWORD_AUTH to ExplicitAuthFlows and use that flow until the move is \
             over",
        ));
    }
    if !client.hides_user_existence {
        findings.push(warning(
            "app-client-tells-who-exists",
            subject(),
            "PreventUserExistenceErrors is not ENABLED: sign-ins of unknown users look different \
             from a wrong password",
            "set PreventUserExistenceErrors to ENABLED",
        ));
    }
    let mapped = config.mapping.attributes.iter().map(|(name, _)| name);
    let writable: Vec<_> = mapped
        .filter(|name| name.starts_with("custom:") && client.can_write(name))
        .collect();
    if !writable.is_empty() {
        findings.push(warning(
            "app-client-writes-attributes",
            subject(),
            &format!("its users can change {} themselves", writable.join(", ")),
            "list the attributes that they may change in WriteAttributes",
        ));
    } else if client.write_attributes.is_none() {
        findings.push(warning(
            "app-client-writes-attributes",
            subject(),
            "it has no WriteAttributes, so its users can change every attribute themselves",
            "list the attributes that they may change in WriteAttributes",
        ));
    }
}

/// Who could change the groups on their way to the first tokens. The seal keeps anybody from gaining
/// one, but a changed value carries none at all.
fn token_attribute_findings(
    attribute: &str,
    pool: &PoolDescription,
    clients: &[AppClient],
    findings: &mut Vec<Finding>,
) {
    let Some(schema) = pool.schema.get(attribute) else {
        findings.push(warning(
            "token-attribute-missing",
            format!("user pool attribute {attribute}"),
            "[groups] token_attribute names an attribute that the pool does not have: whoever is in a \
             group cannot be migrated",
            "add it to the pool (String, up to 2048 characters, immutable) before the function is \
             attached",
        ));
        return;
    };
    // No app client may write what nobody may change.
    for client in clients.iter().filter(|_| schema.mutable) {
        if client.can_write(attribute) {
            findings.push(warning(
                "app-client-writes-token-attribute",
                format!("app client {} ({})", client.name, client.id),
                &format!(
                    "its users can change {attribute}, in which their groups travel to the first \
                     tokens: a changed value is ignored, and the groups with it"
                ),
                &format!("list WriteAttributes without {attribute}, or make it immutable"),
            ));
        }
    }
}

fn warning(code: &'static str, subject: String, message: &str, next_step: &str) -> Finding {
    Finding {
        severity: Severity::Warning,
        code,
        subject,
        message: message.to_owned(),
        next_step: next_step.to_owned(),
    }
}
