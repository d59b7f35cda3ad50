//! Tables that look as if they said who is in which group, and columns that look like a group, found in
//! a survey of the whole database: by what refers to what, and by what the targets are called. A guess,
//! for `cutover init` to propose and for `inspect` to ask about.

use crate::survey::{Reference, SurveyedColumn, SurveyedTable};

/// Who may be in which group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupCandidate {
    /// The table that says so, as cutover.toml takes it: a table of memberships, or the users' own.
    pub table: String,
    /// Its column that refers to the user; `None` where it is the user table itself.
    pub user_column: Option<String>,
    /// Its column that refers to the group.
    pub group_column: String,
    /// The table of the groups, as cutover.toml takes it.
    pub groups: String,
    /// Its column with their names.
    pub name: String,
    /// Whether it is Django's own table of memberships, by its name.
    pub is_djangos: bool,
    /// Where the table stands in the survey.
    pub position: usize,
}

/// More columns than a row of "this user is in this group" needs: what has them is about something
/// else, such as a post of somebody in a group.
const MOST_COLUMNS: usize = 6;

/// Words of a table's name that say it holds groups.
const GROUP_WORDS: &[&str] = &[
    "group",
    "groups",
    "role",
    "roles",
    "team",
    "teams",
    "usergroup",
    "rank",
    "ranks",
];

/// Columns that hold what a group is called.
const NAME_COLUMNS: &[&str] = &["name", "title", "slug"];

/// Everything in the database that may say who is in which group of these users.
pub fn group_candidates(tables: &[SurveyedTable], users: &SurveyedTable) -> Vec<GroupCandidate> {
    let mut candidates = Vec::new();
    for (position, table) in tables.iter().enumerate() {
        if table.schema != users.schema {
            continue;
        }
        let is_users = table.name == users.name;
        let user_column = table
            .columns
            .iter()
            .filter(|column| refers_to_users(column, tables, users))
            .min_by_key(|column| column.name != "user_id");
        let is_membership = user_column.is_some()
            && (table.columns.len() <= MOST_COLUMNS || table.name.contains("member"));
        if !is_users && !is_membership {
            continue;
        }
        for column in &table.columns {
            let Some((groups, name)) = groups_of(column, tables, users) else {
                continue;
            };
            candidates.push(GroupCandidate {
                table: table.shown(),
                user_column: user_column
                    .filter(|_| !is_users)
                    .map(|column| column.name.clone()),
                group_column: column.name.clone(),
                groups: groups.shown(),
                name: name.to_owned(),
                is_djangos: table.name == format!("{}_groups", users.name),
                position,
            });
        }
    }
    candidates
}

/// Whether a table looks like one of groups.
pub(crate) fn looks_like_groups(table: &SurveyedTable) -> bool {
    let name = table.name.to_ascii_lowercase();
    let last = name.rsplit('_').next().unwrap_or_default();
    GROUP_WORDS.contains(&last) && name_column(table).is_some()
}

fn name_column(table: &SurveyedTable) -> Option<&str> {
    let mut names = NAME_COLUMNS.iter();
    names.find_map(|name| Some(table.column(name)?.name.as_str()))
}

fn groups_of<'a>(
    column: &SurveyedColumn,
    tables: &'a [SurveyedTable],
    users: &SurveyedTable,
) -> Option<(&'a SurveyedTable, &'a str)> {
    let target = target(column.refers_to.as_ref()?, tables)?;
    if target.name == users.name || !looks_like_groups(target) {
        return None;
    }
    Some((target, name_column(target)?))
}

/// A view of the users is referred to by nothing: then it is any table with passwords that is.
fn refers_to_users(
    column: &SurveyedColumn,
    tables: &[SurveyedTable],
    users: &SurveyedTable,
) -> bool {
    let reference = column.refers_to.as_ref();
    let Some(target) = reference.and_then(|reference| target(reference, tables)) else {
        return false;
    };
    let is_users = target.name == users.name && target.schema == users.schema;
    is_users || (users.is_view && target.column("password").is_some())
}

fn target<'a>(reference: &Reference, tables: &'a [SurveyedTable]) -> Option<&'a SurveyedTable> {
    let mut tables = tables.iter();
    tables.find(|table| table.name == reference.table && table.schema == reference.schema)
}
