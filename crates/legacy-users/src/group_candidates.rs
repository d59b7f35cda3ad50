//! Tables that look as if they said who is in which group, and columns that look like a group, found in
//! a survey of the whole database: by what refers to what, and by what the targets are called. A guess,
//! for `cutover init` to propose and for `inspect` to ask about.

use crate::survey::{Holds, Reference, SurveyedColumn, SurveyedTable};

/// Who may be in which group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupCandidate {
    /// The table that says so, as cutover.toml takes it: a table of memberships, or the users' own.
    pub table: String,
    /// Its column that refers to the user; `None` where it is the user table itself.
    pub user_column: Option<String>,
    /// Its column that refers to the group, or that is the group by name.
    pub group_column: String,
    /// The table of the groups; `None` where the column is the group by name.
    pub groups: Option<GroupsTable>,
    /// What else a role is bound to, such as a project in which somebody has it.
    pub scope: Option<String>,
    /// Whether it is Django's own table of memberships, by its name.
    pub is_djangos: bool,
    /// Where the table stands in the survey.
    pub position: usize,
}

/// A table of groups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupsTable {
    /// Its name, as cutover.toml takes it.
    pub table: String,
    /// Its column with the groups' names.
    pub name: String,
    /// Where it stands in the survey.
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

/// Of those, the words of what somebody may be in one place and not in another.
const ROLE_WORDS: &[&str] = &["role", "roles"];

/// Columns of a table of roles that are the role by name.
const ROLE_COLUMNS: &[&str] = &["role", "role_name", "kind", "name"];

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
            .filter(|column| !is_of_somebody_else(&column.name))
            .min_by_key(|column| column.name != "user_id");
        let says_so = table.name.contains("member") || has_word(&table.name, ROLE_WORDS);
        let is_membership =
            user_column.is_some() && (table.columns.len() <= MOST_COLUMNS || says_so);
        if !is_users && !is_membership {
            continue;
        }
        let candidate = |column: &SurveyedColumn, groups: Option<GroupsTable>| GroupCandidate {
            table: table.shown(),
            user_column: user_column
                .filter(|_| !is_users)
                .map(|column| column.name.clone()),
            group_column: column.name.clone(),
            scope: scope(table, column, groups.as_ref(), tables, users),
            groups,
            is_djangos: table.name == format!("{}_groups", users.name),
            position,
        };
        let before = candidates.len();
        for column in &table.columns {
            if let Some(groups) = groups_of(column, tables, users) {
                candidates.push(candidate(column, Some(groups)));
            }
        }
        let is_roles = has_word(&table.name, ROLE_WORDS) && !is_referred_to(table, tables);
        if candidates.len() == before && !is_users && is_roles {
            let mut names = ROLE_COLUMNS.iter().filter_map(|name| table.column(name));
            let role = names.find(|column| column.holds == Holds::Text);
            candidates.extend(role.map(|column| candidate(column, None)));
        }
    }
    candidates
}

/// Whether a column names who made, owns or changed a row, and not who is in something.
fn is_of_somebody_else(column: &str) -> bool {
    let name = column.strip_suffix("_id").unwrap_or(column);
    name.ends_with("_by") || matches!(name, "owner" | "author" | "creator" | "inviter" | "sender")
}

/// Whether another table refers to this one: then it holds roles, and not who has them.
fn is_referred_to(table: &SurveyedTable, tables: &[SurveyedTable]) -> bool {
    let others = tables.iter().filter(|other| other.name != table.name);
    let mut references = others.flat_map(|other| &other.columns);
    references.any(|column| {
        let to = column.refers_to.as_ref();
        to.is_some_and(|to| to.table == table.name && to.schema == table.schema)
    })
}

/// Whether a table looks like one of groups.
pub(crate) fn looks_like_groups(table: &SurveyedTable) -> bool {
    has_word(&table.name, GROUP_WORDS) && name_column(table).is_some()
}

fn has_word(table: &str, words: &[&str]) -> bool {
    let name = table.to_ascii_lowercase();
    words.contains(&name.rsplit('_').next().unwrap_or_default())
}

/// The table that a role is bound to beside user and group: somebody may have it in one project and not
/// in another. A group of its own needs none.
fn scope(
    table: &SurveyedTable,
    group: &SurveyedColumn,
    groups: Option<&GroupsTable>,
    tables: &[SurveyedTable],
    users: &SurveyedTable,
) -> Option<String> {
    let is_role = match groups {
        Some(groups) => has_word(groups.table.trim_matches('"'), ROLE_WORDS),
        None => true,
    };
    if !is_role || table.name == users.name {
        return None;
    }
    let others = table
        .columns
        .iter()
        .filter(|column| column.name != group.name && !refers_to_users(column, tables, users));
    let mut scopes = others.filter_map(|column| target(column.refers_to.as_ref()?, tables));
    scopes.next().map(SurveyedTable::shown)
}

fn name_column(table: &SurveyedTable) -> Option<&str> {
    let mut names = NAME_COLUMNS.iter();
    names.find_map(|name| Some(table.column(name)?.name.as_str()))
}

fn groups_of(
    column: &SurveyedColumn,
    tables: &[SurveyedTable],
    users: &SurveyedTable,
) -> Option<GroupsTable> {
    let target = target(column.refers_to.as_ref()?, tables)?;
    if target.name == users.name || !looks_like_groups(target) {
        return None;
    }
    let position = tables
        .iter()
        .position(|table| std::ptr::eq(table, target))?;
    Some(GroupsTable {
        table: target.shown(),
        name: name_column(target)?.to_owned(),
        position,
    })
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
