//! Whether an import job can take a user with their hash, and if not, why. Pure; asked by inspect,
//! by the plan and again at the write. Knows nothing of files beyond what a value must be.

use django_password::{Caveat, CognitoHash, NotImportable};

use crate::{LONGEST_IMPORT_ROW, PoolUser, Reason, import_field};

/// What is known of hash forms on which AWS's documentation is silent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HashForms {
    /// Whether the pool was seen to take a base64 with `.` in it.
    pub dotted_base64: bool,
    /// Whether the pool was seen to take scrypt digests of 64 bytes.
    pub long_scrypt: bool,
}

impl HashForms {
    /// All of them, as the local pool takes.
    pub const ALL: HashForms = HashForms {
        dotted_base64: true,
        long_scrypt: true,
    };

    fn take(self, caveat: Caveat) -> bool {
        match caveat {
            Caveat::Base64Alphabet => self.dotted_base64,
            Caveat::ScryptHashLength => self.long_scrypt,
            _ => false,
        }
    }
}

/// The hash to import the user with, or why an import job cannot take them.
///
/// `auto_verified` are the contacts that the pool verifies: an import job demands one of them,
/// verified, of every row.
///
/// # Errors
///
/// The first reason in the order in which an operator could do something about it.
pub fn hash_import(
    user: &PoolUser,
    hash: Result<CognitoHash, NotImportable>,
    auto_verified: &[String],
    forms: HashForms,
) -> Result<CognitoHash, Reason> {
    // A job cannot disable: they would be let in until somebody does.
    if !user.enabled {
        return Err(Reason::UserInactive);
    }
    let hash = hash.map_err(reason)?;
    if hash.caveat().is_some_and(|caveat| !forms.take(caveat)) {
        return Err(Reason::HashFormUntried);
    }
    let is_verified = |contact: &String| {
        let flag = user.attributes.get(&format!("{contact}_verified"));
        flag.is_some_and(|flag| flag == "true") && user.attributes.contains_key(contact)
    };
    if !auto_verified.iter().any(is_verified) {
        return Err(Reason::NoVerifiedContact);
    }
    if !is_carriable(user, &hash) {
        return Err(Reason::AttributeNotCarriable);
    }
    Ok(hash)
}

/// Whether all of the user's values fit in a row.
fn is_carriable(user: &PoolUser, hash: &CognitoHash) -> bool {
    let attributes = user.attributes.iter();
    let values = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
    let others = [
        ("cognito:username", user.username.as_str()),
        ("password_hash", hash.expose()),
    ];
    let mut length: usize = 0;
    for (name, value) in values.chain(others) {
        let Some(field) = import_field(name, value) else {
            return false;
        };
        // Java counts UTF-16 units, and so never less than anybody else.
        length = length.saturating_add(field.encode_utf16().count());
    }
    // Separators, flags and the date that the writer adds take less than a hundred columns' worth.
    length.saturating_add(ROW_OVERHEAD) <= LONGEST_IMPORT_ROW
}

/// Commas of 50 custom and 20 standard columns, flags, and a time in seconds.
const ROW_OVERHEAD: usize = 128;

fn reason(not: NotImportable) -> Reason {
    match not {
        NotImportable::Unusable => Reason::PasswordUnusable,
        NotImportable::Unsupported => Reason::AlgorithmUnsupported,
        NotImportable::Malformed(_) => Reason::HashMalformed,
        NotImportable::PrehashedBcrypt => Reason::HashPrehashed,
        NotImportable::Wrapped | NotImportable::Peppered => Reason::HashWrapped,
        NotImportable::Argon2Variety | NotImportable::Argon2Version => Reason::HashArgonVariety,
        NotImportable::OverMaximum { .. } => Reason::HashOverCognitoCap,
        _ => Reason::HashNotImportable,
    }
}

#[cfg(test)]
mod tests {
    use django_password::{EncodedPassword, Verifier};

    use super::*;

