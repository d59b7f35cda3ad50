//! The name of a table, perhaps with its schema. Knows how to quote itself, not whether the
//! table exists.

use crate::dialect::Dialect;
use crate::error::LegacyError;

/// `table` or `schema.table` (in MySQL the schema is another database).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

impl TableName {
    /// Reads a configured name; `setting` is named if it is none.
    pub(crate) fn parse(text: &str, setting: &str) -> Result<TableName, LegacyError> {
        let possible = |part: &str| !part.is_empty() && !part.contains(char::is_control);
        let quoted = match text.contains('"') {
            true => migration_model::table_name_parts(text),
            false => None,
        };
        if let Some([schema, name]) = quoted.as_deref() {
            return Ok(TableName {
                schema: Some(schema.clone()),
                name: name.clone(),
            });
        }
        if let Some([name]) = quoted.as_deref() {
            return Ok(TableName {
                schema: None,
                name: name.clone(),
            });
        }
        let (schema, name) = match text.split_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, text),
        };
        if !possible(name) || name.contains('.') || !schema.is_none_or(possible) {
            return Err(LegacyError::NameInvalid {
                setting: setting.to_owned(),
            });
        }
        Ok(TableName {
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
        })
    }

    /// Another table of the same Django project, which has all its tables in one schema.
    pub(crate) fn sibling(&self, name: impl Into<String>) -> TableName {
        TableName {
            schema: self.schema.clone(),
            name: name.into(),
        }
    }

    /// Takes the schema of `other` where it has none of its own.
    pub(crate) fn beside(mut self, other: &TableName) -> TableName {
        self.schema = self.schema.or_else(|| other.schema.clone());
        self
    }

    pub(crate) fn quoted(&self, dialect: Dialect) -> String {
        let name = dialect.quote(&self.name);
        match &self.schema {
            Some(schema) => format!("{}.{name}", dialect.quote(schema)),
            None => name,
        }
    }

    /// For texts: as cutover.toml takes it.
    pub(crate) fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!(
                "{}.{}",
                plain_or_quoted(schema),
                plain_or_quoted(&self.name)
            ),
            None => plain_or_quoted(&self.name),
        }
    }
}

fn plain_or_quoted(part: &str) -> String {
    let is_plain = !part.starts_with(|c: char| c.is_ascii_digit())
        && part
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    match is_plain {
        true => part.to_owned(),
        false => format!("\"{part}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_quoted_apart_from_its_table() {
        let table = TableName::parse("app.auth_user", "user_table").expect("a table name");
        assert_eq!(table.quoted(Dialect::Postgres), "\"app\".\"auth_user\"");
        assert_eq!(table.sibling("auth_group").shown(), "app.auth_group");
        let unqualified = TableName::parse("members", "user_groups_table").expect("a table name");
        assert_eq!(unqualified.beside(&table).shown(), "app.members");
    }

    #[test]
    fn a_schema_of_any_name_is_written_in_quotes_and_shown_so() {
        let table = TableName::parse("\"Beta-Co\".auth_user", "user_table").expect("a table name");
        assert_eq!(table.quoted(Dialect::Postgres), "\"Beta-Co\".\"auth_user\"");
        assert_eq!(table.quoted(Dialect::MySql), "`Beta-Co`.`auth_user`");
        assert_eq!(
            table.sibling("auth_group").shown(),
            "\"Beta-Co\".auth_group"
        );
    }

    #[test]
    fn what_is_no_table_name_is_refused_by_setting() {
        for text in ["", "a.b.c", ".a", "a.", "a\0b", "a\nb"] {
            let error = TableName::parse(text, "[legacy] user_table").expect_err("no name");
            assert!(error.to_string().contains("[legacy] user_table"), "{error}");
        }
    }
}
