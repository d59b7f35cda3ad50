//! The user table as configured and as it is: which column is which field, found once in the
//! catalog, and the reading of its rows into `LegacyUser`. Called by login, legacy_database and
//! table_facts; runs no statement of its own but the catalog's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use django_password::EncodedPassword;
use migration_model::{
    AttributeSource, Condition, EmailVerifiedRule, ExcludedNames, Flag, Legacy, LegacyId,
    LegacyUser, LoginColumn, NamePart, NameTemplate, PhoneVerifiedRule, UserMapping,
};

use crate::account_emails::AccountEmails;
use crate::catalog::{Table, nearest_table, read_tables};
use crate::column::{Column, ColumnKind, is_true, parse_moment};
use crate::composed_name::{ComposedName, Part};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::group_sources::GroupSources;
use crate::indexes::Indexes;
use crate::joined::{self, Joined};
use crate::key::Key;
use crate::links;
use crate::query::{Query, TextRow};
use crate::rule::{self, Rule};
use crate::social_accounts::{self, SocialAccounts};
use crate::table_name::TableName;

/// What the configuration says about the legacy tables, checked as far as it can be without
/// looking at them.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) legacy: Legacy,
    pub(crate) mapping: UserMapping,
    pub(crate) users: TableName,
    pub(crate) memberships: TableName,
    pub(crate) links: Option<TableName>,
}

const USER_TABLE: &str = "[legacy] user_table";
const MEMBERS_TABLE: &str = "[groups] members_table";
const USER_GROUPS_TABLE: &str = "[legacy] user_groups_table";
const ALLAUTH: &str = "[legacy] email_verified = \"allauth\"";

impl Wanted {
    pub(crate) fn new(legacy: &Legacy, mapping: &UserMapping) -> Result<Wanted, LegacyError> {
        let users = TableName::parse(&legacy.user_table, USER_TABLE)?;
        let named = legacy.group_sources.first();
        let named = named.and_then(|source| source.members_table.as_ref());
        let memberships = match named {
            Some(name) => TableName::parse(name, members_setting(legacy))?.beside(&users),
            // Django's name of the many-to-many table of `PermissionsMixin.groups`.
            None => users.sibling(format!("{}_groups", users.name)),
        };
        let links = legacy.links_table.as_deref();
        let links = links.map(|name| TableName::parse(name, links::SETTING));
        Ok(Wanted {
            links: links.transpose()?.map(|name| name.beside(&users)),
            legacy: legacy.clone(),
            mapping: mapping.clone(),
            users,
            memberships,
        })
    }

    /// Whether anything is made of the users' groups.
    pub(crate) fn wants_groups(&self) -> bool {
        let mut sources = self.mapping.attributes.iter().map(|(_, source)| source);
        self.mapping.groups.carry || sources.any(|source| *source == AttributeSource::Groups)
    }
}

/// The key that names the table of memberships; the older one means the same.
fn members_setting(legacy: &Legacy) -> &'static str {
    match legacy.user_groups_table {
        Some(_) => USER_GROUPS_TABLE,
        None => MEMBERS_TABLE,
    }
}

/// A field of the user model that may be absent, as position in the select list.
type Field = Option<usize>;

/// Where a flag stands in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FlagField {
    /// A column that means it.
    Column(usize),
    /// A column that means the opposite.
    Not(usize),
    /// A rule, by its number; its answers follow the columns.
    Rule(usize),
}

/// Where the value of a mapped attribute stands in a row.
#[derive(Clone, Copy, Debug)]
enum Mapped {
    Column(usize),
    Flag(FlagField),
    /// The username that is put together.
    Username,
}

/// Among whom somebody is looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Among {
    /// The people to be moved: whom `[legacy] where` leaves out is nobody.
    Included,
    /// Every row.
    Everybody,
}

