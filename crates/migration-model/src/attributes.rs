//! Which Cognito attribute is filled from which legacy column: the one mapping that trigger,
//! import and reconcile share. Knows names only; pool_user applies it.

use std::collections::BTreeMap;

use crate::config::OWN;

/// Where an attribute's value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttributeSource {
    /// A column of the user table, by Django's name or its own.
    Column(String),
    /// The names of the user's groups, as a JSON array.
    Groups,
    /// The same text for everybody.
    Constant(String),
}

/// What becomes of somebody one of whose values Cognito does not take as an attribute.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnInvalid {
    /// They are moved without the value.
    #[default]
    Drop,
    /// They are not moved: held at the import, and not let in at sign-in.
    Hold,
}

/// Cognito attribute name to source, as `[attributes]` has it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttributeMapping {
    sources: BTreeMap<String, AttributeSource>,
    on_invalid: OnInvalid,
}

/// The attribute that carries the legacy id unless the file names another.
const LEGACY_ID: &str = "custom:legacy_id";

impl AttributeMapping {
    /// Takes the pairs of `[attributes]`; the word `groups` means the user's groups, and `=TEXT` the
    /// text itself.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let source = |text: String| match (text.as_str(), text.strip_prefix('=')) {
            ("groups", _) => AttributeSource::Groups,
            (_, Some(constant)) => AttributeSource::Constant(constant.to_owned()),
            _ => AttributeSource::Column(text),
        };
        let pairs = pairs.into_iter();
        AttributeMapping {
            sources: pairs.map(|(name, text)| (name, source(text))).collect(),
            on_invalid: OnInvalid::default(),
        }
    }

    /// The same with the legacy id in an attribute: without one nothing that comes after the first
    /// sign-in could tell who a pool user is.
    pub(crate) fn with_legacy_id(mut self, id_column: &str) -> Self {
        if self.legacy_id_attribute(id_column).is_none() {
            let id = AttributeSource::Column("id".to_owned());
            self.sources.entry(LEGACY_ID.to_owned()).or_insert(id);
        }
        self
    }

    pub(crate) fn with_on_invalid(self, on_invalid: OnInvalid) -> Self {
        AttributeMapping { on_invalid, ..self }
    }

    /// What becomes of whoever has a value that Cognito does not take.
    pub fn on_invalid(&self) -> OnInvalid {
        self.on_invalid
    }

    /// Attributes and their sources, by attribute name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeSource)> {
        self.sources
            .iter()
            .map(|(name, source)| (name.as_str(), source))
    }

    /// The legacy columns that must be read, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<_> = self
            .sources
            .values()
            .filter_map(|source| match source {
                AttributeSource::Column(column) => Some(column.as_str()),
                AttributeSource::Groups | AttributeSource::Constant(_) => None,
            })
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// The names of custom attributes, with their `custom:` prefix.
    pub fn custom_attributes(&self) -> impl Iterator<Item = &str> {
        self.sources
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with("custom:"))
    }

    /// The custom attribute that carries the legacy primary key, if one is mapped.
    pub fn legacy_id_attribute(&self, id_column: &str) -> Option<&str> {
        let is_id = |column: &str| match column.strip_prefix(OWN) {
            Some(own) => own == id_column,
            None => column == "id" || column == id_column,
        };
        self.sources.iter().find_map(|(name, source)| match source {
            AttributeSource::Column(column) if name.starts_with("custom:") && is_id(column) => {
                Some(name.as_str())
            }
            _ => None,
        })
    }
}

/// What is wrong with an attribute's name, or `None`. Standard names and the `custom:` rule are
/// the developer guide's "Working with user attributes"; lengths the API model's
/// `AttributeNameType` and `CustomAttributeNameType`.
pub(crate) fn attribute_name_fault(name: &str) -> Option<String> {
    const STANDARD: &[&str] = &[
        "address",
        "birthdate",
        "email",
        "family_name",
        "gender",
        "given_name",
        "locale",
        "middle_name",
        "name",
        "nickname",
        "phone_number",
        "picture",
        "preferred_username",
        "profile",
        "updated_at",
        "website",
        "zoneinfo",
    ];
    if let Some(custom) = name.strip_prefix("custom:") {
        let length = custom.chars().count();
        return (!(1..=20).contains(&length) || custom.contains(char::is_whitespace))
            .then(|| "a custom attribute's name has 1 to 20 characters and no spaces".to_owned());
    }
    if STANDARD.contains(&name) {
        return None;
    }
    Some(match name {
        "email_verified" | "phone_number_verified" => {
            "it is set by the rule in [legacy] email_verified, never mapped".to_owned()
        }
        "sub" | "username" => "Cognito chooses it, it cannot be set".to_owned(),
        _ => match nearest(name, STANDARD.iter().copied()) {
            Some(standard) => format!("Cognito has no such attribute; did you mean `{standard}`?"),
            None => "Cognito has no such attribute; other names start with `custom:`".to_owned(),
        },
    })
}

/// The candidate most like `word`, if one is like it at all.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cognito_does_not_have_are_refused_with_the_nearest() {
        assert_eq!(attribute_name_fault("email"), None);
        assert_eq!(attribute_name_fault("custom:legacy_id"), None);
        assert!(attribute_name_fault("givenname").is_some_and(|t| t.contains("`given_name`")));
        assert!(attribute_name_fault("sub").is_some());
        assert!(attribute_name_fault("email_verified").is_some());
        assert!(attribute_name_fault(&format!("custom:{}", "x".repeat(21))).is_some());
    }

    #[test]
    fn the_legacy_id_attribute_is_found_under_djangos_or_its_own_column_name() {
        let mapping = AttributeMapping::new([("custom:old".to_owned(), "person_id".to_owned())]);
        assert_eq!(mapping.legacy_id_attribute("person_id"), Some("custom:old"));
        assert_eq!(mapping.legacy_id_attribute("id"), None);
    }
}
