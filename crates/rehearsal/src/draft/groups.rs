//! Who is in which group: Django's own tables, others that look like it, and a column that says by
//! itself what somebody is. A role that somebody has in one place alone is left behind, because a
//! group of the pool holds everywhere.

use std::collections::BTreeSet;

use legacy_users::{GroupCandidate, GroupsTable, Holds, Sample, Survey, group_candidates};

use super::meaning::is_end_of_membership;
use super::sampled::values;
use super::toml::quoted;
use super::{Choosable, GroupLines, UserTableCandidate, Writer};

/// More different values than that are no roles.
const MOST_ROLES: usize = 12;

/// The tables that may say who is in which group of these users, and those of the groups.
pub(super) fn group_tables(survey: &Survey, candidate: &UserTableCandidate) -> BTreeSet<usize> {
    let users = survey.tables.get(candidate.position);
    let candidates = users.map(|users| group_candidates(&survey.tables, users));
    let mut positions = BTreeSet::new();
    for candidate in candidates.unwrap_or_default() {
        positions.insert(candidate.position);
        positions.extend(candidate.groups.map(|groups| groups.position));
    }
    positions
}

/// A candidate with how many rows it has, where they could be counted.
struct Counted {
    candidate: GroupCandidate,
    rows: Option<u64>,
}

impl Counted {
    fn told(&self) -> String {
        match self.rows {
            Some(1) => "1 row".to_owned(),
            Some(rows) => format!("{rows} rows"),
            None => "rows that could not be counted".to_owned(),
        }
    }

    fn is_empty(&self) -> bool {
        self.rows == Some(0)
    }
}

