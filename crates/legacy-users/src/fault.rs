//! Turns a driver's error into one an operator can act on. The only reader of SQLSTATEs and
//! error numbers. Lets no text through that may hold a value of a row or of a statement.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::error::DatabaseError;

use crate::dialect::Dialect;
use crate::error::{Cause, LegacyError};

/// What kind of trouble a database reports.
enum Trouble {
    Unreachable,
    AccessDenied,
    DatabaseMissing,
    TableMissing,
    Timeout,
    Other,
}

/// An error while a connection was being made.
pub(crate) fn of_connecting(
    dialect: Dialect,
    error: &sqlx::Error,
    during: &'static str,
) -> LegacyError {
    of_statement(dialect, error, during, "the database")
}

/// An error of a statement that reads `subject`.
pub(crate) fn of_statement(
    dialect: Dialect,
    error: &sqlx::Error,
    during: &'static str,
    subject: &str,
) -> LegacyError {
    match error {
        sqlx::Error::Database(error) => of_database(dialect, error.as_ref(), during, subject),
        sqlx::Error::ColumnDecode { index, .. } => LegacyError::Unreadable {
            column: format!("{index} of {subject}"),
            expected: "text in UTF-8",
        },
        sqlx::Error::Io(error) => LegacyError::Unreachable {
            cause: Cause::new(io_text(error)),
        },
        sqlx::Error::Tls(error) => LegacyError::Unreachable {
            cause: Cause::new(format!("TLS: {error}")),
        },
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            LegacyError::UrlInvalid {
                fault: "the driver refuses one of its options".to_owned(),
            }
        }
        // A server that is no such server, or a connection cut in the middle of a message.
        sqlx::Error::Protocol(_) => LegacyError::Unreachable {
            cause: Cause::new("the answer is not of the database's protocol, or was cut off"),
        },
        sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed | sqlx::Error::PoolTimedOut => {
            LegacyError::Unreachable {
                cause: Cause::new("the connection was lost"),
            }
        }
        _ => LegacyError::Query {
            during,
            cause: Cause::new("the driver could not read the answer"),
        },
    }
}

impl LegacyError {
    /// Says how long a statement was given, where the server ended it for that.
    pub(crate) fn with_limit(mut self, given: Duration) -> LegacyError {
        if let LegacyError::Timeout { limit, .. } = &mut self {
            *limit = given;
        }
        self
    }
}

fn io_text(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused: nothing listens there".to_owned(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            "the server closed the connection".to_owned()
        }
        _ => error.to_string(),
    }
}

fn of_database(
    dialect: Dialect,
    error: &dyn DatabaseError,
    during: &'static str,
    subject: &str,
) -> LegacyError {
    let state = error.code().unwrap_or_default().into_owned();
    let (trouble, number) = match dialect {
        Dialect::Postgres => (postgres(&state), state.clone()),
        Dialect::MySql => {
            let number = error
                .as_error()
                .downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                .map_or(0, sqlx::mysql::MySqlDatabaseError::number);
            (mysql(number), number.to_string())
        }
        Dialect::Sqlite => (sqlite(&state, error.message()), state.clone()),
    };
    let cause = Cause::new(text_without_values(dialect, error, &state, &number));
    match trouble {
        Trouble::Unreachable => LegacyError::Unreachable { cause },
        Trouble::AccessDenied => LegacyError::AccessDenied {
            subject: subject.to_owned(),
            cause,
        },
        Trouble::DatabaseMissing => LegacyError::DatabaseMissing { cause },
        Trouble::TableMissing => LegacyError::TableMissing {
            table: subject.to_owned(),
            setting: "[legacy]".to_owned(),
            nearest: None,
        },
        Trouble::Timeout => LegacyError::Timeout {
            during,
            limit: Duration::ZERO,
        },
        Trouble::Other => LegacyError::Query { during, cause },
    }
}

/// PostgreSQL 15, Appendix A "Error Codes".
fn postgres(state: &str) -> Trouble {
    match state {
        // invalid_password, invalid_authorization_specification, insufficient_privilege
        "28P01" | "28000" | "42501" => Trouble::AccessDenied,
        // invalid_catalog_name
        "3D000" => Trouble::DatabaseMissing,
        // undefined_table, invalid_schema_name
        "42P01" | "3F000" => Trouble::TableMissing,
        // query_canceled: by statement_timeout, unless an administrator did it
        "57014" => Trouble::Timeout,
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout,
        // too_many_connections and other resources, connection exceptions (poolers' errors too)
        _ if ["57P0", "53", "08"]
            .iter()
            .any(|class| state.starts_with(class)) =>
        {
            Trouble::Unreachable
        }
        _ => Trouble::Other,
    }
}

/// MySQL 8.4 and MariaDB 10.11 error references.
fn mysql(number: u16) -> Trouble {
    match number {
        // access denied to database, user, table, column, by plugin; host not allowed
        1044 | 1045 | 1142 | 1143 | 1698 | 1130 | 1227 => Trouble::AccessDenied,
        1049 => Trouble::DatabaseMissing,
        1146 => Trouble::TableMissing,
        // lock wait; MariaDB max_statement_time; MySQL MAX_EXECUTION_TIME
        1205 | 1969 | 3024 => Trouble::Timeout,
        // too many connections, shutting down, host blocked, per-user limits, killed, lost
        1040 | 1053 | 1129 | 1203 | 1226 | 1317 | 1927 | 2006 | 2013 => Trouble::Unreachable,
        _ => Trouble::Other,
    }
}

/// sqlite.org "Result and Error Codes"; the low byte is the primary code.
fn sqlite(code: &str, message: &str) -> Trouble {
    match code.parse::<i32>().unwrap_or_default() & 0xff {
        // CANTOPEN: that the file is not there was ruled out before; NOTADB
        26 => Trouble::DatabaseMissing,
        // PERM, READONLY (a WAL that needs recovery), CANTOPEN, AUTH
        3 | 8 | 14 | 23 => Trouble::AccessDenied,
        // BUSY, LOCKED: a writer held it all the time
        5 | 6 => Trouble::Timeout,
        // IOERR
        10 => Trouble::Unreachable,
        1 if message.starts_with("no such table") => Trouble::TableMissing,
        _ => Trouble::Other,
    }
}

/// The server's own words, unless they are of a class that quotes values (SQLSTATE 22, "data
/// exception"; MySQL's 1292 and 1366 for the same).
fn text_without_values(
    dialect: Dialect,
    error: &dyn DatabaseError,
    state: &str,
    number: &str,
) -> String {
    let quotes_values = state.starts_with("22") || matches!(number, "1292" | "1366");
    if dialect != Dialect::Sqlite && quotes_values {
        return format!("error {number} about a value");
    }
    format!("{} ({number})", error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_server_and_a_shutdown_are_outages_and_a_refused_login_is_not() {
        for state in ["53300", "57P01", "57P03", "08006", "08P01"] {
            assert!(matches!(postgres(state), Trouble::Unreachable), "{state}");
        }
        for state in ["28P01", "28000", "42501"] {
            assert!(matches!(postgres(state), Trouble::AccessDenied), "{state}");
        }
        assert!(matches!(mysql(1040), Trouble::Unreachable));
        assert!(matches!(mysql(3024), Trouble::Timeout));
        assert!(matches!(mysql(1045), Trouble::AccessDenied));
    }
}
