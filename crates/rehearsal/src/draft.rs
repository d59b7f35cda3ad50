//! A first `cutover.toml` for a database of which nothing is known: each setting with the figure it
//! rests on, and what else it could be. Decides from names, types, references and a sample of rows;
//! reads nothing itself. Called by `cutover init`, which asks an operator where there is a choice.

use std::collections::{BTreeMap, BTreeSet};

use legacy_users::{
    GroupCandidate, Holds, Sample, Survey, SurveyedColumn, SurveyedTable, group_candidates,
};

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

const FIELDS: &[(&str, &[&str])] = &[
    (
        "username",
        &[
            "username",
            "user_name",
            "login",
            "handle",
            "nickname",
            "screen_name",
        ],
    ),
    (
        "email",
        &["email", "email_address", "e_mail", "mail", "delivery_email"],
    ),
    (
        "is_active",
        &["is_active", "active", "is_enabled", "enabled"],
    ),
    (
        "first_name",
        &["first_name", "given_name", "firstname", "forename"],
    ),
    (
        "last_name",
        &["last_name", "family_name", "lastname", "surname"],
    ),
    (
        "last_login",
        &["last_login", "last_login_at", "last_signed_in", "last_seen"],
    ),
    (
        "date_joined",
        &[
            "date_joined",
            "joined_at",
            "created_at",
            "created",
            "date_created",
            "registered_at",
        ],
    ),
    ("is_staff", &["is_staff", "staff"]),
    ("is_superuser", &["is_superuser", "superuser", "is_admin"]),
    (
        "phone_number",
        &[
            "phone_number",
            "phone",
            "mobile",
            "mobile_number",
            "telephone",
        ],
    ),
];

/// Flags of rows that are nobody who signs in, with whether true means so.
const NOBODY_IF_TRUE: &[&str] = &[
    "is_bot",
    "bot",
    "is_deleted",
    "deleted",
    "is_removed",
    "is_system",
    "is_service",
];
/// Flags of people who may not sign in.
const INACTIVE_IF_TRUE: &[&str] = &[
    "is_disabled",
    "disabled",
    "is_banned",
    "banned",
    "is_blocked",
    "blocked",
    "is_suspended",
    "suspended",
];
const NOBODY_IF_SET: &[&str] = &["deleted_at", "deleted_on", "removed_at", "date_deleted"];

/// Columns that say an e-mail was verified: a flag, or the moment.
const VERIFIED_FLAGS: &[&str] = &[
    "email_verified",
    "is_email_verified",
    "email_confirmed",
    "is_email_confirmed",
    "email_is_verified",
];
const VERIFIED_MOMENTS: &[&str] = &[
    "email_verified_at",
    "email_confirmed_at",
    "email_verified_on",
    "confirmed_at",
    "verified_at",
];

/// Columns that hold a whole name.
const WHOLE_NAMES: &[&str] = &["full_name", "name", "display_name", "fullname"];

/// Columns of a profile, with the attributes that they become.
const PROFILE_NAMES: &[(&str, &str)] = &[
    ("first_name", "given_name"),
    ("last_name", "family_name"),
    ("full_name", "name"),
    ("name", "name"),
];

