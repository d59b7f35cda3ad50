//! What a hash format is: the one interface that every file under `hashers/` fills.
//!
//! A format's file has it all: how its text is read, what a check costs and which cap bounds that
//! cost, how a password is compared, and the work that stands in for a check ([`Work`]). The list of
//! formats is in `hashers.rs`; nothing else knows them one by one.
//!
//! [`Work`]: crate::work::Work

use std::borrow::Cow;
use std::fmt;

use crate::cognito::{CognitoHash, NotImportable};
use crate::cost::Cost;
use crate::parsed_hash::Refusal;

/// The machine could not give the memory or threads that a hash within the limits needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unaffordable;

/// A well-formed hash without the name in front.
pub(crate) trait Hash: fmt::Debug {
    /// The work of one check, known without a password.
    fn cost(&self) -> Cost;

    /// Computes the hash of `password` and compares in constant time.
    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable>;

    /// The salt that a wrapped hasher hands to its inner digest. Only formats that wrap one
    /// ([`Outer::SharedSalt`]) have it.
    fn salt_for_inner(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    /// The spelling of an import job, where Cognito has the algorithm.
    fn cognito(&self) -> Result<CognitoHash, NotImportable> {
        Err(NotImportable::Algorithm)
    }
}

/// What became of reading a format's text.
pub(crate) type Parsed<'a> = Result<Box<dyn Hash + 'a>, Refusal>;

/// Puts a hash behind the interface; for the last line of a format's `parse`.
pub(crate) fn parsed<'a>(hash: Result<impl Hash + 'a, impl Into<Refusal>>) -> Parsed<'a> {
    match hash {
        Ok(hash) => Ok(Box::new(hash)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// One hash format.
pub(crate) struct Format {
    /// Django's name of it, which stands before the first `$`; for a foreign format, the target of
    /// a declaration.
    pub(crate) name: &'static str,
    /// Reads what follows the first `$`; the whole text for formats without a name, and for
    /// foreign ones that stand alone.
    pub(crate) parse: fn(&str) -> Parsed<'_>,
    /// Whether hashes are recognised by shape alone, without a name in front.
    pub(crate) is_nameless: bool,
    /// What it is good for around an older hash.
    pub(crate) outer: Outer,
    /// Where it can be inside a newer hash, the hexadecimal digest of a salt and a password.
    pub(crate) inner: Option<InnerDigest>,
    /// What a foreign format's text looks like.
    pub(crate) shape: fn(&str) -> Shape,
    /// The names under which its hashes are usually found in Django's column.
    pub(crate) usual_names: &'static [&'static str],
    /// Which passwords its library refuses unread.
    pub(crate) refuses: fn(&[u8]) -> bool,
}

impl Format {
    /// A format of Django's, without any speciality.
    pub(crate) const fn of_django(name: &'static str, parse: fn(&str) -> Parsed<'_>) -> Self {
        Self {
            name,
            parse,
            is_nameless: false,
            outer: Outer::Never,
            inner: None,
            shape: |_| Shape::Other,
            usual_names: &[],
            refuses: |_| false,
        }
    }

    /// A format from elsewhere, to be declared by `name`. Most are passlib's, whose rule about the
    /// length of passwords is taken for all that say nothing else.
    pub(crate) const fn foreign(
        name: &'static str,
        usual_names: &'static [&'static str],
        shape: fn(&str) -> Shape,
        parse: fn(&str) -> Parsed<'_>,
    ) -> Self {
        Self {
            name,
            parse,
            is_nameless: false,
            outer: Outer::Never,
            inner: None,
            shape,
            usual_names,
            refuses: is_too_long,
        }
    }
}

/// `PASSLIB_MAX_PASSWORD_SIZE`: more characters raise an exception.
const PASSLIB_CHARACTERS: usize = 4_096;

fn is_too_long(password: &[u8]) -> bool {
    password.len() > PASSLIB_CHARACTERS
        && std::str::from_utf8(password).is_ok_and(|text| text.chars().count() > PASSLIB_CHARACTERS)
}

impl fmt::Debug for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

/// Whether a format can be the outer hash of a wrapped hasher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outer {
    /// It has no cost, so that wrapping a weak digest in it makes no sense.
    Never,
    /// Around unsalted digests only: the salt is the library's own and cannot be that of an older
    /// hash.
    OwnSalt,
    /// Around any digest.
    SharedSalt,
}

/// The digest inside a wrapped hasher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InnerDigest {
    Md5,
    Sha1,
    UnsaltedMd5,
    UnsaltedSha1,
}

impl InnerDigest {
    pub(crate) const fn is_salted(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }
}

/// How surely a text is a hash of some format, by its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It is something else.
    Other,
    /// It can be, but so can hashes of other formats: a declared name must say.
    Possible,
    /// It bears the format's own mark.
    Own,
}

impl Shape {
    /// [`Shape::Own`] where `holds`, for shapes that need one test.
    pub(crate) const fn own_if(holds: bool) -> Self {
        if holds { Self::Own } else { Self::Other }
    }
}