/// The user table with everything that belongs to it.
#[derive(Debug)]
pub(crate) struct UserTable {
    pub(crate) dialect: Dialect,
    pub(crate) name: TableName,
    pub(crate) key: Key,
    pub(crate) indexes: Indexes,
    /// The columns one may sign in with, in the configured order.
    pub(crate) logins: Vec<(LoginColumn, usize)>,
    pub(crate) groups: GroupSources,
    pub(crate) account_emails: Option<AccountEmails>,
    pub(crate) joined: Joined,
    pub(crate) email_rule: EmailVerifiedRule,
    pub(crate) phone_rule: PhoneVerifiedRule,
    pub(crate) fields: Fields,
    /// What is selected; the first is the key.
    pub(crate) columns: Vec<Column>,
    /// What is asked of each row beside: one column more for each.
    rules: Vec<Rule>,
    /// `[legacy] where`.
    pub(crate) included: Option<Rule>,
    pub(crate) excluded_names: ExcludedNames,
}

#[derive(Debug, Default)]
pub(crate) struct Fields {
    username: Field,
    /// A username that is no column's.
    pub(crate) composed: Option<ComposedName>,
    pub(crate) email: Field,
    phone_number: Field,
    password: usize,
    pub(crate) is_active: Option<FlagField>,
    is_staff: Option<FlagField>,
    is_superuser: Option<FlagField>,
    last_login: Field,
    date_joined: Field,
    email_verified: Option<FlagField>,
    phone_verified: Option<FlagField>,
    unusable_password: Option<FlagField>,
    /// `[attributes]` columns by the name used there.
    mapped: Vec<(String, Mapped)>,
    /// Flags that are columns, whose values are to be looked at: the setting and the column.
    pub(crate) flag_columns: Vec<(String, usize)>,
    /// Those of them that mean the opposite.
    pub(crate) negated: Vec<usize>,
}

/// Looks the tables up and checks that everything configured is there.
pub(crate) async fn find(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    wanted: &Wanted,
) -> Result<UserTable, LegacyError> {
    let account_emails = AccountEmails::table_name(&wanted.users);
    let mut names = vec![
        wanted.users.clone(),
        wanted.memberships.clone(),
        account_emails.clone(),
    ];
    let joins = joined::table_names(&wanted.legacy.joins, &wanted.users)?;
    names.extend(joins.iter().cloned());
    let mut tables = read_tables(session, dialect, &names).await?.into_iter();
    let mut next = || tables.next().flatten();
    let (users, memberships, emails) = (next(), next(), next());
    let mut beside = Vec::new();
    for (name, join) in joins.into_iter().zip(wanted.legacy.joins.keys()) {
        match next() {
            Some(table) => beside.push((name, table)),
            None => {
                let setting = format!("[legacy.joins.{join}] table");
                return Err(missing_table(session, dialect, &name, &setting).await);
            }
        }
    }
    let Some(users) = users else {
        return Err(missing_table(session, dialect, &wanted.users, USER_TABLE).await);
    };
    let account_emails = match (&wanted.legacy.email_verified, emails) {
        (EmailVerifiedRule::Allauth, Some(table)) => Some(AccountEmails::new(
            dialect,
            account_emails,
            &table,
            ALLAUTH,
        )?),
        (EmailVerifiedRule::Allauth, None) => {
            return Err(missing_table(session, dialect, &account_emails, ALLAUTH).await);
        }
        _ => None,
    };
    let key = key(dialect, wanted, &users)?;
    let joined = Joined::new(
        dialect,
        &wanted.legacy.joins,
        beside,
        (&wanted.users, &users),
        &key.column,
    )?;
    let mut selection = Selection {
        dialect,
        wanted,
        table: &users,
        joined: &joined,
        columns: vec![key.column.clone()],
        rules: Vec::new(),
        flag_columns: Vec::new(),
        negated: Vec::new(),
    };
    let fields = selection.fields()?;
    let logins = selection.logins()?;
    let included = wanted.legacy.included.as_ref();
    let included = included.map(|condition| selection.rule(condition, "[legacy] where"));
    let included = included.transpose()?;
    let (columns, rules) = (selection.columns, selection.rules);
    let groups = match wanted.wants_groups() {
        true => {
            GroupSources::find(
                session,
                dialect,
                &wanted.legacy.group_sources,
                (&wanted.users, &users),
                &key,
                (&wanted.memberships, memberships),
                members_setting(&wanted.legacy),
            )
            .await?
        }
        false => GroupSources::default(),
    };
    Ok(UserTable {
        dialect,
        name: wanted.users.clone(),
        key,
        columns,
        rules,
        included,
        excluded_names: wanted.legacy.excluded_names,
        indexes: users.indexes,
        logins,
        groups,
        account_emails,
        joined,
        email_rule: wanted.legacy.email_verified.clone(),
        phone_rule: wanted.legacy.phone_verified.clone(),
        fields,
    })
}

