//! A first `cutover.toml` for a database of which nothing is known: each setting with the figure it
//! rests on, and what else it could be. Decides from names, types, references and a sample of rows;
//! reads nothing itself. Called by `cutover init`, which asks an operator where there is a choice.

use std::collections::{BTreeMap, BTreeSet};

use legacy_users::{Holds, Sample, Survey, SurveyedColumn, SurveyedTable};

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
    /// What to look at, beside the settings.
    pub notes: Vec<String>,
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
    /// password.
    pub fn of(
        survey: &Survey,
        candidate: &UserTableCandidate,
        sample: &Sample,
        url: Option<&str>,
    ) -> Draft {
        let Some(table) = survey.tables.get(candidate.position) else {
            return Draft {
                choices: Vec::new(),
                notes: Vec::new(),
            };
        };
        let mut writer = Writer {
            survey,
            table,
            sample,
            choices: Vec::new(),
            notes: Vec::new(),
            fields: BTreeMap::new(),
        };
        writer.database(url, candidate);
        writer.columns(candidate);
        writer.login();
        writer.email_verified();
        writer.rows_that_are_nobody();
        writer.attributes();
        writer.groups();
        writer.hashers(&candidate.password);
        writer.neighbours();
        Draft {
            choices: writer.choices,
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
            "attributes",
            "groups",
            "hashers",
        ] {
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

struct Writer<'a> {
    survey: &'a Survey,
    table: &'a SurveyedTable,
    sample: &'a Sample,
    choices: Vec<Choice>,
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
                let share = percent(self.filled(column));
                let name = &column.name;
                self.notes.push(format!(
                    "Column {name} holds when an e-mail was verified: it is set for {share}. A view with \
                     a boolean ({name} IS NOT NULL) can be named as user_table, and that column as \
                     email_verified = \"column:NAME\"."
                ));
            }
        }
        let unsure = options.is_empty();
        options.push(never);
        options.push(always);
        self.choice("legacy", "email_verified", options, unsure);
    }

    fn rows_that_are_nobody(&mut self) {
        let mut conditions = Vec::new();
        let mut reasons = Vec::new();
        for name in NOBODY_IF_TRUE {
            if let Some(column) = self.table.column(name)
                && (column.holds == Holds::Booleans || self.is_zero_or_one(column))
            {
                conditions.push(format!("NOT {}", column.name));
                let share = self.share(column, |value| matches!(value, "true" | "1"));
                reasons.push(format!("{} is true for {}", column.name, percent(share)));
            }
        }
        for name in NOBODY_IF_SET {
            if let Some(column) = self
                .table
                .column(name)
                .filter(|column| column.holds == Holds::Moments)
            {
                conditions.push(format!("{} IS NULL", column.name));
                reasons.push(format!(
                    "{} is set for {}",
                    column.name,
                    percent(self.filled(column))
                ));
            }
        }
        if self.other_table("guardian_userobjectpermission").is_some()
            && self.fields.contains_key("username")
        {
            let name = &self.fields["username"].name;
            conditions.push(format!("{name} <> 'AnonymousUser'"));
            reasons.push("django-guardian keeps a row for nobody".to_owned());
        }
        if !conditions.is_empty() {
            self.notes.push(format!(
                "LOOK AT THIS: some rows are nobody who signs in, and are moved all the same: {}. Leave \
                 them out by a view (WHERE {}) named as user_table.",
                reasons.join("; "),
                conditions.join(" AND ")
            ));
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
        let whole = ["full_name", "name", "display_name", "fullname"];
        let named = self.fields.contains_key("first_name");
        if let Some(column) = whole
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

    fn groups(&mut self) {
        let expected = format!("{}_groups", self.table.name);
        let mut found = Vec::new();
        for table in &self.survey.tables {
            let refers = |column: &&SurveyedColumn, to: &SurveyedTable| {
                column
                    .refers_to
                    .as_ref()
                    .is_some_and(|target| target.table == to.name && target.schema == to.schema)
            };
            let own = table
                .columns
                .iter()
                .filter(|column| refers(column, self.table));
            let others = table
                .columns
                .iter()
                .filter(|column| column.refers_to.is_some() && !refers(column, self.table));
            let (own, others): (Vec<_>, Vec<_>) = (own.collect(), others.collect());
            let ([_], [group]) = (&own[..], &others[..]) else {
                continue;
            };
            let Some(target) = group.refers_to.as_ref() else {
                continue;
            };
            let target = self
                .survey
                .tables
                .iter()
                .find(|table| table.name == target.table && table.schema == target.schema);
            let Some(target) = target else { continue };
            let is_group = ["group", "role", "team"]
                .iter()
                .any(|word| target.name.to_ascii_lowercase().contains(word));
            let Some(name) = ["name", "title", "slug"]
                .iter()
                .find_map(|name| target.column(name))
            else {
                continue;
            };
            if is_group && target.name != self.table.name {
                found.push((table, target, name.name.as_str()));
            }
        }
        let usual = found.iter().find(|(table, ..)| table.name == expected);
        let why = match usual {
            Some((_, target, name)) if target.name != "auth_group" => {
                format!(
                    "Groups of {} become Cognito groups, by {name}.",
                    target.name
                )
            }
            Some(_) => "Django groups become Cognito groups.".to_owned(),
            None => "No table of users and groups was found.".to_owned(),
        };
        self.sure("groups", "carry", "true", why);
        for (table, target, _) in found.iter().filter(|(table, ..)| table.name != expected) {
            self.notes.push(format!(
                "{} says who is in which {}: not carried, unless it is named as user_groups_table.",
                table.name, target.name
            ));
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
