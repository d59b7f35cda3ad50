//! The rehearsal pool that fits a configuration: its sign-in kind, its custom attributes, and the
//! trigger program pointed at the same configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use migration_model::{Config, PoolSignIn};
use rehearsal_pool::{CustomAttribute, PoolOptions, PoolSettings, TriggerKind, TriggerProgram};
use tempfile::TempDir;
use uuid::Uuid;

/// What a rehearsal pool for this configuration is started with.
///
/// `config_path` is where `config` was read from: the trigger program reads it again, as the
/// Lambda reads the file in its package.
pub fn fitting_pool(config: &Config, config_path: &Path, trigger: PathBuf) -> PoolOptions {
    let email = vec!["email".to_owned()];
    let (username_attributes, mut alias_attributes) = match config.sign_in() {
        PoolSignIn::Username => (Vec::new(), Vec::new()),
        PoolSignIn::UsernameOrEmail => (Vec::new(), email),
        PoolSignIn::Email => (email, Vec::new()),
    };
    if config.mapping.phone_alias {
        alias_attributes.push("phone_number".to_owned());
    }
    let custom = config.mapping.attributes.custom_attributes();
    let carrying = config.trigger.groups_attribute.as_deref();
    let custom_attributes = custom
        .chain(carrying)
        .map(|name| CustomAttribute::text(name.strip_prefix("custom:").unwrap_or(name)))
        .collect();
    let mut environment = trigger_environment(config, config_path);
    // Who was migrated is known as long as the pool is.
    let files = keeps_claims(config).then(TempDir::new).and_then(Result::ok);
    if let Some(folder) = &files {
        let file = folder.path().join("claims.sqlite3");
        environment.push(("CUTOVER_CLAIMS_FILE".to_owned(), file.display().to_string()));
        environment.push(("CUTOVER_CLAIMS_KEY".to_owned(), random_key()));
    }
    PoolOptions {
        region: config
            .pool
            .as_ref()
            .map_or_else(|| "eu-west-1".to_owned(), |p| p.region.clone()),
        pool: PoolSettings {
            // The local pool stands in for the configured one: the trigger checks its ids.
            user_pool_id: config.pool.as_ref().map(|pool| pool.user_pool_id.clone()),
            client_id: client_id(config),
            username_attributes,
            alias_attributes,
            case_sensitive: false,
            custom_attributes,
            client_members: safe_client(),
            ..PoolSettings::default()
        },
        trigger: Some(TriggerProgram {
            env: environment,
            files: files.map(Arc::new),
            assigned: assigned(config),
            ..TriggerProgram::new(trigger)
        }),
        ..PoolOptions::default()
    }
}

/// Turns a pool's trigger program into one that answers as the login tells it to, for a day: no
/// configuration, no database, no key of anything.
pub fn answer_a_probe(program: &mut TriggerProgram) {
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(23);
    program.env = vec![
        ("CUTOVER_ANSWERS".to_owned(), "probe".to_owned()),
        ("CUTOVER_PROBE_UNTIL".to_owned(), until.to_rfc3339()),
    ];
    program.assigned = vec![TriggerKind::UserMigration];
}

/// What people may change of themselves: not the attributes that say who they are. An app client
/// without this list lets anybody register as any legacy user.
const WRITE_ATTRIBUTES: [&str; 17] = [
    "address",
    "birthdate",
    "email",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

fn safe_client() -> serde_json::Map<String, serde_json::Value> {
    let names = serde_json::Value::from(WRITE_ATTRIBUTES.to_vec());
    serde_json::Map::from_iter([("WriteAttributes".to_owned(), names)])
}

fn client_id(config: &Config) -> Option<String> {
    let first = config.pool.as_ref()?.client_id.first()?;
    Some(first.to_owned())
}

/// The triggers that the one program answers. Tokens where groups are carried to them or claims
/// confirmed by them: the
/// first event version, which every feature plan has and which changes the groups of both tokens.
fn assigned(config: &Config) -> Vec<TriggerKind> {
    let mut assigned = vec![TriggerKind::UserMigration];
    if config.trigger.groups_attribute.is_some() || keeps_claims(config) {
        assigned.push(TriggerKind::PreTokenGeneration);
    }
    assigned
}

/// Claims are of legacy ids, so they need one in the pool.
fn keeps_claims(config: &Config) -> bool {
    let id_column = config.legacy.columns.resolve("id");
    let attributes = &config.mapping.attributes;
    attributes.legacy_id_attribute(id_column).is_some()
}

fn random_key() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn trigger_environment(config: &Config, config_path: &Path) -> Vec<(String, String)> {
    // The program runs in a folder of its own, so its paths must not depend on ours.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut environment = vec![(
        "CUTOVER_CONFIG".to_owned(),
        absolute(config_path).display().to_string(),
    )];
    if config.trigger.groups_attribute.is_some() {
        // The pool is gone when it stops, and with it everything this key sealed.
        environment.push(("CUTOVER_GROUPS_KEY".to_owned(), random_key()));
    }
    if let Some(url) = &config.legacy.url {
        let url = match url.expose().strip_prefix("sqlite://") {
            Some(path) => format!("sqlite://{}", absolute(Path::new(path)).display()),
            None => url.expose().to_owned(),
        };
        environment.push(("CUTOVER_LEGACY_URL".to_owned(), url));
    }
    environment
}
