//! Asks the database what its tables look like: columns, types and indexes of several tables in
//! one statement. Knows catalogs, not what Django keeps in which column. Called by user_table
//! and table_facts.

use std::collections::BTreeMap;

use crate::column::{Column, ColumnKind};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::indexes::{Index, Indexes};
use crate::query::{Bind, Query, TextRow};
use crate::table_name::TableName;

const DURING: &str = "reading the database's catalog";

/// One table as the catalog has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Indexes,
}

impl Table {
    pub(crate) fn column(&self, dialect: Dialect, name: &str) -> Option<&Column> {
        let mut columns = self.columns.iter();
        columns.find(|column| dialect.same_name(&column.name, name))
    }

    /// The column of this table, which goes by the name of `table`; an error that says which
    /// setting wants it, where it is missing.
    pub(crate) fn needed(
        &self,
        dialect: Dialect,
        name: &str,
        table: &TableName,
        setting: &str,
    ) -> Result<&Column, LegacyError> {
        self.column(dialect, name).ok_or_else(|| {
            let names = self.columns.iter().map(|column| column.name.as_str());
            LegacyError::ColumnMissing {
                table: table.shown(),
                column: name.to_owned(),
                setting: setting.to_owned(),
                nearest: nearest(name, names).map(str::to_owned),
            }
        })
    }
}

/// Reads the tables, in the order asked; `None` for those that are not there or not visible.
pub(crate) async fn read_tables(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    names: &[TableName],
) -> Result<Vec<Option<Table>>, LegacyError> {
    let rows = session.rows(tables_query(dialect, names)).await?;
    let mut entries: Vec<Entry> = rows.into_iter().filter_map(Entry::read).collect();
    // A UNION keeps no order.
    entries.sort_by_key(|entry| entry.ordinal);
    let mut tables: Vec<Option<Table>> = vec![None; names.len()];
    let mut indexes: BTreeMap<(usize, String), Index> = BTreeMap::new();
    for entry in entries {
        let Some(slot) = tables.get_mut(entry.table) else {
            continue;
        };
        if entry.is_index {
            let index = indexes.entry((entry.table, entry.name)).or_default();
            index.unique = entry.extra == "unique";
            index.keys.push(entry.content);
            continue;
        }
        let table = slot.get_or_insert_default();
        if entry.extra == "rowid" {
            // SQLite's integer primary key is the table itself: no index tells of it.
            let keys = vec![entry.name.clone()];
            table.indexes.all.push(Index { unique: true, keys });
        }
        table.columns.push(Column {
            kind: ColumnKind::of(dialect, &entry.content),
            ignores_case: ignores_case(dialect, &entry),
            folds_ascii_alone: match dialect {
                Dialect::Sqlite => true,
                Dialect::Postgres => entry.extra == "ascii",
                Dialect::MySql => false,
            },
            collation: collation(dialect, &entry),
            name: entry.name,
            declared: entry.content,
            expression: None,
        });
    }
    for ((table, _), index) in indexes {
        if let Some(Some(table)) = tables.get_mut(table) {
            table.indexes.all.push(index);
        }
    }
    Ok(tables)
}

/// A foreign key of one column: the column, and the table and column it points at (empty for the
/// primary key).
#[derive(Clone, Debug)]
pub(crate) struct ForeignKey {
    pub(crate) column: String,
    pub(crate) table: TableName,
    pub(crate) key: String,
}

