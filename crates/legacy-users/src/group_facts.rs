//! Findings about groups: rows that name a group nobody has, groups guessed at, and memberships that
//! nobody asked for. A move that loses what people may do, or gives them more, must not be called
//! fit. Reads catalogs and counts. Called by legacy_database.

use migration_model::{Finding, Severity};

use crate::connections::ReadSession;
use crate::error::LegacyError;
use crate::group_candidates::{GroupCandidate, group_candidates, looks_like_groups};
use crate::query::Query;
use crate::survey::{self, SurveyedTable};
use crate::table_name::TableName;
use crate::user_table::{UserTable, Wanted};

/// What was found, and what is yet to be looked at, each in a transaction of its own: the login may
/// not be allowed to.
pub(crate) struct GroupFacts {
    pub(crate) findings: Vec<Finding>,
    pub(crate) unfollowed: Vec<Unfollowed>,
}

/// What may say who is in which group, and is not asked.
pub(crate) struct Unfollowed {
    candidate: GroupCandidate,
    table: TableName,
    /// Whether nothing that is asked says that anybody is in any group.
    is_all: bool,
}

/// Looks at the groups that are carried, and for others.
pub(crate) async fn of_groups(
    session: &mut dyn ReadSession,
    users: &UserTable,
    wanted: &Wanted,
) -> Result<GroupFacts, LegacyError> {
    let mut facts = GroupFacts {
        findings: Vec::new(),
        unfollowed: Vec::new(),
    };
    if !wanted.wants_groups() {
        return Ok(facts);
    }
    let tables = survey::tables(session, users.dialect).await?;
    let mut rows = 0;
    for memberships in users.groups.memberships() {
        rows += memberships.count(session).await?;
        let dangling = memberships.dangling(session).await?;
        let subject = memberships.table.shown();
        if dangling > 0 {
            facts
                .findings
                .push(dangling_finding(subject.clone(), dangling));
        }
        let (groups, names) = memberships.groups_and_names(session).await?;
        if names < groups {
            let groups_table = memberships.groups.table.shown();
            facts
                .findings
                .push(shared_finding(groups_table, groups, names));
        }
        let groups = &memberships.groups;
        let others = tables.iter().filter(|table| {
            let schema = &users.name.schema;
            let is_near = schema.is_none() && table.schema.is_none() || table.schema == *schema;
            is_near && looks_like_groups(table) && table.name != groups.table.name
        });
        if groups.is_guess && others.count() > 0 {
            facts
                .findings
                .push(guess_finding(subject, &groups.table.shown()));
        }
    }
    let is_all = rows == 0 && !users.groups.has_values();
    let known = |table: &&SurveyedTable| is_same(table, &users.name);
    if let Some(surveyed) = tables.iter().find(known) {
        for candidate in group_candidates(&tables, surveyed) {
            if is_followed(&candidate, users) || is_ignored(&candidate, wanted) {
                continue;
            }
            let table = TableName::parse(&candidate.table, "a table of the catalog")?;
            facts.unfollowed.push(Unfollowed {
                candidate,
                table: table.beside(&users.name),
                is_all,
            });
        }
    }
    if users.groups.is_empty() && facts.unfollowed.is_empty() {
        facts.findings.push(Finding {
            severity: Severity::Note,
            code: "groups-table-missing",
            subject: wanted.memberships.shown(),
            message:
                "there is no such table, and none that looks like it: no user is in any group."
                    .to_owned(),
            next_step: "Say under [groups] where groups are kept, if they are.".to_owned(),
        });
    }
    Ok(facts)
}

fn is_same(table: &SurveyedTable, name: &TableName) -> bool {
    table.name == name.name && (table.schema == name.schema || table.schema.is_none())
}

fn is_followed(candidate: &GroupCandidate, users: &UserTable) -> bool {
    users
        .groups
        .follows(&candidate.table, &candidate.group_column)
}

fn is_ignored(candidate: &GroupCandidate, wanted: &Wanted) -> bool {
    let column = format!("{}.{}", candidate.table, candidate.group_column);
    let ignored = &wanted.legacy.ignored_groups;
    ignored
        .iter()
        .any(|name| *name == candidate.table || *name == column || *name == candidate.group_column)
}

impl Unfollowed {
    /// Whether anybody is in a group there. A table that may not be read is one that may.
    pub(crate) async fn has_rows(
        &self,
        session: &mut dyn ReadSession,
        users: &UserTable,
    ) -> Result<bool, LegacyError> {
        let dialect = users.dialect;
        let subject = format!("table `{}`", self.table.shown());
        let mut query = Query::select(dialect, "looking for groups", subject, "'1'");
        query.push(&format!(
            " FROM {} WHERE {} IS NOT NULL LIMIT 1",
            self.table.quoted(dialect),
            dialect.quote(&self.candidate.group_column),
        ));
        match session.rows(query).await {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(LegacyError::AccessDenied { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn finding(&self) -> Finding {
        let GroupCandidate {
            table,
            user_column,
            group_column,
            groups,
            scope,
            ..
        } = &self.candidate;
        let mut lines = match user_column {
            Some(user_column) => format!(
                "[[groups.source]] members_table = \"{table}\", user_column = \"{user_column}\", \
                 group_column = \"{group_column}\""
            ),
            None => format!("[[groups.source]] column = \"{group_column}\""),
        };
        if let Some(groups) = groups {
            lines.push_str(&format!(", name = \"{}\"", groups.name));
        }
        let what = groups.as_ref().map_or("role", |groups| &groups.table);
        let message = match scope {
            Some(scope) => format!(
                "it says who is in which {what}, in which row of {scope}, and nobody is asked for it."
            ),
            None => format!("it says who is in which {what}, and nobody is asked for it."),
        };
        let ignore = match user_column {
            Some(_) => table.clone(),
            None => group_column.clone(),
        };
        Finding {
            // A role in one place is no group: to leave it behind is no loss by itself.
            severity: match self.is_all && scope.is_none() {
                true => Severity::Blocker,
                false => Severity::Warning,
            },
            code: "groups-elsewhere",
            subject: format!("{table}.{group_column}"),
            message,
            next_step: format!(
                "Add {lines}; or leave them behind with [groups] ignore = [\"{ignore}\"]."
            ),
        }
    }
}

fn dangling_finding(subject: String, rows: u64) -> Finding {
    Finding {
        severity: Severity::Blocker,
        code: "group-memberships-dangling",
        subject,
        message: format!(
            "{rows} of its rows name a group that the table of groups does not have: people would be \
             without it."
        ),
        next_step: "Name the right table under [groups] (table, key, name), or delete the rows."
            .to_owned(),
    }
}

fn shared_finding(subject: String, groups: u64, names: u64) -> Finding {
    Finding {
        severity: Severity::Blocker,
        code: "group-names-shared",
        subject,
        message: format!(
            "its {groups} groups with people in them have {names} names: whoever is in one of several \
             of the same name would be in all of them."
        ),
        next_step: "Rename them in Django, or tell them apart by another column, such as the key: \
                    [groups] name = \"id\"."
            .to_owned(),
    }
}

fn guess_finding(subject: String, groups: &str) -> Finding {
    Finding {
        severity: Severity::Blocker,
        code: "groups-table-guessed",
        subject,
        message: format!(
            "no foreign key says which table its groups are in; {groups} is Django's, and there are \
             others: a group of the same number there would be another one."
        ),
        next_step: format!("Say which: [groups] table = \"{groups}\", or the other."),
    }
}
