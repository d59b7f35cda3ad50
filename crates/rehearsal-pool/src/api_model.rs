//! Cognito's API model: which operations exist, what their input must look like, which errors
//! they declare.
//!
//! Responsible for telling a valid request from an invalid one by the constraints of the
//! service's own model (required members, lengths, ranges, patterns, enums) and for wording the
//! refusal as the service does. It must not know pools or users. Called by the dispatcher before
//! an operation runs.
//!
//! Source: `model/cognito-idp.json`, which `model/extract.py` writes from the model botocore ships.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::api_error::ApiError;

static MODEL: LazyLock<ApiModel> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../model/cognito-idp.json"))
        .expect("model/extract.py writes what this type reads")
});

/// The model, read once.
pub(crate) fn api_model() -> &'static ApiModel {
    &MODEL
}

#[derive(Debug, Deserialize)]
pub(crate) struct ApiModel {
    pub(crate) target_prefix: String,
    pub(crate) operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    input: String,
    pub(crate) errors: Vec<String>,
    /// Whether callers sign the request with AWS credentials (`authtype` is not `none`).
    pub(crate) signed: bool,
}

#[derive(Debug, Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, String>,
    member: Option<String>,
    key: Option<String>,
    value: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    allowed: Option<Vec<String>>,
    #[serde(default)]
    sensitive: bool,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Boolean,
    Timestamp,
    Blob,
}

impl ApiModel {
    /// Checks `input` against the input shape of `operation`.
    ///
    /// Unknown members pass: AWS JSON services ignore them. A member of the wrong JSON type is a
    /// `SerializationException`; everything else an `InvalidParameterException` that lists every
    /// broken constraint, as the service words it.
    pub(crate) fn validate(&self, operation: &Operation, input: &Value) -> Result<(), ApiError> {
        let mut findings = Vec::new();
        self.check(&operation.input, input, Place::Body, false, &mut findings)?;
        match findings.len() {
            0 => Ok(()),
            1 => Err(ApiError::invalid_parameter(format!(
                "1 validation error detected: {}",
                findings[0]
            ))),
            count => Err(ApiError::invalid_parameter(format!(
                "{count} validation errors detected: {}",
                findings.join("; ")
            ))),
        }
    }

    /// Leaves of a valid input what the service reads of it: no null, which is as good as absent,
    /// and no member that the model does not know. Those are returned.
    pub(crate) fn reduce(&self, operation: &Operation, input: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        self.reduce_to(&operation.input, input, &mut unknown);
        unknown
    }

