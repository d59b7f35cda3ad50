//! `ListUsers`.
//!
//! Source: `ListUsersRequest` of the API model and its documentation: one filter, `=` or `^=`, on
//! a fixed list of attributes; a page may be short or empty while more follow. A prefix filter
//! looks at a bounded number of users a call for that reason, so that a page costs the same in a
//! pool of any size. "Eventually consistent" means here that a user shows some time after creation,
//! when asked for; changes show at once.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::clock::Millis;
use crate::page::{after_number, page_size, token};
use crate::pool::PoolState;
use crate::pool::config::PoolConfig;
use crate::pool::schema::{AttributeId, EMAIL, PHONE_NUMBER, PREFERRED_USERNAME, SUB};
use crate::pool::user::User;
use crate::pool::user_table::UserIndex;
use crate::service::Service;

/// Users looked at in one call.
const LOOKED_AT: UserIndex = 100_000;

/// "You can only search for the following standard attributes".
const SEARCHABLE: [&str; 6] = [
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUsers {
    user_pool_id: String,
    attributes_to_get: Option<Vec<String>>,
    limit: Option<usize>,
    pagination_token: Option<String>,
    filter: Option<String>,
}

pub(super) async fn list_users(service: &Service, request: ListUsers) -> Result<Value, ApiError> {
    let pool = service.pool(&request.user_pool_id)?;
    let config = pool.config();
    let only = request.attributes_to_get.as_deref();
    for name in only.unwrap_or_default() {
        if config.schema.id(name).is_none() {
            return Err(ApiError::invalid_parameter(format!(
                "One or more requested attributes do not exist: {name}."
            )));
        }
    }
    let filter = match request.filter.as_deref().map(str::trim) {
        None | Some("") => Filter::All,
        Some(text) => Filter::parse(text, &config)?,
    };
    let start = after_number(request.pagination_token.as_deref())?.map_or(0, |last| last + 1);
    let size = page_size(request.limit);

    let state = pool.state();
    for name in only.unwrap_or_default() {
        check_everybody_has(&config, &state, name)?;
    }
    let listed_until = service.now() - service.list_delay;
    let (users, next) = page(&state, &filter, start, size, listed_until);
    for name in only.unwrap_or_default() {
        check_all_have(&config, &users, name)?;
    }
    let users: Vec<Value> = users
        .into_iter()
        .map(|user| user.described(&config.schema, only))
        .collect();
    let mut answer = json!({"Users": users});
    if let Some(last) = next {
        answer["PaginationToken"] = token(&last.to_string()).into();
    }
    Ok(answer)
}

/// "Attributes that you can't filter on, including custom attributes, must have a value set in
/// every user profile before an AttributesToGet parameter returns results."
fn check_everybody_has(config: &PoolConfig, state: &PoolState, name: &str) -> Result<(), ApiError> {
    if SEARCHABLE.contains(&name) || name == "sub" {
        return Ok(());
    }
    let holders = config
        .schema
        .id(name)
        .map_or(0, |id| state.users.holders(id));
    if holders == state.users.len() {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "One or more requested attributes do not exist: {name}."
    )))
}

/// "Amazon Cognito returns an error if not all users in the results have set a value for the
/// attribute you request."
fn check_all_have(config: &PoolConfig, users: &[&User], name: &str) -> Result<(), ApiError> {
    let id = config.schema.id(name);
    let has = |user: &&User| id.is_some_and(|id| id == SUB || user.attributes.get(id).is_some());
    if users.iter().all(has) {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "One or more requested attributes do not exist: {name}."
    )))
}

/// The users of a page and, if there may be more, the last place looked at.
fn page<'a>(
    state: &'a PoolState,
    filter: &Filter,
    start: UserIndex,
    size: usize,
    listed_until: Millis,
) -> (Vec<&'a User>, Option<UserIndex>) {
    let listed = |user: &User| user.created <= listed_until;
    if let Some(mut found) = filter.indexed(state) {
        found.retain(|index| *index >= start && state.users.get(*index).is_some_and(listed));
        found.sort_unstable();
        let next = (found.len() > size).then(|| found[size - 1]);
        found.truncate(size);
        return (
            found
                .into_iter()
                .filter_map(|index| state.users.get(index))
                .collect(),
            next,
        );
    }
    let stop = start.saturating_add(LOOKED_AT);
    let mut users = Vec::with_capacity(size);
    let mut last = start;
    for (index, user) in state.users.from(start) {
        if users.len() == size {
            return (users, Some(last));
        }
        if index >= stop {
            return (users, Some(index - 1));
        }
        if !listed(user) {
            // Users are in order of creation: all that follow are younger still.
            return (users, None);
        }
        if filter.matches(user) {
            users.push(user);
        }
        last = index;
    }
    (users, None)
}

enum Filter {
    All,
    Username(Comparison),
    Sub(Comparison),
    Status(Comparison),
    Enabled(Comparison),
    Attribute(AttributeId, Comparison),
}

enum Comparison {
    Equals(String),
    StartsWith(String),
}

impl Filter {
    fn parse(text: &str, config: &PoolConfig) -> Result<Self, ApiError> {
        static FORM: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"^"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"$"#).expect("a valid pattern")
        });
        let parts = FORM
            .captures(text)
            .ok_or_else(|| ApiError::invalid_parameter("Error while parsing filter."))?;
        let (_, [name, comparison, value]) = parts.extract();
        let value = value.replace("\\\"", "\"");
        let make = |value| match comparison {
            "=" => Comparison::Equals(value),
            _ => Comparison::StartsWith(value),
        };
        Ok(match name {
            "username" => Self::Username(make(value)),
            "sub" => Self::Sub(make(value.to_lowercase())),
            "cognito:user_status" => Self::Status(make(value.to_uppercase())),
            "status" => Self::Enabled(make(value)),
            name if SEARCHABLE.contains(&name) => {
                let id = config.schema.id(name).expect("a standard attribute");
                Self::Attribute(id, make(config.folded_value(id, &value).into_owned()))
            }
            name => {
                return Err(ApiError::invalid_parameter(format!(
                    "Filtering is not supported on the attribute {name}."
                )));
            }
        })
    }

    /// All users it finds, where an index answers it.
    fn indexed(&self, state: &PoolState) -> Option<Vec<UserIndex>> {
        match self {
            Self::Username(Comparison::Equals(name)) => {
                Some(state.users.by_username(name).into_iter().collect())
            }
            Self::Sub(Comparison::Equals(sub)) => {
                let found = sub.parse().ok().and_then(|sub| state.users.by_sub(sub));
                Some(found.into_iter().collect())
            }
            Self::Attribute(
                id @ (EMAIL | PHONE_NUMBER | PREFERRED_USERNAME),
                Comparison::Equals(value),
            ) => Some(
                state
                    .users
                    .by_contact(*id, value)
                    .map(|(index, _)| index)
                    .collect(),
            ),
            _ => None,
        }
    }

    fn matches(&self, user: &User) -> bool {
        match self {
            Self::All => true,
            Self::Username(comparison) => comparison.holds(&user.username),
            Self::Sub(comparison) => comparison.holds(&user.sub_text()),
            Self::Status(comparison) => comparison.holds(user.status.as_str()),
            Self::Enabled(comparison) => {
                comparison.holds(if user.enabled { "Enabled" } else { "Disabled" })
            }
            Self::Attribute(id, comparison) => user
                .attributes
                .get(*id)
                .is_some_and(|value| comparison.holds(value)),
        }
    }
}

impl Comparison {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equals(wanted) => value == wanted,
            Self::StartsWith(wanted) => value.starts_with(wanted.as_str()),
        }
    }
}
