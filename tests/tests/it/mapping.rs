//! What a legacy user's attributes and groups must be in the pool, worked out from what Django
//! says of them and from the shapes' cutover.toml, in as few rules as there are.

use acceptance_tests::{LegacyDatabase, LegacyUser, PoolUser, Shape};

/// Says that a pool user has exactly the attributes that the shape's cutover.toml maps.
#[track_caller]
pub(crate) fn assert_attributes(legacy: &LegacyDatabase, from: &LegacyUser, user: &PoolUser) {
    let who = format!("legacy user {} on {}", from.id, legacy.engine());
    let shape = legacy.shape();
    assert_eq!(
        user.attribute("custom:legacy_id"),
        Some(from.id.as_str()),
        "{who}"
    );
    assert_eq!(
        user.attribute("given_name"),
        filled(&from.first_name),
        "{who}"
    );
    assert_eq!(
        user.attribute("family_name"),
        filled(&from.last_name),
        "{who}"
    );

    // Aliases and usernames are compared without case, so a case-insensitive pool may fold them.
    let email = user.attribute("email").map(str::to_lowercase);
    let legacy_email = filled(&from.email).map(str::to_lowercase);
    if email.is_some() || is_plain_email(&from.email) {
        assert_eq!(email, legacy_email, "{who}");
    }
    let verified = email
        .as_ref()
        .map(|_| from.email_is_verified() && !is_shared(legacy, from));
    let verified = verified.map(|verified| verified.to_string());
    let holds = user.attribute("email_verified");
    assert_eq!(holds, verified_by(shape, verified.as_deref()), "{who}");

    let phone = user.attribute("phone_number");
    match from
        .phone_number
        .as_deref()
        .filter(|_| shape == Shape::EmailLogin)
    {
        Some(number) if is_e164(number) => assert_eq!(phone, Some(number), "{who}"),
        _ => assert_eq!(phone, None, "{who}"),
    }
    let groups = user.attribute("custom:groups").map(|json| {
        serde_json::from_str::<Vec<String>>(json).expect("custom:groups is a JSON list of names")
    });
    let carried = (shape == Shape::Uuid && !from.groups.is_empty()).then(|| from.groups.clone());
    assert_eq!(groups.map(sorted), carried.map(sorted), "{who}");

    let known = [
        "sub",
        "custom:legacy_id",
        "given_name",
        "family_name",
        "email",
        "email_verified",
        "phone_number",
        "phone_number_verified",
        "custom:groups",
    ];
    let others = user
        .attributes
        .keys()
        .filter(|name| !known.contains(&name.as_str()));
    assert_eq!(
        others.count(),
        0,
        "{who} has attributes nobody mapped: {:?}",
        user.attributes
    );
    // Django knows nothing of phone numbers being verified.
    assert_ne!(
        user.attribute("phone_number_verified"),
        Some("true"),
        "{who}"
    );
}

/// `email_verified` in the shape's cutover.toml: `never` for the stock shape, else what the app
/// knows.
fn verified_by(shape: Shape, known: Option<&str>) -> Option<&str> {
    match shape {
        Shape::Stock => known.map(|_| "false"),
        _ => known,
    }
}

/// An e-mail that several users have proves nothing about any of them.
fn is_shared(legacy: &LegacyDatabase, from: &LegacyUser) -> bool {
    let own = from.email.to_lowercase();
    legacy
        .users()
        .iter()
        .filter(|user| user.email.to_lowercase() == own)
        .count()
        > 1
}

/// An address beyond doubt; the doubtful ones may be left out.
fn is_plain_email(email: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c);
    email.split_once('@').is_some_and(|(local, domain)| {
        let labels = |text: &str| text.split('.').all(|label| !label.is_empty());
        domain.contains('.')
            && (local.to_owned() + domain).chars().all(plain)
            && labels(local)
            && labels(domain)
    })
}

fn is_e164(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
