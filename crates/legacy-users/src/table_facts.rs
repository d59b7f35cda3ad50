//! Findings about the legacy tables for whoever plans the move. Reads counts and the catalog,
//! never a person's data. Called by legacy_database for `inspect`.

use migration_model::{EmailVerifiedRule, Finding, LoginColumn, Severity};

use crate::catalog::read_tables;
use crate::column::{Column, ColumnKind};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::indexes::Indexes;
use crate::query::{Query, first_number};
use crate::survey::{self, SurveyedTable};
use crate::table_name::TableName;
use crate::user_table::UserTable;

/// From so many rows on, look-ups without an index block: everybody's sign-in reads the whole table,
/// junk's too, and a few at once reach the time limit (README, "How long look-ups take").
const SCANS_BLOCK: u64 = 100_000;

/// From so many rows on they are worth a warning at least.
const SCANS_SLOW: u64 = 10_000;

/// What the catalog and the number of users tell.
pub(crate) fn of_tables(tables: &UserTable, users: u64, is_view: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if tables.fields.is_active.is_none() {
        findings.push(Finding {
            severity: Severity::Note,
            code: "is-active-missing",
            subject: tables.name.shown(),
            message:
                "the table has no is_active column: every user counts as active, as in Django."
                    .to_owned(),
            next_step: "Set [legacy.columns] is_active if another column says so.".to_owned(),
        });
    }
    findings.extend(opposite_flags(tables));
    match is_view {
        true => findings.push(view_note(tables)),
        false => findings.extend(missing_indexes(tables, users)),
    }
    findings
}

/// Words in a column's name that say no.
const NEGATIVE: &[&str] = &[
    "deleted",
    "disabled",
    "inactive",
    "banned",
    "blocked",
    "locked",
    "suspended",
    "removed",
    "archived",
    "deactivated",
    "unverified",
];

/// Columns that are taken for yes, and whose names say no: everybody would be the other.
fn opposite_flags(tables: &UserTable) -> Vec<Finding> {
    let fields = &tables.fields;
    let named = |(setting, position): &(String, usize)| {
        let column = &tables.columns[*position];
        let lower = column.name.to_ascii_lowercase();
        let mut words = lower.split(['_', '.']);
        let is_negative = words.any(|word| NEGATIVE.contains(&word));
        let is_negated = fields.negated.contains(position);
        (is_negative && !is_negated).then(|| Finding {
            severity: Severity::Blocker,
            code: "flag-means-opposite",
            subject: format!("{setting}: {}.{}", tables.name.shown(), column.name),
            message: "by its name it is true of those for whom this is to be false.".to_owned(),
            next_step: format!(
                "Write \"not:{0}\", or \"{0} = true\" if it is meant so.",
                column.name
            ),
        })
    };
    fields.flag_columns.iter().filter_map(named).collect()
}

/// Nobody can make an index on a view.
fn view_note(tables: &UserTable) -> Finding {
    Finding {
        severity: Severity::Note,
        code: "user-table-is-view",
        subject: tables.name.shown(),
        message: "it is a view: look-ups are as quick as the indexes of its tables make them."
            .to_owned(),
        next_step: "Rehearse with canaries, and look at how long the trigger takes.".to_owned(),
    }
}

