//! How columns are called: Django's names for the fields, and the table's own. Knows no table.

use std::collections::BTreeMap;

use super::{Flag, NameTemplate};

/// The real names of the columns that Django calls by the field's name.
///
/// A name left at Django's default may be missing in the table (a model without it); one set in
/// the file must be there.
#[derive(Clone, Debug)]
pub struct Columns {
    names: BTreeMap<&'static str, String>,
    /// Fields that are said by more than a column's name.
    flags: BTreeMap<&'static str, Flag>,
    /// A username that is no column's.
    username: Option<NameTemplate>,
}

impl Columns {
    /// The fields that `[legacy.columns]` may rename.
    pub const FIELDS: &'static [&'static str] = &[
        "id",
        "username",
        "email",
        "password",
        "is_active",
        "first_name",
        "last_name",
        "last_login",
        "date_joined",
        "is_staff",
        "is_superuser",
        "phone_number",
    ];

    pub(super) fn new(
        mut names: BTreeMap<&'static str, String>,
        mut flags: BTreeMap<&'static str, Flag>,
        username: Option<NameTemplate>,
    ) -> Columns {
        flags.retain(|field, flag| match flag {
            Flag::Column(name) => {
                names.insert(field, name.clone());
                false
            }
            _ => true,
        });
        Columns {
            names,
            flags,
            username,
        }
    }

    /// The template of the username, where it is put together from columns.
    pub fn username_template(&self) -> Option<&NameTemplate> {
        self.username.as_ref()
    }

    /// The real column of a field, or the text itself when it is no field's name: so that
    /// `[attributes]` and `login` take either. `column:NAME` is the table's own name, whatever
    /// field is kept under that name elsewhere.
    pub fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        if let Some(own) = name.strip_prefix(OWN) {
            return own;
        }
        self.names.get(name).map_or(name, String::as_str)
    }

    /// Where a flag such as `is_active` comes from.
    pub fn flag(&self, field: &str) -> Flag {
        match self.flags.get(field) {
            Some(flag) => flag.clone(),
            None => Flag::Column(self.resolve(field).to_owned()),
        }
    }

    /// Whether a field is said by more than a column's name.
    pub fn is_computed(&self, field: &str) -> bool {
        self.flags.contains_key(field)
    }

    /// Whether the file names the column of this field, so that it must exist.
    pub fn is_explicit(&self, field: &str) -> bool {
        self.names.contains_key(field) || self.flags.contains_key(field)
    }
}

/// What comes before a column's own name where a field of Django's may have the same.
pub(crate) const OWN: &str = "column:";
