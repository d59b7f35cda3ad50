//! A pool's schema: which attributes it has and what their values may be, as DescribeUserPool says. The
//! import reads it from the pool, the trigger from a snapshot in its package: whoever cannot be asked
//! for a value that fits is created without it, in both ways alike. Knows no pool but by what it is
//! given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The form of the snapshot's file.
const FORMAT: u32 = 1;

/// One attribute of a pool's schema.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaAttribute {
    /// The data type.
    pub data_type: AttributeType,
    /// Whether the value can be changed after creation.
    pub mutable: bool,
    /// Whether every user must have it.
    pub required: bool,
    /// What the value may be.
    #[serde(default)]
    pub bounds: AttributeBounds,
}

/// An attribute's data type.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum AttributeType {
    /// Text.
    String,
    /// An integer, as text.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A date and time.
    DateTime,
}

/// The pool's own limits on a value: lengths in characters for text, values for numbers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeBounds {
    /// The least length or value.
    pub min: Option<i64>,
    /// The greatest length or value.
    pub max: Option<i64>,
}

impl SchemaAttribute {
    /// Whether the pool takes this value.
    pub fn takes(&self, value: &str) -> bool {
        let within = |number: i64| {
            self.bounds.min.is_none_or(|min| min <= number)
                && self.bounds.max.is_none_or(|max| number <= max)
        };
        match self.data_type {
            AttributeType::String => {
                within(i64::try_from(value.chars().count()).unwrap_or(i64::MAX))
            }
            AttributeType::Number => value.parse().is_ok_and(within),
            AttributeType::Boolean => matches!(value, "true" | "false"),
            AttributeType::DateTime => true,
        }
    }
}

/// The schema of one pool, as it was when somebody looked: what travels in the trigger's package.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSchema {
    format: u32,
    /// Which pool it is.
    pub user_pool_id: String,
    /// The attributes by name.
    pub attributes: BTreeMap<String, SchemaAttribute>,
}

/// Why an attribute of a user does not fit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Misfit {
    /// Every user must have it.
    Missing(String),
    /// The pool takes no such value, or has no such attribute.
    Refused(String),
}

impl PoolSchema {
    /// The file beside cutover.toml.
    pub const FILE: &str = "pool-schema.json";

    /// What a pool says.
    pub fn new(user_pool_id: String, attributes: BTreeMap<String, SchemaAttribute>) -> PoolSchema {
        PoolSchema {
            format: FORMAT,
            user_pool_id,
            attributes,
        }
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<PoolSchema, String> {
        let schema: PoolSchema = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match schema.format {
            FORMAT => Ok(schema),
            other => Err(format!(
                "its format is {other}, this program reads {FORMAT}"
            )),
        }
    }

    /// What of these attributes the pool would not take. One such value and Cognito refuses the user
    /// whole, so that the right password is called wrong.
    pub fn misfits(&self, attributes: &BTreeMap<String, String>) -> Vec<Misfit> {
        let known = self.attributes.iter().filter_map(|(name, attribute)| {
            let value = attributes.get(name);
            match value {
                // Cognito makes it.
                None if attribute.required && name != "sub" => Some(Misfit::Missing(name.clone())),
                Some(value) if !attribute.takes(value) => Some(Misfit::Refused(name.clone())),
                _ => None,
            }
        });
        // Standard attributes always exist; some emulators list custom ones alone.
        let unknown = attributes
            .keys()
            .filter(|name| name.starts_with("custom:") && !self.attributes.contains_key(*name))
            .map(|name| Misfit::Refused(name.clone()));
        known.chain(unknown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> PoolSchema {
        let attribute = |data_type, required, max| SchemaAttribute {
            data_type,
            mutable: true,
            required,
            bounds: AttributeBounds {
                min: Some(0),
                max: Some(max),
            },
        };
        let attributes = [
            ("email", attribute(AttributeType::String, true, 20)),
            ("sub", attribute(AttributeType::String, true, 2048)),
            ("custom:plan", attribute(AttributeType::Number, false, 9)),
        ];
        let attributes = attributes.map(|(name, attribute)| (name.to_owned(), attribute));
        PoolSchema::new("eu-west-1_a".to_owned(), attributes.into())
    }

    fn misfits(attributes: &[(&str, &str)]) -> Vec<Misfit> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        schema().misfits(&attributes.iter().map(owned).collect())
    }

    #[test]
    fn what_a_pool_would_not_take_is_told_by_name() {
        assert_eq!(misfits(&[("email", "a@b.org"), ("given_name", "Ann")]), []);
        assert_eq!(misfits(&[]), [Misfit::Missing("email".to_owned())]);
        let bad = misfits(&[
            ("email", "ada.lovelace@example.org"),
            ("custom:plan", "gold"),
            ("custom:other", "x"),
        ]);
        let names = ["custom:plan", "email", "custom:other"];
        assert_eq!(bad, names.map(|name| Misfit::Refused(name.to_owned())));
    }

    #[test]
    fn a_snapshot_reads_back_and_another_form_is_refused() {
        let text = serde_json::to_string(&schema()).expect("JSON");
        assert_eq!(PoolSchema::parse(&text), Ok(schema()));
        let newer = text.replace("\"format\":1", "\"format\":2");
        assert!(PoolSchema::parse(&newer).is_err());
        assert!(PoolSchema::parse("{}").is_err());
    }
}
