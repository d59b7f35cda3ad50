//! Which tables may hold the users: those with a column of stored passwords, judged by a sample of
//! their rows and by what refers to them. Called before anything else is decided.

use std::collections::BTreeMap;

use legacy_users::{Holds, Sample, Survey, SurveyedColumn, SurveyedTable};

use super::sampled::values;

/// A table that may hold the users, the likeliest first.
#[derive(Clone, Debug)]
pub struct UserTableCandidate {
    /// Where it stands in [`Survey::tables`].
    pub position: usize,
    /// The column of the stored passwords.
    pub password: String,
    /// Why it is one.
    pub why: String,
    score: u32,
}

impl UserTableCandidate {
    /// One that somebody named.
    pub(super) fn told(position: usize, password: String, why: String) -> UserTableCandidate {
        UserTableCandidate {
            position,
            password,
            why,
            score: 0,
        }
    }
}

/// Columns that stored passwords are kept in.
pub(super) const PASSWORDS: &[&str] = &[
    "password",
    "password_hash",
    "encoded_password",
    "passwd",
    "hashed_password",
    "pw_hash",
];

/// Tables that may hold the users: those with a column of stored passwords, judged by a sample.
pub fn user_tables(survey: &Survey, samples: &BTreeMap<usize, Sample>) -> Vec<UserTableCandidate> {
    let mut candidates: Vec<UserTableCandidate> = Vec::new();
    for (position, table) in survey.tables.iter().enumerate() {
        let Some(password) = password_column(table) else {
            continue;
        };
        let Some(sample) = samples.get(&position) else {
            continue;
        };
        let stored = values(sample, &password.name);
        let hashes = stored.iter().filter(|value| looks_hashed(value)).count();
        let has = |names: &[&str]| names.iter().any(|name| table.column(name).is_some());
        let mut score = 0;
        if hashes * 2 > stored.len() && !stored.is_empty() {
            score += 8;
        }
        score += 2 * u32::from(has(&["last_login"]));
        score += u32::from(has(&["is_active"]));
        score += u32::from(has(&["username", "email"]));
        score += u32::from(has(&["is_superuser", "is_staff"]));
        // A view of the users has no key of its own.
        score += u32::from(table.columns.iter().any(|column| column.is_key));
        let referred = survey.tables.iter().flat_map(|other| &other.columns);
        let references = referred
            .filter(|column| {
                column
                    .refers_to
                    .as_ref()
                    .is_some_and(|to| to.table == table.name && to.schema == table.schema)
            })
            .count();
        score += u32::try_from(references.min(3)).unwrap_or(3);
        if score < 3 {
            continue;
        }
        candidates.push(UserTableCandidate {
            position,
            password: password.name.clone(),
            why: format!(
                "{} rows; {} of {} passwords looked at have the form of a stored hash; {references} references to it",
                sample.rows, hashes, stored.len()
            ),
            score,
        });
    }
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    candidates
}

/// The tables worth a sample: those with a column of stored passwords.
pub fn worth_a_sample(survey: &Survey) -> Vec<usize> {
    let tables = survey.tables.iter().enumerate();
    let with_passwords = tables.filter(|(_, table)| password_column(table).is_some());
    with_passwords.map(|(position, _)| position).collect()
}

pub(super) fn password_column(table: &SurveyedTable) -> Option<&SurveyedColumn> {
    PASSWORDS
        .iter()
        .find_map(|name| table.column(name))
        .filter(|column| column.holds == Holds::Text)
}

/// A stored hash has a `$` and some length; an unusable password begins with `!`.
fn looks_hashed(value: &str) -> bool {
    value.starts_with('!')
        || (value.contains('$') && value.len() >= 20)
        || (value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit()))
}
