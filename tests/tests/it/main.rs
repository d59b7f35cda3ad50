//! The programs as their users drive them, by subject.

mod forgot_password;
mod inspect;
mod mapping;
mod outage;
mod pool_serve;
mod populations;
mod sign_in;
mod verify;
