//! The value of the attribute that carries a user's groups from the migration to the tokens: the
//! groups in the clear, when they were carried, and a seal over whose they are. Must not know events,
//! or how long a seal counts. Used at migration and before tokens are made.
//!
//! An app client may be able to write the attribute (without WriteAttributes it can write all:
//! developer guide, "Attribute permissions and scopes"), so the value proves itself: nobody
//! without the function's key can make one, and one that was copied fits nobody else.

use hmac::{Hmac, KeyInit, Mac};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migration_model::fold_login_name;
use sha2::Sha256;

/// The longest value of an attribute, in bytes (developer guide, "Quotas").
const LONGEST_VALUE: usize = 2048;

/// Begins every value; another form would begin otherwise.
const VERSION: &str = "2";

/// Bytes of the seal, in hex twice as many characters: 128 bits cannot be guessed.
const SEAL_BYTES: usize = 16;

/// Seals and opens values.
#[derive(Clone)]
pub struct GroupSealKey(Hmac<Sha256>);

/// The value bears no seal of this key for this person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SealInvalid;

/// Whose groups they are: everything that both the migration and the token event know of a user. Who
/// changes their e-mail loses the carried groups until they are real.
///
/// The username, which never changes. Where Cognito makes up the username after the migration
/// (UsernameAttributes), the e-mail: unique in such a pool, and whoever changes it loses the
/// carried groups until they are real. The pool's id goes along, so that a rehearsal's value
/// means nothing in production. Names are folded, because a case-insensitive pool hands them out
/// in lower case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<'a> {
    pub(crate) user_pool_id: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) name: &'a str,
    /// Empty where there is none.
    pub(crate) email: &'a str,
    /// The legacy primary key as its attribute has it; empty where none is mapped.
    pub(crate) legacy_id: &'a str,
}

/// What a seal holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Carried {
    pub(crate) issued: SystemTime,
    pub(crate) groups: Vec<String>,
}

impl GroupSealKey {
    /// Least length of a key's text: 32 random characters of any alphabet cannot be guessed.
    pub const LEAST_LENGTH: usize = 32;

    /// A key of at least [`GroupSealKey::LEAST_LENGTH`] bytes.
    pub fn new(text: &str) -> Option<GroupSealKey> {
        if text.len() < GroupSealKey::LEAST_LENGTH {
            return None;
        }
        Hmac::new_from_slice(text.as_bytes()).ok().map(GroupSealKey)
    }

    /// The attribute's value; `None` when the groups are too many to fit. Then none are carried: a
    /// part of somebody's rights is harder to understand than their absence until they are real.
    pub(crate) fn seal(
        &self,
        holder: Holder<'_>,
        now: SystemTime,
        groups: &[String],
    ) -> Option<String> {
        // Cognito's group names have no blanks (`GroupNameType`).
        let groups = groups.join(" ");
        let issued = now.duration_since(UNIX_EPOCH).ok()?.as_secs().to_string();
        let seal = self.mac(holder, &issued, &groups).finalize().into_bytes();
        let seal = hex::encode(seal.get(..SEAL_BYTES)?);
        let mut value = format!("{VERSION} {issued} {seal}");
        if !groups.is_empty() {
            value.push(' ');
            value.push_str(&groups);
        }
        (value.len() <= LONGEST_VALUE).then_some(value)
    }

    /// The groups in a value that this key sealed for this person.
    pub(crate) fn open(&self, holder: Holder<'_>, value: &str) -> Result<Carried, SealInvalid> {
        let mut parts = value.splitn(4, ' ');
        let (version, issued) = (parts.next(), parts.next().unwrap_or_default());
        let (seal, groups) = (parts.next(), parts.next().unwrap_or_default());
        let seal = hex::decode(seal.unwrap_or_default()).map_err(|_| SealInvalid)?;
        if version != Some(VERSION) || seal.len() != SEAL_BYTES {
            return Err(SealInvalid);
        }
        self.mac(holder, issued, groups)
            .verify_truncated_left(&seal)
            .map_err(|_| SealInvalid)?;
        let seconds = issued.parse().map_err(|_| SealInvalid)?;
        let issued = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let groups = groups.split(' ').filter(|group| !group.is_empty());
        Ok(Carried {
            issued: issued.ok_or(SealInvalid)?,
            groups: groups.map(str::to_owned).collect(),
        })
    }

