//! Request rates: one token bucket per quota category, as Cognito counts them per account.
//!
//! Responsible for which operation belongs to which category, the default rates, taking tokens,
//! and the counters. It must not know what an operation does. Called by the dispatcher, and by
//! `GetProvisionedLimit` and `UpdateProvisionedLimit`.
//!
//! Source of categories, members and rates: the guide's quota page (developer guide, "Quotas in
//! Amazon Cognito", request rate quotas). That a bucket holds one second's worth is believed: the
//! page gives rates only.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;
use thiserror::Error;

use crate::clock::Millis;

/// Which request rates a pool enforces.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Quotas {
    /// Cognito's default rates.
    #[default]
    Default,
    /// No limit; calls are still counted.
    Off,
    /// Default rates changed per category, and customer traffic that spends the same budgets.
    Custom(QuotaTable),
}

/// Rates by category name, in requests a second.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaTable {
    /// The account's rate for a category; a category left out keeps Cognito's default.
    #[serde(default)]
    pub rates: BTreeMap<String, f64>,
    /// Requests a second that customers already make in a category.
    #[serde(default)]
    pub customer_traffic: BTreeMap<String, f64>,
    /// Highest rate the account may provision for a category (Service Quotas); a category left out
    /// cannot go beyond Cognito's default.
    #[serde(default)]
    pub account_maximum: BTreeMap<String, f64>,
}

/// Why a quota file cannot be used.
#[derive(Debug, Error)]
pub enum QuotaFileError {
    /// The file cannot be read.
    #[error("cannot read the quota file {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML with `[rates]` and `[customer_traffic]` tables.
    #[error("the quota file {path} is not a table of rates")]
    Malformed {
        /// The file.
        path: String,
        /// Line and reason.
        source: Box<toml::de::Error>,
    },
    /// A category that Cognito does not have.
    #[error("the quota file {path} names the category {name}; Cognito's are {known}")]
    UnknownCategory {
        /// The file.
        path: String,
        /// The name.
        name: String,
        /// All that exist.
        known: String,
    },
    /// A rate below zero or not a number.
    #[error("the quota file {path} gives {name} a rate of {rate}; it must be 0 or more")]
    BadRate {
        /// The file.
        path: String,
        /// The category.
        name: String,
        /// The rate.
        rate: f64,
    },
}

impl Quotas {
    /// Reads a TOML file with the tables `[rates]` and `[customer_traffic]`, both category name =
    /// requests a second.
    ///
    /// # Errors
    ///
    /// [`QuotaFileError`] when the file is unreadable, is not such a table, or names a category or
    /// a rate that cannot be.
    pub fn from_file(path: &Path) -> Result<Self, QuotaFileError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| QuotaFileError::Unreadable {
            path: shown.clone(),
            source,
        })?;
        let table: QuotaTable =
            toml::from_str(&text).map_err(|source| QuotaFileError::Malformed {
                path: shown.clone(),
                source: Box::new(source),
            })?;
        for (name, &rate) in table
            .rates
            .iter()
            .chain(&table.customer_traffic)
            .chain(&table.account_maximum)
        {
            if !CATEGORIES.iter().any(|category| category.name == name) {
                return Err(QuotaFileError::UnknownCategory {
                    path: shown,
                    name: name.clone(),
                    known: CATEGORIES
                        .each_ref()
                        .map(|category| category.name)
                        .join(", "),
                });
            }
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(QuotaFileError::BadRate {
                    path: shown,
                    name: name.clone(),
                    rate,
                });
            }
        }
        Ok(Self::Custom(table))
    }
}

struct Category {
    name: &'static str,
    /// Requests a second of every account.
    rate: f64,
    /// Whether the account's rate can be raised.
    adjustable: bool,
    operations: &'static [&'static str],
}

/// Answers to challenges have three times the sign-in rate, counted apart (quota page).
const CHALLENGE_RESPONSES: &str = "UserAuthenticationChallengeResponse";

