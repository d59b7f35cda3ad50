//! What the crate does on SQLite, PostgreSQL and MySQL/MariaDB.

mod columns;
mod errors;
mod findings;
mod links;
mod lock_outs;
mod logins;
mod pooler;
mod scratch;
mod sessions;
mod shapes;
