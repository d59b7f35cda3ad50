//! Hashers a project added to `PASSWORD_HASHERS` itself.
//!
//! Responsible for the kinds that can be declared instead of programmed: a subclass that only changes
//! cost or name, the wrapped hasher of Django's documentation ("Password upgrading without requiring
//! a login"), a foreign format, and any of them over a peppered password. Filled from the
//! configuration's `[hashers]` table.

use std::collections::BTreeMap;

use crate::format::{Format, InnerDigest, Outer};
use crate::hashers;
use crate::pepper::{Pepper, PepperError};

/// The custom hashers of one project, by the algorithm name in front of the first `$`.
///
/// Empty by default. Built by adding one at a time:
///
/// ```
/// # use django_password::CustomHashers;
/// let hashers = CustomHashers::default()
///     .alias("pbkdf2_sha256_pinned", "pbkdf2_sha256")?
///     .alias("phpass", "passlib:phpass")?
///     .alias("", "bare")?
///     .wrapped("pbkdf2_wrapped_sha1", "pbkdf2_sha256", "sha1")?;
/// # Ok::<(), django_password::CustomHasherError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomHashers {
    by_name: BTreeMap<String, CustomHasher>,
}

/// What a custom name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomHasher {
    /// The hasher whose format and computation the strings have.
    pub(crate) outer: &'static Format,
    /// The digest that is taken of the password first, for wrapped hashers.
    pub(crate) inner: Option<InnerDigest>,
    /// The secret that is mixed into the password before that.
    pub(crate) pepper: Option<Pepper>,
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
    /// Django itself uses that name, for the same or another of its own hashers.
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
    /// The hasher it stands for is neither Django's nor a foreign format.
    #[error(
        "`{name}`: `{target}` is none of Django's hashers and no foreign format; use one of {}, or \
         of {}",
        hashers::django_names(),
        hashers::foreign_names()
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
    /// The secret cannot be mixed in that way.
    #[error("`{name}`: {fault}")]
    UnsupportedPepper {
        /// The name as declared.
        name: String,
        /// What is wrong.
        #[source]
        fault: PepperError,
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
    /// Declares `name` to be `target`: a subclass of one of Django's hashers that changes only its
    /// `algorithm` and its cost, or a foreign format such as `passlib:phpass`.
    ///
    /// For a foreign format `name` may be empty: values without a hasher's name in front. It may
    /// also be one of Django's own names; then the foreign format is asked first.
    ///
    /// # Errors
    ///
    /// When `name` cannot stand before a `$`, is taken, or `target` is neither one of Django's
    /// hashers that carry a name nor a foreign format.
    pub fn alias(self, name: &str, target: &str) -> Result<Self, CustomHasherError> {
        let outer = named_format(name, target)?;
        self.insert(
            name,
            CustomHasher {
                outer,
                inner: None,
                pepper: None,
            },
        )
    }

    /// Declares `name` to be `target` over a password that `pepper` was mixed into. `name` may be
    /// `target` itself, where a project's subclass kept the name.
    ///
    /// # Errors
    ///
    /// As [`Self::alias`], and what is wrong with the pepper.
    pub fn peppered(
        self,
        name: &str,
        target: &str,
        pepper: Result<Pepper, PepperError>,
    ) -> Result<Self, CustomHasherError> {
        let outer = named_format(name, target)?;
        let pepper = pepper.map_err(|fault| CustomHasherError::UnsupportedPepper {
            name: name.to_owned(),
            fault,
        })?;
        self.insert(
            name,
            CustomHasher {
                outer,
                inner: None,
                pepper: Some(pepper),
            },
        )
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
        let outer_format = hashers::of_django(outer).ok_or_else(|| unknown(outer))?;
        let inner_format = hashers::of_django(inner).ok_or_else(|| unknown(inner))?;
        let digest = inner_format
            .inner
            .ok_or_else(|| CustomHasherError::UnsupportedInner {
                name: name.to_owned(),
                inner: inner.to_owned(),
            })?;
        if outer_format.outer == Outer::Never {
            return Err(CustomHasherError::UnsupportedOuter {
                name: name.to_owned(),
                outer: outer.to_owned(),
            });
        }
        if digest.is_salted() && outer_format.outer == Outer::OwnSalt {
            return Err(CustomHasherError::InnerSaltLost {
                name: name.to_owned(),
                outer: outer.to_owned(),
                inner: inner.to_owned(),
            });
        }
        self.insert(
            name,
            CustomHasher {
                outer: outer_format,
                inner: Some(digest),
                pepper: None,
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

    /// The names of the secrets that the declared peppers need, each once.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let names = self
            .by_name
            .values()
            .filter_map(|hasher| hasher.pepper.as_ref());
        let names: std::collections::BTreeSet<&str> = names.map(Pepper::secret_name).collect();
        names.into_iter()
    }

    /// Hands over the secret of this name; without it no password can be checked against hashes
    /// that need it.
    #[must_use]
    pub fn with_secret(mut self, name: &str, secret: &str) -> Self {
        for hasher in self.by_name.values_mut() {
            if let Some(pepper) = &mut hasher.pepper {
                pepper.learn(name, secret);
            }
        }
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&CustomHasher> {
        self.by_name.get(name)
    }

    fn insert(mut self, name: &str, hasher: CustomHasher) -> Result<Self, CustomHasherError> {
        let owned = || name.to_owned();
        let is_foreign = hashers::foreign(hasher.outer.name).is_some();
        let is_named = !name.is_empty() || is_foreign;
        if !is_named || name.contains('$') || name.starts_with('!') {
            return Err(CustomHasherError::InvalidName { name: owned() });
        }
        let replaces = is_foreign || hasher.pepper.is_some();
        if hashers::of_django(name).is_some() && !replaces {
            return Err(CustomHasherError::BuiltInName { name: owned() });
        }
        if self.by_name.insert(name.to_owned(), hasher).is_some() {
            return Err(CustomHasherError::DuplicateName { name: owned() });
        }
        Ok(self)
    }
}

fn named_format(name: &str, target: &str) -> Result<&'static Format, CustomHasherError> {
    let format = hashers::of_django(target).or_else(|| hashers::foreign(target));
    let format = format.ok_or_else(|| CustomHasherError::UnknownTarget {
        name: name.to_owned(),
        target: target.to_owned(),
    })?;
    if format.is_nameless {
        return Err(CustomHasherError::NamelessTarget {
            name: name.to_owned(),
            target: target.to_owned(),
        });
    }
    Ok(format)
}
