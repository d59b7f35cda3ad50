//! Where a connection's user and password come from when the URL does not hold them: a secret that
//! is rotated, a token that is made for each connection. Knows no such source; programs bring one,
//! and connections ask it.

use futures::future::BoxFuture;
use zeroize::Zeroizing;

/// User and password of one connection. `Debug` shows neither.
#[derive(Clone, Eq, PartialEq)]
pub struct Login {
    /// The database's user; `None` for the URL's.
    pub user: Option<String>,
    /// The password, wiped on drop.
    pub password: Zeroizing<String>,
    /// Whether the password must be sent as it is (AWS's tokens on MySQL), which the driver does
    /// only if told so. Nothing goes in the clear: such a connection has TLS.
    pub in_clear: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(masked)")
    }
}

/// The source gave no login. The text may be logged: it holds nothing secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct LoginUnavailable(pub String);

/// A source of logins.
pub trait DatabaseLogin: Send + Sync {
    /// The login to try; a remembered one, if the source remembers.
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginUnavailable>>;

    /// The server refused this login: another one, if there is by now. Asked once per connection.
    fn instead_of<'a>(
        &'a self,
        refused: &'a Login,
    ) -> BoxFuture<'a, Result<Option<Login>, LoginUnavailable>>;
}