/// What takes a look at all rows: whether keys are unique in fact, where no index says so, and
/// whether flags that are kept as numbers are 0 or 1.
pub(crate) async fn of_values(
    session: &mut dyn ReadSession,
    tables: &UserTable,
) -> Result<Vec<Finding>, LegacyError> {
    let mut findings = Vec::new();
    let dialect = tables.dialect;
    let key = &tables.key.column;
    if !tables.indexes.make_unique(dialect, &key.name) {
        let subject = format!("{}.{}", tables.name.shown(), key.name);
        let more = repeated(session, dialect, &tables.name, key).await?;
        findings.extend((more > 0).then(|| Finding {
            severity: Severity::Blocker,
            code: "key-not-unique",
            subject,
            message: format!(
                "{more} rows have a key that another has too, or none, so users may be read twice or \
                 not at all."
            ),
            next_step: "Set [legacy.columns] id to the primary key.".to_owned(),
        }));
    }
    for (name, join) in tables.joined.tables() {
        if join.is_unique {
            continue;
        }
        let more = repeated(session, dialect, &join.name, &join.on).await?;
        findings.extend((more > 0).then(|| Finding {
            severity: Severity::Blocker,
            code: "join-not-unique",
            subject: format!(
                "[legacy.joins.{name}] {}.{}",
                join.name.shown(),
                join.on.name
            ),
            message: format!(
                "{more} rows belong to a user who has another one there, or to nobody."
            ),
            next_step: "Join a table, or a view, that has one row for a user.".to_owned(),
        }));
    }
    for (setting, position) in &tables.fields.flag_columns {
        let column = &tables.columns[*position];
        let is_number = column.kind == ColumnKind::Integer || column.is_untyped();
        if !is_number {
            continue;
        }
        let text = column.text(dialect);
        let mut rest = tables.from();
        rest.push_str(&format!(
            " WHERE {text} IS NOT NULL AND {text} NOT IN ('0', '1', 't', 'f', 'true', 'false')"
        ));
        let others = count(session, dialect, tables.subject(), "COUNT(*)", &rest).await?;
        let name = &column.name;
        findings.extend((others > 0).then(|| Finding {
            severity: Severity::Blocker,
            code: "flag-not-boolean",
            subject: format!("{setting}: {}.{name}", tables.name.shown()),
            message: format!("{others} rows hold neither 0 nor 1: it is no yes or no."),
            next_step: format!("Say which values mean yes: \"{name} = 1\", \"{name} in (1, 2)\"."),
        }));
    }
    Ok(findings)
}

/// How many rows have a value that another row has too, or none.
async fn repeated(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    table: &TableName,
    column: &Column,
) -> Result<u64, LegacyError> {
    let rest = format!(" FROM {}", table.quoted(dialect));
    let counted = format!("COUNT(*) - COUNT(DISTINCT {})", column.quoted(dialect));
    let subject = format!("table `{}`", table.shown());
    count(session, dialect, subject, &counted, &rest).await
}

/// Whether the user table is a view.
pub(crate) async fn is_view(
    session: &mut dyn ReadSession,
    tables: &UserTable,
) -> Result<bool, LegacyError> {
    let known = survey::tables(session, tables.dialect).await?;
    let is_it = |table: &&SurveyedTable| {
        table.name == tables.name.name
            && (table.schema == tables.name.schema || table.schema.is_none())
    };
    Ok(known.iter().find(is_it).is_some_and(|table| table.is_view))
}

/// One finding for each column that sign-ins look people up by without an index.
fn missing_indexes(tables: &UserTable, users: u64) -> Vec<Finding> {
    let mut columns: Vec<usize> = tables
        .logins
        .iter()
        .map(|(_, position)| *position)
        .collect();
    let looks_up_emails = tables.email_rule != EmailVerifiedRule::Never
        || tables
            .logins
            .iter()
            .any(|(login, _)| *login == LoginColumn::Email);
    columns.extend(tables.fields.email.filter(|_| looks_up_emails));
    columns.sort_unstable();
    columns.dedup();
    let own = columns.into_iter().filter_map(|position| {
        let column = &tables.columns[position];
        missing_index(tables.dialect, &tables.name, column, &tables.indexes, users)
    });
    let of_addresses = tables.account_emails.iter().filter_map(|addresses| {
        let column = &addresses.email;
        missing_index(
            tables.dialect,
            &addresses.table,
            column,
            &addresses.indexes,
            users,
        )
    });
    own.chain(of_addresses).collect()
}

fn missing_index(
    dialect: Dialect,
    of: &TableName,
    column: &Column,
    indexes: &Indexes,
    users: u64,
) -> Option<Finding> {
    let plain = indexes.serve_column(dialect, &column.name);
    let any_case = match column.kind {
        ColumnKind::Text => {
            plain && column.ignores_case || indexes.serve_folded(&column.name).is_some()
        }
        _ => plain,
    };
    if any_case {
        return None;
    }
    let (table, name) = (of.quoted(dialect), column.quoted(dialect));
    // In SQLite the indexes of all tables share their names.
    let index = dialect.quote(&format!("cutover_{}_{}", of.name, column.name));
    let statement = match dialect {
        _ if column.ignores_case => format!("CREATE INDEX {index} ON {table} ({name});"),
        Dialect::Postgres => format!("CREATE INDEX CONCURRENTLY ON {table} (LOWER({name}));"),
        // MySQL takes a function in double parentheses (8.0.13).
        Dialect::MySql => format!(
            "CREATE INDEX {index} ON {table} ((LOWER({name}))); in MariaDB, which has no such index, \
             give the column a collation that ignores letter case."
        ),
        Dialect::Sqlite => format!("CREATE INDEX {index} ON {table} (LOWER({name}));"),
    };
    let message = match plain {
        true => {
            "its index tells letter case apart and a pool does not, so it serves no look-up: each \
             sign-in reads the whole table."
        }
        false => "no index serves look-ups by it: each sign-in reads the whole table.",
    };
    Some(Finding {
        severity: match users {
            SCANS_BLOCK.. => Severity::Blocker,
            SCANS_SLOW.. => Severity::Warning,
            _ if plain => Severity::Note,
            _ => Severity::Warning,
        },
        code: "login-index-missing",
        subject: format!("{}.{}", of.shown(), column.name),
        message: message.to_owned(),
        next_step: format!("Run before the move: {statement}"),
    })
}

