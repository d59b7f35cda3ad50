//! Texts with named gaps: `User {username} is away`.
//!
//! Responsible for finding what stands in the gaps of a text, and for putting it into another one.

use std::collections::BTreeMap;

/// What stands in the gaps of `template` in `text`, if the rest is equal.
pub(super) fn captured<'t>(template: &'t str, text: &str) -> Option<BTreeMap<&'t str, String>> {
    let mut parts = BTreeMap::new();
    let (mut template, mut text) = (template, text);
    loop {
        let Some((before, gap, after)) = first_gap(template) else {
            return (template == text).then_some(parts);
        };
        text = text.strip_prefix(before)?;
        // The next fixed piece ends the gap; the last gap takes the rest.
        let next = first_gap(after).map_or(after, |(piece, _, _)| piece);
        let end = match (next.is_empty(), first_gap(after).is_none()) {
            (true, _) => text.len(),
            // The last piece must be the end of the text.
            (false, true) => text.strip_suffix(next)?.len(),
            (false, false) => text.find(next)?,
        };
        parts.insert(gap, text[..end].to_owned());
        text = &text[end..];
        template = after;
    }
}

/// A template with its gaps filled; a gap that nothing is known of keeps its name.
pub(super) fn filled(template: &str, parts: &BTreeMap<&str, String>) -> String {
    let mut text = template.to_owned();
    for (gap, part) in parts {
        text = text.replace(&format!("{{{gap}}}"), part);
    }
    text
}

fn first_gap(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (gap, after) = rest.split_once('}')?;
    Some((before, gap, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_found_and_filled() {
        let parts = captured(
            "{trigger} failed with error {text}.",
            "A failed with error b. c.",
        );
        let parts = parts.expect("it fits");
        assert_eq!(parts["trigger"], "A");
        assert_eq!(parts["text"], "b. c");
        assert_eq!(
            filled("[{text}] of {trigger}, {other}", &parts),
            "[b. c] of A, {other}"
        );
        assert_eq!(captured("as it is", "as it is"), Some(BTreeMap::new()));
        assert_eq!(captured("x {a}", "y z"), None);
        assert_eq!(captured("x {a}!", "x z"), None);
        assert!(captured("x {a}", "x ").is_some());
    }
}
