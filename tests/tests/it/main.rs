//! The programs as their users drive them, by subject.

mod attackers;
mod bad_input;
mod browser_clients;
mod emulators;
mod final_states;
mod first_tokens;
mod forgot_password;
mod identities;
mod import;
mod import_run;
mod inspect;
mod killed_import;
mod leak;
mod mapping;
mod name_forms;
mod other_pools;
mod outage;
mod pool_serve;
mod populations;
mod quotas;
mod rehearse;
mod reviewed_plan;
mod sign_in;
mod telemetry;
mod trigger_attach;
mod verify;
