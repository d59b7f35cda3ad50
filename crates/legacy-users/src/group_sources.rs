//! Where it is said who is in which group: one many-to-many table or several, or a column that is the
//! group by name, of such a table or of the user table itself. What cannot be followed is an error or a
//! finding, and never "no groups".

use std::collections::HashMap;

use migration_model::{GroupSource, LegacyGroup, LegacyId};

use crate::catalog::Table;
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::group_finder::Finder;
use crate::group_memberships::GroupMemberships;
use crate::group_values::GroupValues;
use crate::key::Key;
use crate::query::Query;
use crate::table_name::TableName;

/// All of a database's groups.
#[derive(Debug, Default)]
pub(crate) struct GroupSources {
    sources: Vec<Source>,
}

#[derive(Debug)]
pub(crate) struct Source {
    prefix: String,
    pub(crate) way: Way,
}

#[derive(Debug)]
pub(crate) enum Way {
    /// By a table of users and groups, or by a column of the user table with the group's key.
    Memberships(Box<GroupMemberships>),
    /// By the value of a column, which is the group's name.
    Values(Box<GroupValues>),
}

impl GroupSources {
    /// Finds them. `members` is the first source's table of memberships, by Django's naming unless it
    /// is named, if it is there; `members_setting` is what names it.
    pub(crate) async fn find(
        session: &mut dyn ReadSession,
        dialect: Dialect,
        sources: &[GroupSource],
        users: (&TableName, &Table),
        key: &Key,
        members: (&TableName, Option<Table>),
        members_setting: &'static str,
    ) -> Result<GroupSources, LegacyError> {
        let mut members = Some(members);
        let mut found = GroupSources::default();
        for (number, source) in sources.iter().enumerate() {
            let known = members.take();
            let setting = match number {
                0 => "[groups]",
                _ => "[[groups.source]]",
            };
            let finder = Finder {
                dialect,
                source,
                users: users.0,
                key,
                setting,
                members_setting: match number {
                    0 => members_setting,
                    _ => "[[groups.source]] members_table",
                },
            };
            let way = match &source.column {
                Some(column) => Some(finder.by_column(session, users.1, column).await?),
                None => finder.by_members(session, known).await?,
            };
            let Some(way) = way else { continue };
            found.sources.push(Source {
                prefix: source.prefix.clone(),
                way,
            });
        }
        Ok(found)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub(crate) fn memberships(&self) -> impl Iterator<Item = &GroupMemberships> {
        self.sources.iter().filter_map(|source| match &source.way {
            Way::Memberships(memberships) => Some(&**memberships),
            Way::Values(_) => None,
        })
    }

    /// Whether a column's values are groups.
    pub(crate) fn has_values(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| matches!(source.way, Way::Values(_)))
    }

    /// Whether this column of this table is asked, named as texts show it.
    pub(crate) fn follows(&self, table: &str, column: &str) -> bool {
        self.sources.iter().any(|source| match &source.way {
            Way::Memberships(memberships) => memberships.is_by(table, column),
            Way::Values(values) => values.is_by(table, column),
        })
    }

    /// Statements that read nothing but fail where a table may not be read.
    pub(crate) fn probes(&self) -> Vec<Query> {
        let probe = |source: &Source| match &source.way {
            Way::Memberships(memberships) => memberships.probe(),
            Way::Values(values) => values.probe(),
        };
        self.sources.iter().map(probe).collect()
    }

    /// The group names of these users, sorted; users in no group are absent.
    pub(crate) async fn of_users(
        &self,
        session: &mut dyn ReadSession,
        key: &Key,
        ids: &[LegacyId],
    ) -> Result<HashMap<LegacyId, Vec<String>>, LegacyError> {
        let mut all: HashMap<LegacyId, Vec<String>> = HashMap::new();
        for source in &self.sources {
            let groups = match &source.way {
                Way::Memberships(memberships) => memberships.of_users(session, key, ids).await?,
                Way::Values(values) => values.of_users(session, key, ids).await?,
            };
            for (id, names) in groups {
                let names = names.into_iter();
                let names = names.map(|name| format!("{}{name}", source.prefix));
                all.entry(id).or_default().extend(names);
            }
        }
        for names in all.values_mut() {
            names.sort_unstable();
            names.dedup();
        }
        Ok(all)
    }

    /// Every group there is, by name.
    pub(crate) async fn all(
        &self,
        session: &mut dyn ReadSession,
    ) -> Result<Vec<LegacyGroup>, LegacyError> {
        let mut all: Vec<LegacyGroup> = Vec::new();
        for source in &self.sources {
            let groups = match &source.way {
                Way::Memberships(memberships) => memberships.groups(session).await?,
                Way::Values(values) => values.groups(session).await?,
            };
            all.extend(groups.into_iter().map(|group| LegacyGroup {
                name: format!("{}{}", source.prefix, group.name),
                ..group
            }));
        }
        all.sort();
        all.dedup_by(|a, b| a.name == b.name);
        Ok(all)
    }
}
