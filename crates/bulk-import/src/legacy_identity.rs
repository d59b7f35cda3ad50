//! Which legacy database a run is about: where it is, and a sample of who is in it. A resume against
//! another one is refused: keys that mean other people there would give one person another's
//! account. Holds no credentials.

use chrono::SecondsFormat;
use futures::{StreamExt, pin_mut};
use legacy_users::{LegacyDatabase, LegacyError};
use migration_model::Config;
use sha2::{Digest, Sha256};

/// People in the sample: the first by key.
const SAMPLE: usize = 20;

/// The database's place and a sample of its people.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct LegacyIdentity {
    /// Engine, host, port, database and user table.
    pub(crate) place: String,
    /// `key:digest of key and join date` of some people.
    pub(crate) people: Vec<String>,
}

impl LegacyIdentity {
    pub(crate) async fn of(
        legacy: &LegacyDatabase,
        config: &Config,
    ) -> Result<LegacyIdentity, LegacyError> {
        let url = config.legacy.url.as_ref();
        let place = url.map(|url| url.place()).unwrap_or_default();
        let users = legacy.users(None, SAMPLE).take(SAMPLE);
        pin_mut!(users);
        let mut people = Vec::new();
        while let Some(user) = users.next().await {
            let user = user?;
            let joined = user
                .date_joined
                .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
            let digest = Sha256::digest(format!("{} {}", user.id, joined.unwrap_or_default()));
            let key = hex::encode(Sha256::digest(user.id.to_string()));
            people.push(format!("{}:{}", &key[..16], &hex::encode(digest)[..16]));
        }
        Ok(LegacyIdentity {
            place: format!("{place} {}", config.legacy.user_table),
            people,
        })
    }

    /// As one line of text.
    pub(crate) fn to_text(&self) -> String {
        format!("{}\n{}", self.place, self.people.join(","))
    }

    pub(crate) fn from_text(text: &str) -> LegacyIdentity {
        let (place, people) = text.split_once('\n').unwrap_or((text, ""));
        LegacyIdentity {
            place: place.to_owned(),
            people: people.split(',').map(str::to_owned).collect(),
        }
    }

    /// What differs, in words for an operator; `None` for the same database, whose people may have
    /// come and gone meanwhile.
    pub(crate) fn difference(&self, now: &LegacyIdentity) -> Option<String> {
        if self.place.is_empty() {
            // Written by a version that did not look.
            return None;
        }
        if self.place != now.place {
            return Some(
                "its legacy database is another one (engine, host, name or table)".to_owned(),
            );
        }
        let key = |person: &str| person.split(':').next().unwrap_or_default().to_owned();
        let other = |person: &&String| {
            let mut now = now.people.iter();
            now.any(|other| key(other) == key(person) && other != *person)
        };
        let others = self.people.iter().filter(other).count();
        (others > 0).then(|| {
            format!("{others} of its first people have the key of others in this legacy database")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(place: &str, people: &[&str]) -> LegacyIdentity {
        LegacyIdentity {
            place: place.to_owned(),
            people: people.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn people_come_and_go_but_a_key_stays_with_its_person() {
        let begun = identity("sqlite /a auth_user", &["k1:a", "k2:b"]);
        for now in [&["k1:a", "k2:b"][..], &["k2:b", "k3:c"], &[]] {
            let now = identity("sqlite /a auth_user", now);
            assert_eq!(begun.difference(&now), None, "{now:?}");
        }
        let swapped = identity("sqlite /a auth_user", &["k1:x", "k2:b"]);
        assert!(begun.difference(&swapped).is_some());
        let elsewhere = identity("sqlite /b auth_user", &["k1:a", "k2:b"]);
        assert!(begun.difference(&elsewhere).is_some());
        assert_eq!(LegacyIdentity::from_text(&begun.to_text()), begun);
    }
}
