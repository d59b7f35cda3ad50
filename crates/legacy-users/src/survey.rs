//! A look at a database of which nothing is known yet: its tables, what refers to what, and a sample
//! of one table's rows. Reads catalogs and a bounded number of rows, so that a million rows take as
//! long as a thousand. Knows nothing of users or configuration. Called by `cutover init`.

use std::collections::BTreeMap;

use migration_model::LegacyUrl;

use crate::column::ColumnKind;
use crate::connect_settings::ConnectSettings;
use crate::connections::{Backend, ReadSession};
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::query::{Query, TextRow};
use crate::table_facts::count;
use crate::table_name::TableName;
use crate::url_options;

const DURING: &str = "looking at the database";

/// Rows read from either end of a table.
const SAMPLE: usize = 1_000;

/// One database, open for a look.
pub struct Survey {
    dialect: Dialect,
    backend: Box<dyn Backend>,
    /// Every table and view that the login can see, by name.
    pub tables: Vec<SurveyedTable>,
}

/// A table or view.
#[derive(Clone, Debug, Default)]
pub struct SurveyedTable {
    /// Its schema, where it is not the one that a bare name means.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it is a view.
    pub is_view: bool,
    /// Its columns in the table's order.
    pub columns: Vec<SurveyedColumn>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct SurveyedColumn {
    /// Its name.
    pub name: String,
    /// What its type holds.
    pub holds: Holds,
    /// Whether it alone is the primary key.
    pub is_key: bool,
    /// Whether a unique index is on it alone, letter case kept or folded.
    pub is_unique: bool,
    /// The table (schema and name) and column it refers to.
    pub refers_to: Option<Reference>,
}

/// The target of a foreign key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference {
    /// The schema, where it is not the one that a bare name means.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The column; the primary key where it is empty.
    pub column: String,
}

/// What a column's type holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holds {
    /// True and false.
    Booleans,
    /// Whole numbers.
    Integers,
    /// A date or a moment.
    Moments,
    /// UUIDs.
    Uuids,
    /// Text, or what reads as text.
    Text,
    /// Anything else.
    Other,
}

/// Rows of a table, by column; at most a thousand from either end.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Rows in the whole table.
    pub rows: u64,
    /// Values in the sample, `None` for null, in one order for all columns.
    pub values: BTreeMap<String, Vec<Option<String>>>,
}

impl SurveyedTable {
    /// The name as `cutover.toml` takes it.
    pub fn shown(&self) -> String {
        self.table_name().shown()
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&SurveyedColumn> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    fn table_name(&self) -> TableName {
        TableName {
            schema: self.schema.clone(),
            name: self.name.clone(),
        }
    }
}

impl Survey {
    /// Connects and reads the catalog.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn of(url: &LegacyUrl, settings: ConnectSettings) -> Result<Survey, LegacyError> {
        let (dialect, backend) = url_options::backend(url, settings, None)?;
        if dialect == Dialect::Sqlite {
            url_options::check_sqlite_file(url)?;
        }
        let mut session = backend.begin().await?;
        let tables = tables(session.as_mut(), dialect).await?;
        session.finish().await?;
        Ok(Survey {
            dialect,
            backend,
            tables,
        })
    }

    /// How many rows a table has, and some of them.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn sample(&self, table: &SurveyedTable) -> Result<Sample, LegacyError> {
        let dialect = self.dialect;
        let from = format!(" FROM {}", table.table_name().quoted(dialect));
        let subject = || format!("table `{}`", table.shown());
        let mut session = self.backend.begin().await?;
        let rows = count(session.as_mut(), dialect, subject(), "COUNT(*)", &from).await?;
        let list: Vec<String> = table
            .columns
            .iter()
            .map(|column| dialect.text(&dialect.quote(&column.name), column.kind()))
            .collect();
        let key = table.columns.iter().find(|column| column.is_key);
        let mut ends = vec![String::new()];
        if let Some(key) = key {
            let key = dialect.quote(&key.name);
            ends = vec![format!(" ORDER BY {key}")];
            if rows > SAMPLE as u64 {
                ends.push(format!(" ORDER BY {key} DESC"));
            }
        }
        let mut values: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for end in ends {
            let mut query = Query::select(dialect, DURING, subject(), &list.join(", "));
            query.push(&from).push(&end);
            query.push(&format!(" LIMIT {SAMPLE}"));
            for row in session.rows(query).await? {
                for (column, value) in table.columns.iter().zip(row) {
                    let value = value.and_then(|value| column.kind().render(value));
                    values.entry(column.name.clone()).or_default().push(value);
                }
            }
        }
        session.finish().await?;
        Ok(Sample { rows, values })
    }
}

