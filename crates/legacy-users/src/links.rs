//! `cutover-django`'s table of links, in the legacy database itself: which user is which `sub` of the
//! pool (`django/cutover_django/models.py`, `CognitoLink`). Whoever has a link was migrated. Called by
//! legacy_database.

use std::collections::HashMap;

use migration_model::LegacyId;

use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::key::Key;
use crate::query::Query;
use crate::table_name::TableName;

pub(crate) const SETTING: &str = "[legacy] links_table";

/// Whether the user is linked to a user of the pool.
pub(crate) async fn is_linked(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    links: &TableName,
    key: &Key,
    id: &LegacyId,
) -> Result<bool, LegacyError> {
    let mut query = of_links(dialect, links, "looking for a link", "sub");
    query.push("user_id IN ");
    key.push_list(&mut query, [id]);
    Ok(!session.rows(query).await?.is_empty())
}

/// The `sub` of each of these users who has one.
pub(crate) async fn of_users(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    links: &TableName,
    key: &Key,
    ids: &[LegacyId],
) -> Result<HashMap<LegacyId, String>, LegacyError> {
    let list = format!("{}, sub", dialect.text("user_id", key.column.kind));
    let mut query = of_links(dialect, links, "reading the users' links", &list);
    query.push("user_id IN ");
    key.push_list(&mut query, ids);
    let mut subs = HashMap::new();
    for mut row in session.rows(query).await? {
        let sub = row.pop().flatten();
        let id = key.read(row.pop().flatten(), &links.shown())?;
        subs.extend(sub.map(|sub| (id, sub)));
    }
    Ok(subs)
}

/// A statement that reads nothing but fails where the table is not there or may not be read.
pub(crate) fn probe(dialect: Dialect, links: &TableName) -> Query {
    let mut query = of_links(dialect, links, "checking access", "sub");
    query.push("user_id IS NULL AND 1 = 0");
    query
}

fn of_links(dialect: Dialect, links: &TableName, during: &'static str, list: &str) -> Query {
    let subject = format!("table `{}` ({SETTING})", links.shown());
    let mut query = Query::select(dialect, during, subject, list);
    query.push(&format!(" FROM {} WHERE ", links.quoted(dialect)));
    query
}