fn key(dialect: Dialect, wanted: &Wanted, users: &Table) -> Result<Key, LegacyError> {
    let name = wanted.legacy.columns.resolve("id");
    let setting = "[legacy.columns] id";
    let column = users.needed(dialect, name, &wanted.users, setting)?;
    Ok(Key {
        column: column.clone(),
    })
}

/// Looks allauth's table of connected accounts up.
pub(crate) async fn social_accounts(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    wanted: &Wanted,
) -> Result<SocialAccounts, LegacyError> {
    let name = SocialAccounts::table_name(&wanted.users);
    let tables = read_tables(session, dialect, std::slice::from_ref(&name)).await?;
    match tables.into_iter().flatten().next() {
        Some(table) => SocialAccounts::new(dialect, name, &table),
        None => Err(missing_table(session, dialect, &name, social_accounts::SETTING).await),
    }
}

/// The error for a table that the catalog does not show: asks for it once more by a query, which
/// tells a missing table from one that the login may not see.
pub(crate) async fn missing_table(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    name: &TableName,
    setting: &str,
) -> LegacyError {
    let nearest = nearest_table(session, dialect, name, setting == USER_TABLE).await;
    let from = format!("1 FROM {} WHERE 1 = 0", name.quoted(dialect));
    let subject = format!("table `{}`", name.shown());
    let query = Query::select(dialect, "looking for a table", subject, &from);
    match session.rows(query).await {
        Ok(_) | Err(LegacyError::TableMissing { .. }) => LegacyError::TableMissing {
            table: name.shown(),
            setting: setting.to_owned(),
            nearest: nearest.unwrap_or_default(),
        },
        Err(error) => error,
    }
}

/// The columns to be read, each once, while it is found out which they are.
struct Selection<'a> {
    dialect: Dialect,
    wanted: &'a Wanted,
    table: &'a Table,
    joined: &'a Joined,
    columns: Vec<Column>,
    rules: Vec<Rule>,
    flag_columns: Vec<(String, usize)>,
    negated: Vec<usize>,
}

const FLAGS: [&str; 3] = ["is_active", "is_staff", "is_superuser"];

