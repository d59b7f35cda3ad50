//! From Django groups to Cognito groups. Names in Cognito: 1 to 128 letters, marks, symbols,
//! numbers and punctuation (`GroupNameType` of the API model); in Django: up to 150, anything.

use std::collections::BTreeMap;

use crate::LegacyUser;
use crate::name_character::is_name_character;

/// Cognito's limit on a group name, in characters (`GroupNameType`).
const MAX_GROUP_NAME: usize = 128;
/// Cognito's limit on one user's groups (developer guide, "Quotas").
const MAX_GROUPS_PER_USER: usize = 100;

/// How Django groups become Cognito groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupNames {
    /// Whether groups are carried at all.
    pub carry: bool,
    /// Names chosen by hand: Django name to Cognito name.
    pub names: BTreeMap<String, String>,
    /// The Cognito group for `is_staff` users, if wanted.
    pub staff: Option<String>,
    /// The Cognito group for `is_superuser` users, if wanted.
    pub superuser: Option<String>,
    /// Precedence by Cognito name, for groups that have one: of a user's groups the one with the
    /// lowest number counts (`GroupType` of the API model).
    pub precedence: BTreeMap<String, i32>,
}

impl GroupNames {
    /// The Cognito groups of a user, sorted; `None` when one cannot be named or they are too many.
    pub fn groups_of(&self, user: &LegacyUser) -> Option<Vec<String>> {
        if !self.carry {
            return Some(Vec::new());
        }
        let mut groups = Vec::new();
        for name in &user.groups {
            groups.push(self.cognito_name(name)?);
        }
        groups.extend(self.staff.iter().filter(|_| user.is_staff).cloned());
        groups.extend(self.superuser.iter().filter(|_| user.is_superuser).cloned());
        groups.sort();
        groups.dedup();
        (groups.len() <= MAX_GROUPS_PER_USER).then_some(groups)
    }

    /// The Cognito name of a Django group; `None` when it has none within Cognito's limits.
    pub fn cognito_name(&self, django_name: &str) -> Option<String> {
        match self.names.get(django_name) {
            Some(name) => Some(name.clone()),
            None => group_name(django_name),
        }
    }
}

/// A Django group name as a Cognito group name: what Cognito takes in no name (spaces, control and
/// invisible characters) and `%` become `%XX` as in a URL, so that the name reads back. `None` when
/// empty or over 128 characters.
pub fn group_name(django_name: &str) -> Option<String> {
    let mut name = String::with_capacity(django_name.len());
    for character in django_name.chars() {
        if character == '%' || !is_name_character(character) {
            let mut utf8 = [0; 4];
            for byte in character.encode_utf8(&mut utf8).bytes() {
                name.push('%');
                name.push_str(&hex::encode_upper([byte]));
            }
        } else {
            name.push(character);
        }
    }
    (1..=MAX_GROUP_NAME)
        .contains(&name.chars().count())
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_written_so_that_the_name_reads_back() {
        assert_eq!(
            group_name("Content Editors").as_deref(),
            Some("Content%20Editors")
        );
        assert_eq!(group_name("100%").as_deref(), Some("100%25"));
        assert_eq!(group_name("Ünï\u{a0}x").as_deref(), Some("Ünï%C2%A0x"));
        assert_eq!(group_name("editors").as_deref(), Some("editors"));
        // A zero-width joiner is no letter, mark, symbol, number or punctuation.
        assert_eq!(group_name("a\u{200d}b").as_deref(), Some("a%E2%80%8Db"));
    }

    #[test]
    fn names_outside_cognitos_limits_have_none() {
        assert_eq!(group_name(""), None);
        assert_eq!(group_name(&"x".repeat(129)), None);
        assert!(group_name(&"é".repeat(128)).is_some());
    }
}