impl Writer<'_> {
    pub(super) fn groups(&mut self) {
        let candidates = group_candidates(&self.survey.tables, self.table);
        let counted = candidates.into_iter().map(|candidate| Counted {
            rows: self.rows_of(&candidate),
            candidate,
        });
        let (djangos, others): (Vec<Counted>, Vec<Counted>) =
            counted.partition(|counted| counted.candidate.is_djangos);
        let (scoped, others): (Vec<Counted>, Vec<Counted>) = others
            .into_iter()
            .filter(|other| !other.is_empty())
            .partition(|other| other.candidate.scope.is_some());
        let is_alone = others.is_empty() && scoped.is_empty();
        self.djangos_groups(djangos.first(), is_alone);
        self.scoped_roles(&scoped);
        let has_djangos = djangos.iter().any(|djangos| !djangos.is_empty());
        for other in &others {
            self.source(other, has_djangos || others.len() > 1);
        }
        self.role_column(has_djangos || !others.is_empty());
    }

    fn rows_of(&self, candidate: &GroupCandidate) -> Option<u64> {
        if candidate.user_column.is_some() {
            return self.other(candidate.position).map(|sample| sample.rows);
        }
        let column = self.table.column(&candidate.group_column)?;
        let filled = values(self.sample, &column.name).len();
        Some(u64::try_from(filled).unwrap_or(u64::MAX))
    }

    fn other(&self, position: usize) -> Option<&Sample> {
        self.others.get(&position)
    }

    fn djangos_groups(&mut self, djangos: Option<&Counted>, is_alone: bool) {
        let groups = djangos.and_then(|djangos| djangos.candidate.groups.as_ref());
        let why = match (djangos, groups) {
            (Some(djangos), Some(groups)) => format!(
                "{} says who is in which {}: {}.",
                djangos.candidate.table,
                groups.table,
                djangos.told()
            ),
            _ if is_alone => "No table of users and groups was found.".to_owned(),
            _ => "Django's own table of users and groups is not there.".to_owned(),
        };
        self.sure("groups", "carry", "true", why);
        if let Some(groups) = groups {
            let name = self.name_column(groups);
            if name != "name" {
                let why = format!("Tells the rows of {} apart.", groups.table);
                self.sure("groups", "name", quoted(&name), why);
            }
        }
    }

    /// Roles within something, such as a project: as a group they would hold in all of them.
    fn scoped_roles(&mut self, scoped: &[Counted]) {
        if scoped.is_empty() {
            return;
        }
        let told = scoped.iter().map(|counted| {
            let scope = counted.candidate.scope.as_deref().unwrap_or_default();
            let table = &counted.candidate.table;
            format!("{table} ({}) within {scope}", counted.told())
        });
        let told: Vec<String> = told.collect();
        let tables: Vec<String> = scoped
            .iter()
            .map(|counted| quoted(&counted.candidate.table))
            .collect();
        let ignored = Choosable {
            value: format!("[{}]", tables.join(", ")),
            why: format!(
                "Roles that people have in one place alone: {}. As groups they would hold in every \
                 place, so they are left behind. To carry some, write a [[groups.source]] whose \
                 where says which.",
                told.join("; ")
            ),
        };
        self.choice("groups", "ignore", vec![ignored], true);
    }

    fn source(&mut self, counted: &Counted, is_beside_others: bool) {
        let candidate = &counted.candidate;
        let mut lines = Vec::new();
        match &candidate.user_column {
            Some(user_column) => {
                lines.push(("members_table", candidate.table.clone()));
                lines.push(("user_column", user_column.clone()));
                lines.push(("group_column", candidate.group_column.clone()));
            }
            None => lines.push(("column", candidate.group_column.clone())),
        }
        let name = candidate
            .groups
            .as_ref()
            .map(|groups| self.name_column(groups));
        lines.extend(name.clone().map(|name| ("name", name)));
        let ended = match candidate.user_column {
            Some(_) => self.members_condition(candidate.position),
            None => None,
        };
        lines.extend(ended.clone().map(|condition| ("where", condition)));
        let named = match &candidate.groups {
            Some(groups) => &groups.table,
            None => &candidate.table,
        };
        // Keys alone say nothing.
        let is_named_by_key = candidate
            .groups
            .as_ref()
            .is_some_and(|groups| name.as_ref() != Some(&groups.name));
        if is_beside_others || is_named_by_key {
            let bare = named.rsplit(['.', '_']).next().unwrap_or_default();
            lines.push(("prefix", format!("{}:", bare.trim_matches('"'))));
        }
        let mut why = format!(
            "{}.{} says who is in which {named}: {}.",
            candidate.table,
            candidate.group_column,
            counted.told()
        );
        if is_named_by_key {
            why.push_str(" Several share a name, so another column tells them apart.");
        }
        if ended.is_some() {
            why.push_str(" Memberships that ended are left out.");
        }
        self.sources.push(GroupLines { why, lines });
    }

    /// The column that names the groups: what they are called, where no two are called the same; else
    /// one that tells them apart.
    fn name_column(&self, groups: &GroupsTable) -> String {
        let table = self.survey.tables.get(groups.position);
        let Some((table, sample)) = table.zip(self.other(groups.position)) else {
            return groups.name.clone();
        };
        let differ = |column: &str| {
            let names = values(sample, column);
            let distinct: BTreeSet<&&str> = names.iter().collect();
            distinct.len() == names.len()
        };
        if differ(&groups.name) {
            return groups.name.clone();
        }
        let mut others = ["slug", "code", "full_name"]
            .into_iter()
            .filter_map(|name| table.column(name));
        let other = others.find(|column| differ(&column.name));
        let key = || table.columns.iter().find(|column| column.is_key);
        let column = other.or_else(key);
        column.map_or_else(|| groups.name.clone(), |column| column.name.clone())
    }

    /// Rows of a table of memberships that still count, where its columns say that some do not.
    pub(super) fn members_condition(&self, position: usize) -> Option<String> {
        let table = self.survey.tables.get(position)?;
        let mut conditions = Vec::new();
        for column in &table.columns {
            let name = &column.name;
            match column.holds {
                Holds::Booleans if matches!(name.as_str(), "is_active" | "active") => {
                    conditions.push(format!("{name} = true"));
                }
                Holds::Booleans if is_end_of_membership(name) => {
                    conditions.push(format!("{name} != true"));
                }
                Holds::Moments if is_end_of_membership(name) => {
                    conditions.push(format!("{name} is null"));
                }
                _ => {}
            }
        }
        (!conditions.is_empty()).then(|| conditions.join(" and "))
    }

    /// A column of the user table that says by itself what somebody is.
    fn role_column(&mut self, beside_others: bool) {
        for name in ["role", "user_role", "roles"] {
            let column = self.table.column(name);
            let Some(column) = column.filter(|column| column.holds == Holds::Text) else {
                continue;
            };
            let found: BTreeSet<&str> = values(self.sample, &column.name)
                .into_iter()
                .filter(|value| !value.trim().is_empty())
                .collect();
            if found.is_empty() || found.len() > MOST_ROLES {
                continue;
            }
            let mut lines = vec![("column", column.name.clone())];
            if beside_others {
                lines.push(("prefix", "role:".to_owned()));
            }
            let shown: Vec<&str> = found.into_iter().collect();
            self.sources.push(GroupLines {
                why: format!("Each user is one of: {}.", shown.join(", ")),
                lines,
            });
        }
    }
}