    fn reduce_to(&self, shape_name: &str, value: &mut Value, unknown: &mut Vec<String>) {
        let shape = self.shape(shape_name);
        match value {
            Value::Object(fields) if shape.kind == Kind::Structure => {
                fields.retain(|name, field| {
                    match shape.members.get(name) {
                        Some(member) => self.reduce_to(member, field, unknown),
                        None => unknown.push(name.clone()),
                    }
                    shape.members.contains_key(name) && !field.is_null()
                })
            }
            Value::Object(entries) => entries.retain(|_, entry| !entry.is_null()),
            Value::Array(items) => {
                if let Some(member) = &shape.member {
                    for item in items {
                        self.reduce_to(member, item, unknown);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a text meets the constraints of a shape of the model.
    pub(crate) fn fits(&self, shape: &str, text: &str) -> bool {
        let mut findings = Vec::new();
        let checked = self.check(shape, &Value::from(text), Place::Body, true, &mut findings);
        checked.is_ok() && findings.is_empty()
    }

    fn shape(&self, name: &str) -> &Shape {
        &self.shapes[name]
    }

    fn check(
        &self,
        shape_name: &str,
        value: &Value,
        place: Place<'_>,
        secret: bool,
        findings: &mut Vec<String>,
    ) -> Result<(), ApiError> {
        let shape = self.shape(shape_name);
        let secret = secret || shape.sensitive;
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(fields)) => {
                for name in &shape.required {
                    if fields.get(name).is_none_or(Value::is_null) {
                        findings.push(format!(
                            "Value null at '{}' failed to satisfy constraint: \
                             Member must not be null",
                            Place::Member(&place, name)
                        ));
                    }
                }
                for (name, field) in fields.iter().filter(|(_, field)| !field.is_null()) {
                    if let Some(member) = shape.members.get(name) {
                        // "To create a user with no password, omit this parameter or submit a
                        // blank value."
                        let blank = field.as_str().is_some_and(str::is_empty);
                        if blank && member == "PasswordType" && !shape.required.contains(name) {
                            continue;
                        }
                        let place = Place::Member(&place, name);
                        self.check(member, field, place, secret, findings)?;
                    }
                }
            }
            (Kind::List, Value::Array(items)) => {
                check_length(shape, items.len(), place, value, secret, findings);
                let member = shape
                    .member
                    .as_deref()
                    .expect("a list shape names its member");
                for (index, item) in items.iter().enumerate() {
                    self.check(member, item, Place::Item(&place, index), secret, findings)?;
                }
            }
            (Kind::Map, Value::Object(entries)) => {
                let key_shape = shape.key.as_deref().expect("a map shape names its key");
                let value_shape = shape.value.as_deref().expect("a map shape names its value");
                for (key, entry) in entries {
                    self.check(
                        key_shape,
                        &Value::from(key.as_str()),
                        place,
                        false,
                        findings,
                    )?;
                    // An absent and a null entry of a map read the same in the service.
                    if !entry.is_null() {
                        let place = Place::Entry(&place, key);
                        self.check(value_shape, entry, place, secret, findings)?;
                    }
                }
            }
            (Kind::String, Value::String(text)) => {
                check_text(shape, shape_name, text, place, secret, findings);
            }
            (Kind::Integer | Kind::Long, Value::Number(number)) => {
                let Some(number) = number.as_i64() else {
                    return Err(wrong_type(place, "a whole number"));
                };
                if shape.min.is_some_and(|min| number < min) {
                    findings.push(format!(
                        "Value '{number}' at '{place}' failed to satisfy constraint: Member must \
                         have value greater than or equal to {}",
                        shape.min.unwrap_or_default()
                    ));
                }
                if shape.max.is_some_and(|max| number > max) {
                    findings.push(format!(
                        "Value '{number}' at '{place}' failed to satisfy constraint: Member must \
                         have value less than or equal to {}",
                        shape.max.unwrap_or_default()
                    ));
                }
            }
            (Kind::Boolean, Value::Bool(_))
            | (Kind::Timestamp, Value::Number(_))
            | (Kind::Blob, Value::String(_)) => {}
            (kind, _) => return Err(wrong_type(place, kind.wanted())),
        }
        Ok(())
    }
}

impl Shape {
    /// Whether something of this length is within the shape's bounds.
    fn holds(&self, length: usize) -> bool {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        self.min.is_none_or(|min| length >= min) && self.max.is_none_or(|max| length <= max)
    }
}

impl Kind {
    fn wanted(self) -> &'static str {
        match self {
            Kind::Structure | Kind::Map => "an object",
            Kind::List => "a list",
            Kind::String | Kind::Blob => "a string",
            Kind::Integer | Kind::Long | Kind::Timestamp => "a number",
            Kind::Boolean => "a boolean",
        }
    }
}

fn check_text(
    shape: &Shape,
    shape_name: &str,
    text: &str,
    place: Place<'_>,
    secret: bool,
    findings: &mut Vec<String>,
) {
    let shown = || shown(&Value::from(text), secret);
    if let Some(allowed) = &shape.allowed {
        if !allowed.iter().any(|name| name == text) {
            findings.push(format!(
                "Value{} at '{place}' failed to satisfy constraint: Member must satisfy enum \
                 value set: [{}]",
                shown(),
                allowed.join(", ")
            ));
        }
        return;
    }
    // Lengths count UTF-16 units, as Java's String does.
    let length = text.encode_utf16().count();
    if !shape.holds(length) {
        check_length(shape, length, place, &Value::from(text), secret, findings);
    }
    let Some(pattern) = effective_pattern(shape_name, shape) else {
        return;
    };
    let compiled = shape.compiled.get_or_init(|| compile(pattern));
    if compiled.as_ref().is_some_and(|regex| !regex.is_match(text)) {
        findings.push(format!(
            "Value{} at '{place}' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: {pattern}",
            shown()
        ));
    }
}

fn check_length(
    shape: &Shape,
    length: usize,
    place: Place<'_>,
    value: &Value,
    secret: bool,
    findings: &mut Vec<String>,
) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let mut broken = |relation: &str, bound: i64| {
        findings.push(format!(
            "Value{} at '{place}' failed to satisfy constraint: Member must have length \
             {relation} than or equal to {bound}",
            shown(value, secret)
        ));
    };
    if let Some(min) = shape.min.filter(|min| length < *min) {
        broken("greater", min);
    }
    if let Some(max) = shape.max.filter(|max| length > *max) {
        broken("less", max);
    }
}

/// The pattern the service applies to a shape, which for passwords is not the model's.
///
/// The model says `[\S]+` for a password; the live service names `^[\S]+.*[\S]+$` in its refusals
/// and so allows blanks inside (seen in error texts that many front ends translate, for example
/// "Value at 'password' failed to satisfy constraint: Member must satisfy regular expression
/// pattern: ^[\S]+.*[\S]+$"; the guide's password page allows inner blanks too).
fn effective_pattern<'a>(shape_name: &str, shape: &'a Shape) -> Option<&'a str> {
    if shape_name == "PasswordType" {
        return Some(r"^[\S]+.*[\S]+$");
    }
    shape.pattern.as_deref()
}

/// Compiles a pattern of the model, which is written for Java: classes are ASCII unless they are
/// `\p{…}`, and the whole value must match. A pattern this engine cannot express (look-behind) is
/// not checked.
fn compile(pattern: &str) -> Option<Regex> {
    let ascii = pattern
        .replace(r"[\S]", r"[^ \t\n\x0B\x0C\r]")
        .replace(r"\w", "0-9A-Za-z_")
        .replace(r"\s", r" \t\n\x0B\x0C\r");
    Regex::new(&format!("^(?:{ascii})$")).ok()
}

