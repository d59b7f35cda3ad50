//! Who is in which group: Django's own tables, others that look like it, and a column that says by
//! itself what somebody is.

use std::collections::BTreeSet;

use legacy_users::{GroupCandidate, Holds, Survey, group_candidates};

use super::sampled::values;
use super::toml::quoted;
use super::{GroupLines, UserTableCandidate, Writer};

/// The tables that may say who is in which group of these users: worth a count.
pub fn group_tables(survey: &Survey, candidate: &UserTableCandidate) -> Vec<usize> {
    let users = survey.tables.get(candidate.position);
    let candidates = users.map(|users| group_candidates(&survey.tables, users));
    let mut positions: Vec<usize> = candidates
        .unwrap_or_default()
        .iter()
        .map(|candidate| candidate.position)
        .collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

impl Writer<'_> {
    pub(super) fn groups(&mut self) {
        let candidates = group_candidates(&self.survey.tables, self.table);
        let rows = |candidate: &GroupCandidate| match candidate.user_column {
            Some(_) => self.rows.get(&candidate.position).copied(),
            None => self.table.column(&candidate.group_column).map(|column| {
                let values = values(self.sample, &column.name);
                u64::try_from(values.len()).unwrap_or(u64::MAX)
            }),
        };
        let counted: Vec<(GroupCandidate, Option<u64>)> = candidates
            .iter()
            .map(|candidate| (candidate.clone(), rows(candidate)))
            .collect();
        let (djangos, others): (Vec<_>, Vec<_>) = counted
            .into_iter()
            .partition(|(candidate, _)| candidate.is_djangos);
        let others: Vec<_> = others
            .into_iter()
            .filter(|(_, rows)| *rows != Some(0))
            .collect();
        let told = |rows: &Option<u64>| match rows {
            Some(rows) => format!("{rows} rows"),
            None => "rows that could not be counted".to_owned(),
        };
        let why = match djangos.first() {
            Some((candidate, rows)) => format!(
                "{} says who is in which {}: {}.",
                candidate.table,
                candidate.groups,
                told(rows)
            ),
            None if others.is_empty() => "No table of users and groups was found.".to_owned(),
            None => "Django's own table of users and groups is not there.".to_owned(),
        };
        self.sure("groups", "carry", "true", why);
        if let Some((candidate, _)) = djangos.first()
            && candidate.name != "name"
        {
            let why = format!("{} calls its groups so.", candidate.groups);
            self.sure("groups", "name", quoted(&candidate.name), why);
        }
        for (candidate, rows) in &others {
            let prefix = match djangos.iter().any(|(_, rows)| *rows != Some(0)) || others.len() > 1
            {
                true => {
                    let bare = candidate
                        .groups
                        .rsplit(['.', '_'])
                        .next()
                        .unwrap_or_default();
                    Some(format!("{}:", bare.trim_matches('"')))
                }
                false => None,
            };
            let mut lines = Vec::new();
            match &candidate.user_column {
                Some(user_column) => {
                    lines.push(("members_table", candidate.table.clone()));
                    lines.push(("user_column", user_column.clone()));
                    lines.push(("group_column", candidate.group_column.clone()));
                }
                None => lines.push(("column", candidate.group_column.clone())),
            }
            lines.push(("name", candidate.name.clone()));
            lines.extend(prefix.map(|prefix| ("prefix", prefix)));
            self.sources.push(GroupLines {
                why: format!(
                    "{}.{} refers to {}: {}.",
                    candidate.table,
                    candidate.group_column,
                    candidate.groups,
                    told(rows)
                ),
                lines,
            });
        }
        self.role_column(djangos.iter().any(|(_, rows)| *rows != Some(0)) || !others.is_empty());
    }

    /// A column of the user table that says by itself what somebody is.
    pub(super) fn role_column(&mut self, beside_others: bool) {
        const MOST_ROLES: usize = 12;
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