static CATEGORIES: [Category; 16] = [
    Category {
        name: "UserAuthentication",
        rate: 120.0,
        adjustable: true,
        operations: &[
            "InitiateAuth",
            "AdminInitiateAuth",
            "GetTokensFromRefreshToken",
        ],
    },
    Category {
        name: CHALLENGE_RESPONSES,
        rate: 360.0,
        adjustable: true,
        operations: &["RespondToAuthChallenge", "AdminRespondToAuthChallenge"],
    },
    Category {
        name: "UserCreation",
        rate: 50.0,
        adjustable: true,
        operations: &[
            "AdminCreateUser",
            "SignUp",
            "ConfirmSignUp",
            "AdminConfirmSignUp",
        ],
    },
    Category {
        name: "UserAccountRecovery",
        rate: 30.0,
        adjustable: false,
        operations: &[
            "AdminSetUserPassword",
            "AdminResetUserPassword",
            "ForgotPassword",
            "ConfirmForgotPassword",
            "ChangePassword",
        ],
    },
    Category {
        name: "UserRead",
        rate: 120.0,
        adjustable: true,
        operations: &["AdminGetUser", "GetUser"],
    },
    Category {
        name: "UserUpdate",
        rate: 25.0,
        adjustable: false,
        operations: &[
            "AdminAddUserToGroup",
            "AdminRemoveUserFromGroup",
            "AdminUpdateUserAttributes",
            "AdminDeleteUserAttributes",
            "UpdateUserAttributes",
            "DeleteUserAttributes",
            "DeleteUser",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminDeleteUser",
            "AdminLinkProviderForUser",
            "AdminDisableProviderForUser",
            "AdminUserGlobalSignOut",
            "GlobalSignOut",
        ],
    },
    Category {
        name: "UserResourceRead",
        rate: 50.0,
        adjustable: true,
        operations: &["AdminListGroupsForUser", "ResendConfirmationCode"],
    },
    Category {
        name: "UserList",
        rate: 30.0,
        adjustable: false,
        operations: &["ListUsers", "ListUsersInGroup"],
    },
    Category {
        name: "UserToken",
        rate: 120.0,
        adjustable: true,
        operations: &["RevokeToken"],
    },
    Category {
        name: "UserPoolRead",
        rate: 15.0,
        adjustable: false,
        operations: &["DescribeUserPool", "ListUserPools"],
    },
    Category {
        name: "UserPoolUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &["CreateUserPool", "UpdateUserPool", "DeleteUserPool"],
    },
    Category {
        name: "UserPoolResourceRead",
        rate: 20.0,
        adjustable: false,
        operations: &[
            "GetCSVHeader",
            "GetGroup",
            "ListGroups",
            "DescribeUserImportJob",
            "ListUserImportJobs",
        ],
    },
    Category {
        name: "UserPoolResourceUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &[
            "AddCustomAttributes",
            "CreateGroup",
            "UpdateGroup",
            "DeleteGroup",
            "CreateUserImportJob",
            "StartUserImportJob",
            "StopUserImportJob",
        ],
    },
    Category {
        name: "UserPoolClientRead",
        rate: 15.0,
        adjustable: false,
        operations: &["DescribeUserPoolClient", "ListUserPoolClients"],
    },
    Category {
        name: "UserPoolClientUpdate",
        rate: 15.0,
        adjustable: false,
        operations: &[
            "CreateUserPoolClient",
            "UpdateUserPoolClient",
            "DeleteUserPoolClient",
        ],
    },
    Category {
        name: "LimitManagement",
        rate: 1.0,
        adjustable: false,
        operations: &["GetProvisionedLimit", "UpdateProvisionedLimit"],
    },
];

/// How often a category was asked and refused since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct QuotaCount {
    /// Category, in Cognito's name.
    pub category: String,
    /// Requests a second that the pool grants; `None` with quotas off.
    pub rate: Option<f64>,
    /// Calls granted.
    pub granted: u64,
    /// Calls refused with `TooManyRequestsException`.
    pub throttled: u64,
}

pub(crate) struct QuotaBook {
    enforced: bool,
    buckets: Vec<Mutex<Bucket>>,
}

/// What `GetProvisionedLimit` says of a category with quotas off: the largest number the answer
/// can hold, so that an importer that asks paces itself by it.
const NO_LIMIT: i64 = i32::MAX as i64;

/// A category's rate now and by default, in whole requests a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) provisioned: i64,
    pub(crate) default: i64,
}

/// Why a rate cannot be provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitRefused {
    UnknownCategory,
    NotAdjustable,
    BelowDefault,
    BeyondAccount,
}

#[derive(Debug)]
struct Bucket {
    rate: f64,
    maximum: f64,
    customers: f64,
    tokens: f64,
    filled_at: Millis,
    granted: u64,
    throttled: u64,
}

impl QuotaBook {
    pub(crate) fn new(quotas: &Quotas, now: Millis) -> Self {
        let table = match quotas {
            Quotas::Default | Quotas::Off => QuotaTable::default(),
            Quotas::Custom(table) => table.clone(),
        };
        let buckets = CATEGORIES
            .iter()
            .map(|category| {
                let rate = table
                    .rates
                    .get(category.name)
                    .copied()
                    .unwrap_or(category.rate);
                let customers = table
                    .customer_traffic
                    .get(category.name)
                    .copied()
                    .unwrap_or_default();
                let maximum = table.account_maximum.get(category.name).copied();
                Mutex::new(Bucket {
                    rate,
                    maximum: maximum.unwrap_or(category.rate).max(rate),
                    customers,
                    tokens: (rate - customers).max(0.0),
                    filled_at: now,
                    granted: 0,
                    throttled: 0,
                })
            })
            .collect();
        Self {
            enforced: *quotas != Quotas::Off,
            buckets,
        }
    }

