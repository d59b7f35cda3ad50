//! The attribute schema of a pool: which attributes users can have and what their values must
//! look like.
//!
//! Responsible for the standard attributes, custom ones, and the checks and refusals for values.
//! It must not know users or uniqueness (see `user_table`).
//!
//! Sources: guide page user-pool-settings-attributes (standard attributes, required, mutability,
//! formats of e-mail, phone number and birthdate), `SchemaAttributeType` and
//! `AttributeValueType` of the API model. The texts are those callers report
//! ("Attributes did not conform to the schema: …").

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api_error::ApiError;

/// Place of an attribute in the schema; standard attributes come first and never move.
pub(crate) type AttributeId = u8;

pub(crate) const SUB: AttributeId = 0;
pub(crate) const PREFERRED_USERNAME: AttributeId = 6;
pub(crate) const EMAIL: AttributeId = 10;
pub(crate) const EMAIL_VERIFIED: AttributeId = 11;
pub(crate) const PHONE_NUMBER: AttributeId = 16;
pub(crate) const PHONE_NUMBER_VERIFIED: AttributeId = 17;

/// Quota page: 50 custom attributes in a pool.
const MAX_CUSTOM_ATTRIBUTES: usize = 50;
/// "The maximum length for any custom attribute can be no more than 2048 characters."
const LONGEST_CUSTOM_TEXT: i64 = 2048;
/// `AttributeValueType` of the API model.
const MAX_VALUE_LENGTH: usize = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DataType {
    String,
    Number,
    Boolean,
    DateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) mutable: bool,
    pub(crate) required: bool,
    pub(crate) developer_only: bool,
    min: Option<i64>,
    max: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schema {
    definitions: Vec<Definition>,
}

/// Who sets values, which decides what is permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The user does not exist yet: immutable attributes may be written.
    Creation,
    /// The user exists.
    Update,
}