impl SurveyedColumn {
    fn kind(&self) -> ColumnKind {
        match self.holds {
            Holds::Booleans => ColumnKind::Boolean,
            Holds::Integers => ColumnKind::Integer,
            Holds::Moments => ColumnKind::DateTime,
            Holds::Uuids => ColumnKind::Uuid,
            Holds::Text => ColumnKind::Text,
            Holds::Other => ColumnKind::Number,
        }
    }
}

impl std::fmt::Debug for Survey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Survey")
            .field("engine", &self.dialect)
            .field("tables", &self.tables.len())
            .finish_non_exhaustive()
    }
}

/// Every table that the login can see.
pub(crate) async fn tables(
    session: &mut dyn ReadSession,
    dialect: Dialect,
) -> Result<Vec<SurveyedTable>, LegacyError> {
    let mut tables: BTreeMap<(String, String), SurveyedTable> = BTreeMap::new();
    for row in rows(session, dialect, columns_sql(dialect)).await? {
        let [schema, table, column, declared, key, view] = texts(row);
        let entry = tables.entry((schema.clone(), table.clone()));
        let entry = entry.or_insert_with(|| SurveyedTable {
            schema: (!schema.is_empty()).then_some(schema),
            name: table,
            is_view: view == "1",
            columns: Vec::new(),
        });
        entry.columns.push(SurveyedColumn {
            name: column,
            holds: holds(dialect, &declared),
            is_key: key == "1",
            is_unique: key == "1",
            refers_to: None,
        });
    }
    for row in rows(session, dialect, unique_sql(dialect)).await? {
        let [schema, table, key] = texts(row);
        // The key is a column's name, or an expression that folds one, such as lower((email)::text).
        let column = tables.get_mut(&(schema, table)).and_then(|table| {
            let mut columns = table.columns.iter_mut();
            columns.find(|column| is_key_of(&key, &column.name))
        });
        if let Some(column) = column {
            column.is_unique = true;
        }
    }
    for row in rows(session, dialect, references_sql(dialect)).await? {
        let [schema, table, column, to_schema, to_table, to_column] = texts(row);
        let Some(table) = tables.get_mut(&(schema, table)) else {
            continue;
        };
        let mut columns = table.columns.iter_mut();
        if let Some(column) = columns.find(|known| known.name == column) {
            column.refers_to = Some(Reference {
                schema: (!to_schema.is_empty()).then_some(to_schema),
                table: to_table,
                column: to_column,
            });
        }
    }
    Ok(tables.into_values().collect())
}

async fn rows(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    rest: &str,
) -> Result<Vec<TextRow>, LegacyError> {
    let mut query = Query::select(dialect, DURING, "the catalog", "");
    query.push(rest);
    session.rows(query).await
}

/// The first values of a row, empty for null.
fn texts<const COUNT: usize>(row: TextRow) -> [String; COUNT] {
    let mut values = row.into_iter();
    std::array::from_fn(|_| values.next().flatten().unwrap_or_default())
}

fn holds(dialect: Dialect, declared: &str) -> Holds {
    match ColumnKind::of(dialect, declared) {
        ColumnKind::Boolean => Holds::Booleans,
        ColumnKind::Integer => Holds::Integers,
        ColumnKind::Date | ColumnKind::DateTime => Holds::Moments,
        ColumnKind::Uuid | ColumnKind::HexUuid => Holds::Uuids,
        ColumnKind::Text => Holds::Text,
        ColumnKind::Number | ColumnKind::Binary => Holds::Other,
    }
}

fn is_key_of(key: &str, column: &str) -> bool {
    if key == column {
        return true;
    }
    let folds = key.to_ascii_lowercase();
    let words = folds.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    (folds.contains("lower(") || folds.contains("upper("))
        && words
            .into_iter()
            .any(|word| word == column.to_ascii_lowercase())
}

