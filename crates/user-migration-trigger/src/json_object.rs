//! JSON objects taken apart and put together with their values as the text they came as: numbers,
//! nulls and nested objects go through exactly so. Knows no field's name. Used by the event and by
//! what goes into its response.

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::event::EventUnreadable;

/// The members of a JSON object in their order.
pub(crate) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Fields<'a>, EventUnreadable> {
        serde_json::from_str(text).map_err(|_| EventUnreadable)
    }

    /// The last member of that name, as JSON readers take it when there are two.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    pub(crate) fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    pub(crate) fn object(&self, name: &str) -> Option<Fields<'a>> {
        Fields::read(self.get(name)?.get()).ok()
    }

    /// All members in their order, values as text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.get()))
    }

    pub(crate) fn except(&self, name: &str) -> impl Iterator<Item = (&str, &'a str)> {
        let others = self.0.iter().filter(move |(key, _)| key != name);
        others.map(|(key, value)| (key.as_str(), value.get()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Fields(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A JSON object written member by member into memory that is wiped on drop.
pub(crate) struct ObjectText(Zeroizing<String>);

impl ObjectText {
    pub(crate) fn with_capacity(bytes: usize) -> ObjectText {
        let mut text = Zeroizing::new(String::with_capacity(bytes));
        text.push('{');
        ObjectText(text)
    }

    pub(crate) fn push(&mut self, name: &str, json: &str) -> Result<(), EventUnreadable> {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0
            .push_str(&serde_json::to_string(name).map_err(|_| EventUnreadable)?);
        self.0.push(':');
        self.0.push_str(json);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Zeroizing<String> {
        self.0.push('}');
        self.0
    }
}