/// One `SchemaAttributeType` of a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SchemaAttribute {
    name: Option<String>,
    attribute_data_type: Option<DataType>,
    developer_only_attribute: Option<bool>,
    mutable: Option<bool>,
    required: Option<bool>,
    number_attribute_constraints: Option<NumberConstraints>,
    string_attribute_constraints: Option<StringConstraints>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NumberConstraints {
    min_value: Option<String>,
    max_value: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StringConstraints {
    min_length: Option<String>,
    max_length: Option<String>,
}

impl Schema {
    /// The standard attributes, as `DescribeUserPool` lists them for a pool without a schema of
    /// its own. `updated_at` is the one number, and `birthdate` has exactly 10 characters.
    pub(crate) fn standard() -> Self {
        use DataType::{Boolean, Number, String};
        let names = [
            ("sub", String),
            ("name", String),
            ("given_name", String),
            ("family_name", String),
            ("middle_name", String),
            ("nickname", String),
            ("preferred_username", String),
            ("profile", String),
            ("picture", String),
            ("website", String),
            ("email", String),
            ("email_verified", Boolean),
            ("gender", String),
            ("birthdate", String),
            ("zoneinfo", String),
            ("locale", String),
            ("phone_number", String),
            ("phone_number_verified", Boolean),
            ("address", String),
            ("updated_at", Number),
        ];
        let definitions = names
            .into_iter()
            .map(|(name, data_type)| {
                let (min, max) = match (name, data_type) {
                    ("sub", _) => (Some(1), Some(2048)),
                    ("birthdate", _) => (Some(10), Some(10)),
                    (_, String) => (Some(0), Some(2048)),
                    (_, Number) => (Some(0), None),
                    _ => (None, None),
                };
                Definition {
                    name: name.to_owned(),
                    data_type,
                    mutable: name != "sub",
                    required: name == "sub",
                    developer_only: false,
                    min,
                    max,
                }
            })
            .collect();
        Self { definitions }
    }

    /// The schema of `CreateUserPool.Schema`: standard attributes changed, custom ones added.
    pub(crate) fn of_new_pool(attributes: Vec<SchemaAttribute>) -> Result<Self, ApiError> {
        let mut schema = Self::standard();
        for attribute in attributes {
            let name = attribute.name.clone().unwrap_or_default();
            match schema
                .definitions
                .iter()
                .position(|known| known.name == name)
            {
                Some(index) => schema.change_standard(index, &attribute)?,
                None => schema.add_custom(attribute)?,
            }
        }
        Ok(schema)
    }

    fn change_standard(
        &mut self,
        index: usize,
        attribute: &SchemaAttribute,
    ) -> Result<(), ApiError> {
        let definition = &mut self.definitions[index];
        if attribute
            .attribute_data_type
            .is_some_and(|given| given != definition.data_type)
        {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid AttributeDataType for the standard attribute {}.",
                definition.name
            )));
        }
        definition.required = attribute.required.unwrap_or(definition.required);
        definition.mutable = attribute.mutable.unwrap_or(definition.mutable);
        let (min, max) = attribute.bounds(&definition.name)?;
        // "StringAttributeConstraints (defaults to 1-99 characters in length)", where a request
        // names this attribute.
        let (default_min, default_max) = match index {
            index if index == usize::from(PREFERRED_USERNAME) => (Some(1), Some(99)),
            _ => (definition.min, definition.max),
        };
        definition.min = min.or(default_min);
        definition.max = max.or(default_max);
        Ok(())
    }

    /// Adds a custom attribute; `Name` comes without the prefix, as in the API.
    pub(crate) fn add_custom(&mut self, attribute: SchemaAttribute) -> Result<(), ApiError> {
        let Some(name) = attribute.name.clone().filter(|name| !name.is_empty()) else {
            return Err(ApiError::invalid_parameter(
                "A custom attribute needs a name.",
            ));
        };
        if attribute.required == Some(true) {
            return Err(ApiError::invalid_parameter(
                "Required custom attributes are not supported currently.",
            ));
        }
        let developer_only = attribute.developer_only_attribute.unwrap_or(false);
        // "When DeveloperOnlyAttribute is true, Amazon Cognito creates your attribute as
        // dev:MyAttribute."
        let prefix = if developer_only { "dev:" } else { "custom:" };
        let full_name = format!("{prefix}{name}");
        if self.definitions.iter().any(|known| known.name == full_name) {
            return Err(ApiError::invalid_parameter(format!(
                "{full_name}: Existing attribute already has name {full_name}."
            )));
        }
        let custom = self
            .definitions
            .iter()
            .filter(|known| known.name.contains(':'))
            .count();
        if custom >= MAX_CUSTOM_ATTRIBUTES {
            // Of the two operations that add them, neither can say LimitExceededException:
            // AddCustomAttributes does not declare it, CreateUserPool's list ends at 50.
            return Err(ApiError::invalid_parameter(format!(
                "A user pool has at most {MAX_CUSTOM_ATTRIBUTES} custom attributes."
            )));
        }
        let (min, max) = attribute.bounds(&full_name)?;
        let text = attribute.attribute_data_type.unwrap_or(DataType::String) == DataType::String;
        if text && max.is_some_and(|max| max > LONGEST_CUSTOM_TEXT) {
            return Err(ApiError::invalid_parameter(format!(
                "The maximum length of {full_name} is beyond {LONGEST_CUSTOM_TEXT}."
            )));
        }
        self.definitions.push(Definition {
            name: full_name,
            data_type: attribute.attribute_data_type.unwrap_or(DataType::String),
            // `SchemaAttributeType.Mutable` is a plain boolean: left out of a request, the
            // console's and CLI's custom attributes come out mutable.
            mutable: attribute.mutable.unwrap_or(true),
            required: false,
            developer_only,
            min,
            max,
        });
        Ok(())
    }

    pub(crate) fn id(&self, name: &str) -> Option<AttributeId> {
        let index = self
            .definitions
            .iter()
            .position(|known| known.name == name)?;
        AttributeId::try_from(index).ok()
    }

    pub(crate) fn get(&self, id: AttributeId) -> &Definition {
        &self.definitions[usize::from(id)]
    }

    pub(crate) fn name(&self, id: AttributeId) -> &str {
        &self.get(id).name
    }

    /// Attributes besides `sub` that every user must have.
    pub(crate) fn required(&self) -> impl Iterator<Item = (AttributeId, &Definition)> {
        self.iter()
            .filter(|(id, definition)| definition.required && *id != SUB)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (AttributeId, &Definition)> {
        self.definitions
            .iter()
            .enumerate()
            .map(|(index, definition)| {
                (
                    AttributeId::try_from(index).expect("a schema has at most 70 attributes"),
                    definition,
                )
            })
    }

    /// `SchemaAttributes` of `DescribeUserPool`.
    pub(crate) fn described(&self) -> Value {
        self.definitions.iter().map(Definition::described).collect()
    }

    /// Checks one name and value of a request and returns the attribute. An empty value, which
    /// deletes, needs no form.
    pub(crate) fn check(
        &self,
        name: &str,
        value: &str,
        occasion: Occasion,
    ) -> Result<AttributeId, ApiError> {
        let Some(id) = self.id(name) else {
            return Err(not_conforming(
                name,
                "Attribute does not exist in the schema.",
            ));
        };
        let definition = self.get(id);
        if id == SUB {
            return Err(ApiError::invalid_parameter(
                "Cannot modify the non-mutable attribute sub",
            ));
        }
        if occasion == Occasion::Update && !definition.mutable {
            return Err(ApiError::invalid_parameter(format!(
                "user.{name}: Attribute cannot be updated.\n"
            )));
        }
        if value.is_empty() {
            return Ok(id);
        }
        match id {
            EMAIL if !is_email(value) => {
                return Err(ApiError::invalid_parameter("Invalid email address format."));
            }
            PHONE_NUMBER if !is_phone_number(value) => {
                return Err(ApiError::invalid_parameter("Invalid phone number format."));
            }
            _ => {}
        }
        definition
            .check_value(value)
            .map_err(|reason| not_conforming(name, &reason))?;
        Ok(id)
    }

    /// The refusal for required attributes that `has` does not know, if any.
    pub(crate) fn check_required(&self, has: impl Fn(AttributeId) -> bool) -> Result<(), ApiError> {
        let missing: Vec<String> = self
            .required()
            .filter(|(id, _)| !has(*id))
            .map(|(_, definition)| format!("{}: The attribute is required\n", definition.name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ApiError::invalid_parameter(format!(
            "Attributes did not conform to the schema: {}",
            missing.concat()
        )))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl SchemaAttribute {
    fn bounds(&self, name: &str) -> Result<(Option<i64>, Option<i64>), ApiError> {
        let parse = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match (text.parse::<i64>(), text.strip_prefix('-')) {
                (Ok(bound), _) => Ok(Some(bound)),
                // "Must be a number less than or equal to 2^1023": beyond what a value here can be.
                (Err(_), None) if is_digits(text) => Ok(Some(i64::MAX)),
                (Err(_), Some(digits)) if is_digits(digits) => Ok(Some(i64::MIN)),
                (Err(_), _) => Err(ApiError::invalid_parameter(format!(
                    "The bounds of the attribute {name} must be whole numbers."
                ))),
            },
        };
        let data_type = self.attribute_data_type.unwrap_or(DataType::String);
        let (min, max) = match (&self.string_attribute_constraints, data_type) {
            (Some(bounds), DataType::String) => {
                (parse(&bounds.min_length)?, parse(&bounds.max_length)?)
            }
            _ => match &self.number_attribute_constraints {
                Some(bounds) => (parse(&bounds.min_value)?, parse(&bounds.max_value)?),
                None => (None, None),
            },
        };
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(ApiError::invalid_parameter(format!(
                "The attribute {name} has a minimum greater than its maximum."
            )));
        }
        Ok((min, max))
    }
}

impl Definition {
    fn check_value(&self, value: &str) -> Result<(), String> {
        match self.data_type {
            DataType::String => {
                let length = value.chars().count();
                let max = self.max.and_then(|max| usize::try_from(max).ok());
                let max = max.unwrap_or(MAX_VALUE_LENGTH).min(MAX_VALUE_LENGTH);
                let min = self
                    .min
                    .and_then(|min| usize::try_from(min).ok())
                    .unwrap_or(0);
                if length > max {
                    return Err(format!("String must be no longer than {max} characters"));
                }
                if length < min {
                    return Err(format!("String must be at least {min} characters long"));
                }
                if self.name == "birthdate" && !is_date(value) {
                    return Err("Value must be a date of the form YYYY-MM-DD".to_owned());
                }
                Ok(())
            }
            DataType::Number => {
                let Ok(number) = value.parse::<i64>() else {
                    return Err("Value must be a number".to_owned());
                };
                match (self.min, self.max) {
                    (Some(min), _) if number < min => {
                        Err(format!("Value must not be less than {min}"))
                    }
                    (_, Some(max)) if number > max => {
                        Err(format!("Value must not be greater than {max}"))
                    }
                    _ => Ok(()),
                }
            }
            DataType::Boolean => {
                if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
                    Ok(())
                } else {
                    Err("Value must be true or false".to_owned())
                }
            }
            // No form of a DateTime is documented.
            DataType::DateTime => Ok(()),
        }
    }

    fn described(&self) -> Value {
        let mut described = json!({
            "Name": self.name,
            "AttributeDataType": self.data_type,
            "DeveloperOnlyAttribute": self.developer_only,
            "Mutable": self.mutable,
            "Required": self.required,
        });
        let bounds = |low: &str, high: &str| {
            let mut bounds = serde_json::Map::new();
            // Bounds are strings in this API.
            if let Some(min) = self.min {
                bounds.insert(low.to_owned(), min.to_string().into());
            }
            if let Some(max) = self.max {
                bounds.insert(high.to_owned(), max.to_string().into());
            }
            Value::Object(bounds)
        };
        match self.data_type {
            DataType::String => {
                described["StringAttributeConstraints"] = bounds("MinLength", "MaxLength");
            }
            DataType::Number => {
                described["NumberAttributeConstraints"] = bounds("MinValue", "MaxValue");
            }
            DataType::Boolean | DataType::DateTime => {}
        }
        described
    }
}

