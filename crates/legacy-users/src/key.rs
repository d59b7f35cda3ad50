//! The primary key between its stored form and `LegacyId`. Knows no SQL statement. Users,
//! memberships and e-mail addresses are all tied together by it.

use migration_model::LegacyId;

use crate::column::{Column, ColumnKind, hyphenated};
use crate::dialect::Dialect;
use crate::error::LegacyError;
use crate::query::{Bind, Query};

/// The key column of the user table.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) column: Column,
}

impl Key {
    /// A stored value as id.
    pub(crate) fn read(&self, value: Option<String>, table: &str) -> Result<LegacyId, LegacyError> {
        let unreadable = |expected| LegacyError::Unreadable {
            column: format!("{}.{}", table, self.column.name),
            expected,
        };
        let value = value.ok_or_else(|| unreadable("a key (it is null)"))?;
        match self.column.kind {
            ColumnKind::Integer => {
                let number = value.parse().map(LegacyId::Integer);
                number.map_err(|_| unreadable("an integer of 64 bits"))
            }
            ColumnKind::Uuid => Ok(LegacyId::Uuid(value.to_ascii_lowercase())),
            ColumnKind::HexUuid => Ok(match hyphenated(&value) {
                Some(uuid) => LegacyId::Uuid(uuid),
                None => LegacyId::Text(value),
            }),
            _ => Ok(LegacyId::Text(value)),
        }
    }

    /// An id as it is stored; `None` when this column can hold no such id.
    pub(crate) fn write(&self, id: &LegacyId) -> Option<Bind> {
        match (self.column.kind, id) {
            (ColumnKind::Integer, LegacyId::Integer(number)) => Some(Bind::Integer(*number)),
            (ColumnKind::Integer, _) | (_, LegacyId::Integer(_)) => None,
            (ColumnKind::HexUuid, LegacyId::Uuid(uuid)) => Some(Bind::Text(uuid.replace('-', ""))),
            (ColumnKind::HexUuid, LegacyId::Text(text)) => Some(Bind::Text(text.clone())),
            (ColumnKind::Uuid, LegacyId::Uuid(uuid)) => Some(Bind::Text(uuid.clone())),
            (ColumnKind::Uuid, LegacyId::Text(_)) | (_, LegacyId::Uuid(_)) => None,
            (_, LegacyId::Text(text)) => Some(Bind::Text(text.clone())),
        }
    }

    /// An id that nobody has, to ask about as one would about somebody.
    pub(crate) fn nobodys(&self, dialect: Dialect) -> LegacyId {
        match self.column.kind {
            ColumnKind::Uuid | ColumnKind::HexUuid => {
                LegacyId::Uuid("00000000-0000-0000-0000-000000000000".to_owned())
            }
            ColumnKind::Text if self.column.is_text(dialect) => LegacyId::Text(String::new()),
            // Of other types an id that the column cannot hold.
            _ => LegacyId::Integer(-1),
        }
    }

    /// What kind of id the column holds, for error texts.
    pub(crate) fn expected(&self) -> &'static str {
        match self.column.kind {
            ColumnKind::Integer => "an integer",
            ColumnKind::Uuid | ColumnKind::HexUuid => "a UUID",
            _ => "text",
        }
    }

    /// Adds `(…, …)` with the ids as values of the key's type; ids the column cannot hold are
    /// left out, and without any the list matches nothing.
    pub(crate) fn push_list<'a>(
        &self,
        query: &mut Query,
        ids: impl IntoIterator<Item = &'a LegacyId>,
    ) {
        let values: Vec<Bind> = ids.into_iter().filter_map(|id| self.write(id)).collect();
        let placeholders: Vec<String> = values
            .into_iter()
            .map(|value| self.column.bind(query, value))
            .collect();
        match placeholders.is_empty() {
            true => query.push("(NULL)"),
            false => query.push(&format!("({})", placeholders.join(", "))),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: ColumnKind) -> Key {
        Key {
            column: Column {
                name: "id".to_owned(),
                kind,
                declared: String::new(),
                ignores_case: false,
                folds_ascii_alone: true,
                collation: None,
                expression: None,
            },
        }
    }

    #[test]
    fn every_stored_key_is_written_back_as_it_was() {
        for (kind, stored) in [
            (ColumnKind::Integer, "42"),
            (ColumnKind::Integer, "-9223372036854775808"),
            (ColumnKind::Uuid, "d2e7fc83-4748-4f18-bdcc-d739c685de56"),
            (ColumnKind::HexUuid, "d2e7fc8347484f18bdccd739c685de56"),
            (ColumnKind::HexUuid, "D2E7FC8347484F18BDCCD739C685DE56"),
            (ColumnKind::HexUuid, "short"),
            (ColumnKind::Text, "bob@example.com"),
        ] {
            let id = key(kind).read(Some(stored.to_owned()), "t").expect("a key");
            let written = match key(kind).write(&id).expect("its own kind") {
                Bind::Integer(number) => number.to_string(),
                Bind::Text(text) => text,
            };
            assert_eq!(written, stored);
        }
    }

    #[test]
    fn an_id_of_another_kind_is_no_key_here() {
        assert_eq!(
            key(ColumnKind::Integer).write(&LegacyId::Text("7".into())),
            None
        );
        assert_eq!(key(ColumnKind::Uuid).write(&LegacyId::Integer(7)), None);
        assert!(
            key(ColumnKind::Integer)
                .read(Some("x".into()), "t")
                .is_err()
        );
        assert!(key(ColumnKind::Text).read(None, "t").is_err());
    }
}
