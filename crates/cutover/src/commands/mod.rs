//! One file per command.

pub(crate) mod forecast;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod ledger;
pub(crate) mod pool;
pub(crate) mod pool_facts;
pub(crate) mod pool_probe;
pub(crate) mod reconcile;
pub(crate) mod rehearse;
pub(crate) mod retire;
pub(crate) mod shadow;
mod shadow_line;
mod shadow_socket;
pub(crate) mod status;
pub(crate) mod trigger;
mod try_one;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod watch;
