#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod attribute_value;
mod attributes;
mod config;
mod finding;
mod groups;
mod hash_import;
mod identities;
mod import_field;
mod legacy_user;
mod login_name;
mod name_character;
mod password_policy;
mod pool_schema;
mod pool_sign_in;
mod pool_user;
mod reason;
mod route;
mod route_preference;

pub use attribute_value::{AttributeFault, check_attribute_value, is_email};
pub use attributes::{AttributeMapping, AttributeSource, OnInvalid};
pub use config::{
    AttemptLimits, AxesLockOut, ClientIds, Columns, Comparison, Condition, ConditionFault, Config,
    ConfigError, EmailVerifiedRule, ExcludedNames, ExternalVerifier, ExternalVerifierKind, Flag,
    ForgotPassword, GoCriteria, GoLimit, GroupSource, ImportSettings, InactiveUsers, Join, Legacy,
    LegacyUrl, Literal, LoginColumn, NamePart, NameTemplate, PhoneVerifiedRule, PoolTarget,
    RehearsalSettings, Test, TriggerSettings, WeakPassword, table_name_parts,
};
pub use finding::{Finding, Severity};
pub use groups::{GroupNames, group_name};
pub use hash_import::{HashForms, hash_import};
pub use identities::{IdentityProviders, MAX_IDENTITIES, PoolIdentity, SocialAccount};
pub use import_field::{LONGEST_IMPORT_ROW, import_field, is_carriable};
pub use legacy_user::{LegacyGroup, LegacyId, LegacyUser, LoginMatch};
pub use login_name::{fold_login_name, normalize_login_name};
pub use password_policy::{LONGEST_PASSWORD, PasswordPolicy};
pub use pool_schema::{AttributeBounds, AttributeType, Misfit, PoolSchema, SchemaAttribute};
pub use pool_sign_in::PoolSignIn;
pub use pool_user::{MappingFault, PoolUser, UserMapping, map_user};
pub use reason::Reason;
pub use route::{Collisions, ImportPolicy, Route, RouteFacts, Routing, decide};
pub use route_preference::{RoutePreference, RoutePreferenceError};
