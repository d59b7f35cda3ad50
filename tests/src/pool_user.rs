//! What a pool holds, as boto3 shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// All users of a pool by their username, and what can be compared between two pools.
pub type PoolContent = BTreeMap<String, PoolUser>;

/// One user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PoolUser {
    /// `Username`.
    pub username: String,
    /// `UserStatus`.
    pub status: String,
    /// `Enabled`.
    pub enabled: bool,
    /// Attributes by name, `sub` among them.
    pub attributes: BTreeMap<String, String>,
    /// Names of the groups the user is in.
    pub groups: BTreeSet<String>,
    /// `UserLastModifiedDate` as text.
    pub modified: String,
}

impl PoolUser {
    /// Reads a `UserType`, or an `AdminGetUser` answer; groups stay empty.
    pub(crate) fn read(user: &Value) -> PoolUser {
        let text = |key: &str| user[key].as_str().expect("boto3 shows it").to_owned();
        let list = user.get("Attributes").or(user.get("UserAttributes"));
        let attributes = list
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|pair| {
                let part = |key: &str| pair[key].as_str().expect("attributes are text").to_owned();
                (part("Name"), part("Value"))
            });
        PoolUser {
            username: text("Username"),
            status: text("UserStatus"),
            enabled: user["Enabled"].as_bool().expect("boto3 shows it"),
            attributes: attributes.collect(),
            groups: BTreeSet::new(),
            modified: text("UserLastModifiedDate"),
        }
    }

    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The primary key of the legacy user they came from.
    pub fn legacy_id(&self) -> Option<&str> {
        self.attribute("custom:legacy_id")
    }

    /// Without what differs between two pools with the same users: `sub`, the username where that
    /// is the `sub`, and dates.
    #[must_use]
    pub fn without_accidents(mut self) -> PoolUser {
        if self
            .attributes
            .remove("sub")
            .is_some_and(|sub| sub == self.username)
        {
            self.username = String::new();
        }
        self.modified = String::new();
        self
    }
}
