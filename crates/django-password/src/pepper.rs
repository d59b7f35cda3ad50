//! Secrets that a project mixes into every password before hashing it.
//!
//! Responsible for the ways to mix one in, and for keeping it out of sight. Django has no pepper of
//! its own; projects write a subclass of a hasher that digests or lengthens the password first. The
//! secret itself comes from outside (`CustomHashers::with_secret`), never from the configuration.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::hashers::digest_algorithm::DigestAlgorithm;
use crate::hashers::hexadecimal::hex;

/// How a secret is mixed into a password, and the secret once it is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Pepper {
    method: Method,
    secret_name: String,
    secret: Option<Zeroizing<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// The secret before the password.
    Prefix,
    /// The secret after the password.
    Suffix,
    /// HMAC of the password, the secret being the key.
    Hmac(DigestAlgorithm, Encoding),
}

/// How an HMAC's result becomes the password that is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Hex,
    Base64,
    Bytes,
}

/// What cannot be right about a pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PepperError {
    /// No such way to mix a secret in.
    #[error(
        "a pepper is `prefix`, `suffix`, `hmac-sha1`, `hmac-sha256`, `hmac-sha384` or `hmac-sha512`"
    )]
    Method,
    /// No such spelling of an HMAC.
    #[error("the encoding of an HMAC is `hex`, `base64` or `bytes`")]
    Encoding,
    /// A spelling where there is nothing to be spelled.
    #[error("a prefix or suffix has no encoding")]
    NeedlessEncoding,
    /// The secret's name could not be that of an environment variable.
    #[error("the secret is the name of an environment variable: capital letters, digits and `_`")]
    SecretName,
}

impl Pepper {
    /// A pepper by the words of a configuration: how it is mixed in, how an HMAC is spelled (`hex`
    /// where nothing is said), and the environment variable that the secret comes from.
    ///
    /// # Errors
    ///
    /// Which of the three cannot be right.
    pub fn new(method: &str, encoding: Option<&str>, secret: &str) -> Result<Self, PepperError> {
        let algorithm = match method {
            "prefix" | "suffix" => None,
            "hmac-sha1" => Some(DigestAlgorithm::Sha1),
            "hmac-sha256" => Some(DigestAlgorithm::Sha256),
            "hmac-sha384" => Some(DigestAlgorithm::Sha384),
            "hmac-sha512" => Some(DigestAlgorithm::Sha512),
            _ => return Err(PepperError::Method),
        };
        let method = match (algorithm, encoding) {
            (None, Some(_)) => return Err(PepperError::NeedlessEncoding),
            (None, None) if method == "prefix" => Method::Prefix,
            (None, None) => Method::Suffix,
            (Some(algorithm), None | Some("hex")) => Method::Hmac(algorithm, Encoding::Hex),
            (Some(algorithm), Some("base64")) => Method::Hmac(algorithm, Encoding::Base64),
            (Some(algorithm), Some("bytes")) => Method::Hmac(algorithm, Encoding::Bytes),
            (Some(_), Some(_)) => return Err(PepperError::Encoding),
        };
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if secret.is_empty() || !secret.bytes().all(fits) {
            return Err(PepperError::SecretName);
        }
        Ok(Self {
            method,
            secret_name: secret.to_owned(),
            secret: None,
        })
    }

    /// The environment variable that the secret comes from.
    #[must_use]
    pub fn secret_name(&self) -> &str {
        &self.secret_name
    }

    pub(crate) fn learn(&mut self, name: &str, secret: &str) {
        if self.secret_name == name {
            self.secret = Some(Zeroizing::new(secret.to_owned()));
        }
    }

    /// What the project hashes instead of the password; `None` while the secret is missing.
    pub(crate) fn mix(&self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let secret = self.secret.as_ref()?.as_bytes();
        Some(Zeroizing::new(match self.method {
            Method::Prefix => [secret, password].concat(),
            Method::Suffix => [password, secret].concat(),
            Method::Hmac(algorithm, encoding) => {
                let mac = Zeroizing::new(algorithm.hmac(secret, password));
                match encoding {
                    Encoding::Hex => hex(&mac).into_bytes(),
                    Encoding::Base64 => STANDARD.encode(&*mac).into_bytes(),
                    Encoding::Bytes => mac.to_vec(),
                }
            }
        }))
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pepper")
            .field("method", &self.method)
            .field("secret_name", &self.secret_name)
            .finish_non_exhaustive()
    }
}
