//! The crate's face: one legacy database and the questions that may be asked of it. Knows which
//! transaction a question needs, not how SQL is written. Called by the trigger, the importer
//! and the rehearsal.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures::Stream;
use migration_model::{
    AxesLockOut, Finding, Legacy, LegacyGroup, LegacyId, LegacyUser, LoginMatch, SocialAccount,
    UserMapping,
};
use tokio::sync::OnceCell;

use crate::column::ColumnKind;
use crate::connect_settings::ConnectSettings;
use crate::connections::{Backend, ReadSession};
use crate::database_login::DatabaseLogin;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::query::{self, Query};
use crate::social_accounts::SocialAccounts;
use crate::user_table::{self, Among, UserTable, Wanted};
use crate::{group_facts, links, lock_outs, login, table_facts, url_options};

/// Most users in one page, and most ids in one statement: far below what the databases allow as
/// values of one statement (SQLite 32,766).
const LARGEST_PAGE: usize = 5_000;

/// Read-only access to the users of one Django database.
///
/// All methods may be called at once from many tasks; each takes one connection for as long as
/// it runs, the stream for one page at a time.
pub struct LegacyDatabase {
    dialect: Dialect,
    backend: Box<dyn Backend>,
    wanted: Wanted,
    tables: OnceCell<UserTable>,
    social_accounts: OnceCell<SocialAccounts>,
}

impl LegacyDatabase {
    /// Takes the settings without connecting: the first question connects and looks the tables
    /// up. For the trigger, whose cold start must not wait for a database.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL or a name, as far as it shows without the database.
    pub fn open(
        legacy: &Legacy,
        mapping: &UserMapping,
        settings: ConnectSettings,
    ) -> Result<LegacyDatabase, LegacyError> {
        LegacyDatabase::open_with_login(legacy, mapping, settings, None)
    }

    /// The same with user and password from elsewhere than the URL.
    ///
    /// # Errors
    ///
    /// As [`LegacyDatabase::open`].
    pub fn open_with_login(
        legacy: &Legacy,
        mapping: &UserMapping,
        settings: ConnectSettings,
        login: Option<Arc<dyn DatabaseLogin>>,
    ) -> Result<LegacyDatabase, LegacyError> {
        let url = legacy.url.as_ref().ok_or(LegacyError::NoUrl)?;
        let (dialect, backend) = url_options::backend(url, settings, login)?;
        Ok(LegacyDatabase {
            dialect,
            backend,
            wanted: Wanted::new(legacy, mapping)?,
            tables: OnceCell::new(),
            social_accounts: OnceCell::new(),
        })
    }

    /// Connects, looks the tables up and checks that everything configured is there and may be
    /// read. For operators, who want to hear of all that now.
    ///
    /// # Errors
    ///
    /// The first thing in the way, with a [`LegacyError::hint`].
    pub async fn connect(
        legacy: &Legacy,
        mapping: &UserMapping,
        settings: ConnectSettings,
    ) -> Result<LegacyDatabase, LegacyError> {
        let database = LegacyDatabase::open(legacy, mapping, settings)?;
        database.check().await?;
        Ok(database)
    }

    /// Connects and looks the tables up, so that the first question has neither to wait for. Does
    /// not ask whether they may be read: that question will tell.
    ///
    /// # Errors
    ///
    /// The first thing in the way, with a [`LegacyError::hint`].
    pub async fn warm_up(&self) -> Result<(), LegacyError> {
        let mut session = self.begin().await?;
        self.tables(session.as_mut()).await?;
        session.finish().await
    }

    /// Connects and checks that everything configured is there and may be read.
    ///
    /// # Errors
    ///
    /// The first thing in the way, with a [`LegacyError::hint`].
    async fn check(&self) -> Result<(), LegacyError> {
        let mut session = self.begin().await?;
        let users = self.tables(session.as_mut()).await?;
        let mut probes = vec![users.select_users("checking access")];
        probes[0].push(" WHERE 1 = 0");
        probes.extend(users.groups.probes());
        probes.extend(
            users
                .account_emails
                .iter()
                .map(|emails| emails.probe(&users.key)),
        );
        let links = self.wanted.links.iter();
        probes.extend(links.map(|links| links::probe(self.dialect, links)));
        for probe in probes {
            session.rows(probe).await?;
        }
        session.finish().await
    }

