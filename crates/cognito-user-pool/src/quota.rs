//! Cognito's request-rate quotas: the categories, their default limits, and the share of each
//! that we allow ourselves. Source: developer guide, "Quotas in Amazon Cognito" (per account and
//! Region, all pools together). Knows no clock; `Pacer` spends what is decided here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

macro_rules! categories {
    ($($variant:ident $limit:literal $adjustable:literal)*) => {
        /// A category of API operations that share one request-rate quota.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum QuotaCategory {
            $(#[doc = concat!("`", stringify!($variant), "`, by default ",
                              stringify!($limit), " requests a second.")] $variant,)*
        }

        impl QuotaCategory {
            /// Every category we spend from.
            pub const ALL: &'static [QuotaCategory] = &[$(QuotaCategory::$variant,)*];

            /// Cognito's name.
            pub const fn name(self) -> &'static str {
                match self { $(QuotaCategory::$variant => stringify!($variant),)* }
            }

            /// Requests a second that an account has unless AWS raised it.
            pub const fn default_limit(self) -> f64 {
                match self { $(QuotaCategory::$variant => $limit,)* }
            }

            /// Whether AWS raises it on request.
            pub const fn is_adjustable(self) -> bool {
                match self { $(QuotaCategory::$variant => $adjustable,)* }
            }
        }
    };
}

categories! {
    UserAuthentication      120.0 true
    UserCreation            50.0  true
    UserAccountRecovery     30.0  false
    UserRead                120.0 true
    UserUpdate              25.0  false
    UserList                30.0  false
    UserPoolRead            15.0  false
    UserPoolUpdate          15.0  false
    // 15, but no single operation more than 5 per pool.
    UserPoolClientRead      5.0   false
    // These two allow 20 and 15, but no single operation more than 5 per pool, and we never call
    // two operations of one at a time.
    UserPoolResourceRead    5.0   false
    UserPoolResourceUpdate  5.0   false
    LimitManagement         1.0   false
}

impl fmt::Display for QuotaCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The part of an account's limits that this process may use; the rest is for live sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// One half: what is used unless somebody says otherwise.
    pub const HALF: Share = Share(0.5);

    /// Takes a share above 0 and up to 1.
    ///
    /// # Errors
    ///
    /// When it is not in that range.
    pub fn new(share: f64) -> Result<Share, ShareError> {
        // One hundredth is the smallest that still moves: a call every 4 s at 25 a second.
        (0.01..=1.0)
            .contains(&share)
            .then_some(Share(share))
            .ok_or(ShareError)
    }

    /// The share as a number from 0.01 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Default for Share {
    fn default() -> Self {
        Share::HALF
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Share, ShareError> {
        Share::new(text.trim().parse().map_err(|_| ShareError)?)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text or number is no share.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a share of the limits is a number from 0.01 to 1, such as 0.5")]
pub struct ShareError;

/// A limit that an operator knows better than Cognito's defaults: `UserCreation=80`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryLimit {
    /// The category.
    pub category: QuotaCategory,
    /// Requests a second that the account has.
    pub limit: f64,
}

impl FromStr for CategoryLimit {
    type Err = CategoryLimitError;

    fn from_str(text: &str) -> Result<CategoryLimit, CategoryLimitError> {
        let (name, limit) = text.split_once('=').ok_or(CategoryLimitError::Form)?;
        let known = QuotaCategory::ALL.iter().find(|one| one.name() == name);
        let category = *known.ok_or(CategoryLimitError::Category)?;
        let limit = limit
            .parse()
            .ok()
            .filter(|limit| (1.0..=1e6).contains(limit));
        let limit = limit.ok_or(CategoryLimitError::Form)?;
        Ok(CategoryLimit { category, limit })
    }
}

/// The text is no limit of a category.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CategoryLimitError {
    /// Not `NAME=NUMBER`, or no number from 1 to a million.
    #[error("write CATEGORY=REQUESTS_A_SECOND, such as UserCreation=80")]
    Form,
    /// No category of ours.
    #[error(
        "the categories are {}",
        QuotaCategory::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
    )]
    Category,
}

/// The limits that hold for an account, and the share of them we take.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotas {
    /// Only what differs from Cognito's defaults; `None` when there are no limits at all.
    limits: Option<BTreeMap<QuotaCategory, f64>>,
    share: Share,
    /// How many processes take this share together.
    processes: u16,
}