impl Selection<'_> {
    fn fields(&mut self) -> Result<Fields, LegacyError> {
        let mut mapped: Vec<(String, Mapped)> = Vec::new();
        let mapping = &self.wanted.mapping;
        for (attribute, source) in mapping.attributes.iter() {
            if let AttributeSource::Column(name) = source {
                let value = self.mapped(attribute, name)?;
                mapped.push((name.clone(), value));
            }
        }
        let email_verified = match &self.wanted.legacy.email_verified {
            EmailVerifiedRule::Flag(flag) => Some(self.flag(flag, "[legacy] email_verified")?),
            _ => None,
        };
        let phone_verified = match &self.wanted.legacy.phone_verified {
            PhoneVerifiedRule::Column(name) => {
                let flag = Flag::Column(name.clone());
                Some(self.flag(&flag, "[legacy] phone_verified")?)
            }
            _ => None,
        };
        let unusable = self.wanted.legacy.unusable_password.as_ref();
        let unusable = unusable.map(|flag| self.flag(flag, "[legacy] unusable_password"));
        let template = self.wanted.legacy.columns.username_template();
        let composed = template.map(|template| self.composed(template));
        let composed = composed.transpose()?;
        Ok(Fields {
            username: match &composed {
                None => self.optional("username", Meaning::Name)?,
                Some(_) => None,
            },
            composed,
            email: self.optional("email", Meaning::Text)?,
            phone_number: self.optional("phone_number", Meaning::Name)?,
            password: self.password()?,
            is_active: self.optional_flag("is_active")?,
            is_staff: self.optional_flag("is_staff")?,
            is_superuser: self.optional_flag("is_superuser")?,
            last_login: self.optional("last_login", Meaning::Moment)?,
            date_joined: self.optional("date_joined", Meaning::Moment)?,
            email_verified,
            phone_verified,
            unusable_password: unusable.transpose()?,
            mapped,
            flag_columns: std::mem::take(&mut self.flag_columns),
            negated: std::mem::take(&mut self.negated),
        })
    }

    fn mapped(&mut self, attribute: &str, name: &str) -> Result<Mapped, LegacyError> {
        let setting = format!("[attributes] {attribute}");
        let columns = &self.wanted.legacy.columns;
        if name == "username" && columns.username_template().is_some() {
            return Ok(Mapped::Username);
        }
        if FLAGS.contains(&name) && columns.is_computed(name) {
            let flag = columns.flag(name);
            return Ok(Mapped::Flag(self.flag(&flag, &setting)?));
        }
        let column = self.column(columns.resolve(name), &setting)?;
        Ok(Mapped::Column(self.columns.position_of(&column)))
    }

    fn composed(&mut self, template: &NameTemplate) -> Result<ComposedName, LegacyError> {
        let parts = template.parts.iter().map(|part| match part {
            NamePart::Text(text) => Ok(Part::Text(text.clone())),
            NamePart::Column(name) => {
                let setting = "[legacy.columns] username";
                let column = self.column(name, setting)?;
                Meaning::Name.check(&column, setting)?;
                Ok(Part::Column(self.columns.position_of(&column)))
            }
        });
        Ok(ComposedName {
            parts: parts.collect::<Result<_, LegacyError>>()?,
        })
    }

    /// The columns that are looked up by themselves; a username that is put together is not.
    fn logins(&mut self) -> Result<Vec<(LoginColumn, usize)>, LegacyError> {
        let is_composed = self.wanted.legacy.columns.username_template().is_some();
        let logins = self.wanted.legacy.login.iter();
        logins
            .filter(|login| !is_composed || **login != LoginColumn::Username)
            .map(|login| {
                let name = match login {
                    LoginColumn::Username => "username",
                    LoginColumn::Email => "email",
                    LoginColumn::PhoneNumber => "phone_number",
                    LoginColumn::Other(name) => name,
                };
                let column = self.own(name, "[legacy] login")?;
                Ok((login.clone(), self.columns.position_of(&column)))
            })
            .collect()
    }

    fn password(&mut self) -> Result<usize, LegacyError> {
        let setting = "[legacy.columns] password";
        let column = self.own("password", setting)?;
        Meaning::Text.check(&column, setting)?;
        Ok(self.columns.position_of(&column))
    }

    /// A field of Django's that the model may lack, unless the file names its column.
    fn optional(&mut self, field: &'static str, meaning: Meaning) -> Result<Field, LegacyError> {
        let columns = &self.wanted.legacy.columns;
        let setting = format!("[legacy.columns] {field}");
        let column = match columns.is_explicit(field) {
            // Whom one e-mail belongs to is asked of the user table.
            true if field == "email" || field == "username" => self.own(field, &setting)?,
            true => self.column(columns.resolve(field), &setting)?,
            false => match self.table.column(self.dialect, field) {
                Some(column) => column.clone(),
                None => return Ok(None),
            },
        };
        meaning.check(&column, &setting)?;
        Ok(Some(self.columns.position_of(&column)))
    }

    fn optional_flag(&mut self, field: &'static str) -> Result<Option<FlagField>, LegacyError> {
        let columns = &self.wanted.legacy.columns;
        let there = self.table.column(self.dialect, field).is_some();
        match columns.is_explicit(field) || there {
            true => self
                .flag(&columns.flag(field), &format!("[legacy.columns] {field}"))
                .map(Some),
            false => Ok(None),
        }
    }

    fn flag(&mut self, flag: &Flag, setting: &str) -> Result<FlagField, LegacyError> {
        let (name, field): (_, fn(usize) -> FlagField) = match flag {
            Flag::Column(name) => (name, FlagField::Column),
            Flag::Not(name) => (name, FlagField::Not),
            Flag::When(condition) => {
                let rule = self.rule(condition, setting)?;
                self.rules.push(rule);
                return Ok(FlagField::Rule(self.rules.len() - 1));
            }
        };
        let column = self.column(name, setting)?;
        Meaning::Flag.check(&column, setting)?;
        let position = self.columns.position_of(&column);
        self.flag_columns.push((setting.to_owned(), position));
        if matches!(flag, Flag::Not(_)) {
            self.negated.push(position);
        }
        Ok(field(position))
    }

    fn rule(&self, condition: &Condition, setting: &str) -> Result<Rule, LegacyError> {
        Rule::new(self.dialect, condition, setting, |name| {
            self.column(name, setting)
        })
    }

    /// A column by its own name, or `JOIN.COLUMN`.
    fn column(&self, name: &str, setting: &str) -> Result<Column, LegacyError> {
        if name.contains('.') {
            let joined = self.joined.column(name);
            return joined.cloned().ok_or_else(|| LegacyError::JoinMissing {
                reference: name.to_owned(),
                setting: setting.to_owned(),
            });
        }
        let table = &self.wanted.users;
        Ok(self
            .table
            .needed(self.dialect, name, table, setting)?
            .clone())
    }

    /// A column of the user table itself, by Django's name for it.
    fn own(&self, field: &str, setting: &str) -> Result<Column, LegacyError> {
        let name = self.wanted.legacy.columns.resolve(field);
        if name.contains('.') {
            return Err(LegacyError::JoinNotPossible {
                setting: setting.to_owned(),
            });
        }
        self.column(name, setting)
    }
}