    async fn begin(&self) -> Result<Box<dyn ReadSession>, LegacyError> {
        if let (Dialect::Sqlite, Some(url)) = (self.dialect, &self.wanted.legacy.url) {
            url_options::check_sqlite_file(url)?;
        }
        self.backend.begin().await
    }

    /// The tables, looked up in the transaction that first needs them. An error is not kept: the
    /// next question tries again.
    async fn tables(&self, session: &mut dyn ReadSession) -> Result<&UserTable, LegacyError> {
        let find = user_table::find(session, self.dialect, &self.wanted);
        self.tables.get_or_try_init(|| find).await
    }

    /// Who a login means that somebody typed, perhaps lower-cased by a case-insensitive pool.
    ///
    /// The configured login columns are tried in order, and the first in which anybody matches
    /// decides: an exact match (NFKC) wins, else the only user who differs by letter case alone,
    /// else it is [`LoginMatch::Ambiguous`]. With `email_verified = "allauth"`, verified
    /// addresses in allauth's table come before the e-mail column, as in allauth.
    ///
    /// The user comes with groups and with `email_shared`. That is looked for unless it has no
    /// consequence: for an unverified e-mail in a pool that is not signed in to by e-mail.
    ///
    /// # Errors
    ///
    /// Never says that a user is unknown when the database did not answer.
    pub async fn find_by_login(&self, login: &str) -> Result<LoginMatch, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let sign_in = self.wanted.mapping.sign_in;
        let found = login::find_by_login(session.as_mut(), tables, sign_in, login).await?;
        session.finish().await?;
        Ok(found)
    }

    /// Whether any user has one of these names as a login, as e-mail or as a verified address,
    /// letter case aside; active or not.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn is_held(&self, names: &[String]) -> Result<bool, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let held = login::is_held(session.as_mut(), tables, names).await?;
        session.finish().await?;
        Ok(held)
    }

    /// Whether django-axes has one of these names locked out.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering; a table that is not there is one.
    pub async fn is_locked_out(
        &self,
        names: &[String],
        rule: &AxesLockOut,
    ) -> Result<bool, LegacyError> {
        let mut session = self.begin().await?;
        let users = &self.wanted.users;
        let locked =
            lock_outs::is_locked_out(session.as_mut(), self.dialect, users, names, rule).await?;
        session.finish().await?;
        Ok(locked)
    }

    /// Whether `cutover-django` has linked this user to a user of the pool, in `[legacy] links_table`;
    /// nobody is where no table is named.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering; a table that is not there is one.
    pub async fn is_linked(&self, id: &LegacyId) -> Result<bool, LegacyError> {
        let Some(table) = &self.wanted.links else {
            return Ok(false);
        };
        let mut session = self.begin().await?;
        let key = &self.tables(session.as_mut()).await?.key;
        let linked = links::is_linked(session.as_mut(), self.dialect, table, key, id).await?;
        session.finish().await?;
        Ok(linked)
    }

    /// The `sub` of each of these users whom `cutover-django` has linked; empty where no table is named.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering; a table that is not there is one.
    pub async fn links(&self, ids: &[LegacyId]) -> Result<HashMap<LegacyId, String>, LegacyError> {
        let mut linked = HashMap::new();
        let Some(table) = &self.wanted.links else {
            return Ok(linked);
        };
        let mut session = self.begin().await?;
        let key = &self.tables(session.as_mut()).await?.key;
        for ids in ids.chunks(LARGEST_PAGE) {
            linked.extend(links::of_users(session.as_mut(), self.dialect, table, key, ids).await?);
        }
        session.finish().await?;
        Ok(linked)
    }

    /// All users in the order of their keys, from the first after `after`, reading `page_size`
    /// (1 to 5,000) at a time. Holds one page in memory and a connection only while it reads
    /// one. Ends after the first error.
    pub fn users(
        &self,
        after: Option<LegacyId>,
        page_size: usize,
    ) -> impl Stream<Item = Result<LegacyUser, LegacyError>> + Send + '_ {
        let page_size = page_size.clamp(1, LARGEST_PAGE);
        async_stream::try_stream! {
            let mut after = after;
            loop {
                let page = self.page(after.as_ref(), page_size).await?;
                let is_last = page.len() < page_size;
                after = page.last().map(|user| user.id.clone());
                for user in page {
                    yield user;
                }
                if is_last {
                    break;
                }
            }
        }
    }

    async fn page(
        &self,
        after: Option<&LegacyId>,
        page_size: usize,
    ) -> Result<Vec<LegacyUser>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let query = tables.select_users("reading a page of users");
        let query = tables.page(query, after, page_size)?;
        match read_users(session.as_mut(), tables, query).await {
            Ok(users) => {
                session.finish().await?;
                Ok(users)
            }
            Err(error) if error.is_about_a_row() => self.page_row_by_row(after, page_size).await,
            Err(error) => Err(error),
        }
    }

    /// The same page where a row of it cannot be read: that person is one of whom nothing is known but
    /// the key, and everybody else is as ever.
    async fn page_row_by_row(
        &self,
        after: Option<&LegacyId>,
        page_size: usize,
    ) -> Result<Vec<LegacyUser>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let keys = tables.select_keys("reading a page of keys");
        let rows = session.rows(tables.page(keys, after, page_size)?).await?;
        session.finish().await?;
        let table = tables.name.shown();
        let ids = rows.into_iter().map(|mut row| {
            let key = row.pop().flatten();
            tables.key.read(key, &table)
        });
        let ids: Vec<LegacyId> = ids.collect::<Result<_, _>>()?;
        self.readable_by_ids(&ids).await
    }

    /// The users with these ids, of whom some may not be readable.
    async fn readable_by_ids(&self, ids: &[LegacyId]) -> Result<Vec<LegacyUser>, LegacyError> {
        let mut users = Vec::with_capacity(ids.len());
        // Halves, and halves of these, until what cannot be read is one row.
        let mut parts = vec![ids];
        while let Some(part) = parts.pop() {
            match (self.some_by_ids(part).await, part) {
                (Ok(read), _) => users.extend(read),
                (Err(error), [id]) if error.is_about_a_row() => {
                    users.push(LegacyUser::unreadable(id.clone(), error.row_column()));
                }
                (Err(error), _) if error.is_about_a_row() => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.push(second);
                    parts.push(first);
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(users)
    }

    /// The users with these ids, in the order of the ids.
    async fn some_by_ids(&self, ids: &[LegacyId]) -> Result<Vec<LegacyUser>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let mut query = tables.select_users("reading users by id");
        tables.begin_where(&mut query, Among::Included);
        query.push(&format!("{} IN ", tables.key_sql()));
        tables.key.push_list(&mut query, ids);
        let users = read_users(session.as_mut(), tables, query).await?;
        session.finish().await?;
        let mut found: HashMap<LegacyId, LegacyUser> = users
            .into_iter()
            .map(|user| (user.id.clone(), user))
            .collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The users with these ids, in the order of the ids; those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn users_by_ids(&self, ids: &[LegacyId]) -> Result<Vec<LegacyUser>, LegacyError> {
        let mut users = Vec::with_capacity(ids.len());
        for some in ids.chunks(LARGEST_PAGE) {
            users.extend(self.readable_by_ids(some).await?);
        }
        Ok(users)
    }

    /// The accounts that these users have connected at other sign-in services, by django-allauth;
    /// users without any are absent. One statement for up to 5,000 users.
    ///
    /// # Errors
    ///
    /// When allauth's table is not there, or the database does not answer.
    pub async fn social_accounts(
        &self,
        ids: &[LegacyId],
    ) -> Result<HashMap<LegacyId, Vec<SocialAccount>>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let find = user_table::social_accounts(session.as_mut(), self.dialect, &self.wanted);
        let table = self.social_accounts.get_or_try_init(|| find).await?;
        let mut accounts = HashMap::new();
        for some in ids.chunks(LARGEST_PAGE) {
            accounts.extend(table.of_users(session.as_mut(), &tables.key, some).await?);
        }
        session.finish().await?;
        Ok(accounts)
    }

    /// How many users there are, without those whom `[legacy] where` leaves out.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn count_users(&self) -> Result<u64, LegacyError> {
        self.count_among(Among::Included).await
    }

    /// How many rows `[legacy] where` leaves out.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn count_excluded(&self) -> Result<u64, LegacyError> {
        if self.wanted.legacy.included.is_none() {
            return Ok(0);
        }
        let all = self.count_among(Among::Everybody).await?;
        Ok(all.saturating_sub(self.count_among(Among::Included).await?))
    }

    async fn count_among(&self, among: Among) -> Result<u64, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let count = self.count(session.as_mut(), tables, among).await?;
        session.finish().await?;
        Ok(count)
    }

    async fn count(
        &self,
        session: &mut dyn ReadSession,
        tables: &UserTable,
        among: Among,
    ) -> Result<u64, LegacyError> {
        let list = self.dialect.text("COUNT(*)", ColumnKind::Integer);
        let mut query = Query::select(self.dialect, "counting", tables.subject(), &list);
        query.push(&tables.from());
        if among == Among::Included {
            tables.only_included(&mut query);
        }
        Ok(query::first_number(session.rows(query).await?))
    }

    /// All groups by name, Django's own with their permissions; none where nothing is carried.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn groups(&self) -> Result<Vec<LegacyGroup>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let groups = tables.groups.all(session.as_mut()).await?;
        session.finish().await?;
        Ok(groups)
    }

    /// What somebody who plans the move should know of the tables: missing indexes and columns,
    /// second factors that cannot be moved. All of it, not the first thing.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn table_facts(&self) -> Result<Vec<Finding>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let users = self
            .count(session.as_mut(), tables, Among::Everybody)
            .await?;
        let is_view = table_facts::is_view(session.as_mut(), tables).await?;
        let mut findings = table_facts::of_tables(tables, users, is_view);
        findings.extend(table_facts::of_values(session.as_mut(), tables).await?);
        let left_behind = table_facts::left_behind(session.as_mut(), tables).await?;
        session.finish().await?;
        for kind in left_behind {
            // One transaction each: after a refusal PostgreSQL's takes no further statement.
            let mut session = self.begin().await?;
            let users = kind.users(session.as_mut(), tables).await?;
            if users.is_some() {
                session.finish().await?;
            }
            findings.extend(kind.finding(users));
        }
        findings.extend(self.group_facts().await?);
        Ok(findings)
    }

    /// Whether all groups that users are in are carried, and as what they are: what must block a move
    /// that would lose them.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn group_facts(&self) -> Result<Vec<Finding>, LegacyError> {
        let mut session = self.begin().await?;
        let tables = self.tables(session.as_mut()).await?;
        let facts = group_facts::of_groups(session.as_mut(), tables, &self.wanted).await?;
        session.finish().await?;
        let mut findings = facts.findings;
        for unfollowed in facts.unfollowed {
            // One transaction each: after a refusal PostgreSQL's takes no further statement.
            let mut session = self.begin().await?;
            if unfollowed.has_rows(session.as_mut(), tables).await? {
                findings.push(unfollowed.finding());
            } else {
                session.finish().await?;
            }
        }
        Ok(findings)
    }

    /// Closes the connections at rest. Not needed for correctness: a program that just ends
    /// leaves a line in the server's log.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}

async fn read_users(
    session: &mut dyn ReadSession,
    tables: &UserTable,
    query: Query,
) -> Result<Vec<LegacyUser>, LegacyError> {
    let rows = session.rows(query).await?;
    let read: Result<Vec<_>, _> = rows.into_iter().map(|row| tables.read(row)).collect();
    let mut users = read?;
    tables.complete(session, &mut users).await?;
    Ok(users)
}

impl fmt::Debug for LegacyDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyDatabase")
            .field("engine", &self.dialect)
            .field("user_table", &self.wanted.users.shown())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod equal_questions;
