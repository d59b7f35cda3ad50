//! The settings of cutover.toml, read once and checked whole. Knows no environment and no files
//! beyond the text it is given; programs read the file and the environment and call
//! [`Config::parse`].

mod client_ids;
mod columns;
mod condition;
mod document;
mod error;
mod flag;
mod group_source;
mod join;
mod legacy_url;
mod name_template;
mod rehearsal;
mod trigger;

use std::collections::BTreeMap;
use std::path::Path;

use django_password::CustomHashers;
use serde::{Deserialize, Serialize};

use crate::{IdentityProviders, PoolSignIn, RoutePreference, UserMapping};

pub use client_ids::ClientIds;
pub use columns::Columns;
pub(crate) use columns::OWN;
pub use condition::{Comparison, Condition, ConditionFault, Literal, Test};
pub use document::table_name_parts;
pub use error::ConfigError;
pub use flag::Flag;
pub use group_source::GroupSource;
pub use join::Join;
pub use legacy_url::LegacyUrl;
pub use name_template::{NamePart, NameTemplate};
pub use rehearsal::{GoCriteria, GoLimit, RehearsalSettings};
pub use trigger::{
    AttemptLimits, AxesLockOut, ExternalVerifier, ExternalVerifierKind, ForgotPassword,
    TriggerSettings, WeakPassword,
};

/// Everything cutover.toml says, with defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[legacy]`: the Django database.
    pub legacy: Legacy,
    /// `[attributes]`, `[groups]` and what `login` implies: how a user is mapped.
    pub mapping: UserMapping,
    /// `[pool]`: the target; absent for the local rehearsal pool.
    pub pool: Option<PoolTarget>,
    /// `[hashers]`: the project's own password hashers.
    pub hashers: CustomHashers,
    /// `[import]`: what the bulk import does where there is a choice.
    pub import: ImportSettings,
    /// `[trigger]`: what the user migration trigger does where there is a choice.
    pub trigger: TriggerSettings,
    /// `[identities]`: which identity providers' accounts are linked to the users imported.
    pub identities: IdentityProviders,
    /// `[rehearsal]`: by what the team calls a rehearsal a go.
    pub rehearsal: RehearsalSettings,
}

/// `[legacy]`: where the users are and how they sign in there.
#[derive(Clone, Debug)]
pub struct Legacy {
    /// Database URL; `None` when neither the file nor the environment names one.
    pub url: Option<LegacyUrl>,
    /// The table of AUTH_USER_MODEL.
    pub user_table: String,
    /// The many-to-many table of users and groups; `<user_table>_groups` unless named.
    pub user_groups_table: Option<String>,
    /// The table in which `cutover-django` keeps who is which pool user; whoever is in it was
    /// migrated.
    pub links_table: Option<String>,
    /// `where`: which rows are people to be moved; all without it.
    pub included: Option<Condition>,
    /// Whether rows that are left out keep their names at the pool's sign-up.
    pub excluded_names: ExcludedNames,
    /// Of whom nobody knows the password that is stored.
    pub unusable_password: Option<Flag>,
    /// Tables with one row for a user at most, by the name they are referred to.
    pub joins: BTreeMap<String, Join>,
    /// `[groups]`: where it is said who is in which group; empty for Django's own way.
    pub group_sources: Vec<GroupSource>,
    /// `[groups] ignore`: tables that look like memberships and are none to carry.
    pub ignored_groups: Vec<String>,
    /// Columns a person may type at sign-in, tried in this order.
    pub login: Vec<LoginColumn>,
    /// When an e-mail counts as verified.
    pub email_verified: EmailVerifiedRule,
    /// When a phone number counts as verified.
    pub phone_verified: PhoneVerifiedRule,
    /// The names of the columns.
    pub columns: Columns,
}

/// When a phone number counts as verified. Django itself keeps no word on it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum PhoneVerifiedRule {
    /// Never.
    #[default]
    Never,
    /// Whenever there is one.
    Always,
    /// When this column of the user table is true.
    Column(String),
}

/// A column that a person may type at sign-in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LoginColumn {
    /// The username: case-sensitive in Django.
    Username,
    /// The e-mail: compared without regard to case.
    Email,
    /// The phone number.
    PhoneNumber,
    /// Any other column of the user table, by its own name.
    Other(String),
}

impl LoginColumn {
    fn parse(name: &str) -> LoginColumn {
        match name {
            "username" => LoginColumn::Username,
            "email" => LoginColumn::Email,
            "phone_number" => LoginColumn::PhoneNumber,
            other => LoginColumn::Other(other.to_owned()),
        }
    }
}

/// When a legacy e-mail counts as verified. Django itself never verifies one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EmailVerifiedRule {
    /// No e-mail does.
    Never,
    /// Every e-mail does: a conscious decision of the operator.
    Always,
    /// Those that django-allauth's `account_emailaddress` marks verified for this user.
    Allauth,
    /// Those of users for whom this is so.
    Flag(Flag),
}

/// What becomes of the names of rows that `[legacy] where` leaves out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum ExcludedNames {
    /// Nobody can register under them, as in Django.
    #[default]
    Kept,
    /// Anybody can: for another tenant's people, whose names may be used here too.
    Free,
}

/// `[pool]`: the user pool to import into.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PoolTarget {
    /// AWS Region, such as `eu-west-1`.
    pub region: String,
    /// User pool id, such as `eu-west-1_abc123`.
    pub user_pool_id: String,
    /// The app clients whose sign-ins count; none named means all. The first is asked where one is
    /// needed.
    #[serde(default)]
    pub client_id: ClientIds,
    /// The role with which Cognito writes the logs of import jobs.
    pub import_role_arn: Option<String>,
}

/// `[import]`: choices of the bulk import.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ImportSettings {
    /// What becomes of inactive users.
    pub inactive: InactiveUsers,
    /// The ways into the pool that are allowed, in order of preference.
    pub routes: RoutePreference,
}

/// What the import does with users whom Django calls inactive.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum InactiveUsers {
    /// Created and disabled, so that nobody else takes the name.
    #[default]
    Disabled,
    /// Not created.
    Hold,
}

impl Config {
    /// Reads the text of a cutover.toml. `path` names it in errors, and relative SQLite paths
    /// are relative to its directory. `legacy_url` (the environment's CUTOVER_LEGACY_URL)
    /// overrides the file's.
    ///
    /// # Errors
    ///
    /// One fault, with path, line, key and what to write instead.
    pub fn parse(text: &str, path: &Path, legacy_url: Option<&str>) -> Result<Config, ConfigError> {
        document::parse(text, path, legacy_url)
    }

    /// How people sign in at the pool that fits this configuration.
    pub fn sign_in(&self) -> PoolSignIn {
        self.mapping.sign_in
    }

    /// SHA-256 in hex of all that decides who may sign in and what becomes of them.
    pub fn digest(&self) -> String {
        use sha2::{Digest, Sha256};
        let text = format!(
            "v5 {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.mapping.digest(),
            self.legacy.user_table,
            self.legacy.login,
            self.legacy.email_verified,
            self.legacy.phone_verified,
            self.legacy.columns,
            self.hashers,
            self.identities,
            self.legacy.included,
            self.legacy.unusable_password,
            self.legacy.joins,
            self.legacy.user_groups_table,
            self.legacy.group_sources,
        );
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}
