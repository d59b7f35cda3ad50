//! The user table as configured and as it is: which column is which field, found once in the
//! catalog, and the reading of its rows into `LegacyUser`. Called by login, legacy_database and
//! table_facts; runs no statement of its own but the catalog's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use django_password::EncodedPassword;
use migration_model::{
    AttributeSource, EmailVerifiedRule, Legacy, LegacyId, LegacyUser, LoginColumn,
    PhoneVerifiedRule, UserMapping,
};

use crate::account_emails::AccountEmails;
use crate::catalog::{Table, foreign_keys, nearest_table, read_tables};
use crate::column::{Column, is_true, parse_moment};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::group_memberships::GroupMemberships;
use crate::indexes::Indexes;
use crate::key::Key;
use crate::links;
use crate::query::{Query, TextRow};
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
const GROUPS_TABLE: &str = "[legacy] user_groups_table";
const ALLAUTH: &str = "[legacy] email_verified = \"allauth\"";

impl Wanted {
    pub(crate) fn new(legacy: &Legacy, mapping: &UserMapping) -> Result<Wanted, LegacyError> {
        let users = TableName::parse(&legacy.user_table, USER_TABLE)?;
        let memberships = match &legacy.user_groups_table {
            Some(name) => TableName::parse(name, GROUPS_TABLE)?.beside(&users),
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

/// A field of the user model that may be absent, as position in the select list.
type Field = Option<usize>;

/// The user table with everything that belongs to it.
#[derive(Debug)]
pub(crate) struct UserTable {
    pub(crate) dialect: Dialect,
    pub(crate) name: TableName,
    pub(crate) key: Key,
    pub(crate) indexes: Indexes,
    /// The columns one may sign in with, in the configured order.
    pub(crate) logins: Vec<(LoginColumn, usize)>,
    pub(crate) memberships: Option<GroupMemberships>,
    pub(crate) account_emails: Option<AccountEmails>,
    pub(crate) email_rule: EmailVerifiedRule,
    pub(crate) phone_rule: PhoneVerifiedRule,
    pub(crate) fields: Fields,
    /// What is selected; the first is the key.
    pub(crate) columns: Vec<Column>,
}

#[derive(Debug, Default)]
pub(crate) struct Fields {
    username: Field,
    pub(crate) email: Field,
    phone_number: Field,
    password: usize,
    pub(crate) is_active: Field,
    is_staff: Field,
    is_superuser: Field,
    last_login: Field,
    date_joined: Field,
    email_verified: Field,
    phone_verified: Field,
    /// `[attributes]` columns by the name used there.
    mapped: Vec<(String, usize)>,
}

/// Looks the tables up and checks that everything configured is there.
pub(crate) async fn find(
    session: &mut dyn ReadSession,
    dialect: Dialect,
    wanted: &Wanted,
) -> Result<UserTable, LegacyError> {
    let account_emails = AccountEmails::table_name(&wanted.users);
    let names = [
        wanted.users.clone(),
        wanted.memberships.clone(),
        account_emails.clone(),
    ];
    let mut tables = read_tables(session, dialect, &names).await?.into_iter();
    let mut next = || tables.next().flatten();
    let (users, memberships, emails) = (next(), next(), next());

    let Some(users) = users else {
        return Err(missing_table(session, dialect, &wanted.users, USER_TABLE).await);
    };
    let memberships = match memberships {
        Some(table) if wanted.wants_groups() => {
            let keys = foreign_keys(session, dialect, &wanted.memberships).await?;
            let name = &wanted.memberships;
            Some(GroupMemberships::new(dialect, name, &table, &keys)?)
        }
        // A user model without PermissionsMixin has no groups; only a table named on purpose
        // must be there.
        None if wanted.wants_groups() && wanted.legacy.user_groups_table.is_some() => {
            let missing = &wanted.memberships;
            return Err(missing_table(session, dialect, missing, GROUPS_TABLE).await);
        }
        _ => None,
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
    let mut selection = Selection {
        dialect,
        wanted,
        table: &users,
        columns: Vec::new(),
    };
    let key = Key {
        column: selection.key()?,
    };
    let fields = selection.fields()?;
    let logins = selection.logins()?;
    Ok(UserTable {
        dialect,
        name: wanted.users.clone(),
        key,
        columns: selection.columns,
        indexes: users.indexes,
        logins,
        memberships,
        account_emails,
        email_rule: wanted.legacy.email_verified.clone(),
        phone_rule: wanted.legacy.phone_verified.clone(),
        fields,
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
async fn missing_table(
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
    columns: Vec<Column>,
}

impl Selection<'_> {
    fn key(&mut self) -> Result<Column, LegacyError> {
        let position = self.required("id", "[legacy.columns] id")?;
        Ok(self.columns[position].clone())
    }

    fn fields(&mut self) -> Result<Fields, LegacyError> {
        let mapping = &self.wanted.mapping;
        let mut mapped: Vec<(String, usize)> = Vec::new();
        for (attribute, source) in mapping.attributes.iter() {
            if let AttributeSource::Column(name) = source {
                let position = self.required(name, &format!("[attributes] {attribute}"))?;
                mapped.push((name.clone(), position));
            }
        }
        let email_verified = match &self.wanted.legacy.email_verified {
            EmailVerifiedRule::Column(name) => {
                let setting = format!("[legacy] email_verified = \"column:{name}\"");
                Some(self.required(name, &setting)?)
            }
            _ => None,
        };
        let phone_verified = match &self.wanted.legacy.phone_verified {
            PhoneVerifiedRule::Column(name) => {
                let setting = format!("[legacy] phone_verified = \"column:{name}\"");
                Some(self.required(name, &setting)?)
            }
            _ => None,
        };
        Ok(Fields {
            username: self.optional("username")?,
            email: self.optional("email")?,
            phone_number: self.optional("phone_number")?,
            password: self.required("password", "[legacy.columns] password")?,
            is_active: self.optional("is_active")?,
            is_staff: self.optional("is_staff")?,
            is_superuser: self.optional("is_superuser")?,
            last_login: self.optional("last_login")?,
            date_joined: self.optional("date_joined")?,
            email_verified,
            phone_verified,
            mapped,
        })
    }

    fn logins(&mut self) -> Result<Vec<(LoginColumn, usize)>, LegacyError> {
        let logins = self.wanted.legacy.login.iter();
        logins
            .map(|login| {
                let name = match login {
                    LoginColumn::Username => "username",
                    LoginColumn::Email => "email",
                    LoginColumn::PhoneNumber => "phone_number",
                    LoginColumn::Other(name) => name,
                };
                Ok((login.clone(), self.required(name, "[legacy] login")?))
            })
            .collect()
    }

    /// A field of Django's that the model may lack, unless the file names its column.
    fn optional(&mut self, field: &'static str) -> Result<Field, LegacyError> {
        if self.wanted.legacy.columns.is_explicit(field) {
            return self
                .required(field, &format!("[legacy.columns] {field}"))
                .map(Some);
        }
        Ok(self
            .table
            .column(self.dialect, field)
            .map(|column| self.columns.position_of(column)))
    }

    fn required(&mut self, field: &str, setting: &str) -> Result<usize, LegacyError> {
        let name = self.wanted.legacy.columns.resolve(field);
        let table = &self.wanted.users;
        let column = self.table.needed(self.dialect, name, table, setting)?;
        Ok(self.columns.position_of(column))
    }
}

trait PositionOf {
    fn position_of(&mut self, column: &Column) -> usize;
}

impl PositionOf for Vec<Column> {
    /// Where the column stands in the list; adds it if it does not yet.
    fn position_of(&mut self, column: &Column) -> usize {
        let known = self.iter().position(|listed| listed.name == column.name);
        known.unwrap_or_else(|| {
            self.push(column.clone());
            self.len() - 1
        })
    }
}

impl UserTable {
    /// The columns of [`UserTable::select_users`], each under a name of its own, for a statement
    /// that selects from a selection.
    pub(crate) fn named_columns(&self) -> String {
        let columns = self.columns.iter().enumerate();
        let named = columns
            .map(|(number, column)| format!("{} AS cutover_{number}", column.text(self.dialect)));
        named.collect::<Vec<_>>().join(", ")
    }

    /// `SELECT …all columns… FROM table`.
    pub(crate) fn select_users(&self, during: &'static str) -> Query {
        let list: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.text(self.dialect))
            .collect();
        let mut query = Query::select(self.dialect, during, self.subject(), &list.join(", "));
        query.push(&format!(" FROM {} u", self.name.quoted(self.dialect)));
        query
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
        let flag = |field: Field| value(field).is_some_and(|text| is_true(&text));
        let fields = &self.fields;
        let email = text(fields.email);
        let email_verified = email.is_some()
            && match self.email_rule {
                EmailVerifiedRule::Always => true,
                EmailVerifiedRule::Column(_) => flag(fields.email_verified),
                EmailVerifiedRule::Never | EmailVerifiedRule::Allauth => false,
            };
        let phone_number = text(fields.phone_number);
        let phone_verified = phone_number.is_some()
            && match self.phone_rule {
                PhoneVerifiedRule::Always => true,
                PhoneVerifiedRule::Column(_) => flag(fields.phone_verified),
                PhoneVerifiedRule::Never => false,
            };
        let mapped = fields.mapped.iter().map(|(name, position)| {
            let kind = self.columns[*position].kind;
            (
                name.clone(),
                row[*position].clone().and_then(|value| kind.render(value)),
            )
        });
        Ok(LegacyUser {
            id: self.key.read(row[0].clone(), &self.name.shown())?,
            username: value(fields.username),
            email,
            email_verified,
            email_shared: false,
            phone_number,
            phone_verified,
            encoded_password: EncodedPassword::new(
                row[fields.password].clone().unwrap_or_default(),
            ),
            // As `ModelBackend.user_can_authenticate`: a model without the field is active.
            is_active: fields.is_active.is_none() || flag(fields.is_active),
            is_staff: flag(fields.is_staff),
            is_superuser: flag(fields.is_superuser),
            last_login: moment(value(fields.last_login)),
            date_joined: moment(value(fields.date_joined)),
            columns: mapped.collect::<BTreeMap<_, _>>(),
            groups: Vec::new(),
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
        if let Some(memberships) = &self.memberships {
            let ids: Vec<LegacyId> = users.iter().map(|user| user.id.clone()).collect();
            let mut groups = memberships.of_users(session, &self.key, &ids).await?;
            for user in users {
                user.groups = groups.remove(&user.id).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// Zero dates of MySQL, PostgreSQL's infinity and the like are no moment.
fn moment(value: Option<String>) -> Option<DateTime<Utc>> {
    value.as_deref().and_then(parse_moment)
}
