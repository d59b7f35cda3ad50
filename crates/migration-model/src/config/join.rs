//! `[legacy.joins.NAME]`: a table that has one row for a user at most, such as a profile, or the child
//! of multi-table inheritance. Knows names alone; legacy-users reads it.

/// One table beside the user table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Join {
    /// The table, in the user table's schema unless it names one.
    pub table: String,
    /// Its column that identifies the user; unique.
    pub on: String,
    /// The user table's column that it equals; the key unless said.
    pub users: Option<String>,
    /// The columns that may be referred to as `NAME.COLUMN`.
    pub columns: Vec<String>,
}
