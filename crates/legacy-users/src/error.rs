//! What can go wrong with the legacy database, one kind for each thing an operator would do
//! about it. Texts name tables, columns and settings, never the URL, a password or row data.

use std::time::Duration;

use migration_model::Reason;

/// Why the legacy database gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// The configuration names no database.
    #[error("no legacy database is configured")]
    NoUrl,
    /// The database URL cannot be used.
    #[error("the legacy database URL cannot be used: {fault}")]
    UrlInvalid {
        /// What is wrong, without any of the URL's values.
        fault: String,
    },
    /// A setting names no possible table.
    #[error("{setting} is not a table name")]
    NameInvalid {
        /// The setting in cutover.toml.
        setting: String,
    },
    /// Nothing answers there, or the server is starting, stopping or full.
    #[error("the legacy database does not answer")]
    Unreachable {
        /// What the network or the server said.
        #[source]
        cause: Cause,
    },
    /// The server refuses the credentials, or the login may not read a table.
    #[error("the legacy database refuses access to {subject}")]
    AccessDenied {
        /// The database, or the tables that were read.
        subject: String,
        /// What the server said.
        #[source]
        cause: Cause,
    },
    /// Whoever keeps the database's login did not give it.
    #[error("the legacy database's login could not be had")]
    LoginUnavailable {
        /// What they said, without secrets.
        #[source]
        cause: Cause,
    },
    /// The server has no such database, or the SQLite file does not exist or is none.
    #[error("there is no legacy database at the configured place")]
    DatabaseMissing {
        /// What the server or the file system said.
        #[source]
        cause: Cause,
    },
    /// A table is not there.
    #[error("the legacy database has no table `{table}` ({setting})")]
    TableMissing {
        /// The table that was looked for.
        table: String,
        /// The setting in cutover.toml that names it, or implies it.
        setting: String,
        /// A table that may be meant.
        nearest: Option<String>,
    },
    /// A column is not there.
    #[error("table `{table}` has no column `{column}` ({setting})")]
    ColumnMissing {
        /// The table.
        table: String,
        /// The column that was looked for.
        column: String,
        /// The setting in cutover.toml that names it, or implies it.
        setting: String,
        /// A column that may be meant.
        nearest: Option<String>,
    },
    /// A column's type cannot mean what it is taken for.
    #[error("column `{column}` holds {holds}, which {setting} cannot mean")]
    ColumnMeaning {
        /// The column.
        column: String,
        /// The setting in cutover.toml that takes it so, or implies it.
        setting: String,
        /// What its type holds.
        holds: &'static str,
        /// What to write instead.
        fix: String,
    },
    /// A column of another table is referred to that no join has.
    #[error("{setting} refers to `{reference}`, which no [legacy.joins] has")]
    JoinMissing {
        /// What was written.
        reference: String,
        /// The setting.
        setting: String,
    },
    /// A column must be the user table's own.
    #[error("{setting} must be a column of the user table, not of a join")]
    JoinNotPossible {
        /// The setting.
        setting: String,
    },
    /// It cannot be told from a table who is in which group.
    #[error("table `{table}` does not tell who is in which group: {why}")]
    GroupsTableUnclear {
        /// The table.
        table: String,
        /// What is missing or in doubt.
        why: String,
    },
    /// A column holds something that cannot be read.
    #[error("column `{column}` holds a value that is not {expected}")]
    Unreadable {
        /// The column, with its table.
        column: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// A user id is of another kind than the key column.
    #[error("the user id is not of the key column's kind ({expected})")]
    KeyKind {
        /// The kind of the key column.
        expected: &'static str,
    },
    /// No answer in time.
    #[error("{during} took longer than {} ms", limit.as_millis())]
    Timeout {
        /// What was being done.
        during: &'static str,
        /// How long it was given.
        limit: Duration,
    },
    /// The database refused a statement for another reason.
    #[error("{during} failed")]
    Query {
        /// What was being done.
        during: &'static str,
        /// What the server said.
        #[source]
        cause: Cause,
    },
}

/// What the database, the driver or the network said, without data from rows.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct Cause {
    text: String,
}

impl Cause {
    pub(crate) fn new(text: impl Into<String>) -> Cause {
        Cause { text: text.into() }
    }
}