/// The foreign keys of a table, as far as the database has them declared.
pub(crate) async fn foreign_keys(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    of: &TableName,
) -> Result<Vec<ForeignKey>, LegacyError> {
    let subject = format!("the catalog entry of `{}`", of.shown());
    let mut query = Query::select(dialect, DURING, subject, "");
    match dialect {
        Dialect::Sqlite => {
            let name = query.bind(Bind::Text(of.name.clone()));
            query.push(&format!(
                "f.\"from\", '', f.\"table\", COALESCE(f.\"to\", '')
                 FROM pragma_foreign_key_list({name}) f"
            ));
        }
        Dialect::Postgres => {
            let quoted = query.bind(Bind::Text(of.quoted(dialect)));
            query.push(&format!(
                "a.attname::text,
                   CASE WHEN pg_table_is_visible(t.oid) THEN '' ELSE n.nspname::text END,
                   t.relname::text, ta.attname::text
                 FROM pg_catalog.pg_constraint k
                 JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
                 JOIN pg_catalog.pg_attribute a
                   ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                 JOIN pg_catalog.pg_attribute ta
                   ON ta.attrelid = t.oid AND ta.attnum = k.confkey[1]
                 WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
                   AND k.conrelid = to_regclass({quoted})"
            ));
        }
        Dialect::MySql => {
            let schema = match &of.schema {
                Some(schema) => query.bind(Bind::Text(schema.clone())),
                None => "DATABASE()".to_owned(),
            };
            let name = query.bind(Bind::Text(of.name.clone()));
            query.push(&format!(
                "CAST(k.column_name AS CHAR), '', CAST(k.referenced_table_name AS CHAR),
                   CAST(k.referenced_column_name AS CHAR)
                 FROM information_schema.key_column_usage k
                 WHERE k.table_schema = {schema} AND k.table_name = {name}
                   AND k.referenced_table_name IS NOT NULL"
            ));
        }
    }
    let rows = session.rows(query).await?;
    let foreign_key = |row: TextRow| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let (column, schema, name, key) = (next(), next(), next(), next());
        let table = TableName {
            schema: Some(schema).filter(|schema| !schema.is_empty()),
            name,
        };
        ForeignKey {
            column,
            table: table.beside(of),
            key,
        }
    };
    Ok(rows.into_iter().map(foreign_key).collect())
}

/// Which table may be meant where `missing` was not found: one that looks like Django's user
/// table (password and last_login), else the one with the most similar name.
pub(crate) async fn nearest_table(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    missing: &TableName,
    users_wanted: bool,
) -> Result<Option<String>, LegacyError> {
    let rows = session.rows(all_tables_query(dialect, missing)).await?;
    let mut names = Vec::new();
    let mut with_users = Vec::new();
    for row in rows {
        let mut values = row.into_iter().flatten();
        let (Some(name), Some(traits)) = (values.next(), values.next()) else {
            continue;
        };
        if traits == "2" {
            with_users.push(name.clone());
        }
        names.push(name);
    }
    if let ([only], true) = (&with_users[..], users_wanted) {
        return Ok(Some(only.clone()));
    }
    let near_user = nearest(&missing.name, with_users.iter().map(String::as_str));
    let near = nearest(&missing.name, names.iter().map(String::as_str));
    Ok(near_user
        .filter(|_| users_wanted)
        .or(near)
        .map(str::to_owned))
}

/// The candidate most like `word`, if one is like it at all.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// One catalog row: a column or a key of an index.
struct Entry {
    is_index: bool,
    table: usize,
    /// The column's or the index's name.
    name: String,
    /// The column's type, or the key's column or expression.
    content: String,
    extra: String,
    /// The position among the table's columns or the index's keys.
    ordinal: u32,
}

impl Entry {
    fn read(row: TextRow) -> Option<Entry> {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        Some(Entry {
            is_index: values.next()? == "index",
            table: values.next()?.parse().ok()?,
            name: values.next()?,
            content: values.next()?,
            extra: values.next()?,
            ordinal: values.next()?.parse().ok()?,
        })
    }
}

/// The collation of a MySQL column. It will stand in a statement unquoted, so it must be a plain
/// word, as all of MySQL's are.
fn collation(dialect: Dialect, entry: &Entry) -> Option<String> {
    let is_word = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let has_one = dialect == Dialect::MySql && !entry.extra.is_empty() && is_word(&entry.extra);
    has_one.then(|| entry.extra.clone())
}

fn ignores_case(dialect: Dialect, entry: &Entry) -> bool {
    match dialect {
        // The extra is the column's collation; `utf8mb4_general_ci` and the like.
        Dialect::MySql => entry.extra.contains("_ci"),
        // The type may be shown with its schema.
        Dialect::Postgres => {
            let name = entry.content.rsplit('.').next().unwrap_or_default();
            name.trim_matches('"') == "citext"
        }
        // NOCASE folds ASCII alone, which LOWER() does as well.
        Dialect::Sqlite => false,
    }
}

