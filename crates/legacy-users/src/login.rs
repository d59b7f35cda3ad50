//! Who a typed login means. Source of the rules: `ModelBackend` and `UsernameField` of Django
//! 5.2 (NFKC, then exact), allauth's `filter_users_by_email`, and Cognito's case-insensitive
//! pools, which hand names to triggers in lower case. Judges here and not in SQL, because a
//! collation may call `jose` and `josé` equal. Called by legacy_database.

use migration_model::{
    ExcludedNames, LegacyId, LegacyUser, LoginColumn, LoginMatch, PoolSignIn, fold_login_name,
    normalize_login_name,
};

use crate::account_emails::AccountEmails;
use crate::case_variants::case_variants;
use crate::column::{Column, ColumnKind};
use crate::composed_name::ComposedName;
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::indexes::{Folding, Indexes};
use crate::query::{Bind, Query};
use crate::user_table::{Among, UserTable};

/// Most rows looked at for one login. Those equal in every character come first, so that only a
/// login shared by more people than this could look less certain than it is.
const MOST_CANDIDATES: usize = 50;

/// A typed login in the forms it is compared in.
struct TypedLogin {
    /// As Django compares it.
    normalised: String,
    /// As a case-insensitive pool compares it.
    folded: String,
    /// The spellings under which it may be stored.
    variants: Vec<String>,
}

impl TypedLogin {
    /// `None` for what no user can have typed in Django: nothing, or a NUL character, which its
    /// form fields refuse (ProhibitNullCharactersValidator) and PostgreSQL cannot store.
    fn new(login: &str) -> Option<TypedLogin> {
        (!login.is_empty() && !login.contains('\0')).then(|| TypedLogin {
            normalised: normalize_login_name(login),
            folded: fold_login_name(login),
            variants: case_variants(login),
        })
    }
}

/// Finds the user whom the login means, with everything that belongs to them.
pub(crate) async fn find_by_login(
    session: &mut dyn ReadSession,
    table: &UserTable,
    sign_in: PoolSignIn,
    login: &str,
) -> Result<LoginMatch, LegacyError> {
    let Some(login) = TypedLogin::new(login) else {
        return Ok(LoginMatch::None);
    };
    if let Some(composed) = &table.fields.composed {
        match by_composed_name(session, table, composed, &login, Among::Included).await? {
            Found::Nobody => {}
            Found::Several => return Ok(LoginMatch::Ambiguous),
            Found::One(user) => {
                let user = complete(session, table, sign_in, *user).await?;
                return Ok(LoginMatch::One(Box::new(user), LoginColumn::Username));
            }
        }
    }
    for (login_column, position) in &table.logins {
        let account_emails = match login_column {
            LoginColumn::Email => table.account_emails.as_ref(),
            _ => None,
        };
        let among = Among::Included;
        let mut found = match account_emails {
            Some(account_emails) => {
                by_account_email(session, table, account_emails, &login, among).await?
            }
            None => Found::Nobody,
        };
        if let Found::Nobody = found {
            found = by_column(session, table, *position, &login, among).await?;
        }
        match found {
            Found::Nobody => {}
            Found::Several => return Ok(LoginMatch::Ambiguous),
            Found::One(user) => {
                let user = complete(session, table, sign_in, *user).await?;
                return Ok(LoginMatch::One(Box::new(user), login_column.clone()));
            }
        }
    }
    Ok(LoginMatch::None)
}

