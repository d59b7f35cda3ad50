//! `cutover-django`'s table of links, in the legacy database itself: which user is which `sub` of the
//! pool (`django/cutover_django/models.py`, `CognitoLink`). Whoever has a link was migrated. Called by
//! legacy_database.

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
    let mut query = of_links(dialect, links, "looking for a link");
    query.push("user_id IN ");
    key.push_list(&mut query, [id]);
    Ok(!session.rows(query).await?.is_empty())
}

/// A statement that reads nothing but fails where the table is not there or may not be read.
pub(crate) fn probe(dialect: Dialect, links: &TableName) -> Query {
    let mut query = of_links(dialect, links, "checking access");
    query.push("user_id IS NULL AND 1 = 0");
    query
}

fn of_links(dialect: Dialect, links: &TableName, during: &'static str) -> Query {
    let subject = format!("table `{}` ({SETTING})", links.shown());
    let mut query = Query::select(dialect, during, subject, "sub");
    query.push(&format!(" FROM {} WHERE ", links.quoted(dialect)));
    query
}