    fn mac(&self, holder: Holder<'_>, issued: &str, groups: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        let (name, email) = (fold_login_name(holder.name), fold_login_name(holder.email));
        for part in [
            "cutover groups",
            VERSION,
            holder.user_pool_id,
            holder.kind,
            &name,
            &email,
            holder.legacy_id,
            issued,
            groups,
        ] {
            // The length before each part: no two lists of parts look alike.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

impl std::fmt::Debug for GroupSealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GroupSealKey(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Holder<'static> = Holder {
        user_pool_id: "eu-west-1_a",
        kind: "username",
        name: "ann",
        email: "ann@example.org",
        legacy_id: "7",
    };

    fn then() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn key() -> GroupSealKey {
        GroupSealKey::new("0123456789abcdef0123456789abcdef").expect("it is long enough")
    }

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_was_sealed_for_somebody_opens_for_them_in_any_letter_case() {
        for names in [&[][..], &["editors"], &["Content%20Editors", "staff"]] {
            let value = key().seal(ANN, then(), &groups(names)).expect("it fits");
            let shouted = Holder { name: "ANN", ..ANN };
            let carried = Carried {
                issued: then(),
                groups: groups(names),
            };
            assert_eq!(key().open(ANN, &value), Ok(carried.clone()));
            assert_eq!(key().open(shouted, &value), Ok(carried));
        }
    }

    #[test]
    fn the_value_is_the_seal_and_the_groups_in_the_clear() {
        let value = key()
            .seal(ANN, then(), &groups(&["editors", "staff"]))
            .expect("it fits");
        // By Python's hmac, not by this code.
        assert_eq!(
            value,
            "2 1800000000 4a38335f47f1a7deaffda646efc5f132 editors staff"
        );
    }

    #[test]
    fn a_value_that_was_changed_copied_or_made_up_opens_for_nobody() {
        let value = key()
            .seal(ANN, then(), &groups(&["editors"]))
            .expect("it fits");
        let forged = [
            value.replace("editors", "admins"),
            format!("{value} admins"),
            format!("{value} "),
            value.replacen("2 ", "1 ", 1),
            value.replacen("1800000000", "1800000001", 1),
            value.get(..34).unwrap_or_default().to_owned(),
            "2 1800000000  admins".to_owned(),
            "2 1800000000 00 admins".to_owned(),
            "2 1800000000 00000000000000000000000000000000 admins".to_owned(),
            "1 30b8b97128ad13b3df5b0a3d3f56ee11 editors staff".to_owned(),
            "admins".to_owned(),
            String::new(),
        ];
        for value in forged {
            assert_eq!(key().open(ANN, &value), Err(SealInvalid), "{value}");
        }
        for other in [
            Holder { name: "bob", ..ANN },
            Holder {
                email: "other@example.org",
                ..ANN
            },
            Holder {
                legacy_id: "8",
                ..ANN
            },
            Holder {
                kind: "email",
                ..ANN
            },
            Holder {
                user_pool_id: "eu-west-1_b",
                ..ANN
            },
        ] {
            assert_eq!(key().open(other, &value), Err(SealInvalid), "{other:?}");
        }
        let another = GroupSealKey::new("another key that is long enough, too").expect("long");
        assert_eq!(another.open(ANN, &value), Err(SealInvalid));
    }

    #[test]
    fn groups_that_do_not_fit_are_not_carried_in_part() {
        let hundred =
            |length: usize| -> Vec<String> { (0..100).map(|n| format!("{n:0length$}")).collect() };
        // 2048 bytes hold the seal and a hundred groups of 19 characters.
        assert!(
            key()
                .seal(ANN, then(), &hundred(19))
                .is_some_and(|v| v.len() <= 2048)
        );
        assert_eq!(key().seal(ANN, then(), &hundred(20)), None);
        let accents = vec!["é".repeat(128); 8];
        assert_eq!(
            key().seal(ANN, then(), &accents),
            None,
            "bytes count, not characters"
        );
    }

    #[test]
    fn a_short_key_is_none_and_no_key_is_shown() {
        assert!(GroupSealKey::new("too short").is_none());
        assert_eq!(format!("{:?}", key()), "GroupSealKey(masked)");
    }
}
