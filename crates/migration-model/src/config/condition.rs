//! What a row of the user table must be like: the small language of `[legacy] where`, and of columns
//! whose meaning is a comparison. No SQL: legacy-users checks it against the columns' types and writes
//! the statement, with the values apart from its text.
//!
//! ```text
//! condition  = comparison { "and" comparison }
//! comparison = column ( "=" | "!=" ) value | column [ "not" ] "in" "(" value { "," value } ")"
//!            | column "is" [ "not" ] "null"
//! value      = 'text' | number | true | false
//! ```

use std::iter::Peekable;
use std::str::Chars;

use super::document::is_identifier;

/// Comparisons that must all hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Condition {
    /// At least one.
    pub comparisons: Vec<Comparison>,
}

/// One column compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison {
    /// The column by its own name, or `JOIN.COLUMN`.
    pub column: String,
    /// What must be so.
    pub test: Test,
}

/// What must be so of a column's value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Test {
    /// It is one of these.
    IsOneOf(Vec<Literal>),
    /// It is none of these. A null is none of them.
    IsNoneOf(Vec<Literal>),
    /// It is null.
    IsNull,
    /// It is not null.
    IsNotNull,
}

/// A value as written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Literal {
    /// In single quotes.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

/// What is wrong with a condition, in words for whoever wrote it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ConditionFault(String);

impl ConditionFault {
    /// How conditions are written.
    pub const HINT: &'static str = "write COLUMN = 'text', != 5, = true, is null, is not null or in \
                                    ('a', 'b'), several with `and`";
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// The first thing that is none of the language's.
    pub fn parse(text: &str) -> Result<Condition, ConditionFault> {
        let mut words = Words::of(text)?;
        let mut comparisons = Vec::new();
        loop {
            comparisons.push(comparison(&mut words)?);
            match words.next() {
                None => return Ok(Condition { comparisons }),
                Some(Word::Name(name)) if name.eq_ignore_ascii_case("and") => {}
                Some(Word::Name(name)) if name.eq_ignore_ascii_case("or") => {
                    return Err(fault("`or` is not known here; `in` may say it"));
                }
                Some(word) => {
                    return Err(fault(format!("`and` is missing before {}", word.shown())));
                }
            }
        }
    }

    /// The condition that a column is null, or that it is not.
    pub(super) fn of_null(column: &str, is_null: bool) -> Condition {
        let test = match is_null {
            true => Test::IsNull,
            false => Test::IsNotNull,
        };
        Condition {
            comparisons: vec![Comparison {
                column: column.to_owned(),
                test,
            }],
        }
    }
}

fn fault(text: impl Into<String>) -> ConditionFault {
    ConditionFault(text.into())
}

fn comparison(words: &mut Words) -> Result<Comparison, ConditionFault> {
    let column = match words.next() {
        Some(Word::Name(name)) if !is_keyword(&name) && is_identifier(&name) => name,
        Some(word) => return Err(fault(format!("{} is no column", word.shown()))),
        None => return Err(fault("a comparison is missing")),
    };
    let test = match words.next() {
        Some(Word::Sign("=")) => Test::IsOneOf(vec![value(words)?]),
        Some(Word::Sign("!=")) => Test::IsNoneOf(vec![value(words)?]),
        Some(Word::Name(name)) if name.eq_ignore_ascii_case("in") => Test::IsOneOf(values(words)?),
        Some(Word::Name(name)) if name.eq_ignore_ascii_case("not") => {
            words.keyword("in")?;
            Test::IsNoneOf(values(words)?)
        }
        Some(Word::Name(name)) if name.eq_ignore_ascii_case("is") => match words.next() {
            Some(Word::Name(word)) if word.eq_ignore_ascii_case("null") => Test::IsNull,
            Some(Word::Name(word)) if word.eq_ignore_ascii_case("not") => {
                words.keyword("null")?;
                Test::IsNotNull
            }
            _ => return Err(fault("`is` wants `null` or `not null`")),
        },
        Some(word) => {
            return Err(fault(format!(
                "{} does not compare `{column}`",
                word.shown()
            )));
        }
        None => return Err(fault(format!("`{column}` is compared with nothing"))),
    };
    Ok(Comparison { column, test })
}

fn value(words: &mut Words) -> Result<Literal, ConditionFault> {
    match words.next() {
        Some(Word::Text(text)) => Ok(Literal::Text(text)),
        Some(Word::Number(number)) => Ok(Literal::Integer(number)),
        Some(Word::Name(name)) if name.eq_ignore_ascii_case("true") => Ok(Literal::Boolean(true)),
        Some(Word::Name(name)) if name.eq_ignore_ascii_case("false") => Ok(Literal::Boolean(false)),
        Some(Word::Name(name)) if name.eq_ignore_ascii_case("null") => Err(fault(
            "nothing equals null: write `is null` or `is not null`",
        )),
        Some(Word::Name(name)) => Err(fault(format!("`{name}` is no value: texts stand in ' '"))),
        Some(word) => Err(fault(format!("{} is no value", word.shown()))),
        None => Err(fault("a value is missing")),
    }
}

fn values(words: &mut Words) -> Result<Vec<Literal>, ConditionFault> {
    if words.next() != Some(Word::Sign("(")) {
        return Err(fault("`in` wants values in parentheses"));
    }
    let mut values = Vec::new();
    loop {
        values.push(value(words)?);
        match words.next() {
            Some(Word::Sign(",")) => {}
            Some(Word::Sign(")")) => return Ok(values),
            _ => return Err(fault("the list of `in` wants `,` or `)`")),
        }
    }
}