/// Whether anybody has one of the names: as a login, as e-mail, or as a verified address.
pub(crate) async fn is_held(
    session: &mut dyn ReadSession,
    table: &UserTable,
    names: &[String],
) -> Result<bool, LegacyError> {
    let logins = table.logins.iter().map(|(_, position)| *position);
    let mut positions: Vec<usize> = logins.chain(table.fields.email).collect();
    positions.sort_unstable();
    positions.dedup();
    let among = match table.excluded_names {
        ExcludedNames::Kept => Among::Everybody,
        ExcludedNames::Free => Among::Included,
    };
    for name in names.iter().filter_map(|name| TypedLogin::new(name)) {
        for position in &positions {
            let found = by_column(session, table, *position, &name, among).await?;
            if !matches!(found, Found::Nobody) {
                return Ok(true);
            }
        }
        if let Some(composed) = &table.fields.composed {
            let found = by_composed_name(session, table, composed, &name, among).await?;
            if !matches!(found, Found::Nobody) {
                return Ok(true);
            }
        }
        if let Some(account_emails) = &table.account_emails {
            let found = by_account_email(session, table, account_emails, &name, among).await?;
            if !matches!(found, Found::Nobody) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

enum Found {
    Nobody,
    One(Box<LegacyUser>),
    Several,
}

/// By a column of the user table.
async fn by_column(
    session: &mut dyn ReadSession,
    table: &UserTable,
    position: usize,
    login: &TypedLogin,
    among: Among,
) -> Result<Found, LegacyError> {
    let search = Search {
        dialect: table.dialect,
        column: &table.columns[position],
        indexes: &table.indexes,
    };
    for &step in search.steps() {
        let mut query = table.select_users("looking up a login");
        table.begin_where(&mut query, among);
        if !search.push(&mut query, step, login) {
            return Ok(Found::Nobody);
        }
        let mut rows = session.rows(query).await?;
        let values = rows.iter().map(|row| row.get(position).cloned().flatten());
        match judge(values, rows.len(), login) {
            Judgement::Nobody => {}
            Judgement::Several => return Ok(Found::Several),
            Judgement::One(number) => {
                let read = table.read(rows.swap_remove(number))?;
                return Ok(Found::One(Box::new(read)));
            }
        }
    }
    Ok(Found::Nobody)
}

/// By a username that is put together from columns.
async fn by_composed_name(
    session: &mut dyn ReadSession,
    table: &UserTable,
    composed: &ComposedName,
    login: &TypedLogin,
    among: Among,
) -> Result<Found, LegacyError> {
    let mut query = table.select_users("looking up a login");
    table.begin_where(&mut query, among);
    if !composed.push(&mut query, &login.normalised, &table.columns) {
        return Ok(Found::Nobody);
    }
    query.push(&format!(" LIMIT {MOST_CANDIDATES}"));
    let mut rows = session.rows(query).await?;
    let names = rows.iter().map(|row| composed.of(row, &table.columns));
    Ok(match judge(names, rows.len(), login) {
        Judgement::Nobody => Found::Nobody,
        Judgement::Several => Found::Several,
        Judgement::One(number) => Found::One(Box::new(table.read(rows.swap_remove(number))?)),
    })
}

/// By a verified address of django-allauth's: whoever verified it is meant, even where others
/// have the same text in their e-mail column.
async fn by_account_email(
    session: &mut dyn ReadSession,
    table: &UserTable,
    account_emails: &AccountEmails,
    login: &TypedLogin,
    among: Among,
) -> Result<Found, LegacyError> {
    let search = Search {
        dialect: table.dialect,
        column: &account_emails.email,
        indexes: &account_emails.indexes,
    };
    for &step in search.steps() {
        let mut query = account_emails.select_verified("looking up a verified e-mail", &table.key);
        query.push(" AND ");
        if !search.push(&mut query, step, login) {
            return Ok(Found::Nobody);
        }
        let rows = account_emails.read(session.rows(query).await?, &table.key)?;
        let (ids, emails) = one_row_per_user(rows, login);
        match judge(emails.into_iter().map(Some), ids.len(), login) {
            Judgement::Nobody => {}
            Judgement::Several => return Ok(Found::Several),
            Judgement::One(number) => {
                let user = by_id(session, table, &ids[number], among).await?;
                return Ok(user.map_or(Found::Nobody, |user| Found::One(Box::new(user))));
            }
        }
    }
    Ok(Found::Nobody)
}

/// One user may have verified an address in two spellings: the better one counts.
fn one_row_per_user(
    rows: Vec<(LegacyId, String)>,
    login: &TypedLogin,
) -> (Vec<LegacyId>, Vec<String>) {
    let mut users: (Vec<LegacyId>, Vec<String>) = Default::default();
    for (id, email) in rows {
        match users.0.iter().position(|known| *known == id) {
            Some(number) if email == login.normalised => users.1[number] = email,
            Some(_) => {}
            None => {
                users.0.push(id);
                users.1.push(email);
            }
        }
    }
    users
}

async fn by_id(
    session: &mut dyn ReadSession,
    table: &UserTable,
    id: &LegacyId,
    among: Among,
) -> Result<Option<LegacyUser>, LegacyError> {
    let mut query = table.select_users("reading a user");
    table.begin_where(&mut query, among);
    query.push(&format!("{} IN ", table.key_sql()));
    table.key.push_list(&mut query, [id]);
    let row = session.rows(query).await?.into_iter().next();
    row.map(|row| table.read(row)).transpose()
}

enum Judgement {
    Nobody,
    One(usize),
    Several,
}

/// An exact match wins, else the only one who differs by letter case alone. Two of either are
/// several; so are more than could be looked at, unless one was exact.
fn judge(
    values: impl Iterator<Item = Option<String>>,
    count: usize,
    login: &TypedLogin,
) -> Judgement {
    let mut exact = Vec::new();
    let mut alike = Vec::new();
    for (number, value) in values.enumerate() {
        let Some(value) = value else { continue };
        if value == login.normalised {
            exact.push(number);
        } else if fold_login_name(&value) == login.folded {
            alike.push(number);
        }
    }
    match (&exact[..], &alike[..]) {
        ([one], _) => Judgement::One(*one),
        ([], _) if count >= MOST_CANDIDATES => Judgement::Several,
        ([], [one]) => Judgement::One(*one),
        ([], []) => Judgement::Nobody,
        _ => Judgement::Several,
    }
}

async fn complete(
    session: &mut dyn ReadSession,
    table: &UserTable,
    sign_in: PoolSignIn,
    mut user: LegacyUser,
) -> Result<LegacyUser, LegacyError> {
    table
        .complete(session, std::slice::from_mut(&mut user))
        .await?;
    // Nothing depends on it for an unverified e-mail in a pool where nobody signs in by e-mail;
    // and to know it costs a full scan on Django's own table, which has no index on e-mails.
    if user.email_verified || sign_in != PoolSignIn::Username {
        user.email_shared = is_email_shared(session, table, &user).await?;
    }
    Ok(user)
}

/// Whether another user has the same e-mail but for letter case.
async fn is_email_shared(
    session: &mut dyn ReadSession,
    table: &UserTable,
    user: &LegacyUser,
) -> Result<bool, LegacyError> {
    let (Some(position), Some(email)) = (table.fields.email, user.email.as_deref()) else {
        return Ok(false);
    };
    let Some(email) = TypedLogin::new(email) else {
        return Ok(false);
    };
    let column = &table.columns[position];
    let search = Search {
        dialect: table.dialect,
        column,
        indexes: &table.indexes,
    };
    let list = format!(
        "{}, {}",
        table.key.column.text(table.dialect),
        column.text(table.dialect)
    );
    let during = "looking for others with the same e-mail";
    let mut query = Query::select(table.dialect, during, table.subject(), &list);
    query.push(&table.from());
    table.begin_where(&mut query, Among::Included);
    if !search.push(&mut query, Step::AnyCase, &email) {
        return Ok(false);
    }
    let rows = session.rows(query).await?;
    if rows.len() >= MOST_CANDIDATES {
        return Ok(true);
    }
    for row in rows {
        let mut values = row.into_iter();
        let id = table
            .key
            .read(values.next().flatten(), &table.name.shown())?;
        let other = values.next().flatten().unwrap_or_default();
        if id != user.id && fold_login_name(&other) == email.folded {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How a text is looked for in one column. What it finds is more than what matches.
struct Search<'a> {
    dialect: Dialect,
    column: &'a Column,
    indexes: &'a Indexes,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// Only the normalised spelling, by an index on the column itself.
    Exact,
    /// Every letter case.
    AnyCase,
}

impl Search<'_> {
    /// Without an index on the column itself, the exact look-up would be one more full scan for
    /// nothing: the other finds those rows as well. So it does where `=` ignores case.
    fn steps(&self) -> &'static [Step] {
        let indexed = self.indexes.serve_column(self.dialect, &self.column.name);
        match indexed && self.column.is_text(self.dialect) && !self.column.ignores_case {
            true => &[Step::Exact, Step::AnyCase],
            false => &[Step::AnyCase],
        }
    }

    /// Adds the condition, order and limit; false when nothing in such a column can match.
    fn push(&self, query: &mut Query, step: Step, login: &TypedLogin) -> bool {
        let quoted = self.column.quoted(self.dialect);
        if self.column.kind == ColumnKind::Integer {
            let Ok(number) = login.normalised.parse() else {
                return false;
            };
            let placeholder = query.bind(Bind::Integer(number));
            query.push(&format!("{quoted} = {placeholder} LIMIT {MOST_CANDIDATES}"));
            return true;
        }
        // An index is on the column itself or on a function of it, not on a cast.
        let is_text = self.column.is_text(self.dialect);
        let text = match is_text {
            true => quoted,
            false => self.column.text(self.dialect),
        };
        let folding = self.indexes.serve_folded(&self.column.name);
        let fold = folding.unwrap_or(Folding::Lower).function();
        let mut condition = |spelling: &String| {
            let value = Bind::Text(spelling.clone());
            let placeholder = match is_text {
                true => self.column.bind(query, value),
                false => query.bind(value),
            };
            match step == Step::Exact || self.column.ignores_case {
                true => format!("{text} = {placeholder}"),
                false => format!("{fold}({text}) = {fold}({placeholder})"),
            }
        };
        let conditions: Vec<String> = match step {
            Step::Exact => vec![condition(&login.normalised)],
            Step::AnyCase => login.variants.iter().map(condition).collect(),
        };
        let conditions = conditions.join(" OR ");
        let placeholder = query.bind(Bind::Text(login.normalised.clone()));
        let exactly = self.dialect.exactly(&text, &placeholder);
        query.push(&format!(
            "({conditions}) ORDER BY CASE WHEN {exactly} THEN 0 ELSE 1 END LIMIT {MOST_CANDIDATES}"
        ));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(login: &str, stored: &[&str]) -> String {
        let login = TypedLogin::new(login).expect("a login");
        let values = stored.iter().map(|value| Some((*value).to_owned()));
        match judge(values, stored.len(), &login) {
            Judgement::Nobody => "nobody".to_owned(),
            Judgement::One(number) => stored[number].to_owned(),
            Judgement::Several => "several".to_owned(),
        }
    }

    #[test]
    fn an_exact_match_wins_and_else_only_a_sole_one() {
        assert_eq!(judged("bob", &["Bob", "bob", "BOB"]), "bob");
        assert_eq!(judged("bob", &["Bob"]), "Bob");
        assert_eq!(judged("bob", &["Bob", "BOB"]), "several");
        assert_eq!(judged("bob", &["bob", "bob"]), "several");
        assert_eq!(judged("bob", &[]), "nobody");
    }

    #[test]
    fn what_a_collation_calls_equal_is_not_enough() {
        assert_eq!(judged("jose", &["josé"]), "nobody");
        assert_eq!(judged("bob", &["bob "]), "nobody");
        assert_eq!(judged("strasse", &["straße"]), "nobody");
        assert_eq!(judged("josé", &["JOSÉ", "jose"]), "JOSÉ");
    }

    #[test]
    fn more_candidates_than_are_read_are_several_unless_one_is_exact() {
        let mut many = vec!["Info@example.com"; MOST_CANDIDATES];
        assert_eq!(judged("info@example.com", &many), "several");
        many[0] = "info@example.com";
        assert_eq!(judged("info@example.com", &many), "info@example.com");
    }

    #[test]
    fn an_empty_login_and_one_with_nul_are_nobodys() {
        assert!(TypedLogin::new("").is_none());
        assert!(TypedLogin::new("bob\0").is_none());
    }
}
