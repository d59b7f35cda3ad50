//! The programs as their users drive them, by subject.

mod harness;
