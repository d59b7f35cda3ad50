//! What an operator should know of a pool before the function is attached to it: settings with which it
//! never fires, or with which it protects less than it could; and blockers: settings with which
//! somebody becomes somebody else. Reads only; called by `cutover trigger attach` and `cutover inspect
//! --pool`.

use cognito_user_pool::{
    AppClient, PoolDescription, PoolError, PoolSettings, PoolTrigger, TokenEventVersion, UserPool,
};
use migration_model::{Config, Finding, Severity};

use crate::schema_snapshot::Snapshot;
use crate::taken_names::taken_name_findings;

/// Everything there is to know.
pub(crate) async fn pool_findings(
    pool: &UserPool,
    config: &Config,
    planned: &PoolSettings,
    snapshot: &Snapshot,
) -> Result<Vec<Finding>, PoolError> {
    let description = pool.describe_user_pool().await?;
    let mut findings = Vec::new();
    findings.extend(snapshot.finding(config, pool.address().user_pool_id(), &description));
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
            client_findings(client, &mut findings);
        }
    }
    // Whoever registers through any client registers at the pool.
    for client in &clients {
        forgery_findings(client, config, &mut findings);
    }
    findings.extend(taken_name_findings(&description, &clients, config));
    if let Some(attribute) = &config.trigger.groups_attribute {
        token_attribute_findings(attribute, &description, &clients, &mut findings);
    }
    findings.extend(unconfirmed_claims(config, planned));
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

fn client_findings(client: &AppClient, findings: &mut Vec<Finding>) {
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
}

/// Attributes that say who somebody is, or what they may, in the hands of whoever registers.
/// Immutable does not help: a sign-up writes such an attribute once.
fn forgery_findings(client: &AppClient, config: &Config, findings: &mut Vec<Finding>) {
    let subject = || format!("app client {} ({})", client.name, client.id);
    let next = "list the attributes that its users may change in WriteAttributes, without those";
    let attributes = &config.mapping.attributes;
    let id = attributes.legacy_id_attribute(config.legacy.columns.resolve("id"));
    if let Some(id) = id.filter(|id| client.can_write(id)) {
        findings.push(blocker(
            "legacy-id-forgeable",
            subject(),
            &format!(
                "anybody can become any user: whoever registers may write {id}, which says who they \
                 are"
            ),
            next,
        ));
    }
    let mapped = attributes.iter().map(|(name, _)| name);
    let writable: Vec<_> = mapped
        .filter(|name| name.starts_with("custom:") && client.can_write(name))
        .filter(|name| id != Some(*name))
        .collect();
    if !writable.is_empty() {
        findings.push(blocker(
            "app-client-writes-attributes",
            subject(),
            &format!("its users can change {} themselves", writable.join(", ")),
            next,
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

/// Without the first tokens nobody tells the function which pool user a migration became.
fn unconfirmed_claims(config: &Config, planned: &PoolSettings) -> Option<Finding> {
    let attributes = &config.mapping.attributes;
    let id = attributes.legacy_id_attribute(config.legacy.columns.resolve("id"));
    let versions = [TokenEventVersion::V1, TokenEventVersion::V2];
    let is_attached = versions.into_iter().any(|version| {
        let trigger = PoolTrigger::PreTokenGeneration(version);
        planned.function_of(trigger).is_some()
    });
    match (id, is_attached) {
        (None, _) => Some(warning(
            "legacy-id-unmapped",
            "[attributes]".to_owned(),
            "no attribute carries the legacy id: nobody can be migrated once only, and groups and \
             reconciliation have nothing to go by",
            "map it: \"custom:legacy_id\" = \"id\"",
        )),
        (Some(_), false) => Some(warning(
            "claims-unconfirmed",
            "user pool".to_owned(),
            "the function is not asked for the first tokens, so it never learns which user a migration \
             became: ten minutes later another name may migrate the same person again",
            "attach pre-token-generation too",
        )),
        (Some(_), true) => None,
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
    if !pool.schema.contains_key(attribute) {
        findings.push(warning(
            "token-attribute-missing",
            format!("user pool attribute {attribute}"),
            "[groups] token_attribute names an attribute that the pool does not have: whoever is in a \
             group cannot be migrated",
            "add it to the pool (String, up to 2048 characters, immutable) before the function is \
             attached",
        ));
        return;
    }
    for client in clients {
        if client.can_write(attribute) {
            findings.push(blocker(
                "app-client-writes-token-attribute",
                format!("app client {} ({})", client.name, client.id),
                &format!(
                    "its users can change {attribute}, in which their groups travel to the first \
                     tokens: a changed value is ignored, and the groups with it"
                ),
                &format!("list WriteAttributes without {attribute}"),
            ));
        }
    }
}

fn blocker(code: &'static str, subject: String, message: &str, next_step: &str) -> Finding {
    Finding {
        severity: Severity::Blocker,
        ..warning(code, subject, message, next_step)
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
