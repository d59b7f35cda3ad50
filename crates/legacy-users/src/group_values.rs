//! Groups that are the values of a column: of the user table (`role`), or of a table with several rows
//! for a user. Knows which columns those are, not how they were found. Called per page of users.

use std::collections::HashMap;

use migration_model::{LegacyGroup, LegacyId};

use crate::column::Column;
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::key::Key;
use crate::query::Query;
use crate::rule::Rule;
use crate::table_name::TableName;

/// A column whose values are names of groups.
#[derive(Debug)]
pub(crate) struct GroupValues {
    pub(crate) dialect: Dialect,
    pub(crate) table: TableName,
    /// The column that says whose row it is.
    pub(crate) user: Column,
    pub(crate) column: Column,
    /// Which rows count.
    pub(crate) rule: Option<Rule>,
}

impl GroupValues {
    /// Whether it is this column of this table, named as texts show it.
    pub(crate) fn is_by(&self, table: &str, column: &str) -> bool {
        self.table.shown() == table && self.column.name == column
    }

    /// The group names of these users; users in no group are absent.
    pub(crate) async fn of_users(
        &self,
        session: &mut dyn ReadSession,
        key: &Key,
        ids: &[LegacyId],
    ) -> Result<HashMap<LegacyId, Vec<String>>, LegacyError> {
        let user = self.user.quoted(self.dialect);
        let list = format!(
            "{}, {}",
            self.dialect.text(&user, key.column.kind),
            self.column.text(self.dialect)
        );
        let mut query = self.select(&list);
        query.push(&format!(" AND {user} IN "));
        key.push_list(&mut query, ids);
        let mut groups: HashMap<LegacyId, Vec<String>> = HashMap::new();
        for mut row in session.rows(query).await? {
            let (value, id) = (row.pop().flatten(), row.pop().flatten());
            let id = key.read(id, &self.table.shown())?;
            if let Some(name) = self.name(value) {
                groups.entry(id).or_default().push(name);
            }
        }
        Ok(groups)
    }

    /// Every value that there is.
    pub(crate) async fn groups(
        &self,
        session: &mut dyn ReadSession,
    ) -> Result<Vec<LegacyGroup>, LegacyError> {
        let query = self.select(&format!("DISTINCT {}", self.column.text(self.dialect)));
        let values = session.rows(query).await?.into_iter().flatten();
        let group = |name| LegacyGroup {
            name,
            permissions: Vec::new(),
        };
        Ok(values
            .filter_map(|value| self.name(value))
            .map(group)
            .collect())
    }

    /// A statement that reads nothing but fails where the table may not be read.
    pub(crate) fn probe(&self) -> Query {
        let mut query = self.select(&self.column.text(self.dialect));
        query.push(" AND 1 = 0");
        query
    }

    fn name(&self, value: Option<String>) -> Option<String> {
        let value = value.and_then(|value| self.column.kind.render(value));
        value.filter(|name| !name.trim().is_empty())
    }

    /// With a WHERE to which more can be added.
    fn select(&self, list: &str) -> Query {
        let subject = format!("table `{}`", self.table.shown());
        let during = "reading the users' groups";
        let mut query = Query::select(self.dialect, during, subject, list);
        query.push(&format!(
            " FROM {} u WHERE {} IS NOT NULL",
            self.table.quoted(self.dialect),
            self.column.quoted(self.dialect)
        ));
        if let Some(rule) = &self.rule {
            query.push(" AND ");
            rule.push(&mut query);
        }
        query
    }
}
