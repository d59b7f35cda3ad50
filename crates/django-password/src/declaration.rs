//! What a configuration would have to declare for a hash to be checked.
//!
//! Responsible for recognising foreign hashes by their looks, to help whoever writes the
//! configuration. Nothing is checked for looking like something: that takes the declaration.

use std::fmt;

use crate::format::Format;
use crate::hashers;
use crate::parsed_hash::is_reportable;

/// A line of the configuration's `[hashers]`. Its text is that line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Declaration {
    /// The name in front of the first `$`; empty for hashes that stand without one.
    pub name: String,
    /// What it stands for.
    pub target: &'static str,
}

impl fmt::Display for Declaration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let Self { name, target } = self;
        if !name.is_empty() && name.bytes().all(is_plain) {
            write!(formatter, "{name} = \"{target}\"")
        } else {
            write!(formatter, "\"{name}\" = \"{target}\"")
        }
    }
}

/// The declaration under which `encoded`, which cannot be checked so far, could be; and the format
/// it seems to have.
pub(crate) fn that_would_help(encoded: &str) -> Option<(Declaration, &'static Format)> {
    let (name, rest) = encoded.split_once('$').unwrap_or(("", encoded));
    let under = |name: &str, format: &'static Format| {
        let declaration = Declaration {
            name: name.to_owned(),
            target: format.name,
        };
        (declaration, format)
    };
    let usual = || hashers::by_usual_name(name, encoded).or(hashers::by_usual_name(name, rest));
    if let Some(format) = usual().filter(|_| !name.is_empty()) {
        return Some(under(name, format));
    }
    if let Some(format) = hashers::by_own_mark(encoded) {
        let (declaration, _) = under("", &hashers::BARE);
        return Some((declaration, format));
    }
    let is_djangos = hashers::of_django(name).is_some();
    let format = hashers::by_own_mark(rest).filter(|_| !is_djangos)?;
    // A mark in the rest shows that what stands in front is a name and not part of a password.
    is_reportable(name, "$").then(|| under(name, format))
}
