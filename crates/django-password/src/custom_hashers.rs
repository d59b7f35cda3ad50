//! Hashers a project added to `PASSWORD_HASHERS` itself.
//!
//! Responsible for the two kinds that can be declared instead of programmed: a subclass that only
//! changes cost or name, and the wrapped hasher of Django's documentation ("Password upgrading
//! without requiring a login"). Filled from the configuration's `[hashers]` table.

use std::collections::BTreeMap;

use crate::algorithm::{Algorithm, InnerDigest};

/// The custom hashers of one project, by the algorithm name in front of the first `$`.
///
/// Empty by default. Built by adding one at a time:
///
/// ```
/// # use django_password::CustomHashers;
/// let hashers = CustomHashers::default()
///     .alias("pbkdf2_sha256_pinned", "pbkdf2_sha256")?
///     .wrapped("pbkdf2_wrapped_sha1", "pbkdf2_sha256", "sha1")?;
/// # Ok::<(), django_password::CustomHasherError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomHashers {
    by_name: BTreeMap<String, CustomHasher>,
}

/// What a custom name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CustomHasher {
    /// The hasher whose format and computation the strings have.
    pub(crate) outer: Algorithm,
    /// The digest that is taken of the password first, for wrapped hashers.
    pub(crate) inner: Option<InnerDigest>,
}

/// A declaration that cannot be right. Each names the offending name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomHasherError {
    /// The name could not stand before the first `$` of an encoded password.
    #[error(
        "`{name}` cannot be a hasher's name: Django finds it before the first `$`, so it needs \
         at least one character, no `$` and no leading `!`"
    )]
    InvalidName {
        /// The name as declared.
        name: String,
    },
    /// Django itself uses that name.
    #[error("`{name}` is one of Django's own hashers; give the custom hasher another name")]
    BuiltInName {
        /// The name as declared.
        name: String,
    },
    /// The same name twice.
    #[error("`{name}` is declared twice; keep one of the declarations")]
    DuplicateName {
        /// The name as declared.
        name: String,
    },
    /// The hasher it stands for is none of Django's.
    #[error(
        "`{name}`: `{target}` is none of Django's hashers; use one of {}",
        Algorithm::list()
    )]
    UnknownTarget {
        /// The name as declared.
        name: String,
        /// The hasher it was to stand for.
        target: String,
    },
    /// Unsalted hashes have no name in front, so none can stand for them.
    #[error(
        "`{name}`: hashes of `{target}` carry no name, so no other name can stand for them; \
         remove the declaration, they are recognised without it"
    )]
    NamelessTarget {
        /// The name as declared.
        name: String,
        /// The hasher it was to stand for.
        target: String,
    },
    /// The inner hasher of a wrapped one is not a plain digest.
    #[error(
        "`{name}`: `{inner}` cannot be wrapped; the inner hasher must be one of `md5`, `sha1`, \
         `unsalted_md5`, `unsalted_sha1`"
    )]
    UnsupportedInner {
        /// The name as declared.
        name: String,
        /// The inner hasher as declared.
        inner: String,
    },
    /// The outer hasher of a wrapped one stretches nothing.
    #[error(
        "`{name}`: `{outer}` cannot wrap another hash; the outer hasher must be one of \
         `pbkdf2_sha256`, `pbkdf2_sha1`, `argon2`, `scrypt`, `bcrypt_sha256`, `bcrypt`"
    )]
    UnsupportedOuter {
        /// The name as declared.
        name: String,
        /// The outer hasher as declared.
        outer: String,
    },
    /// The inner salt would be lost.
    #[error(
        "`{name}`: `{outer}` makes a salt of its own, so the salt of an inner `{inner}` would be \
         lost; wrap `unsalted_md5` or `unsalted_sha1`, or use another outer hasher"
    )]
    InnerSaltLost {
        /// The name as declared.
        name: String,
        /// The outer hasher as declared.
        outer: String,
        /// The inner hasher as declared.
        inner: String,
    },
}

impl CustomHashers {
    /// Declares `name` to be `target` under another name: a subclass that changes only its
    /// `algorithm` and its cost.
    ///
    /// # Errors
    ///
    /// When `name` cannot stand before a `$`, is taken, or `target` is none of Django's hashers
    /// that carry a name.
    pub fn alias(self, name: &str, target: &str) -> Result<Self, CustomHasherError> {
        let outer =
            Algorithm::from_name(target).ok_or_else(|| CustomHasherError::UnknownTarget {
                name: name.to_owned(),
                target: target.to_owned(),
            })?;
        if outer.is_nameless() {
            return Err(CustomHasherError::NamelessTarget {
                name: name.to_owned(),
                target: target.to_owned(),
            });
        }
        self.insert(name, CustomHasher { outer, inner: None })
    }

    /// Declares `name` to be `outer` over the hexadecimal digest that `inner` makes, both with
    /// the same salt, as in Django's documentation.
    ///
    /// # Errors
    ///
    /// When `name` cannot stand before a `$`, is taken, or the two cannot be combined.
    pub fn wrapped(self, name: &str, outer: &str, inner: &str) -> Result<Self, CustomHasherError> {
        let unknown = |target: &str| CustomHasherError::UnknownTarget {
            name: name.to_owned(),
            target: target.to_owned(),
        };
        let outer_algorithm = Algorithm::from_name(outer).ok_or_else(|| unknown(outer))?;
        let inner_algorithm = Algorithm::from_name(inner).ok_or_else(|| unknown(inner))?;
        let digest = InnerDigest::from_algorithm(inner_algorithm).ok_or_else(|| {
            CustomHasherError::UnsupportedInner {
                name: name.to_owned(),
                inner: inner.to_owned(),
            }
        })?;
        if !outer_algorithm.is_stretching() {
            return Err(CustomHasherError::UnsupportedOuter {
                name: name.to_owned(),
                outer: outer.to_owned(),
            });
        }
        if digest.is_salted() && outer_algorithm.makes_its_own_salt() {
            return Err(CustomHasherError::InnerSaltLost {
                name: name.to_owned(),
                outer: outer.to_owned(),
                inner: inner.to_owned(),
            });
        }
        self.insert(
            name,
            CustomHasher {
                outer: outer_algorithm,
                inner: Some(digest),
            },
        )
    }

    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The declared names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<CustomHasher> {
        self.by_name.get(name).copied()
    }

    fn insert(mut self, name: &str, hasher: CustomHasher) -> Result<Self, CustomHasherError> {
        let owned = || name.to_owned();
        if name.is_empty() || name.contains('$') || name.starts_with('!') {
            return Err(CustomHasherError::InvalidName { name: owned() });
        }
        if Algorithm::from_name(name).is_some() {
            return Err(CustomHasherError::BuiltInName { name: owned() });
        }
        if self.by_name.insert(name.to_owned(), hasher).is_some() {
            return Err(CustomHasherError::DuplicateName { name: owned() });
        }
        Ok(self)
    }
}
