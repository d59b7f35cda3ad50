//! Which values Cognito takes for an attribute. Sources: `AttributeValueType` of the service's
//! API model (2,048), developer guide "Working with user attributes" (formats of email,
//! phone_number, birthdate). Knows nothing of a particular pool's schema.

/// Why a value cannot be an attribute's value. Says the shape, never the value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AttributeFault {
    /// Over 2,048 bytes (the model counts characters, the quota page bytes; the stricter holds).
    #[error("is {bytes} bytes long, Cognito takes 2048")]
    TooLong {
        /// Length found.
        bytes: usize,
    },
    /// Not `local@domain` with a dotted domain.
    #[error("is not an e-mail address (local@domain.tld)")]
    NotAnEmail,
    /// Not `+` and up to 15 digits.
    #[error("is not a phone number in E.164 form (+ and 1 to 15 digits)")]
    NotAPhoneNumber,
    /// Not `YYYY-MM-DD`.
    #[error("is not a date of the form YYYY-MM-DD")]
    NotADate,
    /// Not a number of seconds.
    #[error("is not a number of seconds since 1970")]
    NotANumber,
}

const MAX_VALUE_BYTES: usize = 2048;

/// Checks a non-empty value against what Cognito demands of the attribute everywhere.
///
/// # Errors
///
/// Says how the value's shape differs from what Cognito takes.
pub fn check_attribute_value(attribute: &str, value: &str) -> Result<(), AttributeFault> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(AttributeFault::TooLong { bytes: value.len() });
    }
    match attribute {
        "email" if !is_email(value) => Err(AttributeFault::NotAnEmail),
        "phone_number" if !is_e164(value) => Err(AttributeFault::NotAPhoneNumber),
        "birthdate" if !is_date(value) => Err(AttributeFault::NotADate),
        "updated_at" if value.parse::<u64>().is_err() => Err(AttributeFault::NotANumber),
        _ => Ok(()),
    }
}

/// Whether the text has the shape of an e-mail address that Cognito takes: one `@`, a local part
/// without spaces, and a domain of at least two labels.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
    };
    let labels_ok = domain.split('.').all(|label| !label.is_empty());
    plain(local)
        && plain(domain)
        && domain.contains('.')
        && labels_ok
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !text.contains([',', ';', '<', '>', '(', ')', '"'])
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_judged_by_shape() {
        for good in ["a@b.org", "Ünï.cøde+tag@sub.example.com", "a'b@x.co"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.org",
            "a@",
            "a@b",
            "a b@c.org",
            "a@b@c.org",
            "a@.org",
            "a@b..org",
            ".a@b.org",
            "a..b@c.org",
            "a@b.org,c@d.org",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn each_format_names_its_own_fault() {
        assert_eq!(
            check_attribute_value("phone_number", "0123"),
            Err(AttributeFault::NotAPhoneNumber)
        );
        assert_eq!(
            check_attribute_value("birthdate", "2001-2-30"),
            Err(AttributeFault::NotADate)
        );
        assert_eq!(
            check_attribute_value("updated_at", "soon"),
            Err(AttributeFault::NotANumber)
        );
        assert_eq!(
            check_attribute_value("name", &"é".repeat(1025)),
            Err(AttributeFault::TooLong { bytes: 2050 })
        );
        assert_eq!(check_attribute_value("phone_number", "+4912345"), Ok(()));
        assert_eq!(check_attribute_value("custom:x", "anything"), Ok(()));
    }
}
