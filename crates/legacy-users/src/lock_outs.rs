//! django-axes' record of failed sign-ins, `axes_accessattempt`: whom the legacy app has locked
//! out. Source of the rule: `AxesDatabaseHandler.get_failures` (django-axes 8), which adds up the
//! failures since the cool-off began and compares with the limit. Of axes' lock-out parameters only
//! the username is known here: no event of Cognito's names an address. Called by legacy_database.

use std::time::Duration;

use migration_model::AxesLockOut;

use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::query::{Bind, Query};
use crate::table_name::TableName;

/// Whether one of the names has failed as often as the limit says.
pub(crate) async fn is_locked_out(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    users: &TableName,
    names: &[String],
    rule: &AxesLockOut,
) -> Result<bool, LegacyError> {
    let spellings = spellings(names);
    if spellings.is_empty() {
        return Ok(false);
    }
    let table = users.sibling("axes_accessattempt");
    let list = dialect.number_as_text("SUM(failures_since_start)");
    let subject = format!("table `{}` ([trigger.axes])", table.shown());
    let mut query = Query::select(dialect, "looking for lock-outs", subject, &list);
    query.push(&format!(
        " FROM {} WHERE username IN (",
        table.quoted(dialect)
    ));
    for (number, name) in spellings.into_iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        let placeholder = query.bind(Bind::Text(name));
        query.push(&format!("{comma}{placeholder}"));
    }
    query.push(")");
    if let Some(cool_off) = rule.cool_off {
        query.push(&format!(" AND attempt_time >= {}", ago(dialect, cool_off)));
    }
    query.push(" GROUP BY username");
    let rows = session.rows(query).await?;
    let failures = |row: &Vec<Option<String>>| -> u64 {
        let sum = row.first().cloned().flatten().unwrap_or_default();
        // MySQL's sums are decimals.
        let whole = sum.split('.').next().unwrap_or_default();
        whole.parse().unwrap_or_default()
    };
    Ok(rows
        .iter()
        .any(|row| failures(row) >= u64::from(rule.failure_limit)))
}

/// Axes keeps what was typed, and the column's index serves exact look-ups alone.
fn spellings(names: &[String]) -> Vec<String> {
    let mut spellings: Vec<String> = names
        .iter()
        .filter(|name| !name.is_empty() && !name.contains('\0'))
        .flat_map(|name| [name.clone(), name.to_lowercase(), name.to_uppercase()])
        .collect();
    spellings.sort();
    spellings.dedup();
    spellings
}

/// A moment so long ago by the database's clock, as Django stores moments (UTC).
fn ago(dialect: Dialect, time: Duration) -> String {
    let seconds = time.as_secs();
    match dialect {
        Dialect::Postgres => format!("CURRENT_TIMESTAMP - INTERVAL '{seconds} seconds'"),
        Dialect::MySql => format!("UTC_TIMESTAMP(6) - INTERVAL {seconds} SECOND"),
        Dialect::Sqlite => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{seconds} seconds')"),
    }
}
