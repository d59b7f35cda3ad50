//! Who a typed login means. Source of the rules: `ModelBackend` and `UsernameField` of Django
//! 5.2 (NFKC, then exact), allauth's `filter_users_by_email`, and Cognito's case-insensitive
//! pools, which hand names to triggers in lower case. Judges here and not in SQL, because a
//! collation may call `jose` and `josé` equal. Called by legacy_database.
//!
//! Whoever is found or not, the same questions are asked: how long an answer takes tells nobody who
//! exists. So all login columns are asked at once, in every letter case, and what is asked about a
//! user afterwards is asked about nobody, too.

use migration_model::{
    EmailVerifiedRule, ExcludedNames, LegacyId, LegacyUser, LoginColumn, LoginMatch, PoolSignIn,
    fold_login_name, normalize_login_name,
};

use crate::case_variants::{case_variants, folded_variants};
use crate::column::{Column, ColumnKind};
use crate::connections::ReadSession;
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::indexes::{Folding, Indexes};
use crate::query::{Bind, Query, TextRow};
use crate::user_table::{Among, UserTable};

/// Most rows looked at for one login in one place. Those equal in every character come first, so
/// that only a login shared by more people than this could look less certain than it is.
const MOST_CANDIDATES: usize = 50;

/// A typed login in the forms it is compared in.
struct TypedLogin {
    /// As Django compares it.
    normalised: String,
    /// As a case-insensitive pool compares it.
    folded: String,
    /// The spellings under which it may be stored, for databases that fold ASCII alone.
    variants: Vec<String>,
    /// The same for databases that fold all letters.
    folded_variants: Vec<String>,
}

impl TypedLogin {
    /// `None` for what no user can have typed in Django: nothing, or a NUL character, which its
    /// form fields refuse (ProhibitNullCharactersValidator) and PostgreSQL cannot store.
    fn new(login: &str) -> Option<TypedLogin> {
        (!login.is_empty() && !login.contains('\0')).then(|| TypedLogin {
            normalised: normalize_login_name(login),
            folded: fold_login_name(login),
            variants: case_variants(login),
            folded_variants: folded_variants(login),
        })
    }
}

/// Where a login may be found.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the column of the user table at this position.
    Column(usize),
    /// In a username that is put together from columns.
    ComposedName,
    /// Among django-allauth's verified addresses: whoever verified one is meant, even where others
    /// have the same text in their e-mail column.
    VerifiedAddresses,
}

/// Finds the user whom the login means, with everything that belongs to them.
pub(crate) async fn find_by_login(
    session: &mut dyn ReadSession,
    table: &UserTable,
    sign_in: PoolSignIn,
    login: &str,
) -> Result<LoginMatch, LegacyError> {
    let Some(typed) = TypedLogin::new(login) else {
        return Ok(LoginMatch::None);
    };
    let mut places: Vec<(&LoginColumn, Place)> = Vec::new();
    if table.fields.composed.is_some() {
        places.push((&LoginColumn::Username, Place::ComposedName));
    }
    for (login_column, position) in &table.logins {
        if *login_column == LoginColumn::Email && table.account_emails.is_some() {
            places.push((login_column, Place::VerifiedAddresses));
        }
        places.push((login_column, Place::Column(*position)));
    }
    let asked: Vec<Place> = places.iter().map(|(_, place)| *place).collect();
    let answers = look_up(session, table, &asked, &typed, Among::Included).await?;
    let mut matched = places
        .into_iter()
        .zip(answers)
        .filter(|(_, found)| !matches!(found, Found::Nobody));
    // The first place in which anybody matches decides, unless it takes another's e-mail for a
    // username.
    let first = matched.next();
    let Some(((first_column, _), Found::One(user))) = first else {
        complete(session, table, sign_in, table.nobody(login), login).await?;
        return Ok(match first {
            Some(_) => LoginMatch::Ambiguous,
            None => LoginMatch::None,
        });
    };
    let mut users = vec![(
        complete(session, table, sign_in, *user, login).await?,
        first_column.clone(),
    )];
    for ((login_column, _), found) in matched {
        let Found::One(other) = found else { continue };
        if users.iter().all(|(user, _)| user.id != other.id) {
            let other = complete(session, table, sign_in, *other, login).await?;
            users.push((other, login_column.clone()));
        }
    }
    Ok(match users.pop() {
        Some((user, login_column)) if users.is_empty() => {
            LoginMatch::One(Box::new(user), login_column)
        }
        last => {
            users.extend(last);
            LoginMatch::InTurn(users)
        }
    })
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
    let mut places: Vec<Place> = positions.into_iter().map(Place::Column).collect();
    let composed = table.fields.composed.as_ref();
    places.extend(composed.map(|_| Place::ComposedName));
    let account_emails = table.account_emails.as_ref();
    places.extend(account_emails.map(|_| Place::VerifiedAddresses));
    let among = match table.excluded_names {
        ExcludedNames::Kept => Among::Everybody,
        ExcludedNames::Free => Among::Included,
    };
    let mut held = false;
    for name in names.iter().filter_map(|name| TypedLogin::new(name)) {
        let answers = look_up(session, table, &places, &name, among).await?;
        held |= answers.iter().any(|found| !matches!(found, Found::Nobody));
    }
    Ok(held)
}

