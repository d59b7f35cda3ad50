//! Which Cognito attribute is filled from which legacy column: the one mapping that trigger,
//! import and reconcile share. Knows names only; pool_user applies it.

use std::collections::BTreeMap;

/// Where an attribute's value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttributeSource {
    /// A column of the user table, by Django's name or its own.
    Column(String),
    /// The names of the user's groups, as a JSON array.
    Groups,
}

/// Cognito attribute name to source, as `[attributes]` has it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttributeMapping(BTreeMap<String, AttributeSource>);

impl AttributeMapping {
    /// Takes the pairs of `[attributes]`; the word `groups` means the user's groups.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let source = |text: String| match text.as_str() {
            "groups" => AttributeSource::Groups,
            _ => AttributeSource::Column(text),
        };
        AttributeMapping(
            pairs
                .into_iter()
                .map(|(name, text)| (name, source(text)))
                .collect(),
        )
    }

    /// Attributes and their sources, by attribute name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeSource)> {
        self.0.iter().map(|(name, source)| (name.as_str(), source))
    }

    /// The legacy columns that must be read, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<_> = self
            .0
            .values()
            .filter_map(|source| match source {
                AttributeSource::Column(column) => Some(column.as_str()),
                AttributeSource::Groups => None,
            })
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// The names of custom attributes, with their `custom:` prefix.
    pub fn custom_attributes(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with("custom:"))
    }

    /// The custom attribute that carries the legacy primary key, if one is mapped.
    pub fn legacy_id_attribute(&self, id_column: &str) -> Option<&str> {
        self.0.iter().find_map(|(name, source)| match source {
            AttributeSource::Column(column)
                if name.starts_with("custom:") && (column == "id" || column == id_column) =>
            {
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