/// A table that keeps something about users which cannot be moved.
pub(crate) struct LeftBehind {
    table: &'static str,
    /// Which rows count.
    condition: &'static str,
    code: &'static str,
    message: &'static str,
    next_step: &'static str,
}

/// Cognito associates a TOTP secret only with the signed-in user's help
/// (`AssociateSoftwareToken`), and has no API that takes one.
const LEFT_BEHIND: &[LeftBehind] = &[
    LeftBehind {
        table: "otp_totp_totpdevice",
        condition: " WHERE confirmed = TRUE",
        code: "totp-not-moved",
        message: "users have an authenticator app (django-otp); its secret cannot be moved.",
        next_step: "Tell them to set up their authenticator app again after the move.",
    },
    LeftBehind {
        table: "mfa_authenticator",
        condition: "",
        code: "mfa-not-moved",
        message: "users have a second factor (allauth.mfa); it cannot be moved.",
        next_step: "Tell them to set up their second factor again after the move.",
    },
    LeftBehind {
        table: "socialaccount_socialaccount",
        condition: "",
        code: "social-accounts-not-moved",
        message: "users sign in with a social account (allauth); the link cannot be moved.",
        next_step: "Configure the identity provider in the user pool; users link themselves.",
    },
];

impl LeftBehind {
    /// How many users have it. A table that may not be read is no reason to fail: `None`, which
    /// is a finding as well.
    pub(crate) async fn users(
        &self,
        session: &mut dyn ReadSession,
        tables: &UserTable,
    ) -> Result<Option<u64>, LegacyError> {
        let name = tables.name.sibling(self.table);
        let rest = format!(" FROM {}{}", name.quoted(tables.dialect), self.condition);
        let subject = format!("table `{}`", name.shown());
        let counted = "COUNT(DISTINCT user_id)";
        match count(session, tables.dialect, subject, counted, &rest).await {
            Ok(users) => Ok(Some(users)),
            Err(LegacyError::AccessDenied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The finding for so many users.
    pub(crate) fn finding(&self, users: Option<u64>) -> Option<Finding> {
        let (severity, message, next_step) = match users {
            Some(0) => return None,
            Some(users) => (
                Severity::Warning,
                format!("{users} {}", self.message),
                self.next_step.to_owned(),
            ),
            None => (
                Severity::Note,
                "the login may not read this table, so what it holds is not counted.".to_owned(),
                format!(
                    "Grant the login SELECT on {} to have it counted.",
                    self.table
                ),
            ),
        };
        Some(Finding {
            severity,
            code: self.code,
            subject: self.table.to_owned(),
            message,
            next_step,
        })
    }
}

/// Those of the tables that this database has.
pub(crate) async fn left_behind(
    session: &mut dyn ReadSession,
    tables: &UserTable,
) -> Result<Vec<&'static LeftBehind>, LegacyError> {
    let names: Vec<_> = LEFT_BEHIND
        .iter()
        .map(|kind| tables.name.sibling(kind.table))
        .collect();
    let known = read_tables(session, tables.dialect, &names).await?;
    let there = LEFT_BEHIND
        .iter()
        .zip(known)
        .filter(|(_, table)| table.is_some());
    Ok(there.map(|(kind, _)| kind).collect())
}

/// Runs `SELECT <count> <rest>`.
pub(crate) async fn count(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    subject: String,
    counted: &str,
    rest: &str,
) -> Result<u64, LegacyError> {
    let list = dialect.text(counted, ColumnKind::Integer);
    let mut query = Query::select(dialect, "counting", subject, &list);
    query.push(rest);
    Ok(first_number(session.rows(query).await?))
}