enum Found {
    Nobody,
    One(Box<LegacyUser>),
    Several,
}

/// Looks in all places by one statement; an answer for each, in their order.
async fn look_up(
    session: &mut dyn ReadSession,
    table: &UserTable,
    places: &[Place],
    login: &TypedLogin,
    among: Among,
) -> Result<Vec<Found>, LegacyError> {
    let during = "looking up a login";
    let mut query = Query::select(table.dialect, during, table.subject(), "");
    let mut parts = 0;
    for (number, place) in places.iter().enumerate() {
        let mut part = query.clone();
        if parts > 0 {
            part.push(" UNION ALL SELECT ");
        }
        if push_place(&mut part, table, number, *place, login, among) {
            query = part;
            parts += 1;
        }
    }
    let mut rows: Vec<Vec<TextRow>> = places.iter().map(|_| Vec::new()).collect();
    if parts > 0 {
        for mut row in session.rows(query).await? {
            let number = row.first_mut().and_then(Option::take);
            let number: Option<usize> = number.and_then(|number| number.parse().ok());
            if let Some(of_place) = number.and_then(|number| rows.get_mut(number)) {
                of_place.push(row.split_off(1));
            }
        }
    }
    let answers = places.iter().zip(rows);
    answers
        .map(|(place, rows)| found(table, *place, rows, login))
        .collect()
}

/// Adds the statement for one place: its number, the text that was found, and the user. Says
/// whether there is anything to ask there.
fn push_place(
    query: &mut Query,
    table: &UserTable,
    number: usize,
    place: Place,
    login: &TypedLogin,
    among: Among,
) -> bool {
    // A selection of its own each: SQLite takes no limit in a part of a union.
    let found = match place {
        Place::VerifiedAddresses => "h.cutover_text",
        Place::Column(_) | Place::ComposedName => "''",
    };
    query.push(&format!(
        "* FROM (SELECT '{number}' AS cutover_place, {found} AS cutover_found, "
    ));
    table.push_named_columns(query);
    match (place, &table.fields.composed, &table.account_emails) {
        (Place::Column(position), ..) => {
            query.push(&table.from());
            table.begin_where(query, among);
            let search = Search {
                dialect: table.dialect,
                column: &table.columns[position],
                indexes: &table.indexes,
            };
            if !search.push(query, login) {
                return false;
            }
        }
        (Place::ComposedName, Some(composed), _) => {
            query.push(&table.from());
            table.begin_where(query, among);
            if !composed.push(query, &login.normalised, &table.columns) {
                return false;
            }
            query.push(&format!(" LIMIT {MOST_CANDIDATES}"));
        }
        (Place::VerifiedAddresses, _, Some(addresses)) => {
            query.push(&format!(" FROM (SELECT {}", addresses.holders()));
            let search = Search {
                dialect: table.dialect,
                column: &addresses.email,
                indexes: &addresses.indexes,
            };
            if !search.push(query, login) {
                return false;
            }
            let (users, key) = (table.name.quoted(table.dialect), table.key_sql());
            query.push(&format!(") AS h JOIN {users} u ON {key} = h.cutover_user"));
            if among == Among::Included {
                table.only_included(query);
            }
        }
        (Place::ComposedName | Place::VerifiedAddresses, ..) => return false,
    }
    query.push(&format!(") AS cutover_place_{number}"));
    true
}

