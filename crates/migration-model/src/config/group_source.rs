//! `[groups]`: where the database says who is in which group, where that is not Django's own way.
//! Knows names alone; legacy-users follows them.

use super::Condition;

/// One way in which groups are kept. What is left out is found by foreign keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupSource {
    /// The table of the groups.
    pub table: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// Its column with the groups' names.
    pub name: Option<String>,
    /// The many-to-many table of users and groups.
    pub members_table: Option<String>,
    /// Its column that refers to the user.
    pub user_column: Option<String>,
    /// Its column that refers to the group, or that is the group by name.
    pub group_column: Option<String>,
    /// A column of the user table that is the group: by name, or with `table` by key.
    pub column: Option<String>,
    /// What rows of that table must be like to count, such as `left_at is null`.
    pub condition: Option<Condition>,
    /// What comes before the names of this source's groups.
    pub prefix: String,
}

impl GroupSource {
    /// Whether it says anything at all.
    pub fn is_default(&self) -> bool {
        *self == GroupSource::default()
    }
}
