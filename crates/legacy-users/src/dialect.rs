//! What differs between the SQL of the three databases, and nothing else: quoting,
//! placeholders, casts, how a read-only transaction begins. Knows no table.

use std::time::Duration;

use crate::column::ColumnKind;

/// The database engines that Django runs on and this crate reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Dialect {
    /// An identifier that cannot end its own quoting.
    pub(crate) fn quote(self, name: &str) -> String {
        match self {
            Dialect::MySql => format!("`{}`", name.replace('`', "``")),
            Dialect::Sqlite | Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// The placeholder of the `position`th value, counted from 1.
    pub(crate) fn placeholder(self, position: usize) -> String {
        match self {
            Dialect::Postgres => format!("${position}"),
            Dialect::Sqlite | Dialect::MySql => "?".to_owned(),
        }
    }

    /// A column as text, so that one code path reads every type: booleans as 1 or true,
    /// binary as lower-case hexadecimal.
    pub(crate) fn text(self, quoted: &str, kind: ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Postgres, ColumnKind::Binary) => format!("encode({quoted}, 'hex')"),
            // SQLite's HEX makes an empty text of null.
            (_, ColumnKind::Binary) => {
                format!("CASE WHEN {quoted} IS NULL THEN NULL ELSE LOWER(HEX({quoted})) END")
            }
            (Dialect::MySql, ColumnKind::Text | ColumnKind::HexUuid) => quoted.to_owned(),
            (Dialect::MySql, _) => format!("CAST({quoted} AS CHAR)"),
            (Dialect::Sqlite | Dialect::Postgres, _) => format!("CAST({quoted} AS TEXT)"),
        }
    }

    /// A number as text.
    pub(crate) fn number_as_text(self, number: &str) -> String {
        match self {
            Dialect::MySql => format!("CAST({number} AS CHAR)"),
            Dialect::Sqlite | Dialect::Postgres => format!("CAST({number} AS TEXT)"),
        }
    }

    /// Equality of a text column to a placeholder in every character, whatever the column's
    /// collation (MySQL's still ignores spaces at the end).
    pub(crate) fn exactly(self, quoted: &str, placeholder: &str) -> String {
        match self {
            Dialect::Sqlite => format!("{quoted} = {placeholder} COLLATE BINARY"),
            Dialect::Postgres => format!("CAST({quoted} AS TEXT) = {placeholder}"),
            Dialect::MySql => {
                format!("CONVERT({quoted} USING utf8mb4) COLLATE utf8mb4_bin = {placeholder}")
            }
        }
    }

    /// Begins a read-only transaction. Limits are the transaction's own and not the session's:
    /// behind a transaction pooler the session belongs to nobody, and PostgreSQL's poolers and
    /// RDS Proxy refuse the startup parameter `options`.
    pub(crate) fn begin(self, statement_timeout: Duration) -> String {
        match self {
            // The connection itself is read-only (mode=ro and PRAGMA query_only).
            Dialect::Sqlite => "BEGIN".to_owned(),
            Dialect::Postgres => format!(
                "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {}",
                statement_timeout.as_millis().max(1)
            ),
            Dialect::MySql => "START TRANSACTION READ ONLY".to_owned(),
        }
    }

    /// A SELECT with the time limit that it carries itself: MySQL and MariaDB each have their
    /// own form, and each takes the other's for a comment (`/*M!` is MariaDB's alone).
    pub(crate) fn limited(self, select: String, statement_timeout: Duration) -> String {
        let body = match (self, select.strip_prefix("SELECT ")) {
            (Dialect::MySql, Some(body)) => body,
            _ => return select,
        };
        let milliseconds = statement_timeout.as_millis().max(1);
        let seconds = statement_timeout.as_secs_f64().max(0.001);
        format!(
            "/*M!100100 SET STATEMENT max_statement_time={seconds:.3} FOR */ \
             SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */ {body}"
        )
    }

    /// Whether the server ends a statement that runs too long.
    pub(crate) fn server_limits_statements(self) -> bool {
        self != Dialect::Sqlite
    }

    /// Whether two spellings name the same column.
    pub(crate) fn same_name(self, left: &str, right: &str) -> bool {
        match self {
            Dialect::Postgres => left == right,
            Dialect::Sqlite | Dialect::MySql => left.eq_ignore_ascii_case(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_name_cannot_end_its_own_quoting() {
        assert_eq!(Dialect::Postgres.quote("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(Dialect::MySql.quote("a`; DROP"), "`a``; DROP`");
    }

    #[test]
    fn only_mysql_statements_carry_their_own_limit() {
        let limit = Duration::from_millis(1_500);
        let select = "SELECT 1".to_owned();
        assert_eq!(Dialect::Sqlite.limited(select.clone(), limit), select);
        assert_eq!(
            Dialect::MySql.limited(select, limit),
            "/*M!100100 SET STATEMENT max_statement_time=1.500 FOR */ \
             SELECT /*+ MAX_EXECUTION_TIME(1500) */ 1"
        );
    }
}
