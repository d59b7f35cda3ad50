//! What is wrong with a cutover.toml, said so that it can be put right. Knows nothing of how the
//! file is read.

use std::path::{Path, PathBuf};

use crate::attributes::nearest;

/// One fault of a configuration file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}{}: {message}", path.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Line, counted from 1, where the fault has one.
    pub line: Option<usize>,
    /// What is wrong, naming the key.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl ConfigError {
    pub(super) fn new(path: &Path, text: &str, at: usize, message: String, hint: &str) -> Self {
        let before = text.get(..at.min(text.len())).unwrap_or_default();
        let line = before.matches('\n').count().checked_add(1);
        ConfigError {
            path: path.to_owned(),
            line,
            message,
            hint: hint.to_owned(),
        }
    }

    /// Turns the parser's error into ours: for an unknown key it names the nearest known one.
    pub(super) fn from_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message();
        if let Some((key, known)) = unknown_field(message) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            return Self::new(path, text, at, format!("unknown key `{key}`"), &hint);
        }
        let key = key_on_line(text, at)
            .map(|key| format!("`{key}`: "))
            .unwrap_or_default();
        let hint = "see the cutover.toml section of the README for every key and its form";
        Self::new(
            path,
            text,
            at,
            format!("{key}{}", without_values(message)),
            hint,
        )
    }
}

/// Takes serde's "unknown field `x`, expected one of `a`, `b`" apart.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (key, expected) = rest.split_once('`')?;
    Some((key, expected.split('`').skip(1).step_by(2).collect()))
}

/// A wrong type's message quotes the value, which may be a database URL: keep the shape alone.
fn without_values(message: &str) -> String {
    match (message.find(" string \""), message.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => {
            let head = message.get(..start).unwrap_or_default();
            let tail = message
                .get(end..)
                .and_then(|t| t.strip_prefix('"'))
                .unwrap_or_default();
            format!("{head} string{tail}")
        }
        _ => message.to_owned(),
    }
}

fn key_on_line(text: &str, at: usize) -> Option<&str> {
    let start = text
        .get(..at)?
        .rfind('\n')
        .map_or(0, |newline| newline.saturating_add(1));
    let (key, _) = text.get(start..)?.lines().next()?.split_once('=')?;
    Some(key.trim()).filter(|key| !key.is_empty() && !key.starts_with('#'))
}
