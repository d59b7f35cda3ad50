//! Finds the tables and columns of one source of groups: by the foreign keys that the database has
//! declared, and by what `[groups]` says. What cannot be followed is an error. Called by group_sources.

use migration_model::GroupSource;

use crate::catalog::{ForeignKey, Table, foreign_keys, read_tables};
use crate::column::{Column, ColumnKind};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::group_memberships::GroupMemberships;
use crate::group_sources::Way;
use crate::group_values::GroupValues;
use crate::key::Key;
use crate::rule::Rule;
use crate::table_name::TableName;

/// Finds what one source of the configuration names.
pub(crate) struct Finder<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) source: &'a GroupSource,
    /// The user table, and its key.
    pub(crate) users: &'a TableName,
    pub(crate) key: &'a Key,
    /// The section of the file, for errors.
    pub(crate) setting: &'static str,
    pub(crate) members_setting: &'static str,
}

impl Finder<'_> {
    /// By a column of the user table.
    pub(crate) async fn by_column(
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
    pub(crate) async fn by_members(
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
