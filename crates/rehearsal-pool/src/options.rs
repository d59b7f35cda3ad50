//! What a rehearsal pool is started with.
//!
//! Responsible for the caller's side of the configuration. It must not know how any of it is
//! enforced.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::facts::PoolFacts;
use crate::fault::FaultPlan;
use crate::quota::Quotas;

/// How to start a [`RehearsalPool`](crate::RehearsalPool).
#[derive(Debug, Clone)]
pub struct PoolOptions {
    /// Address to listen on; port 0 picks a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Permits an address that is not loopback. Default `false`: the pool holds people's data and
    /// checks no signature.
    pub allow_remote: bool,
    /// AWS Region the pool claims to be in; it must have the form of a real one, because SDKs
    /// derive endpoints from it. Default `eu-west-1`.
    pub region: String,
    /// Access key id that signed requests must carry; `None` takes any.
    pub access_key_id: Option<String>,
    /// Origins of web pages that may call what app clients call unsigned, such as
    /// `https://app.example.org`, beside those of this machine, which always may. Default none:
    /// no signature is checked here, so a web page could do more than it may with Cognito.
    pub allowed_origins: Vec<String>,
    /// Request rates per category.
    pub quotas: Quotas,
    /// The pool and the app client that exist right after the start.
    pub pool: PoolSettings,
    /// The program behind the pool's triggers. It answers for every function that any pool's
    /// `LambdaConfig` names: it is told which trigger it is by the event. `None` for pools without
    /// triggers, or with those at `trigger_url`.
    pub trigger: Option<TriggerProgram>,
    /// A Lambda Invoke endpoint that the functions are at, instead of a program.
    pub trigger_url: Option<TriggerUrl>,
    /// How often an invocation that timed out is repeated, 0 to 2. Cognito may retry, and has not
    /// said how often since March 2026; the older guide said three attempts. Default 0.
    pub trigger_retries: u8,
    /// How long after their creation users show in `ListUsers`, which is eventually consistent.
    /// Default 0: at once.
    pub list_delay: Duration,
    /// `iss` of the tokens, without the pool id; `None` for the pool's own endpoint, where the
    /// JWKS document really is. The real service's would be
    /// `https://cognito-idp.<region>.amazonaws.com`.
    pub issuer: Option<String>,
    /// What a probe found a real pool to do; what it settles is done so here, too.
    pub facts: Option<PoolFacts>,
    /// Faults to make happen; none by default.
    pub faults: FaultPlan,
    /// Keeps pools, app clients, keys and users in a file for the next start; `None` forgets them
    /// all at the end.
    pub state: Option<KeptState>,
}

/// Where a pool's state goes on after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptState {
    /// The file; it need not be there yet. It holds private keys and is for its owner alone.
    pub file: PathBuf,
    /// Variables of the trigger program's environment that keep the value they had when the file
    /// was made: keys of what the program keeps elsewhere, or sealed into the pool.
    pub trigger_env: Vec<String>,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            allow_remote: false,
            region: "eu-west-1".to_owned(),
            access_key_id: None,
            allowed_origins: Vec::new(),
            quotas: Quotas::Default,
            pool: PoolSettings::default(),
            trigger: None,
            trigger_url: None,
            trigger_retries: 0,
            list_delay: Duration::ZERO,
            issuer: None,
            facts: None,
            faults: FaultPlan::default(),
            state: None,
        }
    }
}

/// The pool and its app client, in Cognito's own words.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// `PoolName`.
    pub name: String,
    /// The pool's id; `None` makes one up. For a pool that stands in for a real one, so that a
    /// trigger which checks the id works with it.
    pub user_pool_id: Option<String>,
    /// The app client's id; `None` makes one up.
    pub client_id: Option<String>,
    /// `UsernameAttributes`: `email` and `phone_number`; the user signs in by these and gets a
    /// generated username.
    pub username_attributes: Vec<String>,
    /// `AliasAttributes`: `email`, `phone_number`, `preferred_username`; a further name to sign in
    /// by, once verified.
    pub alias_attributes: Vec<String>,
    /// `UsernameConfiguration.CaseSensitive`. Default `false`, as the console makes pools (the API
    /// alone would default to `true`).
    pub case_sensitive: bool,
    /// Standard attributes that every user must have.
    pub required_attributes: Vec<String>,
    /// Attributes named `custom:…`.
    pub custom_attributes: Vec<CustomAttribute>,
    /// `AutoVerifiedAttributes`. Default `email`.
    pub auto_verified_attributes: Vec<String>,
    /// `Policies.PasswordPolicy`.
    pub password_policy: PasswordPolicy,
    /// `PreventUserExistenceErrors` of the app client: `true` for `ENABLED` (console default),
    /// `false` for `LEGACY` (API default). Default `true`.
    pub prevent_user_existence_errors: bool,
    /// `ExplicitAuthFlows` of the app client. Default: user password, admin user password, SRP
    /// and refresh token.
    pub explicit_auth_flows: Vec<String>,
    /// Whether the app client has a secret, so that calls need a `SECRET_HASH`. Default `false`.
    pub client_secret: bool,
    /// Further members of `CreateUserPool`, in its own words; they replace what the fields above
    /// say of the same member.
    pub pool_members: Map<String, Value>,
    /// The same for `CreateUserPoolClient`.
    pub client_members: Map<String, Value>,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            name: "rehearsal".to_owned(),
            user_pool_id: None,
            client_id: None,
            username_attributes: Vec::new(),
            alias_attributes: Vec::new(),
            case_sensitive: false,
            required_attributes: Vec::new(),
            custom_attributes: Vec::new(),
            auto_verified_attributes: vec!["email".to_owned()],
            password_policy: PasswordPolicy::default(),
            prevent_user_existence_errors: true,
            explicit_auth_flows: [
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH",
            ]
            .map(str::to_owned)
            .to_vec(),
            client_secret: false,
            pool_members: Map::new(),
            client_members: Map::new(),
        }
    }
}

