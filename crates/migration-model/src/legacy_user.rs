//! A user as the Django database has them. Knows nothing of SQL (legacy-users fills it) and
//! nothing of Cognito (pool_user maps it).

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use django_password::EncodedPassword;

/// A primary key of the user table: integer, UUID or text.
///
/// Displays as Django's admin shows it (UUIDs with hyphens, lower case). The order here is for
/// sets and reports; a database has its own (MariaDB sorts a UUID by its last group first).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LegacyId {
    /// AutoField, BigAutoField and the like.
    Integer(i64),
    /// A UUID in hyphenated lower case, whatever the column's type.
    Uuid(String),
    /// A character primary key.
    Text(String),
}

impl fmt::Display for LegacyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LegacyId::Integer(id) => id.fmt(f),
            LegacyId::Uuid(id) | LegacyId::Text(id) => f.write_str(id),
        }
    }
}

/// One row of the AUTH_USER_MODEL table with what belongs to it.
///
/// `Debug` shows the id alone: the rest is personal data.
#[derive(Clone)]
pub struct LegacyUser {
    /// Primary key.
    pub id: LegacyId,
    /// The username column; `None` where the model has none.
    pub username: Option<String>,
    /// The e-mail column; `None` when null or empty, or where the model has none.
    pub email: Option<String>,
    /// Whether the configured rule calls the e-mail verified.
    pub email_verified: bool,
    /// Whether another legacy user has the same e-mail but for letter case. Known after a look-up
    /// by login; a stream leaves it `false`, its reader counts collisions itself.
    pub email_shared: bool,
    /// The phone number column, if configured.
    pub phone_number: Option<String>,
    /// What the configured rule says of the phone number.
    pub phone_verified: bool,
    /// The password column; empty for null.
    pub encoded_password: EncodedPassword,
    /// Django's `is_active`; true where the model has no such column, as in Django.
    pub is_active: bool,
    /// Django's `is_staff`; false without the column.
    pub is_staff: bool,
    /// Django's `is_superuser`; false without the column.
    pub is_superuser: bool,
    /// When the user last signed in.
    pub last_login: Option<DateTime<Utc>>,
    /// When the user registered.
    pub date_joined: Option<DateTime<Utc>>,
    /// Columns that the attribute mapping names, by the name used there, as text: numbers in
    /// decimal, booleans `true`/`false`, dates `YYYY-MM-DD`, date-times RFC 3339 in UTC.
    pub columns: BTreeMap<String, Option<String>>,
    /// Names of the user's groups, sorted.
    pub groups: Vec<String>,
    /// The column whose bytes are no text, where one of the row's is not: then all but the id is
    /// unknown, and the person is held.
    pub unreadable: Option<String>,
}

impl LegacyUser {
    /// Somebody of whom nothing but the id can be read.
    pub fn unreadable(id: LegacyId, column: String) -> LegacyUser {
        LegacyUser {
            id,
            username: None,
            email: None,
            email_verified: false,
            email_shared: false,
            phone_number: None,
            phone_verified: false,
            encoded_password: EncodedPassword::new("!"),
            is_active: false,
            is_staff: false,
            is_superuser: false,
            last_login: None,
            date_joined: None,
            columns: BTreeMap::new(),
            groups: Vec::new(),
            unreadable: Some(column),
        }
    }
}

impl fmt::Debug for LegacyUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A row of Django's `auth_group`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LegacyGroup {
    /// The group's name, up to 150 characters, spaces allowed.
    pub name: String,
    /// `app_label.codename` of its permissions, sorted.
    pub permissions: Vec<String>,
}

/// What a typed login led to.
#[derive(Clone, Debug)]
pub enum LoginMatch {
    /// Nobody.
    None,
    /// Exactly one user, and the configured login column that found them.
    One(Box<LegacyUser>, crate::LoginColumn),
    /// One user in each of several login columns, in their order: somebody's username is another's
    /// e-mail. Django's backends try one after the other, and so whoever has the password is meant.
    InTurn(Vec<(LegacyUser, crate::LoginColumn)>),
    /// Several users differ by letter case alone and none matches exactly: never the first row.
    Ambiguous,
}
