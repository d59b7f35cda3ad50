//! Usernames put together from columns (`{realm}.{username}`): written from a row, and looked for by
//! taking the typed name apart again in every way it may have come about. Called by user_table and
//! login.

use migration_model::{fold_login_name, normalize_login_name};

use crate::case_variants::case_variants;
use crate::column::{Column, ColumnKind};
use crate::dialect::Dialect;
use crate::query::{Bind, Query};

/// Most ways to take a name apart that are looked for: a name with more separators than these is
/// nobody's.
const MOST_SPLITS: usize = 16;

/// A template whose columns are known.
#[derive(Debug)]
pub(crate) struct ComposedName {
    pub(crate) parts: Vec<Part>,
}

/// A part of a name; a column by its position in the row.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    Column(usize),
}

impl ComposedName {
    /// The name of a row; `None` where a part of it is missing.
    pub(crate) fn of(&self, row: &[Option<String>], columns: &[Column]) -> Option<String> {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Column(position) => {
                    let value = row.get(*position)?.clone()?;
                    let value = columns.get(*position)?.kind.render(value)?;
                    if value.is_empty() {
                        return None;
                    }
                    name.push_str(&value);
                }
            }
        }
        Some(name)
    }

    /// Adds the condition that a row may have this name in any letter case; false where none can. What
    /// it finds is more than what matches.
    pub(crate) fn push(&self, query: &mut Query, typed: &str, columns: &[Column]) -> bool {
        let typed = normalize_login_name(typed);
        let mut conditions = Vec::new();
        for split in self.splits(&typed) {
            let parts: Option<Vec<String>> = split
                .iter()
                .map(|(position, value)| condition(query, columns.get(*position)?, value))
                .collect();
            if let Some(parts) = parts {
                conditions.push(format!("({})", parts.join(" AND ")));
            }
        }
        if conditions.is_empty() {
            return false;
        }
        query.push(&format!("({})", conditions.join(" OR ")));
        true
    }

    /// Every way in which the name may have come about: positions of columns with their values.
    fn splits(&self, typed: &str) -> Vec<Vec<(usize, String)>> {
        let mut splits = Vec::new();
        split(&self.parts, typed, &mut Vec::new(), &mut splits);
        splits
    }
}

fn split(
    parts: &[Part],
    rest: &str,
    taken: &mut Vec<(usize, String)>,
    splits: &mut Vec<Vec<(usize, String)>>,
) {
    if splits.len() >= MOST_SPLITS {
        return;
    }
    match parts {
        [] if rest.is_empty() => splits.push(taken.clone()),
        [] => {}
        [Part::Text(text), others @ ..] => {
            let head = rest.get(..text.len());
            if head.is_some_and(|head| fold_login_name(head) == fold_login_name(text)) {
                split(others, &rest[text.len()..], taken, splits);
            }
        }
        [Part::Column(position)] => {
            if !rest.is_empty() {
                taken.push((*position, rest.to_owned()));
                splits.push(taken.clone());
                taken.pop();
            }
        }
        [Part::Column(position), others @ ..] => {
            for (end, _) in rest.char_indices().skip(1) {
                taken.push((*position, rest[..end].to_owned()));
                split(others, &rest[end..], taken, splits);
                taken.pop();
            }
        }
    }
}

fn condition(query: &mut Query, column: &Column, value: &str) -> Option<String> {
    let dialect: Dialect = query.dialect;
    if column.kind == ColumnKind::Integer {
        let placeholder = query.bind(Bind::Integer(value.parse().ok()?));
        return Some(format!("{} = {placeholder}", column.quoted(dialect)));
    }
    let text = column.text(dialect);
    let exact = match column.is_text(dialect) {
        true => column.quoted(dialect),
        false => text.clone(),
    };
    let mut spellings = Vec::new();
    for (number, variant) in case_variants(value).into_iter().enumerate() {
        // An index may serve the first, which is what was typed.
        if number == 0 {
            let bind = Bind::Text(variant.clone());
            let placeholder = match column.is_text(dialect) {
                true => column.bind(query, bind),
                false => query.bind(bind),
            };
            spellings.push(format!("{exact} = {placeholder}"));
        }
        let placeholder = query.bind(Bind::Text(variant));
        spellings.push(format!("LOWER({text}) = LOWER({placeholder})"));
    }
    Some(format!("({})", spellings.join(" OR ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splits(parts: Vec<Part>, typed: &str) -> Vec<Vec<String>> {
        let name = ComposedName { parts };
        let splits = name.splits(typed).into_iter();
        splits
            .map(|split| split.into_iter().map(|(_, value)| value).collect())
            .collect()
    }

    #[test]
    fn a_name_is_taken_apart_in_every_way_it_may_have_come_about() {
        let text = |text: &str| Part::Text(text.to_owned());
        let parts = || vec![Part::Column(1), text("."), Part::Column(2)];
        assert_eq!(
            splits(parts(), "acme.ann.lee"),
            [["acme", "ann.lee"], ["acme.ann", "lee"]]
        );
        assert_eq!(splits(parts(), "acme"), Vec::<Vec<String>>::new());
        assert_eq!(splits(parts(), ".ann"), Vec::<Vec<String>>::new());
        assert_eq!(splits(parts(), "acme."), Vec::<Vec<String>>::new());
        let around = vec![text("X-"), Part::Column(1), text("-y")];
        assert_eq!(splits(around, "x-ann-Y"), [["ann"]]);
        let many = splits(parts(), &"a.".repeat(100));
        assert!(many.len() <= MOST_SPLITS);
    }
}
