//! What became of a user: the four words whose counts must always add up.

use std::fmt;

/// A user's outcome in a run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Outcome {
    /// This run created them, and finished.
    Created,
    /// The pool had them already, by whatever way.
    AlreadyInPool,
    /// Not moved on purpose; the reason says why.
    Held,
    /// Could not be moved; the reason says why.
    Failed,
}

impl Outcome {
    /// All four.
    pub const ALL: [Outcome; 4] = [
        Outcome::Created,
        Outcome::AlreadyInPool,
        Outcome::Held,
        Outcome::Failed,
    ];

    /// The word in journal, summary and CSV.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::AlreadyInPool => "already_in_pool",
            Outcome::Held => "held",
            Outcome::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
