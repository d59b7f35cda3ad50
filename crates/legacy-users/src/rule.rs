//! A condition of cutover.toml held against the columns of one table: each value of its column's type,
//! and the SQL that says so with the values apart. The one place where such conditions become a
//! statement: whom `[legacy] where` leaves out is nobody to every question of this crate.

use migration_model::{Comparison, Condition, Literal, Test};

use crate::column::{Column, ColumnKind};
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::query::{Bind, Query};

/// Comparisons of known columns, all of which must hold.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    dialect: Dialect,
    comparisons: Vec<(Column, TypedTest)>,
}

#[derive(Clone, Debug)]
enum TypedTest {
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Null,
    NotNull,
}

#[derive(Clone, Debug)]
enum Value {
    Bound(Bind),
    True,
    False,
}

impl Rule {
    /// Checks the condition's columns, which `column` finds, and its values.
    pub(crate) fn new(
        dialect: Dialect,
        condition: &Condition,
        setting: &str,
        mut column: impl FnMut(&str) -> Result<Column, LegacyError>,
    ) -> Result<Rule, LegacyError> {
        let mut comparisons = Vec::new();
        for Comparison { column: name, test } in &condition.comparisons {
            let column = column(name)?;
            let values = |literals: &[Literal]| -> Result<Vec<Value>, LegacyError> {
                let values = literals.iter().map(|literal| value(&column, literal));
                let values: Option<Vec<Value>> = values.collect();
                values.ok_or_else(|| LegacyError::ColumnMeaning {
                    column: column.name.clone(),
                    setting: setting.to_owned(),
                    holds: holds(&column),
                    fix: fix(&column),
                })
            };
            let test = match test {
                Test::IsOneOf(literals) => TypedTest::OneOf(values(literals)?),
                Test::IsNoneOf(literals) => TypedTest::NoneOf(values(literals)?),
                Test::IsNull => TypedTest::Null,
                Test::IsNotNull => TypedTest::NotNull,
            };
            comparisons.push((column, test));
        }
        Ok(Rule {
            dialect,
            comparisons,
        })
    }

    /// Adds `(… AND …)`.
    pub(crate) fn push(&self, query: &mut Query) {
        for (number, (column, test)) in self.comparisons.iter().enumerate() {
            query.push(if number == 0 { "(" } else { " AND " });
            let quoted = column.quoted(self.dialect);
            match test {
                TypedTest::Null => {
                    query.push(&format!("{quoted} IS NULL"));
                }
                TypedTest::NotNull => {
                    query.push(&format!("{quoted} IS NOT NULL"));
                }
                TypedTest::OneOf(values) => self.push_any(query, column, values),
                TypedTest::NoneOf(values) => {
                    // A null is none of them, and to SQL it would be neither.
                    query.push(&format!("({quoted} IS NULL OR NOT "));
                    self.push_any(query, column, values);
                    query.push(")");
                }
            }
        }
        query.push(")");
    }

    fn push_any(&self, query: &mut Query, column: &Column, values: &[Value]) {
        for (number, value) in values.iter().enumerate() {
            query.push(if number == 0 { "(" } else { " OR " });
            let equal = self.equal(query, column, value);
            query.push(&equal);
        }
        query.push(")");
    }

    fn equal(&self, query: &mut Query, column: &Column, value: &Value) -> String {
        let quoted = column.quoted(self.dialect);
        match (value, self.dialect) {
            (Value::True, Dialect::Postgres) => quoted,
            (Value::False, Dialect::Postgres) => format!("(NOT {quoted})"),
            // Where a boolean is a number, anything but zero is true.
            (Value::True, _) => format!("{quoted} <> 0"),
            (Value::False, _) => format!("{quoted} = 0"),
            (Value::Bound(bind @ Bind::Integer(_)), _) => {
                let placeholder = query.bind(bind.clone());
                format!("{quoted} = {placeholder}")
            }
            (Value::Bound(bind), _) => match column.kind {
                ColumnKind::Uuid => {
                    let placeholder = column.bind(query, bind.clone());
                    format!("{quoted} = {placeholder}")
                }
                _ => {
                    let placeholder = query.bind(bind.clone());
                    self.dialect.exactly(&quoted, &placeholder)
                }
            },
        }
    }
}

/// The value as the column has it; `None` where it can have no such value.
fn value(column: &Column, literal: &Literal) -> Option<Value> {
    let untyped = column.is_untyped();
    match (column.kind, literal) {
        (ColumnKind::Boolean, Literal::Boolean(true) | Literal::Integer(1)) => Some(Value::True),
        (ColumnKind::Boolean, Literal::Boolean(false) | Literal::Integer(0)) => Some(Value::False),
        (ColumnKind::Integer, Literal::Integer(number)) => Some(integer(*number)),
        (ColumnKind::Text, Literal::Text(text)) => Some(Value::Bound(Bind::Text(text.clone()))),
        (ColumnKind::Text, Literal::Integer(number)) if untyped => Some(integer(*number)),
        (ColumnKind::Text, Literal::Boolean(true)) if untyped => Some(Value::True),
        (ColumnKind::Text, Literal::Boolean(false)) if untyped => Some(Value::False),
        (ColumnKind::Uuid, Literal::Text(text)) => {
            let uuid = uuid::Uuid::try_parse(text).ok()?;
            Some(Value::Bound(Bind::Text(uuid.hyphenated().to_string())))
        }
        (ColumnKind::HexUuid, Literal::Text(text)) => {
            let text = match uuid::Uuid::try_parse(text) {
                Ok(uuid) => uuid.simple().to_string(),
                // A char(32) need not be Django's UUID.
                Err(_) => text.clone(),
            };
            Some(Value::Bound(Bind::Text(text)))
        }
        _ => None,
    }
}

fn integer(number: i64) -> Value {
    Value::Bound(Bind::Integer(number))
}

/// What a column's type holds, for error texts.
pub(crate) fn holds(column: &Column) -> &'static str {
    match column.kind {
        ColumnKind::Boolean => "true or false",
        ColumnKind::Integer => "whole numbers",
        ColumnKind::Number => "numbers",
        ColumnKind::Text => "text",
        ColumnKind::Uuid | ColumnKind::HexUuid => "UUIDs",
        ColumnKind::Date | ColumnKind::DateTime => "dates",
        ColumnKind::Binary => "bytes",
    }
}

fn fix(column: &Column) -> String {
    let name = &column.name;
    match column.kind {
        ColumnKind::Boolean => format!("write `{name} = true` or `{name} = false`"),
        ColumnKind::Integer => format!("write a whole number: `{name} = 1`"),
        ColumnKind::Text => format!("write the text in quotes: `{name} = 'x'`"),
        ColumnKind::Uuid | ColumnKind::HexUuid => format!("write a UUID in quotes: `{name} = '…'`"),
        _ => format!("write `{name} is null` or `{name} is not null`"),
    }
}
