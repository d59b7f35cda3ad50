//! The crate against everybody else: real Django, Python's own libraries, hostile strings.

mod cognito;
mod differential;
mod djangohashers;
mod foreign;
mod hostile;
mod oracle;
mod peppers;
mod second_opinion;
mod secrets;
mod tampered;
mod vectors;
