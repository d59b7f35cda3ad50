#![doc = include_str!("../README.md")]

mod band;
mod chance;
mod habits;

pub use band::Band;
pub use habits::{AtClose, Habits, LONGEST, Ways};
