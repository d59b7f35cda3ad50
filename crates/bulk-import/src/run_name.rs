//! The name of an import run, which is also its journal's file name. Knows nothing of files.

use std::fmt;
use std::str::FromStr;

use crate::Shard;

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

    /// The name of one shard's part of this run.
    ///
    /// # Errors
    ///
    /// When that makes it too long.
    pub fn in_shard(&self, shard: Shard) -> Result<RunName, RunNameError> {
        format!("{self}.{}", shard.in_name()).parse()
    }

    /// The run as a whole, and which shard of it this is.
    pub fn parts(&self) -> (RunName, Option<Shard>) {
        let parts = self
            .0
            .rsplit_once('.')
            .and_then(|(whole, shard)| Some((whole.parse().ok()?, Some(Shard::from_name(shard)?))));
        parts.unwrap_or_else(|| (self.clone(), None))
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
    fn a_shards_part_of_a_run_is_a_run_of_its_own_that_knows_the_whole() {
        let whole: RunName = "night-2.x".parse().expect("a name");
        let shard: Shard = "3/16".parse().expect("a shard");
        let part = whole.in_shard(shard).expect("short enough");
        assert_eq!(part.as_str(), "night-2.x.3-of-16");
        assert_eq!(part.parts(), (whole.clone(), Some(shard)));
        assert_eq!(whole.parts(), (whole.clone(), None));
        let long: RunName = "x".repeat(60).parse().expect("a name");
        assert_eq!(long.in_shard(shard), Err(RunNameError));
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
