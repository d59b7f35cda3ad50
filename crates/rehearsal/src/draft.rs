//! A first `cutover.toml` for a database of which nothing is known: each setting with the figure it
//! rests on, and what else it could be. Decides from names, types, references and a sample of rows;
//! reads nothing itself. One file a subject. Called by `cutover init`, which asks an operator where
//! there is a choice.

mod attributes;
mod columns;
mod flags;
mod groups;
mod hashers;
mod login;
mod meaning;
mod neighbours;
mod sampled;
mod told;
mod toml;
mod user_tables;
mod verified_emails;

use std::collections::{BTreeMap, BTreeSet};

use legacy_users::{Sample, Survey, SurveyedColumn, SurveyedTable};

pub use told::DjangoFacts;
pub use user_tables::{UserTableCandidate, user_tables, worth_a_sample};

/// A setting and what it could be.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The section of the file, such as `legacy`.
    pub section: &'static str,
    /// The key within it.
    pub key: String,
    /// What it could be, the best first: the value as TOML (empty to leave the key out) and why.
    pub options: Vec<Choosable>,
    /// Whether somebody who knows the app should look at it.
    pub unsure: bool,
}

/// One value of a setting.
#[derive(Clone, Debug)]
pub struct Choosable {
    /// As it stands in the file; empty to leave the key out.
    pub value: String,
    /// What it rests on.
    pub why: String,
}

/// The whole file.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The settings in the file's order.
    pub choices: Vec<Choice>,
    /// Where else it is said who is in which group: one `[[groups.source]]` each.
    pub sources: Vec<GroupLines>,
    /// What to look at, beside the settings.
    pub notes: Vec<String>,
}

/// One `[[groups.source]]`.
#[derive(Clone, Debug)]
pub struct GroupLines {
    /// What it rests on.
    pub why: String,
    /// Its keys with their texts.
    pub lines: Vec<(&'static str, String)>,
}

/// Tables beside the users' that decide something: worth a sample.
pub fn tables_beside(survey: &Survey, candidate: &UserTableCandidate) -> BTreeSet<usize> {
    let mut positions = groups::group_tables(survey, candidate);
    positions.extend(verified_emails::allauths_tables(survey));
    if let Some(users) = survey.tables.get(candidate.position) {
        positions.extend(neighbours::tables_of_belongings(survey, users));
    }
    positions
}

impl Draft {
    /// The settings for this user table. `url` is as it may stand in the file: `None` when it holds a
    /// password. `others` are samples of the tables of [`tables_beside`].
    pub fn of(
        survey: &Survey,
        candidate: &UserTableCandidate,
        sample: &Sample,
        others: &BTreeMap<usize, Sample>,
        url: Option<&str>,
    ) -> Draft {
        let Some(table) = survey.tables.get(candidate.position) else {
            return Draft {
                choices: Vec::new(),
                sources: Vec::new(),
                notes: Vec::new(),
            };
        };
        let mut writer = Writer {
            survey,
            table,
            sample,
            others,
            choices: Vec::new(),
            sources: Vec::new(),
            notes: Vec::new(),
            fields: BTreeMap::new(),
        };
        writer.database(url, candidate);
        writer.columns(candidate);
        writer.login();
        writer.email_verified();
        writer.rows_that_are_nobody(&candidate.password);
        writer.unknown_passwords();
        writer.inactive_flags();
        writer.profile();
        writer.attributes();
        writer.groups();
        writer.hashers(&candidate.password);
        writer.neighbours();
        writer.other_people();
        writer.belongings();
        Draft {
            choices: writer.choices,
            sources: writer.sources,
            notes: writer.notes,
        }
    }
}

struct Writer<'a> {
    survey: &'a Survey,
    table: &'a SurveyedTable,
    sample: &'a Sample,
    /// Samples of other tables, by where they stand in the survey.
    others: &'a BTreeMap<usize, Sample>,
    choices: Vec<Choice>,
    sources: Vec<GroupLines>,
    notes: Vec<String>,
    /// Django's field to the column that is it.
    fields: BTreeMap<&'static str, &'a SurveyedColumn>,
}

impl Writer<'_> {
    fn sure(
        &mut self,
        section: &'static str,
        key: &str,
        value: impl Into<String>,
        why: impl Into<String>,
    ) {
        let option = Choosable {
            value: value.into(),
            why: why.into(),
        };
        self.choices.push(Choice {
            section,
            key: key.to_owned(),
            options: vec![option],
            unsure: false,
        });
    }

    fn choice(&mut self, section: &'static str, key: &str, options: Vec<Choosable>, unsure: bool) {
        self.choices.push(Choice {
            section,
            key: key.to_owned(),
            options,
            unsure,
        });
    }

    fn other_table(&self, name: &str) -> Option<&SurveyedTable> {
        self.survey
            .tables
            .iter()
            .find(|table| table.name == name && table.schema == self.table.schema)
    }
}
