//! Drives the rehearsal pool over HTTP, as an SDK would.

mod behaviours;
mod client;
mod cross_origin;
mod facts;
mod faults;
mod import;
mod invoke_url;
mod mail;
mod pool;
mod python;
mod readme;
mod sdk;
mod srp;
mod state;
mod trigger;