impl LegacyError {
    /// The reason code for journal, metrics and reports: the user was not judged at all.
    pub fn reason(&self) -> Reason {
        match self {
            LegacyError::AccessDenied { .. } => Reason::LegacyAccessDenied,
            LegacyError::LoginUnavailable { .. } => Reason::SecretUnavailable,
            LegacyError::Timeout { .. } => Reason::LegacyTimeout,
            _ => Reason::LegacyUnavailable,
        }
    }

    /// Whether the same call may succeed later with nothing changed here: the database is away
    /// or too slow. False where somebody has to correct a setting, a grant or a password.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            LegacyError::Unreachable { .. }
                | LegacyError::Timeout { .. }
                | LegacyError::LoginUnavailable { .. }
        )
    }

    /// Whether a value of a row could not be read, which says nothing about other rows.
    pub(crate) fn is_about_a_row(&self) -> bool {
        matches!(self, LegacyError::Unreadable { .. })
    }

    /// The column of such a value, as far as it is known.
    pub(crate) fn row_column(&self) -> String {
        match self {
            LegacyError::Unreadable { column, .. } => column.clone(),
            _ => String::new(),
        }
    }

    /// What to do about it, in one sentence.
    pub fn hint(&self) -> String {
        match self {
            LegacyError::NoUrl => {
                "set [legacy] url in cutover.toml, or CUTOVER_LEGACY_URL".to_owned()
            }
            LegacyError::UrlInvalid { .. } => "write sqlite:FILE, \
                 postgres://USER:PASSWORD@HOST:PORT/DATABASE or the same with mysql:, with special \
                 characters of user and password percent-encoded"
                .to_owned(),
            LegacyError::NameInvalid { setting } => {
                format!("give {setting} the name of a table, or schema.table")
            }
            LegacyError::Unreachable { cause } if cause.text.starts_with("TLS") => {
                "a database beyond this machine must speak TLS: give the server a certificate, \
                 or say sslmode=disable (ssl-mode=DISABLED) in the URL where the network between \
                 is trusted"
                    .to_owned()
            }
            LegacyError::Unreachable { .. } => "check that the database is up and that host, \
                 port, security groups and TLS options let this machine reach it"
                .to_owned(),
            LegacyError::LoginUnavailable { .. } => "check the secret's name, the permission to \
                 read it, and the way to the service that keeps it"
                .to_owned(),
            LegacyError::AccessDenied { .. } => "check user and password in the URL, and grant \
                 the login SELECT on the tables named here"
                .to_owned(),
            LegacyError::DatabaseMissing { .. } => "check the database name or file in \
                 [legacy] url; a relative file is looked for beside cutover.toml"
                .to_owned(),
            LegacyError::TableMissing {
                setting, nearest, ..
            } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`? correct {setting}"),
                None => format!("correct {setting}, or the database in [legacy] url"),
            },
            LegacyError::ColumnMissing {
                setting, nearest, ..
            } => match nearest {
                Some(nearest) => format!("did you mean `{nearest}`? correct {setting}"),
                None => format!("correct {setting}"),
            },
            LegacyError::ColumnMeaning { fix, .. } => fix.clone(),
            LegacyError::JoinMissing { .. } => {
                "add [legacy.joins.NAME] with table, on and columns, or correct the name".to_owned()
            }
            LegacyError::JoinNotPossible { .. } => {
                "name a column of the user table, or a view that has them all".to_owned()
            }
            LegacyError::GroupsTableUnclear { .. } => "say it under [groups]: members_table, \
                 user_column and group_column, table, key and name of the groups; or carry = false"
                .to_owned(),
            LegacyError::Unreadable { .. } => {
                "correct the row in the legacy database, or the column in cutover.toml".to_owned()
            }
            LegacyError::KeyKind { .. } => {
                "start again without the recorded position: the key column has changed".to_owned()
            }
            LegacyError::Timeout { .. } => "look at the load of the database; `cutover inspect` \
                 names the indexes that look-ups need"
                .to_owned(),
            LegacyError::Query { .. } => {
                "the cause is the database's own; it may need a look at its log".to_owned()
            }
        }
    }
}
