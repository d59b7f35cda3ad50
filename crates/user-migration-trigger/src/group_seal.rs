//! The value of the attribute that carries a user's groups from the migration to the tokens: the
//! groups in the clear, and a seal over whose they are. Must not know events. Used at migration,
//! before tokens are made, and by the sign-up guard.
//!
//! An app client may be able to write the attribute (without WriteAttributes it can write all:
//! developer guide, "Attribute permissions and scopes"), so the value proves itself: nobody
//! without the function's key can make one, and one that was copied fits nobody else.

use hmac::{Hmac, KeyInit, Mac};
use migration_model::fold_login_name;
use sha2::Sha256;

/// The longest value of an attribute, in bytes (developer guide, "Quotas").
const LONGEST_VALUE: usize = 2048;

/// Begins every value; another form would begin otherwise.
const VERSION: &str = "1";

/// Bytes of the seal, in hex twice as many characters: 128 bits cannot be guessed.
const SEAL_BYTES: usize = 16;

/// Seals and opens values.
#[derive(Clone)]
pub struct GroupSealKey(Hmac<Sha256>);

/// The value bears no seal of this key for this person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SealInvalid;

/// Whose groups they are: what both the migration and the token event know of a user, and what no
/// user can make equal to somebody else's.
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
    pub(crate) fn seal(&self, holder: Holder<'_>, groups: &[String]) -> Option<String> {
        // Cognito's group names have no blanks (`GroupNameType`).
        let groups = groups.join(" ");
        let seal = self.mac(holder, &groups).finalize().into_bytes();
        let seal = hex::encode(seal.get(..SEAL_BYTES)?);
        let mut value = format!("{VERSION} {seal}");
        if !groups.is_empty() {
            value.push(' ');
            value.push_str(&groups);
        }
        (value.len() <= LONGEST_VALUE).then_some(value)
    }

    /// The groups in a value that this key sealed for this person.
    pub(crate) fn open(&self, holder: Holder<'_>, value: &str) -> Result<Vec<String>, SealInvalid> {
        let mut parts = value.splitn(3, ' ');
        let (version, seal, groups) = (parts.next(), parts.next(), parts.next());
        let groups = groups.unwrap_or_default();
        let seal = hex::decode(seal.unwrap_or_default()).map_err(|_| SealInvalid)?;
        if version != Some(VERSION) || seal.len() != SEAL_BYTES {
            return Err(SealInvalid);
        }
        self.mac(holder, groups)
            .verify_truncated_left(&seal)
            .map_err(|_| SealInvalid)?;
        Ok(groups
            .split(' ')
            .filter(|group| !group.is_empty())
            .map(str::to_owned)
            .collect())
    }

    fn mac(&self, holder: Holder<'_>, groups: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        let name = fold_login_name(holder.name);
        for part in [
            "cutover groups",
            VERSION,
            holder.user_pool_id,
            holder.kind,
            &name,
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
    };

    fn key() -> GroupSealKey {
        GroupSealKey::new("0123456789abcdef0123456789abcdef").expect("it is long enough")
    }

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_was_sealed_for_somebody_opens_for_them_in_any_letter_case() {
        for names in [&[][..], &["editors"], &["Content%20Editors", "staff"]] {
            let value = key().seal(ANN, &groups(names)).expect("it fits");
            let shouted = Holder { name: "ANN", ..ANN };
            assert_eq!(key().open(ANN, &value), Ok(groups(names)));
            assert_eq!(key().open(shouted, &value), Ok(groups(names)));
        }
    }

    #[test]
    fn the_value_is_the_seal_and_the_groups_in_the_clear() {
        let value = key()
            .seal(ANN, &groups(&["editors", "staff"]))
            .expect("it fits");
        // By Python's hmac, not by this code.
        assert_eq!(value, "1 30b8b97128ad13b3df5b0a3d3f56ee11 editors staff");
    }

    #[test]
    fn a_value_that_was_changed_copied_or_made_up_opens_for_nobody() {
        let value = key().seal(ANN, &groups(&["editors"])).expect("it fits");
        let forged = [
            value.replace("editors", "admins"),
            format!("{value} admins"),
            format!("{value} "),
            value.replacen("1 ", "2 ", 1),
            value.get(..34).unwrap_or_default().to_owned(),
            "1  admins".to_owned(),
            "1 00 admins".to_owned(),
            "1 00000000000000000000000000000000 admins".to_owned(),
            "admins".to_owned(),
            String::new(),
        ];
        for value in forged {
            assert_eq!(key().open(ANN, &value), Err(SealInvalid), "{value}");
        }
        for other in [
            Holder { name: "bob", ..ANN },
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
                .seal(ANN, &hundred(19))
                .is_some_and(|v| v.len() <= 2048)
        );
        assert_eq!(key().seal(ANN, &hundred(20)), None);
        let accents = vec!["é".repeat(128); 8];
        assert_eq!(
            key().seal(ANN, &accents),
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
