//! The database engines that a Django app may keep its users in.

use std::fmt;

/// One of the three engines.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
    /// A MySQL or MariaDB server.
    Mysql,
}

impl Engine {
    /// The word in database URLs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::Mysql => "mysql",
        }
    }

    /// A URL of the server by which databases can be made and dropped; none for files.
    pub(crate) fn admin_url(self) -> Option<String> {
        let (variable, default) = match self {
            Engine::Sqlite => return None,
            Engine::Postgres => (
                "CUTOVER_TEST_POSTGRES_URL",
                "postgres://root@127.0.0.1:5432/postgres",
            ),
            Engine::Mysql => (
                "CUTOVER_TEST_MYSQL_URL",
                "mysql://root@127.0.0.1:3306/mysql",
            ),
        };
        Some(std::env::var(variable).unwrap_or_else(|_| default.to_owned()))
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
