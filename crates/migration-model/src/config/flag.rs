//! A yes or no that the user table says in its own way: by a column that is true, by one that is
//! not, by a moment that is set, or by any other comparison. Knows no types; legacy-users checks them.

use super::condition::{Condition, ConditionFault};
use super::document::is_identifier;

/// Where a flag such as `is_active` comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Flag {
    /// A boolean column, by its own name or as `JOIN.COLUMN`.
    Column(String),
    /// `not:COLUMN`: a boolean column that means the opposite. A null is not true.
    Not(String),
    /// `null:COLUMN`, `notnull:COLUMN`, or a comparison.
    When(Condition),
}

impl Flag {
    /// How flags are written.
    pub(super) const HINT: &'static str = "write a boolean column, not:COLUMN, null:COLUMN, \
                                           notnull:COLUMN, or a comparison such as COLUMN = 'x'";

    /// Reads one: a column's name with or without a word before it, or a condition.
    pub(super) fn parse(text: &str) -> Result<Flag, ConditionFault> {
        if is_identifier(text) {
            return Ok(Flag::Column(text.to_owned()));
        }
        let column = |word: &str| {
            let name = text.strip_prefix(word).map(str::trim);
            name.filter(|name| is_identifier(name)).map(str::to_owned)
        };
        if let Some(name) = column("column:") {
            return Ok(Flag::Column(name));
        }
        if let Some(name) = column("not:") {
            return Ok(Flag::Not(name));
        }
        if let Some(name) = column("null:") {
            return Ok(Flag::When(Condition::of_null(&name, true)));
        }
        if let Some(name) = column("notnull:") {
            return Ok(Flag::When(Condition::of_null(&name, false)));
        }
        Condition::parse(text).map(Flag::When)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_means_what_it_says() {
        let parse = |text: &str| Flag::parse(text).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(parse("active"), Flag::Column("active".to_owned()));
        assert_eq!(parse("column:active"), Flag::Column("active".to_owned()));
        assert_eq!(parse("not:is_deleted"), Flag::Not("is_deleted".to_owned()));
        let condition = |text| Flag::When(Condition::parse(text).expect("a condition"));
        assert_eq!(parse("null:deleted_at"), condition("deleted_at is null"));
        assert_eq!(parse("notnull:seen"), condition("seen is not null"));
        assert_eq!(parse("state = 'active'"), condition("state = 'active'"));
        assert!(Flag::parse("not:a b").is_err());
        assert!(Flag::parse("").is_err());
    }
}
