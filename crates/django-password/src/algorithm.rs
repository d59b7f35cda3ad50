//! Django's hashers by name.
//!
//! Responsible for the names and for what kind of hasher each is. Knows nothing about formats
//! (`hashers/`) or about who asks.

/// One of the hashers Django has shipped, from 1.0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Pbkdf2Sha256,
    Pbkdf2Sha1,
    Argon2,
    BcryptSha256,
    Bcrypt,
    Scrypt,
    Md5,
    Sha1,
    UnsaltedMd5,
    UnsaltedSha1,
    Crypt,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 11] = [
        Self::Pbkdf2Sha256,
        Self::Pbkdf2Sha1,
        Self::Argon2,
        Self::BcryptSha256,
        Self::Bcrypt,
        Self::Scrypt,
        Self::Md5,
        Self::Sha1,
        Self::UnsaltedMd5,
        Self::UnsaltedSha1,
        Self::Crypt,
    ];

    /// The class attribute `algorithm` of Django's hasher.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pbkdf2Sha256 => "pbkdf2_sha256",
            Self::Pbkdf2Sha1 => "pbkdf2_sha1",
            Self::Argon2 => "argon2",
            Self::BcryptSha256 => "bcrypt_sha256",
            Self::Bcrypt => "bcrypt",
            Self::Scrypt => "scrypt",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::UnsaltedMd5 => "unsalted_md5",
            Self::UnsaltedSha1 => "unsalted_sha1",
            Self::Crypt => "crypt",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The names, for an error's text.
    pub(crate) fn list() -> String {
        Self::ALL
            .map(|algorithm| format!("`{}`", algorithm.name()))
            .join(", ")
    }

    /// Whether its hashes are recognised by shape alone, without a name in front.
    pub(crate) const fn is_nameless(self) -> bool {
        matches!(self, Self::UnsaltedMd5 | Self::UnsaltedSha1)
    }

    /// Whether it has a cost, so that wrapping a weak digest in it makes sense.
    pub(crate) const fn is_stretching(self) -> bool {
        matches!(
            self,
            Self::Pbkdf2Sha256
                | Self::Pbkdf2Sha1
                | Self::Argon2
                | Self::Scrypt
                | Self::BcryptSha256
                | Self::Bcrypt
        )
    }

    /// Whether the salt is the library's own and cannot be that of an older hash.
    pub(crate) const fn makes_its_own_salt(self) -> bool {
        matches!(self, Self::BcryptSha256 | Self::Bcrypt)
    }
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
    pub(crate) const fn from_algorithm(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Md5 => Some(Self::Md5),
            Algorithm::Sha1 => Some(Self::Sha1),
            Algorithm::UnsaltedMd5 => Some(Self::UnsaltedMd5),
            Algorithm::UnsaltedSha1 => Some(Self::UnsaltedSha1),
            _ => None,
        }
    }

    pub(crate) const fn is_salted(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }
}
