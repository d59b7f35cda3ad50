//! A SELECT being put together, with its values apart from its text. Knows placeholders, not
//! what is asked.

use crate::dialect::Dialect;

/// A value for a placeholder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Bind {
    Integer(i64),
    Text(String),
}

/// One row: every value as text, `None` for null.
pub(crate) type TextRow = Vec<Option<String>>;

/// The first value as a number; 0 where there is none.
pub(crate) fn first_number(rows: Vec<TextRow>) -> u64 {
    let value = rows.into_iter().flatten().flatten().next();
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

/// The text and the values of one statement. Values never enter the text.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) dialect: Dialect,
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
    /// What is being done, for errors: "reading users".
    pub(crate) during: &'static str,
    /// The tables read, for errors.
    pub(crate) subject: String,
}

impl Query {
    pub(crate) fn select(
        dialect: Dialect,
        during: &'static str,
        subject: impl Into<String>,
        list: &str,
    ) -> Query {
        Query {
            dialect,
            sql: format!("SELECT {list}"),
            binds: Vec::new(),
            during,
            subject: subject.into(),
        }
    }

    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a value and gives its placeholder, which the caller puts into the text at once:
    /// two databases count them by order.
    pub(crate) fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        self.dialect.placeholder(self.binds.len())
    }
}
