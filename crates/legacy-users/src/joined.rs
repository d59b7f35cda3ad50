//! `[legacy.joins]`: columns of tables that have one row for a user at most. Read by a sub-query for
//! each column, so that a second row cannot make a second user; that there is none is checked by
//! `inspect`. Knows no field of Django's.

use std::collections::BTreeMap;

use migration_model::Join;

use crate::catalog::Table;
use crate::column::Column;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::table_name::TableName;

/// The tables beside the user table, by their names in the file.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    tables: BTreeMap<String, JoinedTable>,
}

/// One table beside the user table.
#[derive(Debug)]
pub(crate) struct JoinedTable {
    pub(crate) name: TableName,
    pub(crate) on: Column,
    /// Whether an index makes it one row for a user.
    pub(crate) is_unique: bool,
    columns: BTreeMap<String, Column>,
}

/// The tables that joins name, in the order of their names in the file.
pub(crate) fn table_names(
    joins: &BTreeMap<String, Join>,
    users: &TableName,
) -> Result<Vec<TableName>, LegacyError> {
    let names = joins.iter().map(|(name, join)| {
        let setting = format!("[legacy.joins.{name}] table");
        Ok(TableName::parse(&join.table, &setting)?.beside(users))
    });
    names.collect()
}

impl Joined {
    /// Checks the joins against their tables, in the order of [`table_names`]. `key` is the user
    /// table's.
    pub(crate) fn new(
        dialect: Dialect,
        joins: &BTreeMap<String, Join>,
        tables: Vec<(TableName, Table)>,
        users: (&TableName, &Table),
        key: &Column,
    ) -> Result<Joined, LegacyError> {
        let mut joined = Joined::default();
        for ((name, join), (table_name, table)) in joins.iter().zip(tables) {
            let setting = |key: &str| format!("[legacy.joins.{name}] {key}");
            let on = table.needed(dialect, &join.on, &table_name, &setting("on"))?;
            let theirs = match &join.users {
                Some(column) => users
                    .1
                    .needed(dialect, column, users.0, &setting("users"))?,
                None => key,
            };
            let mut columns = BTreeMap::new();
            for column in &join.columns {
                let found = table.needed(dialect, column, &table_name, &setting("columns"))?;
                let reference = format!("{name}.{column}");
                let expression = format!(
                    "(SELECT j.{} FROM {} j WHERE j.{} = u.{})",
                    found.quoted(dialect),
                    table_name.quoted(dialect),
                    on.quoted(dialect),
                    theirs.quoted(dialect),
                );
                let read = Column {
                    name: reference.clone(),
                    expression: Some(expression),
                    ..found.clone()
                };
                columns.insert(reference, read);
            }
            let read = JoinedTable {
                is_unique: table.indexes.make_unique(dialect, &on.name),
                on: on.clone(),
                name: table_name,
                columns,
            };
            joined.tables.insert(name.clone(), read);
        }
        Ok(joined)
    }

    /// The column that `JOIN.COLUMN` means.
    pub(crate) fn column(&self, reference: &str) -> Option<&Column> {
        let (name, _) = reference.split_once('.')?;
        self.tables.get(name)?.columns.get(reference)
    }

    /// The tables, with their names in the file.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&String, &JoinedTable)> {
        self.tables.iter()
    }
}
