//! Who is in which group by a table of users and groups, or by a column of the user table with the
//! group's key; and the groups themselves, with the permissions that Django's own have. Knows which
//! tables and columns those are, not how they were found. Called per page of users.

use std::collections::{BTreeMap, HashMap};

use migration_model::{LegacyGroup, LegacyId};

use crate::catalog::read_tables;
use crate::column::{Column, ColumnKind};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::group_finder::Groups;
use crate::key::Key;
use crate::query::{Query, first_number};
use crate::rule::Rule;
use crate::table_name::TableName;

/// Rows that say who is in which group.
#[derive(Debug)]
pub(crate) struct GroupMemberships {
    dialect: Dialect,
    pub(crate) table: TableName,
    user: Column,
    group: Column,
    pub(crate) groups: Groups,
    /// Which rows count.
    rule: Option<Rule>,
}

impl GroupMemberships {
    pub(crate) fn new(
        dialect: Dialect,
        table: TableName,
        user: Column,
        group: Column,
        groups: Groups,
        rule: Option<Rule>,
    ) -> GroupMemberships {
        GroupMemberships {
            dialect,
            table,
            user,
            group,
            groups,
            rule,
        }
    }

    /// Whether it is this column of this table, named as texts show it but for the schema.
    pub(crate) fn is_by(&self, table: &str, column: &str) -> bool {
        let bare = TableName {
            schema: None,
            name: self.table.name.clone(),
        };
        let is_table = [self.table.shown(), bare.shown()]
            .iter()
            .any(|name| name == table);
        is_table && self.group.name == column
    }

    /// Every group, with the permissions of Django's own. Who may what by another model of groups is
    /// the app's business.
    pub(crate) async fn groups(
        &self,
        session: &mut dyn ReadSession,
    ) -> Result<Vec<LegacyGroup>, LegacyError> {
        if self.groups.is_django && self.has_permissions(session).await? {
            return all_groups(session, self.dialect, &self.groups.table).await;
        }
        let subject = format!("table `{}`", self.groups.table.shown());
        let mut query = Query::select(self.dialect, "reading the groups", subject, &self.name());
        query.push(&format!(
            " FROM {} g",
            self.groups.table.quoted(self.dialect)
        ));
        let names = session.rows(query).await?.into_iter().flatten();
        let names = names.filter_map(|name| self.groups.name_kind.render(name?));
        let group = |name| LegacyGroup {
            name,
            permissions: Vec::new(),
        };
        Ok(names.map(group).collect())
    }

    /// A copy of a database may be without them.
    async fn has_permissions(&self, session: &mut dyn ReadSession) -> Result<bool, LegacyError> {
        let tables = PERMISSION_TABLES.map(|name| self.groups.table.sibling(name));
        let known = read_tables(session, self.dialect, &tables).await?;
        Ok(known.iter().all(Option::is_some))
    }

    /// The group names of these users; users in no group are absent.
    pub(crate) async fn of_users(
        &self,
        session: &mut dyn ReadSession,
        key: &Key,
        ids: &[LegacyId],
    ) -> Result<HashMap<LegacyId, Vec<String>>, LegacyError> {
        let user = self.member(&self.user);
        let list = format!(
            "{}, {}",
            self.dialect.text(&user, key.column.kind),
            self.name()
        );
        let mut query = self.select("reading the users' groups", &list, "JOIN");
        query.push(&format!(" WHERE {user} IN "));
        key.push_list(&mut query, ids);
        self.push_rule(&mut query);
        let mut groups: HashMap<LegacyId, Vec<String>> = HashMap::new();
        for mut row in session.rows(query).await? {
            let (name, id) = (row.pop().flatten(), row.pop().flatten());
            let id = key.read(id, &self.table.shown())?;
            let name = name.and_then(|name| self.groups.name_kind.render(name));
            groups.entry(id).or_default().push(name.unwrap_or_default());
        }
        Ok(groups)
    }

    /// A statement that reads nothing but fails where the tables may not be read.
    pub(crate) fn probe(&self) -> Query {
        let mut query = self.select("checking access", &self.name(), "JOIN");
        query.push(" WHERE 1 = 0");
        query
    }

