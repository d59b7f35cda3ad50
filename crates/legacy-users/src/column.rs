//! A column of the legacy database: its type as declared, and its values as text in the one
//! form that the rest of the project knows (`LegacyUser::columns`). Knows no SQL statement.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use crate::dialect::Dialect;
use crate::query::{Bind, Query};

/// What a column's declared type means to Django.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ColumnKind {
    Boolean,
    Integer,
    /// Decimal or floating.
    Number,
    Text,
    /// A type of the database's own (PostgreSQL, MariaDB since 10.7).
    Uuid,
    /// `char(32)`: how Django stores UUIDs in SQLite, MySQL and older MariaDB (UUIDField's
    /// `db_type`, Django 5.2); its CharField is `varchar` everywhere.
    HexUuid,
    Date,
    DateTime,
    Binary,
}

impl ColumnKind {
    /// Reads the type as the catalog has it. What is unknown is text: PostgreSQL's enums,
    /// JSON, inet and the like read well as that.
    pub(crate) fn of(dialect: Dialect, declared: &str) -> ColumnKind {
        let declared = declared.to_ascii_lowercase();
        let (word, _) = declared.split_once('(').unwrap_or((&declared, ""));
        let word = word.split_whitespace().next().unwrap_or_default();
        match word {
            "bool" | "boolean" => ColumnKind::Boolean,
            "tinyint" if declared == "tinyint(1)" => ColumnKind::Boolean,
            "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => {
                ColumnKind::Integer
            }
            "decimal" | "numeric" | "real" | "double" | "float" => ColumnKind::Number,
            "uuid" => ColumnKind::Uuid,
            "char" if declared == "char(32)" && dialect != Dialect::Postgres => ColumnKind::HexUuid,
            "date" => ColumnKind::Date,
            "datetime" | "timestamp" => ColumnKind::DateTime,
            "bytea" | "blob" | "tinyblob" | "mediumblob" | "longblob" | "binary" | "varbinary" => {
                ColumnKind::Binary
            }
            _ => ColumnKind::Text,
        }
    }

    /// A value as the rest of the project knows it: booleans `true`/`false`, UUIDs with
    /// hyphens, date-times RFC 3339 in UTC. What does not read as its type stays as it is, so
    /// that the attribute's own check says what is wrong with it.
    pub(crate) fn render(self, value: String) -> Option<String> {
        match self {
            ColumnKind::Boolean => Some(match value.as_str() {
                "1" | "t" | "true" => "true".to_owned(),
                "0" | "f" | "false" => "false".to_owned(),
                _ => value,
            }),
            ColumnKind::Uuid => Some(value.to_ascii_lowercase()),
            ColumnKind::HexUuid => Some(hyphenated(&value).unwrap_or(value)),
            ColumnKind::Date | ColumnKind::DateTime if value.starts_with("0000-00-00") => None,
            ColumnKind::DateTime => Some(match parse_moment(&value) {
                Some(moment) => moment.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                None => value,
            }),
            _ => Some(value),
        }
    }
}

/// The hyphenated form of Django's `uuid.hex`, if the text is one. Upper case is not Django's,
/// and is left alone so that a key reads back as it is stored.
pub(crate) fn hyphenated(text: &str) -> Option<String> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 32 || !text.bytes().all(hex) {
        return None;
    }
    uuid::Uuid::try_parse(text)
        .ok()
        .map(|uuid| uuid.hyphenated().to_string())
}

/// A moment as the three databases write it as text. Without an offset it is UTC, as Django
/// stores it with USE_TZ.
pub(crate) fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen('T', " ", 1);
    if let Ok(moment) = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f") {
        return Some(moment.and_utc());
    }
    DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z")
        .ok()
        .map(|moment| moment.to_utc())
}

/// Whether a value counts as true: also where a flag is kept as a number or a letter.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "t" | "true" | "T" | "TRUE" | "True" | "y" | "Y")
        || value.parse::<i64>().is_ok_and(|number| number != 0)
}

/// A column as it is, found in the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    /// The declared type, for PostgreSQL's casts.
    pub(crate) declared: String,
    /// Whether `=` already ignores letter case: MySQL's `_ci` collations, `citext`.
    pub(crate) ignores_case: bool,
    /// Whether the database's folding knows no letters but ASCII's: SQLite's, and PostgreSQL's
    /// under the collations C and POSIX.
    pub(crate) folds_ascii_alone: bool,
    /// MySQL's collation, whose name begins with the character set's.
    pub(crate) collation: Option<String>,
    /// What stands for it in a statement on the user table (`u`), where it is another table's.
    pub(crate) expression: Option<String>,
}

impl Column {
    pub(crate) fn quoted(&self, dialect: Dialect) -> String {
        match &self.expression {
            Some(expression) => expression.clone(),
            None => dialect.quote(&self.name),
        }
    }

    /// Whether the database says no type: an expression in a view of SQLite's.
    pub(crate) fn is_untyped(&self) -> bool {
        self.declared.is_empty()
    }