/// What a column is taken for.
#[derive(Clone, Copy, Debug)]
enum Meaning {
    /// Texts that are compared as such.
    Text,
    /// What somebody types.
    Name,
    /// A moment in time.
    Moment,
    /// True or false.
    Flag,
}

impl Meaning {
    /// Whether the column's type can mean it: else it would be read, and be wrong for everybody.
    fn check(self, column: &Column, setting: &str) -> Result<(), LegacyError> {
        let name = &column.name;
        let fits = match (self, column.kind) {
            // An expression in a view of SQLite's has no type, and its values decide.
            (_, ColumnKind::Text) if column.is_untyped() => true,
            (Meaning::Text, kind) => kind == ColumnKind::Text,
            (Meaning::Name, kind) => !matches!(
                kind,
                ColumnKind::Boolean | ColumnKind::Date | ColumnKind::DateTime | ColumnKind::Binary
            ),
            (Meaning::Moment, kind) => matches!(
                kind,
                ColumnKind::Date | ColumnKind::DateTime | ColumnKind::Text
            ),
            (Meaning::Flag, kind) => matches!(kind, ColumnKind::Boolean | ColumnKind::Integer),
        };
        if fits {
            return Ok(());
        }
        let fix = match (self, column.kind) {
            (Meaning::Flag, ColumnKind::Date | ColumnKind::DateTime) => format!(
                "write \"notnull:{name}\" where a moment means yes, \"null:{name}\" where it means no"
            ),
            (Meaning::Flag, ColumnKind::Text) => {
                format!("write which text means yes: \"{name} = 'x'\"")
            }
            (Meaning::Flag, _) => format!("write when it means yes: \"notnull:{name}\""),
            (Meaning::Moment, _) => "name a column of dates, or none".to_owned(),
            (Meaning::Text | Meaning::Name, _) => "name a column of text".to_owned(),
        };
        Err(LegacyError::ColumnMeaning {
            column: name.clone(),
            setting: setting.to_owned(),
            holds: rule::holds(column),
            fix,
        })
    }
}

trait PositionOf {
    fn position_of(&mut self, column: &Column) -> usize;
}

