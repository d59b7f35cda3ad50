//! Tables beside the users, and what each means for a move: those of well-known Django packages, other
//! tables of people with passwords, and those that say who belongs to what.

use legacy_users::{Holds, Survey, SurveyedColumn, SurveyedTable, group_candidates};

use super::Writer;
use super::toml::quoted;
use super::user_tables::password_column;

/// Words of what people belong to without being a group.
const BELONGED_TO: &[&str] = &[
    "organization",
    "organisation",
    "company",
    "tenant",
    "workspace",
    "department",
];

impl Writer<'_> {
    pub(super) fn neighbours(&mut self) {
        let known = [
            (
                "social_auth_usersocialauth",
                "social-auth keeps accounts of other sign-in services; they are not linked.",
            ),
            (
                "socialaccount_socialaccount",
                "django-allauth keeps social accounts: name the pool's identity providers under [identities] to link them.",
            ),
            (
                "otp_totp_totpdevice",
                "django-otp keeps authenticator apps; their secrets cannot be moved.",
            ),
            (
                "axes_accessattempt",
                "django-axes locks people out: [trigger.axes] makes the trigger respect it.",
            ),
        ];
        for (table, note) in known {
            if self.other_table(table).is_some() {
                self.notes.push(note.to_owned());
            }
        }
    }
    /// People with passwords in another table: customers beside staff, for instance.
    pub(super) fn other_people(&mut self) {
        let tables = self.survey.tables.iter().filter(|table| {
            let is_other = table.name != self.table.name && !table.is_view;
            is_other && password_column(table).is_some() && !self.refers_to_users(table)
        });
        let people = tables.filter(|table| {
            let has = |names: &[&str]| names.iter().any(|name| table.column(name).is_some());
            has(&["username", "email", "login", "identifier"]) && has(&["last_login", "is_active"])
        });
        let notes: Vec<String> = people
            .map(|table| {
                format!(
                    "{} holds people with passwords too; this file is about {} alone. Write another for them if they are to move.",
                    table.shown(),
                    self.table.shown()
                )
            })
            .collect();
        self.notes.extend(notes);
    }

    /// Who belongs to which organization is no group, but may be what an app client asks for.
    pub(super) fn belongings(&mut self) {
        let mut notes = Vec::new();
        for belonging in belongings(self.survey, self.table) {
            let rows = self
                .others
                .get(&belonging.position)
                .map_or(0, |sample| sample.rows);
            if rows == 0 {
                continue;
            }
            let Belonging {
                members,
                user,
                to,
                target,
                name,
                position,
            } = belonging;
            let counts = self.members_condition(position);
            let counts = counts.map(|condition| format!(", where = {}", quoted(&condition)));
            notes.push(format!(
                "{members} says who belongs to which {target} ({rows} rows), which is not carried. As groups: [[groups.source]] members_table = \"{members}\", user_column = \"{user}\", group_column = \"{to}\", name = \"{name}\"{}.",
                counts.unwrap_or_default()
            ));
        }
        self.notes.extend(notes);
    }

    fn refers_to_users(&self, table: &SurveyedTable) -> bool {
        table.columns.iter().any(|column| is_to(column, self.table))
    }
}

/// A table that says who belongs to what.
struct Belonging {
    members: String,
    user: String,
    to: String,
    target: String,
    name: &'static str,
    position: usize,
}

/// Where such tables stand in the survey.
pub(super) fn tables_of_belongings(survey: &Survey, users: &SurveyedTable) -> Vec<usize> {
    let found = belongings(survey, users).into_iter();
    found.map(|belonging| belonging.position).collect()
}

fn belongings(survey: &Survey, users: &SurveyedTable) -> Vec<Belonging> {
    let known = group_candidates(&survey.tables, users);
    let is_known = |position: usize| known.iter().any(|known| known.position == position);
    let tables = survey.tables.iter().enumerate();
    let members = tables.filter(|(position, table)| {
        let is_named_so = table.name.contains("member") || table.name.ends_with("user");
        is_named_so && table.name != users.name && !is_known(*position)
    });
    let belonging = members.filter_map(|(position, table)| {
        let mut columns = table.columns.iter();
        let user = columns.find(|column| is_to(column, users))?;
        let (to, target) = table.columns.iter().find_map(|column| {
            let target = &column.refers_to.as_ref()?.table;
            let word = target.rsplit('_').next()?.trim_end_matches('s');
            BELONGED_TO.contains(&word).then_some((column, target))
        })?;
        let target = survey.tables.iter().find(|table| table.name == *target)?;
        let mut names = ["name", "title", "slug"].into_iter();
        let name = names.find(|name| {
            let found = target.column(name);
            found.is_some_and(|column| column.holds == Holds::Text)
        })?;
        Some(Belonging {
            members: table.shown(),
            user: user.name.clone(),
            to: to.name.clone(),
            target: target.shown(),
            name,
            position,
        })
    });
    belonging.collect()
}

/// Whether a column refers to this table.
fn is_to(column: &SurveyedColumn, table: &SurveyedTable) -> bool {
    let target = column.refers_to.as_ref();
    target.is_some_and(|target| target.table == table.name && target.schema == table.schema)
}
