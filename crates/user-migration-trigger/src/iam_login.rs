//! RDS IAM authentication: a token for each connection instead of a password, made from the
//! function's own credentials. Must not know what is asked of the database. Given to
//! `legacy-users`, which asks it whenever it connects.
//!
//! The token is a presigned URL without its scheme (RDS user guide, "IAM database authentication";
//! held to botocore's `generate_db_auth_token`).

use std::fmt::Write;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use legacy_users::{DatabaseLogin, Login, LoginUnavailable};
use migration_model::LegacyUrl;
use url::Url;
use zeroize::Zeroizing;

use migration_claims::{AwsCredentials, SigningScope, sha256_hex};

/// Makes tokens for one database and user.
pub(crate) struct IamLogin {
    host: String,
    port: u16,
    user: String,
    is_mysql: bool,
    region: String,
    credentials: AwsCredentials,
}

/// Modes under which a connection may come about without TLS; RDS takes no token then.
const WITHOUT_TLS: &[&str] = &["disable", "allow", "prefer", "disabled", "preferred"];

/// Modes under which the server proves who it is. MySQL's plug-in for tokens sends them as they are,
/// so whoever answers has one, which counts for a quarter of an hour.
const VERIFIED: &[&str] = &["verify-ca", "verify_ca", "verify-full", "verify_identity"];

/// Options that name the authorities: without a mode the server's name is verified, too.
const AUTHORITIES: &[&str] = &["ssl-ca", "sslca"];

impl IamLogin {
    /// For the database of this URL, whose user is the database's. What is wrong with the URL
    /// otherwise.
    pub(crate) fn new(
        url: &LegacyUrl,
        region: String,
        credentials: AwsCredentials,
    ) -> Result<IamLogin, &'static str> {
        let is_mysql = url.engine() == "mysql";
        if url.engine() == "sqlite" {
            return Err("SQLite has no logins");
        }
        let url = Url::parse(url.expose()).map_err(|_| "the URL cannot be read")?;
        let modes: Vec<String> = url
            .query_pairs()
            .filter(|(key, _)| ["sslmode", "ssl-mode"].contains(&key.as_ref()))
            .map(|(_, mode)| mode.to_lowercase())
            .collect();
        if modes
            .iter()
            .any(|mode| WITHOUT_TLS.contains(&mode.as_str()))
        {
            return Err("the URL's sslmode allows connections without TLS");
        }
        let mut options = url.query_pairs();
        let has_authorities = options.any(|(key, _)| AUTHORITIES.contains(&key.as_ref()));
        let is_verified = match modes.is_empty() {
            true => has_authorities,
            false => modes.iter().all(|mode| VERIFIED.contains(&mode.as_str())),
        };
        if is_mysql && !is_verified {
            return Err(
                "MySQL's tokens go to whoever answers unless the server is verified: add \
                 ssl-mode=VERIFY_IDENTITY&ssl-ca=FILE to the URL",
            );
        }
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() || url.username().is_empty() {
            return Err("the URL names no host or no user");
        }
        let user = percent_decoded(url.username()).ok_or("the user is not UTF-8")?;
        Ok(IamLogin {
            host: host.to_owned(),
            port: url.port().unwrap_or(if is_mysql { 3306 } else { 5432 }),
            user,
            is_mysql,
            region,
            credentials,
        })
    }

    fn token(&self, now: DateTime<Utc>) -> Option<Zeroizing<String>> {
        let scope = SigningScope {
            region: &self.region,
            service: "rds-db",
            now,
        };
        let moment = scope.moment();
        let credentials = &self.credentials;
        let asked = format!(
            "Action=connect&DBUser={}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}\
             &X-Amz-Date={moment}&X-Amz-Expires=900",
            encoded(&self.user).as_str(),
            encoded(&format!("{}/{}", credentials.access_key_id, scope.text())).as_str(),
        );
        let signed_headers = "&X-Amz-SignedHeaders=host";
        let mut token = Zeroizing::new(String::new());
        if let Some(text) = &credentials.session_token {
            write!(token, "&X-Amz-Security-Token={}", encoded(text).as_str()).ok()?;
        }
        let token = token.as_str();
        let place = format!("{}:{}", self.host, self.port);
        let empty = sha256_hex(b"");
        // What is signed is in the order of its names.
        let request = Zeroizing::new(format!(
            "GET\n/\n{asked}{token}{signed_headers}\nhost:{place}\n\nhost\n{empty}"
        ));
        let signature = scope.sign(credentials, &request)?;
        Some(Zeroizing::new(format!(
            "{place}/?{asked}{signed_headers}{token}&X-Amz-Signature={signature}"
        )))
    }
}

