//! How a value stands in the file of a user import job, and which values cannot. Pure; called for
//! the decision about a user and by the writer of the file, so that both say the same.
//!
//! Source: developer guide, "Importing users into user pools from a CSV file": no quoting, `\,`
//! for a comma, blanks at both ends are trimmed, dates of birth as mm/dd/yyyy, 16,000 characters a
//! row. It does not say how a line break or a backslash could be written, so they cannot.

use std::borrow::Cow;

/// The most characters that a row of an import file may have.
pub const LONGEST_IMPORT_ROW: usize = 16_000;

/// Whether the value of an attribute arrives as it is.
pub fn is_carriable(attribute: &str, value: &str) -> bool {
    import_field(attribute, value).is_some()
}

/// The value as it stands in the file; `None` when the file cannot hold it.
pub fn import_field<'a>(attribute: &str, value: &'a str) -> Option<Cow<'a, str>> {
    if attribute == "birthdate" {
        return birthdate(value).map(Cow::Owned);
    }
    // A byte order mark is a blank to some readers, a letter to others.
    let outer = |c: char| c.is_whitespace() || c == '\u{feff}';
    if value.starts_with(outer) || value.ends_with(outer) {
        return None;
    }
    // Line and paragraph separators end a line for some readers.
    let breaks = |c: char| c == '\\' || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if value.contains(breaks) {
        return None;
    }
    Some(match value.contains(',') {
        true => Cow::Owned(value.replace(',', "\\,")),
        false => Cow::Borrowed(value),
    })
}

/// `1815-12-10` as `12/10/1815`.
fn birthdate(value: &str) -> Option<String> {
    let mut parts = value.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = parts.next().is_none() && digits(year, 4) && digits(month, 2) && digits(day, 2);
    whole.then(|| format!("{month}/{day}/{year}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_escaped_and_quotes_are_letters() {
        assert_eq!(
            import_field("name", "Day, Ada").as_deref(),
            Some("Day\\, Ada")
        );
        assert_eq!(
            import_field("name", "\"Ada\" 'x'").as_deref(),
            Some("\"Ada\" 'x'")
        );
        // Right-to-left marks and letters of any script are letters.
        let marked = "\u{200f}\u{5d0}\u{202e}\u{4e16}";
        assert_eq!(import_field("name", marked).as_deref(), Some(marked));
    }

    #[test]
    fn what_would_break_the_file_or_come_back_changed_is_not_carried() {
        for value in [
            "a\nb",
            "a\rb",
            "a\tb",
            "a\u{85}b",
            "a\u{2028}b",
            "a\\b",
            "a\\,b",
            " a",
            "a ",
            "\u{feff}a",
            "a\u{a0}",
            "\u{3000}a",
            "a\0b",
        ] {
            assert_eq!(import_field("name", value), None, "{value:?}");
        }
    }

    #[test]
    fn dates_of_birth_are_turned_round() {
        assert_eq!(
            import_field("birthdate", "1815-12-10").as_deref(),
            Some("12/10/1815")
        );
        for value in ["1815-12", "1815-12-1", "12/10/1815", "x", "1815-12-10-1"] {
            assert_eq!(import_field("birthdate", value), None, "{value}");
        }
    }
}
