//! A username put together from columns: `{realm}.{username}`, for people whose name is unique within
//! their tenant alone. Knows no table.

use crate::config::document::is_identifier;
use crate::name_character::is_name_character;

/// Texts and columns in turn.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameTemplate {
    /// At least one of them a column; no two columns without a text between them, so that a name can
    /// be taken apart again.
    pub parts: Vec<NamePart>,
}

/// A part of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NamePart {
    /// The same for everybody.
    Text(String),
    /// A column by its own name, or `JOIN.COLUMN`.
    Column(String),
}

impl NameTemplate {
    pub(super) const HINT: &'static str = "write columns in braces with a text between them, such as \
                                           \"{realm}.{username}\"";

    /// Whether a text is meant as a template.
    pub(super) fn is_one(text: &str) -> bool {
        text.contains(['{', '}'])
    }

    /// Reads one; `None` where names could not be taken apart again, or Cognito would not take them.
    pub(super) fn parse(text: &str) -> Option<NameTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(open) = rest.strip_prefix('{') {
                let (column, after) = open.split_once('}')?;
                let follows_column = matches!(parts.last(), Some(NamePart::Column(_)));
                if !is_identifier(column) || follows_column {
                    return None;
                }
                parts.push(NamePart::Column(column.to_owned()));
                rest = after;
                continue;
            }
            let end = rest.find('{').unwrap_or(rest.len());
            let (between, after) = rest.split_at_checked(end)?;
            if between.contains('}') || !between.chars().all(is_name_character) {
                return None;
            }
            parts.push(NamePart::Text(between.to_owned()));
            rest = after;
        }
        let has_column = parts.iter().any(|part| matches!(part, NamePart::Column(_)));
        has_column.then_some(NameTemplate { parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_texts_come_in_turn() {
        let template = NameTemplate::parse("{realm.name}.{username}-x").expect("a template");
        let text = |text: &str| NamePart::Text(text.to_owned());
        let column = |name: &str| NamePart::Column(name.to_owned());
        assert_eq!(
            template.parts,
            [
                column("realm.name"),
                text("."),
                column("username"),
                text("-x")
            ]
        );
        for text in ["{a}{b}", "{a", "a}", "{a} {b}", "", "abc", "{a b}"] {
            assert_eq!(NameTemplate::parse(text), None, "{text}");
        }
    }
}
