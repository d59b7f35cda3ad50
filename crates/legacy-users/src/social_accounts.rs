//! django-allauth's `socialaccount_socialaccount`: who has connected which account at another
//! sign-in service. Source of the columns: `allauth.socialaccount.models.SocialAccount` (65.21).
//! Read for the bulk import alone, page by page; the trigger never asks.

use std::collections::HashMap;

use migration_model::{LegacyId, SocialAccount};

use crate::catalog::Table;
use crate::column::Column;
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::key::Key;
use crate::query::Query;
use crate::table_name::TableName;

pub(crate) const SETTING: &str = "[identities] allauth";

/// The table of connected accounts.
#[derive(Debug)]
pub(crate) struct SocialAccounts {
    dialect: Dialect,
    table: TableName,
    user: Column,
    provider: Column,
    uid: Column,
}

impl SocialAccounts {
    pub(crate) fn table_name(users: &TableName) -> TableName {
        users.sibling("socialaccount_socialaccount")
    }

    pub(crate) fn new(
        dialect: Dialect,
        name: TableName,
        table: &Table,
    ) -> Result<SocialAccounts, LegacyError> {
        let column = |wanted: &str| {
            let column = table.needed(dialect, wanted, &name, SETTING)?;
            Ok::<_, LegacyError>(column.clone())
        };
        Ok(SocialAccounts {
            dialect,
            user: column("user_id")?,
            provider: column("provider")?,
            uid: column("uid")?,
            table: name,
        })
    }

    /// The accounts of these users, sorted; users without any are absent.
    pub(crate) async fn of_users(
        &self,
        session: &mut dyn ReadSession,
        key: &Key,
        ids: &[LegacyId],
    ) -> Result<HashMap<LegacyId, Vec<SocialAccount>>, LegacyError> {
        let user = self.user.quoted(self.dialect);
        let list = format!(
            "{}, {}, {}",
            self.dialect.text(&user, key.column.kind),
            self.provider.text(self.dialect),
            self.uid.text(self.dialect),
        );
        let subject = format!("table `{}`", self.table.shown());
        let mut query = Query::select(
            self.dialect,
            "reading the users' social accounts",
            subject,
            &list,
        );
        let table = self.table.quoted(self.dialect);
        query.push(&format!(" FROM {table} u WHERE {user} IN "));
        key.push_list(&mut query, ids);
        let mut accounts: HashMap<LegacyId, Vec<SocialAccount>> = HashMap::new();
        for mut row in session.rows(query).await? {
            let (uid, provider) = (row.pop().flatten(), row.pop().flatten());
            let id = key.read(row.pop().flatten(), &self.table.shown())?;
            let (Some(provider), Some(uid)) = (provider, uid.filter(|uid| !uid.is_empty())) else {
                continue;
            };
            let account = SocialAccount { provider, uid };
            accounts.entry(id).or_default().push(account);
        }
        for accounts in accounts.values_mut() {
            accounts.sort_unstable();
        }
        Ok(accounts)
    }
}