/// One statement for all tables: a cold trigger pays a single round trip for it.
fn tables_query(dialect: Dialect, names: &[TableName]) -> Query {
    let subject = match names.first() {
        Some(first) => format!("the catalog entry of `{}`", first.shown()),
        None => "the catalog".to_owned(),
    };
    let mut query = Query::select(dialect, DURING, subject, "");
    if dialect == Dialect::Postgres {
        postgres_tables(&mut query, names);
        return query;
    }
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            query.push(" UNION ALL SELECT ");
        }
        match dialect {
            Dialect::MySql => mysql_table(&mut query, position, name),
            Dialect::Sqlite | Dialect::Postgres => sqlite_table(&mut query, position, name),
        }
    }
    query
}

/// `to_regclass` finds a table just as a query would, by the search path. These catalogs are
/// readable without any privilege on the table.
///
/// Written for a connection just made, which has read no catalog yet: what it costs there is the
/// planning, so all tables are asked for at once, with look-ups by key in place of joins (2.7 ms
/// against 4.7 for three tables, PostgreSQL 15). The access methods B-tree and hash are 403 and 405
/// in every PostgreSQL (`pg_am.dat`), the collations default, C and POSIX 100, 950 and 951
/// (`pg_collation.dat`).
fn postgres_tables(query: &mut Query, names: &[TableName]) {
    let numbered = names.iter().enumerate();
    let tables: Vec<String> = numbered
        .map(|(position, name)| {
            let quoted = query.bind(Bind::Text(name.quoted(Dialect::Postgres)));
            format!("('{position}', to_regclass({quoted}))")
        })
        .collect();
    let tables = format!("(VALUES {}) AS t (position, oid)", tables.join(", "));
    query.push(&format!(
        "'column', t.position, a.attname::text,
           CASE WHEN y.typtype = 'd' THEN format_type(y.typbasetype, y.typtypmod)
                ELSE format_type(a.atttypid, a.atttypmod) END,
           CASE WHEN a.attcollation IN (950, 951) OR (a.attcollation = 100 AND
                  (SELECT d.datctype IN ('C', 'POSIX') FROM pg_catalog.pg_database d
                   WHERE d.datname = current_database()))
                THEN 'ascii' ELSE '' END, a.attnum::text
         FROM {tables}
         JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
         JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
         WHERE a.attnum > 0 AND NOT a.attisdropped
         UNION ALL
         SELECT 'index', t.position, i.indexrelid::text,
           CASE WHEN i.indkey[k.number] = 0
                THEN pg_get_indexdef(i.indexrelid, k.number + 1, true)
                ELSE (SELECT a.attname::text FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[k.number]) END,
           CASE WHEN i.indisunique THEN 'unique' ELSE '' END, (k.number + 1)::text
         FROM {tables}
         JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
         CROSS JOIN LATERAL generate_series(0, i.indnatts - 1) AS k (number)
         WHERE i.indisvalid AND i.indpred IS NULL
           AND (SELECT c.relam FROM pg_catalog.pg_class c WHERE c.oid = i.indexrelid) IN (403, 405)"
    ));
}

/// A schema is a database here. Shows the columns on which the login has some privilege. The
/// comment is code to MySQL since 8.0.13, which has indexes of expressions, and none to MariaDB
/// (which skips the versions 50700 to 99999: MariaDB documentation, "Comment Syntax").
fn mysql_table(query: &mut Query, position: usize, name: &TableName) {
    let mut is_table = |alias: &str| {
        let schema = match &name.schema {
            Some(schema) => query.bind(Bind::Text(schema.clone())),
            None => "DATABASE()".to_owned(),
        };
        let table = query.bind(Bind::Text(name.name.clone()));
        format!("{alias}.table_schema = {schema} AND {alias}.table_name = {table}")
    };
    let (columns, indexes) = (is_table("c"), is_table("s"));
    query.push(&format!(
        "'column', '{position}', CAST(c.column_name AS CHAR), CAST(c.column_type AS CHAR),
           CAST(COALESCE(c.collation_name, '') AS CHAR), CAST(c.ordinal_position AS CHAR)
         FROM information_schema.columns c WHERE {columns}
         UNION ALL
         SELECT 'index', '{position}', CAST(s.index_name AS CHAR),
           CAST(COALESCE(s.column_name /*!80013 , s.expression */, '') AS CHAR),
           CASE WHEN s.non_unique = 0 THEN 'unique' ELSE '' END, CAST(s.seq_in_index AS CHAR)
         FROM information_schema.statistics s
         WHERE {indexes} AND s.index_type IN ('BTREE', 'HASH')"
    ));
}

