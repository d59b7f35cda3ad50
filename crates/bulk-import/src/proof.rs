//! Whose is a user that the pool already has? Decides, from what AdminGetUser says and what the
//! journal remembers, whether this run created them, so that a password may be set. Pure.
//!
//! The rule: a password is set only for a user whose creation this run can prove, either by
//! AdminCreateUser's own answer, or, when that answer was lost, by all of: the journal holds the
//! intent, the user has never had a password of their own (FORCE_CHANGE_PASSWORD), was created
//! within the intent's time by the pool's clock, and bears the legacy id if one is mapped. A user
//! who signed in through the migration trigger is CONFIRMED, so they can never look like ours.

use chrono::{DateTime, Duration, Utc};
use cognito_user_pool::{UserRecord, UserStatus};

/// How this run knows that it created a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proof {
    /// AdminCreateUser said so.
    Response,
    /// The answer was lost; the user was found as only we can have made them.
    Found,
}

impl Proof {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Proof::Response => "response",
            Proof::Found => "found",
        }
    }

    /// The ledger's word for it.
    pub(crate) const fn how(self) -> &'static str {
        match self {
            Proof::Response => "created",
            Proof::Found => "found",
        }
    }
}

/// Whose a user of the pool is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holder {
    /// This run created them.
    Ours,
    /// Not of this run's making; the same person if something proves it.
    SamePerson,
    /// Another legacy user's account.
    SomebodyElse,
    /// It may be ours, and cannot be proven.
    Unclear,
}

/// How far the pool's clock may be from what we took for it: the `Date` header counts whole
/// seconds and is as old as its way here, and Cognito is many machines.
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// What a user of ours would look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// The custom attribute that carries the legacy id, and this user's value for it.
    pub(crate) legacy_id: Option<(&'a str, &'a str)>,
    /// When AdminCreateUser was first about to be sent, by the pool's clock, if an answer to it
    /// may have been lost; `None` when every attempt was answered.
    pub(crate) unanswered_since: Option<DateTime<Utc>>,
    /// The pool's time now.
    pub(crate) now: DateTime<Utc>,
}

/// Says whose the user is.
pub(crate) fn holder(record: &UserRecord, expected: Expected<'_>) -> Holder {
    let bears_id = expected
        .legacy_id
        .map(|(attribute, id)| record.attributes.get(attribute).map(|value| value == id));
    if bears_id == Some(Some(false)) {
        return Holder::SomebodyElse;
    }
    let Some(since) = expected.unanswered_since else {
        return Holder::SamePerson;
    };
    if record.status != UserStatus::ForceChangePassword || bears_id == Some(None) {
        return Holder::SamePerson;
    }
    let Some(created) = record.created else {
        return Holder::Unclear;
    };
    let earliest = since.checked_sub_signed(CLOCK_TOLERANCE).unwrap_or(since);
    let latest = expected
        .now
        .checked_add_signed(CLOCK_TOLERANCE)
        .unwrap_or(expected.now);
    match (earliest..=latest).contains(&created) {
        true => Holder::Ours,
        false => Holder::SamePerson,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("in range")
    }

    fn record(status: UserStatus, created: i64, id: Option<&str>) -> UserRecord {
        let id = id.map(|id| ("custom:legacy_id".to_owned(), id.to_owned()));
        UserRecord {
            username: "ada".to_owned(),
            status,
            enabled: true,
            created: Some(at(created)),
            last_modified: Some(at(created)),
            attributes: BTreeMap::from_iter(id),
        }
    }

    fn expected(unanswered_since: Option<i64>) -> Expected<'static> {
        Expected {
            legacy_id: Some(("custom:legacy_id", "7")),
            unanswered_since: unanswered_since.map(at),
            now: at(600),
        }
    }

    const FORCED: UserStatus = UserStatus::ForceChangePassword;

    #[test]
    fn a_lost_answer_is_recognised() {
        for created in [0, 1, 600] {
            let found = record(FORCED, created, Some("7"));
            assert_eq!(holder(&found, expected(Some(0))), Holder::Ours);
        }
        let unmapped = Expected {
            legacy_id: None,
            ..expected(Some(0))
        };
        assert_eq!(holder(&record(FORCED, 1, None), unmapped), Holder::Ours);
    }

    #[test]
    fn whoever_signed_in_through_the_trigger_is_never_ours() {
        for status in [
            UserStatus::Confirmed,
            UserStatus::ResetRequired,
            UserStatus::Other,
        ] {
            let found = record(status, 1, Some("7"));
            assert_eq!(
                holder(&found, expected(Some(0))),
                Holder::SamePerson,
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_user_created_before_the_intent_or_without_one_is_not_ours() {
        assert_eq!(
            holder(&record(FORCED, -6, Some("7")), expected(Some(0))),
            Holder::SamePerson
        );
        assert_eq!(
            holder(&record(FORCED, 1, Some("7")), expected(None)),
            Holder::SamePerson
        );
        assert_eq!(
            holder(&record(FORCED, 606, Some("7")), expected(Some(0))),
            Holder::SamePerson
        );
    }

    #[test]
    fn the_legacy_id_decides_who_it_is() {
        let other = record(FORCED, 1, Some("8"));
        assert_eq!(holder(&other, expected(Some(0))), Holder::SomebodyElse);
        assert_eq!(holder(&other, expected(None)), Holder::SomebodyElse);
        let without = record(FORCED, 1, None);
        assert_eq!(holder(&without, expected(Some(0))), Holder::SamePerson);
    }

    #[test]
    fn without_a_creation_date_nothing_is_proven() {
        let undated = UserRecord {
            created: None,
            ..record(FORCED, 0, Some("7"))
        };
        assert_eq!(holder(&undated, expected(Some(0))), Holder::Unclear);
    }

    #[test]
    fn an_intent_without_a_time_proves_nothing() {
        let unanswered_since = Some(DateTime::<Utc>::MAX_UTC);
        let expected = Expected {
            unanswered_since,
            ..expected(None)
        };
        assert_eq!(
            holder(&record(FORCED, 1, Some("7")), expected),
            Holder::SamePerson
        );
    }
}
