//! `--keep-for-first-login 'last_login > 90 days'`: who is left to keep the password by signing
//! in, although the import of such users is approved. Pure; the day it counts from is given.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, Utc};
use migration_model::LegacyUser;

/// A condition on when somebody last signed in, or registered.
///
/// It compares dates: `last_login > 90 days` is a last sign-in *later than* 90 days ago, so it
/// keeps those who still come by; `last_login < 90 days` is one before that. Whoever never signed
/// in has no such date and meets neither. Of several conditions one is enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeepForFirstLogin {
    field: Field,
    later: bool,
    days: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    LastLogin,
    DateJoined,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Field::LastLogin => "last_login",
            Field::DateJoined => "date_joined",
        }
    }
}

impl KeepForFirstLogin {
    /// The condition with the day that it means, counted back from `now`.
    pub fn in_words(&self, now: DateTime<Utc>) -> String {
        let word = if self.later { "later than" } else { "before" };
        match self.limit(now) {
            Some(limit) => format!("{} {word} {}", self.field.name(), limit.format("%Y-%m-%d")),
            None => self.to_string(),
        }
    }

    fn limit(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        now.checked_sub_signed(Duration::days(i64::from(self.days)))
    }

    /// Whether the user is left for first login, as of `now`.
    pub fn keeps(&self, user: &LegacyUser, now: DateTime<Utc>) -> bool {
        let date = match self.field {
            Field::LastLogin => user.last_login,
            Field::DateJoined => user.date_joined,
        };
        let (Some(date), Some(limit)) = (date, self.limit(now)) else {
            return false;
        };
        if self.later {
            date > limit
        } else {
            date < limit
        }
    }
}

impl fmt::Display for KeepForFirstLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.later { '>' } else { '<' };
        write!(f, "{} {sign} {} days", self.field.name(), self.days)
    }
}

impl FromStr for KeepForFirstLogin {
    type Err = KeepForFirstLoginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [field, sign, days, "day" | "days"] = words[..] else {
            return Err(KeepForFirstLoginError);
        };
        let field = match field {
            "last_login" => Field::LastLogin,
            "date_joined" => Field::DateJoined,
            _ => return Err(KeepForFirstLoginError),
        };
        let later = match sign {
            ">" => true,
            "<" => false,
            _ => return Err(KeepForFirstLoginError),
        };
        // A century: beyond it a day count is a slip of the finger.
        let days = days.parse().ok().filter(|days| *days <= 36_500);
        let days = days.ok_or(KeepForFirstLoginError)?;
        Ok(KeepForFirstLogin { field, later, days })
    }
}

/// The text is no such condition.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "write last_login or date_joined, then > (later than) or < (before), then a number of days: \
     `last_login > 90 days` keeps whoever signed in within the last 90 days"
)]
pub struct KeepForFirstLoginError;

#[cfg(test)]
mod tests {
    use super::*;
    use django_password::EncodedPassword;
    use migration_model::LegacyId;

    fn user(last_login: Option<DateTime<Utc>>) -> LegacyUser {
        LegacyUser {
            id: LegacyId::Integer(1),
            username: None,
            email: None,
            email_verified: false,
            email_shared: false,
            phone_number: None,
            phone_verified: false,
            encoded_password: EncodedPassword::new("!"),
            is_active: true,
            is_staff: false,
            is_superuser: false,
            last_login,
            date_joined: None,
            columns: std::collections::BTreeMap::new(),
            groups: Vec::new(),
            unreadable: None,
        }
    }

    #[test]
    fn later_and_earlier_are_told_apart_and_never_is_neither() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("in range");
        let ago = |days| Some(now - Duration::days(days));
        let keeps = |condition: &str, last_login| {
            let condition: KeepForFirstLogin = condition.parse().expect("a condition");
            condition.keeps(&user(last_login), now)
        };
        assert!(keeps("last_login > 90 days", ago(89)));
        assert!(!keeps("last_login > 90 days", ago(91)));
        assert!(keeps("last_login < 90 days", ago(91)));
        assert!(!keeps("last_login < 90 days", ago(89)));
        assert!(!keeps("last_login > 90 days", None));
        assert!(!keeps("last_login < 90 days", None));
        let condition: KeepForFirstLogin = "last_login > 90 days".parse().expect("a condition");
        assert_eq!(condition.in_words(now), "last_login later than 2026-10-17");
    }

    #[test]
    fn what_is_no_condition_is_refused_and_what_is_reads_back() {
        for bad in [
            "",
            "last_login",
            "last_login > 90",
            "email > 9 days",
            "last_login = 9 days",
            "last_login > -1 days",
            "last_login > 99999 days",
        ] {
            assert_eq!(
                bad.parse::<KeepForFirstLogin>(),
                Err(KeepForFirstLoginError),
                "{bad}"
            );
        }
        let condition: KeepForFirstLogin = "date_joined  <  1 day".parse().expect("a condition");
        assert_eq!(condition.to_string().parse(), Ok(condition));
    }
}
