//! The crate against everybody else: real Django, Python's own libraries, hostile strings.

mod cognito;
mod differential;
mod djangohashers;
mod hostile;
mod oracle;
mod second_opinion;
mod secrets;
mod vectors;
