//! Imports real Django users (`migrations-fixtures/legacy.sqlite3`) into the rehearsal pool,
//! undisturbed and under every disturbance that an operator will meet.

mod accounts;
mod crash;
mod fault_front;
mod holds;
mod import_jobs;
mod journal_trouble;
mod legacy_restart;
mod outages;
mod planning;
mod reconciling;
mod sharding;
mod undoing;
mod world;
