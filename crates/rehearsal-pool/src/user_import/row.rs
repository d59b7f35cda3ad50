//! One row of an import file: the user it describes, or why it describes none.
//!
//! Responsible for the columns and the checks of a row. It must not know jobs or other users.

use uuid::Uuid;

use super::csv;
use super::password_hash::{HashAlgorithm, HashRefused, ImportedHash};
use crate::api_model::api_model;
use crate::belief::Beliefs;
use crate::pool::NewUser;
use crate::pool::config::PoolConfig;
use crate::pool::login_name::{name_of_new_user, verified_flag};
use crate::pool::schema::{DataType, Occasion, SUB};
use crate::pool::user::{Attributes, Credential, UserStatus};

pub(crate) const USERNAME: &str = "cognito:username";
const MFA_ENABLED: &str = "cognito:mfa_enabled";
pub(crate) const PASSWORD_HASH: &str = "password_hash";

/// "The maximum row length is 16,000 characters."
const LONGEST_ROW: usize = 16_000;

/// What the guide leaves open about files, as it is believed or was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileRules<'a>(pub(crate) &'a Beliefs);

impl FileRules<'_> {
    fn fields(self, line: &str) -> Vec<String> {
        // Asked only where it matters, so that it counts only there.
        let matters = line
            .match_indices('\\')
            .any(|(place, _)| line.as_bytes().get(place + 1) != Some(&b','));
        csv::fields(line, matters && self.0.word("import-backslash") == "goes")
    }

    /// Refuses forms of hashes that a real pool was found not to take.
    fn check_form(self, algorithm: HashAlgorithm, hash: &str) -> Result<(), &'static str> {
        let taken = |belief| self.0.word(belief) == "signs in";
        let fits = match algorithm {
            HashAlgorithm::Pbkdf2Sha256 => {
                (!hash.contains('.') || taken("import-pbkdf2-dot"))
                    && (!hash.contains('+') || taken("import-pbkdf2-plus"))
            }
            HashAlgorithm::Scrypt => {
                let bytes = hash.rsplit('$').next().unwrap_or_default().len() / 2;
                bytes != 64 || taken("import-scrypt-64")
            }
            HashAlgorithm::Argon2id => taken("import-argon2-comma"),
            HashAlgorithm::Bcrypt => true,
        };
        match fits {
            true => Ok(()),
            false => Err(HashRefused::Malformed.reason()),
        }
    }
}

/// The columns of a pool's file, in the order of the guide's sample answer of `GetCSVHeader`,
/// custom attributes after the standard ones. The sample has no `password_hash`, though the guide's
/// text says the template has; the answer here follows the sample.
pub(crate) fn columns(config: &PoolConfig) -> Vec<String> {
    let attributes = config.schema.iter().filter(|(id, _)| *id != SUB);
    let mut columns: Vec<String> = attributes
        .map(|(_, definition)| definition.name.clone())
        .collect();
    columns.extend([MFA_ENABLED.to_owned(), USERNAME.to_owned()]);
    columns
}

/// Reads the first line. All columns must be there, in any order; a file with hashes may leave
/// attributes out, as the guide's own example does.
pub(crate) fn header(
    config: &PoolConfig,
    line: &str,
    algorithm: Option<HashAlgorithm>,
    rules: FileRules<'_>,
) -> Result<Vec<String>, &'static str> {
    let given = rules.fields(line);
    let known = columns(config);
    let hashes = given.iter().any(|name| name == PASSWORD_HASH);
    if algorithm.is_some() && !hashes {
        return Err("Missing password_hash column");
    }
    let strange = |name: &&String| !known.contains(name) && *name != PASSWORD_HASH;
    if given.iter().any(|name| strange(&name)) {
        return Err("The header in the CSV file does not match the expected headers");
    }
    let complete = known.iter().all(|name| given.contains(name));
    let mut seen: Vec<&String> = given.iter().collect();
    seen.sort();
    seen.dedup();
    let needed = given.iter().any(|name| name == USERNAME);
    if seen.len() != given.len() || !needed || (!complete && algorithm.is_none()) {
        return Err("The header in the CSV file does not match the expected headers");
    }
    Ok(given)
}

