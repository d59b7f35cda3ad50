//! `[rehearsal]`: by what a team calls a rehearsal a go. Pure; the rehearsal holds its figures
//! against it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// `[rehearsal]`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RehearsalSettings {
    /// The criteria, where the team has set any.
    pub go: Option<GoCriteria>,
}

/// How many people at most may end badly for the move to be a go. What is left out has a default.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct GoCriteria {
    /// People who lost the password and whom no reset code can reach.
    pub locked_out: GoLimit,
    /// People who could still have signed in, and lost the password.
    pub password_lost: GoLimit,
    /// People who were not moved.
    pub held: GoLimit,
    /// People who could not be moved.
    pub failed: GoLimit,
}

impl Default for GoCriteria {
    fn default() -> Self {
        GoCriteria {
            locked_out: GoLimit::People(0),
            password_lost: GoLimit::Percent(5.0),
            held: GoLimit::Percent(2.0),
            failed: GoLimit::People(0),
        }
    }
}

/// A number of people (`3`), or a share of all (`"2 %"`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GoLimit {
    /// So many people.
    People(u64),
    /// So many of a hundred.
    Percent(f64),
}

impl GoLimit {
    /// The most people of so many.
    pub fn of(self, all: u64) -> u64 {
        match self {
            GoLimit::People(people) => people,
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of 0 to 100 of a count is a count"
            )]
            GoLimit::Percent(percent) => (all as f64 * percent / 100.0).floor() as u64,
        }
    }

    fn percent(text: &str) -> Option<GoLimit> {
        let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
        (0.0..=100.0)
            .contains(&number)
            .then_some(GoLimit::Percent(number))
    }
}

impl<'de> Deserialize<'de> for GoLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            People(u64),
            Share(String),
        }
        let wrong = || D::Error::custom("a number of people (3), or a share of all (\"2 %\")");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::People(people) => Ok(GoLimit::People(people)),
            Written::Share(text) => GoLimit::percent(&text).ok_or_else(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_people_or_a_share_of_all() {
        let text = "locked_out = 3\npassword_lost = \"2.5 %\"\n";
        let criteria: GoCriteria = toml::from_str(text).expect("criteria");
        assert_eq!(criteria.locked_out.of(1000), 3);
        assert_eq!(criteria.password_lost.of(1000), 25);
        assert_eq!(criteria.password_lost.of(39), 0);
        assert_eq!(criteria.held, GoCriteria::default().held);
        for wrong in ["held = \"2\"", "held = -1", "held = \"101 %\"", "lost = 1"] {
            assert!(toml::from_str::<GoCriteria>(wrong).is_err(), "{wrong}");
        }
    }
}
