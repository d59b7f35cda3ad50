//! From the database URL to a driver's connection options. Refuses options that no driver here
//! knows: one silently ignored may be the `sslmode` somebody relies on, and the drivers log
//! what they ignore, value and all. Called once per database.

use std::str::FromStr;
use std::sync::Arc;

use migration_model::LegacyUrl;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::SqliteConnectOptions;
use url::Url;

use crate::catalog::nearest;
use crate::connect_settings::ConnectSettings;
use crate::connections::{Backend, Connections};
use crate::database_login::DatabaseLogin;
use crate::dialect::Dialect;
use crate::error::{Cause, LegacyError};

/// PostgreSQL options that sqlx 0.9 reads, but for `options`, which poolers refuse.
const POSTGRES_OPTIONS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// MySQL options that sqlx 0.9 reads, but for those that change what this crate relies on
/// (character set and time zone).
const MYSQL_OPTIONS: &[&str] = &[
    "sslmode", "ssl-mode", "sslca", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key", "socket",
];

/// The database of the URL; nothing is connected yet.
pub(crate) fn backend(
    url: &LegacyUrl,
    settings: ConnectSettings,
    login: Option<Arc<dyn DatabaseLogin>>,
) -> Result<(Dialect, Box<dyn Backend>), LegacyError> {
    match url.engine() {
        "sqlite" => {
            let options = sqlite(url.expose(), &settings)?;
            let connections =
                Connections::<sqlx::Sqlite>::new(options, Dialect::Sqlite, settings, None);
            Ok((Dialect::Sqlite, Box::new(connections)))
        }
        "mysql" => {
            let options = mysql(url.expose())?;
            let dialect = Dialect::MySql;
            let connections = Connections::<sqlx::MySql>::new(options, dialect, settings, login);
            Ok((Dialect::MySql, Box::new(connections)))
        }
        _ => {
            let options = postgres(url.expose(), &settings)?;
            let dialect = Dialect::Postgres;
            let connections = Connections::<sqlx::Postgres>::new(options, dialect, settings, login);
            Ok((dialect, Box::new(connections)))
        }
    }
}

fn invalid(fault: impl Into<String>) -> LegacyError {
    LegacyError::UrlInvalid {
        fault: fault.into(),
    }
}

fn postgres(url: &str, settings: &ConnectSettings) -> Result<PgConnectOptions, LegacyError> {
    let parsed = parse(url, POSTGRES_OPTIONS)?;
    let mut options = PgConnectOptions::from_str(url).map_err(|_| unread_options(&parsed))?;
    if !parsed
        .query_pairs()
        .any(|(key, _)| key == "application_name")
    {
        options = options.application_name(&settings.application_name);
    }
    if let (PgSslMode::Allow | PgSslMode::Prefer, Some(tls)) =
        (options.get_ssl_mode(), needed_tls(&parsed))
    {
        options = options.ssl_mode(match tls {
            Tls::Encrypted => PgSslMode::Require,
            Tls::Verified => PgSslMode::VerifyFull,
        });
    }
    // pgbouncer refuses startup parameters it does not know, and this is the driver's only one.
    Ok(options.extra_float_digits(None))
}

fn mysql(url: &str) -> Result<MySqlConnectOptions, LegacyError> {
    let parsed = parse(url, MYSQL_OPTIONS)?;
    let mut options = MySqlConnectOptions::from_str(url).map_err(|_| unread_options(&parsed))?;
    if let (MySqlSslMode::Preferred, Some(tls)) = (options.get_ssl_mode(), needed_tls(&parsed)) {
        options = options.ssl_mode(match tls {
            Tls::Encrypted => MySqlSslMode::Required,
            Tls::Verified => MySqlSslMode::VerifyIdentity,
        });
    }
    // Nothing is written and no text is concatenated: the server's own SQL mode does.
    Ok(options.pipes_as_concat(false).no_engine_substitution(false))
}

/// The TLS a connection must have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tls {
    /// Any: nothing is known to verify the server by.
    Encrypted,
    /// The server proves its name by the authorities that the URL names.
    Verified,
}

/// What a URL that does not decide it itself gets. The drivers' own default gives a password to
/// whoever answers without TLS, which is fit for this machine only.
fn needed_tls(url: &Url) -> Option<Tls> {
    let option = |names: &[&str]| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(key, value)| names.contains(&key.as_ref()).then(|| value.into_owned()))
    };
    if option(&["sslmode", "ssl-mode"]).is_some() || option(&["socket"]).is_some() {
        return None;
    }
    let host = match (option(&["hostaddr"]).or(option(&["host"])), url.host_str()) {
        (Some(host), _) => host,
        (None, host) => host.unwrap_or_default().to_owned(),
    };
    if is_this_machine(&host) {
        return None;
    }
    let authorities = option(&["sslrootcert", "ssl-root-cert", "ssl-ca", "sslca"]);
    Some(match authorities {
        Some(_) => Tls::Verified,
        None => Tls::Encrypted,
    })
}

