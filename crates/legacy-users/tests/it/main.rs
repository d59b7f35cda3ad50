//! What the crate does on SQLite, PostgreSQL and MySQL/MariaDB.

mod columns;
mod errors;
mod findings;
mod logins;
mod pooler;
mod scratch;
mod sessions;
mod shapes;
