//! The URL of the legacy database, which holds its password: shown masked only.

use std::fmt;
use std::path::Path;

/// A `sqlite:`, `postgres:` or `mysql:` URL. `Debug` and `Display` show the scheme alone.
#[derive(Clone, Eq, PartialEq)]
pub struct LegacyUrl(String);

impl LegacyUrl {
    /// Takes a URL; a relative SQLite path is made relative to `base`.
    ///
    /// # Errors
    ///
    /// The text to show when the scheme is none of the three.
    pub fn parse(url: &str, base: &Path) -> Result<LegacyUrl, &'static str> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(LegacyUrl(sqlite_url(url, base))),
            Some("postgres" | "postgresql" | "mysql" | "mariadb") => Ok(LegacyUrl(url.to_owned())),
            _ => Err("a database URL starts with sqlite:, postgres: or mysql:"),
        }
    }

    /// The whole URL, password and all, for the database driver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Engine, host, port and database, without user, password and options: which database it is.
    pub fn place(&self) -> String {
        let rest = self.0.split_once(':').map_or("", |(_, rest)| rest);
        let rest = rest.trim_start_matches('/');
        let rest = rest.split('?').next().unwrap_or_default();
        if self.engine() == "sqlite" {
            return format!("sqlite /{rest}");
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        format!("{} {host}/{database}", self.engine())
    }

    /// `sqlite`, `postgres` or `mysql`.
    pub fn engine(&self) -> &'static str {
        match self.0.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => "sqlite",
            Some("mysql" | "mariadb") => "mysql",
            _ => "postgres",
        }
    }
}

fn sqlite_url(url: &str, base: &Path) -> String {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.starts_with('/') || path.starts_with(":memory:") || path.is_empty() {
        return format!("sqlite://{path}");
    }
    format!("sqlite://{}", base.join(path).display())
}

impl fmt::Debug for LegacyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:…", self.engine())
    }
}

impl fmt::Display for LegacyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_sqlite_paths_are_relative_to_the_configuration() {
        let base = Path::new("/srv/app");
        let url = |text| LegacyUrl::parse(text, base).map(|url| url.0);
        assert_eq!(
            url("sqlite://legacy.sqlite3").as_deref(),
            Ok("sqlite:///srv/app/legacy.sqlite3")
        );
        assert_eq!(
            url("sqlite:data/x.db?mode=ro").as_deref(),
            Ok("sqlite:///srv/app/data/x.db?mode=ro")
        );
        assert_eq!(url("sqlite:///abs.db").as_deref(), Ok("sqlite:///abs.db"));
        assert!(url("oracle://x").is_err());
    }

    #[test]
    fn a_shown_url_has_no_password() {
        let url = LegacyUrl::parse("postgres://app:hunter2@db/x", Path::new("."));
        assert_eq!(
            url.map(|url| format!("{url:?} {url}")).as_deref(),
            Ok("postgres:… postgres:…")
        );
    }
}