fn columns_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "'', m.name, c.name, c.type,
               CASE WHEN c.pk = 1 AND (SELECT COUNT(*) FROM pragma_table_info(m.name) p
                 WHERE p.pk > 0) = 1 THEN '1' ELSE '' END,
               CASE WHEN m.type = 'view' THEN '1' ELSE '' END
             FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c
             WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               AND c.hidden <> 1
             ORDER BY m.name, c.cid LIMIT 50000"
        }
        Dialect::Postgres => {
            "CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE n.nspname::text END,
               c.relname::text, a.attname::text,
               CASE WHEN y.typtype = 'd' THEN format_type(y.typbasetype, y.typtypmod)
                    ELSE format_type(a.atttypid, a.atttypmod) END,
               CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
                 AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = a.attnum)
                 THEN '1' ELSE '' END,
               CASE WHEN c.relkind = 'v' THEN '1' ELSE '' END
             FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
             JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
               AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
             ORDER BY 1, 2, a.attnum LIMIT 50000"
        }
        Dialect::MySql => {
            "'', CAST(c.table_name AS CHAR), CAST(c.column_name AS CHAR),
               CAST(c.column_type AS CHAR),
               CASE WHEN c.column_key = 'PRI' AND (SELECT COUNT(*) FROM information_schema.columns p
                 WHERE p.table_schema = c.table_schema AND p.table_name = c.table_name
                   AND p.column_key = 'PRI') = 1 THEN '1' ELSE '' END,
               CASE WHEN EXISTS (SELECT 1 FROM information_schema.views v
                 WHERE v.table_schema = c.table_schema AND v.table_name = c.table_name)
                 THEN '1' ELSE '' END
             FROM information_schema.columns c WHERE c.table_schema = DATABASE()
             ORDER BY c.table_name, c.ordinal_position LIMIT 50000"
        }
    }
}

/// Unique indexes of one key: schema, table, and the column or the expression.
fn unique_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "'', m.name, COALESCE(k.name, (SELECT x.sql FROM sqlite_master x WHERE x.name = l.name))
             FROM sqlite_master m JOIN pragma_index_list(m.name) l
             JOIN pragma_index_xinfo(l.name) k ON k.key = 1
             WHERE m.type = 'table' AND l.\"unique\" = 1 AND l.partial = 0
               AND (SELECT COUNT(*) FROM pragma_index_xinfo(l.name) n WHERE n.key = 1) = 1"
        }
        Dialect::Postgres => {
            "CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE n.nspname::text END,
               c.relname::text, COALESCE(a.attname::text, pg_get_indexdef(i.indexrelid, 1, true))
             FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN pg_catalog.pg_attribute a
               ON a.attrelid = c.oid AND a.attnum = i.indkey[0] AND i.indkey[0] <> 0
             WHERE i.indisunique AND i.indnatts = 1 AND i.indpred IS NULL
               AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        }
        Dialect::MySql => {
            "'', CAST(s.table_name AS CHAR), CAST(COALESCE(MAX(s.column_name), '') AS CHAR)
             FROM information_schema.statistics s
             WHERE s.table_schema = DATABASE() AND s.non_unique = 0
             GROUP BY s.table_name, s.index_name HAVING COUNT(*) = 1"
        }
    }
}

/// Foreign keys of one column: schema, table, column, and the three of their target.
fn references_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "'', m.name, f.\"from\", '', f.\"table\", COALESCE(f.\"to\", '')
             FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
        }
        Dialect::Postgres => {
            "CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE n.nspname::text END,
               c.relname::text, a.attname::text,
               CASE WHEN pg_table_is_visible(t.oid) THEN '' ELSE tn.nspname::text END,
               t.relname::text, ta.attname::text
             FROM pg_catalog.pg_constraint k
             JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
             JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
             JOIN pg_catalog.pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = k.confkey[1]
             WHERE k.contype = 'f' AND cardinality(k.conkey) = 1"
        }
        Dialect::MySql => {
            "'', CAST(k.table_name AS CHAR), CAST(k.column_name AS CHAR), '',
               CAST(k.referenced_table_name AS CHAR), CAST(k.referenced_column_name AS CHAR)
             FROM information_schema.key_column_usage k
             WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL"
        }
    }
}
