//! Digests by name, where a format's text says which one.
//!
//! Responsible for one pass, for HMAC, and for the hash that consists of one pass over the password
//! and a salt after it. Knows nothing about how a hash is spelled.

use ::hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::digest::OneDigest;
use crate::cost::Cost;
use crate::format::{Hash, Unaffordable};

/// A digest of Python's hashlib.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    /// The digest's length in bytes.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// One pass over the parts in a row.
    pub(crate) fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut context = D::new();
            for part in parts {
                context.update(part);
            }
            context.finalize().to_vec()
        }
        match self {
            Self::Md4 => run::<Md4>(parts),
            Self::Md5 => run::<Md5>(parts),
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha224 => run::<Sha224>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
        }
    }

    /// HMAC (RFC 2104). A key of any length is one, so that nothing can fail.
    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        fn run<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
            <M as KeyInit>::new_from_slice(key)
                .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
                .unwrap_or_default()
        }
        match self {
            Self::Md4 => run::<Hmac<Md4>>(key, message),
            Self::Md5 => run::<Hmac<Md5>>(key, message),
            Self::Sha1 => run::<Hmac<Sha1>>(key, message),
            Self::Sha224 => run::<Hmac<Sha224>>(key, message),
            Self::Sha256 => run::<Hmac<Sha256>>(key, message),
            Self::Sha384 => run::<Hmac<Sha384>>(key, message),
            Self::Sha512 => run::<Hmac<Sha512>>(key, message),
        }
    }
}

/// How the password becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Characters {
    /// UTF-8, as everywhere but at Microsoft.
    Utf8,
    /// UTF-16, the lower byte first.
    Utf16,
    /// UTF-16 of the upper-case letters.
    UpperUtf16,
}

impl Characters {
    /// The password's bytes; `None` for what is not text.
    pub(crate) fn encode(self, password: &[u8]) -> Option<Vec<u8>> {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        match self {
            Self::Utf8 => Some(password.to_vec()),
            Self::Utf16 => std::str::from_utf8(password).ok().map(utf16),
            Self::UpperUtf16 => {
                let text = std::str::from_utf8(password).ok()?;
                Some(utf16(&text.to_uppercase()))
            }
        }
    }
}

/// One pass over the password and a salt after it, which may be empty.
#[derive(Debug)]
pub(crate) struct OnePass {
    pub(crate) algorithm: DigestAlgorithm,
    pub(crate) characters: Characters,
    pub(crate) salt: Vec<u8>,
    pub(crate) expected: Vec<u8>,
}

impl OnePass {
    /// Without a salt, of the password's UTF-8.
    pub(crate) fn unsalted(algorithm: DigestAlgorithm, expected: Vec<u8>) -> Self {
        Self {
            algorithm,
            characters: Characters::Utf8,
            salt: Vec::new(),
            expected,
        }
    }
}

impl Hash for OnePass {
    fn cost(&self) -> Cost {
        OneDigest::COST
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Unaffordable> {
        let Some(password) = self
            .characters
            .encode(password)
            .map(zeroize::Zeroizing::new)
        else {
            return Ok(false);
        };
        let computed = self.algorithm.digest(&[&password, &self.salt]);
        Ok(computed.ct_eq(&self.expected).into())
    }
}
