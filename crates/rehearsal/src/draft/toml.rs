//! The draft as the text of a `cutover.toml`, each setting under a comment that says what it rests on.

use super::{Draft, GroupLines};

impl Draft {
    /// The file, with each setting's first option.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# Written by `cutover init` from what the database shows. Read it once: each line says what\n\
             # it rests on. `cutover inspect` checks it against all rows.\n",
        );
        for section in [
            "legacy",
            "legacy.columns",
            "legacy.joins.profile",
            "attributes",
            "groups",
            "groups.source",
            "hashers",
        ] {
            if section == "groups.source" {
                for source in &self.sources {
                    text.push_str(&source.to_toml());
                }
            }
            let mut lines = Vec::new();
            for choice in self
                .choices
                .iter()
                .filter(|choice| choice.section == section)
            {
                let Some(chosen) = choice.options.first() else {
                    continue;
                };
                let doubt = if choice.unsure { "LOOK AT THIS: " } else { "" };
                for part in wrap(&format!("{doubt}{}", chosen.why)) {
                    lines.push(format!("# {part}"));
                }
                if !chosen.value.is_empty() {
                    lines.push(format!("{} = {}", choice.key, chosen.value));
                }
            }
            if !lines.is_empty() {
                text.push_str(&format!("\n[{section}]\n{}\n", lines.join("\n")));
            }
        }
        if !self.notes.is_empty() {
            text.push('\n');
            for note in &self.notes {
                for part in wrap(note) {
                    text.push_str(&format!("# {part}\n"));
                }
            }
        }
        text
    }
}

impl GroupLines {
    fn to_toml(&self) -> String {
        let mut text = String::from("\n[[groups.source]]\n");
        for part in wrap(&self.why) {
            text.push_str(&format!("# {part}\n"));
        }
        for (key, value) in &self.lines {
            text.push_str(&format!("{key} = {}\n", quoted(value)));
        }
        text
    }
}

pub(super) fn quoted(text: &str) -> String {
    // JSON's quoting is TOML's for basic strings.
    serde_json::Value::from(text).to_string()
}

/// Words of a comment in lines of at most 96 characters.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 96 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