fn not_conforming(name: &str, reason: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "Attributes did not conform to the schema: {name}: {reason}\n"
    ))
}

/// "A valid e-mail address with an @ and a domain" (user-pool-settings-attributes); what exactly
/// the service takes for valid is believed: one @, no blanks, and a domain of at least two labels
/// of letters, digits and hyphens.
pub(crate) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return false;
    };
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let blank = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    !local.is_empty()
        && !local.contains(blank)
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// A plus sign, then digits only (user-pool-settings-attributes); at most 15, as E.164 has.
pub(crate) fn is_phone_number(value: &str) -> bool {
    value.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// "Value must be a valid 10 character date in the format YYYY-MM-DD."
fn is_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let number = |text: &str, length: usize| {
        let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_name_the_attributes_they_stand_for() {
        let schema = Schema::standard();
        for (id, name) in [
            (SUB, "sub"),
            (PREFERRED_USERNAME, "preferred_username"),
            (EMAIL, "email"),
            (EMAIL_VERIFIED, "email_verified"),
            (PHONE_NUMBER, "phone_number"),
            (PHONE_NUMBER_VERIFIED, "phone_number_verified"),
        ] {
            assert_eq!(schema.name(id), name);
            assert_eq!(schema.id(name), Some(id));
        }
    }

    #[test]
    fn mail_addresses_need_a_local_part_and_a_dotted_domain() {
        for good in ["a@b.c", "ann.lee+x@mail.example.org", "ü@exämple.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.c",
            "a@b",
            "a@.c",
            "a@b.",
            "a b@c.d",
            "a@b@c.d",
            "\"a@b.c\"",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn phone_numbers_are_a_plus_and_digits() {
        assert!(is_phone_number("+12065550100"));
        for bad in ["12065550100", "+", "+1 206", "+1-206", "+1234567890123456"] {
            assert!(!is_phone_number(bad), "{bad}");
        }
    }

    #[test]
    fn birthdates_are_days_that_exist() {
        for good in ["2000-01-31", "2024-02-29", "2000-02-29", "1985-12-01"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "",
            "2000-1-1",
            "01.01.2000",
            "2000-13-01",
            "2000-00-10",
            "2023-02-29",
            "1900-02-29",
            "2000-04-31",
            "2000-01-00",
            "2000-01-01-",
            "+200-01-01",
            "2000/01/01",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn an_empty_value_deletes_and_needs_no_form() {
        let schema = Schema::standard();
        assert_eq!(
            schema.check("birthdate", "", Occasion::Update).ok(),
            schema.id("birthdate")
        );
    }
}
