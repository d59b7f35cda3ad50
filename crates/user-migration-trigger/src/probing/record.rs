//! What one process of the probing function saw: sources of events by user, and the members of a
//! request. Must not know answers. Lambda may use several processes; the probe asks one thing at a
//! time, so that there is rarely more than one.

use std::collections::BTreeMap;

use serde_json::Value;

/// Far more than a probe makes; the oldest names go first by their order.
const MOST_NAMES: usize = 512;
const MOST_SOURCES: usize = 16;

/// Sources of the events about each user, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Record(BTreeMap<String, Vec<String>>);

impl Record {
    /// Notes an event and lists all of this user's so far.
    pub(super) fn saw(&mut self, name: &str, source: &str) -> String {
        if self.0.len() >= MOST_NAMES && !self.0.contains_key(name) {
            self.0.pop_first();
        }
        let sources = self.0.entry(name.to_owned()).or_default();
        if sources.len() < MOST_SOURCES {
            sources.push(source.to_owned());
        }
        sources.join(", ")
    }
}

/// The members of an object with the kind of each, never a value.
pub(super) fn members(object: Option<&Value>) -> String {
    let Some(Value::Object(object)) = object else {
        return "no object".to_owned();
    };
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    let mut members: Vec<String> = object
        .iter()
        .map(|(name, value)| format!("{name} {}", kind(value)))
        .collect();
    members.sort();
    members.join(", ")
}
