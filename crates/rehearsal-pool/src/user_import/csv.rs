//! The dialect of import files: fields between commas, `\,` for a comma inside, no quoting.
//!
//! Responsible for cutting a line into fields. It must not know columns.

/// Cuts a line into trimmed fields. A backslash before anything but a comma stands for itself unless
/// `backslash_goes`; the guide names only the comma.
pub(crate) fn fields(line: &str, backslash_goes: bool) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&',') => {
                letters.next();
                field.push(',');
            }
            '\\' if backslash_goes => field.extend(letters.next()),
            ',' => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    for field in &mut fields {
        let trimmed = field.trim();
        if trimmed.len() != field.len() {
            *field = trimmed.to_owned();
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    fn fields(line: &str) -> Vec<String> {
        super::fields(line, false)
    }

    #[test]
    fn commas_part_fields_unless_escaped_and_quotes_are_letters() {
        assert_eq!(fields("a, b ,,c"), ["a", "b", "", "c"]);
        assert_eq!(fields(r"12 High St\, Leeds,x"), ["12 High St, Leeds", "x"]);
        assert_eq!(fields(r#""a,b""#), [r#""a"#, r#"b""#]);
        assert_eq!(fields(r"back\slash,\\"), [r"back\slash", r"\\"]);
        assert_eq!(fields(""), [""]);
        assert_eq!(super::fields(r"a\b\\\,,c\", true), [r"ab\,", "c"]);
    }
}