fn sqlite_table(query: &mut Query, position: usize, name: &TableName) {
    let schema = name.schema.as_deref().unwrap_or("main");
    let master = format!("{}.sqlite_master", Dialect::Sqlite.quote(schema));
    let mut bind_both = || {
        let table = query.bind(Bind::Text(name.name.clone()));
        (table, query.bind(Bind::Text(schema.to_owned())))
    };
    let ((columns, columns_schema), (list, list_schema)) = (bind_both(), bind_both());
    let key_schema = query.bind(Bind::Text(schema.to_owned()));
    query.push(&format!(
        "'column', '{position}', c.name, c.type,
           CASE WHEN c.pk = 1 AND LOWER(c.type) = 'integer' THEN 'rowid' ELSE '' END,
           CAST(c.cid AS TEXT)
         FROM pragma_table_xinfo({columns}, {columns_schema}) c WHERE c.hidden <> 1
         UNION ALL
         SELECT 'index', '{position}', l.name,
           COALESCE(k.name, (SELECT m.sql FROM {master} m WHERE m.name = l.name), ''),
           CASE WHEN l.\"unique\" = 1 THEN 'unique' ELSE '' END, CAST(k.seqno AS TEXT)
         FROM pragma_index_list({list}, {list_schema}) l
         JOIN pragma_index_xinfo(l.name, {key_schema}) k ON k.key = 1
         WHERE l.partial = 0"
    ));
}

/// Every table the login can see in the schema, with how many of the two columns it has that
/// Django's AbstractBaseUser gives to every user table.
fn all_tables_query(dialect: Dialect, missing: &TableName) -> Query {
    let mut query = Query::select(dialect, DURING, "the catalog", "");
    match dialect {
        Dialect::Postgres => {
            let in_scope = match &missing.schema {
                Some(schema) => {
                    let schema = query.bind(Bind::Text(schema.clone()));
                    format!("n.nspname = {schema}")
                }
                None => "pg_table_is_visible(c.oid) AND n.nspname <> 'pg_catalog'".to_owned(),
            };
            query.push(&format!(
                "c.relname::text, COUNT(a.attname)::text
                 FROM pg_catalog.pg_class c
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
                   AND NOT a.attisdropped AND a.attname IN ('password', 'last_login')
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {in_scope}
                 GROUP BY c.relname ORDER BY c.relname LIMIT 10000"
            ));
        }
        Dialect::MySql => {
            let schema = match &missing.schema {
                Some(schema) => query.bind(Bind::Text(schema.clone())),
                None => "DATABASE()".to_owned(),
            };
            query.push(&format!(
                "CAST(c.table_name AS CHAR), CAST(SUM(CASE WHEN c.column_name
                   IN ('password', 'last_login') THEN 1 ELSE 0 END) AS CHAR)
                 FROM information_schema.columns c WHERE c.table_schema = {schema}
                 GROUP BY c.table_name ORDER BY c.table_name LIMIT 10000"
            ));
        }
        Dialect::Sqlite => {
            let schema = missing.schema.as_deref().unwrap_or("main");
            let master = format!("{}.sqlite_master", dialect.quote(schema));
            query.push(&format!(
                "m.name, CAST((SELECT COUNT(*) FROM pragma_table_info(m.name) c
                   WHERE c.name IN ('password', 'last_login')) AS TEXT)
                 FROM {master} m WHERE m.type IN ('table', 'view') ORDER BY m.name LIMIT 10000"
            ));
        }
    }
    query
}