/// Columns that stored passwords are kept in.
const PASSWORDS: &[&str] = &[
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

fn password_column(table: &SurveyedTable) -> Option<&SurveyedColumn> {
    PASSWORDS
        .iter()
        .find_map(|name| table.column(name))
        .filter(|column| column.holds == Holds::Text)
}

impl Draft {
    /// The settings for this user table. `url` is as it may stand in the file: `None` when it holds a
    /// password. `rows` counts the tables of [`group_tables`].
    pub fn of(
        survey: &Survey,
        candidate: &UserTableCandidate,
        sample: &Sample,
        rows: &BTreeMap<usize, u64>,
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
            rows,
            choices: Vec::new(),
            sources: Vec::new(),
            notes: Vec::new(),
            fields: BTreeMap::new(),
        };
        writer.database(url, candidate);
        writer.columns(candidate);
        writer.login();
        writer.email_verified();
        writer.rows_that_are_nobody();
        writer.unknown_passwords();
        writer.inactive_flag();
        writer.profile();
        writer.attributes();
        writer.groups();
        writer.hashers(&candidate.password);
        writer.neighbours();
        Draft {
            choices: writer.choices,
            sources: writer.sources,
            notes: writer.notes,
        }
    }

    /// The file, with each setting's first option.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# Written by `cutover init` from what the database shows. Read it once: each line says what\n\
             # it rests on. `cutover inspect` checks it against all rows.\n",
        );
        for section in [
            "legacy",
            "legacy.columns",
            "legacy.joins.profile",
            "attributes",
            "groups",
            "groups.source",
            "hashers",
        ] {
            if section == "groups.source" {
                for source in &self.sources {
                    text.push_str(&source.to_toml());
                }
            }
            let mut lines = Vec::new();
            for choice in self
                .choices
                .iter()
                .filter(|choice| choice.section == section)
            {
                let Some(chosen) = choice.options.first() else {
                    continue;
                };
                let doubt = if choice.unsure { "LOOK AT THIS: " } else { "" };
                for part in wrap(&format!("{doubt}{}", chosen.why)) {
                    lines.push(format!("# {part}"));
                }
                if !chosen.value.is_empty() {
                    lines.push(format!("{} = {}", choice.key, chosen.value));
                }
            }
            if !lines.is_empty() {
                text.push_str(&format!("\n[{section}]\n{}\n", lines.join("\n")));
            }
        }
        if !self.notes.is_empty() {
            text.push('\n');
            for note in &self.notes {
                for part in wrap(note) {
                    text.push_str(&format!("# {part}\n"));
                }
            }
        }
        text
    }
}

impl GroupLines {
    fn to_toml(&self) -> String {
        let mut text = String::from("\n[[groups.source]]\n");
        for part in wrap(&self.why) {
            text.push_str(&format!("# {part}\n"));
        }
        for (key, value) in &self.lines {
            text.push_str(&format!("{key} = {}\n", quoted(value)));
        }
        text
    }
}

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

