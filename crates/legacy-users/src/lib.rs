#![doc = include_str!("../README.md")]

mod account_emails;
mod case_variants;
mod catalog;
mod column;
mod connect_settings;
mod connections;
mod database_login;
mod dialect;
mod engine;
mod error;
mod fault;
mod group_memberships;
mod indexes;
mod key;
mod legacy_database;
mod links;
mod lock_outs;
mod login;
mod query;
mod social_accounts;
mod survey;
mod table_facts;
mod table_name;
mod tcp_relay;
mod url_options;
mod user_table;

pub use connect_settings::ConnectSettings;
pub use database_login::{DatabaseLogin, Login, LoginUnavailable};
pub use error::LegacyError;
pub use legacy_database::LegacyDatabase;
pub use survey::{Holds, Reference, Sample, Survey, SurveyedColumn, SurveyedTable};