impl DatabaseLogin for IamLogin {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginUnavailable>> {
        Box::pin(async {
            let token = self.token(SystemTime::now().into());
            let password =
                token.ok_or_else(|| LoginUnavailable("no token could be signed".to_owned()))?;
            Ok(Login {
                user: Some(self.user.clone()),
                password,
                in_clear: self.is_mysql,
            })
        })
    }

    /// A token is new each time: one that is refused means a missing permission.
    fn instead_of<'a>(
        &'a self,
        _refused: &'a Login,
    ) -> BoxFuture<'a, Result<Option<Login>, LoginUnavailable>> {
        Box::pin(async { Ok(None) })
    }
}

/// Percent-encoded but for RFC 3986's unreserved characters, as AWS signs it.
fn encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}

/// A URL's user, whose percent signs the URL type leaves as they are.
fn percent_decoded(text: &str) -> Option<String> {
    // A form's decoder reads `+` as a blank; in a user it is itself.
    let text = format!("user={}", text.replace('+', "%2B"));
    let (_, user) = url::form_urlencoded::parse(text.as_bytes()).next()?;
    Some(user.into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::TimeZone;

    use super::*;

    fn login(url: &str, session_token: Option<&str>) -> Result<IamLogin, &'static str> {
        let url = LegacyUrl::parse(url, Path::new("/")).expect("a scheme we know");
        let credentials = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session_token: session_token.map(|token| token.to_owned().into()),
        };
        IamLogin::new(&url, "eu-west-1".to_owned(), credentials)
    }

    /// What botocore 1.44.5's `generate_db_auth_token` gives for the same, its clock stopped.
    #[test]
    fn tokens_are_those_of_botocore() {
        let now = Utc.with_ymd_and_hms(2026, 11, 24, 12, 34, 56).unwrap();
        let url = "postgres://app%20user@db.cluster-x.eu-west-1.rds.amazonaws.com/app";
        let session = login(url, Some("session/token+with=signs")).expect("a fine URL");
        assert_eq!(
            session.token(now).expect("it is signed").as_str(),
            "db.cluster-x.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app%20user\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Feu-west-1\
             %2Frds-db%2Faws4_request&X-Amz-Date=20261124T123456Z&X-Amz-Expires=900\
             &X-Amz-SignedHeaders=host&X-Amz-Security-Token=session%2Ftoken%2Bwith%3Dsigns\
             &X-Amz-Signature=f1467a4e0ee43469e63a0a20feee4ae924405224f3a26cadba1a89d0ea61f9a8"
        );
        let plain = login(
            "mysql://app@db.example.com/app?ssl-ca=global-bundle.pem",
            None,
        )
        .expect("a fine URL");
        assert_eq!(
            plain.token(now).expect("it is signed").as_str(),
            "db.example.com:3306/?Action=connect&DBUser=app\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Feu-west-1\
             %2Frds-db%2Faws4_request&X-Amz-Date=20261124T123456Z&X-Amz-Expires=900\
             &X-Amz-SignedHeaders=host\
             &X-Amz-Signature=d8e0d536cb5f238a2ca5add969607ffebf9ec13144d468ab66d472d7f27b627c"
        );
    }

    #[test]
    fn a_url_that_could_send_a_token_in_the_clear_or_names_nobody_is_refused() {
        for url in [
            "postgres://app@db.example.com/app?sslmode=prefer",
            "mysql://app@db.example.com/app?ssl-mode=DISABLED",
            "mysql://app@db.example.com/app?ssl-mode=REQUIRED&ssl-ca=rds.pem",
            "mysql://app@db.example.com/app",
            "postgres://db.example.com/app",
            "sqlite:///x",
        ] {
            assert!(login(url, None).is_err(), "{url}");
        }
        let verified = "mysql://app@db.example.com/app?ssl-mode=VERIFY_IDENTITY&ssl-ca=rds.pem";
        assert!(login(verified, None).is_ok());
    }
}
