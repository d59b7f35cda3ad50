//! Which attribute or parameter a refusal is about, without the refusal's text: Cognito's
//! messages quote the values they refuse, and values are usernames and e-mails. Knows only
//! names; what it returns is always a word of this list or a name the caller itself sent.

/// Standard attributes and request members that Cognito's messages name.
const KNOWN: &[&str] = &[
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
    "sub",
    "username",
    "password",
    "groupName",
    "userPoolId",
    "userAttributes",
    "temporaryPassword",
    "clientId",
];

/// Other spellings of the same in Cognito's prose.
const PROSE: &[(&str, &str)] = &[
    ("email address format", "email"),
    ("phone number format", "phone_number"),
    ("Username cannot be of email format", "username"),
    ("Username should be an email", "username"),
];

/// The name that a refusal's message is about, if it is one of ours. `sent` are the attribute
/// names of the request.
pub(crate) fn subject<'a>(message: &str, sent: impl Iterator<Item = &'a str>) -> Option<String> {
    if let Some((_, subject)) = PROSE.iter().find(|(prose, _)| message.contains(prose)) {
        return Some((*subject).to_owned());
    }
    // The longest match wins: `custom:name` is not about `name`.
    sent.chain(KNOWN.iter().copied())
        .filter(|name| stands_alone(message, name))
        .max_by_key(|name| name.len())
        .map(str::to_owned)
}

/// Whether the name stands in the text as a word of its own, not as part of a longer one.
fn stands_alone(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        // A value is quoted or follows an `@`; names are preceded by spaces, dots or quotes.
        !before.is_some_and(|c| is_word(c) || c == '@' || c == '-')
            && !after.is_some_and(|c| is_word(c) || c == '@' || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(message: &str) -> Option<String> {
        subject(message, ["custom:name", "email"].into_iter())
    }

    #[test]
    fn the_attribute_is_found_in_cognitos_messages() {
        let schema = "Attributes did not conform to the schema: custom:name: String must be no \
                      longer than 20 characters\n";
        assert_eq!(about(schema).as_deref(), Some("custom:name"));
        let pattern = "1 validation error detected: Value 'a b' at 'username' failed to satisfy \
                       constraint: Member must satisfy regular expression pattern";
        assert_eq!(about(pattern).as_deref(), Some("username"));
        assert_eq!(
            about("Invalid email address format.").as_deref(),
            Some("email")
        );
        assert_eq!(
            about("Invalid phone number format.").as_deref(),
            Some("phone_number")
        );
    }

    #[test]
    fn values_are_never_returned() {
        for message in [
            "Value 'ada@example.org' is odd",
            "User ada does not exist.",
            "Value 'custom:secret' refused",
            "an account with the given email-like ada@email already exists",
        ] {
            assert_eq!(about(message), None, "{message}");
        }
    }
}
