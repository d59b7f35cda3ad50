//! Runs statements on a connection of one of the three drivers and brings every value back as
//! text. The only place that touches typed rows. Called by connections.

use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Column as _, Database, Row};

use crate::query::{Bind, Query, TextRow};

/// What a driver must do for us. SQL texts are put together by this crate from quoted
/// identifiers and placeholders alone, which is what `AssertSqlSafe` is told.
pub(crate) trait Engine: Database {
    /// Runs statements without values or rows, by the simple protocol.
    fn run(
        connection: &mut Self::Connection,
        sql: String,
    ) -> BoxFuture<'_, Result<(), sqlx::Error>>;

    /// Runs a SELECT whose list is all text.
    fn rows(
        connection: &mut Self::Connection,
        query: Query,
    ) -> BoxFuture<'_, Result<Vec<TextRow>, sqlx::Error>>;
}

/// `persistent`: whether the driver may keep the prepared statement on the connection. Not behind
/// PostgreSQL's transaction poolers: the next transaction may run on another connection, where it
/// does not exist. MySQL's proxies keep track of statements themselves; and closing one there is
/// a message without reply, which costs the next statement some 40 ms (Nagle's algorithm against
/// delayed acknowledgement, measured on Linux with sqlx 0.9).
macro_rules! engine {
    ($database:ty, persistent: $persistent:literal) => {
        impl Engine for $database {
            fn run(
                connection: &mut Self::Connection,
                sql: String,
            ) -> BoxFuture<'_, Result<(), sqlx::Error>> {
                Box::pin(async move {
                    sqlx::raw_sql(AssertSqlSafe(sql))
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            }

            fn rows(
                connection: &mut Self::Connection,
                query: Query,
            ) -> BoxFuture<'_, Result<Vec<TextRow>, sqlx::Error>> {
                Box::pin(async move {
                    let mut statement = sqlx::query::<$database>(AssertSqlSafe(query.sql));
                    for value in query.binds {
                        statement = match value {
                            Bind::Integer(number) => statement.bind(number),
                            Bind::Text(text) => statement.bind(text),
                        };
                    }
                    let rows = statement
                        .persistent($persistent)
                        .fetch_all(connection)
                        .await?;
                    rows.iter().map(text_row).collect()
                })
            }
        }
    };
}

engine!(sqlx::Sqlite, persistent: true);
engine!(sqlx::Postgres, persistent: false);
engine!(sqlx::MySql, persistent: true);

/// Unchecked, because the drivers disagree on which text types are strings and which are bytes;
/// the bytes of a text value are the same in all of them.
fn text_row<R>(row: &R) -> Result<TextRow, sqlx::Error>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> Vec<u8>: sqlx::Decode<'r, R::Database>,
    for<'r> Option<Vec<u8>>: sqlx::Decode<'r, R::Database>,
{
    let columns = row.columns().iter();
    columns
        .map(|column| {
            let bytes: Option<Vec<u8>> = row.try_get_unchecked(column.ordinal())?;
            let text = bytes.map(String::from_utf8).transpose();
            text.map_err(|_| sqlx::Error::ColumnDecode {
                index: column.name().to_owned(),
                source: "not UTF-8".into(),
            })
        })
        .collect()
}