    /// How many rows say that somebody is in a group.
    pub(crate) async fn count(&self, session: &mut dyn ReadSession) -> Result<u64, LegacyError> {
        let group = self.member(&self.group);
        let rest = format!(
            " FROM {} m WHERE {group} IS NOT NULL",
            self.table.quoted(self.dialect),
        );
        self.counted(session, "COUNT(*)", &rest).await
    }

    /// How many of them name a group that the table of groups does not have.
    pub(crate) async fn dangling(&self, session: &mut dyn ReadSession) -> Result<u64, LegacyError> {
        let rest = format!(
            "{} WHERE {} IS NOT NULL AND g.{} IS NULL",
            self.from("LEFT JOIN"),
            self.member(&self.group),
            self.dialect.quote(&self.groups.key),
        );
        self.counted(session, "COUNT(*)", &rest).await
    }

    /// How many groups with somebody in them there are, and how many names they have.
    pub(crate) async fn groups_and_names(
        &self,
        session: &mut dyn ReadSession,
    ) -> Result<(u64, u64), LegacyError> {
        let rest = format!("{} WHERE 1 = 1", self.from("JOIN"));
        let key = format!("COUNT(DISTINCT g.{})", self.dialect.quote(&self.groups.key));
        let groups = self.counted(session, &key, &rest).await?;
        let name = format!("COUNT(DISTINCT {})", self.name());
        Ok((groups, self.counted(session, &name, &rest).await?))
    }

    /// Runs a count over rows that count. `rest` ends in a WHERE.
    async fn counted(
        &self,
        session: &mut dyn ReadSession,
        counted: &str,
        rest: &str,
    ) -> Result<u64, LegacyError> {
        let list = self.dialect.text(counted, ColumnKind::Integer);
        let mut query = Query::select(self.dialect, "counting", self.subject(), &list);
        query.push(rest);
        self.push_rule(&mut query);
        Ok(first_number(session.rows(query).await?))
    }

    fn push_rule(&self, query: &mut Query) {
        if let Some(rule) = &self.rule {
            query.push(" AND ");
            rule.push(query);
        }
    }

    fn subject(&self) -> String {
        format!(
            "tables `{}` and `{}`",
            self.table.shown(),
            self.groups.table.shown()
        )
    }

    /// The groups' names as text.
    fn name(&self) -> String {
        let name = format!("g.{}", self.dialect.quote(&self.groups.name));
        self.dialect.text(&name, self.groups.name_kind)
    }

    fn select(&self, during: &'static str, list: &str, join: &str) -> Query {
        let mut query = Query::select(self.dialect, during, self.subject(), list);
        query.push(&self.from(join));
        query
    }

    fn from(&self, join: &str) -> String {
        format!(
            " FROM {} m {join} {} g ON g.{} = {}",
            self.table.quoted(self.dialect),
            self.groups.table.quoted(self.dialect),
            self.dialect.quote(&self.groups.key),
            self.member(&self.group),
        )
    }

    fn member(&self, column: &Column) -> String {
        format!("m.{}", self.dialect.quote(&column.name))
    }
}

const PERMISSION_TABLES: [&str; 3] = [
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
];

/// Every row of `auth_group` with its permissions, by name.
async fn all_groups(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    groups: &TableName,
) -> Result<Vec<LegacyGroup>, LegacyError> {
    let table = |name: &str| groups.sibling(name).quoted(dialect);
    let [group_permissions, permission, content_type] = PERMISSION_TABLES.map(table);
    let subject = "the tables of groups and permissions";
    let mut query = Query::select(
        dialect,
        "reading the groups",
        subject,
        "g.name, c.app_label, p.codename",
    );
    query.push(&format!(
        " FROM {} g
         LEFT JOIN {group_permissions} gp ON gp.group_id = g.id
         LEFT JOIN {permission} p ON p.id = gp.permission_id
         LEFT JOIN {content_type} c ON c.id = p.content_type_id",
        groups.quoted(dialect),
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