fn is_keyword(name: &str) -> bool {
    ["and", "or", "is", "in", "not", "null", "true", "false"]
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(name))
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Number(i64),
    Sign(&'static str),
}

impl Word {
    fn shown(&self) -> String {
        match self {
            Word::Name(name) => format!("`{name}`"),
            // A value may be somebody's.
            Word::Text(_) => "a text".to_owned(),
            Word::Number(_) => "a number".to_owned(),
            Word::Sign(sign) => format!("`{sign}`"),
        }
    }
}

/// The words of a condition, in order.
struct Words(std::vec::IntoIter<Word>);

impl Words {
    fn of(text: &str) -> Result<Words, ConditionFault> {
        let mut words = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.peek().copied() {
            match next {
                _ if next.is_whitespace() => {
                    rest.next();
                }
                '\'' => words.push(Word::Text(quoted(&mut rest)?)),
                '=' | '(' | ')' | ',' | '!' | '<' => words.push(Word::Sign(sign(&mut rest)?)),
                '-' | '0'..='9' => words.push(Word::Number(number(&mut rest)?)),
                _ if is_name(next) => words.push(Word::Name(taken(&mut rest, is_name))),
                _ => return Err(fault(format!("`{next}` is not known here"))),
            }
        }
        Ok(Words(words.into_iter()))
    }

    fn next(&mut self) -> Option<Word> {
        self.0.next()
    }

    fn keyword(&mut self, wanted: &str) -> Result<(), ConditionFault> {
        match self.next() {
            Some(Word::Name(name)) if name.eq_ignore_ascii_case(wanted) => Ok(()),
            _ => Err(fault(format!("`not` wants `{wanted}`"))),
        }
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '.')
}

fn taken(rest: &mut Peekable<Chars<'_>>, is_part: fn(char) -> bool) -> String {
    let mut word = String::new();
    while let Some(next) = rest.next_if(|next| is_part(*next)) {
        word.push(next);
    }
    word
}

fn number(rest: &mut Peekable<Chars<'_>>) -> Result<i64, ConditionFault> {
    let is_part = |c: char| c == '-' || is_name(c);
    let word = taken(rest, is_part);
    let number = word.parse();
    number.map_err(|_| fault("a number here is a whole one; texts stand in ' '"))
}

fn sign(rest: &mut Peekable<Chars<'_>>) -> Result<&'static str, ConditionFault> {
    let first = rest.next();
    let mut second = |wanted: char| rest.next_if(|next| *next == wanted).is_some();
    match first {
        Some('=') => Ok("="),
        Some('(') => Ok("("),
        Some(')') => Ok(")"),
        Some(',') => Ok(","),
        Some('!') if second('=') => Ok("!="),
        Some('<') if second('>') => Ok("!="),
        _ => Err(fault("only = and != compare values")),
    }
}

/// A text in single quotes; two within are one.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, ConditionFault> {
    let mut text = String::new();
    rest.next();
    loop {
        match rest.next() {
            Some('\'') if rest.next_if(|next| *next == '\'').is_some() => text.push('\''),
            Some('\'') => return Ok(text),
            Some('\0') | None => return Err(fault("a text does not end: ' is missing")),
            Some(other) => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Condition {
        Condition::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    fn is(column: &str, test: Test) -> Comparison {
        Comparison {
            column: column.to_owned(),
            test,
        }
    }

    #[test]
    fn every_form_is_read() {
        let text = "is_bot = false AND deleted_at is null and name != 'O''Hara' \
                    and kind in (1, -2) and profile.state not in ('x') and joined IS NOT NULL";
        assert_eq!(
            read(text).comparisons,
            [
                is("is_bot", Test::IsOneOf(vec![Literal::Boolean(false)])),
                is("deleted_at", Test::IsNull),
                is(
                    "name",
                    Test::IsNoneOf(vec![Literal::Text("O'Hara".to_owned())])
                ),
                is(
                    "kind",
                    Test::IsOneOf(vec![Literal::Integer(1), Literal::Integer(-2)])
                ),
                is(
                    "profile.state",
                    Test::IsNoneOf(vec![Literal::Text("x".to_owned())])
                ),
                is("joined", Test::IsNotNull),
            ]
        );
        assert_eq!(read("a<>1"), read("a != 1"));
    }

    #[test]
    fn sql_is_refused_and_the_fault_says_what_is_unknown() {
        for (text, says) in [
            ("", "missing"),
            ("is_bot", "compared with nothing"),
            ("a = 1 or b = 2", "`or`"),
            ("a = 1; DROP TABLE x", "`;`"),
            ("a = (SELECT 1)", "`(` is no value"),
            ("a = 'x' -- y", "whole one"),
            ("a = b", "texts stand in"),
            ("a = null", "is null"),
            ("a > 1", "`>`"),
            ("a like 'x'", "does not compare"),
            ("a = 'x", "' is missing"),
            ("a = 1 b = 2", "`and` is missing"),
            ("a in ()", "no value"),
            ("a in 1", "parentheses"),
            ("a = 1.5", "whole"),
            ("\"a\" = 1", "`\"`"),
            ("not a = 1", "no column"),
        ] {
            let fault = Condition::parse(text).expect_err(text).to_string();
            assert!(fault.contains(says), "{text}: {fault}");
        }
    }
}
