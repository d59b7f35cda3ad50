//! What a facts file must not hold: whatever names a person, an account, a pool or a session.
//!
//! Responsible for putting placeholders in the place of such things, and for finding one that was
//! missed. It must not know the file's form.

use std::sync::OnceLock;

use regex::{Captures, Regex};

struct Kind {
    placeholder: &'static str,
    pattern: &'static str,
}

/// In the order in which they are looked for.
const KINDS: [Kind; 8] = [
    Kind {
        placeholder: "{url}",
        pattern: r#"https?://[^\s"'{}]+"#,
    },
    Kind {
        placeholder: "{token}",
        pattern: r"eyJ[\w-]{8,}[\w.-]*",
    },
    Kind {
        placeholder: "{e-mail}",
        // A placeholder may stand in its place already: `{username}@example.com`.
        pattern: r"[\w.+%{}-]+@[\w-]+(\.[\w-]+)+",
    },
    Kind {
        placeholder: "{uuid}",
        pattern: r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    },
    Kind {
        placeholder: "{pool}",
        pattern: r"[a-z]{2}(-[a-z]+)+-\d_\w+",
    },
    Kind {
        placeholder: "{phone}",
        pattern: r"\+\d{7,15}\b",
    },
    Kind {
        placeholder: "{account}",
        pattern: r"\b\d{12}\b",
    },
    // Ids of app clients and jobs, sessions, keys: long runs of letters with a digit among them.
    Kind {
        placeholder: "{opaque}",
        pattern: r"[A-Za-z0-9+/=_]{20,}",
    },
];

fn patterns() -> &'static [(Regex, &'static str)] {
    static PATTERNS: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let compiled = KINDS.iter().map(|kind| {
            let pattern = Regex::new(kind.pattern).expect("written above");
            (pattern, kind.placeholder)
        });
        compiled.collect()
    })
}

/// Names of exceptions and operations are long runs of letters too, without a digit.
fn is_word(found: &str, placeholder: &str) -> bool {
    placeholder == "{opaque}" && !found.bytes().any(|byte| byte.is_ascii_digit())
}

/// A text with placeholders for everything that must not be shared.
pub(super) fn redacted(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, placeholder) in patterns() {
        text = pattern
            .replace_all(&text, |found: &Captures<'_>| match &found[0] {
                word if is_word(word, placeholder) => word.to_owned(),
                _ => (*placeholder).to_owned(),
            })
            .into_owned();
    }
    text
}

/// What kind of thing a text still holds that must not be shared.
pub(super) fn unredacted(text: &str) -> Option<&'static str> {
    patterns().iter().find_map(|(pattern, placeholder)| {
        let held = pattern
            .find_iter(text)
            .any(|found| !is_word(found.as_str(), placeholder));
        held.then_some(*placeholder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_somebody_goes_and_the_rest_stays() {
        for (given, wanted) in [
            (
                "User ada@mail.example.org does not exist.",
                "User {e-mail} does not exist.",
            ),
            ("pool eu-west-1_aBc123XyZ", "pool {pool}"),
            (
                "arn:aws:lambda:us-gov-east-1:123456789012:function:x",
                "arn:aws:lambda:us-gov-east-1:{account}:function:x",
            ),
            (
                "PasswordResetRequiredException",
                "PasswordResetRequiredException",
            ),
            (
                "app client 1h57kf5cpq17m0eml12EXAMPLE",
                "app client {opaque}",
            ),
            ("eyJraWQiOiJ.eyJzdWIi.c2ln", "{token}"),
            ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{uuid}"),
            (
                "https://aws-cognito.s3.amazonaws.com/x?X-Amz-Signature=1",
                "{url}",
            ),
            ("{username}@example.com", "{e-mail}"),
            ("+441632960000", "{phone}"),
            ("p***@e***", "p***@e***"),
        ] {
            assert_eq!(redacted(given), wanted);
            assert_eq!(unredacted(wanted), None, "{wanted}");
            assert_eq!(unredacted(given).is_some(), given != wanted, "{given}");
        }
    }
}
