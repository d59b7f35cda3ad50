//! What the crate does on SQLite, PostgreSQL and MySQL/MariaDB.

mod columns;
mod errors;
mod filters;
mod findings;
mod flags;
mod group_sources;
mod joins;
mod links;
mod lock_outs;
mod logins;
mod pooler;
mod scratch;
mod sessions;
mod shapes;
mod unreadable;
