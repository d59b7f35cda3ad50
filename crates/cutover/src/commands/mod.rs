//! One file per command.

pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod ledger;
pub(crate) mod pool;
pub(crate) mod reconcile;
pub(crate) mod rehearse;
pub(crate) mod shadow;
mod shadow_line;
mod shadow_socket;
pub(crate) mod status;
pub(crate) mod trigger;
mod try_one;
pub(crate) mod undo;
pub(crate) mod verify;
