//! The name of an import run, which is also its journal's file name. Knows nothing of files.

use std::fmt;
use std::str::FromStr;

/// Letters, digits, `.`, `_` and `-`, starting with a letter or digit; at most 64 characters.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RunName(String);

impl RunName {
    /// The name of a run into a pool that nobody named: the pool's id, which fits by its form.
    pub fn for_pool(user_pool_id: &str) -> RunName {
        let fits = |c: char| if is_name_character(c) { c } else { '-' };
        let name: String = user_pool_id.chars().map(fits).take(64).collect();
        name.parse()
            .unwrap_or_else(|_| RunName("default".to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

impl FromStr for RunName {
    type Err = RunNameError;

    fn from_str(name: &str) -> Result<RunName, RunNameError> {
        let fits = (1..=64).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(is_name_character);
        fits.then(|| RunName(name.to_owned())).ok_or(RunNameError)
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no run name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a run name has 1 to 64 letters, digits, `.`, `_` or `-`, and starts with a letter or digit"
)]
pub struct RunNameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_name_can_never_lead_out_of_its_directory() {
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "-x",
            "ü",
            &"x".repeat(65),
        ] {
            assert_eq!(bad.parse::<RunName>(), Err(RunNameError), "{bad}");
        }
        assert!("night-2".parse::<RunName>().is_ok());
    }

    #[test]
    fn a_pool_id_is_a_run_name() {
        assert_eq!(
            RunName::for_pool("eu-west-1_abc123").as_str(),
            "eu-west-1_abc123"
        );
        assert_eq!(RunName::for_pool("").as_str(), "default");
        assert_eq!(RunName::for_pool("/etc").as_str(), "default");
    }
}