/// The user of a row.
pub(crate) fn read(
    config: &PoolConfig,
    columns: &[String],
    line: &str,
    algorithm: Option<HashAlgorithm>,
    rules: FileRules<'_>,
) -> Result<NewUser, &'static str> {
    if line.chars().count() > LONGEST_ROW {
        return Err("The row is longer than 16,000 characters");
    }
    let fields = rules.fields(line);
    if fields.len() != columns.len() {
        return Err("The row has not as many fields as the header");
    }
    let mut attributes = Attributes::default();
    let (mut username, mut hash) = ("", "");
    for (column, value) in columns.iter().zip(&fields) {
        match column.as_str() {
            USERNAME => username = value,
            PASSWORD_HASH => hash = value,
            MFA_ENABLED => check_mfa(config, value)?,
            name if !value.is_empty() => set(config, &mut attributes, name, value)?,
            _ => {}
        }
    }
    if !api_model().fits("UsernameType", username) {
        return Err("The username is missing, too long or has blanks");
    }
    let sub = Uuid::new_v4();
    let name = name_of_new_user(config, username, sub, &mut attributes)
        .map_err(|_| "The username has a form the pool does not take")?;
    check_verified(config, &attributes)?;
    config
        .schema
        .check_required(|id| attributes.get(id).is_some())
        .map_err(|_| "A required attribute is missing")?;
    let (status, credential) = match algorithm.filter(|_| !hash.is_empty()) {
        // "If they are imported with the ability to sign in with a passwordless factor, Amazon
        // Cognito sets their state to CONFIRMED."
        None if config
            .passwordless
            .iter()
            .any(|contact| attributes.get(*contact).is_some()) =>
        {
            (UserStatus::Confirmed, Credential::None)
        }
        None => (UserStatus::ResetRequired, Credential::None),
        Some(algorithm) => {
            rules.check_form(algorithm, hash)?;
            let hash = ImportedHash::read(algorithm, hash).map_err(|refused| refused.reason())?;
            (UserStatus::Confirmed, Credential::Imported(Box::new(hash)))
        }
    };
    Ok(NewUser {
        name,
        sub,
        attributes,
        status,
        credential,
    })
}

fn set(
    config: &PoolConfig,
    attributes: &mut Attributes,
    name: &str,
    value: &str,
) -> Result<(), &'static str> {
    let converted;
    let mut value = value;
    if name == "birthdate" {
        converted = iso_date(value).ok_or("The birthdate is not of the form mm/dd/yyyy")?;
        value = &converted;
    }
    let id = config
        .schema
        .check(name, value, Occasion::Creation)
        .map_err(|_| "An attribute does not conform to the schema")?;
    // Files write TRUE and FALSE.
    if config.schema.get(id).data_type == DataType::Boolean {
        attributes.set(id, &value.to_ascii_lowercase());
    } else {
        attributes.set(id, &config.folded_value(id, value));
    }
    Ok(())
}

/// `02/01/1985` as `1985-02-01`.
fn iso_date(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split('/').collect();
    let [month, day, year] = parts[..] else {
        return None;
    };
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    (digits(month, 2) && digits(day, 2) && digits(year, 4)).then(|| format!("{year}-{month}-{day}"))
}

/// `cognito:mfa_enabled` must fit the pool; blank always does.
fn check_mfa(config: &PoolConfig, value: &str) -> Result<(), &'static str> {
    let fits = match value.to_ascii_lowercase().as_str() {
        "" => true,
        "true" => config.mfa() != "OFF",
        "false" => config.mfa() != "ON",
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err("cognito:mfa_enabled does not fit the pool's MFA setting")
    }
}

/// "At least one of the auto-verified attributes must be true for each user", and a verified
/// contact must be there.
fn check_verified(config: &PoolConfig, attributes: &Attributes) -> Result<(), &'static str> {
    let verified =
        |attribute: u8| verified_flag(attribute).is_some_and(|flag| attributes.is_true(flag));
    if !config
        .auto_verified
        .iter()
        .any(|attribute| verified(*attribute))
    {
        return Err(
            "The User Record does not set any of the auto verified attributes to true. (Example: \
             email_verified to true).",
        );
    }
    crate::operation::check_flags(attributes).map_err(|_| "A verified contact is missing")
}

#[cfg(test)]
mod tests {
    use super::iso_date;

    #[test]
    fn birthdates_are_turned_round() {
        assert_eq!(iso_date("02/01/1985").as_deref(), Some("1985-02-01"));
        for bad in ["1985-02-01", "2/1/1985", "", "02/01/85", "aa/bb/cccc"] {
            assert_eq!(iso_date(bad), None, "{bad}");
        }
    }
}
