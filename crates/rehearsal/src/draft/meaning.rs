//! What names of flags, of types of account and of accounts themselves say: that a row is nobody who
//! signs in, or somebody who may not. Knows words alone. Called for the columns of the user table.

/// Rows of these are nobody: no person, or one who is gone.
const NOBODY: &[&str] = &[
    "anonymized",
    "anonymised",
    "anonymous",
    "automated",
    "bot",
    "deleted",
    "dummy",
    "erased",
    "ghost",
    "machine",
    "placeholder",
    "purged",
    "removed",
    "robot",
    "service",
    "soft_deleted",
    "system",
];

/// People of whom this is true may not sign in.
const INACTIVE: &[&str] = &[
    "banned",
    "barred",
    "blocked",
    "deactivated",
    "disabled",
    "frozen",
    "inactive",
    "suspended",
];

/// What apps put around such a word: `is_bot`, `db_is_bot`, `bot_flag`, `user_is_deleted`.
const BEFORE: &[&str] = &["is_", "was_", "has_been_", "db_", "user_", "account_"];
const AFTER: &[&str] = &["_flag", "_user", "_account", "user"];

/// Of moments: `deleted_at`, `date_deleted`, `banned_on`.
const BEFORE_MOMENTS: &[&str] = &["date_", "time_", "datetime_", "when_"];
const AFTER_MOMENTS: &[&str] = &["_at", "_on", "_date", "_time", "_datetime", "_timestamp"];

/// What a flag says of the rows for which it is true.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Meaning {
    /// Nobody signs in as them.
    Nobody,
    /// They may not sign in.
    Inactive,
}

/// What it means that a flag of this name is true.
pub(super) fn of_flag(name: &str) -> Option<Meaning> {
    of_word(stripped(&folded(name), BEFORE, AFTER))
}

/// What it means that a moment of this name is set.
pub(super) fn of_moment(name: &str) -> Option<Meaning> {
    let name = folded(name);
    let bare = stripped(&name, BEFORE_MOMENTS, AFTER_MOMENTS);
    // A moment says so by its name: `deleted` alone may be a list of what somebody deleted.
    let says_so = bare.len() < name.len();
    of_word(stripped(bare, BEFORE, AFTER)).filter(|_| says_so)
}

/// Whether a value of a column of account types (`service_account`, `Bot`) means nobody.
pub(super) fn is_type_of_nobody(value: &str) -> bool {
    let value = folded(value);
    let bare = value.strip_prefix("internal_").unwrap_or(&value);
    of_word(stripped(bare, BEFORE, AFTER)) == Some(Meaning::Nobody)
}

/// Whether an account's own name says that it is nobody's, such as `AnonymousUser`, `system`.
pub(super) fn is_name_of_nobody(name: &str) -> bool {
    let name = folded(name);
    let bare = stripped(name.trim_matches('_'), BEFORE, AFTER);
    bare == "nobody" || bare == "sentinel" || of_word(bare) == Some(Meaning::Nobody)
}

/// Whether a flag that is true, or a moment that is set, says that a membership counts no more or not
/// yet: `left_at`, `is_deleted`, `pending`.
pub(super) fn is_end_of_membership(name: &str) -> bool {
    const ENDED: &[&str] = &["ended", "left", "pending", "rejected", "revoked"];
    let folded = folded(name);
    let bare = stripped(&folded, BEFORE_MOMENTS, AFTER_MOMENTS);
    let bare = stripped(bare, BEFORE, AFTER);
    ENDED.contains(&bare) || of_word(bare).is_some()
}

fn of_word(word: &str) -> Option<Meaning> {
    let nobody = NOBODY.contains(&word).then_some(Meaning::Nobody);
    nobody.or_else(|| INACTIVE.contains(&word).then_some(Meaning::Inactive))
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

fn stripped<'a>(mut name: &'a str, before: &[&str], after: &[&str]) -> &'a str {
    while let Some(rest) = before.iter().find_map(|word| name.strip_prefix(word)) {
        name = rest;
    }
    let rest = after.iter().find_map(|word| name.strip_suffix(word));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_so_by_the_word_and_not_by_what_apps_put_around_it() {
        for name in [
            "is_bot",
            "bot",
            "db_is_bot",
            "user_is_deleted",
            "is_service_account",
        ] {
            assert_eq!(of_flag(name), Some(Meaning::Nobody), "{name}");
        }
        for name in ["is_banned", "disabled", "account_blocked", "is_suspended"] {
            assert_eq!(of_flag(name), Some(Meaning::Inactive), "{name}");
        }
        for name in [
            "is_active",
            "robots_allowed",
            "can_delete",
            "is_system_admin",
            "undeleted",
        ] {
            assert_eq!(of_flag(name), None, "{name}");
        }
    }

    #[test]
    fn moments_say_so_with_the_word_of_a_moment() {
        for name in [
            "deleted_at",
            "date_deleted",
            "removed_on",
            "user_deleted_at",
        ] {
            assert_eq!(of_moment(name), Some(Meaning::Nobody), "{name}");
        }
        assert_eq!(of_moment("deactivated_at"), Some(Meaning::Inactive));
        // Until a moment, and since one, are two things.
        for name in ["banned_until", "deleted", "last_seen_at", "date_joined"] {
            assert_eq!(of_moment(name), None, "{name}");
        }
    }

    #[test]
    fn memberships_end_by_a_flag_or_a_moment() {
        for name in [
            "deleted_at",
            "left_at",
            "is_deleted",
            "date_left",
            "is_pending",
        ] {
            assert!(is_end_of_membership(name), "{name}");
        }
        for name in ["joined_at", "created_at", "is_admin", "expires_at"] {
            assert!(!is_end_of_membership(name), "{name}");
        }
    }

    #[test]
    fn types_and_names_of_accounts_that_are_nobody() {
        for value in [
            "service_account",
            "internal_service_account",
            "Bot",
            "SYSTEM",
        ] {
            assert!(is_type_of_nobody(value), "{value}");
        }
        for value in ["internal", "external", "system_admin", "staff"] {
            assert!(!is_type_of_nobody(value), "{value}");
        }
        for name in ["AnonymousUser", "system", "__deleted__", "nobody"] {
            assert!(is_name_of_nobody(name), "{name}");
        }
        for name in ["ada", "botticelli", "systems"] {
            assert!(!is_name_of_nobody(name), "{name}");
        }
    }
}
