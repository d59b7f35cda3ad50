//! Runs statements on a connection of one of the three drivers and brings every value back as
//! text. The only place that touches typed rows. Called by connections.

use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Column as _, Connection, Database, Row};

use crate::database_login::Login;
use crate::query::{Bind, Query, TextRow};

/// How a driver connects.
pub(crate) type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// What a driver must do for us. SQL texts are put together by this crate from quoted
/// identifiers and placeholders alone, which is what `AssertSqlSafe` is told.
pub(crate) trait Engine: Database {
    /// The options with another user and password.
    fn with_login(options: Options<Self>, login: &Login) -> Options<Self>;

    /// Host and port, where the driver would connect by TCP.
    fn tcp_address(options: &Options<Self>) -> Option<(&str, u16)>;

    /// The options to connect by a Unix socket in this folder instead, and the socket's path. Host
    /// and TLS stay what they are.
    fn by_socket(options: Options<Self>, folder: &str) -> (Options<Self>, String);

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
/// does not exist. MySQL's proxies keep track of statements themselves, and closing one there is a
/// message more.
macro_rules! engine {
    (
        $database:ty,
        persistent: $persistent:literal,
        login: $with_login:expr,
        address: $tcp_address:expr,
        socket: $by_socket:expr
    ) => {
        impl Engine for $database {
            fn with_login(options: Options<Self>, login: &Login) -> Options<Self> {
                $with_login(options, login)
            }

            fn tcp_address(options: &Options<Self>) -> Option<(&str, u16)> {
                $tcp_address(options)
            }

            fn by_socket(options: Options<Self>, folder: &str) -> (Options<Self>, String) {
                $by_socket(options, folder)
            }

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

engine!(
    sqlx::Sqlite,
    persistent: true,
    login: |options, _| options,
    address: |_| None,
    socket: |options, folder: &str| (options, folder.to_owned())
);
engine!(
    sqlx::Postgres,
    persistent: false,
    login: postgres_login,
    address: postgres_address,
    socket: postgres_socket
);
engine!(
    sqlx::MySql,
    persistent: true,
    login: mysql_login,
    address: mysql_address,
    socket: mysql_socket
);

fn postgres_login(options: Options<sqlx::Postgres>, login: &Login) -> Options<sqlx::Postgres> {
    let options = options.password(&login.password);
    match &login.user {
        Some(user) => options.username(user),
        None => options,
    }
}

fn mysql_login(options: Options<sqlx::MySql>, login: &Login) -> Options<sqlx::MySql> {
    let options = options
        .password(&login.password)
        .enable_cleartext_plugin(login.in_clear);
    match &login.user {
        Some(user) => options.username(user),
        None => options,
    }
}

fn postgres_address(options: &Options<sqlx::Postgres>) -> Option<(&str, u16)> {
    let host = options.get_host();
    // libpq's rule, which the driver keeps: a host with a slash is a socket's folder.
    let is_tcp = options.get_socket().is_none() && !host.starts_with('/');
    is_tcp.then(|| (host, options.get_port()))
}

fn postgres_socket(
    options: Options<sqlx::Postgres>,
    folder: &str,
) -> (Options<sqlx::Postgres>, String) {
    // libpq's name for it.
    let path = format!("{folder}/.s.PGSQL.{}", options.get_port());
    (options.socket(folder), path)
}

fn mysql_address(options: &Options<sqlx::MySql>) -> Option<(&str, u16)> {
    let is_tcp = options.get_socket().is_none();
    is_tcp.then(|| (options.get_host(), options.get_port()))
}

fn mysql_socket(options: Options<sqlx::MySql>, folder: &str) -> (Options<sqlx::MySql>, String) {
    (options.socket(folder), folder.to_owned())
}

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