impl PositionOf for Vec<Column> {
    /// Where the column stands in the list; adds it if it does not yet.
    fn position_of(&mut self, column: &Column) -> usize {
        let is_same = |listed: &Column| listed.name == column.name;
        let known = self.iter().position(is_same);
        known.unwrap_or_else(|| {
            self.push(column.clone());
            self.len() - 1
        })
    }
}

impl UserTable {
    /// Adds the columns of [`UserTable::select_users`], each under a name of its own, for a statement
    /// that selects from a selection.
    pub(crate) fn push_named_columns(&self, query: &mut Query) {
        for (number, column) in self.columns.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let text = column.text(self.dialect);
            query.push(&format!("{comma}{text} AS cutover_{number}"));
        }
        for (number, rule) in self.rules.iter().enumerate() {
            query.push(", CASE WHEN ");
            rule.push(query);
            query.push(&format!(" THEN '1' ELSE '0' END AS cutover_rule_{number}"));
        }
    }

    /// `SELECT …all columns, and what each rule says… FROM table`.
    pub(crate) fn select_users(&self, during: &'static str) -> Query {
        let list: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.text(self.dialect))
            .collect();
        let mut query = Query::select(self.dialect, during, self.subject(), &list.join(", "));
        for rule in &self.rules {
            query.push(", CASE WHEN ");
            rule.push(&mut query);
            query.push(" THEN '1' ELSE '0' END");
        }
        query.push(&self.from());
        query
    }

    /// `SELECT key FROM table`.
    pub(crate) fn select_keys(&self, during: &'static str) -> Query {
        let list = self.key.column.text(self.dialect);
        let mut query = Query::select(self.dialect, during, self.subject(), &list);
        query.push(&self.from());
        query
    }

    /// Keeps a statement to the users after this one, so many and in the order of their keys.
    pub(crate) fn page(
        &self,
        mut query: Query,
        after: Option<&LegacyId>,
        page_size: usize,
    ) -> Result<Query, LegacyError> {
        match after {
            None => self.only_included(&mut query),
            Some(after) => {
                self.begin_where(&mut query, Among::Included);
                let expected = self.key.expected();
                let key = self.key.write(after);
                let key = key.ok_or(LegacyError::KeyKind { expected })?;
                let placeholder = self.key.column.bind(&mut query, key);
                query.push(&format!("{} > {placeholder}", self.key_sql()));
            }
        }
        query.push(&format!(" ORDER BY {} LIMIT {page_size}", self.key_sql()));
        Ok(query)
    }

    /// ` FROM table u`.
    pub(crate) fn from(&self) -> String {
        format!(" FROM {} u", self.name.quoted(self.dialect))
    }

    /// Begins a condition that the caller goes on with: ` WHERE `, and whom it is among.
    pub(crate) fn begin_where(&self, query: &mut Query, among: Among) {
        query.push(" WHERE ");
        if let (Some(included), Among::Included) = (&self.included, among) {
            included.push(query);
            query.push(" AND ");
        }
    }

    /// The condition that nobody is left out for, where there is no other.
    pub(crate) fn only_included(&self, query: &mut Query) {
        if let Some(included) = &self.included {
            query.push(" WHERE ");
            included.push(query);
        }
    }

    pub(crate) fn subject(&self) -> String {
        format!("table `{}`", self.name.shown())
    }

    /// The key column in [`UserTable::select_users`]. Qualified, because PostgreSQL names a cast
    /// after its column, and ORDER BY would sort the text.
    pub(crate) fn key_sql(&self) -> String {
        format!("u.{}", self.key.column.quoted(self.dialect))
    }

    /// A row of [`UserTable::select_users`]. Groups, and what allauth says of the e-mail, are
    /// still to come.
    pub(crate) fn read(&self, row: TextRow) -> Result<LegacyUser, LegacyError> {
        let value = |field: Field| field.and_then(|position| row[position].clone());
        let text = |field: Field| value(field).filter(|text| !text.is_empty());
        let truth = |position: usize| row[position].as_deref().is_some_and(is_true);
        let flag = |field: Option<FlagField>| match field {
            Some(FlagField::Column(position)) => truth(position),
            Some(FlagField::Not(position)) => !truth(position),
            Some(FlagField::Rule(number)) => truth(self.columns.len() + number),
            None => false,
        };
        let fields = &self.fields;
        let email = text(fields.email);
        let email_verified = email.is_some()
            && match self.email_rule {
                EmailVerifiedRule::Always => true,
                EmailVerifiedRule::Flag(_) => flag(fields.email_verified),
                EmailVerifiedRule::Never | EmailVerifiedRule::Allauth => false,
            };
        let phone_number = text(fields.phone_number);
        let phone_verified = phone_number.is_some()
            && match self.phone_rule {
                PhoneVerifiedRule::Always => true,
                PhoneVerifiedRule::Column(_) => flag(fields.phone_verified),
                PhoneVerifiedRule::Never => false,
            };
        let username = match &fields.composed {
            Some(composed) => composed.of(&row, &self.columns),
            None => value(fields.username),
        };
        let mapped = fields.mapped.iter().map(|(name, mapped)| {
            let value = match *mapped {
                Mapped::Column(position) => {
                    let kind = self.columns[position].kind;
                    row[position].clone().and_then(|value| kind.render(value))
                }
                Mapped::Flag(field) => Some(flag(Some(field)).to_string()),
                Mapped::Username => username.clone(),
            };
            (name.clone(), value)
        });
        let columns: BTreeMap<_, _> = mapped.collect();
        let stored = match flag(fields.unusable_password) {
            // Whatever is stored, nobody knows it.
            true => UNUSABLE.to_owned(),
            false => row[fields.password].clone().unwrap_or_default(),
        };
        Ok(LegacyUser {
            id: self.key.read(row[0].clone(), &self.name.shown())?,
            username,
            email,
            email_verified,
            email_shared: false,
            phone_number,
            phone_verified,
            encoded_password: EncodedPassword::new(stored),
            // As `ModelBackend.user_can_authenticate`: a model without the field is active.
            is_active: fields.is_active.is_none() || flag(fields.is_active),
            is_staff: flag(fields.is_staff),
            is_superuser: flag(fields.is_superuser),
            last_login: moment(value(fields.last_login)),
            date_joined: moment(value(fields.date_joined)),
            columns,
            groups: Vec::new(),
            unreadable: None,
        })
    }

    /// Somebody of whom nothing is known but what was typed as e-mail: asking about them costs what
    /// asking about a user costs.
    pub(crate) fn nobody(&self, email: &str) -> LegacyUser {
        LegacyUser {
            id: self.key.nobodys(self.dialect),
            username: None,
            email: Some(email.to_owned()),
            email_verified: false,
            email_shared: false,
            phone_number: None,
            phone_verified: false,
            encoded_password: EncodedPassword::new(String::new()),
            is_active: false,
            is_staff: false,
            is_superuser: false,
            last_login: None,
            date_joined: None,
            columns: BTreeMap::new(),
            groups: Vec::new(),
            unreadable: None,
        }
    }

    /// Adds to users of one page what other tables know of them: one statement per table.
    pub(crate) async fn complete(
        &self,
        session: &mut dyn ReadSession,
        users: &mut [LegacyUser],
    ) -> Result<(), LegacyError> {
        if users.is_empty() {
            return Ok(());
        }
        if let Some(account_emails) = &self.account_emails {
            account_emails
                .mark_verified(session, &self.key, users)
                .await?;
        }
        if !self.groups.is_empty() {
            let ids: Vec<LegacyId> = users.iter().map(|user| user.id.clone()).collect();
            let mut groups = self.groups.of_users(session, &self.key, &ids).await?;
            for user in users {
                user.groups = groups.remove(&user.id).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// What Django stores for a password that nobody can have.
const UNUSABLE: &str = "!";

/// Zero dates of MySQL, PostgreSQL's infinity and the like are no moment.
fn moment(value: Option<String>) -> Option<DateTime<Utc>> {
    value.as_deref().and_then(parse_moment)
}
