//! Which indexes a table has, and whether one serves a look-up. Reads catalog rows, asks
//! nothing itself. The login look-up and the findings are its readers.

use crate::dialect::Dialect;

/// One index that serves equality (B-tree or hash, not partial).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Index {
    pub(crate) unique: bool,
    /// Column names, or the text of an expression, in order.
    pub(crate) keys: Vec<String>,
}

/// The indexes of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) all: Vec<Index>,
}

/// How letter case is folded so that an index serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Folding {
    Lower,
    Upper,
}

impl Folding {
    pub(crate) fn function(self) -> &'static str {
        match self {
            Folding::Lower => "LOWER",
            Folding::Upper => "UPPER",
        }
    }
}

impl Indexes {
    /// Whether some index begins with the column itself.
    pub(crate) fn serve_column(&self, dialect: Dialect, column: &str) -> bool {
        let mut firsts = self.all.iter().filter_map(|index| index.keys.first());
        firsts.any(|key| dialect.same_name(key, column))
    }

    /// The folding of the column for which there is an index. Django's `iexact` asks for UPPER,
    /// its documentation's unique constraint has LOWER: projects have either.
    pub(crate) fn serve_folded(&self, column: &str) -> Option<Folding> {
        [Folding::Lower, Folding::Upper]
            .into_iter()
            .find(|folding| {
                let wanted = format!("{}({})", folding.function(), column).to_ascii_lowercase();
                let mut firsts = self.all.iter().filter_map(|index| index.keys.first());
                firsts.any(|key| plain_expression(key).contains(&wanted))
            })
    }

    /// Whether the column alone is unique.
    pub(crate) fn make_unique(&self, dialect: Dialect, column: &str) -> bool {
        self.all.iter().any(|index| {
            index.unique && matches!(&index.keys[..], [key] if dialect.same_name(key, column))
        })
    }
}

/// An expression as the catalogs write it, without quotes, spaces, casts to text and the
/// parentheses around a cast: `lower((email)::text)` and `LOWER("email")` become `lower(email)`.
fn plain_expression(expression: &str) -> String {
    let mut plain = expression.to_ascii_lowercase();
    for cast in ["::text", "::character varying"] {
        plain = plain.replace(cast, "");
    }
    plain.retain(|c| !matches!(c, '"' | '`' | ' '));
    plain.replace("((", "(").replace("))", ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexes(keys: &[&str]) -> Indexes {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Indexes {
            all: vec![Index { unique: true, keys }],
        }
    }

    #[test]
    fn folded_indexes_are_known_as_each_catalog_writes_them() {
        for (expression, folding) in [
            ("lower(email::text)", Folding::Lower),
            ("upper((email)::text)", Folding::Upper),
            (
                "CREATE INDEX \"x\" ON \"auth_user\" (LOWER(\"email\"))",
                Folding::Lower,
            ),
            (
                "CREATE INDEX x ON auth_user ( upper( email ) )",
                Folding::Upper,
            ),
            ("lower(`email`)", Folding::Lower),
        ] {
            assert_eq!(
                indexes(&[expression]).serve_folded("email"),
                Some(folding),
                "{expression}"
            );
        }
        assert_eq!(indexes(&["lower(work_email)"]).serve_folded("email"), None);
        assert_eq!(indexes(&["email"]).serve_folded("email"), None);
    }

    #[test]
    fn only_the_first_key_serves_and_only_a_sole_key_is_unique() {
        let both = indexes(&["tenant_id", "email"]);
        assert!(!both.serve_column(Dialect::Postgres, "email"));
        assert!(both.serve_column(Dialect::Postgres, "tenant_id"));
        assert!(!both.make_unique(Dialect::Postgres, "tenant_id"));
        assert!(indexes(&["id"]).make_unique(Dialect::MySql, "ID"));
    }
}