    pub(crate) fn text(&self, dialect: Dialect) -> String {
        dialect.text(&self.quoted(dialect), self.kind)
    }

    /// Whether the database itself compares it as text. Not so PostgreSQL's enums, JSON and the
    /// like, which only read as text here.
    pub(crate) fn is_text(&self, dialect: Dialect) -> bool {
        let is_plain = || dialect != Dialect::Postgres || self.is_plain_text();
        self.kind == ColumnKind::Text && (self.ignores_case || is_plain())
    }

    fn is_plain_text(&self) -> bool {
        matches!(
            self.declared.split('(').next().unwrap_or_default(),
            "text" | "character varying" | "character" | "bpchar"
        )
    }

    /// A placeholder for a value of this column's type, so that an index on it serves.
    pub(crate) fn bind(&self, query: &mut Query, value: Bind) -> String {
        let is_text = matches!(value, Bind::Text(_));
        let placeholder = query.bind(value);
        match (query.dialect, &self.collation) {
            (Dialect::Postgres, _) if is_text && !self.is_plain_text() => {
                // Its catalog writes the type's name quoted where need be.
                format!("CAST({placeholder} AS {})", self.declared)
            }
            (Dialect::MySql, Some(collation)) if is_text && !collation.starts_with("utf8mb4") => {
                // What the old character set lacks would be an error; so it is a question mark,
                // and whatever row has just that is sorted out here.
                let charset = collation.split('_').next().unwrap_or_default();
                format!("CONVERT({placeholder} USING {charset}) COLLATE {collation}")
            }
            _ => placeholder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_of_djangos_columns_are_known_on_each_database() {
        let cases = [
            (Dialect::Sqlite, "bool", ColumnKind::Boolean),
            (Dialect::Sqlite, "integer", ColumnKind::Integer),
            (Dialect::Sqlite, "bigint unsigned", ColumnKind::Integer),
            (Dialect::Sqlite, "char(32)", ColumnKind::HexUuid),
            (Dialect::Sqlite, "datetime", ColumnKind::DateTime),
            (Dialect::Sqlite, "varchar(150)", ColumnKind::Text),
            (Dialect::Sqlite, "decimal", ColumnKind::Number),
            (Dialect::Postgres, "boolean", ColumnKind::Boolean),
            (Dialect::Postgres, "character(32)", ColumnKind::Text),
            (Dialect::Postgres, "double precision", ColumnKind::Number),
            (Dialect::Postgres, "numeric(10,2)", ColumnKind::Number),
            (
                Dialect::Postgres,
                "timestamp with time zone",
                ColumnKind::DateTime,
            ),
            (
                Dialect::Postgres,
                "timestamp(3) without time zone",
                ColumnKind::DateTime,
            ),
            (Dialect::Postgres, "citext", ColumnKind::Text),
            (Dialect::Postgres, "jsonb", ColumnKind::Text),
            (Dialect::Postgres, "bytea", ColumnKind::Binary),
            (Dialect::MySql, "tinyint(1)", ColumnKind::Boolean),
            (Dialect::MySql, "tinyint(4)", ColumnKind::Integer),
            (Dialect::MySql, "int(11) unsigned", ColumnKind::Integer),
            (Dialect::MySql, "uuid", ColumnKind::Uuid),
            (Dialect::MySql, "datetime(6)", ColumnKind::DateTime),
            (Dialect::MySql, "longtext", ColumnKind::Text),
        ];
        for (dialect, declared, kind) in cases {
            assert_eq!(ColumnKind::of(dialect, declared), kind, "{declared}");
        }
    }

    #[test]
    fn values_read_alike_whichever_database_wrote_them() {
        let render = |kind: ColumnKind, value: &str| kind.render(value.to_owned());
        for (kind, written, read) in [
            (ColumnKind::Boolean, "1", Some("true")),
            (ColumnKind::Boolean, "false", Some("false")),
            (
                ColumnKind::DateTime,
                "2024-03-01 10:20:30",
                Some("2024-03-01T10:20:30Z"),
            ),
            (
                ColumnKind::DateTime,
                "2024-03-01 10:20:30.000007+00",
                Some("2024-03-01T10:20:30.000007Z"),
            ),
            (
                ColumnKind::DateTime,
                "2024-03-01 10:20:30+05:30",
                Some("2024-03-01T04:50:30Z"),
            ),
            (
                ColumnKind::DateTime,
                "2024-03-01T10:20:30Z",
                Some("2024-03-01T10:20:30Z"),
            ),
            (ColumnKind::DateTime, "infinity", Some("infinity")),
            (ColumnKind::DateTime, "0000-00-00 00:00:00", None),
            (
                ColumnKind::HexUuid,
                "d2e7fc8347484f18bdccd739c685de56",
                Some("d2e7fc83-4748-4f18-bdcc-d739c685de56"),
            ),
            (ColumnKind::HexUuid, "not a uuid", Some("not a uuid")),
            (ColumnKind::Number, "1.50", Some("1.50")),
        ] {
            assert_eq!(render(kind, written).as_deref(), read, "{written}");
        }
    }
}