/// One custom attribute of the pool's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomAttribute {
    /// Name without the `custom:` prefix, 1 to 20 characters.
    pub name: String,
    /// Type and bounds.
    pub kind: AttributeKind,
    /// `false`: written only when the user is created.
    pub mutable: bool,
}

impl CustomAttribute {
    /// A mutable string attribute of up to 2048 characters, the longest Cognito holds.
    #[must_use]
    pub fn text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: AttributeKind::Text {
                min_length: 0,
                max_length: 2048,
            },
            mutable: true,
        }
    }
}

/// Cognito's attribute types with their bounds. Values always travel as strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// `String`, lengths in characters.
    Text {
        /// Least number of characters.
        min_length: u32,
        /// Greatest number of characters, at most 2048.
        max_length: u32,
    },
    /// `Number`: whole numbers; `None` leaves a side open.
    Number {
        /// Least value.
        min: Option<i64>,
        /// Greatest value.
        max: Option<i64>,
    },
    /// `Boolean`: `true` or `false`.
    Boolean,
    /// `DateTime`.
    DateTime,
}

/// `PasswordPolicyType`. The default is Cognito's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Least length, 6 to 99.
    pub minimum_length: u32,
    /// An upper-case letter is needed.
    pub require_uppercase: bool,
    /// A lower-case letter is needed.
    pub require_lowercase: bool,
    /// A digit is needed.
    pub require_numbers: bool,
    /// A symbol is needed.
    pub require_symbols: bool,
    /// How long a temporary password works, in days.
    pub temporary_password_validity_days: u32,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            temporary_password_validity_days: 7,
        }
    }
}

/// A Lambda function's program, run on this machine through the Lambda Runtime API.
#[derive(Debug, Clone)]
pub struct TriggerProgram {
    /// The executable, as it would be a `provided.al2023` function's `bootstrap`.
    pub path: PathBuf,
    /// Its arguments; a real `bootstrap` has none.
    pub args: Vec<String>,
    /// Environment variables besides those the Runtime API defines. The program inherits only
    /// `PATH` and what is named here, as a function's environment holds nothing of the operator's.
    pub env: Vec<(String, String)>,
    /// A folder of files that the program keeps; deleted with the last copy of these options.
    pub files: Option<Arc<TempDir>>,
    /// Memory size the function claims to have, in MB.
    pub memory_mb: u32,
    /// Holds each process to the share of a core that Lambda gives this memory size, one core at
    /// 1,769 MB, where the machine lets it (a `cpu` cgroup that this program may write to). Default
    /// `false`: on a machine with other work the share would be less still than Lambda's.
    pub cpu_share: bool,
    /// Most processes at a time, each with one event. Default 10.
    pub concurrency: usize,
    /// How long Cognito waits. The service's 5 seconds cannot be changed; shorter is for tests.
    pub limit: Duration,
    /// Which trigger sources the pool assigns to the program. Default: `UserMigration` alone.
    pub assigned: Vec<TriggerKind>,
}

impl TriggerProgram {
    /// The program at `path` as the pool's user migration trigger, with a function's defaults.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            files: None,
            memory_mb: 512,
            cpu_share: false,
            concurrency: 10,
            limit: COGNITO_WAITS,
            assigned: vec![TriggerKind::UserMigration],
        }
    }
}

/// Functions at a Lambda Invoke endpoint: a local Lambda, or a runtime emulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerUrl {
    /// `http://host:port`, where each function is invoked at
    /// `/2015-03-31/functions/<name>/invocations` by the name in its ARN; or such a URL in full, at
    /// which every function is invoked. Requests are signed in form only.
    pub url: String,
    /// Which trigger sources the pool made at the start assigns to the function
    /// `user-migration-trigger`. Default: `UserMigration` alone.
    pub assigned: Vec<TriggerKind>,
    /// How long Cognito waits, as for a program.
    pub limit: Duration,
}

impl TriggerUrl {
    /// The functions at `url`, the user migration trigger assigned.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            assigned: vec![TriggerKind::UserMigration],
            limit: COGNITO_WAITS,
        }
    }
}

/// "When Amazon Cognito calls your Lambda function, it must respond within 5 seconds."
const COGNITO_WAITS: Duration = Duration::from_secs(5);

/// The triggers a pool can have here, named as in Cognito's `LambdaConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum TriggerKind {
    /// `UserMigration`.
    UserMigration,
    /// `PreSignUp`.
    PreSignUp,
    /// `PostAuthentication`.
    PostAuthentication,
    /// `PreTokenGeneration` with the first event version.
    PreTokenGeneration,
    /// `PreTokenGenerationConfig` with `LambdaVersion` `V2_0`.
    PreTokenGenerationV2,
    /// `PreTokenGenerationConfig` with `LambdaVersion` `V3_0`; for users the same as the second.
    PreTokenGenerationV3,
}