struct Writer<'a> {
    survey: &'a Survey,
    table: &'a SurveyedTable,
    sample: &'a Sample,
    /// How many rows other tables have, by where they stand in the survey.
    rows: &'a BTreeMap<usize, u64>,
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

    fn database(&mut self, url: Option<&str>, candidate: &UserTableCandidate) {
        match url {
            Some(url) => self.sure(
                "legacy",
                "url",
                quoted(url),
                "CUTOVER_LEGACY_URL overrides it.",
            ),
            None => self.sure(
                "legacy",
                "url",
                "",
                "The URL holds a password: keep it in the environment as CUTOVER_LEGACY_URL.",
            ),
        }
        let shown = self.table.shown();
        self.sure(
            "legacy",
            "user_table",
            quoted(&shown),
            format!("{}.", candidate.why),
        );
    }

    fn columns(&mut self, candidate: &UserTableCandidate) {
        match self.table.columns.iter().find(|column| column.is_key) {
            Some(key) if key.name != "id" => {
                self.sure(
                    "legacy.columns",
                    "id",
                    quoted(&key.name),
                    "The primary key.",
                );
            }
            Some(_) => {}
            None => {
                let unique: Vec<_> = self
                    .table
                    .columns
                    .iter()
                    .filter(|column| self.is_unique_in_fact(column))
                    .collect();
                let options = unique.iter().map(|column| Choosable {
                    value: quoted(&column.name),
                    why: "No primary key is known (a view?); every value looked at is there once."
                        .to_owned(),
                });
                let options: Vec<_> = options
                    .filter(|option| option.value != "\"id\"" || unique.len() > 1)
                    .collect();
                if !options.is_empty() {
                    self.choice("legacy.columns", "id", options, true);
                }
            }
        }
        if candidate.password != "password" {
            self.sure(
                "legacy.columns",
                "password",
                quoted(&candidate.password),
                "Its values have the form of stored hashes.",
            );
        }
        let table = self.table;
        for (field, names) in FIELDS {
            let Some(column) = names.iter().find_map(|name| table.column(name)) else {
                continue;
            };
            let fits = match *field {
                "is_active" | "is_staff" | "is_superuser" => {
                    column.holds == Holds::Booleans || self.is_zero_or_one(column)
                }
                "last_login" | "date_joined" => column.holds == Holds::Moments,
                _ => column.holds == Holds::Text,
            };
            if !fits {
                continue;
            }
            if *field == "phone_number" && self.share(column, is_phone) < 0.9 {
                self.notes.push(format!(
                    "Column {} looks like phone numbers, but fewer than nine in ten have the form +4915112345678, which Cognito needs: not mapped.",
                    column.name
                ));
                continue;
            }
            self.fields.insert(field, column);
            if column.name != *field {
                let why = format!("Taken for Django's {field} by its name and type.");
                self.sure("legacy.columns", field, quoted(&column.name), why);
            }
        }
    }

    fn login(&mut self) {
        let username = self.fields.get("username").copied();
        let email = self.fields.get("email").copied();
        let random = username.is_some_and(|column| self.share(column, looks_random) > 0.5);
        let usable_email =
            email.filter(|column| column.is_unique || self.is_unique_in_fact(column));
        let by_username = Choosable {
            value: "[\"username\"]".to_owned(),
            why: match username {
                Some(column) if column.is_unique => {
                    "People sign in by username: its column is unique.".to_owned()
                }
                _ => "People sign in by username.".to_owned(),
            },
        };
        let by_email = Choosable {
            value: "[\"email\"]".to_owned(),
            why: format!(
                "People sign in by e-mail: {}. The pool needs e-mail as username attribute.",
                match (username, random) {
                    (None, _) => "there is no username",
                    (_, true) => "usernames look made by a program",
                    _ => "its column is unique",
                }
            ),
        };
        let by_both = Choosable {
            value: "[\"username\", \"email\"]".to_owned(),
            why: "Either name may be typed. The pool needs e-mail as alias, and only verified e-mails work there.".to_owned(),
        };
        let allauth = self.other_table("account_emailaddress").is_some();
        let shared = username.filter(|column| !column.is_unique && !self.is_unique_in_fact(column));
        if let Some(username) = shared {
            self.login_without_unique_username(
                username,
                usable_email.is_some().then_some(by_email),
            );
            return;
        }
        let (options, unsure) = match (username, usable_email) {
            (None, _) => (vec![by_email], usable_email.is_none()),
            (Some(_), Some(_)) if random => (vec![by_email, by_username, by_both], true),
            (Some(_), Some(_)) if allauth => (vec![by_both, by_username, by_email], true),
            (Some(_), Some(_)) => (vec![by_username, by_both, by_email], true),
            (Some(_), None) => (vec![by_username], false),
        };
        self.choice("legacy", "login", options, unsure);
    }

    /// Usernames that several rows share: unique within a tenant, perhaps, or no sign-in name at all.
    fn login_without_unique_username(
        &mut self,
        username: &SurveyedColumn,
        by_email: Option<Choosable>,
    ) {
        let others = self.table.columns.iter().filter(|column| {
            column.holds == Holds::Text
                && column.is_unique
                && !PASSWORDS.contains(&column.name.as_str())
                && !FIELDS
                    .iter()
                    .any(|(_, names)| names.contains(&column.name.as_str()))
        });
        let mut options: Vec<Choosable> = others
            .map(|column| Choosable {
                value: format!("[{}]", quoted(&column.name)),
                why: format!(
                    "Several rows share a {}; {} is unique.",
                    username.name, column.name
                ),
            })
            .collect();
        options.extend(by_email);
        options.push(Choosable {
            value: "[\"username\"]".to_owned(),
            why: format!(
                "Several rows share a {}: whoever does cannot be told apart.",
                username.name
            ),
        });
        self.choice("legacy", "login", options, true);
    }

    fn email_verified(&mut self) {
        let never = Choosable {
            value: "\"never\"".to_owned(),
            why: "Nothing here says which e-mails were verified. Nobody can reset a password by an unverified one.".to_owned(),
        };
        let always = Choosable {
            value: "\"always\"".to_owned(),
            why: "Every e-mail counts as verified: true only where nobody gets in without confirming theirs.".to_owned(),
        };
        let mut options = Vec::new();
        if self
            .other_table("account_emailaddress")
            .is_some_and(|table| table.column("verified").is_some())
        {
            options.push(Choosable {
                value: "\"allauth\"".to_owned(),
                why: "django-allauth keeps which addresses were verified (account_emailaddress)."
                    .to_owned(),
            });
        }
        for name in VERIFIED_FLAGS {
            if let Some(column) = self.table.column(name)
                && (column.holds == Holds::Booleans || self.is_zero_or_one(column))
            {
                let share = self.share(column, |value| matches!(value, "true" | "1"));
                options.push(Choosable {
                    value: quoted(&format!("column:{}", column.name)),
                    why: format!("Column {}: true for {}.", column.name, percent(share)),
                });
            }
        }
        for name in VERIFIED_MOMENTS {
            let moments = self.table.column(name);
            if let Some(column) = moments.filter(|column| column.holds == Holds::Moments) {
                options.push(Choosable {
                    value: quoted(&format!("notnull:{}", column.name)),
                    why: format!(
                        "Column {} holds when an e-mail was verified: it is set for {}.",
                        column.name,
                        percent(self.filled(column))
                    ),
                });
            }
        }
        let unsure = options.is_empty();
        options.push(never);
        options.push(always);
        self.choice("legacy", "email_verified", options, unsure);
    }

    /// Rows that nobody signs in as: bots, the deleted, django-guardian's anonymous one.
    fn rows_that_are_nobody(&mut self) {
        let mut conditions = Vec::new();
        let mut reasons = Vec::new();
        for name in NOBODY_IF_TRUE {
            if let Some(column) = self.table.column(name)
                && (column.holds == Holds::Booleans || self.is_zero_or_one(column))
            {
                let yes = match column.holds {
                    Holds::Booleans => "true",
                    _ => "1",
                };
                conditions.push(format!("{} != {yes}", column.name));
                let share = self.share(column, |value| matches!(value, "true" | "1"));
                reasons.push(format!("{} is true for {}", column.name, percent(share)));
            }
        }
        for name in NOBODY_IF_SET {
            let moments = self.table.column(name);
            if let Some(column) = moments.filter(|column| column.holds == Holds::Moments) {
                conditions.push(format!("{} is null", column.name));
                reasons.push(format!(
                    "{} is set for {}",
                    column.name,
                    percent(self.filled(column))
                ));
            }
        }
        if let (Some(column), true) = (
            self.fields.get("username"),
            self.other_table("guardian_userobjectpermission").is_some(),
        ) {
            conditions.push(format!("{} != 'AnonymousUser'", column.name));
            reasons.push("django-guardian keeps a row for nobody".to_owned());
        }
        if conditions.is_empty() {
            return;
        }
        let without = Choosable {
            value: quoted(&conditions.join(" and ")),
            why: format!(
                "Rows that are nobody who signs in are left out: {}.",
                reasons.join("; ")
            ),
        };
        let with = Choosable {
            value: String::new(),
            why: "Every row is moved.".to_owned(),
        };
        self.choice("legacy", "where", vec![without, with], true);
    }

    /// Passwords that the app made up at a sign-up by another service.
    fn unknown_passwords(&mut self) {
        for (name, flag) in [
            ("is_password_autoset", "is_password_autoset"),
            ("password_autoset", "password_autoset"),
            ("is_random_password", "is_random_password"),
            ("has_usable_password", "not:has_usable_password"),
        ] {
            let column = self.table.column(name);
            let Some(column) = column.filter(|column| column.holds == Holds::Booleans) else {
                continue;
            };
            let share = self.share(column, |value| matches!(value, "true" | "1"));
            let why = format!(
                "Nobody knows a password that the app has set by itself: {name} is true for {}.",
                percent(share)
            );
            self.sure("legacy", "unusable_password", quoted(flag), why);
            return;
        }
    }

    /// A flag that says who may not sign in, where none says who may.
    fn inactive_flag(&mut self) {
        if self.fields.contains_key("is_active") {
            return;
        }
        for name in INACTIVE_IF_TRUE {
            let column = self.table.column(name);
            let Some(column) = column.filter(|column| column.holds == Holds::Booleans) else {
                continue;
            };
            let share = self.share(column, |value| matches!(value, "true" | "1"));
            let why = format!("{name} is true for {}: they are inactive.", percent(share));
            self.sure(
                "legacy.columns",
                "is_active",
                quoted(&format!("not:{name}")),
                why,
            );
            return;
        }
    }

    fn attributes(&mut self) {
        if self.fields.contains_key("email") {
            self.sure(
                "attributes",
                "email",
                quoted("email"),
                "For messages, such as password resets.",
            );
        }
        for (attribute, field) in [
            ("given_name", "first_name"),
            ("family_name", "last_name"),
            ("phone_number", "phone_number"),
        ] {
            if self.fields.contains_key(field) {
                self.sure(
                    "attributes",
                    attribute,
                    quoted(field),
                    "Leave out what no app client needs.",
                );
            }
        }
        let named = self.fields.contains_key("first_name");
        if let Some(column) = WHOLE_NAMES
            .iter()
            .find_map(|name| self.table.column(name))
            .filter(|_| !named)
        {
            self.sure(
                "attributes",
                "name",
                quoted(&column.name),
                "Leave out what no app client needs.",
            );
        }
        self.sure(
            "attributes",
            "\"custom:legacy_id\"",
            quoted("id"),
            "Which Django row somebody is: groups, reconciliation and your foreign keys need it. No app client may write it.",
        );
    }

    /// Names in a table that has one row for a user, where the user table has none.
    fn profile(&mut self) {
        let names = ["first_name", "last_name"];
        let has_names = names.iter().any(|field| self.fields.contains_key(field))
            || WHOLE_NAMES
                .iter()
                .any(|name| self.table.column(name).is_some());
        if has_names {
            return;
        }
        let found = self.survey.tables.iter().find_map(|table| {
            let mut columns = table.columns.iter();
            let on = columns.find(|column| {
                let target = column.refers_to.as_ref();
                let is_users = target.is_some_and(|target| {
                    target.table == self.table.name && target.schema == self.table.schema
                });
                is_users && column.is_unique
            })?;
            let mut named = PROFILE_NAMES.iter().filter(|(column, _)| {
                let found = table.column(column);
                found.is_some_and(|column| column.holds == Holds::Text)
            });
            named.next()?;
            Some((table, on))
        });
        let Some((table, on)) = found else { return };
        let mut attributes = BTreeSet::new();
        let columns: Vec<_> = PROFILE_NAMES
            .iter()
            .filter(|(column, _)| table.column(column).is_some())
            .filter(|(_, attribute)| attributes.insert(*attribute))
            .collect();
        let section = "legacy.joins.profile";
        let why = format!("{} has one row for a user, and their names.", table.shown());
        self.sure(section, "table", quoted(&table.shown()), why);
        self.sure(
            section,
            "on",
            quoted(&on.name),
            "Unique, and refers to the user.",
        );
        let list: Vec<String> = columns.iter().map(|(column, _)| quoted(column)).collect();
        let why = "Referred to as profile.COLUMN.";
        self.sure(section, "columns", format!("[{}]", list.join(", ")), why);
        for (column, attribute) in columns {
            let value = quoted(&format!("profile.{column}"));
            self.sure(
                "attributes",
                attribute,
                value,
                "Leave out what no app client needs.",
            );
        }
    }

    fn groups(&mut self) {
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
    fn role_column(&mut self, beside_others: bool) {
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

    fn hashers(&mut self, password: &str) {
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for value in values(self.sample, password) {
            let word = value.split('$').next().unwrap_or_default();
            let own = [
                "pbkdf2_sha256",
                "pbkdf2_sha1",
                "argon2",
                "bcrypt",
                "bcrypt_sha256",
                "scrypt",
                "md5",
                "sha1",
                "unsalted_md5",
                "unsalted_sha1",
                "crypt",
            ];
            if !value.starts_with('!') && value.contains('$') && !own.contains(&word) {
                let named = if word.is_empty() { "a bare hash" } else { word };
                *unknown.entry(named.chars().take(40).collect()).or_default() += 1;
            }
        }
        for (name, count) in unknown {
            self.notes.push(format!(
                "{count} of {} passwords looked at begin with {name}, which Django's own hashers do not write: declare it under [hashers]; `cutover inspect` prints the line.",
                values(self.sample, password).len()
            ));
        }
    }

    fn neighbours(&mut self) {
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

    fn other_table(&self, name: &str) -> Option<&SurveyedTable> {
        self.survey
            .tables
            .iter()
            .find(|table| table.name == name && table.schema == self.table.schema)
    }

    fn is_unique_in_fact(&self, column: &SurveyedColumn) -> bool {
        let values = values(self.sample, &column.name);
        let filled: Vec<String> = values
            .iter()
            .filter(|value| !value.is_empty())
            .map(|value| value.to_lowercase())
            .collect();
        let distinct: BTreeSet<&String> = filled.iter().collect();
        !filled.is_empty()
            && distinct.len() == filled.len()
            && filled.len() * 10 >= values.len() * 9
    }

    fn is_zero_or_one(&self, column: &SurveyedColumn) -> bool {
        column.holds == Holds::Integers
            && self.share(column, |value| matches!(value, "0" | "1")) == 1.0
    }

    /// Of the values that are not null, the share for which this holds.
    fn share(&self, column: &SurveyedColumn, holds: impl Fn(&str) -> bool) -> f64 {
        let values = values(self.sample, &column.name);
        let count = values.iter().filter(|value| holds(value)).count();
        ratio(count, values.len())
    }

    fn filled(&self, column: &SurveyedColumn) -> f64 {
        let all = self.sample.values.get(&column.name).map_or(0, Vec::len);
        ratio(values(self.sample, &column.name).len(), all)
    }
}

fn values<'a>(sample: &'a Sample, column: &str) -> Vec<&'a str> {
    let values = sample.values.get(column).map_or(&[][..], Vec::as_slice);
    values.iter().flatten().map(String::as_str).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "at most two thousand rows are counted"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} % of the rows looked at", share * 100.0)
}

/// A stored hash has a `$` and some length; an unusable password begins with `!`.
fn looks_hashed(value: &str) -> bool {
    value.starts_with('!')
        || (value.contains('$') && value.len() >= 20)
        || (value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// UUIDs, and long runs of letters and digits that nobody chose.
fn looks_random(value: &str) -> bool {
    let hex = value
        .bytes()
        .filter(|b| b.is_ascii_hexdigit() || *b == b'-')
        .count()
        == value.len();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (hex && value.len() >= 24)
        || (value.len() >= 20 && digits >= 4 && !value.contains(['@', '.', '_']))
}

fn is_phone(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn quoted(text: &str) -> String {
    // JSON's quoting is TOML's for basic strings.
    serde_json::Value::from(text).to_string()
}

/// Words of a comment in lines of at most 96 characters.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 96 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