/// What the rows of one place mean: the text that was found there, then the user.
fn found(
    table: &UserTable,
    place: Place,
    mut rows: Vec<TextRow>,
    login: &TypedLogin,
) -> Result<Found, LegacyError> {
    if let Place::VerifiedAddresses = place {
        rows = one_row_per_user(rows, login);
    }
    let values = rows.iter().map(|row| match place {
        Place::Column(position) => row.get(1 + position).cloned().flatten(),
        Place::ComposedName => {
            let composed = table.fields.composed.as_ref()?;
            composed.of(row.get(1..)?, &table.columns)
        }
        Place::VerifiedAddresses => row.first().cloned().flatten(),
    });
    Ok(match judge(values, rows.len(), login) {
        Judgement::Nobody => Found::Nobody,
        Judgement::Several => Found::Several,
        Judgement::One(number) => {
            let mut text = rows.swap_remove(number);
            let mut user = table.read(text.split_off(1))?;
            let address = text.pop().flatten();
            if let (Place::VerifiedAddresses, Some(address)) = (place, address) {
                // Which is meant, and has a flag of its own: not the one in the user's row.
                let own = user.email.as_deref().map(fold_login_name);
                if own != Some(fold_login_name(&address)) {
                    user.email = Some(address);
                }
            }
            Found::One(Box::new(user))
        }
    })
}

/// One user may have verified an address in two spellings: the better one counts.
fn one_row_per_user(rows: Vec<TextRow>, login: &TypedLogin) -> Vec<TextRow> {
    let mut users: Vec<TextRow> = Vec::new();
    for row in rows {
        // The key is the first column after the text that was found.
        let known = users.iter_mut().find(|known| known.get(1) == row.get(1));
        match known {
            Some(known) => {
                let is_exact = |row: &TextRow| {
                    row.first().cloned().flatten().as_ref() == Some(&login.normalised)
                };
                if is_exact(&row) {
                    *known = row;
                }
            }
            None => users.push(row),
        }
    }
    users
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

/// Adds what other tables know of a user. Asks the same questions about nobody.
async fn complete(
    session: &mut dyn ReadSession,
    table: &UserTable,
    sign_in: PoolSignIn,
    mut user: LegacyUser,
    typed: &str,
) -> Result<LegacyUser, LegacyError> {
    table
        .complete(session, std::slice::from_mut(&mut user))
        .await?;
    // Nothing depends on it in a pool where nobody signs in by e-mail and none is verified; and to
    // know it costs a full scan on Django's own table, which has no index on e-mails.
    let by_email = sign_in != PoolSignIn::Username;
    if by_email || table.email_rule != EmailVerifiedRule::Never {
        let email = user.email.as_deref().unwrap_or(typed);
        let shared = is_email_shared(session, table, &user.id, email).await?;
        user.email_shared = shared && user.email.is_some() && (by_email || user.email_verified);
    }
    Ok(user)
}

/// Whether another user than this has the same e-mail but for letter case.
async fn is_email_shared(
    session: &mut dyn ReadSession,
    table: &UserTable,
    user: &LegacyId,
    email: &str,
) -> Result<bool, LegacyError> {
    let (Some(position), Some(email)) = (table.fields.email, TypedLogin::new(email)) else {
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
    if !search.push(&mut query, &email) {
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
        if id != *user && fold_login_name(&other) == email.folded {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How a text is looked for in one column, in every letter case, by one condition. What it finds is
/// more than what matches.
struct Search<'a> {
    dialect: Dialect,
    column: &'a Column,
    indexes: &'a Indexes,
}

impl Search<'_> {
    /// Adds the condition, order and limit; false when nothing in such a column can match.
    fn push(&self, query: &mut Query, login: &TypedLogin) -> bool {
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
        let folded = |text: &str| match self.column.ignores_case {
            true => text.to_owned(),
            false => format!("{fold}({text})"),
        };
        // citext's own `=` is found only where its schema is searched; elsewhere it is text's.
        let is_citext = self.dialect == Dialect::Postgres && self.column.ignores_case;
        let spellings = match self.column.folds_ascii_alone || is_citext {
            true => &login.variants,
            false => &login.folded_variants,
        };
        let values: Vec<String> = spellings
            .iter()
            .map(|spelling| {
                let value = Bind::Text(spelling.clone());
                folded(&match is_text {
                    true => self.column.bind(query, value),
                    false => query.bind(value),
                })
            })
            .collect();
        // One list: a row is folded once, and an index is asked for each value.
        query.push(&format!("{} IN ({})", folded(&text), values.join(", ")));
        let placeholder = query.bind(Bind::Text(login.normalised.clone()));
        let exactly = self.dialect.exactly(&text, &placeholder);
        query.push(&format!(
            " ORDER BY CASE WHEN {exactly} THEN 0 ELSE 1 END LIMIT {MOST_CANDIDATES}"
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
