//! django-allauth's `account_emailaddress`: which addresses are verified, and whose they are.
//! Source of the rules: `allauth.account.internal.userkit.filter_users_by_email` with
//! `prefer_verified` (allauth 65.21), which its sign-in uses. Knows nothing of passwords.

use std::collections::HashSet;

use migration_model::{LegacyId, LegacyUser, fold_login_name};

use crate::catalog::Table;
use crate::column::Column;
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::indexes::Indexes;
use crate::key::Key;
use crate::query::Query;
use crate::table_name::TableName;

/// The table of e-mail addresses.
#[derive(Debug)]
pub(crate) struct AccountEmails {
    dialect: Dialect,
    pub(crate) table: TableName,
    user: Column,
    pub(crate) email: Column,
    verified: Column,
    pub(crate) indexes: Indexes,
}

impl AccountEmails {
    pub(crate) fn table_name(users: &TableName) -> TableName {
        users.sibling("account_emailaddress")
    }

    pub(crate) fn new(
        dialect: Dialect,
        name: TableName,
        table: &Table,
        setting: &str,
    ) -> Result<AccountEmails, LegacyError> {
        let column = |wanted: &str| {
            let column = table.needed(dialect, wanted, &name, setting)?;
            Ok::<_, LegacyError>(column.clone())
        };
        Ok(AccountEmails {
            dialect,
            user: column("user_id")?,
            email: column("email")?,
            verified: column("verified")?,
            indexes: table.indexes.clone(),
            table: name,
        })
    }

    /// Sets `email_verified` of those users whose own e-mail is a verified address of theirs.
    pub(crate) async fn mark_verified(
        &self,
        session: &mut dyn ReadSession,
        key: &Key,
        users: &mut [LegacyUser],
    ) -> Result<(), LegacyError> {
        let mut query = self.select_verified("reading verified e-mails", key);
        query.push(&format!(" AND {} IN ", self.user.quoted(self.dialect)));
        key.push_list(&mut query, users.iter().map(|user| &user.id));
        let mut verified: HashSet<(LegacyId, String)> = HashSet::new();
        for (id, email) in self.read(session.rows(query).await?, key)? {
            verified.insert((id, fold_login_name(&email)));
        }
        for user in users {
            let email = user.email.as_deref().map(fold_login_name);
            user.email_verified =
                email.is_some_and(|email| verified.contains(&(user.id.clone(), email)));
        }
        Ok(())
    }

    /// `user AS cutover_user, email AS cutover_text FROM … WHERE verified AND …`: whose verified
    /// address a text is, the condition yet to come.
    pub(crate) fn holders(&self) -> String {
        let quoted = |column: &Column| column.quoted(self.dialect);
        format!(
            "{} AS cutover_user, {} AS cutover_text FROM {} WHERE {} = TRUE AND ",
            quoted(&self.user),
            self.email.text(self.dialect),
            self.table.quoted(self.dialect),
            quoted(&self.verified),
        )
    }

    /// `SELECT user, email FROM … WHERE verified`.
    pub(crate) fn select_verified(&self, during: &'static str, key: &Key) -> Query {
        let list = format!(
            "{}, {}",
            self.dialect
                .text(&self.user.quoted(self.dialect), key.column.kind),
            self.email.text(self.dialect),
        );
        let subject = format!("table `{}`", self.table.shown());
        let mut query = Query::select(self.dialect, during, subject, &list);
        query.push(&format!(
            " FROM {} WHERE {} = TRUE",
            self.table.quoted(self.dialect),
            self.verified.quoted(self.dialect),
        ));
        query
    }

    /// Rows of [`AccountEmails::select_verified`].
    pub(crate) fn read(
        &self,
        rows: Vec<crate::query::TextRow>,
        key: &Key,
    ) -> Result<Vec<(LegacyId, String)>, LegacyError> {
        rows.into_iter()
            .map(|mut row| {
                let (email, id) = (row.pop().flatten(), row.pop().flatten());
                Ok((
                    key.read(id, &self.table.shown())?,
                    email.unwrap_or_default(),
                ))
            })
            .collect()
    }

    /// A statement that reads nothing but fails where the table may not be read.
    pub(crate) fn probe(&self, key: &Key) -> Query {
        let mut query = self.select_verified("checking access", key);
        query.push(" AND 1 = 0");
        query
    }
}
