//! Groups of a pool and who is in them.
//!
//! Responsible for the groups, their order and limits. Membership is kept on both sides: here for
//! listing a group's users, on the user for listing a user's groups; `PoolState` changes both.
//!
//! Source: `GroupType` of the API model; quota page (10,000 groups a pool).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::clock::{Millis, epoch_seconds};
use crate::pool::user_table::UserIndex;

pub(crate) type GroupId = u32;

const MAX_GROUPS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) precedence: Option<i64>,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    pub(crate) members: BTreeSet<UserIndex>,
}

#[derive(Debug, Default)]
pub(crate) struct GroupTable {
    by_name: BTreeMap<String, GroupId>,
    groups: BTreeMap<GroupId, Group>,
    next_id: GroupId,
}

impl GroupTable {
    pub(crate) fn create(&mut self, group: Group) -> Result<GroupId, ApiError> {
        if self.by_name.contains_key(&group.name) {
            return Err(ApiError::new(
                "GroupExistsException",
                format!("A group with the name '{}' already exists.", group.name),
            ));
        }
        if self.groups.len() >= MAX_GROUPS {
            return Err(ApiError::new(
                "LimitExceededException",
                format!("A user pool has at most {MAX_GROUPS} groups."),
            ));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.by_name.insert(group.name.clone(), id);
        self.groups.insert(id, group);
        Ok(id)
    }

    pub(crate) fn id(&self, name: &str) -> Result<GroupId, ApiError> {
        self.by_name
            .get(name)
            .copied()
            .ok_or_else(ApiError::group_not_found)
    }

    pub(crate) fn get(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(&id)
    }

    pub(crate) fn remove(&mut self, id: GroupId) -> Option<Group> {
        let group = self.groups.remove(&id)?;
        self.by_name.remove(&group.name);
        Some(group)
    }

    /// Groups by name, after `name` if one is given.
    pub(crate) fn after<'a>(
        &'a self,
        name: Option<&str>,
    ) -> impl Iterator<Item = &'a Group> + use<'a> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = name.map_or(Unbounded, Excluded);
        self.by_name
            .range::<str, _>((start, Unbounded))
            .map(|(_, id)| &self.groups[id])
    }
}

/// `cognito:preferred_role`: the role of the group that takes precedence; none where groups of the
/// same precedence disagree (guide: cognito-user-pools-user-groups).
pub(crate) fn preferred_role<'a>(groups: &[&'a Group]) -> Option<&'a str> {
    let with_role: Vec<(i64, &str)> = groups
        .iter()
        .filter_map(|group| Some((group.rank().0, group.role_arn.as_deref()?)))
        .collect();
    let best = with_role.iter().map(|(precedence, _)| *precedence).min()?;
    let mut roles = with_role
        .iter()
        .filter(|(precedence, _)| *precedence == best)
        .map(|(_, role)| *role);
    let role = roles.next()?;
    roles.all(|other| other == role).then_some(role)
}

impl Group {
    pub(crate) fn described(&self, pool_id: &str) -> Value {
        let mut described = json!({
            "GroupName": self.name,
            "UserPoolId": pool_id,
            "LastModifiedDate": epoch_seconds(self.modified),
            "CreationDate": epoch_seconds(self.created),
        });
        if let Some(description) = &self.description {
            described["Description"] = description.as_str().into();
        }
        if let Some(role_arn) = &self.role_arn {
            described["RoleArn"] = role_arn.as_str().into();
        }
        if let Some(precedence) = self.precedence {
            described["Precedence"] = precedence.into();
        }
        described
    }

    /// Sort key for claims: the lowest precedence first, those without one last, then by name
    /// (guide: cognito-user-pools-user-groups).
    pub(crate) fn rank(&self) -> (i64, &str) {
        (self.precedence.unwrap_or(i64::MAX), &self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, precedence: Option<i64>, role: Option<&str>) -> Group {
        Group {
            name: name.to_owned(),
            description: None,
            role_arn: role.map(str::to_owned),
            precedence,
            created: 0,
            modified: 0,
            members: BTreeSet::new(),
        }
    }

    #[test]
    fn the_lowest_precedence_gives_the_preferred_role_unless_its_groups_disagree() {
        let (low, high) = (
            group("a", Some(1), Some("x")),
            group("b", Some(2), Some("y")),
        );
        let (tied, same) = (
            group("c", Some(1), Some("y")),
            group("d", Some(1), Some("x")),
        );
        let (unranked, bare) = (group("e", None, Some("z")), group("f", Some(0), None));
        assert_eq!(preferred_role(&[&low, &high, &unranked, &bare]), Some("x"));
        assert_eq!(preferred_role(&[&low, &same, &high]), Some("x"));
        assert_eq!(preferred_role(&[&low, &tied, &high]), None);
        assert_eq!(preferred_role(&[&unranked]), Some("z"));
        assert_eq!(preferred_role(&[&bare]), None);
    }
}
