//! Who is in which group, and what groups there are: Django's `<user table>_groups`, the table of
//! groups that its foreign key points at (`auth_group`, unless the app has a model of its own) and
//! the permission tables. Knows no user fields. Called per page of users.

use std::collections::{BTreeMap, HashMap};

use migration_model::{LegacyGroup, LegacyId};

use crate::catalog::{ForeignKey, Table};
use crate::column::Column;
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::key::Key;
use crate::query::Query;
use crate::table_name::TableName;

/// The many-to-many table of users and groups.
#[derive(Debug)]
pub(crate) struct GroupMemberships {
    dialect: Dialect,
    table: TableName,
    user: Column,
    group: Column,
    /// The groups themselves, and their key: where the foreign key points, which need not be at
    /// Django's own.
    groups: TableName,
    groups_key: String,
}

impl GroupMemberships {
    /// Finds the two foreign keys: `group_id`, and the user model's name with `_id`, which is
    /// `user_id` for most and `person_id` for a model named Person.
    pub(crate) fn new(
        dialect: Dialect,
        name: &TableName,
        table: &Table,
        foreign_keys: &[ForeignKey],
    ) -> Result<GroupMemberships, LegacyError> {
        let unclear = || LegacyError::GroupsTableUnclear {
            table: name.shown(),
        };
        let points_at = |column: &str| {
            let mut keys = foreign_keys.iter();
            keys.find(|key| dialect.same_name(&key.column, column))
        };
        let group = table.column(dialect, "group_id").ok_or_else(unclear)?;
        let others = || {
            let columns = table.columns.iter();
            columns.filter(|column| !["id", "group_id"].contains(&column.name.as_str()))
        };
        let candidates: Vec<&Column> = others().collect();
        let keys: Vec<&Column> = others()
            .filter(|column| column.name.ends_with("_id"))
            .collect();
        let user = match (table.column(dialect, "user_id"), &candidates[..], &keys[..]) {
            (Some(column), _, _) => column,
            (None, &[column], _) | (None, _, &[column]) => column,
            _ => return Err(unclear()),
        };
        Ok(GroupMemberships {
            dialect,
            table: name.clone(),
            user: user.clone(),
            groups: match points_at(&group.name) {
                Some(key) => key.table.clone(),
                None => name.sibling("auth_group"),
            },
            groups_key: points_at(&group.name)
                .map(|key| key.key.clone())
                .filter(|key| !key.is_empty())
                .unwrap_or_else(|| "id".to_owned()),
            group: group.clone(),
        })
    }

    /// The table of the groups, if it is not Django's own.
    pub(crate) fn other_groups(&self) -> Option<&TableName> {
        (self.groups != self.table.sibling("auth_group")).then_some(&self.groups)
    }

    /// Names of all groups of a table that is not Django's own: who may what there is the app's
    /// business.
    pub(crate) async fn names(
        &self,
        session: &mut dyn ReadSession,
    ) -> Result<Vec<LegacyGroup>, LegacyError> {
        let subject = format!("table `{}`", self.groups.shown());
        let mut query = Query::select(self.dialect, "reading the groups", subject, "g.name");
        query.push(&format!(" FROM {} g", self.groups.quoted(self.dialect)));
        let rows = session.rows(query).await?;
        let mut names: Vec<String> = rows.into_iter().flatten().flatten().collect();
        names.sort_unstable();
        let group = |name| LegacyGroup {
            name,
            permissions: Vec::new(),
        };
        Ok(names.into_iter().map(group).collect())
    }

    /// The group names of these users, sorted; users in no group are absent.
    pub(crate) async fn of_users(
        &self,
        session: &mut dyn ReadSession,
        key: &Key,
        ids: &[LegacyId],
    ) -> Result<HashMap<LegacyId, Vec<String>>, LegacyError> {
        let user = self.member(&self.user);
        let list = format!("{}, g.name", self.dialect.text(&user, key.column.kind));
        let mut query = self.select("reading the users' groups", &list);
        query.push(&format!(" WHERE {user} IN "));
        key.push_list(&mut query, ids);
        let mut groups: HashMap<LegacyId, Vec<String>> = HashMap::new();
        for mut row in session.rows(query).await? {
            let (name, id) = (row.pop().flatten(), row.pop().flatten());
            let id = key.read(id, &self.table.shown())?;
            groups.entry(id).or_default().push(name.unwrap_or_default());
        }
        for names in groups.values_mut() {
            names.sort_unstable();
        }
        Ok(groups)
    }

    /// A statement that reads nothing but fails where the tables may not be read.
    pub(crate) fn probe(&self) -> Query {
        let mut query = self.select("checking access", "g.name");
        query.push(" WHERE 1 = 0");
        query
    }

    fn select(&self, during: &'static str, list: &str) -> Query {
        let groups = &self.groups;
        let subject = format!("tables `{}` and `{}`", self.table.shown(), groups.shown());
        let mut query = Query::select(self.dialect, during, subject, list);
        query.push(&format!(
            " FROM {} m JOIN {} g ON g.{} = {}",
            self.table.quoted(self.dialect),
            groups.quoted(self.dialect),
            self.dialect.quote(&self.groups_key),
            self.member(&self.group),
        ));
        query
    }

    fn member(&self, column: &Column) -> String {
        format!("m.{}", column.quoted(self.dialect))
    }
}

/// Every row of `auth_group` with its permissions, by name.
pub(crate) async fn all_groups(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    users: &TableName,
) -> Result<Vec<LegacyGroup>, LegacyError> {
    let table = |name: &str| users.sibling(name).quoted(dialect);
    let subject = "the tables of groups and permissions";
    let mut query = Query::select(
        dialect,
        "reading the groups",
        subject,
        "g.name, c.app_label, p.codename",
    );
    query.push(&format!(
        " FROM {} g
         LEFT JOIN {} gp ON gp.group_id = g.id
         LEFT JOIN {} p ON p.id = gp.permission_id
         LEFT JOIN {} c ON c.id = p.content_type_id",
        table("auth_group"),
        table("auth_group_permissions"),
        table("auth_permission"),
        table("django_content_type"),
    ));
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in session.rows(query).await? {
        let mut values = row.into_iter();
        let name = values.next().flatten().unwrap_or_default();
        let permissions = groups.entry(name).or_default();
        if let (Some(Some(app_label)), Some(Some(codename))) = (values.next(), values.next()) {
            permissions.push(format!("{app_label}.{codename}"));
        }
    }
    let with_sorted = groups.into_iter().map(|(name, mut permissions)| {
        permissions.sort_unstable();
        LegacyGroup { name, permissions }
    });
    Ok(with_sorted.collect())
}