/// `" 'value'"` as the service shows it, or nothing for what the model marks as sensitive.
fn shown(value: &Value, secret: bool) -> String {
    match value {
        _ if secret => String::new(),
        Value::String(text) => format!(" '{text}'"),
        other => format!(" '{other}'"),
    }
}

fn wrong_type(place: Place<'_>, wanted: &str) -> ApiError {
    ApiError::new(
        "SerializationException",
        match place {
            Place::Body => format!("the request body must be {wanted}"),
            place => format!("{place} must be {wanted}"),
        },
    )
}

/// Where a value is in an input. It is written out for refusals only: most inputs have none, and
/// each has many values.
#[derive(Clone, Copy)]
enum Place<'a> {
    Body,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
    Entry(&'a Place<'a>, &'a str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = |f: &mut fmt::Formatter<'_>, outer: &Place<'_>| match outer {
            Place::Body => Ok(()),
            outer => write!(f, "{outer}."),
        };
        match self {
            Self::Body => Ok(()),
            Self::Member(outer, name) => {
                inside(f, outer)?;
                let mut letters = name.chars();
                let first = letters.next().into_iter().flat_map(char::to_lowercase);
                first
                    .chain(letters)
                    .try_for_each(|letter| f.write_char(letter))
            }
            Self::Item(outer, index) => {
                inside(f, outer)?;
                write!(f, "{}.member", index + 1)
            }
            Self::Entry(outer, key) => {
                inside(f, outer)?;
                f.write_str(key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(operation: &str, input: &Value) -> String {
        let model = api_model();
        model
            .validate(&model.operations[operation], input)
            .expect_err("the input is invalid")
            .message()
            .to_owned()
    }

    #[test]
    fn every_pattern_but_the_look_behind_compiles() {
        let left_out: Vec<_> = api_model()
            .shapes
            .iter()
            .filter_map(|(name, shape)| Some((name, shape.pattern.as_deref()?)))
            .filter(|(_, pattern)| compile(pattern).is_none())
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(left_out, ["S3BucketType"]);
    }

    #[test]
    fn a_missing_member_is_named_in_the_services_words() {
        assert_eq!(
            refusal("AdminGetUser", &json!({"Username": "bob"})),
            "1 validation error detected: Value null at 'userPoolId' failed to satisfy \
             constraint: Member must not be null"
        );
    }

    #[test]
    fn every_broken_constraint_is_listed() {
        let text = refusal("AdminGetUser", &json!({"UserPoolId": "x", "Username": ""}));
        assert!(text.starts_with("3 validation errors detected: "), "{text}");
        assert!(text.contains("Value 'x' at 'userPoolId'"), "{text}");
    }

    #[test]
    fn nulls_and_unknown_members_are_as_good_as_absent() {
        let model = api_model();
        let mut input = json!({
            "PoolName": "a", "Unknown": 1, "Schema": [{"Name": "b", "Unknown": 1, "Mutable": null}],
            "LambdaConfig": {"UserMigration": null, "": {}}, "UserPoolTags": {"c": "d", "e": null},
        });
        let unknown = model.reduce(&model.operations["CreateUserPool"], &mut input);
        let read = json!({"PoolName": "a", "Schema": [{"Name": "b"}], "LambdaConfig": {},
                          "UserPoolTags": {"c": "d"}});
        assert_eq!(input, read);
        assert_eq!(unknown, ["", "Unknown", "Unknown"]);
    }

    #[test]
    fn a_password_is_never_shown() {
        let text = refusal(
            "AdminSetUserPassword",
            &json!({"UserPoolId": "eu-west-1_a", "Username": "bob", "Password": " planted "}),
        );
        assert!(text.contains("Value at 'password' failed"), "{text}");
        assert!(!text.contains("planted"), "{text}");
    }

    #[test]
    fn a_password_may_hold_blanks_inside() {
        let model = api_model();
        let input =
            json!({"UserPoolId": "eu-west-1_a", "Username": "bob", "Password": "correct horse"});
        model
            .validate(&model.operations["AdminSetUserPassword"], &input)
            .expect("valid");
    }

    #[test]
    fn a_nested_member_is_named_by_its_path() {
        let text = refusal(
            "AdminCreateUser",
            &json!({"UserPoolId": "eu-west-1_a", "Username": "bob",
                    "UserAttributes": [{"Name": "n".repeat(33), "Value": "v"}]}),
        );
        assert!(text.contains("at 'userAttributes.1.member.name'"), "{text}");
        assert!(text.contains("length less than or equal to 32"), "{text}");
    }

    #[test]
    fn a_member_of_the_wrong_type_is_a_serialization_error() {
        let model = api_model();
        let error = model
            .validate(&model.operations["AdminGetUser"], &json!({"UserPoolId": 5}))
            .expect_err("a number is no pool id");
        assert_eq!(error.code(), "SerializationException");
    }

    #[test]
    fn a_limit_beyond_its_range_is_refused() {
        let text = refusal(
            "ListUsers",
            &json!({"UserPoolId": "eu-west-1_a", "Limit": 61}),
        );
        assert!(text.contains("value less than or equal to 60"), "{text}");
    }
}
