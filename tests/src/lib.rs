#![doc = include_str!("../README.md")]

mod canary;
mod database_keeper;
mod emulator;
mod engine;
mod legacy_database;
mod legacy_user;
mod line_process;
mod patience;
mod pool;
mod pool_client;
mod pool_user;
mod postgres_server;
mod program;
mod python;
mod shape;
mod test_folder;
mod workplace;

pub use canary::Canary;
pub use emulator::{cognito_local, microburst, ministack, moto};
pub use engine::Engine;
pub use legacy_database::{LegacyDatabase, administrate};
pub use legacy_user::LegacyUser;
pub use line_process::LineProcess;
pub use patience::until;
pub use pool::Pool;
pub use pool_client::{PoolClient, Refusal, ResetCode};
pub use pool_user::{PoolContent, PoolUser};
pub use postgres_server::PostgresServer;
pub use program::{Finished, Program, Running, built_program, kill, runs};
pub use python::{answers, emulator_script, fixture, node_script, python, root, script};
pub use shape::Shape;
pub use test_folder::TestFolder;
pub use workplace::Workplace;
