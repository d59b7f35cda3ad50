//! Where it is said who is in which group: one many-to-many table or several, or a column that is the
//! group by name, of such a table or of the user table itself. Finds them by the foreign keys that the database has declared and by what
//! `[groups]` says; what cannot be followed is an error or a finding, and never "no groups".

use std::collections::HashMap;

use migration_model::{GroupSource, LegacyGroup, LegacyId};

use crate::catalog::{ForeignKey, Table, foreign_keys, read_tables};
use crate::column::{Column, ColumnKind};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::group_memberships::GroupMemberships;
use crate::group_values::GroupValues;
use crate::key::Key;
use crate::query::Query;
use crate::rule::Rule;
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

struct Finder<'a> {
    dialect: Dialect,
    source: &'a GroupSource,
    users: &'a TableName,
    key: &'a Key,
    setting: &'static str,
    members_setting: &'static str,
}

impl Finder<'_> {
    async fn by_column(
        &self,
        session: &mut dyn ReadSession,
        users: &Table,
        column: &str,
    ) -> Result<Way, LegacyError> {
        let setting = format!("{} column", self.setting);
        let column = users.needed(self.dialect, column, self.users, &setting)?;
        let keys = foreign_keys(session, self.dialect, self.users).await?;
        let declared = find_key(self.dialect, &keys, column);
        if self.source.table.is_none() && declared.is_none() {
            return Ok(Way::Values(Box::new(GroupValues {
                dialect: self.dialect,
                table: self.users.clone(),
                user: self.key.column.clone(),
                column: column.clone(),
                rule: None,
            })));
        }
        let groups = self.groups(session, declared).await?;
        let memberships = GroupMemberships::new(
            self.dialect,
            self.users.clone(),
            self.key.column.clone(),
            column.clone(),
            groups,
            None,
        );
        Ok(Way::Memberships(Box::new(memberships)))
    }

    /// `None` where nothing is named and Django's own table is not there. `known` is the table if it
    /// was read already.
    async fn by_members(
        &self,
        session: &mut dyn ReadSession,
        known: Option<(&TableName, Option<Table>)>,
    ) -> Result<Option<Way>, LegacyError> {
        let setting = self.members_setting;
        let (name, table) = match (known, &self.source.members_table) {
            (Some((name, table)), _) => (name.clone(), table),
            (None, Some(name)) => {
                let name = TableName::parse(name, setting)?.beside(self.users);
                let of = std::slice::from_ref(&name);
                let read = read_tables(session, self.dialect, of).await?;
                (name, read.into_iter().flatten().next())
            }
            (None, None) => return Ok(None),
        };
        let Some(table) = table else {
            if self.source.members_table.is_none() && self.source.is_default() {
                // A user model without PermissionsMixin has no groups.
                return Ok(None);
            }
            let missing = crate::user_table::missing_table(session, self.dialect, &name, setting);
            return Err(missing.await);
        };
        let keys = foreign_keys(session, self.dialect, &name).await?;
        let user = self.user_column(&name, &table, &keys)?;
        let group = self.group_column(&name, &table, &keys, &user)?;
        let declared = find_key(self.dialect, &keys, &group);
        if self.is_value(&group, declared) {
            let rule = self.rule(&name, &table, "")?;
            return Ok(Some(Way::Values(Box::new(GroupValues {
                dialect: self.dialect,
                table: name,
                user,
                column: group,
                rule,
            }))));
        }
        let groups = self.groups(session, declared).await?;
        let rule = self.rule(&name, &table, "m.")?;
        let read = GroupMemberships::new(self.dialect, name, user, group, groups, rule);
        Ok(Some(Way::Memberships(Box::new(read))))
    }

    /// Whether a column of the memberships is the group itself, by name: text that was named, and of
    /// which nothing says that it refers to another table.
    fn is_value(&self, group: &Column, declared: Option<&ForeignKey>) -> bool {
        let GroupSource {
            table, key, name, ..
        } = self.source;
        let refers = declared.is_some() || table.is_some() || key.is_some() || name.is_some();
        let is_named = self.source.group_column.is_some();
        is_named && !refers && group.kind == ColumnKind::Text
    }

    /// Which rows of the memberships count. `alias` stands before their columns.
    fn rule(
        &self,
        name: &TableName,
        table: &Table,
        alias: &str,
    ) -> Result<Option<Rule>, LegacyError> {
        let Some(condition) = &self.source.condition else {
            return Ok(None);
        };
        let setting = format!("{} where", self.setting);
        let rule = Rule::new(self.dialect, condition, &setting, |column| {
            let column = table.needed(self.dialect, column, name, &setting)?;
            Ok(Column {
                expression: Some(format!("{alias}{}", self.dialect.quote(&column.name))),
                ..column.clone()
            })
        })?;
        Ok(Some(rule))
    }

    /// The column named; else the one that refers to the users; else `user_id`, or the only one that
    /// it can be, such as `person_id` for a model named Person.
    fn user_column(
        &self,
        name: &TableName,
        table: &Table,
        keys: &[ForeignKey],
    ) -> Result<Column, LegacyError> {
        let column = match &self.source.user_column {
            Some(named) => {
                let setting = format!("{} user_column", self.setting);
                table.needed(self.dialect, named, name, &setting)?
            }
            None => {
                let to_users = keys.iter().filter(|key| key.table == *self.users);
                let to_users: Vec<&Column> = to_users
                    .filter_map(|key| table.column(self.dialect, &key.column))
                    .collect();
                let group = self.source.group_column.as_deref().unwrap_or("group_id");
                let others = || {
                    let columns = table.columns.iter();
                    columns.filter(|column| {
                        column.name != "id" && !self.dialect.same_name(&column.name, group)
                    })
                };
                let candidates: Vec<&Column> = others().collect();
                let ids: Vec<&Column> = others()
                    .filter(|column| column.name.ends_with("_id"))
                    .collect();
                let usual = table.column(self.dialect, "user_id");
                match (&to_users[..], usual, &candidates[..], &ids[..]) {
                    (&[column], ..) => column,
                    (_, Some(column), ..) => column,
                    (_, _, &[column], _) | (_, _, _, &[column]) => column,
                    _ => return Err(unclear(name, "several columns may refer to the user")),
                }
            }
        };
        let declared = find_key(self.dialect, keys, column);
        let elsewhere = declared.is_some_and(|key| {
            let same = self.dialect.same_name(&key.key, &self.key.column.name);
            key.table == *self.users && !key.key.is_empty() && !same
        });
        if elsewhere {
            let why = format!("{} refers to another column than the key", column.name);
            return Err(unclear(name, &why));
        }
        Ok(column.clone())
    }

    /// The column named; else `group_id`; else the only other one with a foreign key.
    fn group_column(
        &self,
        name: &TableName,
        table: &Table,
        keys: &[ForeignKey],
        user: &Column,
    ) -> Result<Column, LegacyError> {
        if let Some(named) = &self.source.group_column {
            let setting = format!("{} group_column", self.setting);
            return Ok(table.needed(self.dialect, named, name, &setting)?.clone());
        }
        if let Some(column) = table.column(self.dialect, "group_id") {
            return Ok(column.clone());
        }
        let others = keys.iter().filter(|key| key.column != user.name);
        let others: Vec<&ForeignKey> = match &self.source.table {
            Some(wanted) => {
                let wanted = TableName::parse(wanted, self.setting)?.beside(self.users);
                others.filter(|key| key.table == wanted).collect()
            }
            None => others.collect(),
        };
        let only = match &others[..] {
            [only] => table.column(self.dialect, &only.column),
            _ => None,
        };
        only.cloned()
            .ok_or_else(|| unclear(name, "which column refers to the group is not clear"))
    }

    /// The table of the groups: named, or where the foreign key points. Without either it is taken
    /// for Django's own, which `inspect` does not accept.
    async fn groups(
        &self,
        session: &mut dyn ReadSession,
        declared: Option<&ForeignKey>,
    ) -> Result<Groups, LegacyError> {
        let django = self.users.sibling("auth_group");
        let setting = |key: &str| format!("{} {key}", self.setting);
        let table = match (&self.source.table, declared) {
            (Some(named), _) => TableName::parse(named, &setting("table"))?.beside(self.users),
            (None, Some(key)) => key.table.clone(),
            (None, None) => django.clone(),
        };
        let points_here = declared.filter(|key| key.table == table && !key.key.is_empty());
        let key = match (&self.source.key, points_here) {
            (Some(named), _) => named.clone(),
            (None, Some(key)) => key.key.clone(),
            (None, None) => "id".to_owned(),
        };
        let name = self
            .source
            .name
            .clone()
            .unwrap_or_else(|| "name".to_owned());
        let is_django = table == django;
        let mut name_kind = ColumnKind::Text;
        // Django's own table is known; any other is looked at, so that a missing column is said here.
        if !is_django || self.source.key.is_some() || self.source.name.is_some() {
            let known = read_tables(session, self.dialect, std::slice::from_ref(&table)).await?;
            let Some(known) = known.into_iter().flatten().next() else {
                let wanted = setting("table");
                let missing =
                    crate::user_table::missing_table(session, self.dialect, &table, &wanted);
                return Err(missing.await);
            };
            known.needed(self.dialect, &key, &table, &setting("key"))?;
            name_kind = known
                .needed(self.dialect, &name, &table, &setting("name"))?
                .kind;
        }
        Ok(Groups {
            is_django,
            is_guess: self.source.table.is_none() && declared.is_none(),
            table,
            key,
            name,
            name_kind,
        })
    }
}

/// The table of groups.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    pub(crate) table: TableName,
    pub(crate) key: String,
    pub(crate) name: String,
    /// What the names are; a key may stand for them.
    pub(crate) name_kind: ColumnKind,
    /// Django's own, whose permissions are known.
    pub(crate) is_django: bool,
    /// Neither named nor where a foreign key points.
    pub(crate) is_guess: bool,
}

fn find_key<'a>(
    dialect: Dialect,
    keys: &'a [ForeignKey],
    column: &Column,
) -> Option<&'a ForeignKey> {
    keys.iter()
        .find(|key| dialect.same_name(&key.column, &column.name))
}

fn unclear(table: &TableName, why: &str) -> LegacyError {
    LegacyError::GroupsTableUnclear {
        table: table.shown(),
        why: why.to_owned(),
    }
}