/// A socket's folder, or a loopback name or address.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']);
    let loopback = |address: std::net::IpAddr| address.is_loopback();
    host.is_empty()
        || host.starts_with('/')
        || host.starts_with("%2F")
        || host == "localhost"
        || host.ends_with(".localhost")
        || address.parse().is_ok_and(loopback)
}

fn sqlite(url: &str, settings: &ConnectSettings) -> Result<SqliteConnectOptions, LegacyError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| invalid("it has an option that SQLite does not know"))?;
    let file = options.get_filename().to_owned();
    if file.as_os_str().is_empty() {
        return Err(invalid("it names no file"));
    }
    Ok(options
        .create_if_missing(false)
        .read_only(true)
        .pragma("query_only", "ON")
        .busy_timeout(settings.statement_timeout))
}

/// The SQLite driver's "cannot open" tells nothing: says whether there is a file at all.
pub(crate) fn check_sqlite_file(url: &LegacyUrl) -> Result<(), LegacyError> {
    let Ok(options) = SqliteConnectOptions::from_str(url.expose()) else {
        return Ok(());
    };
    let file = options.get_filename();
    let in_memory = file.to_string_lossy().starts_with("file:sqlx-in-memory");
    if in_memory || file.is_file() {
        return Ok(());
    }
    let what = match file.exists() {
        true => "is not a file",
        false => "does not exist",
    };
    Err(LegacyError::DatabaseMissing {
        cause: Cause::new(format!("{} {what}", file.display())),
    })
}

fn parse(url: &str, known: &[&str]) -> Result<Url, LegacyError> {
    let parsed = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
    for (key, _) in parsed.query_pairs() {
        if !known.contains(&key.as_ref()) {
            let hint = match nearest(&key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            return Err(invalid(format!("it has an unknown option `{key}`; {hint}")));
        }
    }
    Ok(parsed)
}

fn unread_options(url: &Url) -> LegacyError {
    let keys: Vec<String> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
    match keys.is_empty() {
        true => invalid("user, password or database are not percent-encoded UTF-8"),
        false => invalid(format!(
            "one of its options has no possible value: {}",
            keys.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn fault(url: &str) -> String {
        let url = LegacyUrl::parse(url, Path::new("/")).expect("a scheme we know");
        match backend(&url, ConnectSettings::default(), None) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_option_nobody_knows_is_refused_with_the_nearest_and_without_its_value() {
        let text = fault("postgres://app:hunter2@db/app?sslmod=require&pasword=hunter3");
        assert!(
            text.contains("`sslmod`") && text.contains("`sslmode`"),
            "{text}"
        );
        assert!(!text.contains("hunter"), "{text}");
        assert!(fault("mysql://app@db/app?sslmode=REQUIRED&init=x").contains("`init`"));
        assert_eq!(
            fault("mysql://app@db/app?ssl-mode=VERIFY_CA&ssl-ca=/rds.pem"),
            "none"
        );
    }

    #[test]
    fn a_database_beyond_this_machine_must_speak_tls_unless_the_url_says_otherwise() {
        let needed = |url: &str| needed_tls(&Url::parse(url).expect("a URL"));
        for url in [
            "postgres://app@127.0.0.1/app",
            "postgres://app@localhost/app",
            "mysql://app@[::1]/app",
            "postgres:///app?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun%2Fpostgresql/app",
            "mysql://app@db/app?socket=/run/mysqld.sock",
            "postgres://app@db/app?sslmode=disable",
            "mysql://app@db/app?ssl-mode=DISABLED",
        ] {
            assert_eq!(needed(url), None, "{url}");
        }
        for url in [
            "postgres://app@db/app",
            "mysql://app@10.0.0.7/app",
            "postgres://app@localhost/app?host=db.example.com",
            "postgres://app@[2001:db8::1]/app",
        ] {
            assert_eq!(needed(url), Some(Tls::Encrypted), "{url}");
        }
        let verified = needed("postgres://app@db/app?sslrootcert=rds.pem");
        assert_eq!(verified, Some(Tls::Verified));
        let options = |url| postgres(url, &ConnectSettings::default()).expect("a fine URL");
        let mode = options("postgres://app@db/app").get_ssl_mode();
        assert!(matches!(mode, PgSslMode::Require), "{mode:?}");
        let mode = options("postgres://app@db/app?sslmode=disable").get_ssl_mode();
        assert!(matches!(mode, PgSslMode::Disable), "{mode:?}");
        let options = mysql("mysql://app@db/app?ssl-ca=rds.pem").expect("a fine URL");
        let mode = options.get_ssl_mode();
        assert!(matches!(mode, MySqlSslMode::VerifyIdentity), "{mode:?}");
    }

    #[test]
    fn a_url_that_cannot_be_read_is_told_without_its_password() {
        let text = fault("postgres://app:hunter2#x@db/app");
        assert!(
            text.contains("cannot be used") && !text.contains("hunter2"),
            "{text}"
        );
        let text = fault("postgres://app:hunter2@db/app?sslmode=sometimes");
        assert!(
            text.contains("sslmode") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
