//! What the project itself says of its users, by its settings: it goes before whatever the database
//! merely looks like. Knows no Python and no database. Called when the draft is made.

use std::collections::BTreeMap;

use django_password::{CustomHasherError, CustomHashers};
use legacy_users::Survey;
use migration_model::Columns;
use serde::Deserialize;

use super::toml::quoted;
use super::{Choice, Choosable, Draft, UserTableCandidate};

/// Answers of a settings module.
#[derive(Clone, Debug, Deserialize)]
pub struct DjangoFacts {
    /// AUTH_USER_MODEL, as `accounts.User`.
    pub user_model: String,
    /// The table with the passwords.
    pub table: String,
    /// Django's field to its column in that table; a field that the model does not have is absent.
    pub columns: BTreeMap<String, String>,
    /// Columns of other tables, where the model inherits.
    pub elsewhere: Vec<String>,
    /// What a person may type, as `[legacy] login` has it.
    pub login: Vec<String>,
    /// Hashers of PASSWORD_HASHERS that are not Django's own.
    pub hashers: Vec<ToldHasher>,
    /// Of AUTHENTICATION_BACKENDS those of which nothing is known.
    pub backends: Vec<String>,
    /// The database's URL; it may hold a password. `None` for what no URL here can say.
    pub url: Option<String>,
}

/// A hasher of the project or of a package.
#[derive(Clone, Debug, Deserialize)]
pub struct ToldHasher {
    /// What its hashes begin with.
    pub algorithm: String,
    /// The class.
    pub path: String,
    /// The algorithm of Django's hasher that it is a subclass of.
    pub base: Option<String>,
    /// What it changes beside name and cost.
    pub overrides: Vec<String>,
}

/// Whether hashes of this name are checked without being declared.
fn is_djangos(algorithm: &str) -> bool {
    let taken = CustomHashers::default().alias(algorithm, "md5");
    matches!(taken, Err(CustomHasherError::BuiltInName { .. }))
}

impl DjangoFacts {
    /// The table, where the database has it.
    pub fn user_table(&self, survey: &Survey) -> Option<UserTableCandidate> {
        let (position, _) = survey
            .tables
            .iter()
            .enumerate()
            .find(|(_, table)| table.name == self.table || table.shown() == self.table)?;
        let password = self.columns.get("password").cloned()?;
        let why = format!("AUTH_USER_MODEL is {}", self.user_model);
        Some(UserTableCandidate::told(position, password, why))
    }
}

impl Draft {
    /// Puts the project's own answers in the place of guesses.
    pub fn told(mut self, facts: &DjangoFacts) -> Draft {
        let names = facts.login.iter().map(|name| quoted(name));
        let login = format!("[{}]", names.collect::<Vec<_>>().join(", "));
        let why = "What USERNAME_FIELD and AUTHENTICATION_BACKENDS take at sign-in.";
        self.tell("legacy", "login", login, why);
        for field in Columns::FIELDS {
            let Some(column) = facts.columns.get(*field) else {
                continue;
            };
            match column == field {
                // A guess at another column would be wrong.
                true => self.forget("legacy.columns", field),
                false => {
                    let why = format!("The column of {field} in {}.", facts.user_model);
                    self.tell("legacy.columns", field, quoted(column), why);
                }
            }
        }
        for hasher in &facts.hashers {
            self.told_hasher(hasher);
        }
        for backend in &facts.backends {
            self.notes.push(format!(
                "LOOK AT THIS: AUTHENTICATION_BACKENDS has {backend}, of which nothing is known here: \
                 whom it lets in beside ModelBackend's answer, Cutover does not."
            ));
        }
        if !facts.elsewhere.is_empty() {
            self.notes.push(format!(
                "{} inherits: {} are in another table; [legacy.joins] reaches them.",
                facts.user_model,
                facts.elsewhere.join(", ")
            ));
        }
        self
    }

    fn told_hasher(&mut self, hasher: &ToldHasher) {
        let (algorithm, path) = (hasher.algorithm.as_str(), &hasher.path);
        match &hasher.base {
            Some(base) if hasher.overrides.is_empty() && base == algorithm => {}
            Some(base) if hasher.overrides.is_empty() => {
                let why = format!("{path} is Django's {base} under another name, or of another cost.");
                self.tell("hashers", algorithm, quoted(base), why);
            }
            // The database's hashes showed how to check it; or Django had it once and dropped it.
            None if self.has("hashers", algorithm) || is_djangos(algorithm) => {}
            Some(_) if self.has("hashers", algorithm) => {}
            Some(base) => self.notes.push(format!(
                "LOOK AT THIS: PASSWORD_HASHERS has {path} (`{algorithm}$…`), a subclass of Django's \
                 {base} that changes {}: if it wraps older hashes, declare it under [hashers] with \
                 outer and inner; and try it with a canary.",
                hasher.overrides.join(", ")
            )),
            None => self.notes.push(format!(
                "LOOK AT THIS: PASSWORD_HASHERS has {path} (`{algorithm}$…`), none of Django's: its \
                 people cannot be checked until [hashers] says how."
            )),
        }
    }

    fn has(&self, section: &str, key: &str) -> bool {
        let is_it = |choice: &Choice| choice.section == section && choice.key == key;
        self.choices.iter().any(is_it)
    }

    fn forget(&mut self, section: &str, key: &str) {
        self.choices
            .retain(|choice| choice.section != section || choice.key != key);
    }

    fn tell(&mut self, section: &'static str, key: &str, value: String, why: impl Into<String>) {
        let told = Choice {
            section,
            key: key.to_owned(),
            options: vec![Choosable {
                value,
                why: why.into(),
            }],
            unsure: false,
        };
        let mut places = self.choices.iter_mut();
        match places.find(|choice| choice.section == section && choice.key == key) {
            Some(place) => *place = told,
            None => self.choices.push(told),
        }
    }
}