    /// Takes one call of `operation` from its category. An operation without a category is free.
    #[must_use]
    pub(crate) fn take(&self, operation: &str, now: Millis) -> bool {
        match CATEGORIES
            .iter()
            .position(|category| category.operations.contains(&operation))
        {
            Some(index) => self.take_from(index, now),
            None => true,
        }
    }

    /// Takes one call from `UserAccountRecovery`, which answers to `NEW_PASSWORD_REQUIRED` spend
    /// besides their own category (quota page).
    #[must_use]
    pub(crate) fn take_account_recovery(&self, now: Millis) -> bool {
        self.take("ChangePassword", now)
    }

    fn take_from(&self, index: usize, now: Millis) -> bool {
        let mut bucket = self.buckets[index]
            .lock()
            .expect("no holder of a bucket panics");
        if self.enforced && !bucket.take(now) {
            bucket.throttled += 1;
            return false;
        }
        bucket.granted += 1;
        true
    }

    fn bucket(&self, category: &str) -> Option<(&'static Category, MutexGuard<'_, Bucket>)> {
        let index = CATEGORIES.iter().position(|known| known.name == category)?;
        let bucket = self.buckets[index]
            .lock()
            .expect("no holder of a bucket panics");
        Some((&CATEGORIES[index], bucket))
    }

    pub(crate) fn limit(&self, category: &str) -> Option<Limit> {
        let (category, bucket) = self.bucket(category)?;
        let provisioned = if self.enforced {
            whole(bucket.rate)
        } else {
            NO_LIMIT
        };
        Some(Limit {
            provisioned,
            default: whole(category.rate),
        })
    }

    /// Sets a category's rate, at once.
    pub(crate) fn provision(&self, category: &str, rate: f64) -> Result<Limit, LimitRefused> {
        let (category, mut bucket) = self.bucket(category).ok_or(LimitRefused::UnknownCategory)?;
        if !category.adjustable {
            return Err(LimitRefused::NotAdjustable);
        }
        if rate < category.rate {
            return Err(LimitRefused::BelowDefault);
        }
        if rate > bucket.maximum {
            return Err(LimitRefused::BeyondAccount);
        }
        bucket.rate = rate;
        Ok(Limit {
            provisioned: whole(rate),
            default: whole(category.rate),
        })
    }

    pub(crate) fn counts(&self) -> Vec<QuotaCount> {
        CATEGORIES
            .iter()
            .zip(&self.buckets)
            .map(|(category, bucket)| {
                let bucket = bucket.lock().expect("no holder of a bucket panics");
                QuotaCount {
                    category: category.name.to_owned(),
                    rate: self.enforced.then_some(bucket.rate),
                    granted: bucket.granted,
                    throttled: bucket.throttled,
                }
            })
            .collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^53")]
fn whole(rate: f64) -> i64 {
    rate.round() as i64
}

impl Bucket {
    fn take(&mut self, now: Millis) -> bool {
        let free = (self.rate - self.customers).max(0.0);
        let elapsed = crate::clock::epoch_seconds(now - self.filled_at).max(0.0);
        self.filled_at = now;
        self.tokens = (self.tokens + elapsed * free).min(free.max(1.0));
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_model::api_model;

    fn granted(book: &QuotaBook, operation: &str, calls: usize, now: Millis) -> usize {
        (0..calls).filter(|_| book.take(operation, now)).count()
    }

    #[test]
    fn every_listed_operation_exists_and_is_in_one_category() {
        let mut seen = std::collections::BTreeSet::new();
        for name in CATEGORIES.iter().flat_map(|category| category.operations) {
            assert!(api_model().operations.contains_key(*name), "{name}");
            assert!(seen.insert(name), "{name} is in two categories");
        }
    }

    #[test]
    fn a_category_grants_its_rate_each_second_and_no_more() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 0), 50);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 500), 25);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 60_000), 50);
    }

    #[test]
    fn operations_of_one_category_share_its_budget() {
        let book = QuotaBook::new(&Quotas::Default, 0);
        assert_eq!(granted(&book, "AdminSetUserPassword", 20, 0), 20);
        assert_eq!(granted(&book, "ForgotPassword", 20, 0), 10);
        assert_eq!(granted(&book, "AdminGetUser", 20, 0), 20);
    }

    #[test]
    fn customers_spend_from_the_same_budget() {
        let table = QuotaTable {
            customer_traffic: [("UserCreation".to_owned(), 40.0)].into(),
            ..QuotaTable::default()
        };
        let book = QuotaBook::new(&Quotas::Custom(table), 0);
        assert_eq!(granted(&book, "AdminCreateUser", 200, 0), 10);
    }

    #[test]
    fn with_quotas_off_calls_are_only_counted() {
        let book = QuotaBook::new(&Quotas::Off, 0);
        assert_eq!(granted(&book, "AdminCreateUser", 500, 0), 500);
        let counts = book.counts();
        let creation = counts
            .iter()
            .find(|count| count.category == "UserCreation")
            .unwrap();
        assert_eq!(
            (creation.granted, creation.throttled, creation.rate),
            (500, 0, None)
        );
    }
}