impl Quotas {
    /// Cognito's default limits and the given share of them.
    pub fn defaults(share: Share) -> Quotas {
        Quotas {
            limits: Some(BTreeMap::new()),
            share,
            processes: 1,
        }
    }

    /// No limits: for a local pool with its quotas off.
    pub fn off() -> Quotas {
        Quotas {
            limits: None,
            share: Share(1.0),
            processes: 1,
        }
    }

    /// The same with another limit for one category, in requests a second.
    #[must_use]
    pub fn with_limit(mut self, category: QuotaCategory, limit: f64) -> Quotas {
        if let Some(limits) = &mut self.limits {
            limits.insert(category, limit);
        }
        self
    }

    /// The same with another share.
    #[must_use]
    pub fn with_share(mut self, share: Share) -> Quotas {
        self.share = share;
        self
    }

    /// The same for one of several processes that take the share together, each an equal part.
    #[must_use]
    pub fn divided_among(mut self, processes: u16) -> Quotas {
        self.processes = processes.max(1);
        self
    }

    /// The account's limit in requests a second; `None` when there is none.
    pub fn limit(&self, category: QuotaCategory) -> Option<f64> {
        let limits = self.limits.as_ref()?;
        Some(
            limits
                .get(&category)
                .copied()
                .unwrap_or(category.default_limit()),
        )
    }

    /// What this process may spend, in requests a second.
    pub fn allowance(&self, category: QuotaCategory) -> Option<f64> {
        Some(self.limit(category)? * self.share.get() / f64::from(self.processes))
    }

    /// The share taken.
    pub fn share(&self) -> Share {
        self.share
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas::defaults(Share::HALF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_cognitos_defaults_is_what_we_spend_unless_told() {
        let quotas = Quotas::default();
        assert_eq!(quotas.allowance(QuotaCategory::UserCreation), Some(25.0));
        assert_eq!(quotas.allowance(QuotaCategory::UserUpdate), Some(12.5));
        assert_eq!(Quotas::off().allowance(QuotaCategory::UserUpdate), None);
    }

    #[test]
    fn a_raised_limit_counts_for_its_category_alone() {
        let quotas = Quotas::defaults(Share::new(1.0).expect("in range"))
            .with_limit(QuotaCategory::UserCreation, 200.0);
        assert_eq!(quotas.limit(QuotaCategory::UserCreation), Some(200.0));
        assert_eq!(quotas.limit(QuotaCategory::UserRead), Some(120.0));
    }

    #[test]
    fn processes_that_share_the_limits_stay_within_them_together() {
        let quotas = Quotas::default().divided_among(4);
        assert_eq!(quotas.allowance(QuotaCategory::UserCreation), Some(6.25));
        let all = quotas.with_share(Share::new(1.0).expect("in range"));
        assert_eq!(all.allowance(QuotaCategory::UserCreation), Some(12.5));
        assert_eq!(all.limit(QuotaCategory::UserCreation), Some(50.0));
    }

    #[test]
    fn a_limit_is_read_from_what_an_operator_types() {
        let limit: CategoryLimit = "UserCreation=80".parse().expect("a limit");
        assert_eq!(limit.category, QuotaCategory::UserCreation);
        assert_eq!(limit.limit, 80.0);
        for bad in [
            "UserCreation",
            "UserCreation=",
            "UserCreation=0",
            "UserCreation=NaN",
        ] {
            assert_eq!(
                bad.parse::<CategoryLimit>(),
                Err(CategoryLimitError::Form),
                "{bad}"
            );
        }
        let unknown = "Users=80".parse::<CategoryLimit>();
        assert_eq!(unknown, Err(CategoryLimitError::Category));
        assert!(
            CategoryLimitError::Category
                .to_string()
                .contains("UserCreation, ")
        );
    }

    #[test]
    fn shares_outside_their_range_are_refused() {
        for bad in ["0", "-1", "1.01", "NaN", "half", ""] {
            assert_eq!(bad.parse::<Share>(), Err(ShareError), "{bad}");
        }
        assert_eq!("0.5".parse(), Ok(Share::HALF));
    }
}