    const PBKDF2: &str =
        "pbkdf2_sha256$600000$seasalt$DkcKzTlZsLFQ5nWZnuKbXI0rJ3gwbYTPYIC2xY1Yl0k=";

    fn user() -> PoolUser {
        let attributes = [
            ("email", "ada@example.org"),
            ("email_verified", "true"),
            ("given_name", "Ada"),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        PoolUser {
            username: "ada".to_owned(),
            attributes: attributes.into_iter().collect(),
            groups: Vec::new(),
            enabled: true,
        }
    }

    fn verdict(user: &PoolUser, encoded: &str) -> Result<(), Reason> {
        let hash = Verifier::default().cognito_import(&EncodedPassword::new(encoded));
        let contacts = ["email".to_owned()];
        hash_import(user, hash, &contacts, HashForms::ALL).map(drop)
    }

    #[test]
    fn a_hash_at_the_cap_goes_and_one_above_does_not() {
        assert_eq!(verdict(&user(), PBKDF2), Ok(()));
        let above = PBKDF2.replace("600000", "600001");
        assert_eq!(verdict(&user(), &above), Err(Reason::HashOverCognitoCap));
    }

    #[test]
    fn nobody_inactive_or_without_a_verified_contact_goes() {
        let inactive = PoolUser {
            enabled: false,
            ..user()
        };
        assert_eq!(verdict(&inactive, PBKDF2), Err(Reason::UserInactive));
        let mut unverified = user();
        let flag = unverified.attributes.get_mut("email_verified");
        *flag.expect("it has one") = "false".to_owned();
        assert_eq!(verdict(&unverified, PBKDF2), Err(Reason::NoVerifiedContact));
        // Verified, but not a contact that the pool verifies.
        let hash = Verifier::default().cognito_import(&EncodedPassword::new(PBKDF2));
        let phone = ["phone_number".to_owned()];
        let verdict = hash_import(&user(), hash, &phone, HashForms::ALL);
        assert_eq!(verdict.map(drop), Err(Reason::NoVerifiedContact));
    }

    #[test]
    fn a_value_that_the_file_cannot_hold_is_a_reason() {
        for value in ["A\nda", "A\\da", " Ada", &"a".repeat(16_000)] {
            let mut strange = user();
            strange
                .attributes
                .insert("given_name".to_owned(), value.to_owned());
            let verdict = verdict(&strange, PBKDF2);
            assert_eq!(verdict, Err(Reason::AttributeNotCarriable), "{value:.9?}");
        }
    }

    #[test]
    fn an_undocumented_form_waits_for_a_trial() {
        let forms = HashForms::default();
        let mut seen = [0_u32; 2];
        for last in [
            "DkcKzTlZsLFQ5nWZnuKbXI0rJ3gwbYTPYIC2xY1Yl0k=",
            "+kcKzTlZsLFQ5nWZnuKbXI0rJ3gwbYTPYIC2xY1Yl0k=",
        ] {
            let encoded = format!("pbkdf2_sha256$600000$seasalt${last}");
            let hash = Verifier::default().cognito_import(&EncodedPassword::new(encoded));
            let verdict = hash_import(&user(), hash, &["email".to_owned()], forms).map(drop);
            match last.contains('+') {
                true => {
                    assert_eq!(verdict, Err(Reason::HashFormUntried));
                    seen[0] += 1;
                }
                false => {
                    assert_eq!(verdict, Ok(()));
                    seen[1] += 1;
                }
            }
        }
        assert_eq!(seen, [1, 1]);
    }

    #[test]
    fn hashes_of_something_else_than_the_password_do_not_go() {
        let bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
        assert_eq!(verdict(&user(), &format!("bcrypt${bcrypt}")), Ok(()));
        let prehashed = verdict(&user(), &format!("bcrypt_sha256${bcrypt}"));
        assert_eq!(prehashed, Err(Reason::HashPrehashed));
        assert_eq!(verdict(&user(), "!x"), Err(Reason::PasswordUnusable));
    }
}
